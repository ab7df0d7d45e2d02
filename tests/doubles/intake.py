"""Doubles that sources are run against: a store in memory, a board, a clock that is moved."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from monitor.post import Post, Received
from monitor.source import Arrival, SourceHealth


class StoreDownError(Exception):
    """The commit failed."""


class Ledger:
    """An Intake in memory: what was committed, and failures on demand.

    `fail` is asked before each commit; a true answer refuses it. `before` runs inside each commit.
    """

    def __init__(self, fail: Callable[[], bool] = lambda: False) -> None:
        self.arrivals: list[Arrival] = []
        self.cursors: dict[str, str] = {}
        self.refused = 0
        self.times: list[int] = []
        self.changed = asyncio.Event()
        self.refusing = asyncio.Event()
        self._fail = fail

    async def deliver(self, arrival: Arrival) -> None:
        """Commit at once, after giving others a turn as a real commit does."""
        await asyncio.sleep(0)
        if self._fail():
            self.refused += 1
            self.refusing.set()
            raise StoreDownError
        self.arrivals.append(arrival)
        self.cursors.update(arrival.cursors)
        self.changed.set()

    def cursor(self, name: str) -> str | None:
        """The committed cursor."""
        return self.cursors.get(name)

    def received(self) -> list[Received]:
        """Everything committed, in order."""
        return [received for arrival in self.arrivals for received in arrival.posts]

    def posts(self) -> list[Post]:
        """The committed posts, in order."""
        return [received.post for received in self.received()]

    def kinds(self) -> list[tuple[str, str]]:
        """(kind, id) of the committed posts, in order."""
        return [(post.kind, post.id) for post in self.posts()]


class Board:
    """A HealthBoard that remembers."""

    def __init__(self) -> None:
        self.last: dict[str, SourceHealth] = {}
        self.states: dict[str, list[str]] = {}
        self.account: list[str] = []

    def source(self, health: SourceHealth) -> None:
        """Remember the newest and the sequence of different states."""
        self.last[health.source] = health
        states = self.states.setdefault(health.source, [])
        if not states or states[-1] != health.state:
            states.append(health.state)

    def forget(self, source: str) -> None:
        """It is watched no more."""
        self.last.pop(source, None)

    def well(self) -> None:
        """An account is connected."""
        self.account.append("well")

    def unreachable(self, reason: str) -> None:
        """An account has no connection."""
        del reason
        self.account.append("unreachable")

    def flooded(self, reason: str, until: datetime) -> None:
        """An account has to wait."""
        del reason, until
        self.account.append("flooded")


class ManualClock:
    """A clock that stands still but for sleep, which returns at once."""

    def __init__(self, now: datetime = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)) -> None:
        self._now = now
        self._elapsed = 0.0
        self.on_sleep: Callable[[], None] = lambda: None
        self.slept: list[float] = []

    def now(self) -> datetime:
        """The time it was moved to."""
        return self._now

    def monotonic(self) -> float:
        """Seconds it was moved by."""
        return self._elapsed

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += timedelta(seconds=seconds)
        self._elapsed += seconds

    async def sleep(self, seconds: float) -> None:
        """Let that time pass at once."""
        self.on_sleep()
        self.slept.append(seconds)
        await asyncio.sleep(0)
        self.advance(max(seconds, 0.0))
