"""From a post received to the broker's acknowledgement, beside the disk's own fsync.

    python benchmarks/latency.py [--rate 1000] [--seconds 24] [--rules 1000] [--json FILE]

The daemon's own parts (gate, writer, pipeline, outbox, MQTT sink) and a real mosquitto, state on
the disk of the working directory. Real posts come one by one at the rate, sent by a process of
its own at the times of a schedule (a late daemon does not slow it down, and it takes no time from
the daemon's interpreter); one in a hundred is drawn from those that rules hold for, all from 200
channels. What is measured are the posts that became alerts: from when one was sent to the PUBACK.
How late the sender itself was is told apart: that is how exactly the machine wakes who sleeps.

Before, between and after the rounds the machine is asked what nothing can be faster than: an fsync
behind as many bytes as a commit writes, one after the other and as far apart as commits are; a
thread that has slept woken up, and waking back; and the same few posts judged at once again, and
after as long a pause as alerts are apart (meanwhile others use the processor and its caches, other
guests of the machine too). Needs mosquitto and what the tests need.
"""

import argparse
import asyncio
import gc
import json
import os
import random
import socket
import statistics
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec
from drawn import SEED, book, posts

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from monitor.alert import Alert
from monitor.batch import remembered
from monitor.clock import SystemClock
from monitor.garbage import short_collections
from monitor.habits import Habits
from monitor.health import Board
from monitor.intake import Gate
from monitor.matching.evaluate import Matcher, evaluate
from monitor.pipeline import Pipeline
from monitor.post import Post, PostName, Received
from monitor.rulebook.book import bind
from monitor.sinks.deliver import Sent
from monitor.sinks.mqtt import MqttSink
from monitor.source import Arrival, SourceInfo
from monitor.store.database import Database
from monitor.store.outbox import Outbox
from monitor.store.writer import Writer
from tests.doubles.brokers import Mosquitto

CHANNELS = 200
SHARE = 0.01
"""Of the posts, those that rules hold for."""
ROUNDS = 4
PROBES = 100
"""fsyncs before, between and after the rounds, each time, of each kind."""
LOGGED = 98_304
"""Bytes that a commit adds to the log: 24 pages, with an alert or with a dozen others' posts."""
COMMITS_APART = 0.012
"""Seconds from one commit to the next, and for which the machine sleeps before it is woken."""
ALERTS_APART = 0.07

SCHEDULE = """
import os, struct, sys, time
rate, count = float(sys.argv[1]), int(sys.argv[2])
started = time.perf_counter() + 0.05
for number in range(count):
    due = started + number / rate
    while (left := due - time.perf_counter()) > 0:
        time.sleep(left)
    os.write(1, struct.pack("<dd", due, time.perf_counter()))
"""
"""The process that sends: of each post when it was to be sent and when it was, as two doubles."""


def stream(matcher: Matcher, count: int) -> list[Post]:
    """Real posts, one in a hundred with hits, in a seeded order, from many channels."""
    draw = random.Random(SEED)  # noqa: S311 - the same posts every time
    hit, plain = [], []
    for one in posts(60_000):
        name = PostName(one.source, one.id)
        (hit if evaluate(matcher, one, name) else plain).append(one.text)
    draw.shuffle(hit)
    draw.shuffle(plain)
    chosen = []
    for number in range(count):
        texts = hit if draw.random() < SHARE else plain
        chosen.append((f"telegram:c{draw.randrange(CHANNELS)}", texts[number % len(texts)]))
    at = datetime.now(UTC)
    return [
        Post(source=source, id=str(number), published_at=at, text=text)
        for number, (source, text) in enumerate(chosen, 1)
    ]


class Stamps:
    """When what happened, in seconds of the performance counter: by post, by alert."""

    def __init__(self) -> None:
        self.late: list[float] = []
        self.sent: dict[str, float] = {}
        self.begun: dict[str, float] = {}
        self.judged: dict[str, float] = {}
        self.stored: dict[str, float] = {}
        self.published: dict[str, float] = {}
        self.acked: dict[str, float] = {}
        self.cause: dict[str, str] = {}
        self.batches: list[int] = []


class TimedPipeline(Pipeline):
    """The pipeline, and when it began with an alert's batch, had judged it and had stored it."""

    stamps: Stamps

    def process(
        self, db: Database, arrivals: Sequence[Arrival], now: datetime, **more: object
    ) -> tuple[Alert, ...]:
        """As ever."""
        times: list[float] = []
        db.on_step = lambda step: times.append(time.perf_counter()) if step == "begin" else None
        begun = time.perf_counter()
        alerts = super().process(db, arrivals, now, **more)  # type: ignore[arg-type]
        db.on_step = None
        ended = time.perf_counter()
        known = {one.post.id for arrival in arrivals for one in arrival.posts}
        self.stamps.batches.append(len(known))
        for alert in alerts:
            mine = [one.id for one in alert.posts if one.id in known]
            if mine:
                self.stamps.cause[alert.id] = max(mine, key=int)
            self.stamps.begun[alert.id] = begun
            self.stamps.judged[alert.id] = times[0] if times else begun
            self.stamps.stored[alert.id] = ended
        return alerts


