"""Which posts only repeat another one: forwards, links to it, copies and near-copies.

`Repeats` is a value that follows from the supports of the last two days (and a floor, persisted,
below which everything is forgotten): a restart knows the same. A post is an echo if any post of the
same topic by another source that was published before says the same; the earliest known is the
origin. So it does not matter in which order they arrive.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from operator import attrgetter

from monitor.correlation.history import take_over
from monitor.correlation.known import (
    Footers,
    Key,
    Table,
    first_of,
    minute_of,
    named,
    points_at,
)
from monitor.incident import Sketch, Support
from monitor.post import Post
from monitor.text.sketch import is_copy, is_short, sketch

WINDOW = timedelta(hours=48)
"""So long is a post known for its copies."""

MOST_POSTS = 100_000
"""So many posts are known at most; the oldest minutes go first."""

FEW = 8
"""So many of the forgotten are taken out of the table at a time, and more if many wait."""

SHORT_WITHIN = timedelta(hours=1)
"""Short texts that are the same later than this are said again."""

MOST_CITED = 4
_key = attrgetter("key")
_ADDRESS = re.compile(r"(?:t|telegram)\.me/(?:s/)?([A-Za-z]\w{2,31})/(\d{1,12})\b")


class Repeats:
    """What is known of the posts of one realm that matched; none is older than `floor`, a minute.

    A value: what is put makes a new one, the old one stays as it was. Of one history only one holds
    the table (monitor/correlation/history.py). Of the posts below the floor so many are `waiting`
    to be taken out of the table, none of them older than the minute `oldest`: whoever asks does not
    find them. `len` is how many are known.
    """

    __slots__ = ("change", "first", "floor", "held", "newer", "oldest", "waiting")

    def __init__(self, *, floor: int = 0) -> None:
        self.floor = self.oldest = floor
        self.first = first_of(floor)
        self.waiting = 0
        self.held: Table | None = Table()
        self.change: tuple[Key, Support | None] | None = None
        self.newer: Repeats | None = None

    @property
    def table(self) -> Table:
        """The table as it is in this value; it is only valid until another value is asked."""
        if self.held is None:
            take_over(self)
        if self.held is None:
            raise AssertionError("some value of each history holds the table")
        self.held.first = self.first
        return self.held

    def __len__(self) -> int:
        return len(self.table.known) - self.waiting

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
        """With a post that is not forgotten in its newest form, or without it."""
        table = self.table
        after = self._followed(table)
        self.change = (key, table.put(key, support))
        return after

    def relieved(self, minute: int) -> Repeats:
        """One of the posts of a minute below the floor, the oldest there is, is taken out."""
        table = self.table
        one = table.minutes[minute][0]
        support = one.support
        table.drop(one, named(one.topic, "=", f"{support.source}/{support.id}"))
        after = self._followed(table)
        after.oldest, after.waiting = minute, self.waiting - 1
        self.change = (one.key, support)
        return after

    def since(self, floor: int) -> Repeats:
        """With another floor: what is below it is forgotten, and waits to be taken out."""
        minutes = self.table.minutes
        passed: Iterable[int] = range(self.floor, floor)
        if len(minutes) < floor - self.floor:
            passed = [one for one in minutes if self.floor <= one < floor]
        after = self._followed(self.table)
        after.floor, after.first = floor, first_of(floor)
        after.oldest = self.oldest if self.waiting else min(self.floor, floor)
        after.waiting += sum([len(minutes[one]) for one in passed if one in minutes])
        return after

    def _followed(self, table: Table) -> Repeats:
        """Another value that holds the table, as this one else."""
        after = Repeats.__new__(Repeats)
        after.floor, after.first = self.floor, self.first
        after.oldest, after.waiting = self.oldest, self.waiting
        after.held, after.change, after.newer = table, None, None
        self.held, self.change, self.newer = None, None, after
        return after


def sketched(repeats: Repeats, post: Post) -> Sketch:
    """The sketch of a post, without the footers that its channel is known for."""
    return sketch(post.text, Footers(repeats.table, post.source))


def cited(post: Post) -> tuple[str, ...]:
    """SOURCE/ID of the other channels' posts that a post links to, in lower case."""
    text = post.text if ".me/" in post.text else ""
    if not text and not post.links:
        return ()
    found = _ADDRESS.findall("\n".join((text, *post.links)).lower())
    own = post.source.lower()
    names = (f"telegram:{name}/{number}" for name, number in found)
    return tuple(dict.fromkeys(one for one in names if not one.startswith(f"{own}/")))[:MOST_CITED]


