"""What a text is recognised by when it comes again: a small sketch, to know copies from.

Two sketches tell how much of two texts is the same without the texts themselves. They hold the
smallest hashes of pairs of neighbouring words (of pieces of characters in short posts, where one
changed word is most of the pairs), and the text's numbers and names apart: alerts written by a
template differ in nothing else.

Before that a channel's footer is taken off: its last lines, as far as the channel is known to end
its posts with them.
"""

import re
from collections.abc import Callable, Container
from functools import lru_cache
from itertools import chain
from struct import Struct
from zlib import crc32

from monitor.incident import Sketch
from monitor.text.fold import OTHER, fold

FEATURES = 32
"""Hashes kept of a text, the smallest: what is left is a fair sample of all."""

KEYS = 4
"""How many of them a text is looked up by: with six, benchmarks/quality/echoes.py finds no more."""

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

# The capital first and what stands before it then: twice as fast as a word boundary at the start.
_NAME = re.compile(r"([A-ZА-ЯЁІЇЄҐ](?<!\w.)[\w'’ʼ-]{2,3})[\w'’ʼ-]*")
"""A name of three characters or more; its first four are its stem."""
_DIGITS = bytes(code if code in b"0123456789" else 32 for code in range(256))
"""Everything else to spaces: four times as fast as looking for digits."""
_ADDRESSES = {
    "http": re.compile(r"https?://\S+"),
    "t.me/": re.compile(r"t\.me/(?<!\w.{5})\S+"),
    "@": re.compile(r"@\w+"),
}
"""Three expressions that begin with a fixed text are found faster than one that does not."""
_UNREAD = b" %c " % OTHER
"""A letter of a script without spaces: the fold does not tell which."""


def tail_of(text: str) -> tuple[int, ...]:
    """Hashes of the last lines that are not blank, the last one first: what may be a footer."""
    lines = [line for line in map(str.strip, text[-1000:].rsplit("\n", 6)) if line]
    return tuple([_line_hash(line) for line in lines[: -TAIL_LINES - 1 : -1]])


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
    """The sketch of a text, empty for texts that are too short; as long as ten times its fold."""
    tail = tail_of(text)
    return sketch_of(body_of(text, tail, footers), tail)


def body_of(text: str, tail: tuple[int, ...], footers: Container[int]) -> str:
    """The text, without its footer if it has one."""
    return without_footer(text, footers) if tail and tail[0] in footers else text


def sketch_of(body: str, tail: tuple[int, ...]) -> Sketch:
    """The sketch of a text whose footer is taken off, and whose last lines are known."""
    if "/" in body or "@" in body:
        for sign, address in _ADDRESSES.items():
            if sign in body:
                body = address.sub(" ", body)
    folded = fold(body).replace(_UNREAD, b" ")
    words = folded.split()
    count = len(words)
    if count < LEAST_WORDS:
        return Sketch(words=count, tail=tail)
    return Sketch(
        words=count,
        pairs=_smallest(_pairs(words)) if count >= PAIRS_FROM else b"",
        pieces=_smallest(_pieces(b" ".join(words))) if count < PIECES_BELOW else b"",
        numbers=_smallest(list(map(crc32, folded.translate(_DIGITS).split()))),
        names=_smallest(_names(body)),
        tail=tail,
    )


def _pairs(words: list[bytes]) -> list[int]:
    """The hash of each pair of neighbours: of the first, gone on with the second."""
    return list(map(crc32, words[1:], map(crc32, words)))


_CUTS = tuple(Struct(f"{PIECE}s" * count).unpack_from for count in range(256))


