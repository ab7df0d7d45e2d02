#!/usr/bin/env python3
"""What a chat under a flood costs the bus: delays at a subscriber with and without the chat.

167 alerts a second for 20 s, three times each way in turn, one outbox, a real mosquitto and the Bot
API double in the same process. Takes two and a half minutes; prints both 99th percentiles and
their ratio.
"""

import asyncio
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from monitor.clock import SystemClock
from monitor.secret import Secret
from monitor.sinks.look import Look
from monitor.sinks.mqtt import MqttSink
from monitor.sinks.room import Room
from monitor.sinks.telegram_api import BotApi
from monitor.sinks.telegram_bot import Gates, TelegramBotSink
from tests.doubles.bot_api import TOKEN, BotApiDouble
from tests.doubles.brokers import Mosquitto, Subscriber
from tests.doubles.flood import FastOutbox, pour
from tests.doubles.outbox import make_alert

ALERTS, SECONDS, TURNS = 3340, 20.0, 3


class Stamped(FastOutbox):
    """Notes when each alert was put out."""

    def __init__(self) -> None:
        super().__init__()
        self.put: dict[str, float] = {}

    async def add(self, *alerts):  # type: ignore[no-untyped-def]  # noqa: ANN002, ANN201, D102
        now = time.monotonic()
        self.put.update({one.id: now for one in alerts})
        return await super().add(*alerts)


async def delays(folder: Path, *, chat: bool) -> list[float]:
    """Milliseconds from outbox to subscriber, of every alert."""
    clock, outbox = SystemClock(), Stamped()
    rng = random.Random(1)  # noqa: S311 - jitter, no secret
    broker = Mosquitto(folder)
    await broker.start()
    seen: dict[str, float] = {}
    async with Subscriber(broker.address) as subscriber, BotApiDouble() as double:
        mqtt = MqttSink(broker.address, "flood", clock=clock, rng=rng)
        tasks = [asyncio.create_task(mqtt.run(outbox))]
        if chat:
            room = Room(BotApi(Secret("env:TOKEN", TOKEN), double.url), "-100200")
            sink = TelegramBotSink(
                "chat", room, Look(), clock=clock, rng=rng, gates=Gates(evidence=True)
            )
            tasks.append(asyncio.create_task(sink.run(outbox)))
        tasks.append(asyncio.create_task(_watch(subscriber, seen)))
        await outbox.add(make_alert(0, 99))  # whoever has to connect does
        async with asyncio.timeout(20):
            while len(seen) < 1 or (chat and not double.shown):  # noqa: ASYNC110 - a number
                await asyncio.sleep(0.05)
        outbox.put.clear()
        await pour(outbox, clock, alerts=ALERTS, seconds=SECONDS, born={})
        async with asyncio.timeout(60):
            while len(seen) <= len(outbox.put):  # noqa: ASYNC110 - a number
                await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await broker.kill()
    return [1000 * (at - outbox.put[id_]) for id_, at in seen.items() if id_ in outbox.put]


async def _watch(subscriber: Subscriber, seen: dict[str, float]) -> None:
    done = 0
    while True:
        now = time.monotonic()
        for event in subscriber.events()[done:]:
            seen.setdefault(str(event["id"]), now)
            done += 1
        await asyncio.sleep(0.002)


async def main() -> None:
    """Both ways in turn."""
    found: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(TURNS):
        for chat in (False, True):
            with tempfile.TemporaryDirectory() as folder:
                found[chat] += await delays(Path(folder), chat=chat)
    p99 = {chat: statistics.quantiles(values, n=100)[98] for chat, values in found.items()}
    print(f"99 % of {len(found[False])} alerts on the bus within {p99[False]:.1f} ms alone,")
    print(f"within {p99[True]:.1f} ms beside a flooded chat: {p99[True] / p99[False]:.2f} x")


asyncio.run(main())
