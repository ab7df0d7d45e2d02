"""An alert as a chat message: text and entities, never markup.

Entities say what is bold, quoted or a link by position, counted in UTF-16 code units, so no text of
a stranger can be taken for formatting.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from monitor.alert import Alert
from monitor.sinks.styled import Line, Span, Style, cut, inert_spans, merged, utf16
from monitor.sinks.wording import Manner, compose

LONGEST = 4096
MOST_ENTITIES = 100

_SHAPES: tuple[tuple[int, int], ...] = ((3, 700), (3, 400), (2, 400), (2, 200), (1, 200), (1, 60))
"""Posts and code points of each, tried in this order until the message is short enough."""

_TYPES: dict[Style, tuple[str, ...]] = {
    "bold": ("bold",), "level": ("bold",), "alarm": ("bold",), "word": ("bold", "underline"),
    "faint": ("italic",),
}  # fmt: skip


class Entity(NamedTuple):
    """One piece of formatting: [offset, offset + length) in UTF-16 code units."""

    type: str
    offset: int
    length: int
    url: str | None = None

    def as_json(self) -> dict[str, object]:
        """As the Bot API takes it."""
        known: dict[str, object] = {"type": self.type, "offset": self.offset, "length": self.length}
        return known if self.url is None else {**known, "url": self.url}


class ChatMessage(NamedTuple):
    """What is sent: 4,096 UTF-16 units and 100 entities at most."""

    text: str
    entities: tuple[Entity, ...]


def chat_message(alert: Alert, manner: Manner) -> ChatMessage:
    """The alert as a message, as much of its posts quoted as there is room for."""
    lines: tuple[Line, ...] = ()
    for posts, quote in _SHAPES:
        lines = _inert(compose(alert, manner._replace(posts=posts, quote=quote)))
        if sum(utf16(one.text) for line in lines for one in line.spans) + 2 * len(lines) <= LONGEST:
            break
    return _assembled(_cut(lines))


def message_of(lines: Sequence[Line]) -> ChatMessage:
    """Any lines as a message: made inert, cut to what a message holds."""
    return _assembled(_cut(_inert([*lines, Line("foot", ())])))


def _inert(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Every line but our own links and our own list of commands, which are to be active."""
    return tuple(
        line if line.role in {"link", "menu"} else line._replace(spans=inert_spans(line.spans))
        for line in lines
    )


def _cut(lines: Sequence[Line]) -> list[Line]:
    """At most LONGEST units, cut between grapheme clusters; the last line (the id) stays."""
    room = LONGEST - sum(utf16(one.text) for one in lines[-1].spans)
    kept: list[Line] = []
    for line in lines[:-1]:
        spans: list[Span] = []
        for one in line.spans:
            text = cut(one.text, max(0, room - 2), utf16)
            room -= utf16(text)
            spans.append(one._replace(text=text))
        kept.append(line._replace(spans=merged(spans)))
        room -= 2  # its line break, and perhaps a blank line before it
    return [*(line for line in kept if line.spans), lines[-1]]


def _assembled(lines: Sequence[Line]) -> ChatMessage:
    text: list[str] = []
    entities: list[Entity] = []
    at, quote = 0, None
    for line in lines:
        if line.role == "quote" and quote is None:
            quote = at
        if line.role != "quote" and quote is not None:
            entities.append(Entity("blockquote", quote, at - 1 - quote))
            quote = None
        if line.role == "who":
            text.append("\n")
            at += 1
        for one in line.spans:
            size = utf16(one.text)
            entities += _entities(one, at, size)
            text.append(one.text)
            at += size
        text.append("\n")
        at += 1
    joined = _joined(entities)
    return ChatMessage("".join(text).rstrip("\n"), tuple(_most_important(joined)))


def _entities(one: Span, at: int, size: int) -> list[Entity]:
    types = dict.fromkeys(kind for style in sorted(one.styles) for kind in _TYPES[style])
    found = [Entity(kind, at, size) for kind in types]
    return [*found, Entity("text_link", at, size, one.link)] if one.link else found


def _joined(entities: Iterable[Entity]) -> list[Entity]:
    """Neighbours of one type are one entity."""
    open_: dict[tuple[str, str | None], Entity] = {}
    found: list[Entity] = []
    for one in entities:
        before = open_.get((one.type, one.url))
        if before is not None and before.offset + before.length == one.offset:
            found.remove(before)
            one = before._replace(length=before.length + one.length)  # noqa: PLW2901 - grown
        open_[one.type, one.url] = one
        found.append(one)
    return sorted(found, key=lambda one: (one.offset, -one.length, one.type))


def _most_important(entities: Sequence[Entity]) -> list[Entity]:
    """The first hundred, frames and links before highlights."""
    if len(entities) <= MOST_ENTITIES:
        return list(entities)
    frames = [one for one in entities if one.type in {"blockquote", "text_link"}]
    others = [one for one in entities if one.type not in {"blockquote", "text_link"}]
    chosen = {*frames[:MOST_ENTITIES], *others[: max(0, MOST_ENTITIES - len(frames))]}
    return [one for one in entities if one in chosen]
