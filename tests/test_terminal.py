"""What a person sees on the terminal."""

import asyncio
import contextlib
import os
import unicodedata
from datetime import UTC, timedelta

import msgspec
import pytest

from monitor.clock import SystemClock
from monitor.sinks.styled import columns, visible
from monitor.sinks.terminal import Screen, TerminalSink, render, screen
from monitor.sinks.wording import Manner, age, compose, quoted, time_of_day
from tests.data import data_file
from tests.doubles.outbox import MOMENT, RNG, MemoryOutbox, make_alert, make_post
from tests.patience import PATIENCE, comes, turned

PLAIN = Screen(colour=False, width=60)
NOW = MOMENT + timedelta(minutes=2)
MANNER = Manner(lambda _: "Gladkov", lambda moment: age(moment, NOW, UTC))


def _shown(
    text: str = "ДРГ зашла в Козинку", shown: Screen = PLAIN, *, exercise: bool = False
) -> str:
    alert = make_alert(1, posts=(make_post(text),), exercise=exercise)
    return render(compose(alert, MANNER), alert.incident.level, shown)


def test_the_plain_alert() -> None:
    """Without colours an alert says level, title, place, who, when, what, where to read it."""
    assert _shown() == (
        "🔴 CRITICAL  Armed incursion across the border - Козинка\n"
        "   (RU-BEL)\n"
        "   unconfirmed: one publisher says so · sides: ru-state\n"
        "   new: first post\n"
        "   Gladkov (official, ru-state) · 2 min ago\n"
        "   │ *ДРГ* зашла в Козинку\n"
        "   https://t.me/vvgladkov/4711\n"
        "   alert alert-1-1\n\n"
    )


def test_colours_only_dress_the_same_words() -> None:
    """Without its colour codes the coloured alert is the plain one, less the asterisks."""
    coloured = _shown(shown=Screen(colour=True, width=60))
    assert "\x1b[1;37;41m🔴 CRITICAL\x1b[0m" in coloured
    assert "\x1b[1;33mДРГ\x1b[0m" in coloured
    bare = coloured
    while "\x1b[" in bare:
        begin = bare.index("\x1b[")
        bare = bare[:begin] + bare[bare.index("m", begin) + 1 :]
    assert bare == _shown().replace("*", "")


def test_an_exercise_says_so_first() -> None:
    """Nobody can take an exercise for real: it is the first word."""
    assert _shown(exercise=True).startswith("EXERCISE")


def test_late_posts_say_so() -> None:
    """A post that is too old to ring is marked LATE, in the head when all are."""
    late = msgspec.structs.replace(make_post(), late=True)
    alert = make_alert(1, posts=(late,))
    lines = render(compose(alert, MANNER), "critical", PLAIN).splitlines()
    assert "LATE" in " ".join(lines[:2])
    assert any(line.endswith("LATE") and "Gladkov" in line for line in lines)


@pytest.mark.parametrize("width", [40, 60, 100])
@pytest.mark.parametrize(
    "text", ["слово " * 200, "家" * 500, "a" * 500, "é" * 300, "👩‍👩‍👧‍👦" * 90]
)
def test_nothing_is_wider_than_the_terminal(width: int, text: str) -> None:
    """Long, wide and combining text is wrapped to the terminal's width, by columns."""
    shown = _shown(text, Screen(colour=False, width=width))
    assert all(columns(line) <= width + 2 for line in shown.splitlines())  # the asterisks


def test_controls_are_seen_not_obeyed() -> None:
    """Escape sequences and bidirectional controls appear as marks."""
    shown = _shown("!!!ДРГ\x1b[2J\x07\x9b31m \u202eнет\u2066 \x00")
    assert "ДРГ␛[2J␇‹9B›31m ‹RLO›нет‹LRI› ␀" in shown
    assert _dangerous(shown) == set()


def _dangerous(text: str) -> set[str]:
    return {
        char
        for char in text
        if (unicodedata.category(char) in {"Cc", "Cs"} and char != "\n")
        or 0x202A <= ord(char) <= 0x202E
        or 0x2066 <= ord(char) <= 0x2069
    }  # fmt: skip


