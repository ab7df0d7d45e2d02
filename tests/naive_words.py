"""The reference's words: how a text falls into words and where a term stands in it."""

import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

import regex

from monitor.lexicon.derive import derivations
from monitor.lexicon.english_words import COMMON
from monitor.lexicon.homographs import is_common
from monitor.lexicon.names import name_forms
from monitor.lexicon.surfaces import in_language

LATIN_TO_CYRILLIC = dict(zip("aceopxyikmhtb", "асеорхуікмнтв", strict=True))
OWN_LETTERS = {"й": "й", "ї": "ї", "ў": "ў", "ё": "е"}
PLAIN = {"ß": "ss", "ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th",
         "ı": "i", "ħ": "h", "ŋ": "n", "ŧ": "t", "ŀ": "l", "ٱ": "ا"}  # fmt: skip
# The pairs that are another letter; and marks that belong to the letter before them.
WHOLE = {"и\u0306": "й", "і\u0308": "ї", "у\u0306": "ў"}
MARKED = regex.compile(
    r"(?s).[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    r"\u0610-\u061a\u064b-\u065f]*"
)
# Stress and vowel points that a reader may leave out: those for any script, and for these three.
# In every other script (Syriac, Devanagari, Thai) a mark is a vowel: a letter like others.
POINTED = regex.compile(
    "["
    + "".join(
        rf"\p{{In{block}}}"
        for block in (
            "Combining_Diacritical_Marks", "Combining_Diacritical_Marks_Supplement",
            "Combining_Diacritical_Marks_for_Symbols", "Combining_Half_Marks",
            "Variation_Selectors", "Variation_Selectors_Supplement", "Cyrillic", "Hebrew", "Arabic",
        )
    )
    + "]"
)  # fmt: skip
# Points that are no marks by their category: Cyrillic thousands, the lengthening and the small
# letters and ornaments that a Quran has over its words, fillers, a block of nothing but marks.
LEFT_OUT = regex.compile(
    r"[\u0488\u0489\u0640\u06de\u06e5\u06e6\u06e9\u115f\u1160\u3164"
    r"\p{InCombining_Diacritical_Marks_Extended}]"
)
# By their blocks: what these scripts have beyond (archaic kana) is like letters of any other.
UNSPACED = regex.compile(
    r"[\p{InThai}\p{InLao}\p{InMyanmar}\p{InKhmer}\p{InHangul_Jamo}\p{InHangul_Syllables}"
    r"\p{InHangul_Jamo_Extended_A}\p{InHangul_Jamo_Extended_B}\p{InCJK_Radicals_Supplement}"
    r"\p{InKangxi_Radicals}\u3005-\u3007\u3021-\u31ff\p{InCJK_Unified_Ideographs_Extension_A}"
    r"\p{InCJK_Unified_Ideographs}\p{InCJK_Compatibility_Ideographs}\U00020000-\U0003ffff]"
)
APOSTROPHES = "'’ʼ`´‘‛ʹʻˈ′＇"
JOINED = regex.compile(r"[абвгдежзийклмнопрстуфхцчшщъыьэюяіїєґў]")


APART = regex.compile(r"(.*)\s([~>])(\d+)\s(.*)")


class Word(NamedTuple):
    """A word of the text: what it says with scripts apart, its capitals, where it stands."""

    letters: str
    cased: str
    start: int
    end: int


def same_look(word: str) -> str:
    """Look-alike letters as one."""
    return "".join(LATIN_TO_CYRILLIC.get(letter, letter) for letter in word)


def characters(text: str) -> list[tuple[str, str, int, int]]:
    """(letter, the same with its capital, start, end) for each letter and space that is seen.

    A character may be several: `½` is 1, a space and 2.
    """
    out: list[tuple[str, str, int, int]] = []
    for cluster in regex.finditer(MARKED, text):
        pair = WHOLE.get(cluster[0][:2].lower())
        for said in pair or spoken(cluster[0][0]):
            shown = said.upper() if cluster[0][0].isupper() else said
            out.append((said, shown, cluster.start(), cluster.end()))
    return out


@lru_cache(maxsize=4096)
def spoken(character: str) -> str:
    """The letters of one character in lower case; a space for what is no letter."""
    lower = character.lower()
    if character in APOSTROPHES:
        return "'"
    if lower in OWN_LETTERS or lower in PLAIN:
        return OWN_LETTERS.get(lower, PLAIN.get(lower, ""))
    if unseen(character):
        return ""
    category = unicodedata.category(character)
    if category[0] not in "LNM" or category == "Me":
        return " "
    if "가" <= character <= "힣":
        return character
    # Marks go before parts are made small: an iota under nothing would become a letter.
    parts = unicodedata.normalize("NFKD", character.casefold())
    bare = "".join(part for part in parts if not unseen(part)).casefold()
    return "".join(map(_part, bare))


