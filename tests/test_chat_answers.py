"""What people answer in chat: buttons and commands, against a Bot API of our own."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from monitor.chat.commands import COMMANDS
from monitor.incident import Status
from monitor.matching.evaluate import Matcher
from monitor.rulebook.load import load
from monitor.sinks.buttons import LETTERS, LONGEST, Buttons
from monitor.sinks.speech import LANGUAGES, PHRASES, say
from monitor.store.precision import precision
from monitor.workshop import matcher_of
from tests.data import data_file
from tests.doubles.bot_api import TOKEN, BotApiDouble, detected
from tests.doubles.newsroom import CHAT, NOW, RULES, Newsroom


@pytest.fixture
async def double() -> AsyncIterator[BotApiDouble]:
    """A Bot API whose limits are wide: pacing has tests of its own."""
    async with BotApiDouble(group_limit=1000, second=0) as running:
        yield running


@pytest.fixture(scope="module")
def matcher(tmp_path_factory: pytest.TempPathFactory) -> Matcher:
    """The one rule."""
    folder = tmp_path_factory.mktemp("rules")
    (folder / "rules.yaml").write_text(RULES, "utf-8")
    return matcher_of(load([folder / "rules.yaml"], []), folder)


@pytest.fixture
async def room(double: BotApiDouble, tmp_path: Path, matcher: Matcher) -> AsyncIterator[Newsroom]:
    """A running newsroom."""
    one = Newsroom(tmp_path / "state", double, matcher)
    await one.start()
    yield one
    await one.stop()


async def test_acknowledging_is_done_once_and_shown(room: Newsroom) -> None:
    """A press acknowledges, the message says who, the button goes, a second press is told so."""
    message = await room.open()
    button = say("button_acknowledge", "en")
    data = message.buttons[button]
    assert await room.toast(room.double.press(message, data)) == "Acknowledged."
    await room.double.until(lambda: "acknowledged by anna" in message.text)
    assert button not in message.buttons
    told = await room.toast(room.double.press(message, data, 8, language="en"))
    assert told == "anna вже зробив(ла) це."
    (act,) = await room.acts()
    assert (act.did, act.who, act.via, act.rule) == (
        "acknowledge", "anna", "night", "border-incursion",
    )  # fmt: skip
    assert act.incident == room.incident


async def test_a_crash_neither_loses_nor_repeats_an_action(room: Newsroom) -> None:
    """Killed between doing and confirming, the update comes again, is answered, and done once."""
    message = await room.open()
    data = message.buttons[say("button_mute_rule", "en")]
    room.double.faults.append("hang")  # the toast: the update is never confirmed
    press = room.double.press(message, data)
    await room.double.until(lambda: not room.double.faults)
    await room.stop()
    await room.start()
    assert (await room.toast(press)).startswith("Muted until")
    assert [act.did for act in await room.acts()] == ["mute"]
    assert len(room.silencing.holding()) == 1
    later = room.double.press(message, message.buttons[say("button_acknowledge", "en")])
    await room.toast(later)
    await room.stop()
    await room.start()
    await room.double.until(lambda: room.double.asked_after[-1] == 702)  # behind both
    assert [act.did for act in await room.acts()] == ["mute", "acknowledge"]


async def test_presses_wait_too_when_the_api_asks_for_a_pause(room: Newsroom) -> None:
    """After a 429 no press is answered before its time; what was pressed is done all the same."""
    message = await room.open()
    await room.double.until(lambda: len(room.double.messages) == 2)
    calls = len(room.double.calls)
    room.double.flood_waits.append(60)
    for does in ("mute_rule", "mute_place"):
        room.double.press(message, message.buttons[say(f"button_{does}", "en")])
    while len(await room.acts()) < 2:  # noqa: ASYNC110 - rows, no event
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert [status for _, _, status in room.double.calls[calls:]] == [429]
    assert len(room.silencing.holding()) == 2


async def test_mute_buttons_hold_back_for_an_hour(room: Newsroom) -> None:
    """The rule, or the place, is silent for an hour; the audit names who wanted that."""
    message = await room.open()
    for name, what in (("rule", "rule border-incursion"), ("place", "place kozinka")):
        press = room.double.press(message, message.buttons[say(f"button_mute_{name}", "en")])
        assert what in await room.toast(press)
    rule, place = room.silencing.holding()
    assert (rule.rule, place.place) == ("border-incursion", "kozinka")
    assert rule.by == "anna"
    assert timedelta(minutes=59) < rule.ends_at - datetime.now(UTC) <= timedelta(hours=1)
    assert [act.did for act in await room.acts()] == ["mute", "mute"]


async def test_a_false_alarm_counts_against_its_rule(room: Newsroom) -> None:
    """It is shown, it stands in the report; acknowledging afterwards takes it back."""
    message = await room.open()
    await room.toast(room.double.press(message, message.buttons[say("button_false_alarm", "en")]))
    await room.double.until(lambda: "false alarm by anna" in message.text)
    (report,) = await room.writer.do(precision, NOW - timedelta(days=1))
    assert (report.rule, report.incidents, report.false_alarms) == ("border-incursion", 1, 1)
    assert report.precision == 0
    data = Buttons(TOKEN).data("acknowledge", room.incident, "night")
    assert data is not None
    await room.toast(room.double.press(message, data))
    (report,) = await room.writer.do(precision, NOW - timedelta(days=1))
    assert (report.false_alarms, report.acknowledged, report.precision) == (0, 1, 1.0)


async def test_why_and_where_are_answered_under_the_alert(room: Newsroom) -> None:
    """Why names rule, words and route; where is a venue at the place's point, map a picture."""
    message = await room.open()
    await room.double.until(lambda: len(room.double.messages) == 2)  # the map that comes by itself
    for name in ("why", "venue", "map"):
        press = room.double.press(message, message.buttons[say(f"button_{name}", "en")])
        assert await room.toast(press) == "The answer is in the chat."
    await room.double.until(lambda: len(room.double.messages) == 5)
    _, _, why, venue, drawn = room.double.messages.values()
    assert why.reply_to == venue.reply_to == drawn.reply_to == message.number
    assert (drawn.kind, drawn.text) == ("photo", "Козинка · RU-BEL")
    assert "rule border-incursion (critical)" in why.text
    assert "found: ДРГ" in why.text
    assert venue.kind == "venue"
    assert venue.text == "Козинка\nRU-BEL"


