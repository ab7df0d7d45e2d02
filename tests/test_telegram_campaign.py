"""A seeded campaign: posts, edits, deletions under random faults; the store equals the ledger."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.doubles.telegram.bench import Bench, signed_in
from tests.doubles.telegram.budgets import over_budget
from tests.doubles.telegram.client import run_key
from tests.doubles.telegram.control import started

STEPS = 160
CHANNELS = 4


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """A running double with several channels, joined by the account."""
    async with started(run_key()) as telegram:
        made = await signed_in(telegram, tmp_path)
        for number in range(1, CHANNELS):
            name = f"channel_{number}"
            await telegram.create_channel(name, name, members=[made.account.id])
            made.names.append(name)
        yield made


class Campaign:
    """One seed's story: what is written and what goes wrong."""

    def __init__(self, bench: Bench, seed: int) -> None:
        self.random = random.Random(seed)
        self.telegram = bench.telegram
        self.written: dict[int, list[int]] = {}
        self.count = 0

    async def write(self, channels: list[int]) -> None:
        """One thing that a channel does."""
        channel = self.random.choice(channels)
        posts = self.written.setdefault(channel, [])
        self.count += 1
        text = f"пост {self.count}"
        doing = self.random.random()
        if doing < 0.15 and posts:
            await self.telegram.edit(channel, self.random.choice(posts[-5:]), text=text)
        elif doing < 0.22 and posts:
            await self.telegram.delete(channel, [posts.pop(self.random.randrange(len(posts)))])
        elif doing < 0.28 and posts:
            await self.telegram.react(channel, self.random.choice(posts))
        else:
            posts.append(await self.telegram.post(channel, text))

    async def harm(self) -> None:
        """One thing that goes wrong."""
        kind = self.random.choice(["drop", "drop", "repeat", "reorder", "reset", "slow", "salt"])
        if kind == "reset":
            await self.telegram.reset()
        elif kind == "salt":
            await self.telegram.change_salt()
        elif kind == "slow":
            await self.telegram.fail_call("*", "slow", seconds=self.random.random())
        else:
            await self.telegram.fail_push(kind, times=self.random.randint(1, 3))


@pytest.mark.timeout(150)
@pytest.mark.parametrize("seed", [20230522])
async def test_store_equals_ledger(bench: Bench, seed: int) -> None:
    """After every fault and restart each post is there once, with its final text or its deletion.

    The calls stay within the budget.
    """
    campaign = Campaign(bench, seed)
    channels = [channel["id"] for channel in await bench.telegram.truth()]
    async with AsyncExitStack() as running:
        await running.enter_async_context(bench.collecting())
        await bench.ready()
        for step in range(STEPS):
            await campaign.write(channels)
            if campaign.random.random() < 0.15:
                await campaign.harm()
            if step % 40 == 39:
                await running.aclose()
                await running.enter_async_context(bench.collecting())
            await asyncio.sleep(campaign.random.random() * 0.05)
        await bench.telegram.clear_faults()
        await bench.faithful(within=90)
    assert not over_budget(await bench.telegram.calls())
