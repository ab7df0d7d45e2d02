"""A name in every script (`@Гладков`, `@Graivoron`): forms, spellings, and the sister language's.

One name written once is found as Russian, Ukrainian and Latin-script writers put it.
"""

from collections.abc import Container, Iterator

from monitor.lexicon.cyrillise import cyrillic
from monitor.lexicon.form import Form, Kind, cased_like, distinct
from monitor.lexicon.given_names import PAIRS
from monitor.lexicon.inflect import forms
from monitor.lexicon.readings import is_term, possible_languages
from monitor.lexicon.romanise import latin_form, spellings
from monitor.lexicon.toponyms import adjectives

_TO_UKRAINIAN = (
    ("ский", "ський"), ("цкий", "цький"), ("ская", "ська"), ("ское", "ське"), ("йо", "йо"),
)  # fmt: skip
_LETTERS_UK = str.maketrans({"ы": "и", "э": "е", "ъ": "'", "и": "і"})
_LETTERS_RU = str.maketrans({"и": "и", "і": "и", "ї": "и", "є": "е", "ґ": "г"})
_HUSHES = "жчшщц"
_VOWELS = "аеёиоуыэюя"


def name_forms(
    name: str, *, kind: Kind = "name", known: Container[str] = (), relations: bool = False
) -> frozenset[Form]:
    """Every form of a name in Cyrillic and Latin script, the name itself included.

    `known` holds lower-case Cyrillic names beside the dictionaries' for names written in Latin
    script; `relations` adds a place's adjectives and regional nouns (курский, Полтавщина).
    """
    written = " ".join(name.split())
    made = [*forms(written, kind=kind)]
    if not is_term(written):
        return frozenset(made)
    sources = [Form(written, "as written")]
    if not possible_languages(written):
        sources = [*cyrillic(written, known)]
        for source in sources:
            made += _noted(forms(source.text, kind=kind), source)
    for source in sources:
        for sister in counterparts(source.text):
            made += _noted(forms(sister.text, kind=kind), sister)
            made += spellings(sister.text, fuzzy=False)
        made += spellings(source.text, fuzzy=not source.fuzzy)
        made += _own_latin(source.text)
        if relations:
            made += adjectives(source.text)
    return distinct(made)


def _noted(found: frozenset[Form], source: Form) -> Iterator[Form]:
    """Forms of another spelling, with its reason before theirs."""
    for form in found:
        yield form._replace(why=f"{source.why}; {form.why}", fuzzy=source.fuzzy)


def counterparts(name: str) -> frozenset[Form]:
    """The name as the other of the two languages writes it: Андрей Юсов, Андрій Юсов.

    First names by a table, other words by the rules for transcribing letters; only what differs.
    """
    words = name.split(" ")
    in_ukrainian = [_pair(word, 0, 1) or _ukrainian(word) for word in words]
    in_russian = [_pair(word, 1, 0) or _russian(word) for word in words]
    found: set[Form] = set()
    languages = _languages(words)
    if "ru" in languages and in_ukrainian != words:
        found.add(Form(" ".join(in_ukrainian), "Ukrainian spelling"))
    if "uk" in languages and in_russian != words:
        found.add(Form(" ".join(in_russian), "Russian spelling"))
    return frozenset(found)


def _languages(words: list[str]) -> frozenset[str]:
    """Which languages the name may be written in: letters decide, and first names."""
    allowed = set(possible_languages(" ".join(words)))
    for word in words:
        rows = [row for row in PAIRS if word.lower() in row[:2] and row[0] != row[1]]
        for row in rows:
            allowed &= {"ru" if word.lower() == row[0] else "uk"}
    return frozenset(allowed)


def _pair(word: str, this: int, other: int) -> str | None:
    """A first name's sister form."""
    lower = word.lower()
    return next(
        (cased_like(word, row[other]) for row in PAIRS if row[this] == lower), None
    )  # fmt: skip


def _ukrainian(word: str) -> str:
    """A Russian word in Ukrainian letters: Шебекино, Шебекіно; Тёткино, Тьоткіно."""
    lower = word.lower()
    for ending, other in _TO_UKRAINIAN:
        if lower.endswith(ending):
            return cased_like(word, _ukrainian(lower.removesuffix(ending)) + other)
    if lower.endswith(("ск", "цк")):
        return cased_like(word, _ukrainian(lower[:-1]) + "ьк")
    letters = []
    for index, letter in enumerate(lower):
        last = lower[index - 1] if index else ""
        if letter == "ё":
            letters.append("йо" if not last or last in _VOWELS else "ьо")
        elif letter == "е" and (not last or last in _VOWELS + "ьъ"):
            letters.append("є")
        elif letter == "и" and last and last in _HUSHES:
            letters.append("и")
        elif letter == "и" and last and last in _VOWELS:
            letters.append("ї")
        else:
            letters.append(letter.translate(_LETTERS_UK))
    return cased_like(word, "".join(letters))


def _russian(word: str) -> str:
    """A Ukrainian word in Russian letters: Зеленський, Зеленский."""
    lower = word.lower()
    for old, new in (("ськ", "ск"), ("цьк", "цк"), ("зьк", "зк"), ("йо", "ё"), ("ьо", "ё")):
        lower = lower.replace(old, new)
    return cased_like(word, lower.replace("'", "ъ").translate(_LETTERS_RU))


def _own_latin(name: str) -> Iterator[Form]:
    """Latin habits of a first name that no scheme gives, with the last name in all spellings."""
    first, _, rest = name.partition(" ")
    row = next((row for row in PAIRS if first.lower() in row[:2]), None)
    if row is None or not rest:
        return
    for form in spellings(rest, fuzzy=False):
        for given in row[2:]:
            yield latin_form(f"{given.capitalize()} {form.text}", "romanised: habit of the name")
