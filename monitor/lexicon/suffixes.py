"""Inflection by endings alone, for names that no dictionary knows: how a table of rules is read."""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from monitor.lexicon.form import Cell, Kind, Paradigm, spread


class Rule(NamedTuple):
    """One declension of words with an ending.

    `ending` is a regular expression at the word's end, over lower-case letters. `singular` lists
    case endings (see `form.spread`); its first one is taken off the word to get the stem. `plural`
    likewise, on the same stem. `oblique` rewrites the stem where a fleeting vowel goes or comes:
    before every ending but the nominative's when that is bare (("ок$", "к"): городок, городка),
    only in the bare genitive otherwise (("к$", "ок"): Химки, Химок).
    `only` limits the rule to kinds: p(lace), n(ame), w(ord). `also` lets the search go on.
    """

    ending: str
    gender: str
    singular: str = ""
    plural: str = ""
    oblique: tuple[str, str] | None = None
    only: str = "pnw"
    also: bool = False
    part: str = "noun"


class Book(NamedTuple):
    """The rules of one language by last letter, in order: the first that fits a word is used."""

    language: str
    rules: dict[str, tuple[Rule, ...]]


def book(language: str, letters: str, rules: tuple[Rule, ...]) -> Book:
    """Rules made ready: each filed under the last letters that it can hold for."""
    return Book(
        language,
        {letter: tuple(rule for rule in rules if _can_end_in(rule, letter)) for letter in letters},
    )


@cache
def _at_end(ending: str) -> re.Pattern[str]:
    """An ending's expression, made when it is first looked for: most processes never do."""
    return re.compile(f"(?:{ending})$")


def _can_end_in(rule: Rule, letter: str) -> bool:
    """Whether the nominative of the rule can end in the letter ("-": any consonant)."""
    nominative = (rule.singular or rule.plural).split()[0].split("/")[0]
    return nominative.endswith(letter) if nominative != "-" else letter not in "аеёиоуыэюяіїєьй"


def decline(words: Book, word: str, kind: Kind) -> Iterator[Paradigm]:
    """The paradigms that the book's rules give to a lower-case word."""
    for rule in words.rules.get(word[-1:], ()):
        if kind[0] not in rule.only:
            continue
        match = _at_end(rule.ending).search(word)
        if match is None:
            continue
        yield Paradigm(
            part="adjective" if rule.part == "adjective" else "noun",
            gender=rule.gender,
            plural=not rule.singular,
            cells=tuple(_cells(word, rule, with_plural=kind != "place")),
            why=f"rule {words.language}: -{match.group()}",
        )
        if not rule.also:
            return


def _cells(word: str, rule: Rule, *, with_plural: bool) -> Iterator[Cell]:
    """All cells: what equals the nominative as written, the rest on the oblique stem."""
    nominative = (rule.singular or rule.plural).split()[0].split("/")[0]
    stem = word if nominative == "-" else word[: len(word) - len(nominative)]
    oblique = re.sub(rule.oblique[0], rule.oblique[1], stem) if rule.oblique else stem
    bare = nominative in {"-", "ь", "й"}
    changed, kept = (oblique, oblique + nominative.strip("-")) if bare else (stem, stem)
    cells = [*spread(changed, rule.singular, rule.gender, plural=False)]
    if rule.plural and (with_plural or not rule.singular):
        cells += spread(changed, rule.plural, rule.gender, plural=True)
    for cell in cells:
        if cell.text != kept:
            yield cell
        else:
            yield cell._replace(text=word if bare else oblique)
