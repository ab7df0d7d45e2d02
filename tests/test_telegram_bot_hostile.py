"""What a stranger writes stays text: no link, mention or command in a chat that we did not make."""

from datetime import UTC

import msgspec
import pytest

from monitor.action import Action
from monitor.sinks.buttons import Buttons
from monitor.sinks.chat_message import chat_message
from monitor.sinks.handling import Handling
from monitor.sinks.look import Look
from monitor.sinks.styled import utf16
from monitor.sinks.wording import Manner, time_of_day
from tests.doubles.bot_api import TOKEN, detected
from tests.doubles.hostile import ATTACKS, naughty_strings
from tests.doubles.outbox import KOZINKA, MOMENT, make_alert, make_post

MANNER = Manner(str, lambda moment: time_of_day(moment, MOMENT, UTC))


def test_hostile_text_makes_no_link_mention_or_command() -> None:
    """515 naughty strings, 260 attacks as post, source, title, place: nothing active."""
    naughty = naughty_strings()
    assert len(naughty) >= 500
    assert len(ATTACKS) >= 200
    buttons = Buttons(TOKEN)
    for text in [*naughty, *ATTACKS]:
        assert buttons.read(text, "chat") is None
        alert = make_alert(1, posts=(make_post(text, source=text),), reason=text)
        place = msgspec.structs.replace(KOZINKA, name=text)
        what = msgspec.structs.replace(alert.incident, title=text, place=place)
        message = chat_message(msgspec.structs.replace(alert, incident=what), MANNER)
        ours = "https://t.me/vvgladkov/4711"
        assert message.text.count(ours) == 1
        assert detected(message.text.replace(ours, "")) == [], text
        assert utf16(message.text) <= 4096
        links = [one.url for one in message.entities if one.type == "text_link"]
        assert links == [ours]
        assert not any(char in message.text for char in "\x00\x1b\u202e\u2066\r")


def test_nothing_else_that_a_chat_is_sent_is_active() -> None:
    """Names of hostile people, places, towns and titles in captions, overviews, evidence, acts."""
    naughty = naughty_strings()
    for text in [*naughty[::11], *ATTACKS[::5]]:

        def named(_: object, text: str = text) -> str:
            return text

        act = Action(key="1", at=MOMENT, did="acknowledge", who=text, via="x", incident="i")
        look = Look(
            name_of=named, near=named,
            handling=Handling([msgspec.structs.replace(act, incident="incident-1")]),
        )  # fmt: skip
        alert = make_alert(1, posts=(make_post(text),))
        place = msgspec.structs.replace(KOZINKA, name=text, admin1=text)
        what = msgspec.structs.replace(
            alert.incident, title=text, place=place, roles=(text,), denied_by=(text,), echoes=1,
        )  # fmt: skip
        alert = msgspec.structs.replace(alert, incident=what)
        ours = "https://t.me/vvgladkov/4711"
        shown = [
            look.caption(alert), look.overview([alert] * 9).text,
            look.evidence(alert.posts * 2, MOMENT).text, look.message(alert, MOMENT).text,
        ]  # fmt: skip
        for one in shown:
            assert detected(one.replace(ours, "")) == [], text
            assert utf16(one) <= 4096
            assert not any(char in one for char in "\x00\x1b\u202e\u2066\r")
        assert utf16(shown[0]) <= 1024


@pytest.mark.parametrize(
    "text", ["👩‍👩‍👧‍👦" * 2000, "a" * 4096, "é" * 9000, "🔴 " * 4000, "\n\n" * 3000 + "x"]
)
def test_the_longest_post_fits(text: str) -> None:
    """Whatever a post holds, the message keeps the limit, whole characters and its alert id."""
    posts = tuple(make_post(text, source=f"telegram:s{n}") for n in range(20))
    message = chat_message(make_alert(1, posts=posts), MANNER)
    assert utf16(message.text) <= 4096
    assert len(message.entities) <= 100
    assert message.text.endswith("alert alert-1-1")
    message.text.encode()
    assert "\u200d…" not in message.text