async def test_only_the_named_people_may(room: Newsroom) -> None:
    """A stranger's press and command change nothing, are refused politely and written down."""
    message = await room.open()
    data = message.buttons[say("button_acknowledge", "en")]
    told = await room.toast(room.double.press(message, data, 666, language="ru"))
    assert told == say("not_allowed", "ru")
    number = room.double.say("/mute level critical 30d", 667)
    assert say("not_allowed", "en") in (await room.reply(number)).text
    again = room.double.say("/status", 667)
    silent = room.double.say("/help")
    await room.reply(silent)
    assert not [one for one in room.double.messages.values() if one.reply_to == again]
    assert [(act.did, act.who) for act in await room.acts() if act.did != "ask"] == [
        ("refused", "user 666"), ("refused", "user 667"),
    ]  # fmt: skip
    assert room.silencing.holding() == ()


async def test_forged_and_stale_buttons_do_nothing(room: Newsroom) -> None:
    """Data that we did not make, for another receiver or a forgotten incident, is refused."""
    message = await room.open()
    own, other = Buttons(TOKEN), Buttons("12345:another-token")
    good = own.data("acknowledge", room.incident, "night") or ""
    forged = [
        other.data("acknowledge", room.incident, "night"),
        own.data("acknowledge", room.incident, "day"),
        own.data("acknowledge", "f" * 16, "night"), good[:-1], good[1:], f"f{good[1:]}", "", "a",
        ".", "a.b", "\ud800" * 3, "я" * 32, f"{good}.{good}",
    ]  # fmt: skip
    for data in forged:
        told = await room.toast(room.double.press(message, str(data)))
        assert told == say("stale", "en"), data
    elsewhere = msgspec.structs.replace(message, chat="-100999")
    assert await room.toast(room.double.press(elsewhere, good)) == say("stale", "en")
    assert await room.acts() == []


def test_a_button_never_carries_more_than_64_bytes() -> None:
    """Every kind of button fits; for an incident too long to fit there is none."""
    buttons = Buttons(TOKEN)
    for does in LETTERS:
        data = buttons.data(does, "f" * 16, "night")
        assert data is not None
        assert len(data.encode()) <= LONGEST
        assert buttons.read(data, "night") == (does, "f" * 16)
        assert buttons.data(does, "f" * 60, "night") is None


