"""How many pushed posts a second an account's reader stores, how late, and in how much memory.

    python -m benchmarks.telegram_throughput [--rate 2000] [--seconds 30] [--channels 10]

The loopback Telegram, a process of its own, writes posts at a rate and pushes them in containers.
This process is the collector as installed: Telethon, the reader with its usual pace, a real store;
posts are judged as matching nothing. The delay of a post is from its writing to the end of its
commit. A delay that grows through the run means that the rate is beyond what is sustained. Where
the process was often ready without getting a core, other work on the machine was the limit: then
the time of a core for each post says more than the rate.
"""

import argparse
import asyncio
import contextlib
import json
import statistics
import sys
import tempfile
import time
from array import array
from pathlib import Path

from monitor.clock import SystemClock
from monitor.secret import Secret
from monitor.source import Arrival, SourceInfo
from monitor.sources.telegram.account import Pace, TelegramAccount
from monitor.sources.telegram.session import AccountSettings, Server
from monitor.store.database import Database
from tests.doubles.intake import Board
from tests.doubles.telegram.bench import signed_in
from tests.doubles.telegram.client import API_HASH, API_ID, run_key
from tests.doubles.telegram.collector import Direct
from tests.doubles.telegram.control import Telegram, started

PATIENCE = 60.0
PARTS = {"0": 0.0, "1/4": 0.25, "1/2": 0.5, "3/4": 0.75, "all": 1.0}
Delay = tuple[float, float]
"""When a post was written, Unix seconds, and how many seconds later it was stored."""

Used = tuple[float, float, float]
"""Seconds: of cores, of the run, and of waiting for a core."""


class Timed(Direct):
    """The store, and how late each new post came to be in it."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._numbers = array("d")  # two a post: a list of pairs would be the memory that grows

    async def deliver(self, arrival: Arrival) -> None:
        """Commit, then look at the clock."""
        await super().deliver(arrival)
        now = time.time()
        for one in arrival.posts:
            stamp = one.post.text.partition(" ")[0]
            if not one.history and "." in stamp:
                self._numbers.extend((float(stamp), now - float(stamp)))

    def __len__(self) -> int:
        """How many posts."""
        return len(self._numbers) // 2

    def delays(self) -> list[Delay]:
        """Each post's."""
        return list(zip(self._numbers[::2], self._numbers[1::2], strict=True))


def resident() -> float:
    """This process's memory, MiB."""
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def starved() -> float:
    """Seconds for which the main thread was ready to run and got no core."""
    return int(Path("/proc/self/schedstat").read_text("ascii").split()[1]) / 1e9


def summary(delays: list[Delay], used: Used, memory: list[float], posts: int) -> dict[str, float]:
    """The figures of a run; the delays of its last third tell whether they grow."""
    written = sorted(at for at, _ in delays)
    late = sorted(delay for _, delay in delays)
    stored = sorted(at + delay for at, delay in delays)
    third = [delay for at, delay in delays if at > written[-1] - (written[-1] - written[0]) / 3]
    hundredths = statistics.quantiles(late, n=100)
    return {
        "posts written": posts,
        "posts stored": len(delays),
        "written a second": round(len(delays) / (written[-1] - written[0])),
        "stored a second": round(len(delays) / (stored[-1] - stored[0])),
        "delay p50, s": round(hundredths[49], 3),
        "delay p99, s": round(hundredths[98], 3),
        "delay of the last third p50, s": round(statistics.median(third), 3),
        "core time of a post, µs": round(used[0] / len(delays) * 1e6),
        "of the run on a core": round(used[0] / used[1], 2),
        "of the run ready without a core": round(used[2] / used[1], 2),
        **{
            f"memory after {part} of the run, MiB": round(memory[int(where * (len(memory) - 1))])
            for part, where in PARTS.items()
        },
        "most memory, MiB": round(max(memory)),
    }


async def measured(
    telegram: Telegram, store: Timed, channels: list[int], options: argparse.Namespace
) -> dict[str, float]:
    """Let the posts be written; returns when all are stored, or patience has ended."""
    posts = int(options.rate * options.seconds)
    memory = [resident()]
    began, cpu, waited = time.monotonic(), time.process_time(), starved()
    await telegram.ask("stream", channels=channels, rate=options.rate, seconds=options.seconds)
    while len(store) < posts and time.monotonic() < began + options.seconds + PATIENCE:
        await asyncio.sleep(1.0)
        memory.append(resident())
    used = (time.process_time() - cpu, time.monotonic() - began, starved() - waited)
    return summary(store.delays(), used, memory, posts)


async def run(options: argparse.Namespace, folder: Path) -> dict[str, float]:
    """One run in a folder of its own."""
    async with started(run_key()) as telegram:
        bench = await signed_in(telegram, folder)
        for number in range(1, options.channels):
            name = f"channel_{number}"
            await telegram.create_channel(name, name, members=[bench.account.id])
            bench.names.append(name)
        database = Database.open(folder / "state", ballast=0)
        store = Timed(database)
        server = Server(telegram.host, telegram.port, run_key().public)
        secret = Secret("env:API_HASH", API_HASH)
        settings = AccountSettings(
            name="one", session=bench.file, api_id=API_ID, api_hash=secret, server=server
        )
        board = Board()
        infos = [SourceInfo(id=f"telegram:{name}", via=("account",)) for name in bench.names]
        source = TelegramAccount(settings, infos, SystemClock(), board, Pace())
        task = asyncio.create_task(source.run(store))
        while sum(one.state == "ok" for one in board.last.values()) < len(infos):  # noqa: ASYNC110 - another task's board
            await asyncio.sleep(0.1)
        channels = [one["id"] for one in await telegram.truth()]
        try:
            return await measured(telegram, store, channels, options)
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            database.close()


def main() -> None:
    """Measure with the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=2000.0)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--channels", type=int, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(run(options, Path(folder)))
    json.dump(figures, sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
