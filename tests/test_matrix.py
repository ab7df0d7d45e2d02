"""Matrix: threads, sounds, answers by reaction, hostile text; against a real Synapse."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import aiohttp
import msgspec
import pytest

from monitor.action import Action
from monitor.chat.office import Office
from monitor.chat.reactions import Reactions, Window
from monitor.clock import SystemClock
from monitor.secret import Secret
from monitor.sinks.deliver import Backoff, Gates, RejectedError, RetryError
from monitor.sinks.handling import Handling
from monitor.sinks.look import Look
from monitor.sinks.matrix import MatrixSink
from monitor.sinks.matrix_api import MatrixApi, judged
from monitor.sinks.matrix_message import lines_of, message
from monitor.sinks.one_by_one import Pace
from tests.data import data_file
from tests.doubles.outbox import MOMENT, RNG, MemoryOutbox, make_alert, make_post
from tests.doubles.synapse import User, synapse
from tests.patience import PATIENCE
from tests.storing import incident


class Place(NamedTuple):
    """A room with a bot and a person in it."""

    bot: User
    person: User
    room: str
    api: MatrixApi


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    """A new room on the server of this run."""
    server = synapse()
    async with aiohttp.ClientSession() as web:
        await server.ready(web)
        bot, person = await server.user(web), await server.user(web)
        room = await person.room(bot.id)
        yield Place(bot, person, room, MatrixApi(server.url, Secret("env:M", bot.token), room))


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def sink(place: Place, handling: Handling | None = None) -> MatrixSink:
    """A sink for the room."""
    look = Look(handling=handling or Handling())
    return MatrixSink("room", place.api, look, Pace(SystemClock(), RNG), Gates())


async def test_an_incident_is_one_message_that_grows(place: Place) -> None:
    """Opening sounds; an update edits it silently; an escalation sounds in its thread."""
    outbox = MemoryOutbox()
    task = asyncio.create_task(sink(place).run(outbox))
    await outbox.add(make_alert(1))
    await outbox.wait_recorded("room", 1)
    await outbox.add(make_alert(2, kind="updated"), make_alert(3, kind="escalated"))
    await outbox.wait_recorded("room", 3)
    await _end(task)
    seen: list[dict[str, Any]] = [one["content"] for one in await place.person.messages(place.room)]
    root = outbox.deliveries["room", 1].reference
    assert root == outbox.deliveries["room", 3].reference
    assert seen[0]["msgtype"] == "m.text"
    kinds = [one.get("m.relates_to", {}).get("rel_type") for one in seen]
    assert kinds == [None, "m.replace", "m.thread", "m.replace", "m.thread"]
    assert [one["msgtype"] for one in seen[1:]] == ["m.notice", "m.notice", "m.notice", "m.text"]
    assert {one["m.relates_to"]["event_id"] for one in seen[1:]} == {str(root).split("|")[1]}


async def test_the_same_alert_again_is_not_shown_twice(place: Place) -> None:
    """After a lost answer the alert is sent again under its own transaction id: one message."""
    for _ in range(2):  # the second outbox knows nothing of the first's deliveries
        outbox = MemoryOutbox()
        task = asyncio.create_task(sink(place).run(outbox))
        await outbox.add(make_alert(1))
        await outbox.wait_recorded("room", 1)
        await _end(task)
    assert len(await place.person.messages(place.room)) == 1


async def test_an_encrypted_room_is_refused(place: Place) -> None:
    """Nothing is written in the clear into a room that people believe to be encrypted."""
    algorithm = {"algorithm": "m.megolm.v1.aes-sha2"}
    await place.person.call("PUT", f"rooms/{place.room}/state/m.room.encryption", algorithm)
    async with aiohttp.ClientSession() as web:
        with pytest.raises(RetryError, match="encrypted"):
            await place.api.enter(web)


class Deeds:
    """The daemon's hands, as far as reactions need them."""

    def __init__(self, outbox: MemoryOutbox) -> None:
        self.done: list[Action] = []
        self.mutes: list[dict[str, object]] = []
        self._outbox = outbox

    async def ask(self, function: Any, *args: str) -> object:
        """The incident of a message, or the incident itself."""
        if function.__name__ == "incident":
            return incident(args[0])
        found = [one for one in self._outbox.deliveries.values() if one.reference == args[1]]
        return found[0].incident if found else None

    async def do(self, _function: object, action: Action) -> bool:
        """Once each."""
        known = action.key in {one.key for one in self.done}
        if not known:
            self.done.append(action)
        return not known

    async def mute(self, question: dict[str, object]) -> dict[str, object]:
        """Kept."""
        if question["key"] not in {one["key"] for one in self.mutes}:
            self.mutes.append(question)
        return {}


