"""What one character stands for when words are compared: the definition of the fold.

Every character becomes a short string of symbols, whatever stands beside it:

- a letter or digit: itself in lower case, without marks (`é` is `e`, `ё` is `е`; but `й ї ў` are
  letters of their own), compatibility forms as what they mean (`𝗔` is `a`, `ß` is `ss`);
- an apostrophe of any shape: `'`; whether it is part of a word, its neighbours decide
  (`join_apostrophes`);
- what is not seen (zero-width characters, soft hyphens, stress and vowel marks, direction and
  variation marks): nothing;
- anything else (spaces, hyphens, punctuation, emoji, control characters): one space.

Two strengths: `strict` keeps scripts apart, `merged` gives Latin and Cyrillic letters of one look
one symbol, so that `Mосква` with a Latin M is found; a hit is then verified with `strict`.
Facts: categories and decompositions of the Unicode database that Python carries.
"""

import re
import unicodedata
from functools import lru_cache

APOSTROPHE = "'"
_APOSTROPHES = frozenset("'`´‘’‛ʹʻʼˈ′＇")

# Letters whose decomposition would lose them, and letters that have none but a usual spelling.
_LETTERS = {
    "й": "й", "ї": "ї", "ў": "ў", "ё": "е",
    "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th",
    "ı": "i", "ħ": "h", "ŋ": "n", "ŧ": "t", "ŀ": "l", "ς": "σ", "ٱ": "ا",
}  # fmt: skip

_LATIN = "aceopxyikmhtbjs"
_CYRILLIC = "асеорхуікмнтвјѕ"
# ј and ѕ are seen almost only as disguised Latin: there the class is named by the Latin letter.
_MERGE = str.maketrans({**dict(zip(_LATIN[:13], _CYRILLIC[:13], strict=True)), "ј": "j", "ѕ": "s"})
LOOKALIKES = frozenset(_CYRILLIC[:13] + "js")
"""The symbols that stand for a Latin and a Cyrillic letter at once."""

UMLAUTS = {"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"}
"""The other usual spelling of letters whose mark is dropped."""

# Marks that a reader may leave out. Other scripts' marks are vowels: they stay.
_IGNORED = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed\u115f\u1160\u1ab0-\u1aff\u1dc0-\u1dff"
    "\u20d0-\u20dc\u20e1\u20e5-\u20f0\u3164\ufe00-\ufe0f\ufe20-\ufe2f\U000e0100-\U000e01ef]"
)
# Scripts written without spaces (or, as Korean, with endings glued on): a word may begin or end
# anywhere in them.
_UNSPACED = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1100, 0x11FF), (0x1780, 0x17FF), (0x2E80, 0x2FDF),
    (0x3005, 0x3007), (0x3021, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xA960, 0xA97F),
    (0xAC00, 0xD7FF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF),
)  # fmt: skip
CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюяіїєґў"
"""The symbols of Russian, Ukrainian and Belarusian."""
RARE_CYRILLIC = "ђљњћџәғқңөұүһҗҳҷӏѣ"
"""Letters of other languages in the script that have a byte of their own."""
# The Latin letters are those that merge into Cyrillic: strict and merged symbols split alike.
_JOINING = CYRILLIC + RARE_CYRILLIC + _LATIN[:13]
_JOINING += _JOINING.upper()
_STRAY = re.compile(f"(?<![{_JOINING}])'|'(?![{_JOINING}])")
_SPLIT_LETTERS = {
    "и\u0306": "й", "И\u0306": "Й", "і\u0308": "ї", "І\u0308": "Ї", "у\u0306": "ў", "У\u0306": "Ў",
}  # fmt: skip
_NOTHING = "\u200b"
SPLIT_MARKS = "\u0306\u0308"
"""The two marks that make another letter of the one before them."""


@lru_cache(maxsize=8192)
def strict(character: str) -> str:
    """The symbols of one character, scripts kept apart."""
    if character in _APOSTROPHES:
        return APOSTROPHE
    lower = character.casefold()
    if lower in _LETTERS:
        return _LETTERS[lower]
    category = unicodedata.category(character)
    if category == "Cf" or _IGNORED.match(character):
        return ""
    if category[0] not in "LNM" or category == "Me":
        return " "
    if "\uac00" <= character <= "\ud7a3":
        return character
    return "".join(map(_letter, unicodedata.normalize("NFKD", lower)))


def _letter(part: str) -> str:
    """One character of a decomposition."""
    if part in _APOSTROPHES:
        return APOSTROPHE
    if _IGNORED.match(part) or unicodedata.category(part) == "Cf":
        return ""
    if part.isdecimal():
        return str(unicodedata.decimal(part))
    category = unicodedata.category(part)
    if category == "No":  # `❶` is 1; fractions and `⓫` are no words
        digit = unicodedata.digit(part, None)
        return " " if digit is None else str(digit)
    if category[0] not in "LNM":
        return " "
    lower = part.casefold()
    return _LETTERS.get(lower, lower)


@lru_cache(maxsize=65536)
def merged(character: str) -> str:
    """The symbols of one character, look-alike letters in one class."""
    return strict(character).translate(_MERGE)


class _Symbols(dict[int, str]):
    """A table for str.translate that fills itself; bounded by the number of code points."""

    def __init__(self, *, merge: bool) -> None:
        super().__init__()
        self._merge = merge

    def __missing__(self, code: int) -> str:
        found = (merged if self._merge else strict)(chr(code))
        self[code] = found
        return found


_STRICT_TABLE = _Symbols(merge=False)
_MERGED_TABLE = _Symbols(merge=True)


def whole_letters(text: str) -> str:
    """The text with `и` + breve and their like as one letter; every other character stays put.

    The length is kept: what stood for the mark becomes a character that is not seen.
    """
    if SPLIT_MARKS[0] not in text and SPLIT_MARKS[1] not in text:
        return text
    for pair, letter in _SPLIT_LETTERS.items():
        text = text.replace(pair, letter + _NOTHING)
    return text.replace(SPLIT_MARKS[0], _NOTHING).replace(SPLIT_MARKS[1], _NOTHING)


def join_apostrophes(symbols: str) -> str:
    """An apostrophe between two Cyrillic letters (`п'ять`) is a letter, any other a space."""
    return _STRAY.sub(" ", symbols) if APOSTROPHE in symbols else symbols


def strict_symbols(text: str) -> str:
    """All symbols of a text, scripts kept apart."""
    return join_apostrophes(whole_letters(text).translate(_STRICT_TABLE))


def merged_symbols(text: str) -> str:
    """All symbols of a text, look-alikes merged."""
    return join_apostrophes(whole_letters(text).translate(_MERGED_TABLE))


def cased_symbols(text: str) -> str:
    """As `merged_symbols`, but capital letters stay capital: for terms written `==Word`."""
    parts = [
        merged(character).upper() if character.isupper() else merged(character)
        for character in whole_letters(text)
    ]
    return join_apostrophes("".join(parts))


def merge(symbols: str) -> str:
    """Strict symbols with the look-alikes merged."""
    return symbols.translate(_MERGE)


def unspaced(symbol: str) -> bool:
    """Whether it belongs to a script that sets no spaces between words."""
    code = ord(symbol)
    return any(first <= code <= last for first, last in _UNSPACED)


def is_mixed(word: str) -> bool:
    """Whether a word of strict symbols has both Latin and Cyrillic letters."""
    return any("a" <= symbol <= "z" for symbol in word) and any(
        "\u0400" <= symbol <= "\u052f" for symbol in word
    )
