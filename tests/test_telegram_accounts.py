"""Several accounts in the running daemon: channels are shared out, move, and come back."""

import asyncio
import stat
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from monitor import settings
from monitor.clock import SystemClock
from monitor.source import SourceInfo
from monitor.sources.roster import Roster
from monitor.sources.telegram import sharing
from monitor.store.database import Database
from monitor.store.outbox import alerts_after
from tests.doubles.intake import Board, Ledger
from tests.doubles.telegram.bench import QUICK
from tests.doubles.telegram.client import run_key
from tests.doubles.telegram.control import started
from tests.doubles.telegram.desk import Desk
from tests.patience import PATIENCE

NAMES = ("svodka", "novosti", "vesti", "gorod")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Two signed-in accounts that share four channels, read by accounts alone."""
    async with started(run_key()) as telegram:
        one = Desk(telegram, tmp_path)
        for number, name in enumerate(("one", "two"), start=1):
            await one.sign_in(name, f"+7999000000{number}")
        for name in NAMES:
            channel = await telegram.create_channel(name, name)
            await telegram.post(channel, "старое")
            one.channels[name] = channel
        one.configure(*NAMES, via="account")
        yield one


def shares(desk: Desk) -> dict[str, tuple[str, int]]:
    """Account -> its state and how many channels it has."""
    return {
        one["account"]: (one["state"], one["channels"]) for one in desk.status().get("accounts", [])
    }


def told(desk: Desk) -> list[tuple[str, str]]:
    """Kind and title of every alert about an account, in order."""
    database = Database.open(desk.state, readonly=True)
    try:
        alerts = alerts_after(database, 0, 1000)
    finally:
        database.close()
    return [
        (one.kind, one.incident.title) for one in alerts if one.incident.event == "monitor/account"
    ]


async def everywhere(desk: Desk, text: str) -> None:
    """Post to every channel; each is stored, within one sweep of a colder channel."""
    before = sum(desk.outcomes().values())
    for channel in desk.channels.values():
        await desk.telegram.post(channel, text)
    for account in desk.accounts.values():  # a restart of the line is a reason to sweep
        await desk.telegram.reset(account.id)
    await desk.until(lambda: sum(desk.outcomes().values()) >= before + len(NAMES))


async def test_a_lost_account_is_replaced_and_comes_back(desk: Desk) -> None:
    """Its channels are read by the other at once; one alert; signed in again it takes them back."""
    async with desk.running():
        await desk.ready(*NAMES)
        first = shares(desk)
        assert {state for state, _ in first.values()} == {"running"}
        assert sum(count for _, count in first.values()) == len(NAMES)
        one = desk.accounts["one"]
        await desk.telegram.revoke("SESSION_REVOKED", one.id)
        await desk.telegram.reset(one.id)
        await desk.until(lambda: shares(desk) == {"one": ("lost", 0), "two": ("running", 4)})
        await desk.ready(*NAMES)
        await everywhere(desk, "пока первого нет")
        await sign_in_again(desk, "one")
        await desk.until(lambda: shares(desk) == first)
        await desk.ready(*NAMES)
        await everywhere(desk, "оба снова здесь")
        await desk.until(lambda: len(told(desk)) == 2)
    title = "Telegram account one is lost"
    assert told(desk) == [("opened", title), ("closed", title)]
    assert desk.outcomes()["unmatched"] == 3 * len(NAMES)  # nothing twice


async def test_a_restart_tells_nothing_twice(desk: Desk) -> None:
    """A daemon that starts again while an account is lost does not tell it again."""
    await desk.telegram.revoke("USER_DEACTIVATED_BAN", desk.accounts["one"].id)
    for _ in range(2):
        async with desk.running():
            await desk.until(lambda: shares(desk).get("one") == ("lost", 0))
            await desk.ready(*NAMES)
            await desk.until(lambda: len(told(desk)) == 1)
    assert told(desk) == [("opened", "Telegram account one is lost")]


async def test_a_long_flood_moves_the_channels(desk: Desk) -> None:
    """While Telegram forbids one account to list, the other reads its channels; one alert."""
    flood: dict[str, Any] = {"code": 420, "error": "FLOOD_WAIT_900", "times": None}
    one = desk.accounts["one"].id
    await desk.telegram.fail_call("messages.getPeerDialogs", "error", account=one, **flood)
    async with desk.running():
        await desk.until(lambda: shares(desk) == {"one": ("flooded", 0), "two": ("running", 4)})
        await desk.ready(*NAMES)
        await everywhere(desk, "пока первый ждёт")
        await desk.until(lambda: len(told(desk)) == 1)
        (flooded,) = [a for a in desk.status()["accounts"] if a["account"] == "one"]
    assert told(desk) == [("opened", "Telegram account one has to wait")]
    assert flooded["until"]
    assert "by two" in flooded["moved"]
    calls = await desk.telegram.calls("messages.getPeerDialogs")
    assert sum(call.account == one for call in calls) == 1


def stands(roster: Roster, state: str, *, by_account: bool) -> bool:
    """Whether the only account is in a state, and its channel is read by it."""
    (one,) = roster.accounts()
    return (one.state, roster.by_account("telegram:svodka")) == (state, by_account)


async def test_after_a_flood_the_preview_gives_the_channels_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the preview read while the only account had to wait comes back to it, and it is told.

    With the times of the tests: what counts as long is five minutes in the installed settings.
    """
    monkeypatch.setattr(sharing, "Pace", lambda **given: replace(QUICK, long_flood=1.0, **given))
    del desk.accounts["two"]
    desk.configure("svodka")
    monkeypatch.setenv("API_HASH", desk.environment["API_HASH"])
    chosen = settings.load(desk.config)
    source = SourceInfo(id="telegram:svodka", via=("account", "preview"))
    roster = Roster([source], ["one"], Board())
    shared = sharing.SharedAccount(chosen, chosen.telegram.accounts[0], roster, SystemClock())
    with capture_logs() as logs:
        task = asyncio.create_task(shared.run(Ledger()))
        for state, by_account in (("running", True), ("flooded", False), ("running", True)):
            if state == "flooded":
                flood = desk.telegram.flood
                await flood("messages.getHistory", 4)
                await flood("messages.getPeerDialogs", 4)
            await desk.until(partial(stands, roster, state, by_account=by_account))
        task.cancel()
        await asyncio.wait({task})
    events = [one["event"] for one in logs]
    assert "telegram_account_flooded" in events
    assert events.index("telegram_account_well") > events.index("telegram_account_flooded")


async def sign_in_again(desk: Desk, name: str) -> None:
    """`monitor login telegram`, as a person types it while the daemon runs."""
    account = desk.accounts[name]
    words = ("login", "telegram", "--account", name, "--config", str(desk.config))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "monitor", *words, cwd=desk.folder, env=desk.environment,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    typed = f"{account.phone}\n{account.code}\n".encode()
    out, _ = await asyncio.wait_for(process.communicate(typed), PATIENCE)
    assert process.returncode == 0, out.decode()
    session = desk.state / "telegram" / f"{name}.session"
    assert [one.name for one in session.parent.glob(f"*{name}*")] == [session.name]
    assert stat.S_IMODE(session.stat().st_mode) == 0o600
