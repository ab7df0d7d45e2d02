"""Short polling: of the channels an account has not joined, the few that post most are asked often.

Nothing is pushed of a channel that the account is no member of; the sweep reads it every three
minutes. One call asks for the heads of all hot channels together, so ten of them cost no more than
one, and the budget of that call bounds them all.
"""

from collections.abc import Callable
from typing import NoReturn

import structlog

from monitor.clock import Clock
from monitor.habit import cursor, decode, hottest, rate
from monitor.sources.telegram.heads import Heads
from monitor.sources.telegram.register import Register, Watched
from monitor.sources.telegram.trouble import NotNowError

log = structlog.get_logger(__name__)

MOST = 10
CHOOSE_EVERY = 60.0


class Polling:
    """The hot channels of one connection; `add` is told of what heads have brought."""

    def __init__(
        self,
        heads: Heads,
        register: Register,
        clock: Clock,
        add: Callable[[Watched, int], None],
    ) -> None:
        self._heads = heads
        self._register = register
        self._clock = clock
        self._add = add
        self._hot: set[str] = set()
        self._choose_at = 0.0

    async def run(self, every: float) -> NoReturn:
        """Ask for the heads of the hot channels every so many seconds, until cancelled."""
        while True:
            await self._clock.sleep(every)
            if self._clock.monotonic() >= self._choose_at:
                self._choose()
            hot = [one for one in self._register.reading() if one.info.id in self._hot and one.met]
            if not hot:
                continue
            try:
                brought = await self._heads.ask(hot)
            except NotNowError as error:
                log.info("telegram_polling_waits", problem=str(error))
                await self._clock.sleep(error.seconds)
                continue
            for watched in hot:
                self._add(watched, brought.get(watched, 0))

    def _choose(self) -> None:
        """Which channels are hot: of those not joined, the ones that posted most of late."""
        now = self._clock.now().timestamp()
        rates = {}
        for watched in self._register.reading():
            if watched.joined is False:
                habit = decode(self._register.cursor(cursor(watched.info.id)))
                rates[watched.info.id] = rate(habit, now) if habit else 0.0
        self._hot = set(hottest(rates, MOST))
        self._choose_at = self._clock.monotonic() + (CHOOSE_EVERY if self._hot else 0.0)
        for watched in self._register.reading():
            if watched.joined is not None:
                self._register.reaches(watched, _reach(watched, self._hot))


def _reach(watched: Watched, hot: set[str]) -> str:
    if watched.joined:
        return "pushed"
    return "short_polled" if watched.info.id in hot else "polled"
