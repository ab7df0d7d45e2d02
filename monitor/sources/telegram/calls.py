"""Telegram's methods as we call them: within a budget, within a time, errors sorted."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import structlog
from telethon import TelegramClient, errors

from monitor.clock import Clock
from monitor.sources.telegram import budget
from monitor.sources.telegram.trouble import NotNowError, sort_error

log = structlog.get_logger(__name__)

Persist = Callable[[str], Awaitable[None]]
"""Stores the budget's text."""

LONGEST_WAIT = 60.0
LATE = 15.0
"""Seconds for which a call that was not answered may yet be on its way, at least."""


class Calls:
    """One connection's calls."""

    def __init__(
        self,
        client: TelegramClient,
        clock: Clock,
        timeout: float,
        state: str | None,
        persist: Persist,
    ) -> None:
        self._client = client
        self._clock = clock
        self._timeout = timeout
        self._late = max(timeout, LATE)
        self._budget = budget.resumed(budget.decode(state), self._now(), self._late)
        self._persist = persist

    async def ask(self, request: Any) -> Any:  # noqa: ANN401 - Telethon carries no types
        """Call a method; waits up to a minute for its turn.

        Raises:
            NotNowError: the budget or the server forbids the call for longer.
            AccountLostError, ChannelLostError, TroubleError: see trouble.py.
        """
        return (await self.ask_at(request))[0]

    async def ask_at(self, request: Any) -> tuple[Any, datetime]:  # noqa: ANN401 - see ask
        """Like `ask`; with when the call was made, so that the answer is no older than that."""
        method = method_name(request)
        await self.turn(method)
        asked_at = self._clock.now()
        try:
            return await self._made(method, request), asked_at
        except (errors.FloodWaitError, errors.FloodPremiumWaitError) as error:
            raise await self.flooded(method, error.seconds) from error
        except Exception as error:
            raise sort_error(error) from error

    async def _made(self, method: str, request: Any) -> Any:  # noqa: ANN401 - see ask
        late = self._late  # it may yet arrive
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._client(request)
            late = 0.0
        except errors.RPCError:
            late = 0.0
            raise
        finally:
            self._budget = budget.ended(self._budget, method, self._now(), late)
        return answer

    async def turn(self, method: str) -> None:
        """Wait until a method may be called, and count the call as under way.

        That is stored at once: neither a reconnect nor a restart makes calls twice as often.

        Raises:
            NotNowError: that is more than a minute away.
        """
        while (seconds := budget.wait(self._budget, method, self._now())) > 0:
            if seconds > LONGEST_WAIT:
                raise NotNowError(method, seconds)
            await self._clock.sleep(seconds)
        self._budget = budget.begun(self._budget, method)
        await self._persist(budget.encode(self._budget))

    async def flooded(self, method: str, seconds: float) -> NotNowError:
        """Remember that the server forbids a method, over restarts too; the error to raise."""
        self._budget = budget.flooded(self._budget, method, seconds, self._now())
        await self._persist(budget.encode(self._budget))
        until = datetime.fromtimestamp(self._now() + seconds, self._clock.now().tzinfo)
        log.warning("telegram_flood_wait", method=method, seconds=seconds, until=until.isoformat())
        return NotNowError(method, seconds)

    def barred(self, *methods: str) -> float:
        """Seconds for which the server forbids one of these methods; 0 = none."""
        return max(0.0, budget.barred(self._budget, methods, self._now()))

    def finished(self, method: str, calls: int) -> datetime:
        """When so many calls could have been made, each as early as it may be."""
        seconds = budget.finished(self._budget, method, calls, self._now())
        return datetime.fromtimestamp(self._now() + seconds, self._clock.now().tzinfo)

    def _now(self) -> float:
        return self._clock.now().timestamp()


def method_name(request: object) -> str:
    """The method's name in Telegram's schema: messages.getHistory."""
    group = type(request).__module__.rpartition(".")[2]
    name = type(request).__name__.removesuffix("Request")
    name = name[:1].lower() + name[1:]
    return name if group == "functions" else f"{group}.{name}"
