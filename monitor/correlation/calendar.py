"""What is due when: names filed by the minute, so that nothing is looked at before its time."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Set as AbstractSet
from datetime import datetime
from math import inf

import msgspec

from monitor.correlation.history import take_over

Due = tuple[datetime, str]
"""When, and a name."""


class Minutes:
    """Names by the minute (since 1970) in which they are due; what is changed makes a new value.

    Of one history only one holds the sets (monitor/correlation/history.py): a persistent set costs
    ten times as much at every entry. What was asked for is only valid until something is changed.
    """

    __slots__ = ("change", "held", "newer")

    def __init__(self) -> None:
        self.held: dict[int, set[Due]] | None = {}
        self.newer: Minutes | None = None
        self.change: tuple[int, Due, bool] | None = None

    @property
    def table(self) -> dict[int, set[Due]]:
        """The sets as they are in this value."""
        if self.held is None:
            take_over(self)
        if self.held is None:
            raise AssertionError("some value of each history holds the sets")
        return self.held

    def take_from(self, newer: Minutes) -> None:
        """Take the sets from the neighbour that this value's change leads back from."""
        table, change = newer.held, self.change
        if table is None or change is None:
            raise AssertionError("the neighbour holds the sets, and this value the way back")
        minute, due, there = change
        _set(table, minute, due, there=there)
        newer.held, newer.newer, newer.change = None, self, (minute, due, not there)
        self.held, self.newer, self.change = table, None, None

    def changed(self, minute: int, due: Due, *, there: bool) -> Minutes:
        """With a name in a minute (`there`) or without it; as it is if nothing changes."""
        table = self.held if self.held is not None else self.table
        if (due in table.get(minute, ())) is there:
            return self
        _set(table, minute, due, there=there)
        after = Minutes.__new__(Minutes)
        after.held, after.newer, after.change = table, None, None
        self.held, self.newer, self.change = None, after, (minute, due, not there)
        return after

    def __contains__(self, minute: object) -> bool:
        return minute in self.table

    def __getitem__(self, minute: int) -> AbstractSet[Due]:
        return self.table[minute]

    def keys(self) -> Collection[int]:
        """The minutes that have something in them, in no order."""
        return self.table.keys()


def _set(table: dict[int, set[Due]], minute: int, due: Due, *, there: bool) -> None:
    """Put a name in or take it out; no minute without names is left."""
    if there:
        table.setdefault(minute, set()).add(due)
    elif len(table[minute]) > 1:
        table[minute].discard(due)
    else:
        del table[minute]


class Calendar(msgspec.Struct, frozen=True, gc=False):
    """Names by the minute in which they are due.

    None is due before `first`, in seconds since 1970; what was struck out may make it too early.
    """

    minutes: Minutes = msgspec.field(default_factory=Minutes)
    first: float = inf


def enter(calendar: Calendar, due: datetime, name: str) -> Calendar:
    """The calendar with a name; again is harmless."""
    moment = due.timestamp()
    minutes = calendar.minutes.changed(int(moment // 60), (due, name), there=True)
    return Calendar(minutes, min(calendar.first, moment))


def strike(calendar: Calendar, due: datetime, name: str) -> Calendar:
    """The calendar without a name; if it is not there, as it was."""
    minute = int(due.timestamp() // 60)
    return Calendar(calendar.minutes.changed(minute, (due, name), there=False), calendar.first)


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
    first, every = int(calendar.first // 60), calendar.minutes.keys()
    if last - first < len(every):
        return [one for one in range(first, last + 1) if one in every]
    return sorted(one for one in every if first <= one <= last)


def _next(calendar: Calendar, after: int) -> int | None:
    """The first minute after that has something in it."""
    every = calendar.minutes.keys()
    ahead = range(after + 1, after + 1 + len(every))
    near = next((one for one in ahead if one in every), None)
    return near if near is not None else min(every, default=None)
