"""Regular expressions as terms (`/С-[0-9]+/`): RE2's language, whose search takes linear time.

Looked for in the text as it stands, in any case of letters; forms, look-alikes and ё stay apart.
A named group (`(?P<model>[0-9]+)`) is captured under its name. Source of the language:
https://github.com/google/re2/wiki/Syntax.
"""

import re
from functools import lru_cache
from typing import Any, NamedTuple

import re2

MAX_MEMORY = 1 << 18
"""Bytes that one compiled expression may take."""
MAX_GROUPS = 8

_PATTERN = re.compile(r"/(.*)/(\w*)", re.DOTALL)
_ENDLESS = re.compile(r"\)(?:[*+]|\{\d*,\})")
_ESCAPED = re.compile(r"\\.|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]", re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


class Expression(NamedTuple):
    """A compiled expression."""

    program: Any
    names: tuple[str, ...]


class Match(NamedTuple):
    """A find at [start, end) of the text, with its named groups."""

    start: int
    end: int
    groups: tuple[tuple[str, str], ...]


def is_pattern(term: str) -> bool:
    """Whether a term is meant as a regular expression."""
    text = term.strip()
    return text[:1] == "/" and _PATTERN.fullmatch(text) is not None


@lru_cache(maxsize=4096)
def expression(term: str) -> Expression | tuple[str, str]:
    """The expression of a term like `/.../`, or message and hint of what is wrong with it."""
    found = _PATTERN.fullmatch(term.strip())
    body, flags = found.groups() if found else ("", "")
    if not body:
        return "an empty regular expression", "write what should be found, as in /С-[0-9]{3}/"
    if flags:
        return f"{flags!r} after the expression", "write (?s) or the like inside; case is any case"
    if _ENDLESS.search(_ESCAPED.sub("x", body)):
        message = "a group is repeated without an end"
        return message, "say how often at most, as in (...){0,9}, or write the words"
    options = re2.Options()
    options.max_mem, options.log_errors, options.case_sensitive = MAX_MEMORY, False, False
    try:
        program = re2.compile(body, options)
    except re2.error as error:
        return _refused(error)
    return _unusable(program) or Expression(program, tuple(program.groupindex))


def _unusable(program: Any) -> tuple[str, str] | None:  # noqa: ANN401 - re2 has no types
    """What is wrong with an expression that RE2 can read."""
    if program.groups > MAX_GROUPS:
        return f"more than {MAX_GROUPS} groups", "write (?:...) for groups that capture nothing"
    for name in program.groupindex:
        if not _NAME.fullmatch(name):
            return f"{name!r} is no name for a group", "use a to z, 0 to 9 and _, a letter first"
    for text in ("", "a 1", "я"):
        hit = program.search(text)
        if hit and hit.start() == hit.end():
            return "the expression finds nothing at all, too", "let it ask for a letter at least"
    return None


def _refused(error: Exception) -> tuple[str, str]:
    """RE2's own words for what is wrong."""
    said = error.args[0] if error.args else ""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    if "too large" in text or "repetition size" in text:
        return "the expression is too large", "repeat less, or write the words"
    hint = "RE2 has no look-around and no back-references; put the term in single quotes"
    return f"RE2 cannot read the expression: {text}", hint


def matches(found: Expression, text: str, most: int) -> list[Match]:
    """The first finds in a text, not overlapping, at most so many; empty ones are left out."""
    out: list[Match] = []
    try:
        text.encode()
    except UnicodeEncodeError:  # lone surrogates are no text: a sign of the same length
        text = _SURROGATE.sub("\ufffd", text)
    for hit in found.program.finditer(text):
        start, end = hit.span()
        if end > start:
            named = tuple((name, hit[name]) for name in found.names if hit[name])
            out.append(Match(start, end, named))
            if len(out) == most:
                break
    return out
