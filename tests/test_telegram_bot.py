"""The chat, against a Bot API of our own that enforces the documented limits."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from monitor.clock import SystemClock
from monitor.incident import Status
from monitor.secret import Secret
from monitor.sinks.deliver import Gates
from monitor.sinks.look import Look
from monitor.sinks.pacing import GROUP_SECONDS, Pacing, Urgency
from monitor.sinks.room import Room
from monitor.sinks.telegram_api import BotApi
from monitor.sinks.telegram_bot import TelegramBotSink
from monitor.sinks.wording import Manner, time_of_day
from tests.doubles.bot_api import TOKEN, BotApiDouble
from tests.doubles.clocks import QuickClock, SteadyClock
from tests.doubles.outbox import MOMENT, RNG, MemoryOutbox, make_alert, make_post
from tests.patience import turned

MANNER = Manner(str, lambda moment: time_of_day(moment, MOMENT, UTC))


def _double() -> BotApiDouble:
    # A fiftieth of the real minute, less what a loaded machine delays a call on its way; a
    # fiftieth of the second between calls is too short to be held here (the pacing test does).
    return BotApiDouble(minute=50 / 50, second=0)


def _sink(
    double: BotApiDouble, chat: str = "-100200", *, topic: int | None = None, evidence: bool = False
) -> TelegramBotSink:
    api = BotApi(Secret("env:TOKEN", TOKEN), double.url)
    room, gates = Room(api, chat, topic), Gates(evidence=evidence)
    return TelegramBotSink("chat", room, Look(), clock=QuickClock(), rng=RNG, gates=gates)


@asynccontextmanager
async def _running(one: TelegramBotSink, outbox: MemoryOutbox) -> AsyncIterator[None]:
    task = asyncio.create_task(one.run(outbox))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def double() -> AsyncIterator[BotApiDouble]:
    """A Bot API whose minute lasts about a second."""
    async with _double() as running:
        yield running


async def test_one_message_per_incident_that_grows(double: BotApiDouble) -> None:
    """Opening rings, growth edits that message, an escalation rings as a reply to the first."""
    outbox = MemoryOutbox()
    async with _running(_sink(double), outbox):
        await outbox.add(make_alert(1))
        await outbox.wait_recorded("chat", 1)
        await outbox.add(make_alert(2, kind="updated", posts=(make_post("второе"),)))
        await outbox.wait_recorded("chat", 2)
        assert len(double.messages) == 1
        await outbox.add(make_alert(3, kind="escalated"))
        await outbox.wait_recorded("chat", 3)
        await outbox.add(make_alert(4, kind="closed", posts=()))
        await outbox.wait_recorded("chat", 4)
    first, second = double.messages.values()
    assert [first.silent, second.silent] == [False, False]
    assert second.reply_to == first.number
    assert len(first.history) == 2
    assert "alert-1-2" in first.text
    assert "ESCALATED" in second.history[0]
    assert "CLOSED" in second.text
    assert [outbox.deliveries["chat", n].reference for n in (1, 2, 3, 4)] == [
        "-100200/100/100/1", "-100200/100/100/1", "-100200/100/101/1", "-100200/100/101/1",
    ]  # fmt: skip


async def test_what_it_looks_like(double: BotApiDouble) -> None:
    """Bold title, quoted post, the found word highlighted, the link ours, the id at the end."""
    outbox = MemoryOutbox()
    async with _running(_sink(double), outbox):
        await outbox.add(make_alert(1, exercise=True))
        await outbox.wait_recorded("chat", 1)
    (message,) = double.messages.values()
    assert message.text.startswith("🟣🟣 EXERCISE")
    pieces = {(one["type"], message.piece(one)) for one in message.entities}
    assert ("underline", "ДРГ") in pieces
    assert ("blockquote", "ДРГ зашла в Козинку") in pieces
    assert any(kind == "bold" and "Armed incursion" in text for kind, text in pieces)
    (link,) = [one for one in message.entities if one["type"] == "text_link"]
    assert link["url"] == "https://t.me/vvgladkov/4711"
    assert message.text.endswith("alert alert-1-1")


async def test_further_voices_stand_under_the_message(double: BotApiDouble) -> None:
    """What a further publisher says is a silent answer under the first message, echoes are not."""
    outbox = MemoryOutbox()
    async with _running(_sink(double, topic=42, evidence=True), outbox):
        await outbox.add(make_alert(1))
        await outbox.wait_recorded("chat", 1)
        militia = make_post("мы в Козинке", source="telegram:legion")
        echo = msgspec.structs.replace(militia, id="9", echo_of="telegram:legion/1")
        await outbox.add(make_alert(2, kind="updated", posts=(militia, echo)))
        await double.until(lambda: len(double.messages) == 2)
    first, answer = double.messages.values()
    assert answer.reply_to == first.number
    assert (answer.silent, first.silent) == (True, False)
    assert (first.topic, answer.topic) == (42, 42)
    assert answer.text.count("мы в Козинке") == 1
    assert "telegram:legion" in first.text
    assert outbox.deliveries["chat", 2].reference == f"-100200/{first.number}/{first.number}/1"


async def test_a_map_stands_under_what_opens(double: BotApiDouble) -> None:
    """An incident that opens at a known point is answered once with a silent map, and said so."""
    outbox = MemoryOutbox()
    one = _sink(double, evidence=True)
    one._look = Look(near=lambda *_: "12 km SE of Грайворон", draw=lambda *_: b"\x89PNG...")
    async with _running(one, outbox):
        await outbox.add(make_alert(1, exercise=True))
        await double.until(lambda: len(double.messages) == 2)
        await outbox.add(make_alert(2, kind="escalated"))
        await outbox.wait_recorded("chat", 2)
    first, picture, _ = double.messages.values()
    assert (picture.kind, picture.silent, picture.reply_to) == ("photo", True, first.number)
    assert picture.text == "EXERCISE · Козинка · RU-BEL · 12 km SE of Грайворон"
    assert picture.media.startswith(b"\x89PNG")


def test_what_a_reader_must_not_mistake() -> None:
    """Late is a line of its own, sides and deniers are named, echoes counted, the place found."""
    alert = make_alert(1, posts=(msgspec.structs.replace(make_post(), late=True),))
    what = msgspec.structs.replace(
        alert.incident, posts=5, echoes=2, roles=("militia", "official"),
        denied_by=("official ru-state",), affiliations=("legion", "ru-state"),
    )  # fmt: skip
    alert = msgspec.structs.replace(alert, incident=what)
    look = Look(ZoneInfo("Europe/Kyiv"), near=lambda *_: "12 km SE of Грайворон")
    lines = look.message(alert, MOMENT + timedelta(minutes=7)).text.splitlines()
    assert lines[0].startswith("🕓 LATE")
    assert lines[2] == "12 km SE of Грайворон, ±2 km"
    assert "5 posts (2 echoes)" in lines[3]
    assert lines[4] == "militia, official (legion, ru-state); denied by official ru-state"
    assert any("11:14 EET, 7 min ago at 11:21" in line for line in lines)


async def test_low_levels_are_silent(double: BotApiDouble) -> None:
    """A low or informational incident opens without a sound."""
    outbox = MemoryOutbox()
    async with _running(_sink(double), outbox):
        await outbox.add(make_alert(1, 1, level="low"), make_alert(1, 2, level="high"))
        await outbox.wait_recorded("chat", 2)
    silent = {message.text[2:6]: message.silent for message in double.messages.values()}
    assert silent == {"LOW ": True, "HIGH": False}


async def test_a_lost_answer_rings_again_and_says_so(double: BotApiDouble) -> None:
    """What rings is sent again after a lost answer, marked; an edit is just repeated."""
    outbox = MemoryOutbox()
    double.faults.extend(["lost"])
    async with _running(_sink(double), outbox):
        await outbox.add(make_alert(1))
        await outbox.wait_recorded("chat", 1)
        double.faults.extend(["lost"])
        await outbox.add(make_alert(2, kind="updated"))
        await outbox.wait_recorded("chat", 2)
    first, second = double.messages.values()
    assert "POSSIBLY REPEATED" not in first.text
    assert "POSSIBLY REPEATED" in second.history[0]
    assert set(outbox.states("chat").values()) == {"delivered"}
    assert len(double.messages) == 2


async def test_an_uncertain_message_that_does_not_ring_is_not_repeated(
    double: BotApiDouble,
) -> None:
    """Without a message to edit, a lost update is recorded as uncertain and left alone."""
    outbox = MemoryOutbox()
    double.faults.extend(["lost"])
    async with _running(_sink(double), outbox):
        await outbox.add(make_alert(2, kind="updated"))
        await outbox.wait_recorded("chat", 1)
    assert outbox.states("chat") == {1: "uncertain"}
    assert len(double.messages) == 1


async def test_a_kill_during_the_call_is_a_lost_answer(double: BotApiDouble) -> None:
    """Killed between sending and recording, the next start sends again and says so."""
    outbox = MemoryOutbox()
    double.faults.extend(["hang"])
    async with _running(_sink(double), outbox):
        await outbox.add(make_alert(1))
        await double.until(lambda: not double.faults)
        await asyncio.sleep(0.05)
    async with _running(_sink(double), outbox):
        await outbox.wait_recorded("chat", 1)
    (message,) = double.messages.values()
    assert "POSSIBLY REPEATED" in message.text


@pytest.mark.parametrize("fault", ["500", "502"])
async def test_answered_trouble_is_retried_without_a_mark(double: BotApiDouble, fault: str) -> None:
    """An answered error means that nothing was sent: the retry is no repetition."""
    outbox = MemoryOutbox()
    double.faults.extend([fault, fault])  # type: ignore[list-item]
    async with _running(_sink(double), outbox):
        await outbox.add(make_alert(1))
        await outbox.wait_recorded("chat", 1)
    (message,) = double.messages.values()
    assert "REPEATED" not in message.text
    assert outbox.deliveries["chat", 1].attempts == 3
    assert [one.attempt for one in outbox.attempts["chat"]] == [1, 2]


async def test_the_chat_moves_to_a_supergroup(double: BotApiDouble) -> None:
    """After the migration messages go to the new id, and a restart remembers it."""
    outbox = MemoryOutbox()
    double.migrated["-100200"] = "-100999"
    for number in (1, 2):
        async with _running(_sink(double), outbox):
            await outbox.add(make_alert(number, number))
            await outbox.wait_recorded("chat", number)
    assert [message.chat for message in double.messages.values()] == ["-100999", "-100999"]
    assert sum(status == 400 for _, _, status in double.calls) == 1


async def test_a_deleted_message_is_replaced(double: BotApiDouble) -> None:
    """When somebody deleted the incident's message, the next edit becomes a silent new one."""
    outbox = MemoryOutbox()
    async with _running(_sink(double), outbox):
        await outbox.add(make_alert(1))
        await outbox.wait_recorded("chat", 1)
        double.messages.clear()
        await outbox.add(make_alert(2, kind="updated"))
        await outbox.wait_recorded("chat", 2)
    (message,) = double.messages.values()
    assert message.silent


