"""One connection of an account: its tasks, from the first call to the error that ends it."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, NoReturn, TypeVar

import msgspec
import structlog
from telethon import functions

from monitor.clock import Clock
from monitor.sources.telegram.ailing import not_answered, rest
from monitor.sources.telegram.calls import Calls
from monitor.sources.telegram.catching_up import CatchingUp, missing
from monitor.sources.telegram.coverage import Span
from monitor.sources.telegram.heads import Heads
from monitor.sources.telegram.joining import Joining
from monitor.sources.telegram.listener import Listener
from monitor.sources.telegram.listing import Lister
from monitor.sources.telegram.meeting import Meeting
from monitor.sources.telegram.message import TL
from monitor.sources.telegram.polling import Polling
from monitor.sources.telegram.pushes import Pushed, Pushes, by_channel, steps, waits_for_its_album
from monitor.sources.telegram.register import Register, Step, Watched
from monitor.sources.telegram.standing import Standing
from monitor.sources.telegram.trouble import (
    AccountLostError,
    AnswerError,
    ChannelLostError,
    NotNowError,
    TroubleError,
    sort_error,
)

log = structlog.get_logger(__name__)

BATCH = 1000
ALBUM_PAUSE = 0.3
CLOCK_OFF = 60.0
Ended = TypeVar("Ended")


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How often and how long, in seconds.

    A dead line is noticed after `ping_every` + `ping_timeout`; a lost push after `sweep_every` at
    the latest; the network's return after `retry_most`.
    """

    sweep_every: float = 180.0
    gap_pause: float = 1.0
    relist_every: float = 86_400.0
    relist_window: float = 172_800.0
    ping_every: float = 20.0
    ping_timeout: float = 15.0
    call_timeout: float = 30.0
    connect_timeout: float = 10.0
    retry_first: float = 0.5
    retry_most: float = 5.0
    long_flood: float = 300.0
    poll_every: float = 10.0
    join: bool = False
    """Whether channels are joined unless their entry says otherwise."""
    reconcile: bool = True
    """Only tests switch it off, to show that posts are lost without it."""


