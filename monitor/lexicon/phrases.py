"""Phrases: the head inflects, its adjectives and appositions agree, the tail stays.

`Белгородская область`, `Новая Таволжанка`, `Андрей Юсов`, `Легион «Свобода России»`, `система
залпового огня`, `сбит дрон`.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

from monitor.lexicon import dictionary
from monitor.lexicon.dictionary import Language
from monitor.lexicon.form import Cell, Form, Kind, Paradigm, cased_like
from monitor.lexicon.readings import fits, paradigms

MAX_FORMS = 400
"""More surfaces than this for one phrase are not made: the words that vary least vary."""

_TOKEN = re.compile(r"([^\w]*)(.*?)([^\w]*)$")
_OPENING = frozenset("«„“\"'(")


class Token(NamedTuple):
    """A word of a phrase with the punctuation around it."""

    before: str
    word: str
    after: str

    def written(self, word: str) -> str:
        """The token with another form of its word, capitals kept."""
        return self.before + cased_like(self.word, word) + self.after


class Shape(NamedTuple):
    """The nominal structure found: modifiers before the head, the head, appositions after it."""

    modifiers: tuple[Paradigm, ...]
    head: Paradigm
    appositions: tuple[Paradigm, ...]


def tokens(phrase: str) -> list[Token]:
    """The words of a phrase."""
    parts = (_TOKEN.match(part) for part in phrase.split())
    return [Token(*part.groups()) for part in parts if part and part.group(2)]


def phrase_forms(
    phrase: str, kind: Kind, language: Language, *, use_dictionary: bool = True
) -> Iterator[Form]:
    """Every form of a phrase of two or more words in one language."""
    words = tokens(phrase)
    readings = [
        paradigms(word.word, kind, language, use_dictionary=use_dictionary) for word in words
    ]
    shape = _shape(words, readings)
    if shape is not None:
        yield from _nominal(words, shape, kind)
    elif use_dictionary:
        yield from _clause(words, language)


def _shape(words: Sequence[Token], readings: Sequence[tuple[Paradigm, ...]]) -> Shape | None:
    """The longest run of agreeing adjectives before a noun, and what agrees after it."""
    for at in range(len(words) - 1, -1, -1):
        if any(word.before and index for index, word in enumerate(words[: at + 1])):
            continue
        for head in sorted(readings[at], key=lambda reading: reading.part != "noun"):
            if head.part != "noun" and not (at == 0 and head.part == "adjective"):
                continue
            modifiers = [_agreeing(options, head) for options in readings[:at]]
            if all(modifiers):
                found = tuple(one for one in modifiers if one is not None)
                return Shape(found, head, tuple(_appositions(words, readings, at, head)))
    return None


def _agreeing(options: Sequence[Paradigm], head: Paradigm) -> Paradigm | None:
    """An adjective that stands in the head's number and gender."""
    for option in options:
        same = option.plural == head.plural and (
            head.plural or not head.gender or not option.gender or option.gender == head.gender
        )
        if option.part == "adjective" and same:
            return option
    return None


def _appositions(
    words: Sequence[Token], readings: Sequence[tuple[Paradigm, ...]], at: int, head: Paradigm
) -> Iterator[Paradigm]:
    """Paradigms of the words right after the head that stand in the nominative too."""
    for word, options in zip(words[at + 1 :], readings[at + 1 :], strict=True):
        if word.before and word.before[0] in _OPENING:
            return
        same = [option for option in options if option.plural == head.plural]
        if words[at].word[:1].isupper():
            same.sort(key=lambda option: option.gender != head.gender)
        chosen = next((one for one in same if one.part == "noun"), None) or _agreeing(same, head)
        if chosen is None:
            return
        yield chosen


def _nominal(words: Sequence[Token], shape: Shape, kind: Kind) -> Iterator[Form]:
    """Head and modifiers in every case; the tail as written, and with appositions agreeing."""
    at = len(shape.modifiers)
    named = shape.head.proper and bool(shape.appositions)
    for cell in shape.head.cells:
        if cell.plural != shape.head.plural and (kind != "word" or named):
            continue
        if not cell.plural and shape.head.part == "noun" and _other_gender(cell, shape.head):
            continue
        start = [_agreeing_texts(option, cell) for option in shape.modifiers]
        tail = [_agreeing_texts(option, cell) for option in shape.appositions]
        if cell.text.endswith(("ою", "ею")) and _is_variant(cell, shape.head):
            continue
        for choice in product(*start, (cell.text,)):
            front = [word.written(text) for word, text in zip(words, choice, strict=False)]
            if not tail or not (kind == "name" or named):
                yield Form(" ".join([*front, *_as_written(words[at + 1 :])]), shape.head.why)
            for ends in product(*tail) if tail else ():
                middle = [w.written(t) for w, t in zip(words[at + 1 :], ends, strict=False)]
                rest = _as_written(words[at + 1 + len(ends) :])
                yield Form(" ".join([*front, *middle, *rest]), f"{shape.head.why}, agreeing")


def _other_gender(cell: Cell, head: Paradigm) -> bool:
    """A surname's lexeme holds both genders: only the one written is meant."""
    return bool(cell.gender and head.gender and cell.gender != head.gender)


def _is_variant(cell: Cell, head: Paradigm) -> bool:
    """Whether a bookish -ою stands beside -ой in the paradigm."""
    short = cell.text[:-1] + "й"
    return any(other.text == short and other.case == cell.case for other in head.cells)


def _as_written(words: Sequence[Token]) -> list[str]:
    return [word.before + word.word + word.after for word in words]


def _agreeing_texts(option: Paradigm, cell: Cell) -> tuple[str, ...]:
    """The forms of a word that stand with the head's cell; nominative when there is none."""
    same = [one for one in option.cells if one.case == cell.case and one.plural == cell.plural]
    strict = option.part == "adjective"
    texts = [one.text for one in same if fits(one, cell) or not strict]
    own = [
        one.text
        for one in same
        if not strict and (not one.gender or not option.gender or one.gender == option.gender)
    ]
    chosen = own or texts or [one.text for one in option.cells[:1]]
    return tuple(_current(chosen))


def _current(texts: Sequence[str]) -> Iterator[str]:
    """Without repeats, and without the bookish -ою where the language has -ой."""
    has_short = any(text.endswith(("ой", "ей")) for text in texts)
    for text in dict.fromkeys(texts):
        if not (has_short and text.endswith(("ою", "ею"))):
            yield text


def _clause(words: Sequence[Token], language: Language) -> Iterator[Form]:
    """No noun heads it: verbs in all forms of their sort, nominative nouns in both numbers."""
    choices = [_variants(word, language) for word in words]
    while _size(choices) > MAX_FORMS:
        longest = max(range(len(choices)), key=lambda index: len(choices[index]))
        choices[longest] = choices[longest][:1]
    for choice in product(*choices):
        text = " ".join(w.written(t) for w, t in zip(words, choice, strict=True))
        yield Form(text, f"dictionary {language}, clause")


def _variants(word: Token, language: Language) -> tuple[str, ...]:
    lower = word.word.lower()
    return tuple(dict.fromkeys((lower, *dictionary.same_sort(lower, language))))


def _size(choices: Sequence[tuple[str, ...]]) -> int:
    size = 1
    for choice in choices:
        size *= len(choice)
    return size
