"""A post that supports nothing yet of a topic: it opens, joins, echoes, or is late."""

from collections.abc import Mapping, Sequence

import msgspec

from monitor.alert import AlertKind, AlertPost
from monitor.correlation.changes import Draft, alert_post, incident_id, span_text
from monitor.correlation.event import Event
from monitor.correlation.repeats import cited, followers, origin_of, sketched
from monitor.correlation.status import (
    ESCALATING,
    counted,
    is_higher,
    is_official,
    is_stronger,
    status_of,
)
from monitor.correlation.windows import State, key_of
from monitor.hit import Hit
from monitor.incident import Incident, Support
from monitor.source import UNKNOWN, SourceInfo


def join(draft: Draft, event: Event, hits: list[Hit], sources: Mapping[str, SourceInfo]) -> None:
    """Find what one post's hits of one topic belong to, and what that changes."""
    hit = hits[0]
    topic = hit.rule.topic
    support = _support(draft.state, event, hit, sources)
    original = origin_of(draft.state.repeats, topic, support)
    if original is not None:
        support = repeating(support, original)
    open_id = draft.state.by_key.get(key_of(topic, hit.place.id if hit.place else None))
    if open_id is None and original is not None:
        if original.incident not in draft.state.incidents:
            why = f"repeats {support.echo_of}, whose incident {original.incident} is over"
            draft.result("echo", why, hit.rule.id)
            return
        open_id = original.incident
    incident = draft.state.incidents[open_id] if open_id else None
    early = incident is not None and event.event_at < incident.opened_at - hit.rule.window
    if incident is None or early:
        if support.late or early:
            why = lateness(event, hit) or "belongs before the open incident"
            draft.result("late", why, hit.rule.id)
            return
        _open(draft, event, hits, support)
        return
    _enter(draft, event, hits, msgspec.structs.replace(support, incident=incident.id), incident)


def _open(draft: Draft, event: Event, hits: list[Hit], support: Support) -> None:
    hit = hits[0]
    rule = hit.rule
    identity = incident_id(rule.topic, hit.place.id if hit.place else None, event.name)
    support = msgspec.structs.replace(support, incident=identity)
    voices = counted((), support, 1)
    incident = Incident(
        id=identity,
        topic=rule.topic,
        rule=rule.id,
        title=rule.title,
        event=rule.event,
        level=rule.level,
        status=status_of(voices),
        exercise=event.name.exercise,
        opened_at=event.event_at,
        updated_at=event.event_at,
        deadline=event.event_at + rule.window,
        place=hit.place,
        voices=voices,
        posts=1,
    )
    reason = f"rule {rule.id} holds"
    draft.alert(incident, support, "opened", reason, (shown(event, hits, support),))
    draft.result("alerted", f"opened: {reason}", rule.id)


def _enter(
    draft: Draft, event: Event, hits: list[Hit], support: Support, incident: Incident
) -> None:
    """Join an open incident."""
    hit = hits[0]
    grown = _grown(incident, event, hit, support)
    folded: Sequence[Support] = ()
    if support.counts:
        grown, folded = _fold(draft.state, grown, support)
    if not support.counts:
        draft.keep(grown, support)
        why = f"repeats {support.echo_of}" if support.echo_of else lateness(event, hit)
        draft.result("echo" if support.echo_of else "late", why, hit.rule.id)
        return
    kind, reason = _what_changed(incident, grown, support, hit)
    if folded and kind is None and grown.status != incident.status:
        names = ", ".join(f"{one.source}/{one.id}" for one in folded)
        kind = "corrected"
        reason = f"status {incident.status} -> {grown.status}: {names} repeated an earlier post"
    if kind is None:
        draft.keep(grown, support)
        draft.result("joined", f"counted in incident {incident.id}", hit.rule.id)
    else:
        draft.alert(grown, support, kind, reason, (shown(event, hits, support),))
        draft.result("alerted", f"{kind}: {reason}", hit.rule.id)
    for one in folded:
        draft.keep(grown, one)


