"""A map as a value, for what changes with every post: putting something makes a new map.

As fast as a dict for whoever goes forward, and going back (a batch that could not be committed)
costs what has been done since. A persistent trie costs ten times a dict at every look.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import Any, Generic, TypeVar, overload

from monitor.correlation.history import take_over

K = TypeVar("K")
V = TypeVar("V")
D = TypeVar("D")

_bare = object.__new__
_GONE: Any = object()
"""Stands for the value of a key that is not there."""


class Kept(Generic[K, V]):
    """A map that is never changed; what is put or taken out makes a new one.

    Of one history only one holds the dict (monitor/correlation/history.py). So the maps of one
    history belong to one thread, and none is changed while another is iterated.
    """

    __slots__ = ("_key", "_table", "_value", "newer")

    def __init__(self, table: dict[K, V] | None = None) -> None:
        """Takes the dict over."""
        self._table: dict[K, V] | None = {} if table is None else table
        self.newer: Kept[K, V] | None = None
        self._key: Any = None
        self._value: Any = None

    def _held(self) -> dict[K, V]:
        """The dict, as it is in this map; it is only valid until another map is asked."""
        if self._table is None:
            take_over(self)
        if self._table is None:
            raise AssertionError("some map of each history holds the dict")
        return self._table

    def take_from(self, newer: Kept[K, V]) -> None:
        """Take the dict from the neighbour that this map's change leads back from."""
        table, key, value = newer._table, self._key, self._value
        if table is None:
            raise AssertionError("the neighbour holds the dict")
        newer._key, newer._value = key, table.get(key, _GONE)
        newer._table, newer.newer = None, self
        if value is _GONE:
            table.pop(key, None)
        else:
            table[key] = value
        self._table, self.newer, self._key, self._value = table, None, None, None

    def insert(self, key: K, value: V) -> Kept[K, V]:
        """With a value for a key."""
        table = self._table if self._table is not None else self._held()
        self._key, self._value = key, table.get(key, _GONE)
        table[key] = value
        after: Kept[K, V] = _bare(Kept)  # as `_followed` does, without its two calls
        after._table, after.newer = table, None
        self._table, self.newer = None, after
        return after

    def discard(self, key: K) -> Kept[K, V]:
        """Without a key, whether it is there or not."""
        table = self._held()
        if key not in table:
            return self
        self._key, self._value = key, table.pop(key)
        return self._followed(table)

    def _followed(self, table: dict[K, V]) -> Kept[K, V]:
        after = Kept(table)
        self._table, self.newer = None, after
        return after

    @overload
    def get(self, key: K) -> V | None: ...
    @overload
    def get(self, key: K, default: D) -> V | D: ...
    def get(self, key: K, default: Any = None) -> Any:
        """The value of a key, or what is given instead."""
        table = self._table
        return (table if table is not None else self._held()).get(key, default)

    def __getitem__(self, key: K) -> V:
        table = self._table
        return (table if table is not None else self._held())[key]

    def __contains__(self, key: object) -> bool:
        table = self._table
        return key in (table if table is not None else self._held())

    def __len__(self) -> int:
        return len(self._held())

    def __iter__(self) -> Iterator[K]:
        return iter(self._held())

    def keys(self) -> KeysView[K]:
        """Every key, in no order."""
        return self._held().keys()

    def values(self) -> ValuesView[V]:
        """Every value, in no order."""
        return self._held().values()

    def items(self) -> ItemsView[K, V]:
        """Every key with its value, in no order."""
        return self._held().items()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Kept):
            return dict(self._held()) == dict(other._held())
        return isinstance(other, Mapping) and self._held() == other

    __hash__ = None  # type: ignore[assignment]  # as dicts have none

    def __repr__(self) -> str:
        return f"Kept({self._held()!r})"
