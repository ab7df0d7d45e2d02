"""What the dictionaries know: pymorphy3's analysers for Russian and Ukrainian, loaded once each.

Source of the word data: OpenCorpora (ru) and LanguageTool (uk), as packaged in
pymorphy3-dicts-ru and -uk. Loading takes about 0.2 s and 20 MB a language, on first use.
"""

from collections.abc import Iterable
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from monitor.lexicon.form import Cell, Paradigm

if TYPE_CHECKING:
    import pymorphy3
    from pymorphy3.analyzer import Parse
    from pymorphy3.tagset import OpencorporaTag

Language = Literal["ru", "uk"]

_ADJECTIVES = frozenset({"ADJF", "PRTF"})
_VERBS = frozenset({"INFN", "VERB", "GRND", "PRTS", "ADJS"})
PROPER = frozenset({"Geox", "Name", "Surn", "Patr", "Orgn", "Trad"})
_DEGREES = frozenset(
    {"ADJF", "ADJS", "COMP", "Supr", "Cmp2", "PRTF", "PRTS", "INFN", "VERB", "GRND"}
    | {"actv", "pssv"}
)
_GENDERS = ("masc", "femn", "neut")


Degree = frozenset[str] | None
"""The grammemes of degree and voice that are wanted; None: whatever they are."""
Rest = tuple[str, bool, str, bool | None]
"""A cell but for its text."""


class Reading(NamedTuple):
    """One parse of a word: what part of speech, where in its paradigm, and how likely.

    `proper` names the kind of name, if any: Geox, Surn, Name ...
    """

    part: Literal["noun", "adjective", "verb", "other"]
    nominative: bool
    gender: str
    plural: bool
    known: bool
    proper: frozenset[str]
    score: float
    parse: "Parse"


@cache
def analyser(language: Language) -> "pymorphy3.MorphAnalyzer":
    """The analyser of a language, loaded on first use."""
    import pymorphy3  # noqa: PLC0415 - a daemon whose rules are made ready needs none of it

    return pymorphy3.MorphAnalyzer(lang=language)


@lru_cache(maxsize=4096)
def readings(word: str, language: Language) -> tuple[Reading, ...]:
    """All parses of a lower-case word, likeliest first; guesses for unknown words included."""
    return tuple(_reading(parse, language) for parse in analyser(language).parse(word))


@lru_cache(maxsize=4096)
def known(word: str, language: Language) -> bool:
    """Whether the dictionary itself has the word (any form), not only a guess by its ending."""
    return bool(analyser(language).word_is_known(word))


def _reading(parse: "Parse", language: Language) -> Reading:
    grammemes: frozenset[str] = parse.tag.grammemes
    part: Literal["noun", "adjective", "verb", "other"] = "other"
    if "NOUN" in grammemes:
        part = "noun"
    elif grammemes & _ADJECTIVES:
        part = "adjective"
    elif grammemes & _VERBS:
        part = "verb"
    return Reading(
        part=part,
        nominative="nomn" in grammemes or (part == "noun" and _caseless_base(parse)),
        gender=_gender(grammemes),
        plural="plur" in grammemes,
        known=known(parse.word, language),
        proper=grammemes & PROPER,
        score=float(parse.score),
        parse=parse,
    )


def _caseless_base(parse: "Parse") -> bool:
    """The Ukrainian dictionary leaves the nominative's case out for some 1,900 nouns."""
    return not parse.tag.case and bool(parse.normal_form == parse.word)


def _gender(grammemes: frozenset[str]) -> str:
    return next((gender for gender in _GENDERS if gender in grammemes), "")


def is_infinitive(reading: Reading) -> bool:
    """Whether it is a verb's base form; the two dictionaries tag that differently."""
    return bool(reading.parse.tag.grammemes & {"INFN", "infn"})


def paradigm(reading: Reading, language: Language) -> Paradigm:
    """The whole lexeme of a parse, cell by cell; of an adjective, its own degree and voice."""
    own = reading.parse.tag.grammemes & _DEGREES if reading.part == "adjective" else None
    return Paradigm(
        reading.part,
        reading.gender,
        reading.plural,
        tuple(_lexeme(reading, language, own)),
        f"dictionary {language}" if reading.known else f"dictionary's guess {language}",
        proper=bool(reading.proper),
    )


def _lexeme(reading: Reading, language: Language, own: Degree) -> Iterable[Cell]:
    """The cells of a parse's lexeme; of one degree or voice only, if that is given."""
    stack = reading.parse.methods_stack
    if len(stack) > 1 or not reading.known:
        return [
            _cell(one.word, one.tag)
            for one in reading.parse.lexeme
            if own is None or one.tag.grammemes & _DEGREES == own
        ]
    # A word of the dictionary: its paradigm by number, without building a Parse for each form.
    _, word, number, index = stack[0]
    prefix, _, suffix = _written(number, language)[index]
    stem = word[len(prefix) : len(word) - len(suffix)]
    return [
        _made(Cell, (before + stem + after, *rest))
        for before, after, rest in _endings(number, language, own)
    ]


_made = tuple.__new__
"""A `Cell` in half the time that its own name takes: words of 10,000 rules have half a million."""


@cache
def _written(number: int, language: Language) -> "list[tuple[str, OpencorporaTag, str]]":
    """A paradigm of the dictionary: prefix, tag, suffix of each form."""
    found: list[tuple[str, OpencorporaTag, str]]
    found = analyser(language).dictionary.build_paradigm_info(number)
    return found


@cache
def _endings(number: int, language: Language, own: Degree) -> tuple[tuple[str, str, Rest], ...]:
    """A paradigm: prefix, suffix, and the rest of its cell, of each form (of one degree)."""
    return tuple(
        (prefix, suffix, _cell("", tag)[1:])
        for prefix, tag, suffix in _written(number, language)
        if own is None or tag.grammemes & _DEGREES == own
    )


def _cell(text: str, tag: "OpencorporaTag") -> Cell:
    grammemes: frozenset[str] = tag.grammemes
    animate = True if "anim" in grammemes else False if "inan" in grammemes else None
    plural = "plur" in grammemes
    case = str(tag.case or ("nomn" if "NOUN" in grammemes else ""))
    case = {"gen2": "gent", "loc2": "loct", "acc2": "accs"}.get(case, case)
    return Cell(text, case, plural, "" if plural else _gender(grammemes), animate)


def same_sort(word: str, language: Language) -> tuple[str, ...]:
    """Forms that can stand in the word's place in a clause, when the dictionary knows the word.

    A verb in all persons, numbers and tenses; a short adjective or participle in all genders; a
    nominative noun in both numbers; anything else as it is.
    """
    best = next((one for one in readings(word, language) if one.known), None)
    if best is None:
        return ()
    if best.part == "verb":
        pos = best.parse.tag.POS
        wanted = {"VERB", "INFN"} if pos in {"VERB", "INFN"} else {pos}
        return tuple(one.word for one in best.parse.lexeme if one.tag.POS in wanted)
    if best.part == "noun" and best.nominative:
        return tuple(one.word for one in best.parse.lexeme if one.tag.case == "nomn")
    return ()