COMMANDS_GIVEN = {
    "status": ("/status", ["12", "-", "bus: gave up", "rules.yaml:3:1"]),
    "incidents": ("/incidents", ["Armed incursion", "Козинка"]),
    "why": ("/why {incident}", ["border-incursion", "ДРГ"]),
    "mute": ("/mute rule border-incursion 2h test firing", ["rule border-incursion"]),
    "mutes": ("/mutes", []),
    "unmute": ("/unmute nothing", ["nothing"]),
    "rules": ("/rules", ["border-incursion (critical)"]),
    "sources": ("/sources", ["telegram:x: not_found"]),
    "try": ("/try ДРГ зашла", ["✓ border-incursion"]),
    "quiet": ("/quiet 2h", []),
    "help": ("/help@monitor_bot", ["/status", "/quiet"]),
}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_command_answers_in_the_readers_language(room: Newsroom, language: str) -> None:
    """Each command says what it is asked for, silently, under the question, in three languages."""
    assert COMMANDS_GIVEN.keys() == COMMANDS.keys()
    await room.open()
    for name, (text, wanted) in COMMANDS_GIVEN.items():
        number = room.double.say(text.format(incident=room.incident), language=language)
        answer = await room.reply(number)
        assert answer.silent
        shown = answer.text.replace("\u2060", "")
        assert all(one in shown for one in wanted), (name, shown)
        assert "{" not in shown
    quiet, mute = say("quiet_until", language, until="", id="", what=""), "anna"  # type: ignore[arg-type]
    mutes = await room.reply(room.double.say("/mutes", language=language))
    assert mute in mutes.text
    assert quiet.split()[0] in (await room.reply(room.double.say("/quiet", language=language))).text
    assert room.double.menus == {tag: list(COMMANDS) for tag in ("", *LANGUAGES)}
    asks = [act.detail.split()[0] for act in await room.acts() if act.did == "ask"]
    assert asks[:4] == ["/status", "/incidents", "/why", "/mutes"]


async def test_answering_an_alert_names_its_incident(room: Newsroom) -> None:
    """/why and /mute 2h as a reply to an alert's message mean that incident."""
    message = await room.open()
    why = await room.reply(room.double.say("/why", reply=message))
    assert "Armed incursion" in why.text
    await room.reply(room.double.say("/mute 2h", reply=message))
    (silence,) = room.silencing.holding()
    assert (silence.rule, silence.place) == ("border-incursion", "kozinka")


async def test_quiet_takes_the_sound_and_nothing_else(room: Newsroom) -> None:
    """After /quiet an alert that is not critical comes without a sound; /quiet off ends that."""
    await room.reply(room.double.say("/quiet 2h"))
    assert (await room.open(level="high")).silent
    assert not (await room.open(level="critical")).silent
    await room.reply(room.double.say("/quiet off"))
    assert not (await room.open(level="high")).silent
    assert [act.did for act in await room.acts()] == ["quiet", "unmute"]


async def test_a_command_that_came_too_late_changes_nothing(room: Newsroom) -> None:
    """A /mute written while the daemon was away an hour ago is refused; a question is answered."""
    ago = time.time() - 3600
    late = await room.reply(room.double.say("/mute level low 30m", at=ago))
    assert late.text == say("too_late", "en")
    assert "border-incursion" in (await room.reply(room.double.say("/rules", at=ago))).text
    assert room.silencing.holding() == ()


async def test_commands_for_others_and_talk_are_left_alone(room: Newsroom) -> None:
    """Another bot's command, plain talk, another chat: no answer."""
    for text, chat in (("/status@other_bot", CHAT), ("hello", CHAT), ("/status", "-100999")):
        room.double.say(text, chat=chat)
    private = room.double.say("/help", chat="7")
    assert (await room.reply(private)).chat == "7"
    assert len(room.double.messages) == 1


async def test_hostile_arguments_become_only_text(room: Newsroom) -> None:
    """Naughty strings as arguments of every command, and as title and place: nothing active."""
    naughty = msgspec.json.decode(data_file("hostile/blns/blns.json").read_bytes(), type=list[str])
    active = [
        "@admin",
        "/start",
        "#tag",
        "https://evil.example/",
        "t.me/x",
        "\u202eevil",
        "<b>x</b>",
    ]
    await room.open(title="@admin /start https://evil.example \u202e")
    numbers: list[int] = []
    for text in [*naughty[::9], *active]:
        if text.strip() and "\n" not in text:
            numbers.append(room.double.say(f"/{'try' if len(numbers) % 2 else 'why'} {text}"))
    numbers += [room.double.say(f"/{name} @admin /x https://evil.example") for name in COMMANDS]
    for number in numbers:
        answer = await room.reply(number)
        ours = answer.text if "/status" not in answer.text else ""
        assert detected(ours) == [], answer.text
        assert not any(char in answer.text for char in "\u202e\u2066\x00\x1b")


def test_every_phrase_speaks_three_languages_with_the_same_places() -> None:
    """No phrase lacks a language, and each language names the same values."""
    for name, phrases in PHRASES.items():
        assert len(phrases) == len(LANGUAGES), name
        places = [sorted(set(re.findall(r"{(\w+)}", one))) for one in phrases]
        assert places[0] == places[1] == places[2], name
        assert all(phrases), name
    for name in COMMANDS:
        assert f"help_{name}" in PHRASES
    for status in get_args(Status):
        assert f"sure_{status}" in PHRASES
