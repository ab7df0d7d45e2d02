"""Millions of posts stored, kept for a while and expired: room, time, and how long posts wait.

    python benchmarks/retention.py [--posts 100000] [--state FOLDER] [--json FILE]

Real texts, each used again with another number behind it (payloads are compressed one by one, so
that a text known from before makes nothing smaller), beside each the size of what Telegram sends
with it. They go through `admit` and `commit`, 250 at a time, from 500 channels; 5 % with a hit. As
in the daemon, the log's pages are brought home by another thread.

- *filling*: the first half, nothing is old enough to go;
- *steady*: the second half; after each commit retention takes as many as came, in slices. A slice
  runs in the writer's thread, so what it takes is what posts wait for it;
- *emptying*: retention takes all texts, keys and hashes stay; after each slice a short pause;
- *giving back*: a file of which more than half is free is made smaller, down to half.

Beside them: what of a slice is this thread's own work, how long it takes apart from waiting for a
core that others use, and how long the disk takes to sync 4 KB in a file of its own, now and then.

The full number is 5,000,000: some 8 GB and half an hour.
"""

import argparse
import json
import os
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from drawn import texts

from monitor.hit import Found, Hit
from monitor.post import Post, Received
from monitor.rule import Rule, Term
from monitor.store.commit import Judged, Work, commit
from monitor.store.database import Database
from monitor.store.posts import Admitted, admit
from monitor.store.retention import expire

BATCH = 250
CHANNELS = 500
A_SECOND = 500
"""Posts a second: what time is in here, and what a week is said for."""
WEEK = A_SECOND * 7 * 86_400
MATCHED = 20
"""Every twentieth post has a hit."""
BESIDE = 150
"""Bytes of TL beside the text: ids, dates, counters, entities; half of them differ by post."""
START = datetime(2026, 1, 1, tzinfo=UTC)
RULE = Rule(id="drone-over-town", title="Drone over a town", when=Term("дрон"))
FAR = timedelta(days=3650)
PAUSE = 0.005
"""Seconds between two slices when no posts come; the daemon lets 0.2 pass."""


class Keep(NamedTuple):
    """How long what is kept."""

    unmatched: timedelta
    matched: timedelta
    alerts: timedelta = FAR


