"""One connection of an account: its tasks, from the first call to the error that ends it."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import NoReturn

import msgspec
import structlog
from telethon import TelegramClient, events, functions

from monitor.clock import Clock
from monitor.sources.telegram import coverage as ids
from monitor.sources.telegram.calls import Calls
from monitor.sources.telegram.listing import Lister
from monitor.sources.telegram.meeting import Meeting
from monitor.sources.telegram.message import TL
from monitor.sources.telegram.pushes import (
    KINDS,
    Pushes,
    Sorted,
    by_channel,
    steps,
    waits_for_its_album,
)
from monitor.sources.telegram.register import Register, Step, Watched
from monitor.sources.telegram.standing import Standing
from monitor.sources.telegram.trouble import (
    AccountLostError,
    ChannelLostError,
    NotNowError,
    TroubleError,
    sort_error,
)

log = structlog.get_logger(__name__)

BATCH = 1000
ALBUM_PAUSE = 0.3
MANY_PAGES = 50


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
    reconcile: bool = True
    """Only tests switch it off, to show that posts are lost without it."""


class Connection:
    """The tasks of one connection."""

    def __init__(
        self,
        client: TelegramClient,
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
        self._calls = Calls(client, clock, pace.call_timeout, register.budget, register.keep_budget)
        self._lister = Lister(self._calls, register, clock)
        self._meeting = Meeting(
            self._calls,
            self._lister,
            register,
            clock,
            carefully=self._carefully,
            greet=self._greet,
        )
        self._standing = Standing(self._calls, register.board, clock, pace.long_flood)
        self._gap = asyncio.Event()
        self._look = look
        self._swept = False

    async def open(self) -> None:
        """Connect, and see that the account is signed in."""
        self._client.add_event_handler(self._pushes.put, events.Raw(KINDS))
        async with asyncio.timeout(self._pace.connect_timeout * 2):
            await self._client.connect()
        await self._calls.ask(functions.updates.GetStateRequest())
        log.info("telegram_connected", account=self._register.account)
        self._standing.look(connected=True)

    async def serve(self) -> NoReturn:
        """Store, list and watch the line until one of them fails."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._until_ended())
            group.create_task(self._ping())
            group.create_task(self._store())
            if self._pace.reconcile:
                group.create_task(self._reconcile())
                group.create_task(self._meet())
                group.create_task(self._fill_when_needed())
        raise TroubleError("the connection ended")

    async def _until_ended(self) -> NoReturn:
        await self._client.run_until_disconnected()
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
            updates = await self._pushes.take(BATCH)
            if waits_for_its_album(updates):
                await self._clock.sleep(ALBUM_PAUSE)
                updates += self._pushes.more(BATCH)
            found: list[Step] = []
            for number, happened in by_channel(updates).items():
                watched = self._register.of_number(number)
                if watched is not None:
                    found += await self._steps(watched, happened)
                    if happened.itself:
                        self._look.set()
            await self._register.keep(found)
            if any(_has_gaps(step.watched) for step in found):
                self._gap.set()

    async def _steps(self, watched: Watched, happened: Sorted) -> list[Step]:
        edited: list[list[TL]] = []
        for message in happened.edited:
            if not getattr(message, "grouped_id", None):
                edited.append([message])
                continue
            with contextlib.suppress(ChannelLostError, NotNowError):  # found by the daily look
                edited.append(await self._lister.album_of(watched, message))
        return steps(watched, happened, edited, self._clock.now())

    async def _fill_when_needed(self) -> NoReturn:
        """List a gap soon after a push showed it, unless the library fills it first."""
        while True:
            await self._gap.wait()
            self._gap.clear()
            await self._clock.sleep(self._pace.gap_pause)
            for watched in self._register.reading():
                if _has_gaps(watched):
                    await self._carefully(watched, self._lister.fill)

    async def _reconcile(self) -> NoReturn:
        """Compare with the server on connecting and every few minutes."""
        await self._learn_states()
        while True:
            self._standing.look()
            await self._sweep()
            self._swept = True
            await self._until_next_look()
            self._look.clear()

    async def _until_next_look(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._standing.at_most(self._pace.sweep_every)):
                await self._look.wait()

    async def _meet(self) -> NoReturn:
        """Find and list new channels."""
        await self._meeting.run()

    async def _greet(self, watched: Watched) -> None:
        """Bring a channel that was just met up to its head, so that pushes can be trusted."""
        if watched.met:
            await self._lister.heads([watched])
            await self._complete(watched)

    async def _learn_states(self) -> None:
        """One look at the dialogs teaches the library every joined channel's state."""
        with contextlib.suppress(NotNowError):
            await self._calls.turn("messages.getDialogs")
            try:
                async with asyncio.timeout(self._pace.call_timeout):
                    async for _dialog in self._client.iter_dialogs():
                        pass
            except Exception as error:
                raise sort_error(error) from error
            await self._client.catch_up()

    async def _sweep(self) -> None:
        """Ask for every head, list what is missing, and once a day look again."""
        contacted = [one for one in self._register.reading() if one.peer and one.met]
        try:
            await self._lister.heads(contacted)
        except NotNowError as error:
            log.info("telegram_sweep_waits", account=self._register.account, problem=str(error))
            self._standing.look()
            if error.seconds > self._pace.sweep_every:  # lost pushes would go unnoticed
                for watched in contacted:
                    self._register.tell(watched, "throttled", f"Telegram makes us wait: {error}")
            return
        for watched in contacted:
            if not watched.lost:
                await self._carefully(watched, self._complete)

    async def _complete(self, watched: Watched) -> None:
        """Bring one channel up to its head, edits and deletions included."""
        brought = await self._lister.fill(watched)
        self._register.read(watched)
        if brought and self._swept:  # before, nobody could have pushed them
            self._register.found(watched, brought)
        known = watched.known
        if known is None:
            return
        since = self._clock.now() - timedelta(seconds=self._pace.relist_window)
        due = known.relisted_at + self._pace.relist_every <= self._clock.now().timestamp()
        if due:
            await self._lister.look_again(watched, since, MANY_PAGES)
        elif known.events and ids.unseen(known.events, watched.pts) > brought:
            await self._lister.look_again(watched, since, 1)
        else:
            await self._lister.believe(watched)

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


def _has_gaps(watched: Watched) -> bool:
    """Whether ids are missing that the server should be asked for."""
    contacted = watched.known is not None and watched.known.contacted
    return contacted and watched.coverage is not None and bool(ids.gaps(watched.coverage))


def worst(error: BaseException) -> Exception:
    """Of all that a connection died of, what decides how to go on."""
    if isinstance(error, BaseExceptionGroup):
        found = [worst(one) for one in error.exceptions]
        lost = (one for one in found if isinstance(one, AccountLostError))
        return next(lost, found[0])
    if isinstance(error, (AccountLostError, NotNowError, TroubleError)):
        return error
    return sort_error(error) if isinstance(error, Exception) else TroubleError(repr(error))
