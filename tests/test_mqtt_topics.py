"""Topics of a fixed alphabet, whatever a stranger calls itself."""

import re

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from monitor.sinks.mqtt_properties import Packed
from monitor.sinks.mqtt_topics import HighWater, Topics, part, read_mark
from tests.doubles.outbox import KOZINKA, make_alert

TOPICS = Topics("osint", "test")
SAFE = re.compile(r"osint/v1/alert(/[a-z0-9._-]{1,48}){4}")


def test_the_topic_of_an_alert() -> None:
    """Country, region, level and event; `_` where nothing is known."""
    alert = make_alert(1)
    assert TOPICS.alert(alert) == "osint/v1/alert/ru/ru-bel/critical/battles-armed-clash"
    nowhere = msgspec.structs.replace(alert.incident, place=None)
    alert = msgspec.structs.replace(alert, incident=nowhere)
    assert TOPICS.alert(alert) == "osint/v1/alert/_/_/critical/battles-armed-clash"
    assert TOPICS.source("telegram:vvgladkov") == "osint/v1/source/telegram-vvgladkov"


@given(st.text(min_size=1), st.text(min_size=1))
def test_no_name_leaves_the_alphabet(country: str, event: str) -> None:
    """`/ + # $`, NUL, blanks and length in names never change a topic's shape."""
    alert = make_alert(1)
    place = msgspec.structs.replace(KOZINKA, country=country, admin1=event)
    what = msgspec.structs.replace(alert.incident, place=place, event=event)
    assert SAFE.fullmatch(TOPICS.alert(msgspec.structs.replace(alert, incident=what)))


@given(st.lists(st.text(min_size=1), min_size=2, max_size=2, unique_by=str.lower))
def test_two_names_never_share_a_topic(names: list[str]) -> None:
    """What had to be replaced is told apart by a hash."""
    first, second = names
    if re.sub("[/:]", "-", first.lower()) != re.sub("[/:]", "-", second.lower()):
        assert part(first) != part(second)


def test_a_root_of_several_levels() -> None:
    """The root may have levels; what is not in the alphabet is replaced there too."""
    assert Topics("Org/Osint", "A b").status.startswith("org/osint/v1/status/a-b-")


def test_a_mark_that_is_not_ours_is_none() -> None:
    """Somebody else's words on the mark's topic are no mark."""
    assert read_mark(b'{"epoch":1,"sequence":5}') == HighWater(1, 5)
    for other in (b"", b"5", b"{}", b"\xff", b'{"epoch":"1","sequence":5}'):
        assert read_mark(other) is None


CHARACTERS = st.characters(codec="utf-8", exclude_characters="\x00\ufeff")  # not in MQTT's texts


@given(
    st.none() | st.text(CHARACTERS, max_size=300),
    st.none() | st.integers(0, 2**32 - 1),
    st.lists(st.tuples(*[st.text(CHARACTERS, max_size=99)] * 2), max_size=4),
)
def test_properties_are_read_as_they_were_written(
    content_type: str | None, expiry: int | None, user: list[tuple[str, str]]
) -> None:
    """What we pack ourselves, the library that knows the whole standard unpacks to the same."""
    packed = Packed(content_type, expiry, user).pack()
    read = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    read.unpack(packed)  # type: ignore[no-untyped-call]
    assert getattr(read, "ContentType", None) == content_type
    assert getattr(read, "MessageExpiryInterval", None) == expiry
    assert getattr(read, "UserProperty", []) == user
