"""A long absence of the running daemon: everything written meanwhile, late, in order, quietly."""

import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from monitor.store.archive import stored_after
from monitor.store.database import Database
from tests.doubles.telegram.budgets import over_budget
from tests.doubles.telegram.client import run_key
from tests.doubles.telegram.control import started
from tests.doubles.telegram.desk import Desk
from tests.patience import PATIENCE

GAP = int(os.environ.get("MONITOR_GAP_POSTS", "1500"))
"""Posts missed while the daemon is down; the budget lists 4,000 a minute after the first 2,000."""


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A double, and an installation that is not configured yet."""
    async with started(run_key()) as telegram:
        yield Desk(telegram, tmp_path)


def stored(state: Path) -> list[int]:
    """The ids of all stored posts, in the order of the log."""
    database = Database.open(state, readonly=True)
    try:
        seq, found = 0, []
        while page := stored_after(database, seq):
            found += [int(one.name.id) for one in page]
            seq = page[-1].seq
        return found
    finally:
        database.close()


@pytest.mark.timeout(180 + GAP // 20)
async def test_a_long_gap_is_filled_quietly(desk: Desk) -> None:
    """All that was written while the daemon was down is stored late, in id order, and rings not.

    A post that is new when the daemon is back rings as ever. The pages keep within the budget, and
    nothing else is asked for: no difference, of which the library would take as many as it likes.
    """
    account = await desk.sign_in("one", "+79990000001")
    channel = await desk.telegram.create_channel("Сводка", "svodka", members=[account.id])
    await desk.telegram.post(channel, "старое")
    desk.configure("svodka", via="account")
    async with desk.running():
        await desk.ready("svodka")
    before = len(await desk.telegram.calls())
    yesterday = int(time.time()) - 86_400
    posts = [{"text": f"ДРГ замечена, {n}", "date": yesterday + n} for n in range(GAP)]
    ids = await desk.telegram.post_many(channel, posts, push=False)
    async with desk.running():
        await desk.until(lambda: desk.outcomes()["late"] == GAP, within=PATIENCE + GAP / 20)
        assert desk.rung() == 0
        await desk.telegram.post(channel, "ДРГ замечена сейчас")
        await desk.until(lambda: desk.rung() == 1)
    assert stored(desk.state)[1:] == [*ids, ids[-1] + 1]
    calls = await desk.telegram.calls(since=before)
    assert not over_budget(calls)
    pages = sum(call.method == "messages.getHistory" for call in calls)
    assert GAP // 100 <= pages <= GAP // 100 + 3
    assert not [call for call in calls if "ifference" in call.method]
