"""One event, taken as the latest one: what its hits open, join, answer, revise or take back."""

from collections.abc import Sequence
from datetime import datetime

from monitor.correlation.answering import answer
from monitor.correlation.changes import Draft
from monitor.correlation.event import Event
from monitor.correlation.finding import find
from monitor.correlation.joining import join
from monitor.correlation.places import agree
from monitor.correlation.revising import revise, withdraw
from monitor.correlation.windows import backing
from monitor.hit import Hit
from monitor.incident import Incident, Support
from monitor.rule import LEVELS

Backed = tuple[Support, Incident]


def backed_by(draft: Draft, event: Event) -> list[Backed]:
    """What the event's post has a part in by now, correlations apart."""
    own = (*event.recalled, *backing(draft.state, event.name.source, event.name.id))
    return [one for one in own if one[0].part != "evidence"]


def take(draft: Draft, event: Event, backed: Sequence[Backed]) -> None:
    """What one post version changes; `backed` is what its post has a part in."""
    pairs, left = _paired(_groups(event.hits), backed)
    for support, incident in left:
        if not support.withdrawn:
            withdraw(draft, event, support, incident)
    if len(pairs) > 1:  # what joins comes first: what it opens besides belongs to that
        pairs.sort(key=lambda one: one[1] is None and find(draft.state, one[0][0]) is None)
    for hits, back in pairs:
        if back is not None:
            revise(draft, event, hits, *back)
        elif not answer(draft, event, hits):
            join(draft, event, hits)


def _paired(
    groups: list[list[Hit]], backed: Sequence[Backed]
) -> tuple[list[tuple[list[Hit], Backed | None]], list[Backed]]:
    """What each group of hits supports already, and what the post supports no longer.

    The place as it was named comes first, then one that agrees with the incident's; what it still
    says before what it has taken back. What a post denied or closed it still does if the rule
    holds.
    """
    if not backed:
        return [(hits, None) for hits in groups], []
    left = list(backed)
    pairs: list[tuple[list[Hit], Backed | None]] = []
    for hits in groups:
        named = hits[0].place.id if hits[0].place else None
        near = [one for one in left if any(_is_about(hit, *one) for hit in hits)]
        near.sort(key=lambda one: _distance(one, named))
        answers = [one for one in near if one[0].part != "supports"]
        own = [one for one in near if one[0].part == "supports"][:1]
        pairs += [(hits, one) for one in (*own, *answers)] or [(hits, None)]
        left = [one for one in left if one not in (*own, *answers)]
    return pairs, left


def _distance(one: Backed, named: str | None) -> tuple[bool, bool, datetime, str]:
    """How far a part is from what a hit says, the same whatever the order of arrival was."""
    support, incident = one
    where = incident.place.id if incident.place else ""
    return support.place != named, support.withdrawn, incident.opened_at, where


def _is_about(hit: Hit, support: Support, incident: Incident) -> bool:
    rule = hit.rule
    topics = {"supports": (rule.topic,), "denies": rule.denies, "closes": rule.closes}
    if set(topics.get(support.part, ())).isdisjoint(incident.topics):
        return False
    named = hit.place.id if hit.place else None
    return support.place == named or agree(hit.place, incident.place, rule.radius_km)


def _groups(hits: Sequence[Hit]) -> list[list[Hit]]:
    """Hits by topic and place, the worst level first: one post rings once a story."""
    if len(hits) == 1:
        return [list(hits)]
    groups: dict[tuple[str, str], list[Hit]] = {}
    for hit in hits:
        key = (hit.rule.topic, hit.place.id if hit.place else "")
        groups.setdefault(key, []).append(hit)
    for one in groups.values():
        one.sort(key=lambda hit: (-LEVELS.index(hit.rule.level), hit.rule.id))
    return sorted(groups.values(), key=lambda one: -LEVELS.index(one[0].rule.level))
