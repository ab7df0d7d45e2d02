#!/usr/bin/env python3
"""A broker killed 50 times (or KILLS) under each of three mosquitto configurations.

Alerts go on at 100 a second. Takes about ten minutes; prints what was lost at a subscriber that
deduplicates by alert id, and what came out of order or twice.
"""

import asyncio
import random
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.doubles.absence import arrived, publishing
from tests.doubles.brokers import CONFIGURATIONS, Mosquitto
from tests.doubles.counting import Counted, CountingSubscriber
from tests.doubles.outbox import MemoryOutbox, make_alert

KILLS, INCIDENTS = 50, 20
CHANCE = random.Random(7)  # noqa: S311 - moments, no secret


async def killed(folder: Path, lines: tuple[str, ...], kills: int) -> tuple[int, Counted]:
    """Kill it at random moments while alerts go on; how many there were, and what arrived."""
    extra = (*lines, f"persistence_location {folder}/") if lines else ()
    broker, outbox = Mosquitto(folder, *extra), MemoryOutbox()
    await broker.start()
    try:
        async with CountingSubscriber(broker.port) as subscriber, publishing(broker, outbox):
            pouring = asyncio.create_task(_pour(outbox))
            for _ in range(kills):
                await asyncio.sleep(CHANCE.uniform(0.3, 6))
                await broker.kill()
                await asyncio.sleep(CHANCE.uniform(0, 1))
                await broker.start()
            pouring.cancel()
            await asyncio.gather(pouring, return_exceptions=True)
            await arrived(subscriber, len(outbox.alerts))
            return len(outbox.alerts), await subscriber.ask()
    finally:
        await broker.kill()


async def _pour(outbox: MemoryOutbox) -> None:
    number = 0
    while True:
        await outbox.add(make_alert(number, number % INCIDENTS, kind="updated"))
        number += 1
        await asyncio.sleep(0.01)


async def main() -> int:
    """All three in turn."""
    kills, lost = int(sys.argv[1]) if len(sys.argv) > 1 else KILLS, 0
    for name, lines in CONFIGURATIONS.items():
        with tempfile.TemporaryDirectory() as folder:
            total, found = await killed(Path(folder), lines, kills)
        lost += total - found.alerts
        print(f"{name}: {kills} kills, {total} alerts, {total - found.alerts} lost, ", end="")
        print(f"{found.disorder} out of order, {found.repeats} came again", flush=True)
    return 1 if lost else 0


sys.exit(asyncio.run(main()))
