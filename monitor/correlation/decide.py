"""What a judged post changes: incidents opened, joined, corrected or closed, and the alerts.

`decide` and `tick` are pure: (state, what happened, now) -> (state, decision). The order of events
and their times alone decide; batches, hash seeds and machines do not.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from monitor.alert import Alert, AlertKind, AlertPost
from monitor.correlation.changes import Draft, alert_of, alert_post, incident_id, span_text
from monitor.correlation.status import (
    ESCALATING,
    counted,
    is_higher,
    is_official,
    is_stronger,
    status_of,
)
from monitor.correlation.windows import (
    State,
    backing,
    bounded,
    due,
    key_of,
    put_incident,
)
from monitor.hit import Hit
from monitor.incident import OUTCOMES, Incident, Outcome, Support
from monitor.post import Post, PostName
from monitor.rule import LEVELS
from monitor.source import UNKNOWN, SourceInfo

MIN_COPY_WORDS = 6
"""Shorter texts ("all clear") are the same without being copies of each other."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One stored post version and what matching said of it.

    `previous` is the version before; `recalled` what the post supports in incidents that are no
    longer open (for edits and deletions); `history` says that it was found on a first read.
    """

    post: Post
    name: PostName
    event_at: datetime
    hits: tuple[Hit, ...]
    fingerprint: str = ""
    previous: Post | None = None
    recalled: tuple[tuple[Support, Incident], ...] = ()
    history: bool = False


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What follows: the post's outcome and why, and everything that must be written with it."""

    outcome: Outcome
    reason: str
    incidents: tuple[Incident, ...] = ()
    supports: tuple[Support, ...] = ()
    alerts: tuple[Alert, ...] = ()


def advance(state: State, now: datetime) -> State:
    """The state at a later time; time never runs backwards."""
    if state.now is not None and state.now >= now:
        return state
    return msgspec.structs.replace(state, now=now)


def tick(state: State, now: datetime) -> tuple[State, tuple[Incident, ...], tuple[Alert, ...]]:
    """Fire every timer that is due by `now`, in the order of their deadlines."""
    if state.next_deadline is None or state.next_deadline > now:
        return state, (), ()
    closed: list[Incident] = []
    alerts: list[Alert] = []
    for incident in due(state, now):
        ended = msgspec.structs.replace(
            incident, open=False, updated_at=incident.deadline, ordinal=incident.ordinal + 1
        )
        quiet = span_text(incident.deadline - incident.updated_at)
        alerts.append(alert_of(ended, "closed", f"nothing new for {quiet}", (), incident.deadline))
        closed.append(ended)
        state = put_incident(state, ended)
    return bounded(state), tuple(closed), tuple(alerts)


def decide(state: State, event: Event, sources: Mapping[str, SourceInfo]) -> tuple[State, Decision]:
    """What one post version changes (its timers have fired before)."""
    state = advance(state, event.post.observed_at or event.event_at)
    draft = Draft(state)
    topics = _by_topic(event.hits)
    backed = {
        key_of(incident.topic, incident.place.id if incident.place else None): (support, incident)
        for support, incident in (
            *event.recalled,
            *backing(state, event.name.source, event.name.id),
        )
    }
    for key, (support, incident) in backed.items():
        if key not in topics and not support.withdrawn:
            _withdraw(draft, event, support, incident)
    for key, hits in topics.items():
        if key in backed:
            _revise(draft, event, hits, *backed[key])
        else:
            _join(draft, event, hits, sources)
    return draft.state, _decision(draft, event)


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
    )


def _by_topic(hits: Sequence[Hit]) -> dict[str, list[Hit]]:
    """Hits by the incident they would join, the worst level first: one post rings once a story."""
    topics: dict[str, list[Hit]] = {}
    for hit in hits:
        key = key_of(hit.rule.topic, hit.place.id if hit.place else None)
        topics.setdefault(key, []).append(hit)
    for one in topics.values():
        one.sort(key=lambda hit: (-LEVELS.index(hit.rule.level), hit.rule.id))
    return topics


