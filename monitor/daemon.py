"""The daemon: everything is built here, in one straight line, and ends in reverse.

Stopping: sources first, then what has queued is committed, then the sinks may finish what they
have, within ten seconds in all. A second signal ends at once; nothing is lost by that either, only
told again.
"""

import asyncio
import contextlib
import os
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import msgspec
import structlog

from monitor.around import Around
from monitor.batch import remembered
from monitor.chat.office import Office
from monitor.clock import Clock
from monitor.collecting import Collecting
from monitor.console.metrics import AccountLive, Live
from monitor.control import Answer, Verbs, serve
from monitor.digests import Digests
from monitor.escalating import Escalating
from monitor.garbage import short_collections
from monitor.habits import Habits
from monitor.health import Board
from monitor.intake import Gate
from monitor.lexicon import proper
from monitor.matching.evaluate import Matcher
from monitor.notices import Notices
from monitor.parts import build_answers, build_console, build_dispatch, build_receiver, build_sinks
from monitor.pipeline import Pipeline
from monitor.reconfiguring import ConfigFile, Reconfiguring
from monitor.regrouping import Regrouping
from monitor.reload import Reload
from monitor.resending import Resending
from monitor.settings import Settings
from monitor.signals import listen
from monitor.silencing import Silencing
from monitor.sinks.deliver import Sink
from monitor.sinks.dispatch import takes_exercises
from monitor.sinks.handling import Handling
from monitor.sinks.room import Bots
from monitor.sinks.routing import routing
from monitor.sources.fetch import Fetch
from monitor.sources.roster import Roster
from monitor.store.actions import judgements
from monitor.store.database import Database
from monitor.store.incidents import cursors, placed_incidents
from monitor.store.outbox import Outbox, newest, standing
from monitor.store.retention import expire
from monitor.store.writer import Writer
from monitor.supervise import Part, Supervisor
from monitor.troubles import Troubles
from monitor.workshop import Material

log = structlog.get_logger(__name__)

DRAIN_POSTS = 3.0
DRAIN_SINKS = 4.0
"""Seconds given to commit what has queued, and to the sinks; with all the rest under 10."""

SHOWN_MISTAKES = 50
"""So many mistakes of refused rules go into a status; the log has them all."""

ROUTING_KEYS = ("route", "time_intervals", "inhibit_rules", "route_tests")
"""Keys of monitor.yaml that are in force as soon as they are saved."""

T = TypeVar("T")

EXPIRE_EVERY = timedelta(minutes=10).total_seconds()


