"""Names in Latin letters: every spelling of a Cyrillic name that schemes and habits give.

Nominative only, made when rules load. Spellings carry no diacritics: the fold takes é for e.
"""

from collections.abc import Iterator
from functools import lru_cache
from heapq import nsmallest
from itertools import combinations, product
from operator import itemgetter

from monitor.lexicon.english_words import COMMON
from monitor.lexicon.form import Form
from monitor.lexicon.inflect_en import possessives
from monitor.lexicon.readings import is_term, possible_languages
from monitor.lexicon.schemes import ENDINGS, MIXED, SCHEMES, Language

MIN_FUZZY = 5
"""Letters a name must have before spellings beyond any one scheme are tried."""
MAX_MIXED = 64
"""So many spellings beyond the schemes a name has at most, endings apart."""
MIXED_WORDS = {2: 12, 3: 5}
"""In a name of so many words, how many spellings of each are combined."""
ENDED = 6
"""How many of a name's mixed spellings also take the endings of other languages."""
ALWAYS_CAPITAL = 4
"""Spellings this short are words of some language: they count only with a capital."""

_VOWELS = frozenset("аеёиоуыэюяіїє")
_PAIRS = ("сс", "нн", "лл", "тт", "кс", "ье", "ьё", "дж", "зг", "ьо", "цк")


@lru_cache(maxsize=4096)
def spellings(
    name: str, *, language: str | None = None, possessive: bool = True, fuzzy: bool = True
) -> frozenset[Form]:
    """The Latin spellings of a Cyrillic name, with the scheme of each; none for other scripts.

    `needs_capital` marks those that are also common English words (never, snow); `fuzzy` those
    that mix habits of several schemes, only for names of MIN_FUZZY letters or more.
    """
    found: dict[str, Form] = {}
    allowed = possible_languages(name) if is_term(name) else ()
    for one in allowed if language is None else [one for one in allowed if one == language]:
        for form in _spelt(" ".join(name.split()), one, fuzzy=fuzzy):
            if form.text not in found or (found[form.text].fuzzy and not form.fuzzy):
                found[form.text] = form
    if possessive:
        for form in tuple(found.values()):
            for text in possessives(form.text):
                found.setdefault(text, form._replace(text=text, why=f"{form.why}, possessive"))
    return frozenset(found.values())


def _spelt(name: str, language: Language, *, fuzzy: bool) -> Iterator[Form]:
    """Scheme by scheme; the words of a name follow the same scheme."""
    words = name.split(" ")
    for scheme in SCHEMES[language]:
        options = [_word(word.lower(), scheme, language) for word in words]
        for chosen in product(*(option[: _limit(len(words))] for option in options)):
            yield _form(words, [text for text, _ in chosen], f"romanised: {scheme}", fuzzy=False)
    if not fuzzy or sum(map(str.isalpha, name)) < MIN_FUZZY:
        return
    if len(words) == 1:
        for text in _ended(words[0].lower(), language):
            yield _form(words, [text], "romanised: mixed habits", fuzzy=True)
    elif len(words) in MIXED_WORDS:
        every = [_mixed(word.lower(), language, MIXED_WORDS[len(words)]).items() for word in words]
        for each in nsmallest(MAX_MIXED, product(*every), key=lambda each: sum(c for _, c in each)):
            yield _form(words, [text for text, _ in each], "romanised: mixed habits", fuzzy=True)


def _limit(words: int) -> int:
    """How many spellings of each word are combined."""
    return 400 if words == 1 else 6 if words == 2 else 3  # noqa: PLR2004 - one word, two, more


def _form(written: list[str], texts: list[str], why: str, *, fuzzy: bool) -> Form:
    text = " ".join(
        "-".join(part[:1].upper() + part[1:] if whole[:1].isupper() else part
                 for part in word.split("-"))
        for whole, word in zip(written, texts, strict=True)
    )  # fmt: skip
    return latin_form(text, why, fuzzy=fuzzy)


def latin_form(text: str, why: str, *, fuzzy: bool = False) -> Form:
    """A Latin spelling; short ones and English words count only with a capital."""
    plain = text.lower()
    common = plain in COMMON or len(plain) <= ALWAYS_CAPITAL
    return Form(text, why, needs_capital=common, fuzzy=fuzzy)


@lru_cache(maxsize=4096)
def _word(word: str, scheme: str, language: Language) -> tuple[tuple[str, int], ...]:
    """Spellings of a lower-case word in a scheme, with how many letters deviate from it.

    A deviation holds for every occurrence of its letter: people are consistent.
    """
    table = SCHEMES[language][scheme]
    units = signs(word)
    standard = {
        unit: (table.get(unit) or table.get(unit.lower(), "")).split("/") for unit in set(units)
    }
    loose = [(unit, choice) for unit in sorted(standard) for choice in standard[unit][1:]]
    found: dict[str, int] = {}
    for size in range(3):
        for deviating in combinations(loose, size):
            chosen = dict(deviating)
            if len(chosen) == size:
                text = "".join(chosen.get(unit, standard[unit][0]) for unit in units)
                found.setdefault(text, size)
    return tuple(found.items())


def signs(word: str) -> list[str]:
    """The units of a lower-case word that tables speak of: letters, pairs, letters in position."""
    units: list[str] = []
    index = 0
    while index < len(word):
        rest = word[index:]
        last = word[index - 1] if index else "-"
        pair = next((pair for pair in _PAIRS if rest.startswith(pair)), "")
        start = last in _VOWELS or last in "ьъ' -"
        if rest in {"ий", "ый"}:
            units.append(rest + "$")
            index += 2
        elif pair:
            units.append(pair)
            index += 2
        elif rest.startswith("ие"):
            units.append("и+е")
            index += 2
        elif rest[0] == "ё" and last in "жчшщ":
            units.append("Ё")
            index += 1
        elif rest[0] in "еєїюя" and start and (rest[0] == "е" or last in "ьъ' -"):
            units.append(rest[0].upper())
            index += 1
        else:
            units.append(rest[0])
            index += 1
    return units


def _mixed(word: str, language: Language, most: int) -> dict[str, int]:
    """Spellings that take letters from several schemes: the likeliest of all, with their costs."""
    table = MIXED[language]
    best: dict[str, int] = {"": 0}
    for choices in (_habits(table, unit) for unit in signs(word)):
        longer: dict[str, int] = {}
        for text, cost in best.items():
            for more, extra in choices:
                whole, total = text + more, cost + extra
                if longer.get(whole, total + 1) > total:
                    longer[whole] = total
        best = dict(nsmallest(most, longer.items(), key=itemgetter(1)))
    return best


def _ended(word: str, language: Language) -> Iterator[str]:
    """Mixed spellings, and the likeliest of them with the endings of other languages."""
    best = tuple(_mixed(word, language, MAX_MIXED))
    yield from best
    last = word[-1:] if word[-1:] in ENDINGS else ""
    if last == "ь":
        stems = dict.fromkeys(_mixed(word[:-1], language, ENDED))
    elif last:
        stems = dict.fromkeys(text[:-1] for text in best[:ENDED])
    else:
        stems = dict.fromkeys(best[:ENDED])
    endings = ENDINGS[last] + (ENDINGS["ск"] if word.endswith("ск") else ())
    yield from (stem + ending for stem in stems for ending in endings)


def _habits(
    table: dict[str, tuple[tuple[str, int], ...]], unit: str
) -> tuple[tuple[str, int], ...]:
    """What is made of a unit; of a letter in position, what is made of it elsewhere."""
    return table.get(unit) or table.get(unit.lower(), ())
