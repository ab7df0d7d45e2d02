"""Forms of a word that are likelier forms of another word: `мини` of мина, `стали` of сталь."""

from collections.abc import Iterable

from monitor.lexicon.dictionary import Language, Reading, known, readings
from monitor.lexicon.inflect import languages

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
