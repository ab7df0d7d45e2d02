"""What the dictionaries know: pymorphy3's analysers for Russian and Ukrainian, loaded once each.

Source of the word data: OpenCorpora (ru) and LanguageTool (uk), as packaged in
pymorphy3-dicts-ru and -uk. Loading takes about 0.2 s and 20 MB a language, on first use.
"""

from collections.abc import Iterator
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
    cells = tuple(
        cell for cell, degree in _lexeme(reading, language) if own is None or degree == own
    )
    return Paradigm(
        reading.part,
        reading.gender,
        reading.plural,
        cells,
        f"dictionary {language}" if reading.known else f"dictionary's guess {language}",
        proper=bool(reading.proper),
    )


def _lexeme(reading: Reading, language: Language) -> Iterator[tuple[Cell, frozenset[str]]]:
    """The cells of a parse's lexeme, each with its degree or voice."""
    stack = reading.parse.methods_stack
    if len(stack) > 1 or not reading.known:
        for one in reading.parse.lexeme:
            yield _cell(one.word, one.tag), one.tag.grammemes & _DEGREES
        return
    # A word of the dictionary: its paradigm by number, without building a Parse for each form.
    _, word, number, index = stack[0]
    endings = _endings(number, language)
    prefix, suffix = endings[index][:2]
    stem = word[len(prefix) : len(word) - len(suffix)]
    for before, after, cell, degree in endings:
        yield cell._replace(text=before + stem + after), degree


@cache
def _endings(number: int, language: Language) -> tuple[tuple[str, str, Cell, frozenset[str]], ...]:
    """A paradigm of the dictionary: prefix, suffix, cell without text, degree of each form."""
    info = analyser(language).dictionary.build_paradigm_info(number)
    return tuple(
        (prefix, suffix, _cell("", tag), tag.grammemes & _DEGREES) for prefix, tag, suffix in info
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
