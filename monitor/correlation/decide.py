"""What a judged post changes: incidents opened, joined, corrected or closed, and the alerts.

`decide` and `tick` are pure: (state, what happened, now) -> (state, decision). The order of events
and their times alone decide; batches, hash seeds and machines do not.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from monitor.alert import Alert
from monitor.correlation.changes import Draft, alert_of, span_text
from monitor.correlation.event import Decision, Event
from monitor.correlation.joining import join
from monitor.correlation.repeats import forgetting
from monitor.correlation.revising import revise, withdraw
from monitor.correlation.windows import State, backing, bounded, due, key_of, put_incident
from monitor.hit import Hit
from monitor.incident import OUTCOMES, Incident, Outcome
from monitor.rule import LEVELS
from monitor.source import SourceInfo

__all__ = ["Decision", "Event", "advance", "decide", "tick"]


def advance(state: State, now: datetime) -> State:
    """The state at a later time; time never runs backwards."""
    if state.now is not None and state.now >= now:
        return state
    return msgspec.structs.replace(state, now=now, repeats=forgetting(state.repeats, now))


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
            withdraw(draft, event, support, incident)
    for key, hits in topics.items():
        if key in backed:
            revise(draft, event, hits, *backed[key])
        else:
            join(draft, event, hits, sources)
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