def forgetting(repeats: Repeats, now: datetime) -> Repeats:
    """Without what is too old, or too much, at a time.

    Whole minutes are forgotten at once, however many posts they have: only the floor rises. To take
    one out of the table costs 20 us, so that is done by and by.
    """
    floor = minute_of(now - WINDOW)
    if floor > repeats.floor:
        repeats = repeats.since(floor)
    while len(repeats) > MOST_POSTS:
        repeats = repeats.since(_filed(repeats, repeats.floor) + 1)
    return _relieved(repeats, FEW + repeats.waiting // 1000) if repeats.waiting else repeats


def _relieved(repeats: Repeats, most: int) -> Repeats:
    """Without so many of the forgotten posts in its table, the oldest first."""
    for _ in range(min(most, repeats.waiting)):
        repeats = repeats.relieved(_filed(repeats, repeats.oldest))
    return repeats


def _filed(repeats: Repeats, start: int) -> int:
    """The first minute from this one on that has posts; there is one."""
    minutes = repeats.table.minutes
    for minute in range(start, start + len(minutes)):
        if minute in minutes:  # nearly always the first
            return minute
    return min(one for one in minutes if one >= start)


def reopened(repeats: Repeats) -> Repeats:
    """With everything that may yet be put; what is forgotten stays so."""
    return _relieved(repeats, repeats.waiting).since(0)


def without(repeats: Repeats, topic: str, support: Support) -> Repeats:
    """Without a post's part in an incident, whatever its newest form."""
    key = (*order(support), support.incident, topic)
    if minute_of(support.published_at) < repeats.floor or repeats.table.of(key) is None:
        return repeats
    return repeats.changed(key, None)


def put(repeats: Repeats, topic: str, support: Support) -> Repeats:
    """With a post in its newest form."""
    if minute_of(support.published_at) < repeats.floor:
        return repeats
    return repeats.changed((*order(support), support.incident, topic), support)


def origin_of(repeats: Repeats, topic: str, support: Support) -> Support | None:
    """The earliest known post that this one repeats, or None."""
    found = list(_pointed(repeats, topic, support)) if points_at(support) else []
    near = repeats.table.near(topic, support)
    if near:
        place = order(support)
        earlier = sorted([one for one in near if one.place < place], key=_key)
        found += islice((one.support for one in earlier if _is_repeat(one.support, support)), 1)
    return min(found, key=order) if found else None


def followers(repeats: Repeats, topic: str, support: Support) -> tuple[Support, ...]:
    """The known posts that turn out to repeat this one, published before them, echoes or not."""
    place, table = order(support), repeats.table
    later = list(table.pointing(topic, f"{support.source}/{support.id}"))
    if support.origin:
        later += [one for one in _forwards(repeats, topic, support) if order(one) > place]
    if table.latest is not None and support.published_at <= table.latest:
        after = [one for one in table.near(topic, support) if one.place > place]
        later += [one.support for one in after if _is_repeat(one.support, support)]
    if not later:
        return ()
    found = {order(one): one for one in later if _other(one, support)}
    return tuple(found[place] for place in sorted(found))


def _pointed(repeats: Repeats, topic: str, support: Support) -> Iterator[Support]:
    """What it forwards or links to, and earlier forwards of the same post."""
    table = repeats.table
    for name in points_at(support):
        yield from (one for one in table.by_name(topic, name) if _other(one, support))
    if support.origin:
        for earlier in _forwards(repeats, topic, support):
            if order(earlier) < order(support):
                yield earlier


def _forwards(repeats: Repeats, topic: str, support: Support) -> Iterator[Support]:
    """Other forwards of the post that this one forwards."""
    for one in repeats.table.pointing(topic, support.origin or ""):
        if one.origin == support.origin and _other(one, support):
            yield one


def _is_repeat(one: Support, other: Support) -> bool:
    if one.place != other.place and one.place and other.place:
        return False  # the same words of another place, however it is written
    apart = abs(one.published_at - other.published_at)
    if is_short(one.sketch, other.sketch) and apart > SHORT_WITHIN:
        return False
    return apart <= WINDOW and is_copy(one.sketch, other.sketch)


def _other(one: Support, support: Support) -> bool:
    return (one.source, one.id) != (support.source, support.id)


def order(support: Support) -> tuple[datetime, str, str]:
    """The order in which posts are told: by time of publishing, then by name."""
    return support.published_at, support.source, support.id
