"""One word of a term: which paradigms it may have, from the dictionary or from rules."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from monitor.lexicon import dictionary
from monitor.lexicon.dictionary import Language, Reading
from monitor.lexicon.form import Cell, Kind, Paradigm
from monitor.lexicon.inflect_ru import RUSSIAN
from monitor.lexicon.inflect_uk import UKRAINIAN
from monitor.lexicon.suffixes import Book, decline

BOOKS: dict[Language, Book] = {"ru": RUSSIAN, "uk": UKRAINIAN}

_PERSON = frozenset({"Surn", "Name", "Patr"})
_PREPOSITIONS = frozenset({"на", "над", "под", "пид", "під", "в", "у", "при", "за", "де", "по"})
_RU_ONLY = frozenset("ыэъё")
_UK_ONLY = frozenset("іїєґ'ʼ’")
_RU_ENDINGS = re.compile(r"(?:[сц]к(?:ий|ая|ое|ие)|[аеио]ый|[^аеио]ая|[а-я]ое|ые)\b")
_UK_ENDINGS = re.compile(r"[сцз]ьк(?:ий|е)?\b")


_SURROGATE = re.compile("[\ud800-\udfff]")
MAX_WORDS = 10
MAX_LETTERS = 40
MAX_PARTS = 4


def is_term(text: str) -> bool:
    """Whether a text is short enough to have forms: MAX_WORDS words of MAX_LETTERS letters.

    Beyond that it is searched for as written: no language has such words, and the number of forms
    would grow without bound.
    """
    words = text.split()
    if _SURROGATE.search(text):
        return False
    return 0 < len(words) <= MAX_WORDS and all(
        len(word) <= MAX_LETTERS and word.count("-") < MAX_PARTS for word in words
    )


def possible_languages(text: str) -> tuple[Language, ...]:
    """Which of the two languages the letters allow; () for text without Cyrillic letters."""
    lower = text.lower()
    letters = set(lower)
    if not any("а" <= letter <= "я" or letter in "ёіїєґ" for letter in letters):
        return ()
    if letters & _RU_ONLY or _RU_ENDINGS.search(lower):
        return ("ru",)
    if letters & _UK_ONLY or _UK_ENDINGS.search(lower):
        return ("uk",)
    return ("ru", "uk")


def is_abbreviation(word: str, language: Language) -> bool:
    """Whether an upper-case word is to stay as written: all but known names in capitals."""
    if len(word) < 2 or not word.isupper():  # noqa: PLR2004 - one letter is an initial
        return False
    if len(word) < 4:  # noqa: PLR2004 - three capitals are an abbreviation even when a name
        return True
    named = [r for r in _nominative_nouns(word.lower(), language) if r.known]
    fixed = [r for r in named if r.parse.tag.grammemes & {"Abbr", "Fixd"}]
    return not named or bool(fixed) or (language == "ru" and not any(r.proper for r in named))


@lru_cache(maxsize=4096)
def paradigms(
    word: str, kind: Kind, language: Language, *, use_dictionary: bool = True
) -> tuple[Paradigm, ...]:
    """The paradigms of one word as written, likeliest first; () when it stays as written."""
    lower = word.lower().replace("ʼ", "'").replace("’", "'")
    if use_dictionary and is_abbreviation(word, language):
        return tuple(_abbreviated(lower, language))
    if not lower.replace("-", "").replace("'", "").isalpha():
        return tuple(_with_digits(word, kind, language))
    if use_dictionary:
        found = tuple(_known(lower, kind, language, proper=kind != "word" or word[:1].isupper()))
        if found:
            return found
    common = use_dictionary and kind == "word" and word.islower()
    if "-" in lower:
        return tuple(_hyphenated(word, kind, language, use_dictionary=use_dictionary))
    ruled = tuple(decline(BOOKS[language], lower, kind))
    if common:  # украино-, германо- are the first half of a compound, no noun of their own
        return () if lower.endswith("о") else (*_guessed(lower, language), *ruled)
    return ruled


def _abbreviated(word: str, language: Language) -> Iterator[Paradigm]:
    """`БТРов`, `ОМОНом`: of an abbreviation that the dictionary declines as such, its forms."""
    for one in _nominative_nouns(word, language):
        grammemes = one.parse.tag.grammemes
        if one.known and "Abbr" in grammemes and "Fixd" not in grammemes:
            yield dictionary.paradigm(one, language)


def _known(word: str, kind: Kind, language: Language, *, proper: bool) -> Iterator[Paradigm]:
    """What the dictionary itself says, read as the kind of thing the term names."""
    if not dictionary.known(word, language):
        return
    known = [one for one in dictionary.readings(word, language) if one.known]
    nouns = [one for one in known if one.part == "noun" and one.nominative]
    adjectives = [
        one
        for one in known
        if one.part == "adjective" and one.nominative and "Poss" not in one.parse.tag.grammemes
    ]
    chosen: Iterable[Reading]
    if kind == "place":
        nouns = [one for one in nouns if not one.proper & _PERSON]
        chosen = [one for one in nouns if "Geox" in one.proper] or nouns or adjectives
    elif kind == "name":
        chosen = [one for one in nouns if one.proper & _PERSON] or nouns or adjectives
    else:
        chosen = [*nouns, *adjectives]
        if not chosen and not proper:
            infinitives = [one for one in known if dictionary.is_infinitive(one)]
            chosen = infinitives[:1] or known[:1]
    seen: set[tuple[str, str]] = set()
    for one in chosen:
        paradigm = dictionary.paradigm(one, language)
        key = (paradigm.part, paradigm.cells[0].text + paradigm.cells[-1].text)
        if key not in seen:
            seen.add(key)
            yield paradigm


def _nominative_nouns(word: str, language: Language) -> list[Reading]:
    return [
        one for one in dictionary.readings(word, language) if one.part == "noun" and one.nominative
    ]


def _guessed(word: str, language: Language) -> Iterator[Paradigm]:
    """The dictionary's guess for an unknown common word: nominative or infinitive if it can."""
    guesses = dictionary.readings(word, language)
    best = [
        one
        for one in guesses
        if (one.nominative and one.part in {"noun", "adjective"}) or dictionary.is_infinitive(one)
    ]
    for one in best[:1]:
        yield dictionary.paradigm(one, language)


