"""What the watches remember: the hits that they count, by group, and the silences they wait for.

`Clues` is a value that follows from the clues that are stored. It is bounded: clues are forgotten
after their time, the oldest of a group when it has too many, and whole hours when all have.
"""

from __future__ import annotations  # HashTrieMap takes no parameters at run time

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import datetime, timedelta
from operator import attrgetter

import msgspec
from rpds import HashTrieMap, HashTrieSet

from monitor.correlation.calendar import Calendar, enter, strike
from monitor.correlation.kept import Kept
from monitor.watch import Clue, in_order

PostKey = tuple[str, str]

MOST_OF_A_GROUP = 1000
LEFT_OF_A_GROUP = 800
MOST = 100_000
"""So many clues are remembered at most in one realm; those that would be forgotten next go."""


class Clues(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The clues of one realm.

    `groups` holds them in order of time by `Clue.file`; `posts` those of each post; `ends`
    the groups by the hour in which some of their clues are forgotten, none before `floor`;
    `alarms` when a silence will have lasted; `since` from when on a watch (by key) has watched,
    `watching` which watches these are; `hours` the baselines: posts by rule, place and hour.
    """

    groups: Kept[str, tuple[Clue, ...]] = msgspec.field(default_factory=Kept)
    posts: Kept[PostKey, tuple[Clue, ...]] = msgspec.field(default_factory=Kept)
    ends: Kept[int, HashTrieSet[str]] = msgspec.field(default_factory=Kept)
    floor: int = 0
    size: int = 0
    alarms: Calendar = msgspec.field(default_factory=Calendar)
    since: HashTrieMap[str, datetime] = HashTrieMap()
    watching: object = None
    hours: HashTrieMap[str, HashTrieMap[int, int]] = HashTrieMap()


def hour(moment: datetime) -> int:
    """Hours since 1970."""
    return int(moment.timestamp() // 3600)


def of_group(clues: Clues, file: str) -> tuple[Clue, ...]:
    """The clues of a group, in order of time."""
    return clues.groups.get(file, ())


def of_post(clues: Clues, source: str, post: str) -> tuple[Clue, ...]:
    """The clues that a post is."""
    return clues.posts.get((source, post), ())


def known(clues: Clues, clue: Clue) -> Clue | None:
    """The same clue as it is remembered, None if it is not."""
    for one in clues.posts.get((clue.source, clue.id), ()):
        if _same(one, clue):
            return one
    return None


def _same(one: Clue, other: Clue) -> bool:
    """Whether two clues of a post are one in two forms."""
    return (
        one.rule == other.rule
        and one.value == other.value
        and one.watch == other.watch
        and one.group == other.group
    )


def put_clue(clues: Clues, clue: Clue) -> tuple[Clues, tuple[Clue, ...]]:
    """With a clue in its newest form, and what had to be forgotten for it."""
    ended = hour(clue.until)
    if ended < clues.floor:
        return clues, (clue,)
    file, post = clue.file, (clue.source, clue.id)
    of_it = clues.posts.get(post, ())
    for one in of_it:
        if _same(one, clue):
            clues = drop_clue(clues, clue)
            of_it = clues.posts.get(post, ())
            break
    group = clues.groups.get(file, ())
    if not group or group[-1].at < clue.at or in_order(group[-1]) <= in_order(clue):
        group = (*group, clue)
    else:
        at = bisect_left(group, in_order(clue), key=in_order)
        group = (*group[:at], clue, *group[at:])
    there = clues.ends.get(ended, _NOTHING)
    alarms = clues.alarms
    if clue.waits and not clue.settled:
        alarms = enter(alarms, clue.due, file)
    clues = msgspec.structs.replace(
        clues,
        groups=clues.groups.insert(file, group),
        posts=clues.posts.insert(post, (*of_it, clue)),
        ends=clues.ends if file in there else clues.ends.insert(ended, there.insert(file)),
        size=clues.size + 1,
        alarms=alarms,
    )
    if len(group) > MOST_OF_A_GROUP:
        return _thinned(clues, file)
    return clues, ()


_NOTHING: HashTrieSet[str] = HashTrieSet()
_at = attrgetter("at")


def more(clues: Clues, names: Iterable[str], when: int) -> Clues:
    """With one post more in an hour of these baselines."""
    hours = clues.hours
    for name in names:
        of: HashTrieMap[int, int] = hours.get(name, HashTrieMap())
        hours = hours.insert(name, of.insert(when, of.get(when, 0) + 1))
    return msgspec.structs.replace(clues, hours=hours)


def drop_clue(clues: Clues, clue: Clue) -> Clues:
    """Without a clue, whatever its newest form."""
    oldest = clues.groups.get(clue.file, ())[:1]
    if oldest and oldest[0] is clue:  # as when a source has spoken again
        return _with(clues, clue.file, clues.groups[clue.file][1:], oldest)
    old = known(clues, clue)
    if old is None:
        return clues
    file = old.file
    group = clues.groups[file]
    at = bisect_left(group, in_order(old), key=in_order)
    return _with(clues, file, (*group[:at], *group[at + 1 :]), (old,))


def _with(clues: Clues, file: str, left: tuple[Clue, ...], gone: Iterable[Clue]) -> Clues:
    """With what is left of a group, and without the clues that are gone from it."""
    groups = clues.groups.insert(file, left) if left else clues.groups.discard(file)
    posts, alarms, size = clues.posts, clues.alarms, clues.size
    awaited = {one.due for one in left if one.waits} if any(one.waits for one in gone) else set()
    for one in gone:
        post = (one.source, one.id)
        others = tuple(other for other in posts.get(post, ()) if other is not one)
        posts = posts.insert(post, others) if others else posts.discard(post)
        size -= 1
        if one.waits and one.due not in awaited:
            alarms = strike(alarms, one.due, file)
    return msgspec.structs.replace(clues, groups=groups, posts=posts, alarms=alarms, size=size)


def _thinned(clues: Clues, file: str) -> tuple[Clues, tuple[Clue, ...]]:
    """Without the oldest of a group that has too many; of each value counted the latest stays."""
    group = clues.groups[file]
    kinds = [(one.name, one.value, one.family) for one in group]
    latest = {kind: at for at, kind in enumerate(kinds)}
    spare = [at for at, kind in enumerate(kinds) if latest[kind] != at]
    excess = len(group) - LEFT_OF_A_GROUP
    places = spare[:excess] if len(spare) >= excess else range(excess)
    gone = tuple(group[at] for at in places)
    going = set(places)
    left = tuple(one for at, one in enumerate(group) if at not in going)
    return _with(clues, file, left, gone), gone


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
            gone = tuple(one for one in group if hour(one.until) < floor)
            if gone:
                left = tuple(one for one in group if hour(one.until) >= floor)
                clues = _with(clues, file, left, gone)
        ends = ends.discard(ended)
    return msgspec.structs.replace(clues, ends=ends, floor=floor)


def crowded(clues: Clues) -> Clues:
    """With the hours that end next forgotten while there are too many clues."""
    while clues.size > MOST:
        clues = raised(clues, min(clues.ends) + 1)
    return clues


def window(group: tuple[Clue, ...], end: datetime, span: timedelta) -> tuple[Clue, ...]:
    """The clues of a group from `span` before `end` up to it."""
    if not group or group[0].at > end or group[-1].at < end - span:
        return ()
    first = bisect_left(group, end - span, key=_at)
    last = len(group) if group[-1].at <= end else bisect_right(group, end, key=_at)
    return group[first:last]


def remembering(clues: Iterable[Clue]) -> Clues:
    """The clues that were stored."""
    groups: dict[str, list[Clue]] = {}
    posts: dict[PostKey, list[Clue]] = {}
    ends: dict[int, set[str]] = {}
    alarms = Calendar()
    size = 0
    for clue in clues:
        size += 1
        groups.setdefault(clue.file, []).append(clue)
        posts.setdefault((clue.source, clue.id), []).append(clue)
        ends.setdefault(hour(clue.until), set()).add(clue.file)
        if clue.waits and not clue.settled:
            alarms = enter(alarms, clue.due, clue.file)
    return Clues(
        groups=Kept({file: tuple(sorted(of, key=in_order)) for file, of in groups.items()}),
        posts=Kept({post: tuple(of) for post, of in posts.items()}),
        ends=Kept({ended: HashTrieSet(files) for ended, files in ends.items()}),
        size=size,
        alarms=alarms,
    )
