"""`monitor backtest` over stored posts, and what the running daemon's posts notice of it.

    python benchmarks/backtest.py [--posts 20000] [--rules 1000] [--two] [--rounds 4] [--keep DESK]

The state: real posts over seven days from 500 channels, each made of thirds of three real texts,
so that none is another one's copy; rules of the profile (benchmarks/drawn.py) as YAML. The command
runs as a user runs it, in a process of its own, which makes itself nice; `--two`: with `--rules`,
so that two sets of rules run.

Beside it a pipeline with the same rules takes 200 posts a second into the same state and measures
how long each waits until it is committed. In rounds that take turns the command is stopped and goes
on: the ratio is that of the two.

The full number is 1,000,000. `--keep` makes the state there, or takes the one that is there.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from drawn import book, texts

from monitor.clock import SystemClock
from monitor.correlation.windows import Memory
from monitor.garbage import short_collections
from monitor.intake import Gate
from monitor.matching.evaluate import Matcher
from monitor.pipeline import Pipeline
from monitor.post import Post, Received
from monitor.rule import AllOf, AnyOf, Condition, NoneOf, Rule, Speaker, Term
from monitor.source import Arrival
from monitor.store.commit import Judged, Work, commit
from monitor.store.database import Database
from monitor.store.posts import admit
from monitor.store.writer import Writer
from monitor.text.fold import fold

CHANNELS = 500
SPAN = timedelta(days=7)
BATCH = 2_000
A_SECOND = 200
PART = 3.0
"""Seconds of a round with and of a round without the command beside."""


def spliced(count: int, seed: int = 5) -> Iterator[str]:
    """Texts, each of thirds of three real ones, cut between words."""
    draw = random.Random(seed)  # noqa: S311 - the same texts every time
    every = [text.split(" ") for of in texts() for text in of]
    for _ in range(count):
        parts = [every[draw.randrange(len(every))] for _ in range(3)]
        yield " ".join(
            word
            for third, words in enumerate(parts)
            for word in words[len(words) * third // 3 : len(words) * (third + 1) // 3]
        )


def post(number: int, text: str, at: datetime) -> Received:
    """A post of one of the channels."""
    return Received(
        post=Post(
            source=f"telegram:channel{number % CHANNELS}", id=str(number // CHANNELS + 1),
            published_at=at, observed_at=at, text=text,
        ),
        channel_id=10_000 + number % CHANNELS,
    )  # fmt: skip


def filled(folder: Path, count: int) -> None:
    """The state: so many posts, evenly over the last seven days."""
    db = Database.open(folder, ballast=0)
    start, step = datetime.now(UTC) - SPAN, SPAN / count
    every = (
        post(number, text, start + step * number) for number, text in enumerate(spliced(count))
    )
    while batch := [one for one, _ in zip(every, range(BATCH), strict=False)]:
        now = batch[-1].post.published_at
        admitted = admit(db, batch, now)
        judged = [Judged(one, "unmatched", "no rule holds") for one in admitted]
        commit(db, Work(judged=judged, rulebook="b"), now)
    db.close()


def written(rule: Rule) -> dict[str, Any]:
    """A rule of the profile as a file has it."""
    parts = rule.when.parts if isinstance(rule.when, AllOf) else (rule.when,)
    when: dict[str, Any] = {"all": [_written(one) for one in parts if _asks(one)]}
    for part in parts:
        if isinstance(part, NoneOf):
            when["not"] = [_written(one) for one in part.parts]
        if isinstance(part, Speaker):
            when["from"] = {"role": list(part.role)}
    return {"id": rule.id, "title": rule.title, "when": when}


def _asks(part: Condition) -> bool:
    return isinstance(part, Term | AnyOf)


def _written(part: Condition) -> object:
    return {"any": [_written(one) for one in part.parts]} if isinstance(part, AnyOf) else part.text


def desk(folder: Path, posts: int, rules: int) -> None:
    """Configuration, rules, sources and state."""
    (folder / "rules").mkdir(parents=True)
    every = [written(rule) for rule in book(rules).rules]
    (folder / "rules" / "drawn.yaml").write_text(json.dumps({"rules": every}), "utf-8")
    sources = [{"id": f"telegram:channel{n}", "role": "official"} for n in range(CHANNELS)]
    (folder / "sources.yaml").write_text(json.dumps({"sources": sources}), "utf-8")
    (folder / "monitor.yaml").write_text(
        "state: state\nrules: [rules]\nsources: [sources.yaml]\nreceivers: []\n", "utf-8"
    )
    (folder / "state").mkdir(mode=0o700)
    filled(folder / "state", posts)


def command(folder: Path, since: str = "8d", *, two: bool) -> subprocess.Popen[bytes]:
    """The command, started."""
    more = ("--rules", str(folder / "rules")) if two else ()
    words = (
        "backtest",
        "--config",
        str(folder / "monitor.yaml"),
        "--since",
        since,
        "--json",
        *more,
    )
    return subprocess.Popen(
        [sys.executable, "-m", "monitor", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_surroundings(),
    )  # fmt: skip


def _surroundings() -> dict[str, str]:
    root = str(Path(__file__).resolve().parents[1])
    return {**os.environ, "PYTHONPATH": os.pathsep.join((root, os.environ.get("PYTHONPATH", "")))}


def alone(folder: Path, since: str = "8d", *, two: bool) -> dict[str, float]:
    """The command with nothing beside it: seconds of clock and processor, and its peak."""
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    with command(folder, since, two=two) as child:
        said, errors = child.communicate()
    took, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if child.returncode:
        raise RuntimeError(errors.decode())
    found = json.loads(said)
    return {
        "seconds": took,
        "processor seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "us a post": took / max(1, found["posts"]) * 1e6,
        "posts": found["posts"],
        "would ring": found["total"]["changed"],
        "its memory, MB": after.ru_maxrss / 1024,
    }


async def beside(folder: Path, rules: int, rounds: int, *, two: bool) -> dict[str, float]:
    """How long posts wait, with the command beside and without, in turns."""
    writer = Writer(Database.open(folder / "state", ballast=0))
    pipeline = Pipeline(Matcher(book(rules)), Memory())
    gate = Gate(pipeline, writer, SystemClock(), cursors={}, committed=lambda _: None)
    child = command(folder, two=two)
    running = asyncio.create_task(gate.run())
    shares: dict[str, list[float]] = {"alone": [], "beside": []}
    every = spliced(10**9, seed=time.time_ns())
    number = unknown_numbers(10**9)
    try:
        await _waits(gate, every, number)  # warm
        for _ in range(rounds):
            for name, said in (("alone", signal.SIGSTOP), ("beside", signal.SIGCONT)):
                if child.poll() is not None:
                    child = command(folder, two=two)
                child.send_signal(said)
                waits = sorted(await _waits(gate, every, number))
                shares[name].append(waits[int(len(waits) * 0.99)])
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        child.communicate()
        await writer.aclose()
    ratios = [b / a for a, b in zip(shares["alone"], shares["beside"], strict=True)]
    return {
        "p99 alone, ms": statistics.median(shares["alone"]) * 1e3,
        "p99 beside, ms": statistics.median(shares["beside"]) * 1e3,
        "p99 beside / alone": statistics.median(ratios),
        "rounds": rounds,
    }


def floor(rules: int) -> float:
    """What such a text costs at least, right after: processor us to fold and scan it."""
    scan = Matcher(book(rules)).scan
    these = list(spliced(20_000))
    started = time.process_time()
    for text in these:
        scan(fold(text))
    return (time.process_time() - started) / len(these) * 1e6


def unknown_numbers(first: int) -> Iterator[int]:
    """Numbers of posts that the state does not have."""
    while True:
        first += 1
        yield first


async def _waits(gate: Gate, every: Iterator[str], number: Iterator[int]) -> list[float]:
    """Seconds that each post of one part waited for its commit."""
    waits: list[float] = []

    async def deliver(one: Received) -> None:
        began = time.perf_counter()
        await gate.deliver(Arrival(posts=(one,)))
        waits.append(time.perf_counter() - began)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for turn in range(int(PART * A_SECOND)):
            due = began + turn / A_SECOND
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            one = post(next(number), next(every), datetime.now(UTC))
            group.create_task(deliver(one))
    return waits


def measure(posts: int, rules: int, rounds: int, keep: Path, *, two: bool) -> dict[str, float]:
    """All of it."""
    if not (keep / "monitor.yaml").exists():
        desk(keep, posts, rules)
    found: dict[str, float] = {"load before": os.getloadavg()[0], "rules": rules}
    alone(keep, "1h", two=two)  # the first run makes the rules ready
    found |= alone(keep, two=two)
    found["fold + scan, us"] = floor(rules)
    if rounds:
        with short_collections():  # as in the daemon
            found |= asyncio.run(beside(keep, rules, rounds, two=two))
    return found | {"load after": os.getloadavg()[0]}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=re.split(r"\n", __doc__)[0])
    parser.add_argument("--posts", type=int, default=20_000)
    parser.add_argument("--rules", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--two", action="store_true")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="monitor-bench-", dir=Path()) as folder:
        found = measure(
            options.posts, options.rules, options.rounds, options.keep or Path(folder) / "desk",
            two=options.two,
        )  # fmt: skip
    for name, value in found.items():
        print(f"{name:30} {value:12,.3f}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
