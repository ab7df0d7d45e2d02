"""One line of the contract's Post JSON, read strictly: a post, or a mistake with its place.

The usual line takes the fast path (msgspec); only what that refuses is looked at again, to keep
posts whose text is not valid Unicode and to say exactly what is wrong with the rest.
"""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

from monitor.mistake import Mark, Mistake
from monitor.post import Post, event_time
from monitor.text.markup import mended

MAX_LINE = 8_000_000
MAX_ID = 256

_SOURCE = re.compile(r"[a-z][a-z0-9_-]{0,31}:[^\s\x00-\x1f\x7f]{1,200}")
_REQUIRED = {
    "new": ("source", "id", "published_at", "text"),
    "delete": ("source", "id", "observed_at"),
}
_SHAPE = (
    'write {"source": "telegram:name", "id": "1", "published_at": "2023-05-22T09:14:00Z",'
    ' "text": "..."} on one line'
)
_OFFSET_HINT = "add Z or an offset such as +03:00"
_PATH = re.compile(r"at `\$((?:\.\w+|\[[^\]]*\])*)`")
_decode = msgspec.json.Decoder(Post).decode


def parse(lines: Iterable[bytes], name: str) -> Iterator[Post | Mistake]:
    """Each line's post or mistake, in order; blank lines are passed over.

    Args:
        lines: with or without their line ends.
        name: the file's name, as mistakes show it.
    """
    for number, line in enumerate(lines, 1):
        read = read_line(line, name, number)
        if read is not None:
            yield read


def read_line(line: bytes, name: str, number: int) -> Post | Mistake | None:
    """The line's post, the mistake in it, or None when it is blank.

    Times come back in UTC. A deletion's published_at is its observed_at.
    """
    try:
        post = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):  # the first is any wrong shape or type
        return _read_slowly(line, name, number)
    # The decoder fills what is absent: whether an empty text is there is looked up.
    if not post.text or post.kind == "delete":
        return _read_slowly(line, name, number)
    if post.published_at.tzinfo is UTC and post.edited_at is None and post.observed_at is None:
        return post if _is_named(post) else _read_slowly(line, name, number)
    return _finished(post, line, Mark(name, number, 1))


def observed(post: Post) -> Post:
    """The post with observed_at: what is given, else when its event happened."""
    if post.observed_at is not None:
        return post
    return msgspec.structs.replace(post, observed_at=event_time(post))


def _read_slowly(line: bytes, name: str, number: int) -> Post | Mistake | None:
    start = Mark(name, number, 1)
    if len(line) > MAX_LINE:
        return Mistake(
            start, f"line of more than {MAX_LINE:,} bytes", "leave it out or cut its text"
        )
    text = line.decode("utf-8", "replace").lstrip("\ufeff")
    if not text.strip():
        return None
    value = _loaded(text, start)
    if isinstance(value, Mistake):
        return value
    if value.get("kind") == "delete":
        value.setdefault("published_at", value["observed_at"])
    try:
        return _finished(msgspec.convert(value, Post), line, start)
    except msgspec.ValidationError as error:
        return _wrong(error, text, start)


def _loaded(text: str, start: Mark) -> dict[str, Any] | Mistake:
    """The line's object with every required key, its strings mended."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        return _broken(error, text, start)
    except (RecursionError, ValueError) as error:
        return Mistake(start, f"no JSON we can read: {str(error)[:80]}", _SHAPE)
    if not isinstance(value, dict):
        return Mistake(start, "a line is one JSON object", _SHAPE)
    mended_value: dict[str, Any] = _mend(value)
    missing = _missing(mended_value)
    return Mistake(start, f"{', '.join(missing)} missing", _SHAPE) if missing else mended_value


def _finished(post: Post, line: bytes, start: Mark) -> Post | Mistake:
    if not _is_named(post):
        return _misnamed(post, line, start)
    times: dict[str, datetime] = {}
    for key in ("published_at", "edited_at", "observed_at"):
        moment: datetime | None = getattr(post, key)
        if moment is None or moment.tzinfo is UTC:
            continue
        mark = start._replace(column=_column(line.decode("utf-8", "replace"), key))
        if moment.tzinfo is None:
            return Mistake(mark, f"{key} has no offset", _OFFSET_HINT)
        try:
            times[key] = moment.astimezone(UTC)
        except OverflowError:
            return Mistake(mark, f"{key} is outside the calendar", "use a year from 1 to 9999")
    return msgspec.structs.replace(post, **times) if times else post


def _is_named(post: Post) -> bool:
    return _is_source(post.source) and 0 < len(post.id) <= MAX_ID


@lru_cache(maxsize=4096)  # the same few sources again and again
def _is_source(name: str) -> bool:
    return _SOURCE.fullmatch(name) is not None


def _misnamed(post: Post, line: bytes, start: Mark) -> Mistake:
    text = line.decode("utf-8", "replace")
    if _is_source(post.source):
        mark = start._replace(column=_column(text, "id"))
        return Mistake(mark, "id is empty or too long", f"use 1 to {MAX_ID} letters")
    mark = start._replace(column=_column(text, "source"))
    return Mistake(
        mark,
        f"source {post.source[:60]!r} is not of the form platform:name",
        "write it as telegram:name, without blanks",
    )


def _missing(value: dict[str, Any]) -> list[str]:
    """Required keys that are absent or null."""
    kind = "delete" if value.get("kind") == "delete" else "new"
    return [key for key in _REQUIRED[kind] if value.get(key) is None]


def _mend(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The value with NUL and lone surrogates replaced in every string. Not deep: json bounds it."""
    if isinstance(value, str):
        return mended(value)
    if isinstance(value, dict):
        return {mended(key): _mend(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_mend(item) for item in value]
    return value


def _broken(error: json.JSONDecodeError, text: str, start: Mark) -> Mistake:
    if not text.rstrip().endswith("}"):
        end = start._replace(column=len(text.rstrip()) + 1)
        return Mistake(
            end, "the line ends in the middle", "was the file cut off while it was written?"
        )
    mark = start._replace(column=error.pos + 1)
    return Mistake(mark, f"no JSON: {error.msg}", _SHAPE)


def _wrong(error: msgspec.ValidationError, text: str, start: Mark) -> Mistake:
    """A wrong type or value: msgspec's words, the column of the key they are about."""
    said = str(error)
    path = _PATH.search(said)
    names = re.findall(r"\w+", path[1]) if path else []
    key = next((name for name in reversed(names) if f'"{name}"' in text), "")
    what = said.partition(" - at ")[0]
    hint = _OFFSET_HINT if key.endswith("_at") else "see the Post contract in docs/design.md"
    message = f"{key}: {what}" if key else what
    return Mistake(start._replace(column=_column(text, key)), message, hint)


def _column(text: str, key: str) -> int:
    return text.find(f'"{key}"') + 1 or 1