class Connection:
    """The tasks of one connection."""

    def __init__(
        self,
        client: Listener,
        register: Register,
        clock: Clock,
        pace: Pace,
        look: asyncio.Event,
    ) -> None:
        self._client = client
        self._register = register
        self._clock = clock
        self._pace = pace
        self._pushes = Pushes()
        self.calls = Calls(client, clock, pace.call_timeout, register.budget, register.keep_budget)
        self._lister = Lister(self.calls, register, clock)
        self._heads = Heads(self.calls, register, clock)
        self._meeting = Meeting(
            self.calls,
            self._lister,
            register,
            clock,
            carefully=self._carefully,
            greet=self._greet,
        )
        self._standing = Standing(self.calls, register.board, clock, pace.long_flood)
        again = (pace.relist_every, pace.relist_window)
        self._catching_up = CatchingUp(self._lister, register, clock, self._carefully, again=again)
        self._polling = Polling(self._heads, register, clock, self._catching_up.add)
        self._joining = Joining(self.calls, register, clock, wanted=pace.join)
        self._unsure: dict[tuple[Watched, int], tuple[TL, list[Span]]] = {}
        self._edited = asyncio.Event()
        self._gap = asyncio.Event()
        self._look = look

    async def open(self) -> None:
        """Connect, and see that the account is signed in."""
        self._client.take = self._pushes.put
        async with asyncio.timeout(self._pace.connect_timeout * 2):
            await self._client.connect()
        state = await self.calls.ask(functions.updates.GetStateRequest())
        log.info("telegram_connected", account=self._register.account)
        self._standing.look(connected=True)
        ahead = (self._clock.now() - state.date).total_seconds()
        if abs(ahead) > CLOCK_OFF:
            log.warning(
                "clock_differs_from_telegram",
                seconds=round(ahead),
                hint="set this machine's clock: posts look late, or are dated wrongly, by as much",
            )

    async def serve(self) -> NoReturn:
        """Store, list and watch the line until one of them fails."""
        tasks = [self._until_ended(), self._ping(), self._store()]
        if self._pace.reconcile:
            tasks += [self._reconcile(), self._meet(), self._note_gaps(), self._ask_for_edits()]
            tasks += [self._catching_up.run(), self._catching_up.run_again()]
            tasks += [self._polling.run(self._pace.poll_every), self._join()]
        async with asyncio.TaskGroup() as group:
            for task in tasks:
                group.create_task(outliving(task))
        raise TroubleError("the connection ended")

    async def _until_ended(self) -> NoReturn:
        await self._client.disconnected
        raise TroubleError("the connection ended")

    async def _ping(self) -> NoReturn:
        """Notice a line that is open and carries nothing: Telethon alone takes two minutes."""
        number = 0
        while True:
            await self._clock.sleep(self._pace.ping_every)
            number += 1
            async with asyncio.timeout(self._pace.ping_timeout):
                await self._client(functions.PingRequest(number))

    async def _store(self) -> NoReturn:
        """Store what is pushed, all that has queued at once."""
        while True:
            pushed = await self._pushes.take(BATCH)
            if waits_for_its_album(pushed):
                await self._clock.sleep(ALBUM_PAUSE)
                pushed += self._pushes.more(BATCH)
            found = self._steps(pushed)
            await self._register.keep(found)
            if found:
                self._gap.set()

    def _steps(self, pushed: list[Pushed]) -> list[Step]:
        """What was pushed as what is to be stored now; the rest is set going."""
        found: list[Step] = []
        for number, happened in by_channel(pushed, self._register.newest_event).items():
            watched = self._register.of_number(number)
            if watched is not None:
                found += steps(watched, happened, self._clock.now())
                for message, event in happened.unsure:
                    key = (watched, message.grouped_id or -message.id)
                    self._unsure.setdefault(key, (message, []))[1].append(event)
            if happened.itself and (watched or number == 0):
                self._look.set()
        if self._unsure:
            self._edited.set()
        return found

    async def _ask_for_edits(self) -> NoReturn:
        """Ask for edited messages whose push does not tell all, one after the other."""
        while True:
            await self._edited.wait()
            self._edited.clear()
            while self._unsure:
                (watched, _), (message, events) = self._unsure.popitem()
                with contextlib.suppress(AnswerError, ChannelLostError, NotNowError):
                    await self._lister.edited(watched, message, tuple(events))
                # what failed leaves a hole among the events: the sweep finds it

    async def _note_gaps(self) -> NoReturn:
        """List a gap soon after a push showed it, unless late pushes fill it first."""
        while True:
            await self._gap.wait()
            self._gap.clear()
            await self._clock.sleep(self._pace.gap_pause)
            for watched in self._register.reading():
                if missing(watched):
                    self._catching_up.add(watched)

    async def _reconcile(self) -> NoReturn:
        """Compare with the server on connecting and every few minutes."""
        while True:
            self._standing.look()
            await self._sweep()
            await self._until_next_look()
            self._look.clear()

    async def _until_next_look(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._standing.at_most(self._pace.sweep_every)):
                await self._look.wait()

    async def _meet(self) -> NoReturn:
        """Find and list new channels."""
        await self._meeting.run()

    async def _join(self) -> NoReturn:
        """Join what is to be joined."""
        await self._joining.run(self._pace.sweep_every)

    async def _greet(self, watched: Watched) -> None:
        """Bring a channel that was just met up to its head, so that pushes can be trusted."""
        if watched.met:
            brought = await self._heads.ask([watched])
            self._catching_up.add(watched, brought.get(watched, 0))

    async def _sweep(self) -> None:
        """Ask for every head; what is missing is listed by and by."""
        contacted = [one for one in self._register.reading() if one.peer and one.met]
        try:
            brought = await self._heads.ask(contacted)
        except NotNowError as error:
            log.info("telegram_sweep_waits", account=self._register.account, problem=str(error))
            self._standing.look()
            if error.seconds > self._pace.sweep_every:  # lost pushes would go unnoticed
                for watched in contacted:
                    self._register.tell(watched, "throttled", f"Telegram makes us wait: {error}")
            return
        for watched in contacted:
            self._catching_up.add(watched, brought.get(watched, 0))

    async def _carefully(
        self, watched: Watched, do: Callable[[Watched], Awaitable[object]]
    ) -> None:
        """Do something with a channel; what ails only this channel ends here."""
        try:
            await do(watched)
        except NotNowError as error:
            self._register.tell(watched, "throttled", f"Telegram makes us wait: {error}")
            self._standing.look()
        except ChannelLostError as error:
            hint = "check the name in the sources file; private channels cannot be read"
            self._register.lose(watched, "not_found", str(error), hint)
        except AnswerError as error:
            rest(self._register, watched, error, self._clock)
        except TroubleError as error:
            if isinstance(error.__cause__, TimeoutError):
                not_answered(self._register, watched, error, self._clock)
            raise


async def outliving(work: Coroutine[Any, Any, Ended]) -> Ended:
    """Do it; a call that the client library drops is an error, and not the silent end of our task.

    It cancels the calls that wait for an answer when it closes the connection by itself.
    """
    asked = times_asked_to_stop()
    try:
        return await work
    except asyncio.CancelledError:
        if times_asked_to_stop() > asked:
            raise
        raise TroubleError("the client library dropped a call") from None


def times_asked_to_stop() -> int:
    """How often this task was asked to stop; to be compared with how often it was before.

    On Python 3.11 it is not 0 again when a TaskGroup has ended with an error.
    """
    task = asyncio.current_task()
    return task.cancelling() if task else 0


def worst(error: BaseException) -> Exception:
    """Of all that a connection died of, what decides how to go on."""
    if isinstance(error, BaseExceptionGroup):
        found = [worst(one) for one in error.exceptions]
        lost = (one for one in found if isinstance(one, AccountLostError))
        return next(lost, found[0])
    if isinstance(error, (AccountLostError, NotNowError, TroubleError)):
        return error
    return sort_error(error) if isinstance(error, Exception) else TroubleError(repr(error))
