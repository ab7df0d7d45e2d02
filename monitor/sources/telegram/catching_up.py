"""Bringing channels to their heads: a page at a time, the one that has waited longest for its page.

So a channel that wrote ten thousand posts while nobody listened, and takes the budget of minutes,
keeps none waiting that misses a single one, nor do those keep it waiting for ever. When a page was
listed last is stored: a restart does not begin with the same channels again. What is missing comes
before the search for edits and deletions that no push told (known.py). Listing the last days again
is the least urgent, and goes on beside it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import NoReturn

from monitor.clock import Clock
from monitor.sources.telegram import coverage as ids
from monitor.sources.telegram.ailing import rests
from monitor.sources.telegram.listing import Lister
from monitor.sources.telegram.register import Register, Watched

MANY_PAGES = 50

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
        self._unsettled: set[Watched] = set()
        self._old: set[Watched] = set()
        self._level: set[Watched] = set()
        self._some = asyncio.Event()
        self._some_old = asyncio.Event()

    def add(self, watched: Watched, brought: int = 0) -> None:
        """A channel may miss something; so many of it were stored already."""
        self._brought[watched] = self._brought.get(watched, 0) + brought
        self._some.set()

    async def run(self) -> NoReturn:
        """Bring up what was added, and what an earlier connection left, for ever."""
        for watched in self._register.reading():
            if missing(watched):
                self.add(watched)
            elif watched.known is not None and watched.known.search is not None:
                self._seek(watched)
        while True:
            await self._some.wait()
            self._some.clear()
            while self._brought or self._unsettled:
                await self._carefully(*self._next())

    def _next(self) -> tuple[Watched, Callable[[Watched], Awaitable[None]]]:
        """What to do next: what takes no call, then what fills a gap, then the search."""
        level = next((one for one in self._brought if not missing(one)), None)
        if level is not None:
            return level, self._finish
        if self._brought:
            return min(self._brought, key=_listed_at), self._fill
        return min(self._unsettled, key=_listed_at), self._search

    def _seek(self, watched: Watched) -> None:
        self._unsettled.add(watched)
        self._some.set()

    async def run_again(self) -> NoReturn:
        """Look a second time at the channels of which that is due, for ever."""
        while True:
            await self._some_old.wait()
            self._some_old.clear()
            while self._old:
                await self._carefully(self._old.pop(), self._look_again)

    async def _fill(self, watched: Watched) -> None:
        """One page. What fails is left to the next comparison of heads."""
        brought = self._brought.pop(watched)
        if not self._spared(watched):
            self.add(watched, brought + await self._lister.fill(watched))

    async def _finish(self, watched: Watched) -> None:
        """Nothing is missing up to the head; see whether an edit or deletion is."""
        brought = self._brought.pop(watched)
        if self._spared(watched):
            return
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
        await self._settle(watched)

    async def _settle(self, watched: Watched) -> None:
        """Search for what is not accounted for, if anything."""
        if watched.unexplained > 0:
            self._seek(watched)
        else:
            await self._lister.believe(watched)

    async def _search(self, watched: Watched) -> None:
        """One page. What fails, or has to be seen a second time, is left to the next comparison."""
        self._unsettled.discard(watched)
        if not self._spared(watched) and await self._lister.search(watched):
            await self._settle(watched)

    def _spared(self, watched: Watched) -> bool:
        return watched.lost or rests(watched, self._clock.monotonic())

    async def _look_again(self, watched: Watched) -> None:
        await self._lister.look_again(watched, self._since(), MANY_PAGES)

    def _since(self) -> datetime:
        return self._clock.now() - timedelta(seconds=self._window)


def missing(watched: Watched) -> int:
    """How many ids of a channel the server has to be asked for; 0 before its first contact."""
    known = watched.known
    if known is None or not known.contacted:
        return 0
    return ids.size(ids.gaps(known.coverage))


def _listed_at(watched: Watched) -> float:
    return watched.known.listed_at if watched.known else 0.0
