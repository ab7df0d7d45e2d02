"""The few calls of Telegram's Bot API that the chat needs, and what their answers mean.

The token stands in every address, so no address is ever logged or put into an error. There is no
idempotency key: an answer that was lost may mean that the message stands in the chat, which is a
kind of error of its own.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

import aiohttp

from monitor.secret import Secret
from monitor.sinks.deliver import RejectedError, RetryError

TIMEOUT = aiohttp.ClientTimeout(total=40, sock_connect=10)
KEEP_ALIVE = 10.0
"""Idle connections are not kept longer: one that the server closes meanwhile loses an answer."""

CLOSED_PAUSE = 60.0

POLL_SECONDS = 25
"""How long the server keeps a question for updates open."""
UPDATES = ("message", "callback_query")
MOST_UPDATES = 100
LONGEST_TOAST = 200

_CLOSED = (
    "chat not found", "not enough rights", "have no rights", "need administrator rights",
    "bot is not a member", "chat_write_forbidden", "was deactivated", "was deleted", "topic_closed",
)  # fmt: skip
_GONE = ("message to edit not found", "message can't be edited", "message_id_invalid")
_HINTS = {
    401: "the bot's token is not valid: ask @BotFather, and mend the receiver's `token`",
    404: "the bot's token is not valid: ask @BotFather, and mend the receiver's `token`",
    403: "let the bot into the chat again",
    409: "another program asks for this bot's updates, or it has a webhook: end that one",
    400: "is the receiver's `chat` right, and may the bot write there?",
}


class LostAnswerError(Exception):
    """The call was sent and no answer came: it may or may not have been carried out."""


class MessageGoneError(Exception):
    """The message to edit is no longer there, or cannot be edited any more."""


class MigratedError(Exception):
    """The group became a supergroup: it has another id from now on."""

    def __init__(self, chat: str) -> None:
        super().__init__(f"the group is now {chat}")
        self.chat = chat


Entity = Mapping[str, object]
Parameters = Mapping[str, object] | aiohttp.FormData


class Outgoing(NamedTuple):
    """What is to stand in the chat; `topic` is a forum's thread, `keyboard` the reply_markup."""

    text: str
    entities: Sequence[Entity] = ()
    silent: bool = False
    reply_to: int | None = None
    topic: int | None = None
    keyboard: Mapping[str, object] | None = None

    def place(self, chat: str) -> dict[str, object]:
        """The parameters that say where and how loud, whatever is sent."""
        found: dict[str, object] = {"chat_id": chat, "disable_notification": self.silent}
        if self.topic is not None:
            found["message_thread_id"] = self.topic
        if self.reply_to is not None:
            found["reply_parameters"] = {
                "message_id": self.reply_to,
                "allow_sending_without_reply": True,
            }
        return found

    def content(self) -> dict[str, object]:
        """The parameters of the text itself."""
        found: dict[str, object] = {
            "text": self.text, "entities": list(self.entities),
            "link_preview_options": {"is_disabled": True},
        }  # fmt: skip
        if self.keyboard is not None:
            found["reply_markup"] = self.keyboard
        return found


