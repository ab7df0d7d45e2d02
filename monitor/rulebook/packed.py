"""Many values of which few are asked for: they travel as bytes, and become objects one by one.

A rulebook of ten thousand rules is half a million small objects. Posts come near some hundreds of
the rules; the rest need never be made where rules are only judged by.
"""

import pickle
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar, overload

from monitor.rule import Rule

T = TypeVar("T")
BLOCK = 16
"""So many neighbours travel together: what they share is written once."""


class Packed(Sequence[T]):
    """Values in order. What was unpickled makes those that are asked for, and keeps them."""

    def __init__(self, values: Iterable[T]) -> None:
        self._made: dict[int, T] = dict(enumerate(values))
        self._starts = array("Q")
        self._bytes = b""
        self._count = len(self._made)

    def __getstate__(self) -> tuple[int, "array[int]", bytes]:
        """Everything as bytes."""
        if self._starts:
            return self._count, self._starts, self._bytes
        starts, parts, values = array("Q", [0]), [], tuple(self._made.values())
        for at in range(0, self._count, BLOCK):
            parts.append(pickle.dumps(values[at : at + BLOCK], pickle.HIGHEST_PROTOCOL))
            starts.append(starts[-1] + len(parts[-1]))
        return self._count, starts, b"".join(parts)

    def __setstate__(self, state: tuple[int, "array[int]", bytes]) -> None:
        """Nothing is made yet."""
        self._count, self._starts, self._bytes = state
        self._made = {}

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[T]: ...
    def __getitem__(self, at: int | slice) -> T | Sequence[T]:
        """One value, or several."""
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(self._count))]
        found = self._made.get(at)
        if found is None:
            found = self._made[at] = self.once(at)
        return found

    def once(self, at: int) -> T:
        """One value that is not asked for again: what must be made for it is not kept."""
        if not 0 <= at < self._count:
            raise IndexError(at)
        if at in self._made:
            return self._made[at]
        return self._unpacked(at // BLOCK)[at % BLOCK]

    def __iter__(self) -> Iterator[T]:
        """All of them; those that had to be made for this are not kept."""
        if not self._starts:
            yield from self._made.values()
        for block in range(len(self._starts) - 1):
            yield from self._unpacked(block)

    def _unpacked(self, block: int) -> Sequence[T]:
        made: Sequence[T] = pickle.loads(  # noqa: S301 - a part of what this was unpickled from
            self._bytes[self._starts[block] : self._starts[block + 1]]
        )
        return made


class Shelf(Sequence[Rule]):
    """Rules in the order of their ids."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        in_order = sorted(rules, key=lambda rule: rule.id)
        self.ids = tuple(rule.id for rule in in_order)
        self._rules: Sequence[Rule] = Packed(in_order)

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, at: int) -> Rule: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Rule]: ...
    def __getitem__(self, at: int | slice) -> Rule | Sequence[Rule]:
        """One rule, or several."""
        return self._rules[at]

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._rules)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(self.ids)

    def with_others(self, hidden: frozenset[str], others: "Shelf") -> "Shelf":
        """These without the hidden ones, and the others among them.

        Few differ of many, and the event loop waits: only those that do are looked at.
        """
        ids, order = list(self.ids), array("l", range(len(self.ids)))
        for one in hidden:
            at = bisect_left(ids, one)
            if ids[at : at + 1] == [one]:
                del ids[at], order[at]
        for number, one in enumerate(others.ids):
            at = bisect_left(ids, one)
            ids.insert(at, one)
            order.insert(at, len(self.ids) + number)
        mixed = object.__new__(Shelf)
        mixed.ids = tuple(ids)
        mixed._rules = _Mixed(self, others, order)
        return mixed


class _Mixed(Sequence[Rule]):
    """The rules of two shelves: a number beyond the first one's is the second one's."""

    def __init__(self, first: Shelf, second: Shelf, order: "array[int]") -> None:
        self._first, self._second, self._order = first, second, order

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, at: int) -> Rule: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Rule]: ...
    def __getitem__(self, at: int | slice) -> Rule | Sequence[Rule]:
        """One rule, or several."""
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self._order)))]
        number, count = self._order[at], len(self._first)
        return self._first[number] if number < count else self._second[number - count]
