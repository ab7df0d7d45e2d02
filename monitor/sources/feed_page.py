"""A feed's bytes, read into entries: RSS, Atom and JSON Feed. Pure; never fails.

The quick parser first, the forgiving one for what it refuses. Both are only ever given bytes: given
a string they would open files and addresses. A DOCTYPE is refused, so no entity is ever expanded.
"""

import calendar
import hashlib
import io
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import fastfeedparser
import feedparser
import msgspec

from monitor.text.markup import has_attribute_bomb, mended, plain

MAX_ENTRIES = 1_000
MAX_ID = 256
# The forgiving parser costs 0.4 ms an entry and more on broken input.
FORGIVING_BYTES = 1_000_000
FORGIVING_TAGS = 20_000

_START = re.compile(rb"<(?:\w{1,20}:)?(?:item|entry)\b[^<>]*>")
_END = re.compile(rb"</(?:\w{1,20}:)?(?:item|entry)\s*>")
_PROLOG = re.compile(rb"<(\?|!--|!doctype\b|!entity\b|[A-Za-z_])", re.IGNORECASE)

Problem = Literal["", "refused", "no feed"]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry. `id` is its guid or id, else a hash of its link, else of its text.

    `text` is the title and, below an empty line, what the entry says. Times are UTC; a time without
    an offset is taken as UTC, as the formats' readers do.
    """

    id: str
    text: str
    url: str | None = None
    author: str | None = None
    published: datetime | None = None
    updated: datetime | None = None
    links: tuple[str, ...] = ()
    raw: bytes = b""
    truncated: bool = False

    @property
    def content(self) -> str:
        """A hash of what an edit changes."""
        said = "\0".join([self.text, *self.links])
        return hashlib.sha256(said.encode()).hexdigest()[:16]


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """The entries in the feed's order, each id once. `problem`: why there are none."""

    entries: tuple[Entry, ...] = ()
    problem: Problem = ""


class _Author(msgspec.Struct):
    name: str | None = None


class _JsonItem(msgspec.Struct):
    id: str | int | float | None = None
    url: str | None = None
    title: str | None = None
    content_html: str | None = None
    content_text: str | None = None
    summary: str | None = None
    date_published: str | None = None
    date_modified: str | None = None
    author: _Author | None = None
    authors: list[_Author] | None = None


class _JsonFeed(msgspec.Struct):
    version: str
    items: list[msgspec.Raw]


def read_feed(body: bytes) -> Feed:
    """The entries of a feed, or why there are none."""
    if body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _json(body.lstrip(b"\xef\xbb\xbf \t\r\n"))
    if declares_types(body):
        return Feed(problem="refused")
    found = None if has_attribute_bomb(body) else _parsed(body)
    if found is None:
        return Feed(problem="no feed")
    slices = _slices(body)
    whole = len(slices) == len(found)
    entries = [
        _entry(entry, slices[index] if whole else msgspec.json.encode(_texts(entry)))
        for index, entry in enumerate(found[:MAX_ENTRIES])
    ]
    return Feed(entries=_once(entries))


def declares_types(body: bytes) -> bool:
    """Whether a DOCTYPE stands before the first element, in any encoding that XML may have."""
    start = body.replace(b"\0", b"")
    at = 0
    while found := _PROLOG.search(start, at):
        mark = found[1].lower()
        if mark.startswith((b"!doctype", b"!entity")):
            return True
        if mark not in {b"?", b"!--"}:
            return False
        end = start.find(b"?>" if mark == b"?" else b"-->", found.end())
        if end < 0:
            return False
        at = end
    return False


def _parsed(body: bytes) -> list[Mapping[str, Any]] | None:
    """Entries as the libraries give them, or None if it is no feed."""
    try:
        found = fastfeedparser.parse(body)
        if found.entries:
            return list(found.entries)
    except Exception:  # noqa: BLE001, S110 - whatever it stumbles over, the other one is asked
        pass
    if len(body) > FORGIVING_BYTES or body.count(b"<") > FORGIVING_TAGS:
        return None
    try:
        # A stream, never a string: that would be opened as a file or an address.
        forgiven = feedparser.parse(io.BytesIO(body), sanitize_html=False)
    except Exception:  # noqa: BLE001 - a feed that breaks its reader is no feed
        return None
    return list(forgiven.entries) if forgiven.entries or forgiven.get("version") else None


