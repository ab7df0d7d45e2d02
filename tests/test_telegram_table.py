"""What goes wrong on the way from Telegram, row by row: every post arrives once, within a bound.

The bounds are those of the installed settings (`Pace()`), with times divided so that a test takes
seconds: by SWEEP where the comparison of heads finds a post, by PING where the watch over the line
does. `CALLS` is what the calls themselves may take, which nothing divides; as a machine that is
busy with other things may take longer, the best of three times counts. The counter-test runs the
same rows without comparing and listing, and finds posts missing: the table can fail.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from monitor.sources.telegram.account import Pace
from tests.doubles.intake import Ledger
from tests.doubles.telegram.bench import Bench, signed_in
from tests.doubles.telegram.campaign import Collector
from tests.doubles.telegram.client import run_key
from tests.doubles.telegram.control import Telegram, started
from tests.patience import PATIENCE

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
    turn = 0
    late = False

    def named(self, text: str) -> str:
        """A text that is new each time that a row happens."""
        return f"{text} {self.turn}"

    async def soon(self, wanted: Any, within: float) -> None:
        """Wait until it is so, and note when that was too late."""
        started = time.monotonic()
        await self.until(wanted)
        self.late |= time.monotonic() - started > within

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
    first, second = map(stage.named, ("дошло", "пропало"))
    await stage.telegram.post(stage.channel, first)
    await stage.until([first])
    await stage.telegram.fail_push("drop")
    await stage.telegram.post(stage.channel, second)
    return [second]


async def first_push_lost(stage: Stage) -> list[str]:
    """The first push of a channel does not come, nor the second: two posts are missing."""
    await stage.telegram.fail_push("drop", times=2)
    texts = [stage.named(text) for text in ("первое", "второе")]
    await stage.telegram.post_many(stage.channel, [{"text": text} for text in texts])
    return texts


async def reset(stage: Stage) -> list[str]:
    """The connection is reset, and a post is written before it is made again."""
    await stage.telegram.reset()
    await stage.telegram.post(stage.channel, stage.named("в разрыве"))
    return [stage.named("в разрыве")]


async def restart(stage: Stage) -> list[str]:
    """Posts are written while the collector is stopped: more than one page of them."""
    await stage.stop()
    texts = [stage.named(f"ночью {number}") for number in range(150)]
    await stage.telegram.post_many(stage.channel, [{"text": text} for text in texts])
    await stage.start()
    return texts


async def too_long(stage: Stage) -> list[str]:
    """The server says that more was missed than it will tell."""
    await stage.telegram.set_channel(stage.channel, too_long_after=5)
    texts = [stage.named(f"много {number}") for number in range(20)]
    await stage.telegram.post_many(stage.channel, [{"text": text} for text in texts], push=False)
    await stage.telegram.push_too_long(stage.channel)
    return texts


async def handler_fault(stage: Stage) -> list[str]:
    """The store refuses what was pushed, and the collector is stopped before it takes it."""
    stage.broken = True
    refused = stage.intake.refused
    await stage.telegram.post(stage.channel, stage.named("в сбой"))
    await stage.until(lambda: stage.intake.refused > refused)
    await stage.stop()
    stage.broken = False
    await stage.start()
    return [stage.named("в сбой")]


async def unreachable(stage: Stage) -> list[str]:
    """Connections are refused for a while, and posts are written meanwhile."""
    await stage.telegram.listen(on=False)
    await stage.until(lambda: stage.state() == "unreachable")
    await stage.telegram.post(stage.channel, stage.named("пока нет связи"))
    await stage.telegram.listen(on=True)
    await stage.listened_to()
    return [stage.named("пока нет связи")]


async def black_hole(stage: Stage) -> list[str]:
    """The line stays open and carries nothing: noticed within 60 s, whatever the library thinks."""
    await stage.telegram.black_hole(on=True)
    await stage.telegram.post(stage.channel, stage.named("в темноте"))
    await stage.soon(lambda: stage.state() == "unreachable", 60 / PING + CALLS)
    await stage.telegram.black_hole(on=False)
    await stage.listened_to()
    return [stage.named("в темноте")]


async def slow_call(stage: Stage) -> list[str]:
    """The call that would list what is missing is never answered."""
    await stage.telegram.fail_call("messages.getHistory", "silent")
    texts = [stage.named(text) for text in ("медленно", "медленно тоже")]
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
    for stage.turn in range(3):
        stage.late = False
        await stage.soon(await row.happens(stage), row.within + CALLS)
        assert not stage.twice()
        assert not await stage.differences()
        if not stage.late:
            break
    assert not stage.late


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
    """Wait until these are stored."""
    async with asyncio.timeout(PATIENCE):
        while not set(texts) <= {one.text for one in collector.stored().values()}:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("reconcile", [True, False])
async def test_killed(tmp_path: Path, reconcile: bool) -> None:  # noqa: FBT001 - the counter-test
    """After kill -9 what was written meanwhile is stored within 10 s, and nothing twice.

    Without comparing and listing it never is.
    """
    missed: list[str] = []
    took = 0.0
    async with started(run_key()) as telegram, AsyncExitStack() as after:
        bench = await signed_in(telegram, tmp_path)
        collector = Collector(telegram, tmp_path, bench.file, bench.names, reconcile=reconcile)
        if not reconcile:  # it has to know the channel
            await first_contact(telegram, tmp_path, bench)
        await collector.start()
        after.push_async_callback(collector.kill)
        await bench.listened_to()
        await telegram.post(bench.channel, "до")
        await stored(collector, "до")
        while not missed or (took > NETWORK_BACK + CALLS and len(missed) < 6):
            await collector.kill()
            missed += [f"мёртв {len(missed)}", f"мёртв и потом {len(missed)}"]
            await telegram.post_many(bench.channel, [{"text": text} for text in missed[-2:]])
            began = time.monotonic()
            await collector.start()
            if reconcile:
                await stored(collector, *missed)
                took = time.monotonic() - began
        assert took <= NETWORK_BACK + CALLS
        await bench.listened_to()
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
