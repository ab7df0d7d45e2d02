"""The collectors' door: what has queued is committed together, never waiting for more.

Collectors await `deliver`; it returns when their posts and cursors are stored. If a commit fails
(a full disk), the error goes to the collectors, who hand over again; a post that breaks its batch
is found by handing the posts over one by one, and quarantined.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from monitor.clock import Clock
from monitor.pipeline import Pipeline
from monitor.post import Received
from monitor.source import Arrival
from monitor.store.trouble import DiskFullError, StateError
from monitor.store.writer import Writer

log = structlog.get_logger(__name__)

MAX_POSTS = 2000
"""A batch's size: bounds the memory and the time before the first of it is visible."""

IDLE_SECONDS = 20.0
"""How often time passes for the incidents when no post comes."""


class Gate:
    """The one Intake: queues arrivals, runs the pipeline in the writer's thread."""

    def __init__(
        self,
        pipeline: Pipeline,
        writer: Writer,
        clock: Clock,
        *,
        cursors: dict[str, str],
        committed: Callable[[int], None],
    ) -> None:
        self._pipeline = pipeline
        self._writer = writer
        self._clock = clock
        self._cursors = cursors
        self._committed = committed
        self._queue: list[tuple[Arrival, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()
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
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((arrival, done))
        self._wake.set()
        await done

    async def drained(self) -> None:
        """Wait until everything handed over so far is committed."""
        while self._queue or not self._idle.is_set():
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
                await self._commit(self._take())
            finally:
                self._idle.set()
            if self._queue:
                self._wake.set()

    def _take(self) -> list[tuple[Arrival, asyncio.Future[None]]]:
        taken: list[tuple[Arrival, asyncio.Future[None]]] = []
        posts = 0
        while self._queue and (not taken or posts + len(self._queue[0][0].posts) <= MAX_POSTS):
            taken.append(self._queue.pop(0))
            posts += len(taken[-1][0].posts)
        return taken

    async def _commit(self, taken: list[tuple[Arrival, asyncio.Future[None]]]) -> None:
        arrivals = [arrival for arrival, _ in taken]
        try:
            await self._process(arrivals)
        except Exception as error:  # noqa: BLE001 - it belongs to those who wait for it
            if isinstance(error, DiskFullError):
                self.disk_full.set()
            if not taken:
                log.warning("timers_failed", error=str(error))
            for _, done in taken:
                if not done.done():
                    done.set_exception(error)
            return
        for arrival, done in taken:
            self._cursors.update(arrival.cursors)
            self.posts += len(arrival.posts)
            if not done.done():
                done.set_result(None)

    async def _process(self, arrivals: Sequence[Arrival]) -> None:
        now = self._clock.now()
        try:
            alerts = await self._writer.do(self._pipeline.process, arrivals, now)
        except (StateError, OSError):
            raise
        except Exception as error:
            log.exception("batch_failed", error=str(error), arrivals=len(arrivals))
            await self._one_by_one(arrivals, now)
            return
        if alerts:
            self._committed(alerts[-1].sequence)

    async def _one_by_one(self, arrivals: Sequence[Arrival], now: datetime) -> None:
        """Find the post that breaks the batch: alone it breaks again, and is quarantined."""
        for arrival in arrivals:
            for received in arrival.posts:
                await self._alone(received, now)
            await self._writer.do(self._pipeline.process, [Arrival(cursors=arrival.cursors)], now)

    async def _alone(self, received: Received, now: datetime) -> None:
        arrival = Arrival(posts=(received,))
        try:
            alerts = await self._writer.do(self._pipeline.process, [arrival], now)
        except (StateError, OSError):
            raise
        except Exception as error:  # noqa: BLE001 - this is the post that broke the batch
            log.warning("post_quarantined", source=received.post.source, error=str(error))
            alerts = await self._writer.do(
                self._pipeline.process, [arrival], now, suspects=arrival.posts
            )
        if alerts:
            self._committed(alerts[-1].sequence)
