"""What time alone changes: windows close, silences have lasted."""

import heapq
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

import msgspec

from monitor.correlation.blindness import summary, told_at
from monitor.correlation.calendar import enter, is_quiet, passed, strike
from monitor.correlation.changes import Book, Draft, alert_of
from monitor.correlation.event import Decision
from monitor.correlation.silence import speak
from monitor.correlation.watching import follow
from monitor.correlation.windows import State, put_incident
from monitor.correlation.words import span_text


class Timer(NamedTuple):
    """Something due, by name: an incident's end (`which` 0), a clue group (1), a summary (2)."""

    due: datetime
    which: int
    name: str


NOTHING = Decision(outcome="unmatched", reason="time passed")
"""What follows when nothing was due."""


def tick(state: State, now: datetime, book: Book) -> tuple[State, Decision]:
    """Fire every timer that is due by `now`, in the order of their deadlines."""
    quiet = is_quiet(state.deadlines, now) and is_quiet(state.clues.alarms, now)
    if quiet and not len(state.missed):
        return state, NOTHING
    draft = Draft(state, book)
    while timers := _due(draft, now):
        _fire_all(draft, timers, now)
    decision = Decision(
        outcome="unmatched",
        reason="time passed",
        incidents=tuple(draft.incidents.values()),
        supports=tuple(draft.supports.values()),
        alerts=tuple(draft.alerts),
        clues=draft.clues,
    )
    return draft.state, decision


def _due(draft: Draft, now: datetime) -> list[Timer]:
    state = draft.state
    deadlines, ending = passed(state.deadlines, now)
    alarms, ringing = passed(state.clues.alarms, now)
    clues = msgspec.structs.replace(state.clues, alarms=alarms)
    draft.state = msgspec.structs.replace(state, deadlines=deadlines, clues=clues)
    timers = [Timer(due, 0, name) for due, name in ending]
    timers += [Timer(due, 1, name) for due, name in ringing]
    missed = state.missed.items()
    return timers + [Timer(one.due, 2, name) for name, one in missed if one.due <= now]


def _fire_all(draft: Draft, timers: list[Timer], now: datetime) -> None:
    heapq.heapify(timers)
    while timers:
        timer = heapq.heappop(timers)
        draft.moment = timer.due
        before = len(draft.alerts)
        _FIRE[timer.which](draft, timer)
        moved = draft.state.incidents.get(timer.name)
        if timer.which == 0 and moved is not None and moved.deadline <= now:
            heapq.heappush(timers, Timer(moved.deadline, 0, moved.id))
        for alert in draft.alerts[before:]:
            opened = draft.incidents.get(alert.incident.id)
            if opened is not None and opened.open and opened.deadline <= now:
                heapq.heappush(timers, Timer(opened.deadline, 0, opened.id))


def _close(draft: Draft, timer: Timer) -> None:
    """The window of an incident has passed, unless a post has moved its end."""
    deadlines = strike(draft.state.deadlines, timer.due, timer.name)
    incident = draft.state.incidents.get(timer.name)
    if incident is not None and incident.deadline > timer.due:
        deadlines = enter(deadlines, incident.deadline, incident.id)
    draft.state = msgspec.structs.replace(draft.state, deadlines=deadlines)
    if incident is None or incident.deadline != timer.due:
        return
    ended = msgspec.structs.replace(
        incident, open=False, updated_at=incident.deadline, ordinal=incident.ordinal + 1
    )
    quiet = span_text(incident.deadline - incident.updated_at)
    alert = alert_of(ended, "closed", f"nothing new for {quiet}", (), incident.deadline)
    draft.alerts.append(alert)
    draft.incidents[ended.id] = ended
    draft.state = put_incident(draft.state, ended, incident)


def _ring(draft: Draft, timer: Timer) -> None:
    """The silences of a group that end at this moment."""
    clues = draft.state.clues
    alarms, later = (
        strike(clues.alarms, timer.due, timer.name),
        told_at(draft.state.away, timer.due),
    )
    if later > timer.due:
        alarms = enter(alarms, later, timer.name)
    clues = msgspec.structs.replace(clues, alarms=alarms)
    draft.state = msgspec.structs.replace(draft.state, clues=clues)
    if later > timer.due:
        return
    watch = draft.book.watches.get(timer.name.partition("\n")[0])
    if watch is None:
        return
    before = len(draft.alerts)
    speak(draft, None, watch, timer.name, timer.due)
    follow(draft, None, before)


def _sum_up(draft: Draft, timer: Timer) -> None:
    """A blind window is over: tell once what was missed."""
    missed = draft.state.missed[timer.name]
    draft.alerts.append(summary(missed))
    left = draft.state.missed.discard(timer.name)
    draft.state = msgspec.structs.replace(draft.state, missed=left)


_FIRE: tuple[Callable[[Draft, Timer], None], ...] = (_close, _ring, _sum_up)
"""What a timer does, by `which`."""
