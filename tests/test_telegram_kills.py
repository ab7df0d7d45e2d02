"""kill -9 at any moment: what the collector's real database holds still equals the ledger."""

import asyncio
import json
import random
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from monitor.store.archive import stored_after
from monitor.store.database import Database
from tests.doubles.telegram.bench import Bench, signed_in
from tests.doubles.telegram.client import run_key
from tests.doubles.telegram.control import started

KILLS = 6


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """A running double, and an account signed in that has joined one channel."""
    async with started(run_key()) as telegram:
        yield await signed_in(telegram, tmp_path)


async def collector(bench: Bench, state: Path) -> asyncio.subprocess.Process:
    """Start the collecting process."""
    options = {
        "state": str(state),
        "session": str(bench.file),
        "key": str(run_key().public),
        "port": bench.telegram.port,
        "sources": bench.names,
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.doubles.telegram.collector", json.dumps(options),
        cwd=Path(__file__).parents[1], stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip


def stored(state: Path) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """What the database holds: the newest (kind, text) of each post, and every first version."""
    newest: dict[str, tuple[str, str]] = {}
    first: list[str] = []
    database = Database.open(state, readonly=True)
    try:
        seq = 0
        while page := stored_after(database, seq):
            for one in page:
                newest[one.name.id] = (one.kind, one.post.text if one.post else "")
                first += [one.name.id] if one.name.version == 1 else []
            seq = page[-1].seq
    finally:
        database.close()
    return newest, first


def differing(truth: dict[str, Any], newest: dict[str, tuple[str, str]]) -> list[str]:
    """Where the database differs from the ledger."""
    found = []
    for post in truth["posts"]:
        kind, text = newest.get(str(post["id"]), ("lost", ""))
        right = kind in {"delete", "lost"} if post["deleted"] else text == post["text"]
        if not right or (kind == "lost" and not post["deleted"]):
            found.append(f"{post['id']}: {post['text']!r}, stored as {kind} {text!r}")
    return found


@pytest.mark.timeout(180)
async def test_a_killed_collector_loses_nothing(bench: Bench, tmp_path: Path) -> None:
    """Killed again and again while posts flow, it ends with every post once and final."""
    chance = random.Random(4)
    state = tmp_path / "state"
    process = await collector(bench, state)
    await asyncio.sleep(3)
    for _ in range(KILLS):
        for _ in range(20):
            number = await bench.telegram.post(bench.channel, f"пост {chance.random()}")
            if chance.random() < 0.2:
                await bench.telegram.edit(bench.channel, number, text=f"правка {number}")
            if chance.random() < 0.1:
                await bench.telegram.delete(bench.channel, [number])
            await asyncio.sleep(chance.random() * 0.05)
        process.kill()
        await process.wait()
        await bench.telegram.post(bench.channel, f"пока никого нет {chance.random()}")
        process = await collector(bench, state)
        await asyncio.sleep(1 + chance.random() * 2)
    try:
        async with asyncio.timeout(90):
            while await _differences(bench, state):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.5)
    except TimeoutError:
        pytest.fail(str((await _differences(bench, state))[:10]))
    finally:
        process.kill()
        await process.wait()
    first = stored(state)[1]
    assert len(first) == len(set(first))


async def _differences(bench: Bench, state: Path) -> list[str]:
    (truth,) = await bench.telegram.truth(bench.channel)
    return differing(truth, stored(state)[0])