class TimedSink(MqttSink):
    """The sink, and when an alert was published and acknowledged."""

    stamps: Stamps

    async def told(self, alerts: int) -> None:
        """Return when so many alerts have been acknowledged."""
        async with asyncio.timeout(60):
            while len(self.stamps.acked) < alerts:  # noqa: ASYNC110 - between two rounds
                await asyncio.sleep(0.05)

    async def _begin(self, alert: Alert) -> "asyncio.Future[Sent]":
        self.stamps.published[alert.id] = time.perf_counter()
        outcome = await super()._begin(alert)
        outcome.add_done_callback(lambda _: self._acked(alert.id))
        return outcome

    def _acked(self, alert: str) -> None:
        self.stamps.acked.setdefault(alert, time.perf_counter())


def fsyncs(folder: Path, size: int, pause: float) -> list[float]:
    """Seconds that an fsync behind so many bytes takes, each time; written as SQLite's log is.

    The log is written over from its beginning again and again, so the file does not grow.
    """
    taken = []
    path = folder / "probe"
    path.write_bytes(os.urandom(size * 64))
    with path.open("rb+", buffering=0) as file:
        os.fsync(file.fileno())
        for number in range(PROBES):
            time.sleep(pause)
            file.seek(size * (number % 64))
            file.write(os.urandom(size))
            started = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - started)
    path.unlink()
    return taken


def wakes() -> list[float]:
    """Seconds until a thread that slept has been woken and has woken this one again."""
    here, there = socket.socketpair()

    def answer() -> None:
        while said := there.recv(1):
            there.send(said)

    thread = threading.Thread(target=answer)
    thread.start()
    taken = []
    for _ in range(PROBES):
        time.sleep(COMMITS_APART)
        started = time.perf_counter()
        here.send(b"?")
        here.recv(1)
        taken.append(time.perf_counter() - started)
    here.close()
    thread.join()
    there.close()
    return taken


def rested(matcher: Matcher, some: Sequence[Post]) -> float:
    """How many times as long (of the processor) judging takes after a pause as at once again."""

    def judged() -> float:
        started = time.thread_time()
        for post in some:
            evaluate(matcher, post, PostName(post.source, post.id))
        return time.thread_time() - started

    warm, cold = [], []
    for _ in range(PROBES // 4):
        warm.append(judged())
        time.sleep(ALERTS_APART)
        cold.append(judged())
        judged()
    return statistics.median(cold) / statistics.median(warm)


class Probes:
    """What the machine takes for things that cost us nothing else; seconds, and one ratio."""

    def __init__(self) -> None:
        self.fsync: list[float] = []
        self.fsync_apart: list[float] = []
        self.wake: list[float] = []
        self.rested: list[float] = []

    def ask(self, folder: Path, matcher: Matcher, some: Sequence[Post]) -> None:
        """Ask it once more."""
        self.fsync += fsyncs(folder, LOGGED, 0)
        self.fsync_apart += fsyncs(folder, LOGGED, COMMITS_APART)
        self.wake += wakes()
        self.rested.append(rested(matcher, some))


async def play(door: Habits, some: Sequence[Post], rate: float, stamps: Stamps) -> None:
    """Hand posts over at their times; returns when all are stored."""
    loop = asyncio.get_running_loop()
    tasks: list[asyncio.Task[None]] = []
    coming = iter(some)
    over = asyncio.Event()
    read, write = os.pipe()
    schedule = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SCHEDULE, str(rate), str(len(some)), stdout=write
    )
    os.close(write)

    def arrive() -> None:
        said = os.read(read, 16 * 4096)
        for due, sent in struct.iter_unpack("<dd", said):
            post = _now(next(coming))
            stamps.sent[post.id] = sent
            stamps.late.append(sent - due)
            tasks.append(asyncio.ensure_future(door.deliver(Arrival(posts=(Received(post=post),)))))
        if not said:
            loop.remove_reader(read)
            over.set()

    loop.add_reader(read, arrive)
    await over.wait()
    os.close(read)
    await asyncio.gather(schedule.wait(), *tasks)


def _now(post: Post) -> Post:
    at = datetime.now(UTC)
    return msgspec.structs.replace(post, published_at=at, observed_at=at)


