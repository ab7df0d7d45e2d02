"""The loop of sinks that send one alert at a time and know by the answer what became of it."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, NamedTuple, NoReturn, TypeVar

from monitor.alert import Alert
from monitor.clock import Clock
from monitor.sinks.deliver import (
    Backoff,
    Mute,
    Outbox,
    RejectedError,
    RetryError,
    Sent,
    Stream,
    begin_at,
    deliver,
    nothing_muted,
)

T = TypeVar("T")

ASKED_TO_STOP = 10

Send = Callable[[Alert, int], Awaitable[Sent]]
"""Sends one alert; told how often it has failed. Raises RetryError or RejectedError."""


class Pace(NamedTuple):
    """What the loop needs of the world: time, chance, and what is held back."""

    clock: Clock
    rng: random.Random
    mute: Mute = nothing_muted


async def one_by_one(outbox: Outbox, sink: str, send: Send, pace: Pace) -> NoReturn:
    """Send every alert behind the sink's position, each after the answer to the one before."""

    async def begin(alert: Alert) -> "asyncio.Future[Sent]":
        outcome: asyncio.Future[Sent] = asyncio.get_running_loop().create_future()
        try:
            outcome.set_result(await send(alert, stream.failures(alert.sequence)))
        except (RetryError, RejectedError) as error:
            outcome.set_exception(error)
        return outcome

    stream = Stream(outbox, sink, begin, pace.clock, mute=pace.mute)
    after, _ = await begin_at(outbox, sink, pace.clock.now())
    await deliver(stream, after, pace.clock, Backoff(pace.rng))


async def heeding(work: Coroutine[Any, Any, T]) -> T:
    """Await a library that may lose a cancellation: ours is heeded at once, and passed on for long.

    On Python 3.11 `asyncio.wait_for`, on which such libraries rest, swallows a cancellation that
    comes at the moment at which its future is done.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        for _ in range(ASKED_TO_STOP):
            task.cancel()
            await asyncio.wait({task}, timeout=0.2)
            if task.done():
                break
        if task.done() and not task.cancelled():
            task.exception()  # seen: nobody waits for it any more
        raise
