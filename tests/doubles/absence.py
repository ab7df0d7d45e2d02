"""A broker that is away while alerts go on: what that costs, with the real store and mosquitto.

Used by tests/test_broker_away.py (30 seconds) and scripts/broker_away.py (ten minutes).
"""

import asyncio
import contextlib
import resource
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from monitor.clock import SystemClock
from monitor.sinks.deliver import Outbox as Waiting
from monitor.sinks.mqtt import MqttSink
from monitor.store.commit import Work, commit
from monitor.store.database import Database
from monitor.store.outbox import Outbox
from monitor.store.writer import Writer
from tests.doubles.brokers import Mosquitto
from tests.doubles.counting import CountingSubscriber
from tests.doubles.outbox import RNG, make_alert

RATE = 500
AT_ONCE = 50
INCIDENTS = 20
BEFORE = 2 * RATE
"""Alerts before the broker goes: what the first of them load is no cost of its absence."""

STANDSTILL = 60.0
"""Seconds without one new alert after which nothing more is waited for."""


class Returned(NamedTuple):
    """What was seen once everything had arrived, or nothing more did."""

    alerts: int
    arrived: int
    disorder: int
    """Alerts that came after a later one of their incident."""
    noticed_s: float
    """From the broker's return to the first alert."""
    drained_per_s: float
    drained_per_cpu_s: float
    """For each second that this process was given: what a busy machine does not change."""
    grown_mb: float
    """Resident memory that absence and making up for it cost, at their worst."""


async def away(folder: Path, seconds: float) -> Returned:
    """No broker for so long, 500 alerts a second; then it comes, and all is delivered."""
    broker = Mosquitto(folder, "persistence true", f"persistence_location {folder}/")
    await broker.start()
    writer = Writer(Database.open(folder / "state"))
    outbox = Outbox(writer)
    try:
        async with CountingSubscriber(broker.port) as subscriber, publishing(broker, outbox):
            await _pour(writer, outbox, BEFORE, 0)
            await arrived(subscriber, BEFORE)
            await broker.stop()  # in good order: the subscriber's session must outlive it
            async with _watched() as memory:
                total = BEFORE + await _pour(writer, outbox, int(seconds * RATE), BEFORE)
                await broker.start()
                back, spent = time.monotonic(), time.process_time()
                first, last = await arrived(subscriber, total)
                spent = time.process_time() - spent
            found = await subscriber.ask()
    finally:
        await broker.kill()
        await outbox.aclose()
        await writer.aclose()
    late = total - BEFORE
    return Returned(
        total, found.alerts, found.disorder, first - back, late / max(last - first, 0.001),
        late / spent, max(memory) - memory[0],
    )  # fmt: skip


@asynccontextmanager
async def publishing(broker: Mosquitto, outbox: Waiting) -> AsyncIterator[None]:
    """The bus as the daemon runs it."""
    sink = MqttSink(broker.address, "away", clock=SystemClock(), rng=RNG)
    task = asyncio.create_task(sink.run(outbox))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def arrived(subscriber: CountingSubscriber, total: int) -> tuple[float, float]:
    """When the first new alert came and when the last of all; a standstill ends it too."""
    first, last = None, time.monotonic()
    while True:
        found = await subscriber.ask()
        first = first or found.first
        last = max(last, found.last or 0.0) if found.first else last
        if found.alerts >= total or time.monotonic() - last > STANDSTILL:
            return first or last, last
        await asyncio.sleep(0.2)


@asynccontextmanager
async def _watched() -> AsyncIterator[list[float]]:
    """Resident megabytes, five times a second."""
    seen = [_resident_mb()]

    async def look() -> None:
        while True:
            await asyncio.sleep(0.2)
            seen.append(_resident_mb())

    task = asyncio.create_task(look())
    try:
        yield seen
    finally:
        task.cancel()


async def _pour(writer: Writer, outbox: Outbox, alerts: int, first: int) -> int:
    """Store alerts at the rate; how many."""
    begun = time.monotonic()
    for start in range(first, first + alerts, AT_ONCE):
        made = [make_alert(n, n % INCIDENTS, kind="updated") for n in range(start, start + AT_ONCE)]
        now = SystemClock().now()
        stored = await writer.do(commit, Work(alerts=tuple(made), rulebook="b"), now)
        outbox.committed(stored[-1].sequence)
        due = begun + (start - first) / RATE
        await asyncio.sleep(max(0.0, due - time.monotonic()))
    return alerts


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() / 1_000_000