class BotApi:
    """One bot, for everybody who uses it: `async with` it; the last to leave closes it."""

    def __init__(self, token: Secret, url: str) -> None:
        self._token = token
        self._url = url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None
        self._users = 0

    @property
    def number(self) -> str:
        """The bot's own number: the open half of its token."""
        return self._token.reveal().partition(":")[0]

    async def __aenter__(self) -> Self:
        self._users += 1
        return self

    async def __aexit__(self, *_: object) -> None:
        self._users -= 1
        session = self._session
        if self._users == 0 and session is not None:
            self._session = None
            await session.close()

    async def send(self, chat: str, message: Outgoing) -> int:
        """A new message; returns its number in the chat.

        Raises:
            RetryError: not now (limits, the server's trouble, the chat is closed to us).
            RejectedError: this message never.
            LostAnswerError: nobody knows.
            MigratedError: call again with the other chat.
        """
        parameters = {**message.place(chat), **message.content()}
        return _number(await self._call("sendMessage", parameters))

    async def edit(self, chat: str, number: int, message: Outgoing) -> None:
        """Give a message of ours another text; that it has it already is success too.

        Raises:
            MessageGoneError: there is nothing to edit any more.
            RetryError, RejectedError, LostAnswerError, MigratedError: as for `send`.
        """
        parameters = {"chat_id": chat, "message_id": number, **message.content()}
        try:
            await self._call("editMessageText", parameters)
        except RejectedError as error:
            if not unchanged(error):
                raise

    async def venue(self, chat: str, where: Outgoing, point: tuple[float, float]) -> int:
        """A place on the map, titled with the text's first line; errors as for `send`."""
        title, _, address = where.text.partition("\n")
        parameters = {
            **where.place(chat), "latitude": point[0], "longitude": point[1], "title": title,
            "address": address or title,
        }  # fmt: skip
        return _number(await self._call("sendVenue", parameters))

    async def photo(self, chat: str, message: Outgoing, png: bytes) -> int:
        """A picture with the message as its caption (1,024 units); errors as for `send`."""
        form = aiohttp.FormData()
        content: dict[str, object] = {
            **message.place(chat),
            "caption": message.text,
            "caption_entities": list(message.entities),
        }
        for name, value in content.items():
            form.add_field(name, value if isinstance(value, str) else json.dumps(value))
        form.add_field("photo", png, filename="map.png", content_type="image/png")
        return _number(await self._call("sendPhoto", form))

    async def updates(self, offset: int | None) -> list[dict[str, Any]]:
        """What people wrote and pressed, from `offset` on; waits for news up to POLL_SECONDS.

        Whatever lies before `offset` is confirmed by that and will not come again.

        Raises:
            RetryError, RejectedError, LostAnswerError: as for `send`; asking again harms nothing.
        """
        parameters: dict[str, object] = {
            "timeout": POLL_SECONDS, "limit": MOST_UPDATES, "allowed_updates": list(UPDATES),
        }  # fmt: skip
        if offset is not None:
            parameters["offset"] = offset
        answer = await self._call("getUpdates", parameters)
        if not isinstance(answer, list):
            raise LostAnswerError("the updates are no list")
        return [one for one in answer if isinstance(one, dict)]

    async def toast(self, press: str, text: str) -> None:
        """Answer a pressed button with a few words that only who pressed it sees."""
        parameters = {"callback_query_id": press, "text": text[:LONGEST_TOAST]}
        await self._call("answerCallbackQuery", parameters)

    async def offer(self, commands: Mapping[str, str], language: str) -> None:
        """Show the commands (word -> what it does) in the clients' menu to readers of a language.

        An empty language means everybody else.
        """
        listed = [{"command": word, "description": does} for word, does in commands.items()]
        parameters: dict[str, object] = {"commands": listed}
        if language:
            parameters["language_code"] = language
        await self._call("setMyCommands", parameters)

    async def me(self) -> dict[str, Any]:
        """Who the bot is: `id`, `username`."""
        answer = await self._call("getMe", {})
        return answer if isinstance(answer, dict) else {}

    async def _call(self, method: str, parameters: Parameters) -> Any:  # noqa: ANN401 - JSON
        if self._session is None:
            connector = aiohttp.TCPConnector(keepalive_timeout=KEEP_ALIVE)
            self._session = aiohttp.ClientSession(connector=connector, timeout=TIMEOUT)
        address = f"{self._url}/bot{self._token.reveal()}/{method}"
        try:
            form = isinstance(parameters, aiohttp.FormData)
            content: Any = {"data" if form else "json": parameters}
            async with self._session.post(address, allow_redirects=False, **content) as response:
                status, body = response.status, await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise RetryError(
                f"the Bot API cannot be reached: {type(error).__name__}",
                hint="is the machine online, and is the receiver's `api_url` right?",
            ) from None
        except aiohttp.InvalidURL:
            raise RetryError(
                "the Bot API's address cannot be used", hint="mend `api_url` and `token`"
            ) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise LostAnswerError(f"no answer to {method}: {type(error).__name__}") from None
        return _result(status, body, method)


def _number(answer: Any) -> int:  # noqa: ANN401 - JSON
    """The number of the message that a call has made."""
    try:
        return int(answer["message_id"])
    except (KeyError, TypeError, ValueError):
        raise LostAnswerError("the answer does not name the message") from None


def _result(status: int, body: bytes, method: str) -> Any:  # noqa: ANN401 - JSON
    """What an answer means: its result, or one of the errors."""
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        if status < 300 or status == 504:  # noqa: PLR2004 - HTTP's numbers
            raise LostAnswerError(f"{method} was answered in no known form ({status})")
        raise RetryError(f"{method} was answered {status} by something that is no Bot API")
    if answer.get("ok") is True:
        return answer.get("result")
    said = str(answer.get("description", "no description"))[:300]
    number = answer.get("error_code", status)
    more = answer.get("parameters")
    raise _error(int(number), said, more if isinstance(more, dict) else {})


def _error(status: int, said: str, more: Mapping[str, object]) -> Exception:
    if "migrate_to_chat_id" in more:
        return MigratedError(str(more["migrate_to_chat_id"]))
    if status == 429:  # noqa: PLR2004 - HTTP's number
        return RetryError(said, after=float(str(more.get("retry_after", 5))))
    if status == 504:  # noqa: PLR2004 - a gateway gave up waiting: it may have been carried out
        return LostAnswerError(said)
    if status >= 500:  # noqa: PLR2004 - HTTP's number
        return RetryError(f"the Bot API has trouble: {said}")
    return _refusal(status, said)


def _refusal(status: int, said: str) -> Exception:
    """A 4xx: about the message to edit, about the chat as a whole, or about this message."""
    low = said.lower()
    if any(words in low for words in _GONE):
        return MessageGoneError(said)
    if status in {401, 403, 404, 409} or any(words in low for words in _CLOSED):
        return RetryError(said, hint=_HINTS.get(status, ""), after=CLOSED_PAUSE)
    return RejectedError(f"{status}: {said}")


def unchanged(error: RejectedError) -> bool:
    """Whether an edit was refused because the message has that text already."""
    return "message is not modified" in str(error).lower()
