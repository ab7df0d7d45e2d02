"""A newsroom: the chat's answers over a real store, against a Bot API of our own."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from monitor.action import Action
from monitor.chat.answers import Answers
from monitor.chat.office import Office, Seat
from monitor.clock import SystemClock
from monitor.control import Answer
from monitor.correlation.changes import alert_of
from monitor.incident import Incident
from monitor.matching.evaluate import Matcher
from monitor.place import Place
from monitor.receivers import Reader
from monitor.rule import Level
from monitor.secret import Secret
from monitor.silencing import Silencing
from monitor.sinks.buttons import Buttons
from monitor.sinks.deliver import Gates
from monitor.sinks.dispatch import Dispatch
from monitor.sinks.handling import Handling
from monitor.sinks.look import Look
from monitor.sinks.pacing import Pacing, Urgency
from monitor.sinks.room import Room
from monitor.sinks.routing import Routing
from monitor.sinks.telegram_api import BotApi
from monitor.sinks.telegram_bot import TelegramBotSink
from monitor.store.actions import actions, judgements
from monitor.store.commit import Work, commit
from monitor.store.database import Database
from monitor.store.outbox import Outbox
from monitor.store.writer import Writer
from tests.doubles.bot_api import TOKEN, BotApiDouble, Message
from tests.doubles.outbox import RNG, make_post

CHAT = "-100200"
RULES = """\
rules:
  - id: border-incursion
    title: Armed incursion across the border
    level: critical
    when: [ДРГ]
    examples: {match: [ДРГ зашла]}
"""
NOW = datetime.now(UTC).replace(microsecond=0)
KOZINKA = Place(id="kozinka", name="Козинка", country="RU", admin1="RU-BEL", lat=50.42, lon=35.54)
PEOPLE = {7: Reader(id=7, name="anna"), 8: Reader(id=8, name="borys", language="uk")}


class Unpaced(Pacing):
    """No limits: the chat's pacing has tests of its own."""

    def wait(self, urgency: Urgency, now: float) -> float:
        """Never."""
        del urgency, now
        return 0.0


class Newsroom:
    """A daemon's store, sink and answering desk around one chat."""

    def __init__(self, folder: Path, double: BotApiDouble, matcher: Matcher) -> None:
        self.double = double
        self.incident = ""
        self._folder = folder
        self._matcher = matcher
        self._tasks: list[asyncio.Task[Any]] = []

    async def start(self) -> None:
        """As the daemon builds it."""
        db = Database.open(self._folder, ballast=0)
        self.writer = Writer(db)
        self.outbox = Outbox(self.writer)
        self.handling = Handling(judgements(db))
        self.dispatch = Dispatch(Routing(("night",)), {"night": True})
        clock = SystemClock()
        self.silencing = Silencing(
            self.writer, self.dispatch, clock, committed=self.outbox.committed,
            rules=lambda: ["border-incursion"],
        )  # fmt: skip
        api = BotApi(Secret("env:TOKEN", TOKEN), self.double.url)
        room = Room(api, CHAT)
        room.pacing = Unpaced(group=True)
        look = Look(
            UTC, buttons=Buttons(TOKEN), handling=self.handling, draw=lambda *_: b"\x89PNG..."
        )
        office = Office(
            self.writer, self.outbox, clock, self.silencing, self.dispatch,
            lambda: self._matcher, _status,
        )  # fmt: skip
        gates = Gates(self.dispatch.mute("night", clock), self.dispatch.hush("night", clock))
        sink = TelegramBotSink("night", room, look, clock=clock, rng=RNG, gates=gates)
        answers = Answers(api, [Seat("night", room, look, PEOPLE)], office, random.Random(1))
        self._tasks = [
            asyncio.create_task(sink.run(self.outbox)), asyncio.create_task(answers.run()),
        ]  # fmt: skip

    async def stop(self) -> None:
        """All of it, as abruptly as a cancel is."""
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.outbox.aclose()
        await self.writer.aclose()
        for one in ended:
            if isinstance(one, Exception):
                raise one

    async def open(self, *, title: str = "Armed incursion", level: Level = "critical") -> Message:
        """An incident opens; its message in the chat."""
        self.incident = f"{len(self.double.messages):016x}"
        incident = Incident(
            id=self.incident, topic="border", rule="border-incursion",
            title=title, event="battles/armed-clash", level=level, status="unconfirmed",
            exercise=False, opened_at=NOW, updated_at=NOW, deadline=NOW + timedelta(hours=6),
            place=KOZINKA, posts=1, ordinal=1,
        )  # fmt: skip
        alert = alert_of(incident, "opened", "first post", (make_post(),), None)
        before = set(self.double.messages)
        stored = await self.writer.do(commit, Work(incidents=(incident,), alerts=(alert,)), NOW)
        self.outbox.committed(stored[-1].sequence)

        def fresh() -> list[Message]:
            new = (one for key, one in self.double.messages.items() if key not in before)
            return [one for one in new if one.kind == "message"]

        await self.double.until(fresh)
        (message,) = fresh()
        while (await self.outbox.position("night") or (0,))[0] < stored[-1].sequence:  # noqa: ASYNC110 - a row, no event
            await asyncio.sleep(0.005)
        return message

    async def toast(self, press: str) -> str:
        """What somebody was told about a press."""
        await self.double.until(lambda: press in self.double.toasts)
        return self.double.toasts[press]

    async def reply(self, number: int) -> Message:
        """What was answered to a message."""
        found: list[Message] = []

        def answered() -> bool:
            found[:] = [one for one in self.double.messages.values() if one.reply_to == number]
            return bool(found)

        await self.double.until(answered)
        return found[0]

    async def acts(self) -> list[Action]:
        """Everything that was written down, oldest first."""
        return list(await self.writer.do(actions))[::-1]


def _status() -> Answer:
    """As the daemon answers `monitor status`."""
    source = {"source": "telegram:x", "state": "not_found", "hint": "renamed?", "via": "preview"}
    return {
        "started": "2026-11-20T09:00:00Z", "posts": 12, "rules": 1, "sources": [source],
        "parts": {"pipeline": "running", "bus": "gave up"}, "refused_since": "2026-11-20T10:00:00Z",
        "mistakes": ["rules.yaml:3:1: no such key - did you mean `when`?"],
    }  # fmt: skip
