#!/usr/bin/env python3
"""10,000 alerts in 50 incidents within 60 s, five criticals at once, in real time over HTTP.

Takes about five minutes; prints the figures. Run from the checkout: scripts/flood_chat.py
"""

import asyncio
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from monitor.clock import SystemClock
from monitor.secret import Secret
from monitor.sinks.look import Look
from monitor.sinks.room import Room
from monitor.sinks.telegram_api import BotApi
from monitor.sinks.telegram_bot import Gates, TelegramBotSink
from tests.doubles.bot_api import TOKEN, BotApiDouble
from tests.doubles.flood import FastOutbox, figures, pour

ALERTS = 10_000


async def main() -> None:
    """Pour, wait until all is told, count."""
    clock, outbox = SystemClock(), FastOutbox()
    rng = random.Random(1)  # noqa: S311 - jitter, no secret
    born: dict[str, float] = {}
    async with BotApiDouble() as double:
        room = Room(BotApi(Secret("env:TOKEN", TOKEN), double.url), "-100200")
        sink = TelegramBotSink(
            "chat", room, Look(), clock=clock, rng=rng, gates=Gates(evidence=True)
        )
        task = asyncio.create_task(sink.run(outbox))
        await pour(outbox, clock, alerts=ALERTS, seconds=60, born=born)
        while outbox.positions.get("chat", (0,))[0] < ALERTS + 5:  # noqa: ASYNC110 - a number
            await asyncio.sleep(1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        found = figures(double, born)
    print(f"slowest incident seen after     {found.slowest:7.1f} s   (180 at most)")
    print(f"slowest of 5 criticals          {found.slowest_critical:7.1f} s   (5 at most)")
    print(f"most calls in 60 s              {found.most_in_a_minute:7}     (20 at most)")
    print(f"calls in all, answered with 429 {found.calls:7}, {found.refused}")


asyncio.run(main())
