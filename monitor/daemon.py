"""The daemon: everything is built here, in one straight line, and ends in reverse.

Stopping: sources first, then what has queued is committed, then the sinks may finish what they
have, within ten seconds in all. A second signal ends at once; nothing is lost by that either, only
told again.
"""

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import structlog

from monitor.batch import remembered
from monitor.clock import Clock
from monitor.control import Answer, serve
from monitor.health import Board
from monitor.intake import Gate
from monitor.matching.evaluate import Matcher
from monitor.parts import Around, build_sinks, build_sources
from monitor.pipeline import Pipeline
from monitor.settings import Settings
from monitor.sources.fetch import Fetch
from monitor.store.database import Database
from monitor.store.incidents import cursors
from monitor.store.outbox import Outbox
from monitor.store.retention import expire
from monitor.store.writer import Writer
from monitor.supervise import Part, Supervisor

log = structlog.get_logger(__name__)

DRAIN_POSTS = 3.0
DRAIN_SINKS = 4.0
"""Seconds given to commit what has queued, and to the sinks; with all the rest under 10."""

T = TypeVar("T")

EXPIRE_EVERY = timedelta(minutes=10).total_seconds()


class Daemon:
    """The running daemon: its parts, built and ready to run."""

    def __init__(self, settings: Settings, matcher: Matcher, clock: Clock, db: Database) -> None:
        self._settings = settings
        self._rulebook = rulebook = matcher.rulebook
        self._clock = clock
        rng = random.Random()  # noqa: S311 - jitter, no secret
        self._board = Board(clock)
        self._supervisor = Supervisor(clock, rng)
        memory = remembered(db)
        marks = cursors(db)
        self._writer = Writer(db)
        self._outbox = Outbox(self._writer)
        self._gate = Gate(
            Pipeline(matcher, memory),
            self._writer,
            clock,
            cursors=marks,
            committed=self._outbox.committed,
        )
        self._fetch = Fetch(
            clock,
            contact=settings.http.user_agent_contact,
            allow_private=settings.http.allow_private,
        )
        around = Around(rulebook.sources, clock, rng, self._board, self._fetch)
        self._sources = build_sources(settings, around)
        self._sinks, self._brokers = build_sinks(settings, around)

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set.

        Raises:
            VitalPartError: in an ExceptionGroup: the pipeline keeps failing.
        """
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(self._writer.aclose)
            stack.push_async_callback(self._outbox.aclose)
            await stack.enter_async_context(self._fetch)
            vital = self._start(
                Part("pipeline", self._gate.run, vital=True),
                Part("control", self._answer),
                Part("retention", self._expire),
            )
            brokers = self._start(*(Part(one.name, one.run) for one in self._brokers))
            for broker in self._brokers:
                await broker.listening()
            sinks = self._start(
                *(Part(one.name, _with(one.run, self._outbox)) for one in self._sinks)
            )
            sources = self._start(
                *(Part(one.name, _with(one.run, self._gate)) for one in self._sources)
            )
            log.info(
                "running",
                rules=len(self._rulebook.rules),
                sources=len(self._rulebook.sources),
                state=str(self._settings.state),
                hint="Ctrl-C stops",
            )
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({stopping, vital}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            log.info("stopping", hint="a second Ctrl-C stops at once")
            await _end(sources)
            await self._drain()
            await _end(sinks, brokers)
            failed = vital.done() and not vital.cancelled() and vital.exception()
            await _end(vital)
        log.info("stopped", posts=self._gate.posts)
        if failed:
            raise failed

    def _start(self, *parts: Part) -> "asyncio.Task[None]":
        return asyncio.create_task(self._supervisor.run(parts))

    async def _drain(self) -> None:
        """Commit what has queued, then let the sinks come as far as they can."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_POSTS):
                await self._gate.drained()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SINKS):
                while await self._behind():  # noqa: ASYNC110 - positions are rows, not events
                    await asyncio.sleep(0.05)

    async def _behind(self) -> bool:
        newest = await self._outbox.newest()
        for sink in self._sinks:
            known = await self._outbox.position(sink.name)
            if known is None or known[0] < newest:
                return True
        return False

    async def _expire(self) -> None:
        """Retention by age, in small slices between the posts."""
        while True:
            names = [sink.name for sink in self._sinks]
            gone = await self._writer.do(expire, self._clock.now(), self._settings.retention, names)
            if gone.total:
                log.info("expired", rows=gone.total)
            await self._clock.sleep(0.2 if gone.more else EXPIRE_EVERY)

    async def _answer(self) -> None:
        await serve(self._settings.state, {"status": self._status})

    def _status(self, _question: Answer) -> Answer:
        return {
            "pid": os.getpid(),
            "started": self._board.started,
            "posts": self._gate.posts,
            "rules": len(self._rulebook.rules),
            "rulebook": self._rulebook.hash,
            "parts": dict(sorted(self._supervisor.states.items())),
            "sources": [
                {name: getattr(one, name) for name in one.__struct_fields__}
                for one in self._board.snapshot()
            ],
        }


def _with(run: Callable[[T], Awaitable[None]], argument: T) -> Callable[[], Awaitable[None]]:
    return lambda: run(argument)


async def _end(*tasks: "asyncio.Task[None]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def run(settings: Settings, matcher: Matcher, clock: Clock) -> None:
    """Open the state, run until a signal, close. A second signal ends the process at once.

    Raises:
        StateError: the state cannot be used, or another daemon has it.
    """
    db = Database.open(settings.state)
    stop = asyncio.Event()
    _on_signals(stop)
    await Daemon(settings, matcher, clock, db).run(stop)


def _on_signals(stop: asyncio.Event) -> None:
    def asked() -> None:
        if stop.is_set():
            os._exit(130)  # everything that must survive is on disk already
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked)