async def test_a_refused_message_is_a_dead_letter(double: BotApiDouble) -> None:
    """A message that the API will never take is recorded with its reason; the rest goes on."""
    outbox = MemoryOutbox()
    double.refuse = lambda text: (400, "Bad Request: no") if "alert-1-1" in text else None
    async with _running(_sink(double), outbox):
        await outbox.add(make_alert(1, 1), make_alert(1, 2))
        await outbox.wait_recorded("chat", 2)
    assert outbox.states("chat") == {1: "refused", 2: "delivered"}
    assert outbox.deliveries["chat", 1].detail == "400: Bad Request: no"


async def test_a_closed_chat_loses_nothing(double: BotApiDouble) -> None:
    """A bot that was thrown out waits, and tells the incidents' newest state when it is back."""
    outbox = MemoryOutbox()
    double.refuse = lambda _text: (403, "Forbidden: bot was kicked from the supergroup chat")
    async with _running(_sink(double), outbox):
        await outbox.add(make_alert(1))
        await outbox.add(make_alert(2, kind="updated"))
        await double.until(lambda: double.calls)
        assert outbox.states("chat") == {}
        double.refuse = lambda _text: None
        await outbox.wait_recorded("chat", 2)
    (message,) = double.messages.values()
    assert not message.silent
    assert "alert-1-2" in message.text
    assert "2 alerts in one message" in outbox.deliveries["chat", 1].detail


