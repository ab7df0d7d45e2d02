"""The clues of a realm, found by group and by post, as a value: what is put makes a new one.

As `Kept` is for a map: a group of a thousand clues is not copied for one more.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from datetime import UTC, datetime
from operator import attrgetter

from monitor.correlation.history import take_over
from monitor.watch import Clue, in_order

PostKey = tuple[str, str]

_at = attrgetter("at")
_bare = object.__new__


_START = datetime(1970, 1, 1, tzinfo=UTC)


def hour(moment: datetime) -> int:
    """Hours since 1970; twice as fast as by way of its timestamp."""
    passed = moment - _START
    return passed.days * 24 + passed.seconds // 3600


class Table:
    """What is noted, in dicts that are changed in place; `Noted` makes values of it.

    `groups` has the clues by `Clue.file`, in order of time; `posts` those of each post; `ends` the
    groups by the hour in which some of their clues are forgotten (others may be there too).
    """

    __slots__ = ("ends", "groups", "posts", "size")

    def __init__(self, clues: Iterable[Clue] = ()) -> None:
        self.groups: dict[str, list[Clue]] = {}
        self.posts: dict[PostKey, tuple[Clue, ...]] = {}
        self.ends: dict[int, set[str]] = {}
        self.size = 0
        for clue in clues:
            self.put(clue.file, hour(clue.until), clue)

    def put(self, file: str, ended: int, clue: Clue) -> tuple[Clue, ...]:
        """Note a clue, to be forgotten with an hour; what its post was noted for before."""
        group = self.groups.get(file)
        if group is None:
            self.groups[file] = [clue]
        elif group[-1].at < clue.at:
            group.append(clue)
        else:
            group.insert(bisect_left(group, in_order(clue), key=in_order), clue)
        files = self.ends.get(ended)
        if files is None:
            self.ends[ended] = {file}
        else:
            files.add(file)
        self.size += 1
        post = (clue.source, clue.id)
        before = self.posts.get(post, ())
        self.posts[post] = (*before, clue)
        return before

    def drop(self, file: str, clue: Clue) -> tuple[Clue, ...]:
        """Forget a clue that is there (the same object); what its post was noted for before."""
        group = self.groups[file]
        if len(group) == 1:
            del self.groups[file]
        else:
            at = 0 if group[0] is clue else bisect_left(group, clue.at, key=_at)
            while group[at] is not clue:
                at += 1
            del group[at]
        self.size -= 1
        post = (clue.source, clue.id)
        before = self.posts[post]
        left = tuple([one for one in before if one is not clue])
        if left:
            self.posts[post] = left
        else:
            del self.posts[post]
        return before


class Noted:
    """Clues that are never changed; what is put or dropped makes a new value.

    Of one history only one value holds the table (monitor/correlation/history.py). A group that was
    asked for is only valid until something is put or another value is asked.
    """

    __slots__ = ("change", "held", "newer")

    def __init__(self, clues: Iterable[Clue] = ()) -> None:
        self.held: Table | None = Table(clues)
        self.newer: Noted | None = None
        self.change: tuple[str, Clue, bool, tuple[Clue, ...]] | None = None

    @property
    def table(self) -> Table:
        """The table as it is in this value."""
        if self.held is None:
            take_over(self)
        if self.held is None:
            raise AssertionError("some value of each history holds the table")
        return self.held

    def take_from(self, newer: Noted) -> None:
        """Take the table from the neighbour that this value's change leads back from."""
        table, change = newer.held, self.change
        if table is None or change is None:
            raise AssertionError("the neighbour holds the table, and this value the way back")
        file, clue, there, of_post = change
        before = table.put(file, hour(clue.until), clue) if there else table.drop(file, clue)
        post = (clue.source, clue.id)
        if of_post:
            table.posts[post] = of_post  # in the order in which they were noted
        newer.held, newer.newer, newer.change = None, self, (file, clue, not there, before)
        self.held, self.newer, self.change = table, None, None

    def put(self, file: str, ended: int, clue: Clue) -> Noted:
        """With a clue that is not there, to be forgotten with an hour."""
        table = self.held or self.table
        self.change = (file, clue, False, table.put(file, ended, clue))
        after: Noted = _bare(Noted)  # as `_of` does, without its calls
        after.held, after.newer, after.change = table, None, None
        self.held, self.newer = None, after
        return after

    def drop(self, file: str, clue: Clue) -> Noted:
        """Without a clue that is there (the same object)."""
        table = self.held or self.table
        self.change = (file, clue, True, table.drop(file, clue))
        self.held, self.newer = None, Noted._of(table)
        return self.newer

    @staticmethod
    def _of(table: Table) -> Noted:
        after = Noted.__new__(Noted)
        after.held, after.newer, after.change = table, None, None
        return after
