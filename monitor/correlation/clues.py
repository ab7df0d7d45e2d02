"""What the watches remember: the hits that they count, by group, and the silences they wait for.

`Clues` is a value that follows from the clues that are stored. It is bounded: clues are forgotten
after their time, the oldest of a group when it has too many, and whole hours when all have.
"""

from __future__ import annotations  # HashTrieMap takes no parameters at run time

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import msgspec
from rpds import HashTrieMap, HashTrieSet

from monitor.correlation.calendar import Calendar, enter, strike
from monitor.watch import Clue, in_order

PostKey = tuple[str, str]

MOST_OF_A_GROUP = 1000
LEFT_OF_A_GROUP = 800
MOST = 100_000
"""So many clues are remembered at most in one realm; those that would be forgotten next go."""


class Clues(msgspec.Struct, frozen=True, kw_only=True):
    """The clues of one realm.

    `groups` holds them in order of time by `Clue.file`; `posts` in which groups a post is; `ends`
    the groups by the hour in which some of their clues are forgotten, none before `floor`;
    `alarms` when a silence will have lasted; `since` from when on a watch (by key) has watched,
    `watching` which watches these are; `hours` the baselines: posts by rule, place and hour.
    """

    groups: HashTrieMap[str, tuple[Clue, ...]] = HashTrieMap()
    posts: HashTrieMap[PostKey, tuple[str, ...]] = HashTrieMap()
    ends: HashTrieMap[int, HashTrieSet[str]] = HashTrieMap()
    floor: int = 0
    size: int = 0
    alarms: Calendar = Calendar()
    since: HashTrieMap[str, datetime] = HashTrieMap()
    watching: object = None
    hours: HashTrieMap[str, HashTrieMap[int, int]] = HashTrieMap()