def received(first: int, last: int) -> Iterator[Received]:
    """The posts of these numbers."""
    every = [text for of in texts() for text in of]
    noise = random.Random(7).randbytes(1 << 16)  # noqa: S311 - the same bytes every time
    for number in range(first, last):
        at = START + timedelta(seconds=number / A_SECOND)
        text = f"{every[number * 7 % len(every)]} {number}"
        beside = noise[number % 60_000 :][: BESIDE // 2] + bytes(BESIDE // 2)
        channel = number % CHANNELS
        yield Received(
            post=Post(
                source=f"telegram:channel{channel}",
                id=str(number // CHANNELS + 1),
                published_at=at,
                observed_at=at,
                text=text,
                url=f"https://t.me/channel{channel}/{number // CHANNELS + 1}",
            ),
            raw=beside + text.encode(),
            channel_id=10_000_000 + channel,
        )


def judged(number: int, admitted: Admitted) -> Judged:
    """Its outcome: one in twenty has a hit with two words."""
    if number % MATCHED:
        return Judged(admitted, "unmatched", "no rule holds")
    found = tuple(Found(text="дрон", start=at, end=at + 4, term="дрон") for at in (10, 50))
    hit = Hit(rule=RULE, post=admitted.name, proof=lambda: found)
    return Judged(admitted, "joined", "joined incident 0123456789abcdef: echo of another", (hit,))


def in_queue() -> float:
    """Seconds that this thread could have run and others had the cores."""
    return int(Path("/proc/thread-self/schedstat").read_text("ascii").split()[1]) / 1e9


class Store:
    """The store that is measured, and how long each step took, in ms."""

    def __init__(self, folder: Path) -> None:
        self.db = Database.open(folder, ballast=0)
        self._log = self.db.checkpoints()
        self._beside = (folder / "beside").open("wb", buffering=0)
        self.commits: list[float] = []
        self.slices: list[float] = []
        self.work: list[float] = []
        self.undisturbed: list[float] = []
        self.syncs: list[float] = []
        self.rows = 0

    def fill(self, first: int, last: int, keep: Keep | None) -> float:
        """Store these posts; with `keep`, a slice of retention after each commit. Seconds."""
        began = time.perf_counter()
        for start in range(first, last, BATCH):
            batch = list(received(start, min(start + BATCH, last)))
            now = batch[-1].post.published_at
            started = time.perf_counter()
            every = admit(self.db, batch, now)
            work = Work(
                judged=[judged(start + n, one) for n, one in enumerate(every)], rulebook="b"
            )
            commit(self.db, work, now)
            self._log.wrote()
            self.commits.append((time.perf_counter() - started) * 1e3)
            while keep is not None and self.slice(now, keep):
                pass
            if start // BATCH % 20 == 0:
                self.sync()
        return time.perf_counter() - began

    def slice(self, now: datetime, keep: Keep) -> bool:
        """One slice; whether there is more to do."""
        queued, worked, started = in_queue(), time.thread_time(), time.perf_counter()
        gone = expire(self.db, now, keep)
        self._log.wrote()
        self.slices.append((time.perf_counter() - started) * 1e3)
        self.work.append((time.thread_time() - worked) * 1e3)
        self.undisturbed.append(self.slices[-1] - (in_queue() - queued) * 1e3)
        self.rows += gone.total
        return gone.more

    def sync(self) -> None:
        """How long the disk takes for 4 KB."""
        started = time.perf_counter()
        self._beside.write(bytes(4096))
        os.fdatasync(self._beside.fileno())
        self.syncs.append((time.perf_counter() - started) * 1e3)

    def taken(self, name: str) -> dict[str, float]:
        """How long slices took, by the clock and of the processor; from now on, others."""
        found = spread(f"a slice, {name}", self.slices)
        found[f"a slice, {name}, longest with a core ms"] = max(self.undisturbed)
        found[f"a slice, {name}, longest work ms"] = max(self.work)
        for one in (self.slices, self.undisturbed, self.work):
            one.clear()
        return found

    def close(self) -> None:
        """As the daemon's writer does."""
        self._log.close()
        self._beside.close()
        self.db.close()

    def sizes(self) -> dict[str, float]:
        """MB of the file, and of what is free in it."""
        self.db.shorten_log()
        ((pages,),) = self.db.rows("PRAGMA page_count")
        ((free,),) = self.db.rows("PRAGMA freelist_count")
        ((page,),) = self.db.rows("PRAGMA page_size")
        return {"file": pages * page / 1e6, "free": free * page / 1e6}


def spread(name: str, times: Sequence[float]) -> dict[str, float]:
    """Median, 99th percentile and longest."""
    ordered = sorted(times)
    return {
        f"{name}, median ms": statistics.median(ordered),
        f"{name}, p99 ms": ordered[int(len(ordered) * 0.99)],
        f"{name}, longest ms": ordered[-1],
    }


def measure(posts: int, folder: Path) -> dict[str, float]:
    """All of it."""
    half = posts // 2 // BATCH * BATCH
    window = timedelta(seconds=half / A_SECOND)
    store = Store(folder)
    found: dict[str, float] = {"posts": posts, "load before": os.getloadavg()[0]}

    took = store.fill(0, half, None)
    full = store.sizes()
    found["filling: us a post"] = took / half * 1e6
    found["bytes a post with text"] = full["file"] / half * 1e6
    found |= spread("a commit alone", store.commits)

    store.commits.clear()
    took = store.fill(half, 2 * half, Keep(window, window))
    steady = store.sizes()
    found |= spread("a commit beside retention", store.commits)
    found |= spread("a sync beside", store.syncs)
    found |= {
        "steady: rows gone": store.rows,
        "steady: growth, bytes a post": (steady["file"] - full["file"]) / half * 1e6,
        "steady: retention, us a post": sum(store.slices) / max(1, store.rows) * 1e3,
        "steady: its work, us a post": sum(store.work) / max(1, store.rows) * 1e3,
    }
    found |= store.taken("steady")
    store.rows = 0
    found |= emptied(store, 2 * half)
    with_text = found["bytes a post with text"]
    key = found["bytes a post without text"]
    found |= {
        "a week at 500 posts/s with text, GB": WEEK * with_text / 1e9,
        "what stays of it for ever, GB": WEEK * key / 1e9,
        "resident, MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "load after": os.getloadavg()[0],
    }
    store.close()
    return found


def emptied(store: Store, posts: int) -> dict[str, float]:
    """All texts removed, and the room given back."""
    gone = Keep(timedelta(0), timedelta(0))
    later = START + timedelta(seconds=posts / A_SECOND + 1)
    before = store.sizes()
    while store.slice(later, gone) and store.rows < posts // 2:
        time.sleep(PAUSE)
    found = {"emptying: us a post": sum(store.slices) / max(1, store.rows) * 1e3}
    found |= store.taken("emptying")
    hollow = store.sizes()
    found |= {
        "before emptying: file, MB": before["file"],
        "before emptying: free in it, MB": before["free"],
        "emptied: free in the file, MB": hollow["free"],
    }
    while store.slice(later, gone):
        time.sleep(PAUSE)
    found |= store.taken("giving back")
    empty = store.sizes()
    return found | {
        "given back: file, MB": empty["file"],
        "bytes a post without text": (empty["file"] - empty["free"]) / posts * 1e6,
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--posts", type=int, default=100_000)
    parser.add_argument("--state", type=Path, default=Path(), help="where to make the state")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="monitor-bench-", dir=options.state) as folder:
        Path(folder).chmod(0o700)
        found = measure(options.posts, Path(folder))
    for name, value in found.items():
        print(f"{name:40} {value:14,.1f}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