def test_no_naughty_string_reaches_the_terminal_as_a_control() -> None:
    """515 naughty strings as post, source name, title and reason leave no control character."""
    naughty = msgspec.json.decode(data_file("hostile/blns/blns.json").read_bytes(), type=list[str])
    assert len(naughty) == 515
    for text in naughty:
        alert = make_alert(1, posts=(make_post(text, source=text),), reason=text)
        alert = msgspec.structs.replace(
            alert, incident=msgspec.structs.replace(alert.incident, title=text)
        )
        manner = MANNER._replace(name=str)
        assert _dangerous(render(compose(alert, manner), "high", PLAIN)) == set()


def test_visible_keeps_what_shapes_letters() -> None:
    """Joiners of emoji and scripts, flags and combining marks stay as they are."""
    for text in ("👩‍👩‍👧", "می‌خواهم", "🏴\U000e0067\U000e0062\U000e007f", "й", "❤️", "ё"):
        assert visible(text) == text


def test_a_long_post_is_quoted_around_what_was_found() -> None:
    """The quotation contains the word that made the alert, and says that it is cut."""
    text = "вода " * 500 + "ДРГ зашла " + "тихо " * 500
    start = text.index("ДРГ")
    spans = quoted(text, [(start, start + 3)], 300)
    said = "".join(one.text for one in spans)
    assert said.startswith("… ")
    assert said.endswith(" …")
    assert [one.text for one in spans if "word" in one.styles] == ["ДРГ"]
    assert len(said) <= 304


def test_ages() -> None:
    """Young moments are ages, old ones dates; a chat gets the time of day."""
    said = [age(MOMENT - timedelta(seconds=s), MOMENT, UTC) for s in (5, 300, 7300, 90000)]
    assert said == ["just now", "5 min ago", "2 h ago", "19 Nov 2026, 08:14"]
    assert time_of_day(MOMENT, MOMENT, UTC) == "09:14 UTC"
    assert time_of_day(MOMENT, MOMENT + timedelta(days=2), UTC) == "20 Nov 2026, 09:14 UTC"


def test_no_color_and_pipes_are_plain() -> None:
    """Colours go to a terminal that wants them, and nowhere else."""
    main, side = os.openpty()
    try:
        assert screen(side, {"TERM": "xterm"}).colour
        assert not screen(side, {"NO_COLOR": "1"}).colour
        assert not screen(side, {"TERM": "dumb"}).colour
    finally:
        os.close(main)
        os.close(side)
    reading, writing = os.pipe()
    assert not screen(writing, {}).colour
    os.close(reading)
    os.close(writing)


async def test_a_reader_who_does_not_read_holds_nobody_up() -> None:
    """With a full pipe the sink waits, the event loop goes on, and nothing is lost after it."""
    reading, writing = os.pipe()
    outbox = MemoryOutbox()
    one = TerminalSink(clock=SystemClock(), rng=RNG, zone=UTC, descriptor=writing)
    task = asyncio.create_task(one.run(outbox))
    await outbox.add(*(make_alert(n) for n in range(400)))
    assert await comes(lambda: outbox.positions.get("terminal", (0,))[0], 5)
    await turned(0.3)
    assert 0 < outbox.positions["terminal"][0] < 400
    os.set_blocking(reading, False)
    seen = b""
    async with asyncio.timeout(PATIENCE):
        while outbox.positions["terminal"][0] < 400:
            with contextlib.suppress(BlockingIOError):
                seen += os.read(reading, 65536)
            await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    os.close(writing)
    while piece := os.read(reading, 65536):
        seen += piece
    os.close(reading)
    assert seen.decode().count("   alert alert-1-") == 400


async def test_a_closed_output_is_tried_again_and_nothing_is_recorded() -> None:
    """A reader who went away is no reason to lose alerts or to spin."""
    reading, writing = os.pipe()
    os.close(reading)
    outbox = MemoryOutbox()
    one = TerminalSink(clock=SystemClock(), rng=RNG, zone=UTC, descriptor=writing)
    task = asyncio.create_task(one.run(outbox))
    await outbox.add(make_alert(1))
    await asyncio.sleep(0.4)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    os.close(writing)
    assert outbox.positions["terminal"][0] == 0
    assert outbox.states("terminal") == {}
