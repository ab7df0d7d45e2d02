"""Whether a text really says what was found in it, or only its look-alike."""

from collections.abc import Sequence
from functools import lru_cache

import regex

from monitor.lexicon.surfaces import Surface
from monitor.rulebook.patterns import Check, judged_words
from monitor.text.symbols import cased_symbols, is_mixed, strict_symbols

SHORT = 64
"""Characters: longer texts are not worth remembering."""
_HASHES = ("#", "\uff03")
_TAG = regex.compile(r"[\w\p{Cf}]+")
_TAG_GOES_ON = regex.compile(r"[_\p{Cf}]*[^\W_]")
_NO_TAG_AFTER = ("&", "/")


def meant(checks: Sequence[Check], text: str, start: int, end: int) -> list[int]:
    """The terms of the checks that the text really says at [start, end)."""
    here = text[start:end]
    judge = _is_meant if len(here) <= SHORT else _is_meant.__wrapped__
    return [
        check.term
        for check in checks
        if judge(check.surface, here)
        and (not check.surface.tag or _is_tag(check.surface, text, start, end))
    ]


def _is_tag(surface: Surface, text: str, start: int, end: int) -> bool:
    """Whether the words are a whole hashtag: what messengers make a link of, not `a#b` or `/#b`."""
    before, sign = text[max(start - 2, 0) : start - 1], text[max(start - 1, 0) : start]
    if sign not in _HASHES or _TAG.fullmatch(before) or before in _NO_TAG_AFTER:
        return False
    goes_on = _TAG_GOES_ON.match(text, end) and not surface.words[-1].endswith("*")
    return not goes_on and _TAG.fullmatch(text, start, end) is not None


@lru_cache(maxsize=16384)
def _is_meant(surface: Surface, here: str) -> bool:
    """Whether the text is what the surface says, not only its look-alike.

    Each word is the same letters in the same script, or mixes scripts as disguised words do; with
    `cased`, the capitals are the same too.
    """
    words = strict_symbols(here).split()
    if len(words) != len(surface.words):
        return True  # the edge of a ligature: no other script could stand here
    judged = judged_words(surface.words)
    for wanted, word in zip(surface.words, words, strict=True):
        if wanted in judged and not (
            _fits(wanted, word) or is_mixed(word) or is_mixed(wanted.removesuffix("*"))
        ):
            return False
    capitals = cased_symbols(here).split()
    return not surface.cased or all(map(_fits, surface.cased, capitals))


def _fits(wanted: str, word: str) -> bool:
    if wanted.endswith("*"):
        return word.startswith(wanted[:-1])
    return word == wanted
