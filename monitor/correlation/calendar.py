"""What is due when: names filed by the minute, so that nothing is looked at before its time."""

from __future__ import annotations  # HashTrieSet takes no parameters at run time

from datetime import datetime
from math import inf

import msgspec
from rpds import HashTrieSet

from monitor.correlation.kept import Kept

Due = tuple[datetime, str]
"""When, and a name."""


class Calendar(msgspec.Struct, frozen=True, gc=False):
    """Names by the minute (since 1970) in which they are due.

    None is due before `first`, in seconds since 1970; what was struck out may make it too early.
    """

    minutes: Kept[int, HashTrieSet[Due]] = msgspec.field(default_factory=Kept)
    first: float = inf


_NOTHING: HashTrieSet[Due] = HashTrieSet()


def enter(calendar: Calendar, due: datetime, name: str) -> Calendar:
    """The calendar with a name; again is harmless."""
    moment = due.timestamp()
    minute = int(moment // 60)
    there = calendar.minutes.get(minute, _NOTHING).insert((due, name))
    return Calendar(calendar.minutes.insert(minute, there), min(calendar.first, moment))


def strike(calendar: Calendar, due: datetime, name: str) -> Calendar:
    """The calendar without a name; if it is not there, as it was."""
    minute = int(due.timestamp() // 60)
    there = calendar.minutes.get(minute)
    if there is None:
        return calendar
    left = there.discard((due, name))
    minutes = calendar.minutes
    minutes = minutes.insert(minute, left) if len(left) else minutes.discard(minute)
    return Calendar(minutes, calendar.first)


def is_quiet(calendar: Calendar, now: datetime) -> bool:
    """Whether nothing can be due by `now`; the usual case costs nothing."""
    return calendar.first > now.timestamp()


def passed(calendar: Calendar, now: datetime) -> tuple[Calendar, list[Due]]:
    """Everything due by `now`, in order, and the calendar that knows again what is first."""
    if is_quiet(calendar, now):
        return calendar, []
    last = int(now.timestamp() // 60)
    found = sorted(
        one
        for minute in _between(calendar, last)
        for one in calendar.minutes[minute]
        if one[0] <= now
    )
    if found:
        return Calendar(calendar.minutes, found[0][0].timestamp()), found
    ahead = last if last in calendar.minutes else _next(calendar, last)
    first = inf if ahead is None else min(calendar.minutes[ahead])[0].timestamp()
    return Calendar(calendar.minutes, first), []


def _between(calendar: Calendar, last: int) -> list[int]:
    """The minutes with something in them, from the first one to `last`."""
    first = int(calendar.first // 60)
    if last - first < len(calendar.minutes):
        return [one for one in range(first, last + 1) if one in calendar.minutes]
    return sorted(one for one in calendar.minutes if first <= one <= last)


def _next(calendar: Calendar, after: int) -> int | None:
    """The first minute after that has something in it."""
    ahead = range(after + 1, after + 1 + len(calendar.minutes))
    near = next((one for one in ahead if one in calendar.minutes), None)
    return near if near is not None else min(calendar.minutes, default=None)
