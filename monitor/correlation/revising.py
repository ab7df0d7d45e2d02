"""An edit or a deletion of a post that has a part in an incident already."""

import msgspec

from monitor.alert import AlertKind
from monitor.correlation.changes import Draft, alert_post, shown
from monitor.correlation.claiming import changed_numbers, revised
from monitor.correlation.event import Event
from monitor.correlation.joining import named_by
from monitor.correlation.places import is_finer
from monitor.correlation.status import heard, is_higher, judged, transition
from monitor.correlation.voicing import as_echo
from monitor.correlation.windows import members_of
from monitor.hit import Hit
from monitor.incident import Incident, Support

MOST_TOLD = 10
"""Later versions of a post are only told if they change what counts: some edit a post for hours."""


def revise(
    draft: Draft, event: Event, hits: list[Hit], support: Support, incident: Incident
) -> None:
    """An edit of a post that still matches: it may say more, or less its own."""
    hit = hits[0]
    renewed = _renewed(draft, event, hit, support, incident.topic)
    grown = _recounted(draft, event, incident, support, renewed)
    worse = renewed.counts and renewed.part == "supports" and is_higher(
        hit.rule.level, incident.level
    )  # fmt: skip
    if worse:
        grown = msgspec.structs.replace(grown, **named_by(hit))
    if renewed.counts and is_finer(hit.place, incident.place):
        grown = msgspec.structs.replace(grown, place=hit.place)
    if not renewed.counts and not support.counts:
        draft.keep(grown, renewed)
        draft.result("joined", f"edited echo or late post of incident {incident.id}", hit.rule.id)
        return
    reasons = _reasons(support, renewed, incident, grown, hit)
    if len(reasons) == 1 and event.name.version > MOST_TOLD and not support.withdrawn:
        draft.keep(grown, renewed)
        why = f"edited again (version {event.name.version}), nothing that counts has changed"
        draft.result("joined", why, hit.rule.id)
        return
    reason = "; ".join(reasons)
    kind: AlertKind = "escalated" if worse or incident.status == "retracted" else "updated"
    if grown.status == "retracted":
        kind = "corrected"
    draft.alert(grown, renewed, kind, reason, (shown(event, hits, renewed),))
    draft.result("alerted", f"{kind}: {reason}", hit.rule.id)


def _reasons(
    support: Support, renewed: Support, before: Incident, after: Incident, hit: Hit
) -> list[str]:
    """What an edit changes, in words."""
    again = "the post matches again after an edit" if support.withdrawn else "the post was edited"
    reasons = [again]
    if renewed.echo_of and not support.echo_of:
        reasons.append(f"it repeats {renewed.echo_of} now")
    if support.echo_of and not renewed.echo_of:
        reasons.append(f"it no longer repeats {support.echo_of}")
    if after.level != before.level:
        reasons.append(f"level {before.level} -> {after.level} by rule {hit.rule.id}")
    if after.place != before.place and after.place is not None:
        was = before.place.name if before.place else "not known"
        reasons.append(f"place {was} -> {after.place.name}")
    more = (transition(before, after), changed_numbers(before, after))
    return [*reasons, *filter(None, more)]


def _renewed(draft: Draft, event: Event, hit: Hit, support: Support, topic: str) -> Support:
    """The support as its post is now: another text may be a copy, or no longer be one."""
    gist = draft.read(event)
    renewed = msgspec.structs.replace(
        support,
        version=event.name.version,
        sketch=gist.sketch,
        cites=gist.cites,
        said=gist.said,
        said_at=event.event_at,
        place=hit.place.id if hit.place else None,
        withdrawn=False,
        echo_of=None,
    )
    return as_echo(draft, topic, renewed)[0]


def _recounted(
    draft: Draft, event: Event, incident: Incident, before: Support, after: Support
) -> Incident:
    stood = not before.withdrawn
    members = members_of(draft.state, incident.id)
    counted = revised(heard(heard(incident, before, -1), after, 1), members, (after,))
    changed = msgspec.structs.replace(
        counted,
        posts=incident.posts + (0 if stood else 1),
        echoes=incident.echoes + bool(after.echo_of) - (stood and bool(before.echo_of)),
        updated_at=max(incident.updated_at, event.event_at),
    )
    return judged(draft.book.ladder, changed)


def withdraw(draft: Draft, event: Event, support: Support, incident: Incident) -> None:
    """A post that had a part in the incident was deleted, or no longer says so."""
    gone = event.post.kind == "delete"
    withdrawn = msgspec.structs.replace(support, version=event.name.version, withdrawn=True)
    members = members_of(draft.state, incident.id)
    less = msgspec.structs.replace(
        revised(heard(incident, support, -1), members, (withdrawn,)),
        posts=max(0, incident.posts - (support.part != "closes")),
        echoes=max(0, incident.echoes - (1 if support.echo_of else 0)),
        updated_at=max(incident.updated_at, event.event_at),
    )
    shrunk = judged(draft.book.ladder, less)
    what = "was deleted by its source" if gone else "was edited and no longer matches"
    if not support.counts and support.part != "closes":
        draft.keep(shrunk, withdrawn)
        draft.result("joined", f"an echo or late post {what}", support.rule)
        return
    who = {"supports": "a post", "denies": "a denial", "closes": "the all-clear"}[support.part]
    more = (transition(incident, shrunk), changed_numbers(incident, shrunk))
    reason = "; ".join((f"{who} {what}", *filter(None, more)))
    post = alert_post(event.previous or event.post, (), support)
    draft.alert(shrunk, withdrawn, "corrected", reason, (post,))
    draft.result("alerted", f"corrected: {reason}", support.rule)
