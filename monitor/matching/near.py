"""Words near each other: which finds of two terms stand within so many words (`a ~5 b`)."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping

from monitor.text.symbols import strict_symbols, unspaced

Span = tuple[int, int]
"""[start, end) in a text."""


def near(
    text: str, left: Iterable[Span], right: Iterable[Span], words: int, *, ordered: bool
) -> tuple[Span, ...]:
    """The finds of either side that have one of the other among the `words` words beside them.

    Two finds never share a letter. In a script without spaces each letter is counted as a word.
    With `ordered` the left one comes first.
    """
    lefts, rights = sorted(set(left)), sorted(set(right))
    before = _words_before(text, {edge for span in (*lefts, *rights) for edge in span})
    found = _follow(lefts, rights, before, words)
    if not ordered:
        found |= _follow(rights, lefts, before, words)
    return tuple(sorted(found))


def _follow(
    first: list[Span], second: list[Span], before: Mapping[int, int], words: int
) -> set[Span]:
    """The pairs in which a find of `second` begins among the words after one of `first`."""
    starts = [start for start, _ in second]
    found: set[Span] = set()
    for one in first:
        for other in second[bisect_left(starts, one[1]) :]:
            if before[other[0]] - before[one[1]] >= words:
                break
            found |= {one, other}
    return found


def _words_before(text: str, edges: Iterable[int]) -> dict[int, int]:
    """Edge -> how many words of the text end before it; edges stand between words."""
    counted: dict[int, int] = {}
    last = count = 0
    for edge in sorted(edges):
        count += _count(text[last:edge])
        counted[edge], last = count, edge
    return counted


def _count(text: str) -> int:
    words = 0
    for word in strict_symbols(text).split():
        letters = sum(map(unspaced, word))
        words += letters or 1
    return words
