"""Answers on their way into a chat, within what the chat's limits leave beside the alerts."""

import asyncio
import random
from collections import deque
from typing import NamedTuple, NoReturn

import structlog

from monitor.clock import Clock
from monitor.sinks.deliver import Backoff, RejectedError, RetryError
from monitor.sinks.pacing import Pacing, Urgency
from monitor.sinks.room import Room
from monitor.sinks.telegram_api import LostAnswerError, MessageGoneError, MigratedError, Outgoing

log = structlog.get_logger(__name__)

MOST = 100
TRIES = 5


class Reply(NamedTuple):
    """An answer: into which room, in which chat (a person's own, perhaps), or a place, or a map."""

    room: Room
    chat: str
    message: Outgoing
    point: tuple[float, float] | None = None
    png: bytes | None = None


class Replies:
    """The queue of one bot. What was asked for is done already: an answer may be lost, not more."""

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self._clock = clock
        self._backoff = Backoff(rng, first=1.0)
        self._queue: deque[Reply] = deque()
        self._news = asyncio.Event()

    def put(self, reply: Reply) -> None:
        """Send it as soon as the chat allows; of too many the oldest is dropped."""
        if len(self._queue) >= MOST:
            self._queue.popleft()
            log.warning("answer_dropped", why="too many are waiting")
        self._queue.append(reply)
        self._news.set()

    async def run(self) -> NoReturn:
        """Send until cancelled."""
        while True:
            if not self._queue:
                self._news.clear()
                await self._news.wait()
                continue
            await self._send(self._queue.popleft())

    async def _send(self, reply: Reply) -> None:
        for _ in range(TRIES):
            pacing = reply.room.pacing
            await self._turn(pacing)
            try:
                await self._call(reply)
            except RetryError as error:
                pacing.hold(self._clock.monotonic() + self._backoff.pause(error.after))
            except MigratedError as error:
                reply = reply._replace(chat=error.chat)
            except (RejectedError, MessageGoneError, LostAnswerError) as error:
                log.warning("answer_lost", why=str(error))
                return
            else:
                self._backoff.reset()
                return
            finally:
                pacing.answered(self._clock.monotonic())
        log.warning("answer_lost", why=f"not taken in {TRIES} attempts")

    async def _turn(self, pacing: Pacing) -> None:
        """Wait until the chat may be called, before everything but what is critical."""
        pacing.asking += 1
        try:
            while wait := pacing.wait(Urgency.REPLY, self._clock.monotonic()):
                await self._clock.sleep(wait)
            pacing.called(self._clock.monotonic())
        finally:
            pacing.asking -= 1

    async def _call(self, reply: Reply) -> None:
        api = reply.room.api
        if reply.png is not None:
            await api.photo(reply.chat, reply.message, reply.png)
        elif reply.point is None:
            await api.send(reply.chat, reply.message)
        else:
            await api.venue(reply.chat, reply.message, reply.point)