def _join(draft: Draft, event: Event, hits: list[Hit], sources: Mapping[str, SourceInfo]) -> None:
    """A post that supports nothing yet of this topic: it opens, joins, echoes, or is late."""
    hit = hits[0]
    topic, place = hit.rule.topic, hit.place
    open_id = draft.state.by_key.get(key_of(topic, place.id if place else None))
    incident = draft.state.incidents[open_id] if open_id else None
    if incident is not None and event.event_at < incident.opened_at - hit.rule.window:
        incident = None
    late = _lateness(event, hit)
    if incident is None:
        if late or open_id:
            draft.result("late", late or "belongs before the open incident", hit.rule.id)
            return
        _open(draft, event, hits, sources)
        return
    support = _support(event, hit, incident.id, sources, late=bool(late))
    support = _as_echo(draft.state, event, support)
    grown = _grow(incident, event, hit, support)
    if support.echo_of or late:
        draft.keep(grown, support)
        why = f"repeats {support.echo_of}" if support.echo_of else late
        draft.result("echo" if support.echo_of else "late", why, hit.rule.id)
        return
    kind, reason = _what_changed(incident, grown, support, hit)
    if kind is None:
        draft.keep(grown, support)
        draft.result("joined", f"counted in incident {incident.id}", hit.rule.id)
    else:
        draft.alert(grown, support, kind, reason, (_shown(event, hits, support),))
        draft.result("alerted", f"{kind}: {reason}", hit.rule.id)


def _open(draft: Draft, event: Event, hits: list[Hit], sources: Mapping[str, SourceInfo]) -> None:
    hit = hits[0]
    rule = hit.rule
    place = hit.place.id if hit.place else None
    identity = incident_id(rule.topic, place, event.name)
    support = _support(event, hit, identity, sources, late=False)
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
    draft.alert(incident, support, "opened", reason, (_shown(event, hits, support),))
    draft.result("alerted", f"opened: {reason}", rule.id)


def _revise(
    draft: Draft, event: Event, hits: list[Hit], support: Support, incident: Incident
) -> None:
    """An edit of a post that supports the incident already and still matches."""
    hit = hits[0]
    back = support.withdrawn
    renewed = msgspec.structs.replace(
        support, version=event.name.version, fingerprint=event.fingerprint, withdrawn=False
    )
    grown = incident
    if back:
        voices = counted(incident.voices, renewed, 1) if renewed.counts else incident.voices
        grown = msgspec.structs.replace(
            incident, voices=voices, status=status_of(voices), posts=incident.posts + 1
        )
    worse = renewed.counts and is_higher(hit.rule.level, incident.level)
    grown = msgspec.structs.replace(
        grown,
        updated_at=max(incident.updated_at, event.event_at),
        level=hit.rule.level if worse else incident.level,
    )
    if not renewed.counts:
        draft.keep(grown, renewed)
        draft.result("joined", f"edited echo or late post of incident {incident.id}", hit.rule.id)
        return
    reason = "the post matches again after an edit" if back else "the post was edited"
    if worse:
        reason += f"; level {incident.level} -> {grown.level} by rule {hit.rule.id}"
    kind: AlertKind = "escalated" if worse or incident.status == "retracted" else "updated"
    draft.alert(grown, renewed, kind, reason, (_shown(event, hits, renewed),))
    draft.result("alerted", f"{kind}: {reason}", hit.rule.id)


def _withdraw(draft: Draft, event: Event, support: Support, incident: Incident) -> None:
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
    shown = event.previous or event.post
    post = alert_post(shown, (), support)
    draft.alert(shrunk, withdrawn, "corrected", reason, (post,))
    draft.result("alerted", f"corrected: {reason}", support.rule)


def _lateness(event: Event, hit: Hit) -> str:
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


def _support(
    event: Event, hit: Hit, incident: str, sources: Mapping[str, SourceInfo], *, late: bool
) -> Support:
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
        incident=incident,
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
        fingerprint=event.fingerprint,
        origin=f"{origin.source}/{origin.id}" if origin and origin.id else None,
        late=late,
    )


def _as_echo(state: State, event: Event, support: Support) -> Support:
    """The support, marked as an echo if the incident already holds what it repeats."""
    seen = state.seen.get(support.incident)
    if seen is None:
        return support
    if support.origin and support.origin in seen:
        return msgspec.structs.replace(support, echo_of=support.origin)
    copies = seen.get(support.fingerprint, ()) if support.fingerprint else ()
    if len(event.post.text.split()) >= MIN_COPY_WORDS:
        for first in copies:
            if first.source != support.source:
                return msgspec.structs.replace(support, echo_of=f"{first.source}/{first.id}")
    return support


def _grow(incident: Incident, event: Event, hit: Hit, support: Support) -> Incident:
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


def _shown(event: Event, hits: list[Hit], support: Support) -> AlertPost:
    return alert_post(event.post, tuple(one for hit in hits for one in hit.found), support)
