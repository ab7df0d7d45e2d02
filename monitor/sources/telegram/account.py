"""One Telegram account: connect, store what is pushed, list what was not, and never pretend.

Telethon's memory of updates loses posts in more ways than one (docs/telegram-double.md) and is not
used. What counts is the coverage of ids in our store: after every connect, and every few minutes,
the heads of all channels are compared with it and every gap is listed (connection.py).
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import NoReturn

import structlog

from monitor.clock import Clock
from monitor.source import Intake, SourceInfo
from monitor.sources.telegram.calls import Calls
from monitor.sources.telegram.connection import (
    Connection,
    Pace,
    outliving,
    times_asked_to_stop,
    worst,
)
from monitor.sources.telegram.listener import Listener
from monitor.sources.telegram.register import AccountBoard, Register
from monitor.sources.telegram.session import AccountSettings, open_client
from monitor.sources.telegram.trouble import AccountLostError, NotNowError, TroubleError

log = structlog.get_logger(__name__)

LONGEST_CLOSE = 5.0

__all__ = ["Pace", "TelegramAccount"]


class TelegramAccount:
    """Collects the posts of public channels with one signed-in account."""

    def __init__(
        self,
        settings: AccountSettings,
        sources: Sequence[SourceInfo],
        clock: Clock,
        board: AccountBoard,
        pace: Pace | None = None,
    ) -> None:
        self.name = f"telegram:{settings.name}"
        self._settings = settings
        self._sources = tuple(sources)
        self._clock = clock
        self._board = board
        self._pace = pace or Pace()
        self._register: Register | None = None
        self._look = asyncio.Event()
        self.lost: AccountLostError | None = None
        self.calls: Calls | None = None
        """The calls of the connection, while there is one."""

    def take(self, sources: Sequence[SourceInfo]) -> None:
        """Read these channels from now on: another account's may come, or go."""
        self._sources = tuple(sources)
        if self._register is not None:
            self._register.take(self._sources)
            self._look.set()

    async def run(self, intake: Intake) -> None:
        """Run until cancelled, or until the account is lost: then say so and return."""
        register = Register(self._settings.name, self._sources, intake, self._clock, self._board)
        self._register = register
        self.lost = None
        pause = self._pace.retry_first
        while True:
            started = self._clock.monotonic()
            try:
                await self._connected(register)
            except AccountLostError as error:
                self._give_up(register, error)
                return
            except (TroubleError, NotNowError) as error:
                if self._clock.monotonic() - started > self._pace.sweep_every:
                    pause = self._pace.retry_first
                log.warning("telegram_trouble", account=self.name, problem=str(error), retry=pause)
                self._board.unreachable(str(error))
                for watched in register.reading():
                    register.tell(watched, "unreachable", "Telegram does not answer: retried")
            await self._clock.sleep(pause)
            pause = min(2 * pause, self._pace.retry_most)

    def _give_up(self, register: Register, error: AccountLostError) -> None:
        self.lost = error
        for watched in register.reading():
            register.tell(watched, "failed", f"{error.reason} - {error.hint}")

    async def _connected(self, register: Register) -> NoReturn:
        """One connection, from its first call to its end, which always is an error."""
        client = open_client(self._settings, self._pace.connect_timeout, Listener)
        connection = Connection(client, register, self._clock, self._pace, self._look)
        try:
            await _opened(connection)
            self.calls = connection.calls
            await connection.serve()
        except Exception as error:
            raise worst(error) from error
        finally:
            self.calls = None
            with contextlib.suppress(Exception):
                async with asyncio.timeout(LONGEST_CLOSE):
                    await client.disconnect()
                    await client.disconnected  # its error was dealt with above


async def _opened(connection: Connection) -> None:
    """Open it, and end here if we were asked to stop meanwhile: the client library may lose that.

    On Python 3.11 `asyncio.wait_for`, with which it connects, swallows a cancellation that comes at
    the moment at which its future is done: just when a proxy refuses, say.
    """
    asked = times_asked_to_stop()
    try:
        await outliving(connection.open())
    finally:
        if times_asked_to_stop() > asked:
            raise asyncio.CancelledError