def hour(moment: datetime) -> int:
    """Hours since 1970."""
    return int(moment.timestamp() // 3600)


def of_group(clues: Clues, file: str) -> tuple[Clue, ...]:
    """The clues of a group, in order of time."""
    return clues.groups.get(file, ())


def of_post(clues: Clues, source: str, post: str) -> Iterator[Clue]:
    """The clues that a post is."""
    for file in clues.posts.get((source, post), ()):
        for clue in clues.groups.get(file, ()):
            if (clue.source, clue.id) == (source, post):
                yield clue


def put_clue(clues: Clues, clue: Clue) -> tuple[Clues, tuple[Clue, ...]]:
    """With a clue in its newest form, and what had to be forgotten for it."""
    if hour(clue.until) < clues.floor:
        return clues, (clue,)
    clues = drop_clue(clues, clue)
    group = clues.groups.get(clue.file, ())
    at = bisect_left(group, in_order(clue), key=in_order)
    group = (*group[:at], clue, *group[at:])
    file, post, ended = clue.file, (clue.source, clue.id), hour(clue.until)
    files = clues.posts.get(post, ())
    ending: HashTrieSet[str] = clues.ends.get(ended, HashTrieSet())
    clues = msgspec.structs.replace(
        clues,
        groups=clues.groups.insert(file, group),
        posts=clues.posts if file in files else clues.posts.insert(post, (*files, file)),
        ends=clues.ends.insert(ended, ending.insert(file)),
        size=clues.size + 1,
    )
    if clue.waits and not clue.settled:
        alarms = enter(clues.alarms, clue.due, file)
        clues = msgspec.structs.replace(clues, alarms=alarms)
    if len(group) > MOST_OF_A_GROUP:
        return _thinned(clues, file)
    return clues, ()


def more(clues: Clues, names: Iterable[str], when: int) -> Clues:
    """With one post more in an hour of these baselines."""
    hours = clues.hours
    for name in names:
        of: HashTrieMap[int, int] = hours.get(name, HashTrieMap())
        hours = hours.insert(name, of.insert(when, of.get(when, 0) + 1))
    return msgspec.structs.replace(clues, hours=hours)


def drop_clue(clues: Clues, clue: Clue) -> Clues:
    """Without a clue, whatever its newest form."""
    file = clue.file
    if file not in clues.posts.get((clue.source, clue.id), ()):
        return clues
    group = clues.groups[file]
    left = tuple(one for one in group if not _same(one, clue))
    return _with(clues, file, left, group) if len(left) < len(group) else clues


def _same(one: Clue, other: Clue) -> bool:
    """Whether two clues of a group are one in two forms."""
    return (
        one.id == other.id
        and one.source == other.source
        and one.rule == other.rule
        and one.value == other.value
    )


def _with(clues: Clues, file: str, left: tuple[Clue, ...], before: tuple[Clue, ...]) -> Clues:
    """With fewer clues in a group."""
    groups = clues.groups.insert(file, left) if left else clues.groups.discard(file)
    posts, alarms = clues.posts, clues.alarms
    still = {(one.source, one.id) for one in left}
    awaited = {one.due for one in left if one.waits}
    for post in {(one.source, one.id) for one in before} - still:
        files = tuple(one for one in posts.get(post, ()) if one != file)
        posts = posts.insert(post, files) if files else posts.discard(post)
    for due in {one.due for one in before if one.waits} - awaited:
        alarms = strike(alarms, due, file)
    return msgspec.structs.replace(
        clues, groups=groups, posts=posts, alarms=alarms, size=clues.size - len(before) + len(left)
    )


def _thinned(clues: Clues, file: str) -> tuple[Clues, tuple[Clue, ...]]:
    """Without the oldest of a group that has too many; of each value counted the latest stays."""
    group = clues.groups[file]
    latest = {_kind(one): one.key for one in group}
    spare = [one for one in group if latest[_kind(one)] != one.key]
    excess = len(group) - LEFT_OF_A_GROUP
    gone = {one.key: one for one in (spare if len(spare) >= excess else group)[:excess]}
    left = tuple(one for one in group if one.key not in gone)
    return _with(clues, file, left, group), tuple(gone.values())


def _kind(clue: Clue) -> tuple[str, str, str]:
    return clue.name, clue.value, clue.family


def forgetting_clues(clues: Clues, now: datetime) -> Clues:
    """Without what need not be remembered any longer at a time."""
    return raised(clues, hour(now))


def raised(clues: Clues, floor: int) -> Clues:
    """Without what ends in an hour before `floor`."""
    if floor <= clues.floor:
        return clues
    ends = clues.ends
    for ended in [one for one in ends if one < floor]:
        for file in ends[ended]:
            group = clues.groups.get(file, ())
            left = tuple(one for one in group if hour(one.until) >= floor)
            if len(left) < len(group):
                clues = _with(clues, file, left, group)
        ends = ends.discard(ended)
    return msgspec.structs.replace(clues, ends=ends, floor=floor)


def crowded(clues: Clues) -> Clues:
    """With the hours that end next forgotten while there are too many clues."""
    while clues.size > MOST:
        clues = raised(clues, min(clues.ends) + 1)
    return clues


def window(group: tuple[Clue, ...], end: datetime, span: timedelta) -> tuple[Clue, ...]:
    """The clues of a group from `span` before `end` up to it."""
    start = end - span
    first = bisect_left(group, start, key=lambda one: one.at)
    return tuple(one for one in group[first:] if one.at <= end)


def remembering(clues: Iterable[Clue]) -> Clues:
    """The clues that were stored."""
    groups: dict[str, list[Clue]] = {}
    posts: dict[PostKey, list[str]] = {}
    ends: dict[int, set[str]] = {}
    alarms = Calendar()
    size = 0
    for clue in clues:
        size += 1
        groups.setdefault(clue.file, []).append(clue)
        files = posts.setdefault((clue.source, clue.id), [])
        if clue.file not in files:
            files.append(clue.file)
        ends.setdefault(hour(clue.until), set()).add(clue.file)
        if clue.waits and not clue.settled:
            alarms = enter(alarms, clue.due, clue.file)
    return Clues(
        groups=HashTrieMap({file: tuple(sorted(of, key=in_order)) for file, of in groups.items()}),
        posts=HashTrieMap({post: tuple(files) for post, files in posts.items()}),
        ends=HashTrieMap({ended: HashTrieSet(files) for ended, files in ends.items()}),
        size=size,
        alarms=alarms,
    )
