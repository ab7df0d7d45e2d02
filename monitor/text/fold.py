"""Text to one byte a symbol, so that ten thousand words are looked for in one pass.

`fold` gives the bytes of `symbols.merged_symbols`, between two spaces. Nearly always one character
is one byte, so that a place in the bytes is a place in the text; `Origins` finds the rest. Letters
outside the 8-bit alphabet become one byte OTHER (a letter of no word), between spaces if their
script sets none; `fold_wide` keeps them, as text, for rulebooks that have such terms.

How it is fast: the C codec `charmap_encode` maps 256 chosen characters; a run of others calls an
error handler once, which puts characters of the table in their place (remembered for short runs);
`bytes.translate` folds and drops in one pass. Spaces are not collapsed: the compiled rulebook knows
words that are further apart.
"""

import codecs
import hashlib
import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

from monitor.text.symbols import (
    APOSTROPHE,
    CYRILLIC,
    RARE_CYRILLIC,
    SPLIT_MARKS,
    merged,
    merged_symbols,
    unspaced,
    whole_letters,
)

FOLD_VERSION = 2
"""Changes whenever any text folds to other bytes: caches and stored fingerprints depend on it."""

_OTHER, _DROPPED = "\ua66e", "\u200b"  # a letter that nobody writes, a character that is not seen
_PUNCTUATION = "«»—–…“”„‘’№•●°·₽€£§©®−‑→▪ʼ´\u00a0\u200c\u200d\ufe0f\u00ad\u0301\u0300"
_LATIN = "éüöäßñçáíóúčšžłıøå"


def _table() -> str:
    """The 256 characters that the codec knows: ASCII at its own codes, then what posts use most."""
    more = [
        *CYRILLIC, *CYRILLIC.upper(), "ё", "Ё", _OTHER, _DROPPED, *SPLIT_MARKS,
        *_PUNCTUATION, *RARE_CYRILLIC, *(letter for letter in _LATIN if len(merged(letter)) == 1),
    ]  # fmt: skip
    ascii_part = {code: chr(code) for code in (0, 9, 10, 13, *range(32, 127))}
    # A code that str or bytes take for white space stands for no letter.
    blank = {code for code in range(256) if chr(code).isspace()}
    free = [code for code in range(1, 256) if code not in ascii_part and code not in blank]
    known = ascii_part | dict(zip(free, more, strict=False))
    if len(more) > len(free):
        raise AssertionError("the fold's table holds 256 characters")
    return "".join(known.get(code, "\ufffe") for code in range(256))  # U+FFFE: unused


_TABLE = _table()
_CODES = {character: code for code, character in enumerate(_TABLE) if character != "\ufffe"}
_MAP = codecs.charmap_build(_TABLE)
OTHER = _CODES.pop(_OTHER)
_SPLIT = _CODES[SPLIT_MARKS[0]]
_DELETED = bytes(
    code
    for character, code in _CODES.items()
    if not merged(character) and character not in SPLIT_MARKS
)


def _byte(character: str) -> int:
    """What the table's character is folded to; both split letters' marks to one code, a flag."""
    if character == _OTHER:
        return OTHER
    if character in SPLIT_MARKS:
        return _SPLIT
    return _CODES[merged(character) or " "]


_FOLDED = bytes(32 if character == "\ufffe" else _byte(character) for character in _TABLE)
_WORD_LETTERS = b"".join(
    re.escape(bytes([_CODES[merged(letter)]])) for letter in CYRILLIC + RARE_CYRILLIC
)
# What it begins with is found at once; an expression that looks back first tries every place.
_STRAY = re.compile(b"'(?:(?<![" + _WORD_LETTERS + b"]')|(?![" + _WORD_LETTERS + b"]))")
_APOSTROPHE = ord(APOSTROPHE)  # numbers: bytes look for a number at a tenth of the cost
_DROPS = bytes(code in _DELETED + bytes([_SPLIT]) for code in range(256))
"""1 for each code that no symbol comes from: a table for bytes.translate."""
_LONG_RUN = 24


def _place(run: str) -> str:
    """Characters of the table to stand for a run of characters that it has not."""
    return "".join(map(_stand_in, run))


@lru_cache(maxsize=65536)
def _stand_in(character: str) -> str:
    return "".join(map(_known, merged(character))) or _DROPPED


def _known(symbol: str) -> str:
    if symbol in _CODES:
        return symbol
    # A letter of an unspaced script is a word: others end beside it, no phrase goes on behind it.
    return f" {_OTHER} " if unspaced(symbol) else _OTHER


def _width(character: str) -> int:
    """How many symbols it has in the folded text."""
    symbols = merged(character)
    return len(symbols) if symbols in _CODES else len("".join(map(_known, symbols)))