async def run(
    matcher: Matcher, these: Sequence[Post], rate: float, folder: Path
) -> tuple[Stamps, Probes]:
    """All rounds: when what happened, and what the machine takes for its part."""
    stamps, probes = Stamps(), Probes()
    broker = Mosquitto(folder)
    await broker.start()
    db = Database.open(folder / "state", ballast=0)
    writer = Writer(db)
    outbox = Outbox(writer)
    pipeline = TimedPipeline(matcher, remembered(db, matcher.rulebook))
    gate = Gate(pipeline, writer, SystemClock(), cursors={}, committed=outbox.stored)
    door = Habits(gate, SystemClock(), Board(SystemClock()))
    sink = TimedSink(broker.address, "bench", clock=SystemClock(), rng=random.Random(1))  # noqa: S311 - jitter
    pipeline.stamps = sink.stamps = stamps
    tasks = [asyncio.create_task(gate.run()), asyncio.create_task(sink.run(outbox))]
    ask = partial(probes.ask, folder, matcher, these[:20])
    try:
        await asyncio.sleep(2.5)  # the sink has connected and looked for its mark
        await asyncio.to_thread(ask)
        part = len(these) // ROUNDS
        for start in range(0, part * ROUNDS, part):
            await play(door, these[start : start + part], rate, stamps)
            await sink.told(len(stamps.stored))
            await asyncio.to_thread(ask)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await outbox.aclose()
        await writer.aclose()
        await broker.stop()
    return stamps, probes


def _quantiles(name: str, seconds: Iterable[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    at = {"p50": 0.5, "p99": 0.99}
    return {
        f"{name} {label}, ms": 1e3 * ordered[min(len(ordered) - 1, int(len(ordered) * share))]
        for label, share in at.items()
    }


def told(stamps: Stamps, probes: Probes, rate: float, count: int) -> dict[str, float]:
    """The figures: whole ways, and their parts' medians."""
    ways = [(one, stamps.sent[cause]) for one, cause in stamps.cause.items()]
    whole = _quantiles("received to PUBACK", [stamps.acked[one] - sent for one, sent in ways])
    disk = _quantiles("fsync", probes.fsync)
    apart = _quantiles("fsync, as far apart as commits", probes.fsync_apart)
    parts = {
        "waits for its batch": [stamps.begun[one] - sent for one, sent in ways],
        "admitted and judged": [stamps.judged[one] - stamps.begun[one] for one, _ in ways],
        "committed": [stamps.stored[one] - stamps.judged[one] for one, _ in ways],
        "wakes the sink": [stamps.published[one] - stamps.stored[one] for one, _ in ways],
        "PUBACK": [stamps.acked[one] - stamps.published[one] for one, _ in ways],
    }
    shown: dict[str, float] = {}
    for name, of in parts.items():
        shown |= _quantiles(name, of)
    return {
        "posts/s": rate, "posts": count, "posts that became alerts": len(ways),
        "posts a commit, mean": statistics.mean(stamps.batches),
        **whole, **disk, **apart,
        **_quantiles("sent behind its schedule", stamps.late),
        **_quantiles("a thread woken and waking back", probes.wake),
        "judging after a pause / at once again": statistics.median(probes.rested),
        "p50 beyond fsync p50, ms (goal 2)":
            whole["received to PUBACK p50, ms"] - disk["fsync p50, ms"],
        "the same, fsync as far apart":
            whole["received to PUBACK p50, ms"] - apart["fsync, as far apart as commits p50, ms"],
        "p99 / fsync p99 (goal 3)": whole["received to PUBACK p99, ms"] / disk["fsync p99, ms"],
        "p99 / fsync p99, as far apart":
            whole["received to PUBACK p99, ms"] / apart["fsync, as far apart as commits p99, ms"],
        **shown,
    }  # fmt: skip


def measure(rate: float, seconds: float, rules: int) -> dict[str, float]:
    """All of it."""
    drawn = book(rules)
    speakers = [SourceInfo(id=f"telegram:c{one}", role="official") for one in range(CHANNELS)]
    matcher = Matcher(bind(drawn.rules, [*drawn.sources.values(), *speakers]))
    these = stream(matcher, int(rate * seconds))
    gc.collect()
    with tempfile.TemporaryDirectory(prefix="monitor-bench-", dir=".") as name, short_collections():
        stamps, probes = asyncio.run(run(matcher, these, rate, Path(name)))
    return told(stamps, probes, rate, len(these))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=float, default=1_000)
    parser.add_argument("--seconds", type=float, default=24)
    parser.add_argument("--rules", type=int, default=1_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = measure(options.rate, options.seconds, options.rules)
    for name, value in found.items():
        print(f"{name:38} {value:12.3f}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