def _with_digits(word: str, kind: Kind, language: Language) -> Iterator[Paradigm]:
    """`Шахед-136`: the first part inflects, what follows its first hyphen stays."""
    head, hyphen, tail = word.partition("-")
    if hyphen and len(head) > 2 and head.isalpha():  # noqa: PLR2004 - Су-34, С-300 stay
        for paradigm in paradigms(head, kind, language):
            yield _extended(paradigm, "", "-" + tail.lower())


def _hyphenated(
    word: str, kind: Kind, language: Language, *, use_dictionary: bool
) -> Iterator[Paradigm]:
    """`Гора-Подол`: the last part inflects, or both do; `Ростов-на-Дону`: only the first."""
    parts = word.split("-")
    if len(parts) > 2 and parts[1].lower() in _PREPOSITIONS:  # noqa: PLR2004 - X-на-Y
        tail = "-" + "-".join(parts[1:]).lower()
        for paradigm in paradigms(parts[0], kind, language, use_dictionary=use_dictionary):
            yield _extended(paradigm, "", tail)
        return
    front = "-".join(parts[:-1])
    first = paradigms(front, kind, language, use_dictionary=use_dictionary)
    for paradigm in paradigms(parts[-1], kind, language, use_dictionary=use_dictionary):
        yield _extended(paradigm, front.lower() + "-", "")
        if paradigm.part == "noun" and not front.lower().endswith(("о", "е", "у", "и")):
            for other in first:
                if other.part in {"noun", "adjective"} and other.plural == paradigm.plural:
                    yield _aligned(other, paradigm)
        elif paradigm.part == "adjective":
            for other in first:
                if other.part == "noun" and other.gender == paradigm.gender:
                    yield _aligned(other, paradigm)


def _extended(paradigm: Paradigm, before: str, after: str) -> Paradigm:
    cells = tuple(cell._replace(text=before + cell.text + after) for cell in paradigm.cells)
    return paradigm._replace(cells=cells)


def _aligned(first: Paradigm, last: Paradigm) -> Paradigm:
    """Both parts in the same case and number."""
    cells = tuple(
        Cell(f"{one.text}-{two.text}", two.case, two.plural, two.gender, two.animate)
        for one in first.cells
        for two in last.cells
        if one.case == two.case and one.plural == two.plural and fits(one, two)
    )
    return last._replace(cells=cells, part="noun", why=f"{last.why}, both parts")


def fits(one: Cell, two: Cell) -> bool:
    """Whether two cells of one case and number can stand together: gender and animacy agree."""
    if one.gender and two.gender and one.gender != two.gender:
        return False
    return one.animate is None or two.animate is None or one.animate == two.animate
