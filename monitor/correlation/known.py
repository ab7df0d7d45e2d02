"""The table that copies are known from: the posts of the last two days, what each is found by."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from zlib import crc32

import msgspec

from monitor.incident import Sketch, Support
from monitor.text.sketch import bits, keys, least_shared

Key = tuple[datetime, str, str, str, str]
"""(published at, source, id, incident, topic) of a support; sorts in the order of telling."""

Mark = int
"""What a post is found by: 28 bits of the topic, and 32 of its words or of a name (who and which
post). So others may be found by it too: whoever asks looks at what they say. (60 bits are two
digits of a Python number, which saves a third of the memory of 64.)"""

FOOTER_FROM = 3
"""A last line that so many known posts of a channel end with is its footer."""


Sign = int
"""What stands for a post in the index: its number in the table (the lowest 60 bits), then the bits
of its pairs and of its pieces, 120 each. Whether it may be like another one shows in this one
number, so that of the many that share a common word nothing else is looked at. Its number begins
with the second in which it was published: which of two comes later hardly ever takes another look.
"""

NUMBER = (1 << 60) - 1
SECOND_AT = 26
LAST_SECOND = (1 << 60 - SECOND_AT) - 1
"""In the year 2514."""
PAIRS_AT, PIECES_AT = 60, 180
ALL_PAIRS = ((1 << 120) - 1) << PAIRS_AT

COMMON = 24
FIRST = 4
"""Of a mark that more posts than COMMON share only so many are looked at, the earliest: the origin
of what everybody copies is among them."""


class Known(msgspec.Struct, gc=False, eq=False, dict=False):
    """A post in the table: its topic, its newest form, and its sign.

    Of two that are one post only the same object is equal. The collector need not look at them:
    they hold values only.
    """

    topic: str
    support: Support
    sign: Sign

    @property
    def key(self) -> Key:
        """What it is known by."""
        one = self.support
        return one.published_at, one.source, one.id, one.incident, self.topic

    @property
    def place(self) -> tuple[datetime, str, str]:
        """Where it stands in the order of telling."""
        return self.support.published_at, self.support.source, self.support.id


class Table:
    """What is known, in dicts that are changed in place; `Repeats` (repeats.py) makes values of it.

    `known` has the posts by number; `index` finds them by what they say, by name and by the post
    that they forward or link to: the sign of one, or of several in the order of their keys; `tails`
    has, for each source and line, the number of the post that ends with it, or of several in order;
    `minutes` files posts by the minute of publishing, in minutes since 1970; no post was published
    after `latest`. Posts with numbers below `first` are forgotten: until they are taken out, they
    are left out of every answer.
    """

    __slots__ = ("first", "index", "known", "last", "latest", "minutes", "tails")

    def __init__(self) -> None:
        self.first = 0
        self.known: dict[int, Known] = {}
        self.last = 0
        self.index: dict[Mark, Sign | list[Sign]] = {}
        self.tails: dict[str, dict[int, int | list[int]]] = {}
        self.minutes: dict[int, list[Known]] = {}
        self.latest: datetime | None = None

    def of(self, key: Key) -> Known | None:
        """The post that is known by a key."""
        return self._of(key, named(key[-1], "=", f"{key[1]}/{key[2]}"))

    def _of(self, key: Key, name: Mark) -> Known | None:
        for one in self._found(name) if name in self.index else ():
            if one.key == key:
                return one
        return None

    def put(self, key: Key, support: Support | None) -> Support | None:
        """Take a post in its newest form, or none; what was known of it before."""
        name = named(key[-1], "=", f"{key[1]}/{key[2]}")
        one = self._of(key, name)
        before = one.support if one is not None else None
        if one is not None:
            if support is not None and before is not None and _is_found_alike(before, support):
                one.support = support
                return before
            self.drop(one, name)
        if support is not None:
            self._enter(key[-1], support, name)
        return before

    def _enter(self, topic: str, support: Support, name: Mark) -> None:
        said, published_at = support.sketch, support.published_at
        self.last = (self.last + 1) % (1 << SECOND_AT)
        second = min(max(0, int(published_at.timestamp())), LAST_SECOND)
        number = second << SECOND_AT | self.last
        sign = number | bits(said.pairs) << PAIRS_AT | bits(said.pieces) << PIECES_AT
        one = self.known[number] = Known(topic, support, sign)
        index = self.index
        for mark in (name, *marks(topic, support)):
            held = index.setdefault(mark, sign)
            if held is not sign:
                index[mark] = self._with(held, one)
        if said.tail:
            tails = self.tails.setdefault(support.source, {})
            for line in said.tail:
                ends = tails.get(line)
                if ends is None:
                    tails[line] = number
                elif isinstance(ends, list):
                    insort(ends, number)
                else:
                    tails[line] = sorted((ends, number))
        self.minutes.setdefault(minute_of(published_at), []).append(one)
        if self.latest is None or self.latest < published_at:
            self.latest = published_at

    def _with(self, held: Sign | list[Sign], one: Known) -> Sign | list[Sign]:
        """The posts of a mark with one more, in the order of their keys, each once."""
        signs = held if isinstance(held, list) else [held]
        sign = one.sign
        last = signs[-1]
        if last == sign:
            return held
        if (last & NUMBER) >> SECOND_AT < (sign & NUMBER) >> SECOND_AT:
            signs.append(sign)
        elif sign not in signs:
            signs.insert(self._place(signs, one), sign)
        return signs

    def _place(self, signs: list[Sign], one: Known) -> int:
        """Where a post belongs in a list."""
        return bisect_left(signs, one.key, key=lambda sign: self.known[sign & NUMBER].key)

    def drop(self, one: Known, name: Mark) -> None:
        """Take a known post out; `name` is what it is found by as itself."""
        sign = one.sign
        for mark in (name, *marks(one.topic, one.support)):
            held = self.index.get(mark)
            if isinstance(held, list):
                at = 0 if held[0] == sign else self._place(held, one)
                if held[at : at + 1] == [sign]:
                    del held[at]
                if len(held) == 1:
                    self.index[mark] = held[0]
            elif held == sign:
                del self.index[mark]
        del self.known[sign & NUMBER]
        self._drop_lines(one.support, sign & NUMBER)
        minute = minute_of(one.support.published_at)
        filed = self.minutes[minute]
        if filed[-1] is one:  # as when all of a minute is forgotten
            filed.pop()
        else:
            filed.remove(one)
        if not filed:
            del self.minutes[minute]

    def _drop_lines(self, support: Support, number: int) -> None:
        tails = self.tails.get(support.source, {})
        for line in support.sketch.tail:
            ends = tails[line]
            if isinstance(ends, list):
                del ends[bisect_left(ends, number)]
                if len(ends) == 1:
                    tails[line] = ends[0]
            else:
                del tails[line]
        if not tails:
            self.tails.pop(support.source, None)

    def by_name(self, topic: str, name: str) -> Iterator[Support]:
        """The posts of a topic that are SOURCE/ID, the earliest first."""
        for one in self.found(named(topic, "=", name)):
            post = one.support
            same = f"{post.source}/{post.id}".lower() == name.lower()
            if one.topic == topic and same and not post.withdrawn:
                yield post

    def pointing(self, topic: str, name: str) -> Iterator[Support]:
        """The posts of a topic that forward or link to SOURCE/ID, the earliest first."""
        for one in self.found(named(topic, ">", name)):
            names = (each.lower() for each in points_at(one.support))
            if one.topic == topic and name.lower() in names:
                yield one.support

    def found(self, mark: Mark) -> list[Known]:
        """The posts that are found by a mark, the earliest first."""
        return [one for one in self._found(mark) if one.sign & NUMBER >= self.first]

    def _found(self, mark: Mark) -> list[Known]:
        """The same with those that are forgotten."""
        held = self.index.get(mark)
        if held is None:
            return []
        return [self.known[one & NUMBER] for one in (held if isinstance(held, list) else (held,))]

    def near(self, topic: str, support: Support) -> list[Known]:
        """Posts by other sources that share some of the words that it is found by, maybe alike.

        Common words bring many that are not: how many words two posts can share at most tells
        nearly all of these apart at a glance.
        """
        index = self.index
        shared: list[Sign] = []
        for mark in said_by(topic, support):
            held = index.get(mark)
            if isinstance(held, list):
                shared += held if len(held) <= COMMON else self._earliest(held)
            elif held is not None:
                shared.append(held)
        if not shared:
            return []
        numbers = [one & NUMBER for one in _alike(shared, support.sketch)]
        found = [self.known[number] for number in numbers if number >= self.first]
        return [one for one in found if one.support.source != support.source]

    def _earliest(self, held: list[Sign]) -> list[Sign]:
        """What is looked at of posts that share a mark, more than COMMON with the forgotten."""
        start = bisect_left(held, self.first, key=_number)
        return held[start:] if len(held) - start <= COMMON else held[start : start + FIRST]


def _number(sign: Sign) -> int:
    return sign & NUMBER


def _alike(signs: list[Sign], said: Sketch) -> set[Sign]:
    """The signs of posts that have as many bits in common with a text as those that are like it."""
    pairs, pieces = bits(said.pairs), bits(said.pieces)
    by_pairs, by_pieces = pairs << PAIRS_AT, pieces << PIECES_AT
    of_pairs, of_pieces = least_shared(said.pairs, pairs), least_shared(said.pieces, pieces)
    if not pieces:
        return {one for one in signs if (one & by_pairs).bit_count() >= of_pairs}
    if not pairs:
        return {one for one in signs if (one & by_pieces).bit_count() >= of_pieces}
    return {
        one
        for one in signs
        if (
            (one & by_pairs).bit_count() >= of_pairs
            if one & ALL_PAIRS
            else (one & by_pieces).bit_count() >= of_pieces
        )
    }


def _is_found_alike(one: Support, other: Support) -> bool:
    """Whether two forms of a post are found by the same marks and lines."""
    return (
        one.sketch is other.sketch
        and one.origin == other.origin
        and one.cites == other.cites
        and one.withdrawn == other.withdrawn
    )


@lru_cache(maxsize=16384)
def _head(name: str) -> int:
    """28 bits of a name, above 32 others."""
    return (crc32(name.encode("utf-8", "replace")) & 0xFFFFFFF) << 32


class Footers:
    """The footers of one source, as a container."""

    def __init__(self, table: Table, source: str) -> None:
        self._ends = table.tails.get(source, {})
        self._first = table.first

    def __contains__(self, line: object) -> bool:
        ends = self._ends.get(line) if isinstance(line, int) else None
        if not isinstance(ends, list) or len(ends) < FOOTER_FROM:
            return False
        return ends[-FOOTER_FROM] >= self._first


_START = datetime(1970, 1, 1, tzinfo=UTC)


def minute_of(moment: datetime) -> int:
    """Minutes since 1970; twice as fast as by way of its timestamp."""
    passed = moment - _START
    return passed.days * 1440 + passed.seconds // 60


def first_of(minute: int) -> int:
    """What no post has a lower number than that was published in a minute or later."""
    return min(max(0, minute * 60), LAST_SECOND) << SECOND_AT


def marks(topic: str, support: Support) -> tuple[Mark, ...]:
    """By what a post is found besides its name; what was withdrawn is not repeated."""
    if support.withdrawn:
        return ()
    pointed = points_at(support)
    if not pointed:
        return said_by(topic, support)
    return *said_by(topic, support), *(named(topic, ">", name) for name in pointed)


def named(topic: str, kind: str, name: str) -> Mark:
    """What SOURCE/ID is found by: as itself (`=`), or as what it points at (`>`)."""
    return _head(topic) | crc32(f"{kind}{name.lower()}".encode("utf-8", "replace"))


def said_by(topic: str, support: Support) -> tuple[Mark, ...]:
    """What its words are found by."""
    return _said_by(topic, support.sketch.pairs, support.sketch.pieces)


@lru_cache(maxsize=256)
def _said_by(topic: str, pairs: bytes, pieces: bytes) -> tuple[Mark, ...]:
    """Remembered for a moment: a post is looked for, then put."""
    head = _head(topic)
    return tuple([head | key for key in keys(pairs, pieces)])


def points_at(support: Support) -> tuple[str, ...]:
    """SOURCE/ID of what a post forwards or links to."""
    return (support.origin, *support.cites) if support.origin else support.cites