def unseen(character: str) -> bool:
    """Whether a reader does not see it, or may leave it out."""
    category = unicodedata.category(character)
    pointed = category == "Mn" and POINTED.fullmatch(character) is not None
    return category == "Cf" or pointed or LEFT_OUT.fullmatch(character) is not None


def _part(part: str) -> str:
    """One character of a decomposition: numbers above nine that are one character say nothing."""
    if part in APOSTROPHES:
        return "'"
    category = unicodedata.category(part)
    if category in {"Nd", "No"}:
        return str(unicodedata.digit(part, " "))
    return PLAIN.get(part, part) if category[0] in "LMN" else " "


def unspaced(text: str) -> int:
    """How many letters it has of scripts without spaces."""
    return sum(UNSPACED.fullmatch(said) is not None for said, *_ in characters(text))


@lru_cache(maxsize=64)
def words(text: str) -> list[Word]:
    """The words of a text; a letter of a script without spaces ends one."""
    seen = characters(text)
    found: list[Word] = []
    current: list[tuple[str, str, int, int]] = []
    for at, (said, shown, start, end) in enumerate(seen):
        kept = said != " " and not UNSPACED.fullmatch(said)
        if said == "'":
            beside = [seen[near][0] for near in (at - 1, at + 1) if 0 <= near < len(seen)]
            kept = len(beside) == 2 and all(JOINED.fullmatch(same_look(one)) for one in beside)
        if kept:
            current.append((said, shown, start, end))
        elif current:
            found.append(_word(current))
            current = []
    return [*found, _word(current)] if current else found


def _word(parts: list[tuple[str, str, int, int]]) -> Word:
    letters = "".join(said for said, _, _, _ in parts)
    cased = "".join(shown for _, shown, _, _ in parts)
    return Word(letters, cased, parts[0][2], parts[-1][3])


def disguised(word: str) -> bool:
    """Latin and Cyrillic letters in one word."""
    return bool(regex.search("[a-z]", word) and regex.search(r"\p{Cyrillic}", word))


@lru_cache(maxsize=65536)
def is_word(written: str, cased: str | None, letters: str, shown: str, *, alone: bool) -> bool:
    """Whether a word of the text is the word of a term; `written` may end in *."""
    begins = written.endswith("*")
    stem = written.removesuffix("*")
    look, here = same_look(stem), same_look(letters)
    if not (here.startswith(look) if begins else here == look):
        return False
    if cased is not None:
        head = shown[: len(cased)] if begins else shown
        if same_look_cased(head) != same_look_cased(cased):
            return False
    telling = [letter for letter in stem if letter.isalpha()]
    if not telling or (len(telling) == 1 and not alone):
        return True
    same = letters.startswith(stem) if begins else letters == stem
    return same or disguised(letters) or disguised(stem)


def same_look_cased(word: str) -> str:
    """As `same_look`, capitals kept."""
    return "".join(
        same_look(letter.lower()).upper() if letter.isupper() else same_look(letter)
        for letter in word
    )


def spelled_out(phrase: str) -> str:
    """The phrase with its umlauts written as two letters."""
    for umlaut, letters in {"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"}.items():
        phrase = phrase.replace(umlaut, letters).replace(umlaut.upper(), letters.capitalize())
    return phrase


@lru_cache(maxsize=64)
def looks(text: str) -> list[str]:
    """Each word of a text as it looks: to leave most out before they are compared."""
    return [same_look(word.letters) for word in words(text)]


