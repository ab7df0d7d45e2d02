"""The collectors' door: what has queued is committed together.

Collectors await `deliver`; it returns when their posts and cursors are stored. Posts that come one
by one are committed at once. While they come in a stream, those that no rule holds for wait a
breath for each other, so that the disk is mostly free when one comes that somebody waits for: that
one is committed at once, and overtakes the posts of other sources. If a commit fails
(a full disk), the error goes to the collectors, who hand over again; a post that breaks its batch
is found by handing the posts over one by one, and quarantined.
"""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import NamedTuple

import structlog

from monitor.alert import Alert
from monitor.clock import Clock
from monitor.pipeline import Pipeline
from monitor.post import Received
from monitor.source import Arrival
from monitor.store.database import Database
from monitor.store.trouble import DiskFullError, StateError
from monitor.store.writer import Writer

log = structlog.get_logger(__name__)

MAX_POSTS = 2000
"""A batch's size: bounds the memory and the time before the first of it is visible."""

BREATH = 0.01
"""Seconds that a post waits which no rule holds for, while others come beside it."""

AFTER_ALERTS = 0.003
"""Seconds that those posts wait more when alerts were just stored: first these are sent."""

ENOUGH = 250
"""So many posts queued are worth a commit of their own."""

LOOKED_AT = 4
"""Posts of an arrival that are looked at when it comes; a larger one does not wait anyway."""

IDLE_SECONDS = 20.0
"""How often time passes for the incidents when no post comes."""


class Waiting(NamedTuple):
    """An arrival in the queue: who waits for it, since when (loop time), and whether it hurries."""

    arrival: Arrival
    done: asyncio.Future[None]
    since: float
    hurries: bool