async def test_limits_are_planned_for() -> None:
    """3,000 alerts of 50 incidents: every incident in the chat, no 429, criticals first."""
    outbox, clock = MemoryOutbox(), SteadyClock()
    passing = asyncio.create_task(clock.run())
    async with BotApiDouble(minute=50 / 50, second=0, now=lambda: clock.time) as double:
        one = _sink(double)
        one._clock = clock
        await _flooded(one, double, outbox, clock)
    passing.cancel()
    assert sum("incidents at once" not in one.history[0] for one in double.messages.values()) == 51
    assert not [status for _, _, status in double.calls if status == 429]
    assert set(outbox.states("chat").values()) == {"delivered"}


async def _flooded(
    one: TelegramBotSink, double: BotApiDouble, outbox: MemoryOutbox, clock: SteadyClock
) -> None:
    async with _running(one, outbox):
        for n in range(60):
            kind = "updated" if n else "opened"
            level = "medium" if n % 2 else "high"
            await outbox.add(
                *(make_alert(n, i, kind=kind, level=level) for i in range(50))  # type: ignore[arg-type]
            )
            await asyncio.sleep(0.002)
        await outbox.add(make_alert(1, 99, level="critical"))
        critical = clock.time
        await double.until(lambda: any("CRITICAL" in text for text in double.texts))
        assert clock.time - critical < 5 / 50 + 0.5
        await outbox.wait_recorded("chat", 3001)