def _fold(
    state: State, incident: Incident, support: Support
) -> tuple[Incident, tuple[Support, ...]]:
    """Posts of the incident that turn out to repeat this one, published earlier, as its echoes."""
    folded = tuple(
        repeating(one, support)
        for one in followers(state.repeats, incident.topic, support)
        if one.incident == incident.id and one.counts
    )
    if not folded:
        return incident, ()
    voices = incident.voices
    for one in folded:
        voices = counted(voices, msgspec.structs.replace(one, echo_of=None), -1)
    return msgspec.structs.replace(
        incident,
        voices=voices,
        status=status_of(voices),
        echoes=incident.echoes + len(folded),
    ), folded


def repeating(support: Support, original: Support) -> Support:
    """The support as an echo of the earliest post of its chain."""
    name = original.echo_of or f"{original.source}/{original.id}"
    return msgspec.structs.replace(support, echo_of=name)


def lateness(event: Event, hit: Hit) -> str:
    """Why the hit must not ring, or nothing."""
    if event.history:
        return "found on the first read of its channel: history"
    seen = event.post.observed_at or event.event_at
    age = seen - event.event_at
    if age > hit.rule.max_age:
        return (
            f"seen {span_text(age)} after it was published (max_age {span_text(hit.rule.max_age)})"
        )
    return ""


def _support(state: State, event: Event, hit: Hit, sources: Mapping[str, SourceInfo]) -> Support:
    """The post's backing, in the voice of who first said it: a forward counts for its origin."""
    family, affiliation, role = hit.family, hit.affiliation, hit.role
    speaker = sources.get(event.post.source)
    origin = event.post.forwarded_from
    if origin is not None:
        speaker = sources.get(origin.source)
        family = speaker.publisher if speaker else origin.source
        affiliation = speaker.affiliation if speaker else UNKNOWN
        role = speaker.role if speaker else UNKNOWN
    return Support(
        incident="",
        source=event.name.source,
        id=event.name.id,
        version=event.name.version,
        exercise=event.name.exercise,
        rule=hit.rule.id,
        family=family,
        affiliation=affiliation,
        role=role,
        official=is_official(role, speaker.home if speaker else None, hit.place),
        published_at=event.post.published_at,
        sketch=sketched(state.repeats, event.post),
        origin=f"{origin.source}/{origin.id}" if origin and origin.id else None,
        cites=cited(event.post),
        late=bool(lateness(event, hit)),
    )


def _grown(incident: Incident, event: Event, hit: Hit, support: Support) -> Incident:
    voices = counted(incident.voices, support, 1) if support.counts else incident.voices
    level = hit.rule.level if is_higher(hit.rule.level, incident.level) else incident.level
    counts = support.counts
    return msgspec.structs.replace(
        incident,
        voices=voices,
        status=status_of(voices) if counts else incident.status,
        level=level if counts else incident.level,
        updated_at=max(incident.updated_at, event.event_at),
        deadline=max(incident.deadline, event.event_at + hit.rule.window),
        posts=incident.posts + 1,
        echoes=incident.echoes + (1 if support.echo_of else 0),
    )


def _what_changed(
    before: Incident, after: Incident, support: Support, hit: Hit
) -> tuple[AlertKind | None, str]:
    """Whether a joining post is news: worse, surer, another publisher; or only one more."""
    if is_higher(after.level, before.level):
        return "escalated", f"level {before.level} -> {after.level} by rule {hit.rule.id}"
    if before.status == "retracted":
        return "escalated", f"claimed again by {support.family}"
    if is_stronger(after.status, before.status):
        kind: AlertKind = "escalated" if after.status in ESCALATING else "updated"
        return kind, f"status {before.status} -> {after.status} by {support.family}"
    if after.families > before.families:
        return "updated", f"also reported by {support.family}"
    return None, ""


def shown(event: Event, hits: list[Hit], support: Support) -> AlertPost:
    """The post as the alert shows it."""
    return alert_post(event.post, tuple(one for hit in hits for one in hit.found), support)
