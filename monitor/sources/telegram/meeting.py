"""Meeting new channels: each is looked up by its name once for ever, then its newest posts listed.

Beside the sweep, so that a long list of new channels keeps no other waiting. Telegram lets few
names be looked up (ten a minute, 150 a day): what has to wait says until when, and the preview
reads it meanwhile.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import NoReturn

import structlog

from monitor.clock import Clock
from monitor.sources.telegram.ailing import rests
from monitor.sources.telegram.calls import Calls
from monitor.sources.telegram.listing import Lister
from monitor.sources.telegram.register import Register, Watched
from monitor.sources.telegram.trouble import NotNowError

log = structlog.get_logger(__name__)

RESOLVE = "contacts.resolveUsername"
LOOK_EVERY = 180.0

Carefully = Callable[[Watched, Callable[[Watched], Awaitable[object]]], Awaitable[None]]
"""Does something with a channel; what ails only this channel ends there."""


class Meeting:
    """The new channels of one connection; `greet` brings one that was found up to its head."""

    def __init__(
        self,
        calls: Calls,
        lister: Lister,
        register: Register,
        clock: Clock,
        *,
        carefully: Carefully,
        greet: Callable[[Watched], Awaitable[None]],
    ) -> None:
        self._calls = calls
        self._lister = lister
        self._register = register
        self._clock = clock
        self._carefully = carefully
        self._greet = greet
        self._said = 0

    async def run(self) -> NoReturn:
        """Meet whom the list of channels brings, until cancelled."""
        while True:
            self._register.taken.clear()
            await self.round()
            await self._until_more()

    async def _until_more(self) -> None:
        sleeping = asyncio.ensure_future(self._clock.sleep(LOOK_EVERY))
        taking = asyncio.ensure_future(self._register.taken.wait())
        try:
            await asyncio.wait({sleeping, taking}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            taking.cancel()

    async def round(self) -> None:
        """Meet one channel after the other, as far as the budget goes."""
        self._register.revive()
        barred = False
        for watched in self._register.reading():
            if rests(watched, self._clock.monotonic()):
                continue
            found = watched.peer is None and not barred
            if found:
                barred = not await self._resolved(watched)
            if watched.peer is None:
                continue
            if not watched.met:
                found = True
                await self._carefully(watched, self._lister.first_contact)
            if found and watched.met:
                await self._carefully(watched, self._greet)
        self._say_waiting()

    async def _resolved(self, watched: Watched) -> bool:
        """Look a channel up; whether more may be looked up."""
        may = True

        async def resolve(one: Watched) -> None:
            nonlocal may
            try:
                await self._lister.resolve(one)
            except NotNowError:
                may = False

        await self._carefully(watched, resolve)
        return may

    def _say_waiting(self) -> None:
        """Tell of every channel that waits, and by when all are looked up."""
        waiting = [one for one in self._register.reading() if one.peer is None]
        if waiting:
            until = _rounded(self._calls.finished(RESOLVE, len(waiting)))
            hint = (
                f"one of {len(waiting)} new channels that wait to be looked up, 150 a day:"
                f" all are by {until:%F %H:%M} UTC; the preview reads it meanwhile"
            )
            for watched in waiting:
                if "preview" not in watched.info.via:
                    self._register.tell(watched, "throttled", hint.partition(";")[0])
                else:
                    self._register.tell(watched, "throttled", hint)
            if len(waiting) != self._said:
                log.warning(
                    "telegram_channels_wait",
                    account=self._register.account,
                    channels=len(waiting),
                    until=until.isoformat(),
                )
        self._said = len(waiting)


def _rounded(moment: datetime) -> datetime:
    """The next full ten minutes."""
    over = timedelta(minutes=moment.minute % 10, seconds=moment.second)
    return (moment - over + timedelta(minutes=10)).replace(microsecond=0)
