"""What goes wrong on the way from Telegram, row by row: every post arrives once, within a bound.

The bounds are those of the installed settings (`Pace()`), with times divided so that a test takes
seconds: by SWEEP where the comparison of heads finds a post, by PING where the watch over the line
does. `CALLS` is what the calls themselves may take, which nothing divides. The counter-test runs
the same rows without comparing and listing, and finds posts missing: the table can fail.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from monitor.sources.telegram.account import Pace
from tests.doubles.intake import Ledger
from tests.doubles.telegram.bench import Bench, signed_in
from tests.doubles.telegram.campaign import Collector
from tests.doubles.telegram.client import run_key
from tests.doubles.telegram.control import Telegram, started

SWEEP, PING, CALLS = 60, 15, 2.0
PACE = msgspec.structs.replace(
    Pace(),
    sweep_every=Pace().sweep_every / SWEEP,
    ping_every=Pace().ping_every / PING,
    ping_timeout=Pace().ping_timeout / PING,
    call_timeout=Pace().call_timeout / PING,
    connect_timeout=Pace().connect_timeout / 5,
)


class Stage(Bench):
    """A bench whose collector stops and starts in the middle of a row."""

    pace = PACE
    broken = False

    async def start(self) -> None:
        """Start collecting; returns when the server has somebody to push to."""
        self._running = AsyncExitStack()
        await self._running.enter_async_context(self.collecting(self.pace))
        await self.listened_to()

    async def stop(self) -> None:
        """Stop collecting."""
        await self._running.aclose()


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A collector at work that was at the head of its one channel."""
    async with started(run_key()) as telegram:
        bench = await signed_in(telegram, tmp_path)
        made = Stage(telegram, bench.account, bench.channel, bench.file)
        made.intake = Ledger(fail=lambda: made.broken)
        await made.start()
        await made.ready()
        yield made
        await made.stop()


async def lost_push(stage: Stage) -> list[str]:
    """One push does not come; nothing else happens in that channel."""
    await stage.telegram.post(stage.channel, "дошло")
    await stage.until(["дошло"])
    await stage.telegram.fail_push("drop")
    await stage.telegram.post(stage.channel, "пропало")
    return ["пропало"]


async def first_push_lost(stage: Stage) -> list[str]:
    """The first push of a channel does not come, nor the second: two posts are missing."""
    await stage.telegram.fail_push("drop", times=2)
    texts = ["первое", "второе"]
    await stage.telegram.post_many(stage.channel, [{"text": text} for text in texts])
    return texts


async def reset(stage: Stage) -> list[str]:
    """The connection is reset, and a post is written before it is made again."""
    await stage.telegram.reset()
    await stage.telegram.post(stage.channel, "в разрыве")
    return ["в разрыве"]


async def restart(stage: Stage) -> list[str]:
    """Posts are written while the collector is stopped: more than one page of them."""
    await stage.stop()
    texts = [f"ночью {number}" for number in range(150)]
    await stage.telegram.post_many(stage.channel, [{"text": text} for text in texts])
    await stage.start()
    return texts


async def too_long(stage: Stage) -> list[str]:
    """The server says that more was missed than it will tell."""
    await stage.telegram.set_channel(stage.channel, too_long_after=5)
    texts = [f"много {number}" for number in range(20)]
    await stage.telegram.post_many(stage.channel, [{"text": text} for text in texts], push=False)
    await stage.telegram.push_too_long(stage.channel)
    return texts


async def handler_fault(stage: Stage) -> list[str]:
    """The store refuses what was pushed, and the collector is stopped before it takes it."""
    stage.broken = True
    await stage.telegram.post(stage.channel, "в сбой")
    await stage.until(lambda: stage.intake.refused > 0)
    await stage.stop()
    stage.broken = False
    await stage.start()
    return ["в сбой"]


async def unreachable(stage: Stage) -> list[str]:
    """Connections are refused for a while, and posts are written meanwhile."""
    await stage.telegram.listen(on=False)
    await stage.until(lambda: stage.state() == "unreachable")
    await stage.telegram.post(stage.channel, "пока нет связи")
    await stage.telegram.listen(on=True)
    await stage.listened_to()
    return ["пока нет связи"]


