"""Caps: hostile text becomes harmless before anything expensive sees it."""

from collections.abc import Callable

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from monitor.text.caps import MAX_BYTES, MAX_MARKS, capped


@given(st.text(st.characters(codec=None)))
def test_any_text_is_made_safe(text: str) -> None:
    """The result is UTF-8 within the bounds without controls; capping again changes nothing."""
    safe, changed = capped(text)
    assert len(safe.encode()) <= MAX_BYTES
    assert not regex.search(rf"\p{{M}}{{{MAX_MARKS + 1}}}", safe)
    assert not regex.search(r"(?![\n\t])\p{Cc}", safe)
    assert changed == (safe != text)
    assert capped(safe) == (safe, False)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("a\x00b", "a\ufffdb"),
        ("a\ud800b", "a\ufffdb"),
        ("a\x07b\x85c", "a b c"),
        ("a\x01\r\nb\rc\td", "a \nb\nc\td"),
        ("е" + "\u0301" * 40 + "ж", "е" + "\u0301" * 30 + "ж"),
        ("🔥️ слово\u200b", "🔥️ слово\u200b"),
    ],
)
def test_what_is_replaced(text: str, safe: str) -> None:
    """NUL and lone surrogates become U+FFFD, controls spaces; marks beyond 30 go."""
    assert capped(text) == (safe, safe != text)


def test_long_text_is_cut_between_characters() -> None:
    """A text over 64 KiB ends with a whole character."""
    safe, changed = capped("я" * 40_000 + "🔥" * 40_000)
    assert changed
    assert safe == "я" * 32_768


BOMBS: dict[str, Callable[[], str]] = {
    "one megabyte": lambda: "слово " * 170_000,
    "marks": lambda: "е" + "\u0301" * 100_000,
    "alternating marks": lambda: "\u0301\u0327" * 50_000,
    "marks of thirty": lambda: ("е" + "\u0301" * 30) * 4_000,
    "longest decomposition": lambda: "\ufdfa" * 100_000,
    "surrogates": lambda: "\ud800" * 100_000,
    "NUL": lambda: "\x00" * 100_000,
    "returns": lambda: "\r" * 100_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_defused(name: str) -> None:
    """The known bombs are cut to the bounds."""
    safe, changed = capped(BOMBS[name]())
    assert changed
    assert len(safe.encode()) <= MAX_BYTES
    assert capped(safe) == (safe, False)
