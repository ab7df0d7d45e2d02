"""The engine: one overlapping pass of an Aho-Corasick automaton, and what its finds mean.

The adapter around `daachorse`: bytewise over folded bytes, charwise for terms in other scripts.
Finds that could be something else are verified on the post's own text.
"""

import pickle
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import NamedTuple, cast

import regex
from daachorse import CharwiseDoubleArrayAhoCorasick, DoubleArrayAhoCorasick

from monitor.lexicon.surfaces import Surface
from monitor.rulebook.patterns import WIDE_GAP, Check, Meaning, Onward, Patterns, judged_words
from monitor.text.fold import Origins
from monitor.text.symbols import cased_symbols, is_mixed, strict_symbols

RawFind = tuple[int, int, int]
"""(start, end, pattern number), in symbols of the folded text."""
PATTERN = itemgetter(2)
_PIECE = 500
_GAP = re.compile(" *")
_HASHES = ("#", "\uff03")
_TAG = regex.compile(r"[\w\p{Cf}]+")
_TAG_GOES_ON = regex.compile(r"[_\p{Cf}]*[^\W_]")
_NO_TAG_AFTER = ("&", "/")
_BLANKS = frozenset({" ", ord(" ")})
_SHORT = 64  # longer texts are not worth remembering
_Complete = tuple[Sequence[int], Sequence[Check], int, int]


class Sighting(NamedTuple):
    """A term found at [start, end) of the post's text."""

    term: int
    start: int
    end: int


class Look(NamedTuple):
    """What one automaton found in a text."""

    text: str
    folded: bytes | str
    finds: Sequence[RawFind]


class Scanner:
    """One automaton with the meanings of its patterns."""

    def __init__(self, patterns: Patterns, filed: frozenset[int]) -> None:
        """Build the automaton; `filed` are the terms that some rule is filed under."""
        keys = list(patterns.meanings)
        self._meanings = tuple(patterns.meanings.values())
        self._terms = tuple(tuple(meaning.terms) for meaning in self._meanings)
        self._questions = frozenset(
            number for number, meaning in enumerate(self._meanings) if not meaning.simple
        )
        self._initials = _initials(self._meanings, bytewise=patterns.bytewise)
        self._leads = tuple(frozenset(meaning.all_terms()) for meaning in self._meanings)
        self.filed = frozenset(
            number for number, leads in enumerate(self._leads) if not filed.isdisjoint(leads)
        )
        self.find: Callable[..., list[RawFind]]
        """Every overlapping find in a folded text: bytes or str as the automaton is."""
        if not keys:
            self.find = _nothing
        elif patterns.bytewise:
            automaton = DoubleArrayAhoCorasick([key.encode("latin-1") for key in keys])
            self.find = automaton.find_overlapping
        else:
            self.find = CharwiseDoubleArrayAhoCorasick(keys).find_overlapping

    def __getstate__(self) -> dict[str, object]:
        """The meanings in pieces: unpacked in one go they would hold up every thread."""
        pieces = [
            pickle.dumps(self._meanings[start : start + _PIECE])
            for start in range(0, len(self._meanings), _PIECE)
        ]
        return {**vars(self), "_meanings": pieces}

    def __setstate__(self, state: dict[str, object]) -> None:
        """Unpack the pieces."""
        vars(self).update(state)
        pieces = cast("list[bytes]", state["_meanings"])
        self._meanings = tuple(chain.from_iterable(map(pickle.loads, pieces)))

    def terms(self, look: Look, found: set[int]) -> frozenset[int]:
        """Add the terms found, verified, as far as rules are filed under them.

        Returns the patterns that leave a question open, for `answer`.
        """
        patterns = frozenset(map(PATTERN, look.finds))
        found.update(chain.from_iterable(map(self._terms.__getitem__, patterns)))
        questions = self._questions & patterns
        if not questions.isdisjoint(self.filed):
            self._answer(look, found, questions & self.filed)
            return questions - self.filed
        return questions

    def answer(
        self, look: Look, found: set[int], questions: frozenset[int], terms: frozenset[int]
    ) -> None:
        """Add those of `terms` that the open questions lead to, verified."""
        asked = frozenset(one for one in questions if not terms.isdisjoint(self._leads[one]))
        if asked:
            self._answer(look, found, asked)

    def _answer(self, look: Look, found: set[int], questions: frozenset[int]) -> None:
        page = _Page(look.text, look.folded)
        for find in look.finds:
            number = find[2]
            if number in questions and not self._leads[number] <= found:
                initials = self._initials.get(number)
                if initials is not None and _vain(look.folded, find[1], initials):
                    continue
                for terms, checks, first, last in self._complete(page.view, find):
                    found.update(terms)
                    if checks:
                        found.update(_meant(checks, look.text, *page.span(first, last)))

    def sightings(
        self, look: Look, wanted: frozenset[int] | None = None, most: int = 50
    ) -> Iterator[Sighting]:
        """Every verified find of a term (or of those wanted), with its place in the text.

        After `most` places of a term it is looked for no further: a megabyte of one word costs no
        more than a page of it.
        """
        places: dict[int, int] = {}
        full: set[int] = set()
        page = _Page(look.text, look.folded)
        for find in look.finds:
            leads = self._leads[find[2]]
            if leads <= full or (wanted is not None and wanted.isdisjoint(leads)):
                continue
            for terms, checks, first, last in self._complete(page.view, find):
                start, end = page.span(first, last)
                for term in (*terms, *_meant(checks, look.text, start, end)):
                    yield Sighting(term, start, end)
                    places[term] = count = places.get(term, 0) + 1
                    if count == most:
                        full.add(term)

    def _complete(self, view: str, find: RawFind) -> list[_Complete]:
        """Every end of a term that a find leads to: its terms, those to verify, first and last."""
        start, end, number = find
        meaning = self._meanings[number]
        first, last = start + meaning.lead, end - meaning.trail
        if meaning.open:
            last = view.find(" ", last)
        ends: list[_Complete] = []
        if meaning.terms or meaning.checks:
            ends.append((meaning.terms, meaning.checks, first, last))
        if meaning.onward is not None:
            _follow(meaning.onward, view, first, last, ends)
        return ends


