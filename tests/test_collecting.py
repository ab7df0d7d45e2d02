"""A saved list of sources is followed while the daemon runs: account, preview and feeds."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

import pytest
from aiohttp import web

from tests.doubles.telegram.client import run_key
from tests.doubles.telegram.control import started
from tests.doubles.telegram.desk import Desk
from tests.doubles.telegram.preview import LedgerPreview

FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>{0}</title>
<item><guid>{0}-1</guid><title>news of {0}</title></item></channel></rss>"""


class Feeds:
    """A web server with a feed under every path, and who asked for which."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.port = 0

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        app = web.Application()
        app.router.add_get("/{name}", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.asked.append(name)
        return web.Response(text=FEED.format(name), content_type="application/rss+xml")

    def entry(self, name: str) -> str:
        """The feed as a line of the sources file."""
        return f'  - {{id: "feed:{name}", url: "http://127.0.0.1:{self.port}/{name}"}}\n'


def entry(name: str, via: str) -> str:
    """A channel as a line of the sources file."""
    return f'  - {{id: "telegram:{name}", via: [{via}]}}\n'


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[tuple[Desk, Feeds]]:
    """One account, a preview of all channels, a server of feeds."""
    async with AsyncExitStack() as stack:
        telegram = await stack.enter_async_context(started(run_key()))
        preview = await stack.enter_async_context(LedgerPreview(telegram))
        feeds = await stack.enter_async_context(Feeds())
        one = Desk(telegram, tmp_path)
        account = await one.sign_in("one", "+79990000001")
        for name in ("stays", "goes", "comes", "shown", "hidden"):
            one.channels[name] = await telegram.create_channel(name, name, members=[account.id])
            await telegram.post(one.channels[name], "старое")
        pace = "pace: 1s, interval_min: 1s, interval_max: 2s"
        one.configure("stays", preview=f'{{base_url: "{preview.base_url}", {pace}}}')
        yield one, feeds


async def test_added_sources_are_read_and_removed_ones_stop(desk: tuple[Desk, Feeds]) -> None:
    """Account, preview and feeds follow the saved file; who is in both lists is not disturbed."""
    one, feeds = desk
    file = one.folder / "sources.yaml"
    stays = "sources:\n" + entry("stays", "account") + feeds.entry("steady")
    file.write_text(
        stays + entry("goes", "account") + entry("hidden", "preview") + feeds.entry("old")
    )
    async with one.running():
        await one.ready("stays", "goes")
        await one.ready("hidden", via="preview")
        await one.until(
            lambda: {one["source"] for one in feed_states(desk[0])} == {"old", "steady"}
        )
        since = one.source("stays")["since"]
        file.write_text(
            stays + entry("comes", "account") + entry("shown", "preview") + feeds.entry("new")
        )
        await one.ready("stays", "comes")
        await one.ready("shown", via="preview")
        await one.until(
            lambda: {one["source"] for one in feed_states(desk[0])} == {"new", "steady"}
        )
        assert {one["source"] for one in one.status()["sources"]} == {
            "telegram:stays", "telegram:comes", "telegram:shown", "feed:new", "feed:steady",
        }  # fmt: skip
        assert one.source("stays")["since"] == since
        assert "feed:old" not in one.status()["parts"]
        posts = one.status()["posts"]
        for name in ("goes", "hidden", "stays", "comes"):
            await one.telegram.post(one.channels[name], "ДРГ после смены списка")
        await one.until(lambda: one.rung() == 2)
        assert one.status()["posts"] == posts + 2
    assert feeds.asked.count("steady") == 1
    assert len(await one.telegram.calls("updates.getState")) <= 3  # one connection all the time


def feed_states(desk: Desk) -> list[dict[str, str]]:
    """The feeds that were read, by their short names."""
    found = desk.status().get("sources", [])
    return [
        {"source": one["source"].removeprefix("feed:")}
        for one in found
        if one["via"] == "feed" and one["state"] == "ok"
    ]
