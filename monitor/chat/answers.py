"""One bot's answering as a part of the daemon: hears, answers, and sends the answers out."""

import random
from collections.abc import Sequence

from monitor.chat.desk import Desk
from monitor.chat.listen import Listener
from monitor.chat.office import Office, Seat
from monitor.chat.replies import Replies
from monitor.sinks.deliver import together
from monitor.sinks.telegram_api import BotApi


class Answers:
    """Everything that people do in the chats of one bot."""

    def __init__(
        self, api: BotApi, seats: Sequence[Seat], office: Office, rng: random.Random
    ) -> None:
        number = api.number
        self.name = f"answers-{number}"
        self._api = api
        self._replies = Replies(office.clock, rng)
        self._desk = Desk(api, seats, office, self._replies)
        self._listener = Listener(number, api, office.writer, office.clock, rng)

    async def run(self) -> None:
        """Answer until cancelled."""
        async with self._api:
            await together(self._listener.run(self._desk), self._replies.run())
