"""An edit or a deletion of a post that supports an incident already."""

import msgspec

from monitor.alert import AlertKind
from monitor.correlation.changes import Draft, alert_post
from monitor.correlation.event import Event
from monitor.correlation.joining import repeating, shown
from monitor.correlation.repeats import cited, origin_of, sketched
from monitor.correlation.status import counted, is_higher, status_of
from monitor.hit import Hit
from monitor.incident import Incident, Support


def revise(
    draft: Draft, event: Event, hits: list[Hit], support: Support, incident: Incident
) -> None:
    """An edit of a post that still matches: it may say more, or less its own."""
    hit = hits[0]
    back = support.withdrawn
    renewed = _renewed(draft, event, support, incident.topic)
    grown = _recounted(incident, event, support, renewed)
    worse = renewed.counts and is_higher(hit.rule.level, incident.level)
    if worse:
        grown = msgspec.structs.replace(grown, level=hit.rule.level)
    if not renewed.counts and not support.counts:
        draft.keep(grown, renewed)
        draft.result("joined", f"edited echo or late post of incident {incident.id}", hit.rule.id)
        return
    reason = "the post matches again after an edit" if back else "the post was edited"
    if renewed.echo_of and not support.echo_of:
        reason += f" and repeats {renewed.echo_of} now"
    elif support.echo_of and not renewed.echo_of:
        reason += f" and says more than {support.echo_of} now"
    if worse:
        reason += f"; level {incident.level} -> {grown.level} by rule {hit.rule.id}"
    if grown.status != incident.status:
        reason += f"; status {incident.status} -> {grown.status}"
    kind: AlertKind = "escalated" if worse or incident.status == "retracted" else "updated"
    if grown.status == "retracted":
        kind = "corrected"
    draft.alert(grown, renewed, kind, reason, (shown(event, hits, renewed),))
    draft.result("alerted", f"{kind}: {reason}", hit.rule.id)


def _renewed(draft: Draft, event: Event, support: Support, topic: str) -> Support:
    """The support as its post is now: another text may be a copy, or no longer be one."""
    renewed = msgspec.structs.replace(
        support,
        version=event.name.version,
        sketch=sketched(draft.state.repeats, event.post),
        cites=cited(event.post),
        withdrawn=False,
        echo_of=None,
    )
    original = origin_of(draft.state.repeats, topic, renewed)
    return repeating(renewed, original) if original is not None else renewed


def _recounted(incident: Incident, event: Event, before: Support, after: Support) -> Incident:
    voices = counted(incident.voices, before, -1) if before.counts else incident.voices
    voices = counted(voices, after, 1) if after.counts else voices
    stood = not before.withdrawn
    return msgspec.structs.replace(
        incident,
        voices=voices,
        status=status_of(voices),
        posts=incident.posts + (0 if stood else 1),
        echoes=incident.echoes + bool(after.echo_of) - (stood and bool(before.echo_of)),
        updated_at=max(incident.updated_at, event.event_at),
    )


def withdraw(draft: Draft, event: Event, support: Support, incident: Incident) -> None:
    """A post that supported the incident was deleted, or no longer says so."""
    gone = event.post.kind == "delete"
    withdrawn = msgspec.structs.replace(support, version=event.name.version, withdrawn=True)
    voices = counted(incident.voices, support, -1) if support.counts else incident.voices
    shrunk = msgspec.structs.replace(
        incident,
        voices=voices,
        status=status_of(voices),
        posts=max(0, incident.posts - 1),
        echoes=max(0, incident.echoes - (1 if support.echo_of else 0)),
        updated_at=max(incident.updated_at, event.event_at),
    )
    what = "was deleted by its source" if gone else "was edited and no longer matches"
    if not support.counts:
        draft.keep(shrunk, withdrawn)
        draft.result("joined", f"an echo or late post {what}", support.rule)
        return
    reason = f"a post {what}"
    if shrunk.status == "retracted":
        reason += "; nothing else supports the incident"
    shown_post = alert_post(event.previous or event.post, (), support)
    draft.alert(shrunk, withdrawn, "corrected", reason, (shown_post,))
    draft.result("alerted", f"corrected: {reason}", support.rule)
