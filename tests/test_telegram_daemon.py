"""Accounts in the running daemon: from a push to the bus; what happens when one is lost."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.doubles.brokers import Mosquitto, Subscriber
from tests.doubles.telegram.client import run_key
from tests.doubles.telegram.control import started
from tests.doubles.telegram.desk import Desk
from tests.doubles.telegram.preview import LedgerPreview
from tests.patience import PATIENCE, comes

TAKEN_OVER_WITHIN = 5.0
"""Seconds: the preview's longest interval here, and what its page and the store may take."""


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A double, and an installation that is not configured yet."""
    async with started(run_key()) as telegram:
        yield Desk(telegram, tmp_path)


@pytest.fixture
async def preview(desk: Desk) -> AsyncIterator[LedgerPreview]:
    """The web preview of the double's channels."""
    async with LedgerPreview(desk.telegram) as server:
        yield server


def hasty(preview: LedgerPreview, longest: str = "2s") -> str:
    """Settings `preview` that read it often."""
    return (
        f'{{base_url: "{preview.base_url}", pace: 1s, interval_min: 1s, interval_max: {longest}}}'
    )


async def test_a_push_is_an_alert_on_the_bus_within_two_seconds(desk: Desk) -> None:
    """From the channel's post through account, rules and store to a real broker: under 2 s.

    The best of three installations counts: what a busy machine gives to others is not their doing.
    """
    took: list[float] = []
    while not took or (took[-1] >= 2 and len(took) < 3):
        folder = desk.folder / f"desk{len(took)}"
        folder.mkdir()
        took.append(await pushed(Desk(desk.telegram, folder), f"svodka{len(took)}"))
    assert min(took) < 2.0


async def pushed(desk: Desk, name: str) -> float:
    """The seconds from a post to its alert, or what the source says of its delay if that is more.

    Telegram's times are whole seconds.
    """
    account = await desk.sign_in("one", f"+7999000000{name[-1]}")
    channel = await desk.telegram.create_channel("Сводка", name, members=[account.id])
    await desk.telegram.post(channel, "ДРГ зашла вчера, это история")
    broker = Mosquitto(desk.folder)
    await broker.start()
    desk.configure(name, via="account", more=f'bus: {{url: "mqtt://127.0.0.1:{broker.port}"}}\n')
    async with Subscriber(broker.address) as subscriber, desk.running():
        await desk.ready(name)
        posted = time.monotonic()
        await desk.telegram.post(channel, "ДРГ зашла на территорию района")
        assert await comes(subscriber.events, PATIENCE)
        seconds = time.monotonic() - posted
        (alert,) = [event["data"] for event in subscriber.events()]
        health = desk.source(name)
    await broker.stop()
    assert alert["incident"]["rule"] == "raid"
    assert [post["text"] for post in alert["posts"]] == ["ДРГ зашла на территорию района"]
    assert health["push_delay"] is not None
    return max(seconds, float(health["push_delay"]) - 1)


async def taken_over(desk: Desk, via: str) -> None:
    """Wait until the preview has found what is missing; without it, as long as it would take."""
    if "preview" in via:
        await desk.until(lambda: desk.rung() == 2)
    else:
        await asyncio.sleep(TAKEN_OVER_WITHIN)


async def banned(desk: Desk, via: str, preview: str = "{}") -> int:
    """The only account rings once and is banned; a second post follows. How many rang."""
    account = await desk.sign_in("one", "+79990000001")
    channel = await desk.telegram.create_channel("Сводка", "svodka", members=[account.id])
    await desk.telegram.post(channel, "старое")
    desk.configure("svodka", via=via, preview=preview)
    async with desk.running():
        await desk.ready("svodka")
        await desk.telegram.post(channel, "ДРГ замечена")
        await desk.until(lambda: desk.rung() == 1)
        await desk.telegram.revoke("USER_DEACTIVATED_BAN")
        await desk.telegram.reset()  # else the next ping tells, after 20 s
        await desk.until(lambda: desk.status()["accounts"][0]["state"] == "lost")
        if "preview" in via:
            await desk.ready("svodka", via="preview")
        await desk.telegram.post(channel, "ДРГ замечена снова, у школы")
        await taken_over(desk, via)
        (one,) = desk.status()["accounts"]
    assert (one["state"], one["channels"]) == ("lost", 0)
    assert "banned" in one["hint"]
    return desk.rung()


