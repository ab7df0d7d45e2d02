"""What a term is looked for as: every way in which it may stand in a text."""

from collections.abc import Callable, Collection, Container, Iterable, Iterator
from itertools import product
from math import prod
from typing import NamedTuple

from monitor.lexicon import foreign
from monitor.lexicon.derive import derivations
from monitor.lexicon.form import Form
from monitor.lexicon.homographs import is_common
from monitor.lexicon.inflect import forms
from monitor.lexicon.names import name_forms
from monitor.lexicon.romanise import latin_form
from monitor.lexicon.terms import ParsedTerm, TermProblem
from monitor.text.symbols import UMLAUTS, cased_symbols, strict_symbols

MAX_SURFACES = 10_000

Inflect = Callable[[str], Iterable[str]]
"""The forms of a word or phrase, itself among them."""


class Surface(NamedTuple):
    """One way in which a term stands in a text.

    `words` are strict symbols (scripts apart); a trailing `*` marks a beginning. `cased` holds the
    same words with their capitals when only those will do; a `tag` is a hashtag in the text.
    """

    words: tuple[str, ...]
    cased: tuple[str, ...] = ()
    tag: bool = False


def as_written(phrase: str) -> Iterable[str]:
    """No other forms: how terms are matched until forms are switched on."""
    return (phrase,)


def surfaces(
    parsed: ParsedTerm, inflect: Inflect = as_written
) -> tuple[Surface, ...] | TermProblem:
    """Every way in which the term stands in a text, sorted; a problem if they are too many.

    Of `a ~5 b`, every way in which either side stands. A regular expression has none: it is looked
    for by itself.
    """
    if parsed.kind == "expression":
        return ()
    if parsed.near:
        left, right = (surfaces(side, inflect) for side in parsed.near[:2])
        if isinstance(left, TermProblem) or isinstance(right, TermProblem):
            return left if isinstance(left, TermProblem) else right
        return _bounded({*left, *right})
    if parsed.kind == "name":
        name = parsed.phrase
        named = {surface for form in name_forms(name) for surface in _of_name(form, name)}
        return _bounded({one for one in named if not _possessive(one, named)})
    phrases = _phrases(parsed, inflect)
    if isinstance(phrases, TermProblem):
        return phrases
    found = {
        surface
        for phrase in phrases
        for spelling in _spellings(phrase)
        if (surface := _surface(spelling, cased=parsed.cased)).words
    }
    if parsed.kind == "tag":
        found = {one._replace(tag=True) for one in found}
    return _bounded(found)


def _phrases(parsed: ParsedTerm, inflect: Inflect) -> Iterable[str] | TermProblem:
    """The term in all its forms; a problem if they are too many."""
    if parsed.exact:
        return (parsed.phrase,)
    if parsed.kind == "related" or parsed.language:
        marked = parsed.language
        made = in_language(parsed.phrase, marked) if marked else derivations(parsed.phrase)
        return sorted({form.text for form in made})
    if not any("*" in word for word in parsed.words):
        return _forms(parsed.phrase, inflect)
    # A beginning has no forms; the words beside it get theirs one by one.
    choices = [(word,) if "*" in word else _forms(word, inflect) for word in parsed.words]
    count = prod(map(len, choices))
    if count > MAX_SURFACES:
        return _too_many(count)
    return [" ".join(chosen) for chosen in product(*choices)]


def in_language(phrase: str, language: str) -> frozenset[Form]:
    """The forms of a phrase in a language that is named."""
    if language in foreign.LANGUAGES:
        return foreign.forms(phrase, language)
    return forms(phrase, language=language)


def _of_name(form: Form, name: str) -> Iterator[Surface]:
    """How a form of a name is written: in any capitals, unless it is a common word without."""
    for text in _spellings(form.text):
        if form.needs_capital or _is_common(text, name):
            shown = " ".join(word[:1].upper() + word[1:] for word in text.split())
            for capitals in dict.fromkeys((shown, shown.upper())):
                yield _surface(capitals, cased=True)
        else:
            yield _surface(text, cased=False)


def _is_common(text: str, name: str) -> bool:
    """Whether the letters are also a common word; of several words, only in Latin letters."""
    if text.isascii():
        return latin_form(text, "").needs_capital
    return " " not in name and is_common(text, name)


def _possessive(surface: Surface, among: Container[Surface]) -> bool:
    """Whether the name is found there anyhow: in `Snow's` the words are `snow` and `s`."""
    words, cased, _ = surface
    return words[-1] == "s" and Surface(words[:-1], cased[:-1]) in among


def _bounded(found: Collection[Surface]) -> tuple[Surface, ...] | TermProblem:
    return tuple(sorted(found)) if len(found) <= MAX_SURFACES else _too_many(len(found))


def _too_many(count: int) -> TermProblem:
    return TermProblem(
        f"the term has {count} forms", "write =word for the words that need only one form"
    )


def _forms(phrase: str, inflect: Inflect) -> tuple[str, ...]:
    return tuple(sorted({phrase, *inflect(phrase)}))


_UMLAUTS = frozenset("".join(UMLAUTS).lower() + "".join(UMLAUTS).upper())


def _spellings(phrase: str) -> tuple[str, ...]:
    """The phrase, and with its umlauts written out: `Müller`, `Mueller`."""
    if _UMLAUTS.isdisjoint(phrase):
        return (phrase,)
    written_out = phrase
    for letter, other in UMLAUTS.items():
        written_out = written_out.replace(letter, other)
        written_out = written_out.replace(letter.upper(), other.capitalize())
    return (phrase, written_out)


def _surface(spelling: str, *, cased: bool) -> Surface:
    words = _split(spelling, strict_symbols)
    return Surface(words, _split(spelling, cased_symbols) if cased else ())


def _split(spelling: str, symbols: Callable[[str], str]) -> tuple[str, ...]:
    """The words of a spelling in symbols; a part's `*` stays at the last of its words."""
    if "*" not in spelling:
        return tuple(symbols(spelling).split())
    words: list[str] = []
    for part in spelling.split():
        split = symbols(part.rstrip("*")).split()
        if split and part.endswith("*"):
            split[-1] += "*"
        words += split
    return tuple(words)