def _pieces(joined: bytes) -> list[int]:
    """The hash of each piece of four characters.

    Cut by layouts, four times from one character further on: half the time of cutting each.
    """
    length = len(joined)
    if length >= PIECE * len(_CUTS):
        return [crc32(joined[at : at + PIECE]) for at in range(length - PIECE + 1)]
    cut = (_CUTS[(length - at) // PIECE](joined, at) for at in range(PIECE))
    return list(map(crc32, chain.from_iterable(cut)))


def _names(body: str) -> list[int]:
    """The hash of each name's stem in lower case."""
    return list(map(crc32, "\n".join(_NAME.findall(body)).lower().encode().split()))


_LAYOUTS = tuple(Struct(f">{count}I") for count in range(FEATURES + 1))
_unpack: tuple[Callable[[bytes], tuple[int, ...]], ...] = tuple(one.unpack for one in _LAYOUTS)


_MANY = 60
_ENOUGH = 44 << 32


def _smallest(found: list[int]) -> bytes:
    """The smallest FEATURES of so many hashes of 32 bits, each once, packed.

    Of many only those are sorted that are below what 44 of them would be by chance: in one text of
    a hundred these are not enough, and all are.
    """
    if not found:
        return b""
    smallest: list[int] = []
    if len(found) > _MANY:
        bound = _ENOUGH // len(found)
        smallest = sorted({one for one in found if one < bound})
    if len(smallest) < FEATURES:
        smallest = sorted({*found})
    del smallest[FEATURES:]
    return _LAYOUTS[len(smallest)].pack(*smallest)


def hashes(packed: bytes) -> tuple[int, ...]:
    """The hashes of a sketch's field, the smallest first."""
    return _unpack[len(packed) // WIDTH](packed)


@lru_cache(maxsize=1024)
def _hash_set(packed: bytes) -> frozenset[int]:
    return frozenset(hashes(packed))


def keys(pairs: bytes, pieces: bytes) -> tuple[int, ...]:
    """What a sketch of these pairs and pieces is looked up by."""
    most = KEYS * WIDTH
    return hashes(pairs[:most] + pieces[:most])


_PLACE = bytes(128 + number % 120 for number in range(256))
_PLACES = bytes(range(128 + 119, 127, -1))
_ONES = b"1" * FEATURES
_IS_ONE = bytes.maketrans(_PLACES, b"0" * len(_PLACES))


@lru_cache(maxsize=256)
def bits(packed: bytes) -> int:
    """A sketch's field as 120 bits: of each hash its last byte's. 0 is an empty one.

    (120 are four digits of a Python number.) All places are written one after the other, those
    that are taken become ones, the others zeros: a tenth of the time of setting them one by one.
    """
    taken = packed[WIDTH - 1 :: WIDTH].translate(_PLACE)
    ones = bytes.maketrans(taken, _ONES[: len(taken)])
    return int(_PLACES.translate(ones).translate(_IS_ONE), 2)


def least_shared(packed: bytes, known: int) -> float:
    """How many bits (`known` of the field) another one has at least if it is like it.

    Hashes that have their bit in common count for one, so that fewer may be enough.
    """
    count = len(packed) // WIDTH
    return ALIKE * count - (count - known.bit_count())


def likeness(one: bytes, other: bytes) -> float:
    """About what share of the features of two texts both have (Jaccard), 0 to 1.

    Less than ALIKE is only known to be at most so much.
    """
    first, second = _hash_set(one), _hash_set(other)
    most = max(len(first), len(second))
    both = first & second
    if not both or len(both) < ALIKE * most:
        return len(both) / most if both else 0.0
    return len(both.intersection(sorted(first | second)[:most])) / most


def is_copy(one: Sketch, other: Sketch) -> bool:
    """Whether one text is a copy or near-copy of the other.

    Where both have numbers, or names, that the other has not, the texts say the same thing of
    different things: in short texts that is a template, in long ones a few may differ. A short one
    that has one number more says more.
    """
    short = is_short(one, other)
    same = likeness(one.pieces, other.pieces) if short else likeness(one.pairs, other.pairs)
    if same < ALIKE:
        return False
    if short and one.numbers != other.numbers:
        return False
    fields = ((one.numbers, other.numbers), (one.names, other.names))
    return all(_agree(mine, yours, NONE_OTHER if short else FEW_OTHER) for mine, yours in fields)


def is_short(one: Sketch, other: Sketch) -> bool:
    """Whether two texts are compared as short ones."""
    return not (one.pairs and other.pairs)


def _agree(one: bytes, other: bytes, least: float) -> bool:
    """Whether one has all that the other has, or they share at least so much of the smaller."""
    first, second = _hash_set(one), _hash_set(other)
    both = len(first & second)
    smaller = min(len(first), len(second))
    return both == smaller or both >= least * smaller
