"""Which channel a post belongs to: the platform's numeric id decides, the name is an attribute.

A channel that was renamed keeps its posts. A name that now stands for another numeric id (a
hand-over) is a problem to be told, and the new owner's posts are kept apart from the old one's.
"""

import sqlite3
import zlib
from typing import NamedTuple

from monitor.store.seal import check, seal

PARTITIONS = 64
"""Work is divided into this many virtual partitions; fixed, for it stands on every post."""

Name = tuple[str, bool]
"""(source, exercise): recorded and real posts of one name have different channels."""


def _platform(source: str) -> str:
    return source.partition(":")[0]


class Reservations:
    """Numbers promised to channels that are not stored yet.

    They outlive a rollback: a batch that is committed at the second try still carries its numbers.
    """

    def __init__(self) -> None:
        self._given: dict[tuple[str, bool, int | None], int] = {}
        self._last = 0

    def number(self, key: tuple[str, bool, int | None], highest: int) -> int:
        """The channel's number, above `highest` and all given before; asked again, the same."""
        if key not in self._given:
            self._last = self._given[key] = max(self._last, highest) + 1
        return self._given[key]


class Address(NamedTuple):
    """Where a post belongs, and what is wrong with that (None = nothing)."""

    channel: int
    problem: str | None


class Channels:
    """The channels as committed, in memory."""

    def __init__(self, connection: sqlite3.Connection, reservations: Reservations) -> None:
        self._reservations = reservations
        self.native: dict[int, int | None] = {}
        self.partition: dict[int, int] = {}
        self.held: dict[Name, int] = {}
        self.by_native: dict[tuple[str, bool, int | None], int] = {}
        self._names: set[tuple[str, bool, int]] = set()
        self._names_of: dict[int, set[str]] = {}
        self._settled: set[tuple[str, bool, int, int | None]] = set()
        self.highest = 0
        for *fields, mark in connection.execute("SELECT * FROM channels ORDER BY channel"):
            check(mark, f"channel {fields[0]}", *fields)
            channel, platform, native, exercise, partition = fields
            self.highest = channel
            self.native[channel] = native
            self.partition[channel] = partition
            if native is not None:
                self.by_native.setdefault((platform, bool(exercise), native), channel)
        for *fields, mark in connection.execute("SELECT * FROM names"):
            check(mark, f"the name {fields[0]}", *fields)
            source, exercise, channel, holder = fields
            self._name((source, bool(exercise)), channel, holder=bool(holder))

    def _name(self, name: Name, channel: int, *, holder: bool) -> None:
        self._names.add((*name, channel))
        if holder:
            self.held[name] = channel
            self._names_of.setdefault(channel, set()).add(name[0])

    def reserve(self, source: str, exercise: bool, native: int | None) -> int:  # noqa: FBT001 - a key
        """The number that a new channel will get when one of its posts is committed."""
        return self._reservations.number((source, exercise, native), self.highest)

    def known(self, source: str, exercise: bool, native: int | None) -> int | None:  # noqa: FBT001 - a key
        """The committed channel that such a post belongs to; None if there is none yet."""
        holder = self.held.get((source, exercise))
        if holder is not None and (native is None or self.native[holder] in (None, native)):
            return holder
        return self.by_native.get((_platform(source), exercise, native))

    def names_of(self, channel: int) -> tuple[str, ...]:
        """Every name that stands or stood for the channel, sorted."""
        return tuple(sorted(self._names_of.get(channel, ())))

    def store(
        self,
        connection: sqlite3.Connection,
        name: Name,
        channel: int,
        native: int | None,
    ) -> None:
        """Write down what a post that is being committed says about its channel.

        Memory follows at once; whoever rolls back has to load the channels anew.
        """
        source, exercise = name
        if (source, exercise, channel, native) in self._settled:
            return
        platform = _platform(source)
        new = channel not in self.native
        learned = None
        if self.native.get(channel) is None and (platform, exercise, native) not in self.by_native:
            learned = native
        if new or learned is not None:
            partition = self.partition.get(channel, zlib.crc32(source.encode()) % PARTITIONS)
            row = (channel, platform, learned, int(exercise), partition)
            connection.execute(
                "INSERT INTO channels VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
                " SET native = excluded.native, seal = excluded.seal",
                (*row, seal(*row)),
            )
            self.native[channel] = learned
            self.partition[channel] = partition
            self.highest = max(self.highest, channel)
        if learned is not None:
            self.by_native[platform, exercise, learned] = channel
        if (source, exercise, channel) in self._names and name not in self.held:
            self._hold(connection, name, channel, holder=True)
        elif (source, exercise, channel) not in self._names:
            holder = name not in self.held
            entry = (source, int(exercise), channel, int(holder))
            connection.execute("INSERT INTO names VALUES (?, ?, ?, ?, ?)", (*entry, seal(*entry)))
            self._name(name, channel, holder=holder)
        self._settled.add((source, exercise, channel, native))

    def release(self, connection: sqlite3.Connection, name: Name) -> None:
        """Let go of a name that changed hands: the next channel whose posts come under it holds it.

        The former one keeps its posts, and that it once had the name.
        """
        holder = self.held.pop(name, None)
        if holder is not None:
            self._hold(connection, name, holder, holder=False)
            self._settled.clear()

    def _hold(
        self, connection: sqlite3.Connection, name: Name, channel: int, *, holder: bool
    ) -> None:
        """Write whether a channel that had the name has it now."""
        entry = (name[0], int(name[1]), channel, int(holder))
        connection.execute(
            "UPDATE names SET holder = ?, seal = ?"
            " WHERE source = ? AND exercise = ? AND channel = ?",
            (int(holder), seal(*entry), *entry[:3]),
        )
        if holder:
            self._name(name, channel, holder=True)


