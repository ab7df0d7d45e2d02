"""The table that copies are known from, as a value: putting a post makes a new one.

The posts of the last two days and what each is found by. It follows from their supports alone, so
that a restart knows the same.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from zlib import crc32

import msgspec

from monitor.incident import Support
from monitor.text.sketch import bits, keys

Key = tuple[datetime, str, str, str, str]
"""(published at, source, id, incident, topic) of a support; sorts in the order of telling."""

Mark = int
"""What a post is found by: 28 bits of the topic, and 32 of its words or of a name (who and which
post). So others may be found by it too: whoever asks looks at what they say. (60 bits are two
digits of a Python number, which saves a third of the memory of 64.)"""

FOOTER_FROM = 3
"""A last line that so many known posts of a channel end with is its footer."""


class Known(msgspec.Struct, gc=False, eq=False, dict=False):
    """A post in the table: its key, its newest form, and the bits of its pairs and pieces.

    Of two that are one post only the same object is equal. The collector need not look at them:
    they hold values only.
    """

    key: Key
    support: Support
    pairs: int
    pieces: int


_key = attrgetter("key")


class Table:
    """What is known, in dicts that are changed in place; `Repeats` makes values of it.

    `known` has the posts; `index` finds them by what they say, by name and by the post that they
    forward or link to: one, or the list of several in the order of their keys; `tails` counts, for
    each source, how many posts end with a line; `hours` files posts by the hour of publishing, in
    hours since 1970; no post was published after `latest`.
    """

    __slots__ = ("hours", "index", "known", "latest", "tails")

    def __init__(self) -> None:
        self.known: dict[Key, Known] = {}
        self.index: dict[Mark, Known | list[Known]] = {}
        self.tails: dict[str, dict[int, int]] = {}
        self.hours: dict[int, list[Known]] = {}
        self.latest: datetime | None = None

    def put(self, key: Key, support: Support | None) -> Support | None:
        """Take a post in its newest form, or none; what was known of it before."""
        one = self.known.get(key)
        before = one.support if one is not None else None
        if one is not None:
            if support is not None and before is not None and _is_found_alike(before, support):
                one.support = support
                return before
            self._drop(one)
        if support is not None:
            self._enter(key, support)
        return before

    def _enter(self, key: Key, support: Support) -> None:
        said = support.sketch
        one = Known(key, support, bits(said.pairs), bits(said.pieces))
        self.known[key] = one
        for mark in marks(key[-1], support):
            held = self.index.get(mark)
            if held is None:
                self.index[mark] = one
            elif isinstance(held, list):
                if held[-1].key < key:
                    held.append(one)
                elif (at := _place_of(held, one)) is not None:
                    held.insert(at, one)
            elif held is not one:
                self.index[mark] = [held, one] if held.key < key else [one, held]
        if said.tail:
            tails = self.tails.setdefault(support.source, {})
            for line in said.tail:
                tails[line] = tails.get(line, 0) + 1
        self.hours.setdefault(hour_of(key[0]), []).append(one)
        if self.latest is None or self.latest < key[0]:
            self.latest = key[0]

    def _drop(self, one: Known) -> None:
        del self.known[one.key]
        for mark in marks(one.key[-1], one.support):
            held = self.index.get(mark)
            if isinstance(held, list):
                at = bisect_left(held, one.key, key=_key)
                if held[at : at + 1] == [one]:
                    del held[at]
                if len(held) == 1:
                    self.index[mark] = held[0]
            elif held is one:
                del self.index[mark]
        self._drop_lines(one.support)
        hour = hour_of(one.key[0])
        filed = self.hours[hour]
        if filed[-1] is one:  # as when all of an hour is forgotten
            filed.pop()
        else:
            filed.remove(one)
        if not filed:
            del self.hours[hour]

    def _drop_lines(self, support: Support) -> None:
        tails = self.tails.get(support.source, {})
        for line in support.sketch.tail:
            tails[line] -= 1
            if not tails[line]:
                del tails[line]
        if not tails:
            self.tails.pop(support.source, None)

    def by_name(self, topic: str, name: str) -> Iterator[Support]:
        """The posts of a topic that are SOURCE/ID, the earliest first."""
        for one in self.found(named(topic, "=", name)):
            if one.key[-1] == topic and f"{one.key[1]}/{one.key[2]}".lower() == name.lower():
                yield one.support

    def pointing(self, topic: str, name: str) -> Iterator[Support]:
        """The posts of a topic that forward or link to SOURCE/ID, the earliest first."""
        for one in self.found(named(topic, ">", name)):
            names = (each.lower() for each in points_at(one.support))
            if one.key[-1] == topic and name.lower() in names:
                yield one.support

    def found(self, mark: Mark) -> Sequence[Known]:
        """The posts that are found by a mark, the earliest first."""
        held = self.index.get(mark)
        if held is None:
            return ()
        return held if isinstance(held, list) else (held,)


def _place_of(held: list[Known], one: Known) -> int | None:
    """Where a post belongs in a list, None if it is there already."""
    at = bisect_left(held, one.key, key=_key)
    return None if held[at : at + 1] == [one] else at


def _is_found_alike(one: Support, other: Support) -> bool:
    """Whether two forms of a post are found by the same marks and lines."""
    return (
        one.sketch is other.sketch
        and one.origin == other.origin
        and one.cites == other.cites
        and one.withdrawn == other.withdrawn
    )


class Repeats:
    """What is known of the posts of one realm that matched; none is older than `floor`, an hour.

    A value: what is put makes a new one, the old one stays as it was. Of one history only the value
    last used holds the table; each other one holds the change that leads to it from its neighbour
    (Baker's arrays), and takes the table over when it is asked. So going forward costs what a dict
    costs, and going back (a batch that could not be committed) what has been done since.
    """

    __slots__ = ("change", "floor", "held", "newer")

    def __init__(self, *, floor: int = 0) -> None:
        self.floor = floor
        self.held: Table | None = Table()
        self.change: tuple[Key, Support | None] | None = None
        self.newer: Repeats | None = None

    @property
    def table(self) -> Table:
        """The table as it is in this value; it is only valid until another value is asked."""
        if self.held is None:
            path: list[Repeats] = [self]
            while path[-1].held is None and path[-1].newer is not None:
                path.append(path[-1].newer)
            for one, newer in zip(path[-2::-1], path[:0:-1], strict=True):
                one.take_from(newer)
        if self.held is None:
            raise AssertionError("some value of each history holds the table")
        return self.held

    def take_from(self, newer: Repeats) -> None:
        """Take the table from the neighbour that this value's change leads back from."""
        table, change = newer.held, self.change
        if table is not None and change is not None:
            newer.change = (change[0], table.put(*change))
        else:
            newer.change = None
        newer.held, newer.newer = None, self
        self.held, self.change, self.newer = table, None, None

    def changed(self, key: Key, support: Support | None) -> Repeats:
        """With a post in its newest form, or without it."""
        table = self.table
        after = Repeats._of(table, self.floor)
        self.change = (key, table.put(key, support))
        self.held, self.newer = None, after
        return after

    def since(self, floor: int) -> Repeats:
        """The same with another floor; what is below it has been taken out before."""
        after = Repeats._of(self.table, floor)
        self.held, self.change, self.newer = None, None, after
        return after

    @staticmethod
    def _of(table: Table, floor: int) -> Repeats:
        after = Repeats.__new__(Repeats)
        after.floor, after.held, after.change, after.newer = floor, table, None, None
        return after


@lru_cache(maxsize=16384)
def _head(name: str) -> int:
    """28 bits of a name, above 32 others."""
    return (crc32(name.encode("utf-8", "replace")) & 0xFFFFFFF) << 32


class Footers:
    """The footers of one source, as a container."""

    def __init__(self, tails: Mapping[str, Mapping[int, int]], source: str) -> None:
        self._tails = tails.get(source, {})

    def __contains__(self, line: object) -> bool:
        return isinstance(line, int) and self._tails.get(line, 0) >= FOOTER_FROM


def hour_of(moment: datetime) -> int:
    """Hours since 1970."""
    return int(moment.timestamp() // 3600)


def marks(topic: str, support: Support) -> list[Mark]:
    """By what a post is found; what was withdrawn is not repeated."""
    if support.withdrawn:
        return []
    found: list[Mark] = [*said_by(topic, support)]
    found.append(named(topic, "=", f"{support.source}/{support.id}"))
    found += [named(topic, ">", name) for name in points_at(support)]
    return found


def named(topic: str, kind: str, name: str) -> Mark:
    """What SOURCE/ID is found by: as itself (`=`), or as what it points at (`>`)."""
    return _head(topic) | crc32(f"{kind}{name.lower()}".encode("utf-8", "replace"))


def said_by(topic: str, support: Support) -> list[int]:
    """What its words are found by."""
    head = _head(topic)
    return [head | key for key in keys(support.sketch)]


def points_at(support: Support) -> tuple[str, ...]:
    """SOURCE/ID of what a post forwards or links to."""
    return (support.origin, *support.cites) if support.origin else support.cites