async def black_hole(stage: Stage) -> list[str]:
    """The line stays open and carries nothing: noticed within 60 s, whatever the library thinks."""
    await stage.telegram.black_hole(on=True)
    await stage.telegram.post(stage.channel, "в темноте")
    await stage.until(lambda: stage.state() == "unreachable", within=60 / PING + CALLS)
    await stage.telegram.black_hole(on=False)
    await stage.listened_to()
    return ["в темноте"]


async def slow_call(stage: Stage) -> list[str]:
    """The call that would list what is missing is never answered."""
    await stage.telegram.fail_call("messages.getHistory", "silent")
    texts = ["медленно", "медленно тоже"]
    await stage.telegram.post_many(stage.channel, [{"text": text} for text in texts], push=False)
    return texts


class Row(NamedTuple):
    """What happens, and within how many of the test's seconds its posts are stored afterwards."""

    happens: Callable[[Stage], Awaitable[list[str]]]
    within: float


NETWORK_BACK = 10.0
SILENT = 210 / SWEEP
ROWS = (
    Row(lost_push, SILENT),
    Row(first_push_lost, SILENT),
    Row(reset, NETWORK_BACK),
    Row(restart, NETWORK_BACK),
    Row(too_long, SILENT),
    Row(handler_fault, NETWORK_BACK),
    Row(unreachable, NETWORK_BACK),
    Row(black_hole, NETWORK_BACK),
    Row(slow_call, SILENT + 30 / PING + NETWORK_BACK),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.happens.__name__)
async def test_every_post_arrives_once(stage: Stage, row: Row) -> None:
    """Within the row's bound all posts are stored, each once, as the server has them."""
    written = await row.happens(stage)
    await stage.until(written, within=row.within + CALLS)
    assert not stage.twice()
    assert not await stage.differences()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.happens.__name__)
async def test_without_reconciling_posts_are_missing(stage: Stage, row: Row) -> None:
    """The same happens without comparing and listing: a later post comes, these never do."""
    await stage.stop()
    stage.pace = msgspec.structs.replace(PACE, reconcile=False)
    await stage.start()
    written = await row.happens(stage)
    await stage.listened_to()
    await stage.telegram.clear_faults()
    await stage.telegram.post(stage.channel, "последнее")
    await stage.until(["последнее"])
    assert set(written).isdisjoint(stage.texts())


async def stored(collector: Collector, *texts: str) -> None:
    """Wait until these are stored, as long as the network's return and a start may take."""
    async with asyncio.timeout(NETWORK_BACK + CALLS):
        while not set(texts) <= {one.text for one in collector.stored().values()}:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("reconcile", [True, False])
async def test_killed(tmp_path: Path, reconcile: bool) -> None:  # noqa: FBT001 - the counter-test
    """After kill -9 what was written meanwhile is stored within 10 s, and nothing twice.

    Without comparing and listing it never is.
    """
    missed = ["мёртв", "мёртв и потом"]
    async with started(run_key()) as telegram, AsyncExitStack() as after:
        bench = await signed_in(telegram, tmp_path)
        collector = Collector(telegram, tmp_path, bench.file, bench.names, reconcile=reconcile)
        if not reconcile:  # it has to know the channel
            await first_contact(telegram, tmp_path, bench)
        await collector.start()
        after.push_async_callback(collector.kill)
        await bench.listened_to(NETWORK_BACK)
        await telegram.post(bench.channel, "до")
        await stored(collector, "до")
        await collector.kill()
        await telegram.post_many(bench.channel, [{"text": text} for text in missed])
        await collector.start()
        if reconcile:
            await stored(collector, *missed)
        await bench.listened_to(NETWORK_BACK)
        await telegram.post(bench.channel, "после")
        await stored(collector, "после")
        found = collector.stored().values()
    assert {one.text for one in found}.isdisjoint(missed) is not reconcile
    assert {one.versions for one in found} == {1}


async def first_contact(telegram: Telegram, folder: Path, bench: Bench) -> None:
    """Meet the channel once with comparing."""
    collector = Collector(telegram, folder, bench.file, bench.names)
    await collector.start()
    try:
        await stored(collector, "старое 2")
    finally:
        await collector.kill()
