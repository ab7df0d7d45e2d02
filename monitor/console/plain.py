"""An alert as plain text, as feeds carry it, and text that XML can carry."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from monitor.alert import Alert
from monitor.sinks.styled import inert, inert_text, visible
from monitor.sinks.wording import Manner, compose, kind_word

NameOf = Callable[[str], str]
"""A source's id as people call it."""

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def for_xml(text: str) -> str:
    """The text without what XML 1.0 cannot hold; what acts on a display is made visible."""
    return _NOT_XML.sub("\ufffd", visible(text))


def stamp(moment: datetime) -> str:
    """A moment to the second with a numeric zone, as CAP and Atom both take it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def headline(alert: Alert) -> str:
    """One line: exercise or not, what happened to it, what, where."""
    what = alert.incident
    before = "EXERCISE: " if alert.exercise else ""
    kind = f"{kind_word(alert)}: " if alert.kind != "opened" else ""
    where = f" - {what.place.name}" if what.place else ""
    return inert(visible(" ".join(f"{before}{kind}{what.title}{where}".split())))[:160]


def body(alert: Alert, name: NameOf) -> str:
    """All that a person reads, line by line; a dead feed reader has no "2 minutes ago"."""
    manner = Manner(name, lambda moment: f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC")
    return inert_text(compose(alert, manner))
