"""The table that copies are known from, as a value: putting a post makes a new one.

The posts of the last two days and what each is found by. It follows from their supports alone, so
that a restart knows the same.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime
from zlib import crc32

from monitor.incident import Support
from monitor.text.sketch import keys

Key = tuple[datetime, str, str, str, str]
"""(published at, source, id, incident, topic) of a support; sorts in the order of telling."""

Mark = int | bytes
"""What a post is found by: of its words a number, of a name (who and which post) its bytes."""

FOOTER_FROM = 3
"""A last line that so many known posts of a channel end with is its footer."""


class Table:
    """What is known, in dicts that are changed in place; `Repeats` makes values of it.

    `known` has the supports; `index` finds them by what they say, by name and by the post that they
    forward or link to: one key, or the sorted list of several; `tails` counts how many posts of a
    source end with a line; `hours` files them by the hour of publishing, in hours since 1970.
    """

    __slots__ = ("hours", "index", "known", "tails")

    def __init__(self) -> None:
        self.known: dict[Key, Support] = {}
        self.index: dict[Mark, Key | list[Key]] = {}
        self.tails: dict[int, int] = {}
        self.hours: dict[int, set[Key]] = {}

    def put(self, key: Key, support: Support | None) -> Support | None:
        """Take a post in its newest form, or none; what was known of it before."""
        before = self.known.get(key)
        if before is not None:
            self._drop(key, before)
        if support is not None:
            self.known[key] = support
            for mark in marks(key[-1], support):
                self._file(mark, key)
            for line in support.sketch.tail:
                tail = tail_key(support.source, line)
                self.tails[tail] = self.tails.get(tail, 0) + 1
            self.hours.setdefault(hour_of(key[0]), set()).add(key)
        return before

    def _file(self, mark: Mark, key: Key) -> None:
        held = self.index.get(mark)
        if held is None:
            self.index[mark] = key
        elif isinstance(held, list):
            at = bisect_left(held, key)
            if held[at : at + 1] != [key]:
                held.insert(at, key)
        elif held != key:
            self.index[mark] = sorted((held, key))

    def _drop(self, key: Key, support: Support) -> None:
        del self.known[key]
        for mark in marks(key[-1], support):
            held = self.index.get(mark)
            if isinstance(held, list):
                at = bisect_left(held, key)
                if held[at : at + 1] == [key]:
                    del held[at]
                if len(held) == 1:
                    self.index[mark] = held[0]
            elif held == key:
                del self.index[mark]
        for line in support.sketch.tail:
            tail = tail_key(support.source, line)
            self.tails[tail] -= 1
            if not self.tails[tail]:
                del self.tails[tail]
        filed = self.hours[hour_of(key[0])]
        filed.discard(key)
        if not filed:
            del self.hours[hour_of(key[0])]

    def found(self, mark: Mark) -> Sequence[Key]:
        """The posts that are found by a mark, the earliest first."""
        held = self.index.get(mark)
        if held is None:
            return ()
        return held if isinstance(held, list) else (held,)


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


def tail_key(source: str, line: int) -> int:
    """By what a last line of a source is counted: 32 bits of either."""
    return crc32(source.encode("utf-8", "replace")) << 32 | line


class Footers:
    """The footers of one source, as a container."""

    def __init__(self, tails: dict[int, int], source: str) -> None:
        self._tails = tails
        self._source = source

    def __contains__(self, line: object) -> bool:
        return isinstance(line, int) and self._tails.get(tail_key(self._source, line), 0) >= (
            FOOTER_FROM
        )


def hour_of(moment: datetime) -> int:
    """Hours since 1970."""
    return int(moment.timestamp() // 3600)


def marks(topic: str, support: Support) -> Iterator[Mark]:
    """By what a post is found; what was withdrawn is not repeated."""
    if support.withdrawn:
        return
    yield named(topic, "=", f"{support.source}/{support.id}")
    for name in points_at(support):
        yield named(topic, ">", name)
    yield from said_by(topic, support)


def named(topic: str, kind: str, name: str) -> bytes:
    """What SOURCE/ID is found by: as itself (`=`), or as what it points at (`>`)."""
    return f"{topic}\n{kind}{name.lower()}".encode("utf-8", "replace")


def said_by(topic: str, support: Support) -> list[int]:
    """What its words are found by: 32 bits of the topic, 32 of the words."""
    head = crc32(topic.encode()) << 32
    return [head | key for key in keys(support.sketch)]


def points_at(support: Support) -> tuple[str, ...]:
    """SOURCE/ID of what a post forwards or links to."""
    return (support.origin, *support.cites) if support.origin else support.cites
