"""What a judged post changes: incidents opened, joined, corrected or closed, and the alerts.

`decide` and `tick` are pure: (state, what happened, now) -> (state, decision). The order of events
and their times alone decide; batches, hash seeds and machines do not.
"""

from datetime import datetime, timedelta

import msgspec

from monitor.correlation.blindness import hearing, platform_of, waited
from monitor.correlation.changes import Book, Draft
from monitor.correlation.clues import crowded, forgetting_clues
from monitor.correlation.event import Decision, Event
from monitor.correlation.repeats import forgetting, reopened
from monitor.correlation.retelling import remember, retell
from monitor.correlation.taking import backed_by, take
from monitor.correlation.timers import tick
from monitor.correlation.told import swept, telling
from monitor.correlation.watching import correlate
from monitor.correlation.windows import State
from monitor.incident import OUTCOMES, Outcome

__all__ = ["Decision", "Event", "advance", "decide", "relieved", "tick"]


JUMP = timedelta(days=1)
"""A clock that is set back further than this was wrong before: what it made us forget is over."""


def advance(state: State, now: datetime) -> State:
    """The state at a later time. Time runs backwards only if a clock had jumped: by days."""
    if state.now is not None and state.now - now > JUMP:
        repeats = reopened(state.repeats)
        clues = msgspec.structs.replace(state.clues, floor=0)
        state = msgspec.structs.replace(state, now=None, repeats=repeats, clues=clues)
    if state.now is not None and state.now >= now:
        return state
    clues = crowded(forgetting_clues(state.clues, waited(state.away, now)))
    if clues.floor != state.clues.floor:  # once an hour
        state = msgspec.structs.replace(state, told=swept(state.told, state.by_post, now))
    return msgspec.structs.replace(state, now=now, clues=clues)


def relieved(state: State) -> State:
    """The state without what is too old to be repeated: time passes before it is asked."""
    if state.now is None:
        return state
    return msgspec.structs.replace(state, repeats=forgetting(state.repeats, state.now))


def _recent(state: State, event: Event) -> State:
    """The state without what is too old to be repeated, if the event can be compared with it.

    Most posts have no hits and are not known: they leave it to the next that is (passing.py).
    """
    key = event.name.source, event.name.id
    known = key in state.by_post or key in state.told.posts
    new = event.post.kind == "new" and event.previous is None
    if state.now is None or (new and not known and not event.hits):
        return state
    return msgspec.structs.replace(state, repeats=forgetting(state.repeats, state.now))


def _listening(state: State, event: Event) -> State:
    """The state that has heard of the post's platform."""
    if event.history:
        return state
    platform = platform_of(event.name.source)
    before = state.heard.get(platform)
    heard = hearing(before, event.post.observed_at or event.event_at)
    if heard == before:
        return state
    return msgspec.structs.replace(state, heard={**state.heard, platform: heard})


def decide(state: State, event: Event, book: Book) -> tuple[State, Decision]:
    """What one post version changes (its timers have fired before)."""
    state = advance(_listening(state, event), event.post.observed_at or event.event_at)
    draft = Draft(_recent(state, event), book)
    if event.hits:  # so that it is not read anew when it is told again
        event = msgspec.structs.replace(event, gist=draft.read(event))
    backed = backed_by(draft, event)
    before = [one for _, one in backed]
    told = telling(state.told, event, before)
    if not retell(draft, event, told):
        take(draft, event, backed)
    remember(draft, event, before, told)
    correlate(draft, event)
    return draft.state, _decision(draft, event)


def _decision(draft: Draft, event: Event) -> Decision:
    outcome: Outcome = "unmatched"
    reason = "deleted; it supported nothing" if event.post.kind == "delete" else "no rule holds"
    if draft.results:
        outcome = min([one for one, _ in draft.results], key=OUTCOMES.index)
        reason = "; ".join([why for _, why in draft.results])
    return Decision(
        outcome=outcome,
        reason=reason,
        incidents=tuple(draft.incidents.values()),
        supports=tuple(draft.supports.values()),
        alerts=tuple(draft.alerts),
        clues=draft.clues,
        counts=draft.counts,
        gone=tuple(draft.gone),
    )
