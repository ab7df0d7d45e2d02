"""The few calls of Telegram's Bot API that the chat needs, and what their answers mean.

The token stands in every address, so no address is ever logged or put into an error. There is no
idempotency key: an answer that was lost may mean that the message stands in the chat, which is a
kind of error of its own.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp

from monitor.secret import Secret
from monitor.sinks.deliver import RejectedError, RetryError

TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=10)
KEEP_ALIVE = 10.0
"""Idle connections are not kept longer: one that the server closes meanwhile loses an answer."""

CLOSED_PAUSE = 60.0

_CLOSED = (
    "chat not found", "not enough rights", "have no rights", "need administrator rights",
    "bot is not a member", "chat_write_forbidden", "was deactivated", "was deleted", "topic_closed",
)  # fmt: skip
_GONE = ("message to edit not found", "message can't be edited", "message_id_invalid")
_HINTS = {
    401: "the bot's token is not valid: ask @BotFather, and mend the receiver's `token`",
    404: "the bot's token is not valid: ask @BotFather, and mend the receiver's `token`",
    403: "let the bot into the chat again",
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


class BotApi:
    """One bot. Without a `session` it makes one of its own, closed by `aclose`."""

    def __init__(
        self, token: Secret, url: str, session: aiohttp.ClientSession | None = None
    ) -> None:
        self._token = token
        self._url = url.rstrip("/")
        self._session = session
        self._own = session is None

    async def send(
        self,
        chat: str,
        text: str,
        entities: Sequence[Entity],
        *,
        silent: bool,
        reply_to: int | None = None,
    ) -> int:
        """A new message; returns its number in the chat.

        Raises:
            RetryError: not now (limits, the server's trouble, the chat is closed to us).
            RejectedError: this message never.
            LostAnswerError: nobody knows.
            MigratedError: call again with the other chat.
        """
        parameters: dict[str, object] = {
            "chat_id": chat, "text": text, "entities": list(entities),
            "disable_notification": silent, "link_preview_options": {"is_disabled": True},
        }  # fmt: skip
        if reply_to is not None:
            parameters["reply_parameters"] = {
                "message_id": reply_to,
                "allow_sending_without_reply": True,
            }
        answer = await self._call("sendMessage", parameters)
        try:
            return int(answer["message_id"])
        except (KeyError, TypeError, ValueError):
            raise LostAnswerError("the answer does not name the message") from None

    async def edit(self, chat: str, message: int, text: str, entities: Sequence[Entity]) -> None:
        """Give a message of ours another text; that it has it already is success too.

        Raises:
            MessageGoneError: there is nothing to edit any more.
            RetryError, RejectedError, LostAnswerError, MigratedError: as for `send`.
        """
        parameters = {
            "chat_id": chat, "message_id": message, "text": text, "entities": list(entities),
            "link_preview_options": {"is_disabled": True},
        }  # fmt: skip
        await self._call("editMessageText", parameters)

    async def aclose(self) -> None:
        """Close the session if it is our own."""
        if self._own and self._session is not None:
            await self._session.close()
            self._session = None

    async def _call(self, method: str, parameters: Mapping[str, object]) -> Any:  # noqa: ANN401 - JSON
        if self._session is None:
            connector = aiohttp.TCPConnector(keepalive_timeout=KEEP_ALIVE)
            self._session = aiohttp.ClientSession(connector=connector, timeout=TIMEOUT)
        address = f"{self._url}/bot{self._token.reveal()}/{method}"
        try:
            async with self._session.post(
                address, json=parameters, allow_redirects=False
            ) as response:
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
    if status in {401, 403, 404} or any(words in low for words in _CLOSED):
        return RetryError(said, hint=_HINTS.get(status, ""), after=CLOSED_PAUSE)
    return RejectedError(f"{status}: {said}")


def unchanged(error: RejectedError) -> bool:
    """Whether an edit was refused because the message has that text already."""
    return "message is not modified" in str(error).lower()