def _entry(entry: Mapping[str, Any], raw: bytes) -> Entry:
    title = plain(_text(entry.get("title")))
    said = plain(_longest(entry))
    text = _joined(title.text, said.text)
    url = _text(entry.get("link")).strip() or None
    return Entry(
        id=_named(_text(entry.get("id") or entry.get("guid")), url, text),
        text=text,
        url=url if url and url.startswith(("http://", "https://")) else None,
        author=" ".join(_text(entry.get("author")).split()) or None,
        published=_time(entry, "published"),
        updated=_time(entry, "updated"),
        links=tuple(dict.fromkeys((*title.links, *said.links))),
        raw=raw,
        truncated=title.truncated or said.truncated,
    )


def _json(body: bytes) -> Feed:
    try:
        feed = msgspec.json.decode(body, type=_JsonFeed)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Feed(problem="no feed")
    if not feed.version.startswith(("https://jsonfeed.org/", "http://jsonfeed.org/")):
        return Feed(problem="no feed")
    entries = []
    for raw in feed.items[:MAX_ENTRIES]:
        try:
            item = msgspec.json.decode(raw, type=_JsonItem)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        entries.append(_json_entry(item, bytes(raw)))
    return Feed(entries=_once(entries))


def _json_entry(item: _JsonItem, raw: bytes) -> Entry:
    said = plain(item.content_html) if item.content_html else None
    text = _joined(
        mended(item.title or ""),
        said.text if said else mended(item.content_text or item.summary or ""),
    )
    authors = item.authors or ([item.author] if item.author else [])
    names = ", ".join(author.name for author in authors if author.name)
    named = "" if item.id is None else str(item.id)
    return Entry(
        id=_named(named, item.url, text),
        text=text,
        url=item.url,
        author=names or None,
        published=_moment(item.date_published),
        updated=_moment(item.date_modified),
        links=said.links if said else (),
        raw=raw,
        truncated=bool(said and said.truncated),
    )


def _text(value: object) -> str:
    return mended(value) if isinstance(value, str) else ""


def _texts(entry: Mapping[str, Any]) -> dict[str, str]:
    """What stands for the payload where the entry's own bytes cannot be told."""
    return {key: _text(value) for key, value in entry.items() if isinstance(value, str)}


def _longest(entry: Mapping[str, Any]) -> str:
    """The fullest of what the entry says: its content or its summary."""
    contents = entry.get("content")
    said = [_text(entry.get("description")), _text(entry.get("summary"))]
    if isinstance(contents, list):
        said += [_text(part.get("value")) for part in contents if isinstance(part, Mapping)]
    return max(said, key=len)


def _joined(title: str, said: str) -> str:
    """Title, empty line, words; not twice when the words begin with the title."""
    if not title or said.startswith(title):
        return said
    return f"{title}\n\n{said}" if said else title


def _named(given: str, url: str | None, text: str) -> str:
    given = given.strip()
    if given and len(given) <= MAX_ID:
        return given
    return hashlib.sha256((given or url or text).encode()).hexdigest()[:24]


def _time(entry: Mapping[str, Any], key: str) -> datetime | None:
    parsed = entry.get(f"{key}_parsed")
    if parsed is not None:
        try:
            return datetime.fromtimestamp(calendar.timegm(parsed), UTC)
        except (ValueError, TypeError, OverflowError, OSError):
            return None
    return _moment(entry.get(key))


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
        if moment is None:
            return None
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _slices(body: bytes) -> list[bytes]:
    """The bytes of each item or entry; wrong in number when they nest or are not ASCII-like."""
    slices = []
    for start in _START.finditer(body):
        end = _END.search(body, start.end())
        if end is None:
            break
        slices.append(body[start.start() : end.end()])
    return slices


def _once(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Each id once, the first of it; an entry that says nothing is none."""
    kept: dict[str, Entry] = {}
    for entry in entries:
        if entry.text or entry.url:
            kept.setdefault(entry.id, entry)
    return tuple(kept.values())
