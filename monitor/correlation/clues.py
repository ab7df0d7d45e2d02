"""What the watches remember: the hits that they count, by group, and the silences they wait for.

`Clues` is a value that follows from the clues that are stored. It is bounded: clues are forgotten
after their time, the oldest of a group when it has too many, and whole hours when all have.
"""

from __future__ import annotations  # HashTrieMap takes no parameters at run time

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from operator import attrgetter

import msgspec
from rpds import HashTrieMap

from monitor.correlation.calendar import Calendar, enter, strike
from monitor.correlation.noted import Noted, PostKey, hour
from monitor.watch import Clue

MOST_OF_A_GROUP = 1000
LEFT_OF_A_GROUP = 800
MOST = 100_000
"""So many clues are remembered at most in one realm; those that would be forgotten next go."""


class Clues(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The clues of one realm.

    `noted` holds them, none of an hour before `floor`;
    `alarms` when a silence will have lasted; `since` from when on a watch (by key) has watched,
    `watching` which watches these are; `hours` the baselines: posts by rule, place and hour.
    """

    noted: Noted = msgspec.field(default_factory=Noted)
    floor: int = 0
    alarms: Calendar = msgspec.field(default_factory=Calendar)
    since: HashTrieMap[str, datetime] = HashTrieMap()
    watching: object = None
    hours: HashTrieMap[str, HashTrieMap[int, int]] = HashTrieMap()

    @property
    def groups(self) -> dict[str, list[Clue]]:
        """The clues by group, in order of time; valid until another one is put."""
        noted = self.noted
        return (noted.held or noted.table).groups

    @property
    def posts(self) -> dict[PostKey, tuple[Clue, ...]]:
        """The clues by post; valid until another one is put."""
        noted = self.noted
        return (noted.held or noted.table).posts

    @property
    def size(self) -> int:
        """How many there are."""
        return self.noted.table.size


def of_group(clues: Clues, file: str) -> Sequence[Clue]:
    """The clues of a group, in order of time; valid until another one is put."""
    return clues.groups.get(file, ())


def of_post(clues: Clues, source: str, post: str) -> tuple[Clue, ...]:
    """The clues that a post is."""
    return clues.posts.get((source, post), ())


def known(clues: Clues, clue: Clue) -> Clue | None:
    """The same clue as it is remembered, None if it is not."""
    for one in clues.posts.get((clue.source, clue.id), ()):
        if (
            one.watch == clue.watch
            and one.group == clue.group
            and one.rule == clue.rule
            and one.value == clue.value
        ):
            return one
    return None


def put_clue(
    clues: Clues, file: str, clue: Clue, before: Clue | None
) -> tuple[Clues, tuple[Clue, ...]]:
    """With a clue in its newest form in its group's file, and what had to be forgotten for it.

    `before` is the same clue as it is remembered.
    """
    ended = hour(clue.until)
    if ended < clues.floor:
        return clues, (clue,)
    if before is not None:
        clues = without_clues(clues, file, (before,))
    noted, alarms = clues.noted.put(file, ended, clue), clues.alarms
    if clue.waits and not clue.settled:
        alarms = enter(alarms, clue.due, file)
    clues = msgspec.structs.replace(clues, noted=noted, alarms=alarms)
    if len(noted.table.groups[file]) > MOST_OF_A_GROUP:
        return _thinned(clues, file)
    return clues, ()


_at = attrgetter("at")


def more(clues: Clues, names: Iterable[str], when: int) -> Clues:
    """With one post more in an hour of these baselines."""
    hours = clues.hours
    for name in names:
        of: HashTrieMap[int, int] = hours.get(name, HashTrieMap())
        hours = hours.insert(name, of.insert(when, of.get(when, 0) + 1))
    return msgspec.structs.replace(clues, hours=hours)


def without_clues(clues: Clues, file: str, gone: Sequence[Clue]) -> Clues:
    """Without some clues of a group, as they are remembered."""
    noted, alarms = clues.noted, clues.alarms
    for one in gone:
        noted = noted.drop(file, one)
    silenced = {one.due for one in gone if one.waits}
    if silenced:
        silenced.difference_update(
            [one.due for one in noted.table.groups.get(file, ()) if one.waits]
        )
        for due in silenced:
            alarms = strike(alarms, due, file)
    return msgspec.structs.replace(clues, noted=noted, alarms=alarms)


def _thinned(clues: Clues, file: str) -> tuple[Clues, tuple[Clue, ...]]:
    """Without the oldest of a group that has too many; of each value counted the latest stays."""
    group = clues.groups[file]
    kinds = [(one.name, one.value, one.family) for one in group]
    latest = {kind: at for at, kind in enumerate(kinds)}
    spare = [at for at, kind in enumerate(kinds) if latest[kind] != at]
    excess = len(group) - LEFT_OF_A_GROUP
    places = spare[:excess] if len(spare) >= excess else range(excess)
    gone = tuple(group[at] for at in places)
    return without_clues(clues, file, gone), gone


def forgetting_clues(clues: Clues, now: datetime) -> Clues:
    """Without what need not be remembered any longer at a time."""
    return raised(clues, hour(now))


def raised(clues: Clues, floor: int) -> Clues:
    """Without what ends in an hour before `floor`."""
    if floor <= clues.floor:
        return clues
    ends = clues.noted.table.ends
    for ended in [one for one in ends if one < floor]:
        for file in sorted(ends[ended]):
            gone = [one for one in of_group(clues, file) if hour(one.until) < floor]
            if gone:
                clues = without_clues(clues, file, gone)
        del ends[ended]  # going back, what is put again is filed again
    return msgspec.structs.replace(clues, floor=floor)


def crowded(clues: Clues) -> Clues:
    """With the hours that end next forgotten while there are too many clues."""
    while clues.size > MOST:
        clues = raised(clues, min(clues.noted.table.ends) + 1)
    return clues


def window(group: Sequence[Clue], end: datetime, span: timedelta) -> Sequence[Clue]:
    """The clues of a group from `span` before `end` up to it."""
    if not group or group[0].at > end or group[-1].at < end - span:
        return ()
    first = bisect_left(group, end - span, key=_at)
    last = len(group) if group[-1].at <= end else bisect_right(group, end, key=_at)
    return group[first:last]


def remembering(clues: Iterable[Clue]) -> Clues:
    """The clues that were stored."""
    noted = Noted(clues)
    alarms = Calendar()
    for group in noted.table.groups.values():
        for clue in group:
            if clue.waits and not clue.settled:
                alarms = enter(alarms, clue.due, clue.file)
    return Clues(noted=noted, alarms=alarms)
