"""The chat under a flood, in virtual time: limits kept, everybody seen, criticals at once."""

import asyncio
import contextlib
import random

import pytest

from monitor.sinks.deliver import Gates
from monitor.sinks.look import Look
from monitor.sinks.room import Room
from monitor.sinks.telegram_bot import TelegramBotSink
from tests.doubles.bot_api import BotApiDouble
from tests.doubles.flood import DirectApi, FastOutbox, Figures, VirtualClock, figures, pour


async def _flood(alerts: int, floods: tuple[int, ...] = ()) -> tuple[Figures, FastOutbox]:
    clock = VirtualClock()
    double = BotApiDouble(now=clock.monotonic)
    outbox = FastOutbox()
    sink = TelegramBotSink(
        "chat", Room(DirectApi(double), "-100200"), Look(), clock=clock, rng=random.Random(1),
        gates=Gates(evidence=True),
    )  # fmt: skip
    born: dict[str, float] = {}
    tasks = [
        asyncio.create_task(sink.run(outbox)),
        asyncio.create_task(pour(outbox, clock, alerts=alerts, seconds=60, born=born)),
    ]
    if floods:
        await clock.run_until(lambda: clock.time > 20, 30)
        double.flood_waits.extend(floods)
    total = alerts + 5
    await clock.run_until(lambda: outbox.positions.get("chat", (0,))[0] == total, 1500)
    for task in tasks:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks)
    assert set(outbox.states("chat").values()) == {"delivered"}
    assert len(outbox.states("chat")) == total
    return figures(double, born), outbox


async def test_ten_thousand_alerts_in_a_minute() -> None:
    """20 calls a minute at most, every incident seen within 3 minutes, 5 criticals within 5 s."""
    found, _ = await _flood(10_000)
    assert found.refused == 0
    assert found.most_in_a_minute <= 20
    assert found.slowest <= 180
    assert found.slowest_critical <= 5


@pytest.mark.parametrize("waits", [(30,), (3, 3, 3), (120, 5)])
async def test_retry_after_is_always_obeyed(waits: tuple[int, ...]) -> None:
    """After each 429 not one call is made before its time, and everything arrives in the end."""
    found, _ = await _flood(1_000, waits)
    assert found.refused == len(waits)
    assert found.broken_promises == 0
