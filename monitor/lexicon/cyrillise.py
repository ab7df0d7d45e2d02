"""Names back into Cyrillic: a rule that says Graivoron finds Грайвороне.

A Latin spelling stands for many Cyrillic ones; those are kept that a dictionary or the caller's
names know, and the likeliest reading otherwise.
"""

from collections.abc import Container, Iterator
from functools import cache
from heapq import nsmallest
from operator import itemgetter

from monitor.lexicon import dictionary
from monitor.lexicon.form import Form
from monitor.lexicon.readings import is_term
from monitor.lexicon.schemes import MIXED, SCHEMES, Language

MAX_READINGS = 300
"""Readings of one word that are looked up."""

_SOFT = {"ru": {"л": 10, "н": 14, "т": 16, "р": 16, "д": 20, "с": 18}, "uk": {"л": 8, "н": 12}}
_NO_Y = frozenset("гкхжшчщ")
_UNIT = 4
_NEAR = 9
_LONGEST = 7
_RARE = 24


def cyrillic(name: str, known: Container[str] = ()) -> frozenset[Form]:
    """The Cyrillic names (nominative) that a Latin spelling may stand for.

    `known` holds lower-case names besides the dictionaries' (a gazetteer's). A word that nobody
    knows gets its likeliest reading in each language, marked `fuzzy`.
    """
    words = name.split()
    if not is_term(name) or not all(_is_latin(word) for word in words):
        return frozenset()
    found: dict[str, Form] = {}
    languages: tuple[Language, ...] = ("ru", "uk")
    for language in languages:
        readings = [_word(word.lower(), language, known) for word in words]
        if all(readings):
            fuzzy = any(guessed for _, guessed in readings)
            choices = [texts for texts, _ in readings]
            rows = [[text] for text in choices[0]]
            for texts in choices[1:]:
                rows = [[*row, text] for row in rows for text in texts]
            for row in rows[:16]:
                text = " ".join(_title(part) for part in row)
                form = Form(text, f"read back: {language}", fuzzy=fuzzy)
                if text not in found or found[text].fuzzy:
                    found[text] = form
    return frozenset(found.values())


def _word(word: str, language: Language, known: Container[str]) -> tuple[tuple[str, ...], bool]:
    """Known readings of a lower-case word, else the likeliest one; and whether it is a guess."""
    if "-" in word:
        parts = [_readings(part, language) for part in word.split("-") if part]
        whole = "-".join(ranked[0][0] for ranked in parts if ranked)
        return ((whole,), whole not in known) if whole else ((), True)
    ranked = _readings(word.replace("'", ""), language)
    names = [pair for pair in ranked if pair[0] in known or _is_name(pair[0], language)]
    near = tuple(text for text, cost in names if cost <= names[0][1] + _NEAR)
    return (near[:4], False) if names else (tuple(text for text, _ in ranked[:1]), True)


def _is_name(word: str, language: Language) -> bool:
    """Whether the dictionary has the word as a name in the nominative."""
    if not dictionary.known(word, language):
        return False
    return any(
        one.known and one.nominative and one.part == "noun" and not one.plural
        and (one.proper or language == "uk")
        for one in dictionary.readings(word, language)
    )  # fmt: skip


def _readings(word: str, language: Language) -> list[tuple[str, int]]:
    """Cyrillic readings and their costs, likeliest first."""
    table = _reverse(language)
    beams: list[dict[str, int]] = [{} for _ in range(len(word) + 1)]
    beams[0][""] = 0
    for at in range(len(word)):
        for text, cost in nsmallest(MAX_READINGS, beams[at].items(), key=itemgetter(1)):
            for size in range(1, min(_LONGEST, len(word) - at) + 1):
                for letters, extra in table.get(word[at : at + size], ()):
                    if _misplaced(letters, at, at + size == len(word)):
                        continue
                    whole = text + letters.rstrip("$").lower()
                    total = cost + extra + _UNIT + _odd(letters, text)
                    beam = beams[at + size]
                    if beam.get(whole, total + 1) > total:
                        beam[whole] = total
    return nsmallest(MAX_READINGS, beams[-1].items(), key=lambda pair: (pair[1], pair[0]))


def _misplaced(letters: str, at: int, last: bool) -> bool:  # noqa: FBT001 - position in a word
    """Endings stand at the end; a sign or й does not begin a word."""
    return (letters.endswith("$") and not last) or (at == 0 and letters[0] in "йьъы")


def _odd(letters: str, before: str) -> int:
    """What makes a reading unlikely: ы or ь after a vowel, й after a consonant."""
    if letters[0] == "ы" and before[-1:] in _NO_Y:
        return 40
    after_vowel = before[-1:] in "аеёиоуыэюяіїє" if before else False
    if letters[0] in "ыьъ" and after_vowel:
        return 40
    if letters[0] == "й":
        return 0 if after_vowel else 40
    if letters[0] in "иі" and after_vowel:
        return 8
    return 12 if letters[0] == "э" else 0


@cache
def _reverse(language: Language) -> dict[str, tuple[tuple[str, int], ...]]:
    """Latin piece -> (Cyrillic unit, cost): the mixed habits turned round, and the schemes'."""
    costs: dict[str, dict[str, int]] = {}
    for text, unit, cost in _pieces(language):
        letters = unit.replace("+", "").replace("'", "")
        if text.strip("- ") and letters.strip("-$ "):
            entry = costs.setdefault(text, {})
            entry[letters] = min(cost, entry.get(letters, cost))
    return {text: tuple(entry.items()) for text, entry in costs.items()}


def _pieces(language: Language) -> Iterator[tuple[str, str, int]]:
    """Latin piece, Cyrillic unit, cost: what forward tables say, lost signs and lost й."""
    for unit, choices in MIXED[language].items():
        yield from ((text, unit, cost) for text, cost in choices)
    for table in SCHEMES[language].values():
        for unit, texts in table.items():
            yield from ((text, unit, _RARE) for text in texts.split("/"))
    for letter, cost in _SOFT[language].items():
        yield from ((text, letter + "ь", cost + extra) for text, extra in MIXED[language][letter])
    yield from (("a", "ай", _RARE), ("e", "ей", _RARE), ("o", "ой", _RARE))
    if language == "uk":
        yield from (("sk", "ськ", 0), ("tsk", "цьк", 0), ("zk", "зьк", 4))


def _is_latin(word: str) -> bool:
    return word.replace("-", "").replace("'", "").isascii() and word[:1].isalpha()


def _title(word: str) -> str:
    return "-".join(part[:1].upper() + part[1:] for part in word.split("-"))
