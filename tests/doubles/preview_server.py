"""A t.me of our own on a loopback port: pages rendered from a ledger of posts, faults on demand."""

import asyncio
import base64
import gzip
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape
from types import TracebackType
from typing import Self

from aiohttp import web

PAGE = 20
START = datetime(2026, 5, 31, 12, tzinfo=UTC)


@dataclass
class Message:
    """One message of the ledger. `members` are the further pictures of an album."""

    id: int
    text: str
    at: datetime
    members: tuple[int, ...] = ()
    service: bool = False
    edited: bool = False


@dataclass
class LedgerChannel:
    """A channel as it really is; `preview` off answers as Telegram does."""

    name: str
    number: int
    messages: dict[int, Message] = field(default_factory=dict)
    preview: bool = True
    _next: int = 1

    def post(self, text: str = "", *, at: datetime | None = None, pictures: int = 0) -> int:
        """Publish; ids of an album's further pictures follow its own."""
        number = self._next
        members = tuple(range(number + 1, number + pictures))
        self._next = number + max(pictures, 1)
        at = at or START + timedelta(minutes=number)
        self.messages[number] = Message(number, text or f"text {number}", at, members)
        return number

    def edit(self, number: int, text: str) -> None:
        """Change what a message says."""
        self.messages[number].text = text
        self.messages[number].edited = True

    def delete(self, *numbers: int) -> None:
        """Delete messages."""
        for number in numbers:
            del self.messages[number]


class PreviewServer:
    """The double. `faults` maps a channel's name (or "" for all) to what happens instead.

    Faults: a status (429, 500), ban (302 and Contact), empty, truncated, slow, reset, garbage.
    `asked` is the log of requests.
    """

    def __init__(self) -> None:
        self.channels: dict[str, LedgerChannel] = {}
        self.faults: dict[str, str] = {}
        self.asked: list[str] = []
        self.base_url = ""
        self._runner: web.ServerRunner | None = None

    def channel(self, name: str, number: int = 0, posts: int = 0) -> LedgerChannel:
        """A new channel with so many posts."""
        made = LedgerChannel(name, number or 1000 + len(self.channels))
        for _ in range(posts):
            made.post()
        self.channels[name.lower()] = made
        return made

    async def __aenter__(self) -> Self:
        server = web.Server(self._answer)  # type: ignore[arg-type] # all are web.Request here
        self._runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(str(request.rel_url))
        parts = request.path.strip("/").split("/")
        name = parts[-1].lower()
        fault = self.faults.get(name) or self.faults.get("", "")
        if fault in {"slow", "reset"}:
            return await self._stall(request, fault)
        if fault.isdigit():
            return web.Response(status=int(fault), headers={"Retry-After": "7"})
        channel = self.channels.get(name)
        if fault == "ban" or channel is None or not channel.preview:
            return self._no_preview(parts, name, banned=fault == "ban")
        if parts[0] != "s":
            return _page(f'<a class="tgme_page_context_link" href="/s/{name}">Preview</a>')
        return self._history(channel, request, fault)

    def _history(self, channel: LedgerChannel, request: web.Request, fault: str) -> web.Response:
        if fault == "empty":
            return _page(_history('<div class="tme_no_messages_found">No posts found</div>'))
        if fault == "garbage":
            return _page("<main>another design</main>")
        page = _page(_introduction(channel) + _list(channel, request))
        if fault == "truncated":
            packed = gzip.compress(page.body if isinstance(page.body, bytes) else b"")
            half = packed[: len(packed) // 2]
            return web.Response(body=half, headers={"Content-Encoding": "gzip"})
        return page

    async def _stall(self, request: web.Request, fault: str) -> web.StreamResponse:
        if fault == "slow":
            await asyncio.sleep(30)
        elif request.transport is not None:
            request.transport.abort()
        return web.Response()

    def _no_preview(self, parts: list[str], name: str, *, banned: bool) -> web.Response:
        if parts[0] == "s":
            valid = name.replace("_", "").isalnum() and not name[0].isdigit()
            target = f"/{name}" if valid else "https://telegram.org/"
            return web.Response(status=302, headers={"Location": target})
        exists = name in self.channels and not banned
        word = "View" if exists else "Contact"
        return _page(f"<head><title>Telegram: {word} @{name}</title></head>")


def _introduction(channel: LedgerChannel) -> str:
    return (
        f'<head><meta property="og:title" content="About {channel.name}"></head>'
        '<div class="tgme_channel_info_counter"><span class="counter_value">12.3K</span> '
        '<span class="counter_type">subscribers</span></div>'
    )


def _page(inside: str) -> web.Response:
    return web.Response(text=f"<!DOCTYPE html><html>{inside}</html>", content_type="text/html")


def _history(inside: str) -> str:
    return (
        f'<main><section class="tgme_channel_history js-message_history">{inside}</section></main>'
    )


def _list(channel: LedgerChannel, request: web.Request) -> str:
    """The page a client asked for: the newest, those before an id, those after one."""
    every = [channel.messages[number] for number in sorted(channel.messages)]
    before, after = request.query.get("before"), request.query.get("after")
    if after:
        shown = [message for message in every if message.id > int(after)][:PAGE]
    else:
        shown = [message for message in every if not before or message.id < int(before)][-PAGE:]
    if not shown:
        return _history("" if after else '<div class="tme_no_messages_found">No posts found</div>')
    inside = "".join(_block(channel, message) for message in shown)
    if shown[0] is not every[0]:
        inside = _more("before", shown[0].id) + inside
    if shown[-1] is not every[-1]:
        inside += _more("after", shown[-1].id)
    return _history(inside)


def _more(direction: str, number: int) -> str:
    return f'<a class="tme_messages_more js-messages_more" data-{direction}="{number}"></a>'


def _block(channel: LedgerChannel, message: Message) -> str:
    view = json.dumps({"c": -channel.number, "p": message.id, "t": 1, "h": "x"}).encode()
    packed = base64.urlsafe_b64encode(view).decode().rstrip("=")
    here = f"https://t.me/{channel.name}/{message.id}"
    album = "".join(
        '<a class="tgme_widget_message_photo_wrap grouped_media_wrap"'
        f' href="https://t.me/{channel.name}/{number}?single"></a>'
        for number in ((message.id, *message.members) if message.members else ())
    )
    words = escape(message.text).replace("\n", "<br/>")
    edited = "edited &nbsp;" if message.edited else ""
    service = " service_message" if message.service else ""
    return (
        '<div class="tgme_widget_message_wrap js-widget_message_wrap">'
        f'<div class="tgme_widget_message{service} js-widget_message"'
        f' data-post="{channel.name}/{message.id}" data-view="{packed}">{album}'
        f'<div class="tgme_widget_message_text js-message_text" dir="auto">{words}</div>'
        f'<span class="tgme_widget_message_meta">{edited}'
        f'<a class="tgme_widget_message_date" href="{here}">'
        f'<time datetime="{message.at.isoformat()}" class="time"></time></a></span></div></div>'
    )
