"""The few calls of Matrix' client-server API (v3) that alerts need, and what their answers mean.

https://spec.matrix.org/latest/client-server-api/ - a message is sent with a transaction id: sent
again under the same id it is not shown twice, so that a lost answer harms nothing.
"""

from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import quote

import aiohttp
import msgspec

from monitor.secret import Secret
from monitor.sinks.deliver import RejectedError, RetryError

TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=10)
CLOSED_PAUSE = 60.0
LONG_POLL_SECONDS = 30

_HINTS = {
    "M_UNKNOWN_TOKEN": "the server does not know the token: mend the receiver's `token`",
    "M_MISSING_TOKEN": "the server does not know the token: mend the receiver's `token`",
    "M_FORBIDDEN": "invite the account into the room and let it write there",
    "M_NOT_FOUND": "there is no such room: mend the receiver's `room`",
    "M_USER_DEACTIVATED": "the account was closed: use another one",
}
_NEVER = {"M_TOO_LARGE", "M_BAD_JSON", "M_NOT_JSON", "M_INVALID_PARAM"}

Content = dict[str, object]


class Reaction(NamedTuple):
    """Somebody put `key` (an emoji) under the event `under`."""

    event: str
    sender: str
    under: str
    key: str


class Page(NamedTuple):
    """What a sync brought: reactions, whether some were left out, and where to go on."""

    reactions: tuple[Reaction, ...]
    gap: bool
    next: str


class MatrixApi:
    """One account's calls about one room."""

    def __init__(self, homeserver: str, token: Secret, room: str) -> None:
        self._homeserver = homeserver.rstrip("/")
        self._token = token
        self._configured = room
        self.room = room

    async def enter(self, web: aiohttp.ClientSession) -> None:
        """Be in the room, and make sure that it can be written to in the clear.

        Raises:
            RetryError: not now; the hint says what to do.
        """
        path = f"join/{_quoted(self._configured)}"
        self.room = str((await self._call(web, "POST", path, {}))["room_id"])
        state = f"rooms/{_quoted(self.room)}/state/m.room.encryption"
        try:
            await self._call(web, "GET", state)
        except RetryError as error:
            if error.args[0].endswith("M_NOT_FOUND"):
                return
            raise
        hint = "make a room without encryption: alerts are not encrypted end to end"
        raise RetryError("the room is encrypted", hint=hint, after=CLOSED_PAUSE)

    async def send(self, web: aiohttp.ClientSession, content: Content, transaction: str) -> str:
        """Send a message; its event id. The same transaction is shown once.

        Raises:
            RetryError: not now.
            RejectedError: this message never.
        """
        path = f"rooms/{_quoted(self.room)}/send/m.room.message/{_quoted(transaction)}"
        return str((await self._call(web, "PUT", path, content))["event_id"])

    async def sync(self, web: aiohttp.ClientSession, since: str | None) -> Page:
        """Reactions since then, as they come; without `since` only where to begin."""
        only = {"types": ["m.reaction"], "limit": 100 if since else 1}
        nothing: dict[str, object] = {"types": []}
        room = {"timeline": only, "state": nothing, "ephemeral": nothing, "account_data": nothing,
                "rooms": [self.room]}  # fmt: skip
        chosen = {"room": room, "presence": nothing, "account_data": nothing}
        query = {"filter": msgspec.json.encode(chosen).decode()}
        if since:
            query |= {"since": since, "timeout": str(LONG_POLL_SECONDS * 1000)}
        found = await self._call(web, "GET", "sync", query=query)
        joined = found.get("rooms", {}).get("join", {}).get(self.room, {})
        timeline = joined.get("timeline", {})
        return Page(
            _reactions(timeline.get("events", ())),
            bool(timeline.get("limited")),
            str(found["next_batch"]),
        )

    async def recent(self, web: aiohttp.ClientSession) -> tuple[Reaction, ...]:
        """The latest hundred reactions in the room, oldest first."""
        query = {"dir": "b", "limit": "100", "filter": '{"types":["m.reaction"]}'}
        path = f"rooms/{_quoted(self.room)}/messages"
        found = await self._call(web, "GET", path, query=query)
        return _reactions(reversed(found.get("chunk", ())))

    async def _call(
        self, web: aiohttp.ClientSession, method: str, path: str, body: Content | None = None,
        query: dict[str, str] | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        url = f"{self._homeserver}/_matrix/client/v3/{path}"
        headers = {"Authorization": f"Bearer {self._token.reveal()}"}
        data = None if body is None else msgspec.json.encode(body)
        try:
            async with web.request(
                method, url, data=data, params=query, headers=headers, allow_redirects=False
            ) as response:
                return judged(response.status, await response.read())
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            hint = "is the homeserver running, and is its address right?"
            raise RetryError(f"no answer: {type(error).__name__}", hint=hint) from None


def judged(status: int, body: bytes) -> dict[str, Any]:
    """What an answer holds.

    Raises:
        RetryError: not now, whatever the message.
        RejectedError: this message never.
    """
    try:
        answer = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        answer = {}
    if status == HTTPStatus.OK:
        return answer
    code = str(answer.get("errcode", ""))[:60]
    if code == "M_LIMIT_EXCEEDED" or status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = answer.get("retry_after_ms", 5000)
        after = wait / 1000 if isinstance(wait, int | float) and not isinstance(wait, bool) else 5.0
        raise RetryError("asked to wait", after=min(600.0, max(0.0, after)))
    said = f"answered {status} {code}".strip()
    if code in _NEVER:
        raise RejectedError(said, hint="the server does not take this message")
    if code in _HINTS:
        raise RetryError(said, hint=_HINTS[code], after=CLOSED_PAUSE)
    raise RetryError(said, hint="is it the address of a Matrix homeserver?")


def _reactions(events: Any) -> tuple[Reaction, ...]:  # noqa: ANN401 - JSON of a stranger
    found = []
    for event in events:
        content = event.get("content", {}) if isinstance(event, dict) else {}
        to = content.get("m.relates_to") if isinstance(content, dict) else None
        if not isinstance(to, dict) or to.get("rel_type") != "m.annotation":
            continue
        parts = (event.get("event_id"), event.get("sender"), to.get("event_id"), to.get("key"))
        if all(isinstance(part, str) for part in parts):
            found.append(Reaction(*(str(part) for part in parts)))
    return tuple(found)


def _quoted(text: str) -> str:
    return quote(text, safe="")
