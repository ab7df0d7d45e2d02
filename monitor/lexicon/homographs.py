"""Forms of a word that are likelier forms of another word: `мини` of мина, `стали` of сталь."""

from collections.abc import Iterable

from monitor.lexicon.dictionary import Language, Reading, known, readings
from monitor.lexicon.inflect import languages
from monitor.lexicon.readings import possible_languages

OWN = 0.25
"""The word's own share of a form's uses below which the form counts as another word's."""


def likelier(word: str, forms: Iterable[str]) -> dict[str, str]:
    """Form -> the other word's dictionary form, where that is what the form usually is.

    By the frequencies of the dictionary's corpus; only words that the dictionary knows.
    """
    found: dict[str, str] = {}
    meant: set[str] = set()
    every = list(forms)
    for language in languages(word):
        own = _lemmas(word.lower(), language)
        for form in every:
            if not own or not known(form, language):
                continue
            parses = readings(form, language)
            share = sum(one.score for one in parses if _lemma(one) in own)
            if share >= OWN * sum(one.score for one in parses) or _lemma(parses[0]) in own:
                meant.add(form)  # in one of its languages it is this word's
            else:
                found.setdefault(form, _lemma(parses[0]))
    return {form: lemma for form, lemma in found.items() if form not in meant}


def _lemmas(word: str, language: Language) -> frozenset[str]:
    return (
        frozenset(map(_lemma, readings(word, language))) if known(word, language) else frozenset()
    )


def _lemma(reading: Reading) -> str:
    lemma: str = reading.parse.normal_form
    return lemma


def is_common(form: str, name: str) -> bool:
    """Whether a form of a one-word name is also a common word: `левом` of Лев, `песков` of Песков.

    By the dictionaries alone. The Ukrainian one does not mark names of places: it is asked only of
    words that it knows as a person's name and as something else.
    """
    word, base = form.lower(), name.lower()
    for language in possible_languages(word):
        if not known(word, language):
            continue
        if language == "uk" and {bool(one.proper) for one in _known(base, "uk")} != {True, False}:
            continue
        if any(not one.proper and one.part != "other" for one in _known(word, language)):
            return True
    return False


def _known(word: str, language: Language) -> tuple[Reading, ...]:
    return tuple(one for one in readings(word, language) if one.known)