class Daemon:
    """The running daemon: its parts, built and ready to run."""

    def __init__(
        self, settings: Settings, matcher: Matcher, clock: Clock, db: Database,
        file: ConfigFile | None = None,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._clock = clock
        self._rng = random.Random()  # noqa: S311 - jitter, no secret
        self._board = Board(clock)
        self._supervisor = Supervisor(clock, self._rng)
        self._build_judging(matcher, db)
        around = self._build_surroundings(matcher, db)
        self._build_watching(around)
        self._build_telling(around, db)
        self._build_following(matcher, file)

    def _build_judging(self, matcher: Matcher, db: Database) -> None:
        """From a post that came in to its alerts in the outbox."""
        memory = remembered(db, matcher.rulebook, self._clock.now())
        marks = cursors(db)
        self._writer = Writer(db)
        self._outbox = Outbox(self._writer)
        self._pipeline = Pipeline(matcher, memory)
        told = self._outbox.committed
        self._gate = Gate(
            self._pipeline, self._writer, self._clock, cursors=marks, committed=self._outbox.stored
        )
        self._regrouping = Regrouping(self._writer, self._pipeline, self._clock, committed=told)

    def _build_surroundings(self, matcher: Matcher, db: Database) -> Around:
        """What sources, sinks and the chat share: clock, board, HTTP, accounts."""
        self._fetch = Fetch(
            self._clock,
            contact=self._settings.http.user_agent_contact,
            allow_private=self._settings.http.allow_private,
        )
        self._known = dict(matcher.rulebook.sources)
        names = [one.name for one in self._settings.telegram.accounts]
        self._roster = Roster(tuple(self._known.values()), names, self._board)
        return Around(
            self._known, self._clock, self._rng, self._board, self._fetch, self._roster,
            Bots(), Handling(judgements(db)), lambda: self._pipeline.matcher.gazetteer,
        )  # fmt: skip

    def _build_watching(self, around: Around) -> None:
        """The sources, and who notices that one of them is not well."""
        self._habits = Habits(self._gate, self._clock, self._board)
        self._collecting = Collecting(self._settings, around, self._supervisor)
        self._troubles = Troubles(
            self._writer, self._clock, self._collecting, self._outbox.committed
        )

    def _build_telling(self, around: Around, db: Database) -> None:
        """From the outbox to people: routes, sinks, the chat's answers, the console."""
        settings, clock, told = self._settings, self._clock, self._outbox.committed
        self._dispatch = build_dispatch(settings, standing(db), newest(db))
        self._silencing = Silencing(
            self._writer, self._dispatch, clock, committed=told,
            rules=lambda: self._pipeline.matcher.rulebook.ids,
        )  # fmt: skip
        self._escalating = Escalating(
            self._writer, self._outbox, self._dispatch, around.handling, clock, committed=told
        )
        self._digests = Digests(
            settings, self._writer, self._outbox, self._dispatch, clock, board=self._board
        )
        self._resending = Resending(
            self._outbox,
            lambda name: build_receiver(settings, around, name),
            [one.name for one in settings.receivers],
        )
        self._sinks, self._brokers = build_sinks(
            settings, around, self._dispatch,
            lambda: self._outbox.ask(placed_incidents, 200),
        )  # fmt: skip
        office = Office(
            self._writer, self._outbox, clock, self._silencing, self._dispatch,
            lambda: self._pipeline.matcher, lambda: self._status({}),
        )  # fmt: skip
        self._answers = build_answers(settings, around, office)
        self._console = build_console(settings, around, self._outbox, self._live)

    def _build_following(self, matcher: Matcher, file: ConfigFile | None) -> None:
        """Who notices that rules or monitor.yaml were saved."""
        notices = Notices(self._writer, self._clock, committed=self._outbox.committed)
        self.rules = Reload(
            _material(self._settings), matcher, self._take,
            clock=self._clock, board=self._board, notices=notices,
        )  # fmt: skip
        changed = (
            dict.fromkeys(("rules", "sources", "places"), self._other_files)
            | {"retention": self._keep_so_long}
            | dict.fromkeys(ROUTING_KEYS, self._put_routes)
            | dict.fromkeys(("digests", "all_quiet"), self._digests.follow)
        )
        self._reconfiguring = [
            Reconfiguring(
                one, self._settings, changed, clock=self._clock, board=self._board, notices=notices
            )
            for one in (file,)
            if one is not None
        ]

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set.

        Raises:
            VitalPartError: in an ExceptionGroup: the pipeline keeps failing.
        """
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(short_collections())
            stack.push_async_callback(self._writer.aclose)
            stack.push_async_callback(self._outbox.aclose)
            await stack.enter_async_context(self._fetch)
            vital = self._start(
                Part("pipeline", self._gate.run, vital=True),
                Part("control", self._answer),
                Part("retention", self._expire),
                Part("rules", self.rules.run),
                Part("silences", self._silencing.run),
                Part("escalation", self._escalating.run),
                Part("digests", self._digests.run),
                Part("troubles", self._troubles.run),
                Part("habits", self._habits.run),
                *(Part("settings", one.run) for one in self._reconfiguring),
            )
            brokers = self._start(*(Part(one.name, one.run) for one in self._brokers))
            sinks = self._start(*(Part(one.name, self._sending(one)) for one in self._sinks))
            answers = self._start(*(Part(one.name, one.run) for one in self._answers))
            console = self._start(*(Part(one.name, one.run) for one in self._console))
            sources = self._start(Part("sources", self._collect))
            log.info(
                "running",
                rules=len(self._pipeline.matcher.rulebook.rules),
                sources=len(self._known),
                state=str(self._settings.state),
                hint="Ctrl-C stops",
            )
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({stopping, vital}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            log.info("stopping", hint="a second Ctrl-C stops at once")
            await self._supervisor.end(sources, answers)
            await self._drain()
            await self._supervisor.end(sinks, brokers, console)
            failed = vital.done() and not vital.cancelled() and vital.exception()
            await self._supervisor.end(vital)
        log.info("stopped", posts=self._gate.posts)
        if failed:
            raise failed

    async def _collect(self) -> None:
        await _ready_to_read(self._pipeline.matcher)
        await self._collecting.run(self._habits)

    async def _take(self, matcher: Matcher) -> None:
        """Put new rules in force: in the writer's thread, so that a batch has one rulebook."""

        def put(db: Database) -> None:
            self._pipeline.put_in_force(db, matcher)

        await _ready_to_read(matcher)
        await self._writer.do(put)
        known = matcher.rulebook.sources
        self._known.clear()
        self._known.update(known)
        self._collecting.take(known)

    def _other_files(self, wanted: Settings) -> None:
        """The configuration names other files of rules, sources or places."""
        self.rules.use(_material(wanted))

    def _put_routes(self, wanted: Settings) -> None:
        """Other routes, for the receivers that run: new ones come with a restart."""
        running = tuple(one.name for one in self._settings.receivers)
        exercises = takes_exercises(self._settings)
        self._dispatch.put(routing(wanted)._replace(receivers=running), exercises)

    def _keep_so_long(self, wanted: Settings) -> None:
        self._settings = self._settings.model_copy(update={"retention": wanted.retention})

    def _sending(self, sink: Sink) -> Callable[[], Awaitable[None]]:
        """What a sink does: nobody else waits until a broker of our own takes connections."""

        async def run() -> None:
            for broker in self._brokers:
                await broker.listening()
            await sink.run(self._outbox)

        return run

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
        rows = 0
        while True:
            names = [sink.name for sink in self._sinks]
            gone = await self._writer.do(expire, self._clock.now(), self._settings.retention, names)
            rows += gone.total
            if gone.more:
                await self._clock.sleep(0.2)
                continue
            if rows:
                log.info("expired", rows=rows)
            rows = 0
            with contextlib.suppress(TimeoutError):  # a full disk does not wait for its turn
                async with asyncio.timeout(EXPIRE_EVERY):
                    await self._gate.disk_full.wait()
            self._gate.disk_full.clear()

    async def _answer(self) -> None:
        verbs: Verbs = {
            "status": self._status,
            "mute": self._silencing.mute,
            "unmute": self._silencing.unmute,
            "resend": self._resending.resend,
            "merge": self._regrouping.merge,
            "split": self._regrouping.split,
            "look": self._collecting.look,
        }
        await serve(self._settings.state, verbs)

    def _live(self) -> Live:
        return Live(
            posts=self._gate.posts,
            parts=self._supervisor.states,
            sources=self._board.snapshot(),
            rules=self._board.rules,
            accounts=[
                AccountLive(
                    account=one.account,
                    state=one.state,
                    channels=one.channels,
                    calls={used.method: used.calls for used in budgets},
                    free_in={used.method: used.free_in for used in budgets},
                )
                for one, budgets in self._collecting.accounts()
            ],
        )

    def _status(self, _question: Answer) -> Answer:
        rules = self._board.rules
        return {
            "pid": os.getpid(),
            "started": self._board.started,
            "posts": self._gate.posts,
            "rules": rules.rules,
            "rulebook": rules.rulebook,
            "rules_since": rules.since,
            "reloads": rules.reloads,
            "refusals": rules.refusals,
            "refused_since": rules.refused_since,
            "mistakes": list(rules.mistakes[:SHOWN_MISTAKES]),
            "settings": msgspec.structs.asdict(self._board.settings),
            "parts": dict(sorted(self._supervisor.states.items())),
            "accounts": [
                msgspec.structs.asdict(one) | {"budgets": msgspec.to_builtins(budgets)}
                for one, budgets in self._collecting.accounts()
            ],
            "troubles": [msgspec.to_builtins(one) for one in self._troubles.open()],
            "sources": [
                {name: getattr(one, name) for name in one.__struct_fields__}
                for one in self._board.snapshot()
            ],
        }


def _material(settings: Settings) -> Material:
    return Material(settings.rules, settings.sources, settings.places, settings.state)


async def _ready_to_read(matcher: Matcher) -> None:
    """Load what resolving a place asks for; at the first post that names one, posts would wait."""
    if matcher.gazetteer.places or matcher.gazetteer.world is not None:
        await asyncio.to_thread(proper.ready)


def _with(run: Callable[[T], Awaitable[None]], argument: T) -> Callable[[], Awaitable[None]]:
    return lambda: run(argument)


async def run(
    settings: Settings, matcher: Matcher, clock: Clock, file: ConfigFile | None = None
) -> None:
    """Open the state, run until a signal, close. A second signal ends the process at once.

    Changes of `file` are followed, as far as they need no restart.

    Raises:
        StateError: the state cannot be used, or another daemon has it.
    """
    db = Database.open(settings.state)
    stop = asyncio.Event()
    daemon = Daemon(settings, matcher, clock, db, file)
    listen(stop, daemon.rules.ask)
    await daemon.run(stop)