def _wide_width(character: str) -> int:
    return len(merged(character))


_place_short = lru_cache(maxsize=8192)(_place)


def _unknown(error: UnicodeError) -> tuple[str, int]:
    """The codec's handler for characters outside its table."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    run = error.object[error.start : error.end]
    return (_place_short if len(run) <= _LONG_RUN else _place)(run), error.end


# Handlers are named process-wide; this one is a constant function of the run that it is given.
codecs.register_error("monitor.fold", _unknown)
_encode = codecs.charmap_encode


def fold(text: str) -> bytes:
    """The text's symbols, one byte each, between two spaces. Any str is taken; linear time."""
    folded = b" %b " % _encode(text, "monitor.fold", _MAP)[0].translate(_FOLDED, _DELETED)
    if _SPLIT in folded:
        return fold(whole_letters(text))
    if _APOSTROPHE in folded:
        return _STRAY.sub(b" ", folded)
    return folded


def fold_coded(text: str) -> tuple[bytes, bytes]:
    """As `fold`, and the text's codes before they are folded, from which places can be worked out.

    No codes if letters had to be put together first.
    """
    coded = _encode(text, "monitor.fold", _MAP)[0]
    folded = b" %b " % coded.translate(_FOLDED, _DELETED)
    if _SPLIT in folded:
        return fold(whole_letters(text)), b""
    if _APOSTROPHE in folded:
        folded = _STRAY.sub(b" ", folded)
    return folded, coded


def narrow(symbols: str) -> bytes | None:
    """Symbols (look-alikes merged) as the bytes that `fold` makes of them, or None if it cannot."""
    try:
        return bytes(map(_CODES.__getitem__, symbols))
    except KeyError:
        return None


def fold_wide(text: str) -> str:
    """The text's symbols as text, every script's letters kept, between two spaces."""
    return f" {merged_symbols(text)} "


# Where the letters without a byte are; some others are caught too, symbols and emoji are not.
_BEYOND = re.compile(
    "[\u00b5\u0138\u0180-\u02ff\u0370-\u03ff\u0460-\u0481\u048a-\u1fff\u2094\u2107\u2126\u2132"
    "\u2135-\u2138\u213c-\u213f\u214e\u2180-\u2188\u2c00-\ud7ff\uf900-\ufdff\ufe70-\uffff"
    "\U00010000-\U0001efff\U00020000-\U0003ffff]"
)


def has_other_letters(text: str) -> bool:
    """Whether `fold_wide` may show letters that `fold` does not."""
    return not text.isascii() and _BEYOND.search(text) is not None


class Origins:
    """Where the symbols of a folded text stand in the text; made only for posts that fired."""

    def __init__(self, text: str, folded: bytes | str, coded: bytes = b"") -> None:
        """For a text and what `fold` or `fold_wide` made of it, or `fold_coded`, both."""
        symbols, width = len(folded), _width if isinstance(folded, bytes) else _wide_width
        self._text = text
        self._ends: Sequence[int] = ()
        self._dropped: Sequence[int] = ()
        if not coded:
            coded = _encode(whole_letters(text), "monitor.fold", _MAP)[0]
        if len(coded) != len(text):
            self._ends = list(accumulate(map(width, whole_letters(text))))
        elif len(coded) != symbols - 2:
            # As many symbols stand before each one that is dropped.
            self._dropped = list(accumulate(map(len, coded.translate(_DROPS).split(b"\1"))))
            self._dropped.pop()

    def _at(self, symbol: int) -> int:
        """The index in the text of the n-th symbol, counted from 0 without the leading space."""
        if self._ends:
            return bisect_right(self._ends, symbol)
        return symbol + bisect_right(self._dropped, symbol) if self._dropped else symbol

    def span(self, start: int, end: int) -> tuple[int, int]:
        """[start, end) in the text of the symbols [start, end) in the folded bytes or text.

        Marks that follow the last letter belong to it.
        """
        first, last = self._at(start - 1), self._at(end - 2) + 1
        while last < len(self._text) and _combines(self._text[last]):
            last += 1
        return first, last


_COMBINING = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u064b-\u065f]"
)


def _combines(character: str) -> bool:
    return character > "\u02ff" and _COMBINING.match(character) is not None


def fingerprint(text: str) -> str:
    """32 hex digits, equal for copies that differ in case, punctuation, spacing or emoji only.

    Empty for a text without words: such posts are copies of nothing.
    """
    words = fold_wide(text).split() if has_other_letters(text) else fold(text).split()
    if not words:
        return ""
    joined = b" ".join(word if isinstance(word, bytes) else word.encode() for word in words)
    return hashlib.blake2b(joined, digest_size=16, person=b"fold-%d" % FOLD_VERSION).hexdigest()
