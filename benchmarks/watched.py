"""A daemon as `monitor run` makes it, under a flow of posts and watched from within.

    python benchmarks/watched.py FOLDER

It notes how long its event loop was held up, and how long a post waited until it was committed. A
process of its own that loads nothing else: its memory is the daemon's.
"""
# ruff: noqa: E402 - what is only there for developing is hidden before anything is loaded

import sys

sys.modules.update(dict.fromkeys(("rich", "twisted")))  # type: ignore[arg-type]  # structlog loads them

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import structlog
from msgspec import structs

from monitor.clock import SystemClock
from monitor.daemon import Daemon
from monitor.logs import configure
from monitor.post import Post, Received
from monitor.reconfiguring import ConfigFile
from monitor.reload import WARM_AFTER
from monitor.signals import listen
from monitor.source import Arrival
from monitor.store.database import Database
from monitor.workshop import Material, ready

SOURCE = "telegram:newsroom"
POSTS = "posts.jsonl"
AT_REST = 3.0
"""Seconds after which memory is read, and half as long as the loop is watched at rest."""


class Watch:
    """How long the event loop was held up, and posts waited: at rest and while rules change."""

    def __init__(self, daemon: Daemon, posts: Path) -> None:
        self._gate = daemon._gate  # noqa: SLF001 - where the sources hand over
        self._posts = posts
        self.phase = "at rest"
        self.stalls: dict[str, float] = {}
        self.waits: dict[str, float] = {}

    async def beat(self) -> None:
        """Ask for the loop again and again."""
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            self._longest(self.stalls, now - last - 0.001)
            last = now

    async def flow(self) -> None:
        """Real posts, one every 5 ms, never waiting for one another."""
        async with asyncio.TaskGroup() as group:
            for number, one in enumerate(_again_and_again(self._posts)):
                fresh = structs.replace(one, source=SOURCE, id=str(number))
                group.create_task(self._deliver(Received(post=fresh)))
                await asyncio.sleep(0.005)

    async def _deliver(self, post: Received) -> None:
        begun = time.perf_counter()
        await self._gate.deliver(Arrival(posts=(post,)))
        self._longest(self.waits, time.perf_counter() - begun)

    def _longest(self, into: dict[str, float], seconds: float) -> None:
        into[self.phase] = max(into.get(self.phase, 0.0), seconds)


def _again_and_again(path: Path) -> Iterator[Post]:
    """The posts of a file, one a line, read one by one: all of them together take 4 MB."""
    decoder = msgspec.json.Decoder(Post)
    while True:
        with path.open("rb") as lines:
            yield from map(decoder.decode, lines)


async def serve(folder: Path) -> None:
    """Run, until a signal; then tell what was seen."""
    file = ConfigFile(folder / "monitor.yaml")
    chosen = file.read()
    matcher = ready(Material(chosen.rules, chosen.sources, chosen.places, chosen.state))
    daemon = Daemon(chosen, matcher, SystemClock(), Database.open(chosen.state), file)
    watch, stop = Watch(daemon, folder / POSTS), asyncio.Event()
    listen(stop, daemon.rules.ask)
    running = asyncio.create_task(daemon.run(stop))
    await asyncio.sleep(2 * WARM_AFTER)
    tasks = [asyncio.create_task(one) for one in (watch.flow(), watch.beat())]
    await asyncio.sleep(2 * AT_REST)
    watch.phase = "while rules change"
    log = structlog.get_logger()
    log.info("warm")
    await stop.wait()
    for one in tasks:
        one.cancel()
    stalls = {
        f"longest stall of the loop, {key}, ms": 1e3 * one for key, one in watch.stalls.items()
    }
    waits = {f"longest wait of a post, {key}, ms": 1e3 * one for key, one in watch.waits.items()}
    log.info("watched", **stalls, **waits)
    await running


if __name__ == "__main__":
    configure()
    asyncio.run(serve(Path(sys.argv[1])))
