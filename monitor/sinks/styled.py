"""Text with styles, safe to show: the form that terminal and chat messages share.

Text of strangers is shown, never obeyed: control characters and bidirectional controls become
visible marks, and nothing in it turns into a link, mention or command.
"""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

import regex

Style = Literal["bold", "word", "faint", "alarm", "level"]

BIDI = {
    0x061C: "ALM", 0x200E: "LRM", 0x200F: "RLM", 0x202A: "LRE", 0x202B: "RLE", 0x202C: "PDF",
    0x202D: "LRO", 0x202E: "RLO", 0x2066: "LRI", 0x2067: "RLI", 0x2068: "FSI", 0x2069: "PDI",
}  # fmt: skip

_JOINERS = "\u200c\u200d"  # they shape letters and emoji
_TAGS = range(0xE0020, 0xE0080)  # flags of regions are spelt with them

_PICTURES = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "\u2421"}

_WORD_JOINER = "\u2060"


class Span(NamedTuple):
    """A piece of text in some styles; `link` is an address that we made, never a stranger's."""

    text: str
    styles: frozenset[Style] = frozenset()
    link: str | None = None


class Line(NamedTuple):
    """One paragraph: its role decides indentation and frame, its spans what stands in it."""

    role: Literal["banner", "head", "fact", "who", "quote", "link", "menu", "foot"]
    spans: tuple[Span, ...]


def span(text: str, *styles: Style, link: str | None = None) -> Span:
    """A span of visible text."""
    return Span(visible(text), frozenset(styles), link)


def visible(text: str) -> str:
    """The text with everything that acts on a display instead of being seen made visible.

    Line breaks stay; tabs become spaces; C0 controls become their Unicode pictures, C1 and
    bidirectional controls a name in brackets, other invisible formatting vanishes, lone surrogates
    become U+FFFD.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_seen, text.replace("\r\n", "\n")))


def _seen(char: str) -> str:
    code = ord(char)
    if char == "\n" or char.isprintable() or char in _JOINERS or code in _TAGS:
        return char
    if char == "\t":
        return " "
    if code in _PICTURES:
        return _PICTURES[code]
    if code in BIDI:
        return f"\u2039{BIDI[code]}\u203a"
    return _by_category(char, code)


def _by_category(char: str, code: int) -> str:
    category = unicodedata.category(char)
    if category in {"Zl", "Zp"}:
        return "\n"
    if category == "Zs":
        return " "
    if category == "Cs":
        return "\ufffd"
    if category == "Cc":
        return f"\u2039{code:02X}\u203a"
    return "" if category == "Cf" else char


_ACTIVE = regex.compile(
    r"(?<=[@#$/])(?=\w)|(?<=:)(?=//)|(?<=\w\.)(?=\w)|(?<=\w[\u3002\uff0e\uff61])(?=\w)"
)


def inert(text: str) -> str:
    """The text with an invisible word joiner where a chat would see a link, mention or command.

    Chats detect `@name`, `/command`, `#tag`, `$CASH`, `name.tld` and `scheme://` by themselves,
    also where a message brings its own entities. U+2060 is none of the characters that such a
    thing may contain, takes no width and allows no line break.
    """
    return str(_ACTIVE.sub(_WORD_JOINER, text))


def inert_spans(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Made inert as one text, because what is active may be split over spans."""
    whole = "".join(one.text for one in spans)
    safe = inert(whole)
    found: list[Span] = []
    at = 0
    for one in spans:
        end = at
        for char in one.text:
            while safe[end] != char:
                end += 1
            end += 1
        found.append(one._replace(text=safe[at:end]))
        at = end
    return tuple(found)


def inert_text(lines: Iterable[Line]) -> str:
    """The bare text of a message, inert but for the links that we made."""
    whole = (("".join(one.text for one in line.spans), line.role) for line in lines)
    return "\n".join(text if role == "link" else inert(text) for text, role in whole)


def clusters(text: str) -> list[str]:
    """The text in what a reader takes for characters (extended grapheme clusters)."""
    return [str(found) for found in regex.findall(r"\X", text)]


def width(cluster: str) -> int:
    """How many columns of a terminal a grapheme cluster takes: 0, 1 or 2."""
    widest = 0
    for char in cluster:
        if char == "\ufe0f":
            return 2
        if unicodedata.category(char) in {"Mn", "Me", "Cf"}:
            continue
        widest = max(widest, 2 if unicodedata.east_asian_width(char) in "WF" else 1)
    return widest


def columns(text: str) -> int:
    """How many columns a text takes."""
    if text.isascii():
        return len(text)
    return sum(width(cluster) for cluster in clusters(text))


def utf16(text: str) -> int:
    """Length in UTF-16 code units, which is how chats count."""
    return len(text.encode("utf-16-le", "replace")) // 2


def cut(text: str, limit: int, measure: Callable[[str], int] = len) -> str:
    """The longest beginning in whole grapheme clusters that measures `limit` or less.

    `measure` must add up over concatenation, as len, columns and utf16 do.
    """
    if measure(text) <= limit:
        return text
    kept: list[str] = []
    used = 0
    for cluster in clusters(text):
        used += measure(cluster)
        if used > limit:
            break
        kept.append(cluster)
    return "".join(kept)


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Neighbours of one style joined, empty ones dropped."""
    found: list[Span] = []
    for one in spans:
        if not one.text:
            continue
        if found and found[-1].styles == one.styles and found[-1].link == one.link:
            found[-1] = one._replace(text=found[-1].text + one.text)
        else:
            found.append(one)
    return tuple(found)


def plain(lines: Sequence[Line]) -> str:
    """The bare text of a message."""
    return "\n".join("".join(one.text for one in line.spans) for line in lines)


def marked(text: str, found: Sequence[tuple[int, int]]) -> tuple[Span, ...]:
    """A stranger's text as spans, with [start, end) code points in style `word`."""
    spans: list[Span] = []
    at = 0
    for start, end in sorted(found):
        begin = max(start, at)
        if begin >= min(end, len(text)):
            continue
        spans += [span(text[at:begin]), span(text[begin:end], "word")]
        at = end
    return merged([*spans, span(text[at:])])
