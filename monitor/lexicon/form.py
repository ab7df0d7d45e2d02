"""A surface form of a term, and the cells of a paradigm that forms are made from."""

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

Kind = Literal["word", "name", "place"]

CASES = ("nomn", "gent", "datv", "accs", "ablt", "loct", "voct")
"""Cases by their OpenCorpora names; Russian rules fill the first six."""


class Form(NamedTuple):
    """One way a term is written in a text, and why we think so.

    `why` is for people: `as written`, `dictionary ru`, `rule uk: -ів`, `adjective: -ский`,
    `plural`, `romanised: BGN/PCGN` ... `needs_capital` says that the same letters in lower case
    are another, common word; `fuzzy` that the spelling is a guess beyond any standard.
    """

    text: str
    why: str
    needs_capital: bool = False
    fuzzy: bool = False


class Cell(NamedTuple):
    """One cell of a paradigm: a form with its place, so that the words of a phrase can agree.

    `case` is one of CASES, or "" for what has none (verbs, adverbs); `gender` is masc, femn, neut,
    or "" in the plural and for what has none.
    """

    text: str
    case: str
    plural: bool
    gender: str
    animate: bool | None = None


class Paradigm(NamedTuple):
    """One reading of a word: its cells, what it is, and who says so.

    `gender` and `plural` describe the word as it was written (its nominative cell).
    """

    part: Literal["noun", "adjective", "verb", "other"]
    gender: str
    plural: bool
    cells: tuple[Cell, ...]
    why: str
    proper: bool = False


def distinct(forms: Iterable[Form]) -> frozenset[Form]:
    """One Form for each text; the first reason given stands."""
    first: dict[str, Form] = {}
    for form in forms:
        first.setdefault(form.text, form)
    return frozenset(first.values())


def cased_like(written: str, word: str) -> str:
    """`word` (lower case) with the capitals of `written`: none, all, or the first of each part."""
    if written.islower():
        return word
    if len(written) > 1 and written.isupper():
        return word.upper()
    olds, news = written.split("-"), word.split("-")
    if len(olds) != len(news):
        return word[:1].upper() + word[1:] if written[:1].isupper() else word
    return "-".join(
        new[:1].upper() + new[1:] if old[:1].isupper() else new
        for old, new in zip(olds, news, strict=True)
    )


def spread(stem: str, endings: str, gender: str, *, plural: bool) -> Iterator[Cell]:
    """The cells of `stem` with endings given case by case: "а ы е у ой/ою е".

    `-` is the empty ending; `/` separates equal ones.
    """
    for case, choice in zip(CASES, endings.split(), strict=False):
        for ending in choice.split("/"):
            yield Cell(
                stem + ("" if ending == "-" else ending), case, plural, "" if plural else gender
            )