class _Page:
    """A post's text beside its folded text; places are worked out when first asked for."""

    __slots__ = ("_origins", "_text", "view")

    def __init__(self, text: str, folded: bytes | str) -> None:
        self._text = text
        self.view = folded.decode("latin-1") if isinstance(folded, bytes) else folded
        self._origins: Origins | None = None

    def span(self, first: int, last: int) -> tuple[int, int]:
        if self._origins is None:
            self._origins = Origins(self._text, len(self.view))
        return self._origins.span(first, last)


def _initials(meanings: Sequence[Meaning], *, bytewise: bool) -> dict[int, frozenset[int | str]]:
    """For scouts: what the next word may begin with. Most lead nowhere, and this shows it soon."""
    return {
        number: frozenset(
            ord(word[0]) if bytewise else word[0]
            for word in (*meaning.onward.words, *meaning.onward.beginnings)
        )
        for number, meaning in enumerate(meanings)
        if meaning.onward and meaning.trail == len(WIDE_GAP)
    }


def _vain(folded: bytes | str, at: int, initials: frozenset[int | str]) -> bool:
    """Whether the word after a scout's gap certainly is none of those that lead on."""
    for symbol in folded[at : at + 4]:
        if symbol not in _BLANKS:
            return symbol not in initials
    return False


def _nothing(_: bytes | str) -> list[RawFind]:
    return []


def _follow(node: Onward, view: str, first: int, at: int, ends: list[_Complete]) -> None:
    """Add the ends that the words after `at` lead to."""
    start = _GAP.match(view, at).end()  # type: ignore[union-attr]  # it matches nothing, too
    stop = view.find(" ", start)
    if start == at or stop < 0:
        return
    word = view[start:stop]
    after = node.words.get(word)
    if after is not None:
        _arrive(after, view, first, stop, ends)
    for beginning, after in node.beginnings.items():
        if word.startswith(beginning.removesuffix("*")):
            end = stop if beginning.endswith("*") else start + len(beginning)
            _arrive(after, view, first, end, ends)


def _arrive(node: Onward, view: str, first: int, last: int, ends: list[_Complete]) -> None:
    if node.terms or node.checks:
        ends.append((node.terms, node.checks, first, last))
    if node.words or node.beginnings:
        _follow(node, view, first, last, ends)


def _meant(checks: Sequence[Check], text: str, start: int, end: int) -> list[int]:
    """The terms of the checks that the text really says at [start, end)."""
    here = text[start:end]
    judge = _is_meant if len(here) <= _SHORT else _is_meant.__wrapped__
    return [
        check.term
        for check in checks
        if judge(check.surface, here)
        and (not check.surface.tag or _is_tag(check.surface, text, start, end))
    ]


def _is_tag(surface: Surface, text: str, start: int, end: int) -> bool:
    """Whether the words are a whole hashtag: what messengers make a link of, not `a#b` or `/#b`."""
    before, sign = text[max(start - 2, 0) : start - 1], text[max(start - 1, 0) : start]
    if sign not in _HASHES or _TAG.fullmatch(before) or before in _NO_TAG_AFTER:
        return False
    goes_on = _TAG_GOES_ON.match(text, end) and not surface.words[-1].endswith("*")
    return not goes_on and _TAG.fullmatch(text, start, end) is not None


@lru_cache(maxsize=16384)
def _is_meant(surface: Surface, here: str) -> bool:
    """Whether the text is what the surface says, not only its look-alike.

    Each word is the same letters in the same script, or mixes scripts as disguised words do; with
    `cased`, the capitals are the same too.
    """
    words = strict_symbols(here).split()
    if len(words) != len(surface.words):
        return True  # the edge of a ligature: no other script could stand here
    judged = judged_words(surface.words)
    for wanted, word in zip(surface.words, words, strict=True):
        if wanted in judged and not (
            _fits(wanted, word) or is_mixed(word) or is_mixed(wanted.removesuffix("*"))
        ):
            return False
    capitals = cased_symbols(here).split()
    return not surface.cased or all(map(_fits, surface.cased, capitals))


def _fits(wanted: str, word: str) -> bool:
    if wanted.endswith("*"):
        return word.startswith(wanted[:-1])
    return word == wanted
