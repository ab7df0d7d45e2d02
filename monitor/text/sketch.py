"""What a text is recognised by when it comes again: a small sketch, to know copies from.

Two sketches tell how much of two texts is the same without the texts themselves. They hold the
smallest hashes of pairs of neighbouring words (of pieces of characters in short posts, where one
changed word is most of the pairs), and the text's numbers and names apart: alerts written by a
template differ in nothing else.

Before that a channel's footer is taken off: its last lines, as far as the channel is known to end
its posts with them.
"""

import re
import struct
from collections.abc import Container
from itertools import pairwise
from zlib import crc32

from monitor.incident import Sketch
from monitor.text.fold import fold

FEATURES = 32
"""Hashes kept of a text, the smallest: what is left is a fair sample of all."""

KEYS = 6
"""How many of them a text is looked up by."""

PAIRS_FROM = 12
PIECES_BELOW = 20
"""Posts of so many words are compared by pairs of words, shorter ones by pieces of characters.
Those in between have both, so that one more word does not make two copies incomparable."""

LEAST_WORDS = 6
"""Shorter texts ("all clear") are the same without being copies of each other."""

ALIKE = 0.5
NONE_OTHER = 1.0
FEW_OTHER = 0.67
"""How much two texts share that are copies; measured by benchmarks/quality/echoes.py."""

TAIL_LINES = 3
PIECE = 4
WIDTH = 4
"""Bytes a hash."""

_NAME = re.compile(r"\b[A-ZА-ЯЁІЇЄҐ][\w'’ʼ-]{2,}")
_DIGITS = re.compile(r"\d+")
_ADDRESS = re.compile(r"https?://\S+|\bt\.me/\S+|@\w+")
_STEM = 4


def tail_of(text: str) -> tuple[int, ...]:
    """Hashes of the last lines that are not blank, the last one first: what may be a footer."""
    lines = [line for line in map(str.strip, text[-1000:].rsplit("\n", 6)) if line]
    return tuple(_line_hash(line) for line in lines[: -TAIL_LINES - 1 : -1])


def without_footer(text: str, footers: Container[int]) -> str:
    """The text without the last lines that are among the footers (by hash)."""
    lines = text.rstrip().split("\n")
    while len(lines) > 1:
        last = lines[-1].strip()
        if last and _line_hash(last) not in footers:
            break
        lines.pop()
    return "\n".join(lines)


def _line_hash(line: str) -> int:
    return crc32(line.encode("utf-8", "replace"))


def sketch(text: str, footers: Container[int] = ()) -> Sketch:
    """The sketch of a text; about 40 us for a usual post. Empty for texts that are too short."""
    tail = tail_of(text)
    body = without_footer(text, footers) if tail and tail[0] in footers else text
    if "t.me/" in body or "http" in body or "@" in body:
        body = _ADDRESS.sub(" ", body)
    words = fold(body).split()
    count = len(words)
    if count < LEAST_WORDS:
        return Sketch(words=count, tail=tail)
    names = {crc32(name[:_STEM].lower().encode()) for name in _NAME.findall(body)}
    return Sketch(
        words=count,
        pairs=_packed(_pairs(words)) if count >= PAIRS_FROM else b"",
        pieces=_packed(_pieces(b" ".join(words))) if count < PIECES_BELOW else b"",
        numbers=_packed({crc32(number.encode()) for number in _DIGITS.findall(body)}),
        names=_packed(names),
        tail=tail,
    )


def _pairs(words: list[bytes]) -> set[int]:
    return {crc32(second, crc32(first)) for first, second in pairwise(words)}


def _pieces(joined: bytes) -> set[int]:
    return {crc32(joined[at : at + PIECE]) for at in range(len(joined) - PIECE + 1)}


def _packed(hashes: set[int]) -> bytes:
    smallest = sorted(hashes)[:FEATURES]
    return struct.pack(f">{len(smallest)}I", *smallest)


def hashes(packed: bytes) -> list[bytes]:
    """The hashes of a sketch's field, the smallest first."""
    return [packed[at : at + WIDTH] for at in range(0, len(packed), WIDTH)]


def keys(one: Sketch) -> list[bytes]:
    """What a sketch is looked up by."""
    return hashes(one.pairs[: KEYS * WIDTH]) + hashes(one.pieces[: KEYS * WIDTH])


def likeness(one: bytes, other: bytes) -> float:
    """About what share of the features of two texts both have (Jaccard), 0 to 1."""
    first, second = set(hashes(one)), set(hashes(other))
    if not first or not second:
        return 0.0
    sample = sorted(first | second)[: max(len(first), len(second))]
    return len(first.intersection(second, sample)) / len(sample)


def is_copy(one: Sketch, other: Sketch) -> bool:
    """Whether one text is a copy or near-copy of the other.

    Where both have numbers, or names, that the other has not, the texts say the same thing of
    different things: in short texts that is a template, in long ones a few may differ.
    """
    short = is_short(one, other)
    same = likeness(one.pieces, other.pieces) if short else likeness(one.pairs, other.pairs)
    if same < ALIKE:
        return False
    fields = ((one.numbers, other.numbers), (one.names, other.names))
    return all(_agree(mine, yours, NONE_OTHER if short else FEW_OTHER) for mine, yours in fields)


def is_short(one: Sketch, other: Sketch) -> bool:
    """Whether two texts are compared as short ones."""
    return not (one.pairs and other.pairs)


def _agree(one: bytes, other: bytes, least: float) -> bool:
    """Whether one has all that the other has, or they share at least so much of the smaller."""
    first, second = set(hashes(one)), set(hashes(other))
    both = len(first & second)
    smaller = min(len(first), len(second))
    return both == smaller or both >= least * smaller
