"""Bounds on a post's text, before anything expensive sees it.

Facts: Unicode's stream-safe format allows 30 marks in a row (UAX 15); normalising 100,000 of them
takes CPython seconds; no platform that is read has posts over 64 KiB that a person would read.
"""

import re

import regex

MAX_BYTES = 64 * 1024
"""Most bytes of UTF-8 in a text."""
MAX_MARKS = 30
"""Most combining marks in a row."""

# C0 but for tab and line feed, DEL and C1: none is text. Carriage returns become line feeds.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_RETURNS = re.compile("\r\n?")
_ANY_MARK = regex.compile(r"\p{M}")
_RUN = regex.compile(r"\p{M}++")


def _visible(found: re.Match[str]) -> str:
    """U+FFFD for NUL and for what UTF-8 cannot hold, a space for other controls."""
    character = found[0]
    return "\ufffd" if character == "\x00" or character > "\x9f" else " "


def _shortened(run: regex.Match[str]) -> str:
    return str(run[0][:MAX_MARKS])


def capped(text: str) -> tuple[str, bool]:
    """The text within the bounds, and whether it was changed.

    At most 64 KiB of UTF-8, cut between code points, and 30 combining marks in a row; lone
    surrogates and NUL become U+FFFD, other control characters spaces (line breaks and tabs stay).
    Linear time, also for hostile text; a second call changes nothing.
    """
    safe = text[:MAX_BYTES]
    if _CONTROLS.search(safe):
        safe = _CONTROLS.sub(_visible, _RETURNS.sub("\n", safe))
    # A run of 31 marks covers one of every 31 characters: looking at those is enough.
    if not safe.isascii() and _ANY_MARK.search(safe[:: MAX_MARKS + 1]):
        safe = _RUN.sub(_shortened, safe)
    if len(safe) > MAX_BYTES // 4:  # a code point has four bytes at most
        safe = safe.encode()[:MAX_BYTES].decode("utf-8", "ignore")
    return safe, safe != text
