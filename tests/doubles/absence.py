"""A broker that is away while alerts go on: what that costs, with the real store and mosquitto.

Used by a test (30 seconds) and scripts/broker_away.py (ten minutes).
"""

import asyncio
import contextlib
import resource
import time
from pathlib import Path
from typing import NamedTuple

from monitor.clock import SystemClock
from monitor.sinks.mqtt import MqttSink
from monitor.store.commit import Work, commit
from monitor.store.database import Database
from monitor.store.outbox import Outbox
from monitor.store.writer import Writer
from tests.doubles.brokers import Mosquitto, Subscriber
from tests.doubles.outbox import RNG, make_alert

RATE = 500
AT_ONCE = 50
INCIDENTS = 20


class Returned(NamedTuple):
    """What was seen once everything had arrived."""

    alerts: int
    in_order: bool
    grown_mb: float
    """Resident memory that the absence cost, until the broker's return."""
    drained_per_s: float


async def away(folder: Path, seconds: float) -> Returned:
    """No broker for so long, 500 alerts a second; then it comes, and all is delivered."""
    clock = SystemClock()
    writer = Writer(Database.open(folder / "state"))
    outbox = Outbox(writer)
    broker = Mosquitto(folder)
    sink = asyncio.create_task(MqttSink(broker.address, "away", clock=clock, rng=RNG).run(outbox))
    try:
        await _pour(writer, outbox, 2 * RATE, 0)  # what they load is not counted
        before = _resident_mb()
        total = 2 * RATE + await _pour(writer, outbox, int(seconds * RATE), 2 * RATE)
        grown = _resident_mb() - before
        await broker.start()
        async with Subscriber(broker.address) as subscriber:
            async with asyncio.timeout(60 + total / 500):
                while not subscriber.ids():  # noqa: ASYNC110 - another thread counts
                    await asyncio.sleep(0.005)
                begun = time.monotonic()
                while len(subscriber.ids()) < total:  # noqa: ASYNC110 - another thread counts
                    await asyncio.sleep(0.02)
            took = time.monotonic() - begun
            return Returned(total, in_order(subscriber.ids()), grown, total / max(took, 0.001))
    finally:
        sink.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sink
        await broker.kill()
        await outbox.aclose()
        await writer.aclose()


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


def in_order(ids: list[str]) -> bool:
    """Whether every incident's alerts arrived in their order."""
    last: dict[str, int] = {}
    for one in ids:
        _, incident, number = one.split("-")
        if int(number) < last.get(incident, -1):
            return False
        last[incident] = int(number)
    return True


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() / 1_000_000
