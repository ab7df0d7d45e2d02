"""A Bot API on loopback that enforces the documented limits and fails in the documented ways.

Limits as core.telegram.org/bots/api (10.3, August 2026) gives them: text 4,096 and caption 1,024
UTF-16 units after parsing, 100 entities, callback data 1 to 64 bytes, 100 buttons and 8 a row,
answers to presses 200 characters; one call a second to a chat, 20 a minute to a group, 30 a second
in all, beyond that 429 with `retry_after`.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, Self

import msgspec
import regex
from aiohttp import web

from tests.doubles.bot_limits import (
    LONGEST_CAPTION,
    LONGEST_TEXT,
    LONGEST_TOAST,
    Refusal,
    buttons_problem,
    parameters,
    text_problem,
    units,
)
from tests.patience import PATIENCE

TOKEN = "12345:" + "canary-of-the-bot"  # assembled, so that no scanner takes it for a real one
BOT_NAME = "monitor_bot"

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

SENDING = {"sendMessage", "sendVenue", "sendPhoto", "editMessageText", "editMessageReplyMarkup"}


class Limits(NamedTuple):
    """Calls to a group in `minute` seconds, seconds between calls to a chat, calls in all."""

    group: int = 20
    minute: float = 60.0
    second: float = 1.0
    overall: int = 30


class Message(msgspec.Struct, kw_only=True):
    """A message as the chat holds it; `history` are its texts, oldest first."""

    number: int
    chat: str
    text: str
    entities: list[dict[str, Any]]
    silent: bool
    reply_to: int | None
    history: list[str]
    kind: str = "text"
    topic: int | None = None
    keyboard: list[list[dict[str, Any]]] = []
    media: bytes = b""
    at: float = 0.0

    def piece(self, entity: dict[str, Any]) -> str:
        """The text under one entity."""
        units = self.text.encode("utf-16-le")
        begin, end = entity["offset"] * 2, (entity["offset"] + entity["length"]) * 2
        return units[begin:end].decode("utf-16-le")

    @property
    def buttons(self) -> dict[str, str]:
        """The buttons under it: what stands on each -> what it carries."""
        return {one["text"]: one["callback_data"] for row in self.keyboard for one in row}


class BotApiDouble:
    """`faults` are taken one per call; `lost` carries the call out and breaks the connection.

    `calls` are (when, method, status) of every call, `now` the seconds that its limits count in;
    `shown` is every text that the chat ever showed, with its time. `flood_waits` are taken one per
    call and answered 429 with that `retry_after`; `floods` are those that were.
    """

    def __init__(
        self,
        *,
        group_limit: int = 20,
        minute: float = 60.0,
        second: float = 1.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.messages: dict[int, Message] = {}
        self.calls: list[tuple[float, str, int]] = []
        self.faults: deque[Fault] = deque()
        self.refuse: Callable[[str], Refusal | None] = lambda _text: None
        self.migrated: dict[str, str] = {}
        self.toasts: dict[str, str] = {}
        self.menus: dict[str, list[str]] = {}
        self.asked_after: list[int | None] = []
        self.shown: list[tuple[float, str]] = []
        self.flood_waits: deque[int] = deque()
        self.floods: list[tuple[float, int]] = []
        self.url = ""
        self.now = now
        self._limits = Limits(group_limit, minute, second)
        self._accepted: dict[str, deque[float]] = {}
        self._all: deque[float] = deque()
        self._updates: list[dict[str, Any]] = []
        self._pressable: set[str] = set()
        self._next_update = 700
        self._news = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_route("*", "/bot{token}/{method}", self._answer)
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

    async def until(self, condition: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Return when the condition holds."""
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - a double polls
                await asyncio.sleep(0.01)

    # --- people

    def press(self, message: Message, data: str, user: int = 7, *, language: str = "en") -> str:
        """Somebody presses a button (or a client pretends that one carries `data`); its id."""
        id_ = f"press-{self._next_update}"
        self._pressable.add(id_)
        self._put({
            "callback_query": {
                "id": id_, "from": _user(user, language), "data": data, "chat_instance": "1",
                "message": self._shown(message),
            }
        })  # fmt: skip
        return id_

    def say(
        self, text: str, user: int = 7, *, chat: str = "-100200", language: str = "en",
        reply: Message | None = None, at: float | None = None,
    ) -> int:  # fmt: skip
        """Somebody writes into a chat; the message's number."""
        number = 5000 + self._next_update
        message: dict[str, Any] = {
            "message_id": number, "from": _user(user, language), "chat": _chat(chat),
            "date": int(time.time() if at is None else at), "text": text,
        }  # fmt: skip
        if reply is not None:
            message["reply_to_message"] = self._shown(reply)
        self._put({"message": message})
        return number

    def _put(self, update: dict[str, Any]) -> None:
        self._updates.append({"update_id": self._next_update, **update})
        self._next_update += 1
        self._news.set()

    def _shown(self, message: Message) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "message_id": message.number, "chat": _chat(message.chat), "date": int(time.time()),
            "text": message.text,
        }  # fmt: skip
        if message.topic is not None:
            shown |= {"message_thread_id": message.topic, "is_topic_message": True}
        return shown

    # --- calls

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != TOKEN:
            return _no(401, "Unauthorized")
        method = request.match_info["method"]
        asked, files = await parameters(request)
        if method == "getUpdates":
            return await self._get_updates(asked)
        fault = self.faults.popleft() if self.faults else None
        if fault == "connection":
            _cut(request)
            return web.Response()
        if fault == "hang":
            await asyncio.sleep(3600)
        if fault in {"500", "502"}:
            self.calls.append((self.now(), "fault", int(str(fault))))
            return _no(int(str(fault)), "Internal Server Error")
        answer = self.carry_out(method, asked, files)
        self.calls.append((self.now(), method, answer.status))
        if fault == "lost":
            _cut(request)
        return answer

    async def _get_updates(self, asked: Mapping[str, Any]) -> web.Response:
        """Confirms what lies before `offset`, and waits for news as long as it is asked to."""
        offset = asked.get("offset")
        self.asked_after.append(offset)
        if offset is not None:
            self._updates = [one for one in self._updates if one["update_id"] >= int(offset)]
        if not self._updates:
            self._news.clear()
            try:
                async with asyncio.timeout(min(float(asked.get("timeout", 0)), 0.5)):
                    await self._news.wait()
            except TimeoutError:
                pass
        return _yes(self._updates[: int(asked.get("limit", 100))])

    def carry_out(
        self, method: str, asked: dict[str, Any], files: Mapping[str, bytes]
    ) -> web.Response:
        """What a call does, and the answer to it."""
        if self.flood_waits and method != "getMe":
            return self._flood(self.flood_waits.popleft())
        others = {"getMe": _me, "answerCallbackQuery": self._toast, "setMyCommands": self._offer}
        if method in others:
            return others[method](asked)
        if method not in SENDING:
            return _no(404, "Not Found")
        chat = str(asked.get("chat_id"))
        if chat in self.migrated:
            more = {"migrate_to_chat_id": int(self.migrated[chat])}
            return _no(400, "Bad Request: group chat was upgraded to a supergroup chat", more)
        wait = self._over_limit(chat)
        if wait:
            return self._flood(wait)
        edits = method.startswith("edit")
        return self._edit(method, asked) if edits else self._send(method, chat, asked, files)

    def _flood(self, wait: int) -> web.Response:
        self.floods.append((self.now(), wait))
        return _no(429, f"Too Many Requests: retry after {wait}", {"retry_after": wait})

    def _offer(self, asked: Mapping[str, Any]) -> web.Response:
        for one in asked["commands"]:
            if not regex.fullmatch("[a-z0-9_]{1,32}", one["command"]):
                return _no(400, "Bad Request: BOT_COMMAND_INVALID")
            if not 1 <= len(one["description"]) <= 256:
                return _no(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
        self.menus[asked.get("language_code", "")] = [one["command"] for one in asked["commands"]]
        return _yes(True)

    def _toast(self, asked: Mapping[str, Any]) -> web.Response:
        id_, text = str(asked.get("callback_query_id")), str(asked.get("text", ""))
        if id_ not in self._pressable:
            said = (
                "Bad Request: query is too old and response timeout expired or query id is invalid"
            )
            return _no(400, said)
        if units(text) > LONGEST_TOAST:
            return _no(400, "Bad Request: MESSAGE_TOO_LONG")
        self._pressable.discard(id_)
        self.toasts[id_] = text
        return _yes(True)

    def _send(
        self, method: str, chat: str, asked: dict[str, Any], files: Mapping[str, bytes]
    ) -> web.Response:
        text, entities, refusal = self._content(method, asked, files)
        refusal = refusal or buttons_problem(asked.get("reply_markup")) or self.refuse(text)
        if refusal is not None:
            return _no(*refusal)
        number = 100 + len(self.messages)
        while number in self.messages:
            number += 1
        self.messages[number] = Message(
            number=number, chat=chat, text=text, entities=entities, history=[text],
            reply_to=(asked.get("reply_parameters") or {}).get("message_id"),
            silent=bool(asked.get("disable_notification")),
            kind=method.removeprefix("send").lower(),
            topic=asked.get("message_thread_id"), media=files.get("photo", b""),
            keyboard=(asked.get("reply_markup") or {}).get("inline_keyboard", []), at=self.now(),
        )  # fmt: skip
        self.shown.append((self.now(), text))
        sent = {"message_id": number, "date": int(time.time()), "chat": _chat(chat), "text": text}
        return _yes(sent)

    def _content(
        self, method: str, asked: Mapping[str, Any], files: Mapping[str, bytes]
    ) -> tuple[str, list[dict[str, Any]], Refusal | None]:
        """What a new message says, and what is wrong with it."""
        if method == "sendVenue":
            text = f"{asked.get('title', '')}\n{asked.get('address', '')}"
            inside = abs(float(asked["latitude"])) <= 90 and abs(float(asked["longitude"])) <= 180
            return text, [], None if inside else (400, "Bad Request: wrong latitude or longitude")
        if method == "sendPhoto":
            text, entities = str(asked.get("caption", "")), asked.get("caption_entities", [])
            if not files.get("photo", b"").startswith(b"\x89PNG"):
                return text, entities, (400, "Bad Request: IMAGE_PROCESS_FAILED")
            return text, entities, text_problem(text, entities, LONGEST_CAPTION)
        text, entities = str(asked.get("text", "")), asked.get("entities", [])
        if not text.strip():
            return text, entities, (400, "Bad Request: message text is empty")
        return text, entities, text_problem(text, entities, LONGEST_TEXT)

    def _edit(self, method: str, asked: Mapping[str, Any]) -> web.Response:
        message = self.messages.get(int(asked["message_id"]))
        if message is None:
            return _no(400, "Bad Request: message to edit not found")
        text, entities = message.text, message.entities
        if method == "editMessageText":
            text, entities, refusal = self._content("sendMessage", asked, {})
            refusal = refusal or self.refuse(text)
            if refusal is not None:
                return _no(*refusal)
        refusal = buttons_problem(asked.get("reply_markup"))
        if refusal is not None:
            return _no(*refusal)
        keyboard = (asked.get("reply_markup") or {}).get("inline_keyboard", [])
        if (message.text, message.entities, message.keyboard) == (text, entities, keyboard):
            return _no(400, "Bad Request: message is not modified: specified new message content")
        message.text, message.entities, message.keyboard = text, entities, keyboard
        message.history.append(text)
        self.shown.append((self.now(), text))
        return _yes(self._shown(message))

    def _over_limit(self, chat: str) -> int:
        most, minute, second, overall = self._limits
        now = self.now()
        calls = self._accepted.setdefault(chat, deque())
        while calls and calls[0] <= now - minute:
            calls.popleft()
        while self._all and self._all[0] <= now - second:
            self._all.popleft()
        if not chat.isdigit() and len(calls) >= most:
            return max(1, int(calls[0] + minute - now + 0.999))
        if (calls and now - calls[-1] < second) or (second and len(self._all) >= overall):
            return 1
        calls.append(now)
        self._all.append(now)
        return 0


def detected(text: str) -> list[tuple[str, str]]:
    """What a chat would turn into links, mentions and commands by itself: (kind, text)."""
    return [
        (kind, found.group())
        for kind, pattern in _DETECTED.items()
        for found in pattern.finditer(text)
    ]


def _me(_asked: Mapping[str, Any]) -> web.Response:
    return _yes({"id": 12345, "is_bot": True, "first_name": "m", "username": BOT_NAME})


def _user(number: int, language: str) -> dict[str, Any]:
    return {"id": number, "is_bot": False, "first_name": "Somebody", "language_code": language}


def _chat(chat: str) -> dict[str, Any]:
    if chat.startswith("@"):
        return {"id": -100777, "type": "channel", "username": chat[1:], "title": "t"}
    number = int(chat)
    return {"id": number, "type": "private" if number > 0 else "supergroup", "title": "t"}


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _yes(result: object) -> web.Response:
    return web.json_response({"ok": True, "result": result})


def _no(status: int, said: str, parameters: dict[str, Any] | None = None) -> web.Response:
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": said}
    if parameters:
        body["parameters"] = parameters
    return web.json_response(body, status=status)
