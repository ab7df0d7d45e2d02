"""Channels that the account has not joined: polled, the hottest often; joined where wanted."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from monitor.habit import counted, cursor, encode
from tests.doubles.intake import Board
from tests.doubles.telegram.bench import STEADY, Bench, signed_in
from tests.doubles.telegram.client import run_key
from tests.doubles.telegram.control import started

JOINING = msgspec.structs.replace(STEADY, join=True)
JOIN = "channels.joinChannel"


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """An account that has joined `svodka`, and watches two more that it has not joined."""
    async with started(run_key()) as telegram:
        made = await signed_in(telegram, tmp_path)
        for name in ("first", "second"):
            made.channels[name] = await telegram.create_channel(name, name)
            await telegram.post(made.channels[name], "старое")
            made.names.append(name)
        yield made


def health(bench: Bench, name: str) -> tuple[str, str]:
    """How a channel's posts come, and what became of joining it."""
    one = bench.board.last.get(f"telegram:{name}")
    return (one.reach, one.join) if one else ("", "")


async def test_the_hottest_are_polled_often(bench: Bench) -> None:
    """A busy channel is read within seconds, one that is calm by its habit waits for the sweep."""
    now = time.time()
    busy = counted(None, [now - 60 * n for n in range(100)], now)
    assert busy is not None
    bench.intake.cursors[cursor("telegram:first")] = encode(busy)
    async with bench.collecting():
        await bench.ready()
    slow = msgspec.structs.replace(STEADY, sweep_every=600.0)
    bench.board = Board()
    swept = len(await bench.telegram.calls("messages.getPeerDialogs")) + 1
    async with bench.collecting(slow):
        while len(await bench.telegram.calls("messages.getPeerDialogs")) < swept:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.02)
        await bench.until(lambda: health(bench, "first")[0] == "short_polled")
        before = len(await bench.telegram.calls("messages.getPeerDialogs"))
        started = time.monotonic()
        for name, channel in bench.channels.items():
            await bench.telegram.post(channel, f"новое в {name}")
        await bench.until(["новое в first"])
        await asyncio.sleep(1.0)
        assert "новое в second" not in bench.texts()
        made = await bench.telegram.calls("messages.getPeerDialogs")
        polls = (time.monotonic() - started) / slow.poll_every
    assert health(bench, "second")[0] == "polled"
    assert health(bench, "svodka")[0] == "pushed"
    assert 1 <= len(made) - before <= polls + 2


async def test_nothing_is_joined_unasked(bench: Bench) -> None:
    """Without the setting no channel is joined, whatever is read; one that asks for it is."""
    bench.join = {"second": True}
    async with bench.collecting():
        await bench.ready()
        await bench.until(lambda: health(bench, "second") == ("pushed", ""))
        await asyncio.sleep(1.2)
    (call,) = await bench.telegram.calls(JOIN)
    assert call.channel == bench.channels["second"]
    assert health(bench, "first")[0] in {"polled", "short_polled"}


async def test_joining_is_paced_over_restarts(bench: Bench) -> None:
    """One in ten minutes is pushed from then on; the other waits, also after a restart."""
    async with bench.collecting(JOINING):
        await bench.until(lambda: health(bench, "first") == ("pushed", ""))
        await bench.until(lambda: health(bench, "second")[1] == "waiting")
        await bench.telegram.post(bench.channels["first"], "сразу")
        await bench.until(["сразу"])
    async with bench.collecting(JOINING):
        await bench.until(lambda: health(bench, "second")[1] == "waiting")
        await asyncio.sleep(1.2)
    assert len(await bench.telegram.calls(JOIN)) == 1


@pytest.mark.parametrize(
    ("error", "state"),
    [
        ("INVITE_REQUEST_SENT", "requested"),
        ("CHANNEL_PRIVATE", "refused"),
        ("CHANNELS_TOO_MUCH", "waiting"),
        ("FLOOD_WAIT_5000", "waiting"),
    ],
)
async def test_refusals_are_shown_and_not_repeated(bench: Bench, error: str, state: str) -> None:
    """What Telegram answers to joining is a state of that channel, which is read all the same."""
    bench.names = ["first"]
    code = 420 if error.startswith("FLOOD") else 400
    await bench.telegram.fail_call(JOIN, "error", code=code, error=error)
    async with bench.collecting(JOINING):
        await bench.until(lambda: health(bench, "first")[1] == state)
    async with bench.collecting(JOINING):
        await bench.telegram.post(bench.channels["first"], "новое")
        await bench.until(["новое"])
        await bench.until(lambda: health(bench, "first")[1] == state)
        assert bench.board.last["telegram:first"].state == "ok"
    assert len(await bench.telegram.calls(JOIN)) == 1


async def test_a_long_flood_begins_and_ends(bench: Bench) -> None:
    """While Telegram forbids listing the account is flooded; afterwards well, and all is read."""
    bench.names = ["svodka"]
    pace = msgspec.structs.replace(STEADY, long_flood=1.0)
    async with bench.collecting(pace):
        await bench.ready()
        await bench.telegram.flood("messages.getPeerDialogs", 3)
        await bench.until(lambda: bench.board.account == ["well", "flooded"])
        await bench.until(lambda: bench.board.account == ["well", "flooded", "well"])
        await bench.telegram.post(bench.channel, "потеряно", push=False)
        await bench.until(["потеряно"])


async def test_a_new_title_disturbs_nothing_and_a_new_name_is_told(bench: Bench) -> None:
    """A channel may call itself otherwise; under another public name it is not read on blindly."""
    bench.names = ["svodka"]
    async with bench.collecting():
        await bench.ready()
        await bench.telegram.rename(bench.channel, "Сводка дня")
        await bench.telegram.post(bench.channel, "под новым именем")
        await bench.until(["под новым именем"])
        assert bench.state() == "ok"
        await bench.telegram.set_username(bench.channel, "svodka_dnya")
        await bench.until(lambda: bench.state() == "handed_over")
    assert "now @svodka_dnya" in bench.board.last["telegram:svodka"].hint
