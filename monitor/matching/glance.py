"""What shows at a glance where a find asks something.

Nearly always a word is written as usual, or another word than those of the phrase stands behind a
wide gap. Small tables tell that; only for the rest is the `Meaning` of the pattern looked at.
"""

from array import array
from collections.abc import Iterable

from monitor.rulebook.patterns import Meaning, Onward

_BLANK = ord(" ")


def spelling(meaning: Meaning) -> str:
    """How the words of a pattern usually stand in a text, in lower case; empty if capitals matter.

    Of look-alikes in two scripts, the Cyrillic ones.
    """
    if any(check.surface.cased for check in meaning.checks):
        return ""
    spellings = [" ".join(check.surface.words) for check in meaning.checks]
    return min(spellings, key=str.isascii)


def following(scouts: Iterable[Meaning]) -> "array[int]":
    """For the scouts of gaps: which words may follow, as 64 bits, by their first two letters."""
    known: dict[Onward, int] = {}  # a gap's scouts share it
    masks = array("Q")
    for scout in scouts:
        onward = scout.onward
        assert onward is not None  # noqa: S101 - scouts have one
        if onward not in known:
            words = [word.encode("latin-1") + b" " for word in onward.words]
            known[onward] = sum({1 << _bit(word, 0) for word in words})
        masks.append(known[onward])
    return masks


def may_follow(mask: int, folded: bytes, at: int) -> bool:
    """Whether the word at `at`, or behind the spaces there, may be one of those of the mask."""
    last = len(folded) - 1
    while folded[at] == _BLANK:
        if at == last:
            return False
        at += 1
    return bool(mask >> _bit(folded, at) & 1)


def _bit(folded: bytes, at: int) -> int:
    """A number below 64 for the two letters there."""
    return (folded[at] * 5 + folded[at + 1]) & 63