class Addresses:
    """One batch's view: what is committed, and what the batch's own posts have taught so far."""

    def __init__(self, channels: Channels) -> None:
        self._channels = channels
        self._held: dict[Name, int] = {}
        self._native: dict[int, int] = {}
        self._by_native: dict[tuple[str, bool, int | None], int] = {}
        self._known: dict[tuple[str, bool, int | None], Address] = {}
        self._taught: set[tuple[str, bool, int | None, int]] = set()

    def find(self, source: str, exercise: bool, native: int | None) -> Address:  # noqa: FBT001 - a key
        """The channel of a post that came under this name and numeric id."""
        key = (source, exercise, native)
        address = self._known.get(key)
        if address is None:
            address = self._known[key] = self._decide(source, exercise, native)
        return address

    def learn(self, source: str, exercise: bool, native: int | None, channel: int) -> None:  # noqa: FBT001 - a key
        """A post under this name was admitted into the channel."""
        taught = (source, exercise, native, channel)
        if taught in self._taught:
            return
        self._taught.add(taught)
        name = (source, exercise)
        news = False
        if name not in self._held and name not in self._channels.held:
            self._held[name] = channel
            news = True
        if native is not None and self._native_of(channel) is None:
            key = (_platform(source), exercise, native)
            if key not in self._by_native and key not in self._channels.by_native:
                self._by_native[key] = channel
                self._native[channel] = native
                news = True
        if news:
            self._known.clear()

    def _native_of(self, channel: int) -> int | None:
        return self._native.get(channel, self._channels.native.get(channel))

    def _decide(self, source: str, exercise: bool, native: int | None) -> Address:  # noqa: FBT001 - a key
        name = (source, exercise)
        holder = self._held.get(name, self._channels.held.get(name))
        if holder is not None:
            known = self._native_of(holder)
            if native is None or known is None or known == native:
                return Address(holder, None)
        other = None
        if native is not None:
            key = (_platform(source), exercise, native)
            other = self._by_native.get(key, self._channels.by_native.get(key))
        if other is None:
            other = self._channels.reserve(source, exercise, native)
        if holder is None:
            return Address(other, None)
        return Address(
            other,
            f"{source} now stands for channel {native}, before for {self._native_of(holder)}: "
            "the name was handed over",
        )