class Gate:
    """The one Intake: queues arrivals, runs the pipeline in the writer's thread."""

    def __init__(
        self,
        pipeline: Pipeline,
        writer: Writer,
        clock: Clock,
        *,
        cursors: dict[str, str],
        committed: Callable[[Sequence[Alert]], None],
    ) -> None:
        self._pipeline = pipeline
        self._writer = writer
        self._clock = clock
        self._cursors = cursors
        self._committed = committed
        self._queue: list[Waiting] = []
        self._queued = 0
        self._wake = asyncio.Event()
        self._hurry = asyncio.Event()
        self._streaming = False
        self._sending = 0.0
        self._idle = asyncio.Event()
        self._idle.set()
        self.posts = 0
        self.disk_full = asyncio.Event()
        """Set when a batch found no room: time to let old posts expire."""

    def cursor(self, name: str) -> str | None:
        """The last committed value of a cursor."""
        return self._cursors.get(name)

    async def deliver(self, arrival: Arrival) -> None:
        """Queue an arrival and wait until it is committed."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        hurries = self._hurries(arrival)
        self._queue.append(Waiting(arrival, done, loop.time(), hurries))
        self._queued += len(arrival.posts)
        if hurries or self._queued >= ENOUGH:
            self._hurry.set()
        self._wake.set()
        await done

    def _hurries(self, arrival: Arrival) -> bool:
        """Whether to commit at once: somebody may be waiting for it, or it is a batch by itself."""
        posts = arrival.posts
        return len(posts) > LOOKED_AT or any(self._pipeline.may_ring(one) for one in posts)

    async def drained(self) -> None:
        """Wait until everything handed over so far is committed."""
        while self._queue or not self._idle.is_set():
            self._hurry.set()
            await self._idle.wait()
            await asyncio.sleep(0)

    async def run(self) -> None:
        """Commit what queues, for ever."""
        while True:
            try:
                async with asyncio.timeout(IDLE_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            self._idle.clear()
            try:
                await self._breathe()
                await self._commit(self._take())
            finally:
                self._idle.set()
            self._streaming = bool(self._queue)  # others came meanwhile: no lone source that waits
            if self._queue:
                self._wake.set()

    async def _breathe(self) -> None:
        """Leave the disk free for whoever hurries."""
        if self._streaming and self._queue and not self._hurry.is_set():
            with contextlib.suppress(TimeoutError):
                until = max(self._queue[0].since + BREATH, self._sending)
                async with asyncio.timeout_at(until):
                    await self._hurry.wait()

    def _take(self) -> list[Waiting]:
        if self._queued < ENOUGH and any(one.hurries for one in self._queue):
            taken, self._queue = overtaking(self._queue)
        else:
            taken, posts = [], 0
            while self._queue and (
                not taken or posts + len(self._queue[0].arrival.posts) <= MAX_POSTS
            ):
                taken.append(self._queue.pop(0))
                posts += len(taken[-1].arrival.posts)
        self._queued -= sum(len(one.arrival.posts) for one in taken)
        if self._queued < ENOUGH and not any(one.hurries for one in self._queue):
            self._hurry.clear()
        return taken

    async def _commit(self, taken: list[Waiting]) -> None:
        arrivals = [one.arrival for one in taken]
        try:
            await self._process(arrivals)
        except Exception as error:  # noqa: BLE001 - it belongs to those who wait for it
            if isinstance(error, DiskFullError):
                self.disk_full.set()
            if not taken:
                log.warning("timers_failed", error=str(error))
            for one in taken:
                if not one.done.done():
                    one.done.set_exception(error)
            return
        for arrival, done, *_ in taken:
            self._cursors.update(arrival.cursors)
            self.posts += len(arrival.posts)
            if not done.done():
                done.set_result(None)

    async def _process(self, arrivals: Sequence[Arrival]) -> None:
        now = self._clock.now()
        try:
            await self._through(arrivals, now)
        except (StateError, OSError):
            raise
        except Exception as error:
            log.exception("batch_failed", error=str(error), arrivals=len(arrivals))
            await self._one_by_one(arrivals, now)

    async def _through(
        self, arrivals: Sequence[Arrival], now: datetime, suspects: Collection[Received] = ()
    ) -> None:
        """All the way through the pipeline, in the writer's thread.

        The sinks hear of alerts from there as soon as these are stored, before those who wait for
        their posts.
        """
        loop = asyncio.get_running_loop()

        def work(db: Database) -> None:
            alerts = self._pipeline.process(db, arrivals, now, suspects=suspects)
            if alerts:
                loop.call_soon_threadsafe(self._stored, alerts)

        await self._writer.do(work)

    def _stored(self, alerts: Sequence[Alert]) -> None:
        """Let the sinks know; the writer leaves the interpreter to them for a moment."""
        self._committed(alerts)
        self._sending = asyncio.get_running_loop().time() + AFTER_ALERTS

    async def _one_by_one(self, arrivals: Sequence[Arrival], now: datetime) -> None:
        """Find the post that breaks the batch: alone it breaks again, and is quarantined."""
        for arrival in arrivals:
            for received in arrival.posts:
                await self._alone(received, now)
            await self._through([Arrival(cursors=arrival.cursors)], now)

    async def _alone(self, received: Received, now: datetime) -> None:
        arrival = Arrival(posts=(received,))
        try:
            await self._through([arrival], now)
        except (StateError, OSError):
            raise
        except Exception as error:  # noqa: BLE001 - this is the post that broke the batch
            log.warning("post_quarantined", source=received.post.source, error=str(error))
            await self._through([arrival], now, suspects=arrival.posts)


def overtaking(queue: Sequence[Waiting]) -> tuple[list[Waiting], list[Waiting]]:
    """Those that hurry with what must not come after them, and the rest; both in their order.

    What shares a source or a cursor with them and came before goes before.
    """
    ahead, rest = [], []
    theirs: set[str] = set()
    for one in reversed(queue):
        names = {post.post.source for post in one.arrival.posts} | one.arrival.cursors.keys()
        if one.hurries or not theirs.isdisjoint(names):
            theirs |= names
            ahead.append(one)
        else:
            rest.append(one)
    return ahead[::-1], rest[::-1]
