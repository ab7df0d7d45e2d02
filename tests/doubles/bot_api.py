"""A Bot API on loopback that enforces the documented limits and fails in the documented ways."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Literal, Self

import msgspec
import regex
from aiohttp import web

TOKEN = "12345:" + "canary-of-the-bot"  # assembled, so that no scanner takes it for a real one

Fault = Literal["connection", "lost", "500", "502", "hang"]

_DETECTED = {
    "mention": regex.compile(r"(?<!\w)@[A-Za-z0-9_]{2,32}(?!\w)"),
    "bot_command": regex.compile(r"(?<![\w/])/[A-Za-z0-9_]{1,64}"),
    "hashtag": regex.compile(r"(?<!\w)#\w+"),
    "cashtag": regex.compile(r"(?<!\w)\$[A-Z]{1,8}(?!\w)"),
    "address": regex.compile(r"\w+://\S"),
    "url": regex.compile(r"(?<!\w)[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.\p{L}{2,}"),
    "email": regex.compile(r"[\w.+-]+@[\w-]+\.\w+"),
}
"""What a chat makes of plain text by itself, as its server does, more eagerly for links."""

KNOWN_ENTITIES = {
    "bold", "italic", "underline", "strikethrough", "spoiler", "code", "pre", "text_link",
    "blockquote", "expandable_blockquote",
}  # fmt: skip


class Message(msgspec.Struct, kw_only=True):
    """A message as the chat holds it; `history` are its texts, oldest first."""

    number: int
    chat: str
    text: str
    entities: list[dict[str, Any]]
    silent: bool
    reply_to: int | None
    history: list[str]

    def piece(self, entity: dict[str, Any]) -> str:
        """The text under one entity."""
        units = self.text.encode("utf-16-le")
        begin, end = entity["offset"] * 2, (entity["offset"] + entity["length"]) * 2
        return units[begin:end].decode("utf-16-le")


class BotApiDouble:
    """`faults` are taken one per call; `lost` carries the call out and breaks the connection."""

    def __init__(self, *, group_limit: int = 20, minute: float = 60.0, second: float = 1.0) -> None:
        self.messages: dict[int, Message] = {}
        self.calls: list[tuple[float, str, int]] = []
        self.faults: deque[Fault] = deque()
        self.refuse: Callable[[str], tuple[int, str] | None] = lambda _text: None
        self.migrated: dict[str, str] = {}
        self.url = ""
        self._limits = (group_limit, minute, second)
        self._accepted: deque[float] = deque()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_post("/bot{token}/{method}", self._answer)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def texts(self) -> list[str]:
        """What stands in the chat now."""
        return [message.text for message in self.messages.values()]

    async def until(self, condition: Callable[[], object], seconds: float = 20.0) -> None:
        """Return when the condition holds."""
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - a double polls
                await asyncio.sleep(0.01)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != TOKEN:
            return _no(401, "Unauthorized")
        fault = self.faults.popleft() if self.faults else None
        if fault == "connection":
            _cut(request)
            return web.Response()
        if fault == "hang":
            await asyncio.sleep(3600)
        if fault in {"500", "502"}:
            self.calls.append((time.monotonic(), "fault", int(str(fault))))
            return _no(int(str(fault)), "Internal Server Error")
        answer = self._carry_out(request.match_info["method"], await request.json())
        self.calls.append((time.monotonic(), request.match_info["method"], answer.status))
        if fault == "lost":
            _cut(request)
        return answer

    def _carry_out(self, method: str, asked: dict[str, Any]) -> web.Response:
        chat = str(asked.get("chat_id"))
        if chat in self.migrated:
            more = {"migrate_to_chat_id": int(self.migrated[chat])}
            return _no(400, "Bad Request: group chat was upgraded to a supergroup chat", more)
        wait = self._over_limit()
        if wait:
            return _no(429, f"Too Many Requests: retry after {wait}", {"retry_after": wait})
        text, entities = str(asked.get("text", "")), asked.get("entities", [])
        refusal = self._problem(text, entities) or self.refuse(text)
        if refusal is not None:
            return _no(*refusal)
        if method == "sendMessage":
            return self._send(chat, text, entities, asked)
        if method == "editMessageText":
            return self._edit(text, entities, asked)
        return _no(404, "Not Found")

    def _send(
        self, chat: str, text: str, entities: list[dict[str, Any]], asked: dict[str, Any]
    ) -> web.Response:
        number = len(self.messages) + 100
        reply = asked.get("reply_parameters", {}).get("message_id")
        self.messages[number] = Message(
            number=number, chat=chat, text=text, entities=entities, reply_to=reply,
            silent=bool(asked.get("disable_notification")), history=[text],
        )  # fmt: skip
        return web.json_response({"ok": True, "result": {"message_id": number}})

    def _edit(
        self, text: str, entities: list[dict[str, Any]], asked: dict[str, Any]
    ) -> web.Response:
        message = self.messages.get(int(asked["message_id"]))
        if message is None:
            return _no(400, "Bad Request: message to edit not found")
        if message.text == text and message.entities == entities:
            return _no(400, "Bad Request: message is not modified: specified new message content")
        message.text, message.entities = text, entities
        message.history.append(text)
        return web.json_response({"ok": True, "result": {"message_id": message.number}})

    def _over_limit(self) -> int:
        most, minute, second = self._limits
        now = time.monotonic()
        while self._accepted and self._accepted[0] <= now - minute:
            self._accepted.popleft()
        if len(self._accepted) >= most:
            return max(1, int(self._accepted[0] + minute - now + 0.999))
        if self._accepted and now - self._accepted[-1] < second:
            return 1
        self._accepted.append(now)
        return 0

    def _problem(self, text: str, entities: list[dict[str, Any]]) -> tuple[int, str] | None:
        units = len(text.encode("utf-16-le")) // 2
        if not text.strip():
            return 400, "Bad Request: message text is empty"
        if units > 4096:
            return 400, "Bad Request: message is too long"
        if len(entities) > 100:
            return 400, "Bad Request: too many entities"
        for one in entities:
            if one["type"] not in KNOWN_ENTITIES:
                return 400, f"Bad Request: unknown entity {one['type']}"
            if one["length"] <= 0 or one["offset"] + one["length"] > units:
                return 400, "Bad Request: entity out of range"
        return None


def detected(text: str) -> list[tuple[str, str]]:
    """What a chat would turn into links, mentions and commands by itself: (kind, text)."""
    return [
        (kind, found.group())
        for kind, pattern in _DETECTED.items()
        for found in pattern.finditer(text)
    ]


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _no(status: int, said: str, parameters: dict[str, Any] | None = None) -> web.Response:
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": said}
    if parameters:
        body["parameters"] = parameters
    return web.json_response(body, status=status)