@lru_cache(maxsize=512)
def find(
    term: str, text: str, inflect: Callable[[str], Iterable[str]] = lambda phrase: (phrase,)
) -> frozenset[tuple[int, int]]:
    """Where a term stands in a text, as [start, end)."""
    if term[0] == "/":
        hits = regex.finditer(term[1:-1], text, regex.IGNORECASE)
        return frozenset(hit.span() for hit in hits if hit[0])
    apart = APART.fullmatch(term)
    if apart:
        left, right = find(apart[1], text, inflect), find(apart[4], text, inflect)
        return near_each_other(text, left, right, int(apart[3]), ordered=apart[2] == ">")
    if term[0] == "#":
        return hashtags(term[1:], text)
    if term[0] in "@~" or regex.match("[a-z]{2,3}:", term):
        return frozenset().union(*(find(form, text) for form in said_as(term)))
    marks = len(term) - len(term.lstrip("="))
    phrase = term[marks:]
    if UNSPACED.search(phrase):
        return frozenset(found.span() for found in regex.finditer(regex.escape(phrase), text))
    forms = {phrase} if marks or "*" in phrase else {phrase, *inflect(phrase)}
    forms |= {spelled_out(form) for form in forms}
    here = words(text)
    found: set[tuple[int, int]] = set()
    for form in forms:
        wanted = wanted_words(form, cased=marks == 2)
        first = same_look(wanted[0][0].removesuffix("*"))
        for at in range(len(here) - len(wanted) + 1):
            if not looks(text)[at].startswith(first):
                continue
            run = here[at : at + len(wanted)]
            if not unspaced(text[run[0].start : run[-1].end]) and all(
                is_word(written, cased, word.letters, word.cased, alone=len(wanted) == 1)
                for (written, cased), word in zip(wanted, run, strict=True)
            ):
                found.add((run[0].start, run[-1].end))
    return frozenset(found)


def near_each_other(
    text: str,
    left: Iterable[tuple[int, int]],
    right: Iterable[tuple[int, int]],
    most: int,
    *,
    ordered: bool,
) -> frozenset[tuple[int, int]]:
    """The finds of two terms that have fewer than so many words between them."""
    found: set[tuple[int, int]] = set()
    for one in left:
        for other in right:
            first, second = sorted((one, other))
            between = text[first[1] : second[0]]
            apart = len(words(between)) + unspaced(between)
            wrong_way = ordered and first != one
            if first[1] <= second[0] and apart < most and not wrong_way:
                found |= {one, other}
    return frozenset(found)


@lru_cache(maxsize=64)
def said_as(term: str) -> list[str]:
    """The forms of a name, of related words or of a language, as terms; common words as written."""
    if term[0] not in "@~":
        language, _, phrase = term.partition(":")
        return ["=" + form.text for form in in_language(phrase, language)]
    if term[0] == "~":
        return ["=" + form.text for form in derivations(term[1:])]
    said: list[str] = []
    for form in name_forms(term[1:]):
        homograph = " " not in term and not form.text.isascii() and is_common(form.text, term[1:])
        if form.needs_capital or form.text.lower() in COMMON or homograph:
            capitals = " ".join(word[0].upper() + word[1:] for word in form.text.split())
            said += ["==" + capitals, "==" + capitals.upper()]
        else:
            said.append("=" + form.text)
    return [one for one in said if not one.upper().endswith("'S")]


def hashtags(wanted: str, text: str) -> frozenset[tuple[int, int]]:
    """Where a whole hashtag says the words wanted, or begins with them.

    One with an apostrophe and a letter behind it (`#слово'ян`) is part of a longer word.
    """
    ends = {word.end for word in words(text)}
    found: set[tuple[int, int]] = set()
    asked = wanted_words(wanted.replace("_", " "), cased=False)
    for tag in regex.finditer(r"(?<![\w\p{Cf}&/])[#＃](?![_\p{M}\p{Cf}])([\w\p{Cf}]+)", text):
        here = words(tag[1])
        if tag[1] == wanted and UNSPACED.search(wanted):
            found.add(tag.span(1))
        begins = wanted.endswith("*")
        if not asked or len(here) < len(asked) or (len(here) > len(asked) and not begins):
            continue
        pairs = list(zip(asked, here, strict=False))
        if all(
            is_word(written, None, word.letters, word.cased, alone=len(asked) == 1)
            for (written, _), word in pairs
        ):
            at = tag.start(1)
            if at + here[-1].end in ends:
                found.add((at + pairs[0][1].start, at + pairs[-1][1].end))
    return frozenset(found)


@lru_cache(maxsize=1024)
def wanted_words(form: str, *, cased: bool) -> list[tuple[str, str | None]]:
    """The words of a form, with their capitals if they matter."""
    wanted: list[tuple[str, str | None]] = []
    for part in form.split():
        star = "*" if part.endswith("*") else ""
        cut = words(part.removesuffix("*"))
        for number, word in enumerate(cut):
            end = star if number == len(cut) - 1 else ""
            wanted.append((word.letters + end, word.cased if cased else None))
    return wanted