async def test_the_preview_takes_over_from_a_banned_account(
    desk: Desk, preview: LedgerPreview
) -> None:
    """When the only account is banned the preview rings for the next post; one alert says so."""
    assert await banned(desk, "account, preview", hasty(preview)) == 2
    told = [line for line in desk.log() if line["event"] == "telegram_account_lost"]
    assert [(line["channels"], line["to_preview"]) for line in told] == [(1, 1)]


async def test_without_the_preview_a_banned_account_misses_posts(desk: Desk) -> None:
    """The same without the preview: the second post is not there, and the log says who is left."""
    assert await banned(desk, "account") == 1
    told = [line for line in desk.log() if line["event"] == "telegram_account_lost"]
    assert [(line["channels"], line["to_preview"]) for line in told] == [(1, 0)]


async def flooded(desk: Desk, via: str, preview: str = "{}") -> None:
    """Telegram forbids listing for an hour, two pushes are lost, and a third shows it."""
    account = await desk.sign_in("one", "+79990000001")
    channel = await desk.telegram.create_channel("Сводка", "svodka", members=[account.id])
    await desk.telegram.post(channel, "старое")
    desk.configure("svodka", via=via, preview=preview)
    async with desk.running():
        await desk.ready("svodka")
        await desk.telegram.flood("messages.getHistory", 3600, times=None)
        two = [{"text": "ДРГ замечена"}, {"text": "ДРГ замечена снова, у школы"}]
        await desk.telegram.post_many(channel, two, push=False)
        await desk.telegram.post(channel, "дошло")
        await desk.until(lambda: desk.source("svodka")["state"] != "ok" or desk.rung() == 2)
        await desk.until(lambda: desk.outcomes()["unmatched"] == 2)
        await taken_over(desk, via)


async def test_the_preview_takes_over_from_a_flooded_account(
    desk: Desk, preview: LedgerPreview
) -> None:
    """What an account may not list is read by the preview within its interval, and rings."""
    await flooded(desk, "account, preview", hasty(preview))
    assert desk.rung() == 2


async def test_without_the_preview_a_flooded_account_misses_posts(desk: Desk) -> None:
    """The same without the preview: the two posts are not there, and the channel says why."""
    await flooded(desk, "account")
    assert desk.rung() == 0


async def test_the_preview_bears_witness(desk: Desk, preview: LedgerPreview) -> None:
    """A post that was not pushed is stored from the preview, rings, and is counted as missed."""
    account = await desk.sign_in("one", "+79990000001")
    channel = await desk.telegram.create_channel("Сводка", "svodka", members=[account.id])
    await desk.telegram.post(channel, "старое")
    desk.configure("svodka", preview=hasty(preview))
    async with desk.running():
        await desk.ready("svodka")
        a_minute_ago = int(time.time()) - 60
        await desk.telegram.post(channel, "ДРГ замечена", push=False, date=a_minute_ago)
        await desk.until(lambda: desk.source("svodka")["missed_by_push"] == 1)
        assert desk.rung() == 1
        assert desk.source("svodka")["via"] == "account"


async def test_of_two_edits_within_one_second_the_newer_stays(desk: Desk) -> None:
    """Through account, rules and store: the first edit's push comes last, and changes nothing."""
    account = await desk.sign_in("one", "+79990000001")
    channel = await desk.telegram.create_channel("Сводка", "svodka", members=[account.id])
    desk.configure("svodka", via="account")
    async with desk.running():
        await desk.ready("svodka")
        number = await desk.telegram.post(channel, "было")
        await desk.until(lambda: desk.outcomes()["unmatched"] == 1)
        await desk.telegram.fail_push("delay", seconds=1.0)
        second = int(time.time()) + 1
        for text in ("ДРГ, первая правка", "вторая правка"):
            fields = {"text": text, "edit_date": second}
            await desk.telegram.ask("edit", channel=channel, post=number, fields=fields)
        await desk.until(lambda: desk.texts() == ["было", "вторая правка"])
        await asyncio.sleep(1.5)
    assert desk.texts() == ["было", "вторая правка"]
    assert desk.rung() == 0
