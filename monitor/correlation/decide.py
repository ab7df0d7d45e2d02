"""What a judged post changes: incidents opened, joined, corrected or closed, and the alerts.

`decide` and `tick` are pure: (state, what happened, now) -> (state, decision). The order of events
and their times alone decide; batches, hash seeds and machines do not.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from monitor.correlation.answering import answer
from monitor.correlation.blindness import hearing, platform_of
from monitor.correlation.changes import Book, Draft
from monitor.correlation.clues import crowded, forgetting_clues
from monitor.correlation.event import Decision, Event
from monitor.correlation.joining import join
from monitor.correlation.places import agree
from monitor.correlation.repeats import forgetting
from monitor.correlation.revising import revise, withdraw
from monitor.correlation.timers import tick
from monitor.correlation.watching import correlate
from monitor.correlation.windows import State, backing
from monitor.hit import Hit
from monitor.incident import OUTCOMES, Incident, Outcome, Support
from monitor.rule import LEVELS

__all__ = ["Decision", "Event", "advance", "decide", "tick"]


JUMP = timedelta(days=1)
"""A clock that is set back further than this was wrong before: what it made us forget is over."""


def advance(state: State, now: datetime) -> State:
    """The state at a later time. Time runs backwards only if a clock had jumped: by days."""
    if state.now is not None and state.now - now > JUMP:
        repeats = state.repeats.since(0)
        clues = msgspec.structs.replace(state.clues, floor=0)
        state = msgspec.structs.replace(state, now=None, repeats=repeats, clues=clues)
    if state.now is not None and state.now >= now:
        return state
    clues = crowded(forgetting_clues(state.clues, now))
    repeats = forgetting(state.repeats, now)
    return msgspec.structs.replace(state, now=now, repeats=repeats, clues=clues)


def _listening(state: State, event: Event) -> State:
    """The state that has heard of the post's platform."""
    if event.history:
        return state
    platform = platform_of(event.name.source)
    before = state.heard.get(platform)
    heard = hearing(before, event.post.observed_at or event.event_at)
    if heard == before:
        return state
    return msgspec.structs.replace(state, heard=state.heard.insert(platform, heard))


def decide(state: State, event: Event, book: Book) -> tuple[State, Decision]:
    """What one post version changes (its timers have fired before)."""
    state = advance(_listening(state, event), event.post.observed_at or event.event_at)
    draft = Draft(state, book)
    groups = _groups(event.hits)
    own = (*event.recalled, *backing(state, event.name.source, event.name.id))
    backed = [one for one in own if one[0].part != "evidence"]
    pairs, left = _paired(groups, backed)
    for support, incident in left:
        if not support.withdrawn:
            withdraw(draft, event, support, incident)
    for hits, back in pairs:
        if back is not None:
            revise(draft, event, hits, *back)
        elif not answer(draft, event, hits):
            join(draft, event, hits)
    correlate(draft, event)
    return draft.state, _decision(draft, event)


Backed = tuple[Support, Incident]


def _paired(
    groups: list[list[Hit]], backed: list[Backed]
) -> tuple[list[tuple[list[Hit], Backed | None]], list[Backed]]:
    """What each group of hits supports already, and what the post supports no longer.

    The place as it was named comes first, then one that agrees with the incident's. What a post
    denied or closed it still does if the rule holds.
    """
    left = list(backed)
    pairs: list[tuple[list[Hit], Backed | None]] = []
    for hits in groups:
        named = hits[0].place.id if hits[0].place else None
        near = [one for one in left if any(_is_about(hit, *one) for hit in hits)]
        near.sort(key=lambda one: one[0].place != named)
        answers = [one for one in near if one[0].part != "supports"]
        own = [one for one in near if one[0].part == "supports"][:1]
        pairs += [(hits, one) for one in (*own, *answers)] or [(hits, None)]
        left = [one for one in left if one not in (*own, *answers)]
    return pairs, left


def _is_about(hit: Hit, support: Support, incident: Incident) -> bool:
    rule = hit.rule
    topics = {"supports": (rule.topic,), "denies": rule.denies, "closes": rule.closes}
    if set(topics.get(support.part, ())).isdisjoint(incident.topics):
        return False
    named = hit.place.id if hit.place else None
    return support.place == named or agree(hit.place, incident.place, rule.radius_km)


def _decision(draft: Draft, event: Event) -> Decision:
    outcome: Outcome = "unmatched"
    reason = "deleted; it supported nothing" if event.post.kind == "delete" else "no rule holds"
    if draft.results:
        outcome = min((one for one, _ in draft.results), key=OUTCOMES.index)
        reason = "; ".join(why for _, why in draft.results)
    return Decision(
        outcome=outcome,
        reason=reason,
        incidents=tuple(draft.incidents.values()),
        supports=tuple(draft.supports.values()),
        alerts=tuple(draft.alerts),
        clues=draft.clues,
        counts=draft.counts,
    )


def _groups(hits: Sequence[Hit]) -> list[list[Hit]]:
    """Hits by topic and place, the worst level first: one post rings once a story."""
    groups: dict[tuple[str, str], list[Hit]] = {}
    for hit in hits:
        key = (hit.rule.topic, hit.place.id if hit.place else "")
        groups.setdefault(key, []).append(hit)
    for one in groups.values():
        one.sort(key=lambda hit: (-LEVELS.index(hit.rule.level), hit.rule.id))
    return list(groups.values())
