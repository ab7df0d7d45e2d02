"""Account and web preview of one channel give the same posts: either can stand in for the other."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from monitor.post import Post
from monitor.sources.preview_page import Block, read_page
from monitor.sources.telegram.message import albums, by_peer, received
from tests.doubles.telegram.client import connected, run_key, sign_in
from tests.doubles.telegram.control import Telegram, started
from tests.doubles.telegram.preview import LedgerPreview


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    """A running double."""
    async with started(run_key()) as running:
        yield running


async def previewed(telegram: Telegram, name: str) -> list[Block]:
    """What the web preview lists now."""
    async with (
        LedgerPreview(telegram) as server,
        aiohttp.ClientSession() as web,
        web.get(f"{server.base_url}/s/{name}", allow_redirects=False) as answer,
    ):
        page = read_page(await answer.read())
    return list(page.blocks) if page else []


async def collected(telegram: Telegram, name: str, file: Path) -> list[tuple[int | None, Post]]:
    """What an account reads now: numeric channel id and post."""
    account = await telegram.create_account("+79990000001")
    async with connected(telegram, file) as client:
        await sign_in(client, account)
        messages = await client.get_messages(name, limit=100)
        chats = by_peer([await client.get_entity(name)])
    made = [received(f"telegram:{name}", group, chats) for group in albums(messages)]
    return [(one.channel_id, one.post) for one in made]


async def test_both_ways_give_the_same_posts(telegram: Telegram, tmp_path: Path) -> None:
    """Channel id, message id, text, time, media and address agree for posts and albums."""
    channel = await telegram.create_channel("Сводка", "svodka")
    await telegram.post(channel, "первая строка\nвторая <строка> & ещё")
    pieces: list[dict[str, Any]] = [{"media": {"kind": "photo"}, "text": "подпись"}]
    await telegram.album(channel, [*pieces, {"media": {"kind": "photo"}}])
    doomed = await telegram.post(channel, "удалят")
    await telegram.delete(channel, [doomed])
    await telegram.edit(channel, await telegram.post(channel, "было"), text="стало")
    shown = [
        (block.channel_id, block.post.id, block.post.text, block.post.published_at, block.post.url)
        for block in await previewed(telegram, "svodka")
    ]
    read = [
        (number, post.id, post.text, post.published_at, post.url)
        for number, post in await collected(telegram, "svodka", tmp_path / "one")
    ]
    assert [one[1] for one in read] == ["1", "2", "5"]
    assert shown == read


async def test_a_closed_channel_has_no_preview(telegram: Telegram) -> None:
    """A channel that became private is not shown on the web either."""
    channel = await telegram.create_channel("Сводка", "svodka")
    await telegram.post(channel, "было видно")
    assert len(await previewed(telegram, "svodka")) == 1
    await telegram.close_channel(channel)
    assert await previewed(telegram, "svodka") == []
