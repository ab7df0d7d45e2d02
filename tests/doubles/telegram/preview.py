"""The web preview of the loopback Telegram: t.me/s pages of the same ledger, the second witness."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tests.doubles.preview_server import LedgerChannel, Message, PreviewServer
from tests.doubles.telegram.control import Telegram


class LedgerPreview(PreviewServer):
    """A preview server that asks the loopback Telegram's ledger before each answer."""

    def __init__(self, telegram: Telegram) -> None:
        super().__init__()
        self._telegram = telegram

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        channels = [_channel(truth) for truth in await self._telegram.truth() if _public(truth)]
        self.channels = {channel.name.lower(): channel for channel in channels}
        return await super()._answer(request)


def _public(truth: Mapping[str, Any]) -> bool:
    return bool(truth["username"]) and not truth["closed"]


def _channel(truth: Mapping[str, Any]) -> LedgerChannel:
    """A channel of the ledger as the preview shows it: an album is one message."""
    albums: dict[object, list[Mapping[str, Any]]] = {}
    for post in truth["posts"]:
        if not post["deleted"]:
            albums.setdefault(("album", post["group"]) if post["group"] else post["id"], []).append(
                post
            )
    messages = [_message(posts) for posts in albums.values()]
    return LedgerChannel(
        truth["username"], truth["id"], {message.id: message for message in messages}
    )


def _message(posts: Sequence[Mapping[str, Any]]) -> Message:
    first = posts[0]
    return Message(
        id=first["id"],
        text="\n".join(post["text"] for post in posts if post["text"]),
        at=datetime.fromtimestamp(first["date"], UTC),
        members=tuple(post["id"] for post in posts[1:]),
        service=first["service"] is not None,
        edited=any(post["edit_date"] and not post["edit_hide"] for post in posts),
    )