async def test_retry_after_is_obeyed() -> None:
    """After a 429 no call is made before the time that the API asked for."""
    async with BotApiDouble(group_limit=1, minute=6.0, second=0.0) as double:
        outbox, one = MemoryOutbox(), _sink(double)
        one._clock = SystemClock()
        async with _running(one, outbox):
            await outbox.add(make_alert(1, 1), make_alert(1, 2))
            await outbox.wait_recorded("chat", 2)
    (refused,) = [moment for moment, _, status in double.calls if status == 429]
    (later,) = [moment for moment, _, _ in double.calls if moment > refused]
    assert later - refused >= 2.0


def test_pacing_keeps_the_last_calls_for_criticals() -> None:
    """Evidence stops at 5 calls a minute, edits 9, answers 11, rings 14, criticals 20."""
    pacing = Pacing(group=True)
    now = 0.0
    allowed = dict.fromkeys(Urgency, 0)
    for urgency in Urgency:
        while (wait := pacing.wait(urgency, now)) < 10:
            now += wait
            pacing.called(now)
            allowed[urgency] += 1
    assert allowed == {
        Urgency.EVIDENCE: 5, Urgency.EDIT: 4, Urgency.REPLY: 2, Urgency.RING: 3,
        Urgency.CRITICAL: 6,
    }  # fmt: skip
    assert pacing.wait(Urgency.CRITICAL, GROUP_SECONDS) == 0
    slow = Pacing(group=False)
    slow.called(now)
    slow.answered(now + 0.7)
    assert 1.7 <= slow.wait(Urgency.CRITICAL, now) < 1.8
    asked = Pacing(group=False)
    asked.asking = 1
    free = [urgency for urgency in Urgency if asked.wait(urgency, now) == 0]
    assert free == [Urgency.REPLY, Urgency.CRITICAL]
    private = Pacing(group=False)
    for _ in range(100):
        private.called(now)
    assert 1.0 <= private.wait(Urgency.EDIT, now) < 1.1


async def test_the_token_is_never_shown(
    double: BotApiDouble, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """No fault of the network or the API puts the token into a log, an error or the store."""
    outbox = MemoryOutbox()
    double.faults.extend(["connection", "500", "lost"])
    nowhere = _sink(double)
    nowhere._room.api._url = "http://127.0.0.1:1"
    wrong = _sink(double)
    wrong._room.api._url = "http://[bad"
    for one in (_sink(double), nowhere, wrong):
        async with _running(one, outbox):
            await outbox.add(make_alert(len(outbox.alerts)))
            await turned(0.4)
    out, err = capsys.readouterr()
    told = f"{out}{err}{caplog.text}{outbox.deliveries}{outbox.positions}{wrong._room.api._token!r}"
    assert "receiver_unavailable" in told
    assert "canary" not in told


@pytest.mark.parametrize("status", ["disputed", "retracted"])
async def test_a_retraction_rings(double: BotApiDouble, status: Status) -> None:
    """A correction edits; one that retracts the incident rings."""
    outbox = MemoryOutbox()
    async with _running(_sink(double), outbox):
        await outbox.add(make_alert(1))
        await outbox.wait_recorded("chat", 1)
        alert = make_alert(2, kind="corrected")
        what = msgspec.structs.replace(alert.incident, status=status)
        await outbox.add(msgspec.structs.replace(alert, incident=what))
        await outbox.wait_recorded("chat", 2)
    assert len(double.messages) == (2 if status == "retracted" else 1)
