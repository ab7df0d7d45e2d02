"""Bringing channels to their heads: a page at a time, those that miss least first.

So a channel that wrote ten thousand posts while nobody listened, and takes the budget of minutes,
keeps none waiting that misses a single one. Listing the last days again is the least urgent, and
goes on beside it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import NoReturn

from monitor.clock import Clock
from monitor.sources.telegram import coverage as ids
from monitor.sources.telegram.ailing import rests
from monitor.sources.telegram.listing import PAGE, Lister
from monitor.sources.telegram.register import Known, Register, Watched

MANY_PAGES, SOME_PAGES = 50, 10
NEAR = 50

Carefully = Callable[[Watched, Callable[[Watched], Awaitable[None]]], Awaitable[None]]
"""Does something with a channel; what ails only this channel ends there."""


class CatchingUp:
    """The channels that have to be brought to their heads, and the tasks that do it."""

    def __init__(
        self,
        lister: Lister,
        register: Register,
        clock: Clock,
        carefully: Carefully,
        *,
        again: tuple[float, float],
    ) -> None:
        """`again`: after how many seconds the posts of how many seconds are listed again."""
        self._lister = lister
        self._register = register
        self._clock = clock
        self._carefully = carefully
        self._every, self._window = again
        self._brought: dict[Watched, int] = {}
        self._old: set[Watched] = set()
        self._level: set[Watched] = set()
        self._some = asyncio.Event()
        self._some_old = asyncio.Event()

    def add(self, watched: Watched, brought: int = 0) -> None:
        """A channel may miss something; so many of it were stored already."""
        self._brought[watched] = self._brought.get(watched, 0) + brought
        self._some.set()

    async def run(self) -> NoReturn:
        """Bring up what was added, for ever."""
        while True:
            await self._some.wait()
            self._some.clear()
            while self._brought:
                watched = min(self._brought, key=missing)
                await self._carefully(watched, self._advance)

    async def run_again(self) -> NoReturn:
        """Look a second time at the channels of which that is due, for ever."""
        while True:
            await self._some_old.wait()
            self._some_old.clear()
            while self._old:
                await self._carefully(self._old.pop(), self._look_again)

    async def _advance(self, watched: Watched) -> None:
        """One page, or the end. What fails is left to the next comparison of heads."""
        brought = self._brought.pop(watched)
        if watched.lost or rests(watched, self._clock.monotonic()):
            return
        if missing(watched):
            self.add(watched, brought + await self._lister.fill(watched))
        else:
            await self._finish(watched, brought)

    async def _finish(self, watched: Watched, brought: int) -> None:
        """Nothing is missing up to the head; see that no edit or deletion is either."""
        self._register.read(watched)
        if brought and watched in self._level:  # before, nobody could have pushed them
            self._register.found(watched, brought)
        self._level.add(watched)
        known = watched.known
        if known is None:
            return
        if known.relisted_at + self._every <= self._clock.now().timestamp():
            self._old.add(watched)
            self._some_old.set()
        elif watched.unexplained > 0:
            await self._find_edits(watched, known)
        else:
            await self._lister.believe(watched)

    async def _find_edits(self, watched: Watched, known: Known) -> None:
        """List again what was written since no event was missing, and a little before it.

        Where that is very much, only its two ends.
        """
        head = known.coverage.head
        settled = known.settled or head
        pages = -(-(head - settled + NEAR) // PAGE)
        if pages > SOME_PAGES:
            await self._lister.look_again(watched, self._since(), 1, before=settled + NEAR)
            pages = 1
        await self._lister.look_again(watched, self._since(), pages)

    async def _look_again(self, watched: Watched) -> None:
        await self._lister.look_again(watched, self._since(), MANY_PAGES, daily=True)

    def _since(self) -> datetime:
        return self._clock.now() - timedelta(seconds=self._window)


def missing(watched: Watched) -> int:
    """How many ids of a channel the server has to be asked for; 0 before its first contact."""
    known = watched.known
    if known is None or not known.contacted:
        return 0
    return ids.size(ids.gaps(known.coverage))