async def test_reactions_are_answers(place: Place) -> None:
    """Known people acknowledge, mute and judge by reaction, once; strangers are written down."""
    outbox, handling = MemoryOutbox(), Handling()
    sending = asyncio.create_task(sink(place, handling).run(outbox))
    await outbox.add(make_alert(1, 1), make_alert(1, 2))
    await outbox.wait_recorded("room", 2)
    event = str(outbox.deliveries["room", 1].reference).split("|")[1]
    deeds: Any = Deeds(outbox)
    office: Any = Office(deeds, deeds, SystemClock(), deeds, deeds, deeds, deeds)
    window = Window("room", place.api, {place.person.id: "Anna"}, handling)
    before = await place.person.react(place.room, event, "👍")  # while nobody listens
    for _ in range(2):
        listening = asyncio.create_task(Reactions(window, office, Backoff(RNG)).run())
        async with asyncio.timeout(PATIENCE):
            while not deeds.done:  # noqa: ASYNC110 - a list
                await asyncio.sleep(0.05)
        if len(deeds.done) == 1:
            await place.person.react(place.room, event, "🔇")
            await place.bot.react(place.room, event, "❌")
            await place.person.react(place.room, event, "🎉")
        async with asyncio.timeout(PATIENCE):
            while len(deeds.done) + len(deeds.mutes) < 3:  # noqa: ASYNC110 - two lists
                await asyncio.sleep(0.05)
        await _end(listening)
    assert [(one.did, one.who) for one in deeds.done] == [
        ("acknowledge", "Anna"), ("refused", place.bot.id),
    ]  # fmt: skip
    assert deeds.done[0].key == f"reaction/{before}"
    assert [one["rule"] for one in deeds.mutes] == ["border-incursion"]
    async with asyncio.timeout(PATIENCE):
        while len(await place.person.messages(place.room)) < 3:  # noqa: ASYNC110 - far away
            await asyncio.sleep(0.05)
    await _end(sending)
    last = (await place.person.messages(place.room))[-1]["content"]
    assert "Anna" in last["m.new_content"]["body"]


def test_no_stranger_makes_markup_links_or_mentions() -> None:
    """515 naughty strings and markup as post and title: no tag, link or mention but ours."""
    naughty: list[str] = json.loads(data_file("hostile/blns/blns.json").read_text("utf-8"))
    for text in [*naughty, "<a href='x'>y</a>", "@room evil.example <b>", "\u202egnp"]:
        alert = make_alert(1, posts=(make_post(text),), reason=text)
        titled = msgspec.structs.replace(alert.incident, title=text)
        alert = msgspec.structs.replace(alert, incident=titled)
        content = message(lines_of(alert, Look(), MOMENT), rings=True)
        formatted = str(content["formatted_body"])
        assert content["m.mentions"] == {}
        assert formatted.count("<a ") == 1, text
        assert "<img" not in formatted
        assert "<script" not in formatted.lower()
        assert "@room" not in formatted
        assert "\u202e" not in str(content["body"])


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (429, b'{"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 2500}', RetryError),
        (401, b'{"errcode": "M_UNKNOWN_TOKEN"}', RetryError),
        (413, b'{"errcode": "M_TOO_LARGE"}', RejectedError),
        (502, b"<html>", RetryError),
    ],
)
def test_what_servers_answer(status: int, body: bytes, error: type[Exception]) -> None:
    """Waits are obeyed, closed doors tried again with a hint; too large is a dead letter."""
    with pytest.raises(error) as caught:
        judged(status, body)
    if status == 429:
        assert caught.value.after == 2.5  # type: ignore[attr-defined]
    else:
        assert caught.value.hint  # type: ignore[attr-defined]
