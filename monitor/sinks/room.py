"""The chats that bots write to: where each is now, its topic, and the budget that all share.

Several receivers may use one bot, one chat, or two topics of one forum; the Bot API's limits hold
for all of them together, and only one program may ask for a bot's updates.
"""

from typing import TYPE_CHECKING

from monitor.secret import Secret
from monitor.sinks.pacing import Overall, Pacing

if TYPE_CHECKING:
    from monitor.sinks.telegram_api import BotApi


class Room:
    """One chat as one receiver writes to it. `chat` is where it is now, `configured` as written."""

    def __init__(self, api: "BotApi", chat: str, topic: int | None = None) -> None:
        self.api = api
        self.configured = chat
        self.chat = chat
        self.topic = topic
        self.pacing = Pacing(group=is_group(chat))

    def is_at(self, chat: str, name: str | None) -> bool:
        """Whether an update from the chat of that number and public name is from here."""
        return chat == self.chat or (name is not None and f"@{name}".lower() == self.chat.lower())


class Bot:
    """One bot: its API, its budget, its rooms by the receivers' names."""

    def __init__(self, token: Secret, url: str) -> None:
        from monitor.sinks.telegram_api import BotApi  # noqa: PLC0415 - only who has a bot needs it

        self.token = token
        self.api = BotApi(token, url)
        self.rooms: dict[str, Room] = {}
        self._overall = Overall()
        self._pacings: dict[str, Pacing] = {}

    def room(self, receiver: str, chat: str, topic: int | None) -> Room:
        """The room of a receiver; the same for all who ask."""
        known = self.rooms.get(receiver)
        if known is None:
            known = self.rooms[receiver] = Room(self.api, chat, topic)
            known.pacing = self._pacings.setdefault(
                chat, Pacing(group=is_group(chat), overall=self._overall)
            )
        return known


class Bots:
    """All bots of the configuration, one object for one token."""

    def __init__(self) -> None:
        self._bots: dict[tuple[str, str], Bot] = {}

    def bot(self, token: Secret, url: str) -> Bot:
        """The bot with that token; made when first asked for."""
        key = (token.reveal(), url)
        if key not in self._bots:
            self._bots[key] = Bot(token, url)
        return self._bots[key]


def is_group(chat: str) -> bool:
    """Groups and channels have negative numbers or names; a person's chat has a positive number."""
    return not chat.isdigit()
