"""What comes from a chat, read into values: a pressed button, or something said to the bot.

Pure, and trusting nothing: an update of another shape is nothing.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple


class Place(NamedTuple):
    """Where it happened: the chat's number and public name, the message there, its topic."""

    chat: str
    name: str | None
    message: int
    topic: int | None


class User(NamedTuple):
    """Who did it: Telegram's number, how they call themselves, and their IETF language tag."""

    id: int
    name: str
    language: str | None


class Press(NamedTuple):
    """A pressed button. `id` is what the press is answered by."""

    update: int
    id: str
    user: User
    place: Place
    data: str


class Saying(NamedTuple):
    """A message to the bot. `answers` is the number of the message of ours that it replies to."""

    update: int
    user: User
    place: Place
    at: datetime
    text: str
    answers: int | None


Update = Press | Saying


def read(update: Mapping[str, object]) -> Update | None:
    """What an update says, None if it is nothing that we listen to."""
    number = update.get("update_id")
    if not isinstance(number, int):
        return None
    press = update.get("callback_query")
    if isinstance(press, Mapping):
        return _press(number, press)
    message = update.get("message")
    return _saying(number, message) if isinstance(message, Mapping) else None


def _press(number: int, press: Mapping[str, object]) -> Press | None:
    user, place = _user(press.get("from")), _place(press.get("message"))
    id_, data = press.get("id"), press.get("data")
    if user is None or place is None or not isinstance(id_, str) or not isinstance(data, str):
        return None
    return Press(number, id_, user, place, data)


def _saying(number: int, message: Mapping[str, object]) -> Saying | None:
    user, place = _user(message.get("from")), _place(message)
    text, at = message.get("text"), message.get("date")
    if user is None or place is None or not isinstance(text, str) or not isinstance(at, int):
        return None
    try:
        moment = datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    reply = message.get("reply_to_message")
    answers = _place(reply) if isinstance(reply, Mapping) else None
    return Saying(number, user, place, moment, text, answers.message if answers else None)


def _user(given: object) -> User | None:
    if not isinstance(given, Mapping) or not isinstance(given.get("id"), int):
        return None
    names = [given.get("first_name"), given.get("last_name")]
    name = " ".join(one for one in names if isinstance(one, str) and one)
    language = given.get("language_code")
    return User(given["id"], name[:64], language if isinstance(language, str) else None)


def _place(given: object) -> Place | None:
    if not isinstance(given, Mapping):
        return None
    chat, message = given.get("chat"), given.get("message_id")
    if not isinstance(chat, Mapping) or not isinstance(message, int):
        return None
    number, name = chat.get("id"), chat.get("username")
    if not isinstance(number, int):
        return None
    topic = given.get("message_thread_id") if given.get("is_topic_message") else None
    return Place(
        str(number),
        name if isinstance(name, str) else None,
        message,
        topic if isinstance(topic, int) else None,
    )
