"""The engine: one overlapping pass of an Aho-Corasick automaton, and what its finds mean.

The adapter around `daachorse`: bytewise over folded bytes, charwise for terms in other scripts.
Finds that could be something else are verified on the post's own text.
"""

import pickle
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from typing import NamedTuple, cast

from daachorse import CharwiseDoubleArrayAhoCorasick, DoubleArrayAhoCorasick

from monitor.rulebook.patterns import Check, Onward, Patterns, judged_words
from monitor.text.fold import Origins
from monitor.text.symbols import cased_symbols, is_mixed, strict_symbols

RawFind = tuple[int, int, int]
"""(start, end, pattern number), in symbols of the folded text."""
PATTERN = itemgetter(2)
MAX_PLACES = 50
"""Most places that are worked out for one term in one post."""
_PIECE = 500
_GAP = re.compile(" *")


class Sighting(NamedTuple):
    """A term found at [start, end) of the post's text."""

    term: int
    start: int
    end: int


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

    def terms(self, text: str, folded: bytes | str, finds: Sequence[RawFind]) -> set[int]:
        """The numbers of the terms found, verified."""
        patterns = set(map(PATTERN, finds))
        found = set(chain.from_iterable(map(self._terms.__getitem__, patterns)))
        questions = self._questions & patterns
        if questions:
            asked = [find for find in finds if find[2] in questions]
            found.update(one.term for one in self.sightings(text, folded, asked, limit=1))
        return found

    def leading_to(self, terms: frozenset[int], finds: Sequence[RawFind]) -> list[RawFind]:
        """The finds that may be one of the terms."""
        return [find for find in finds if not terms.isdisjoint(self._leads[find[2]])]

    def sightings(
        self, text: str, folded: bytes | str, finds: Sequence[RawFind], *, limit: int = MAX_PLACES
    ) -> Iterator[Sighting]:
        """Every verified find of a term, with its place in the text.

        After `limit` places of a term it is looked for no further: a megabyte of one word costs
        no more than a page of it.
        """
        places: dict[int, int] = {}
        full: set[int] = set()
        for sighting in self._sightings(text, folded, finds, full):
            yield sighting
            places[sighting.term] = count = places.get(sighting.term, 0) + 1
            if count >= limit:
                full.add(sighting.term)

    def _sightings(
        self, text: str, folded: bytes | str, finds: Sequence[RawFind], full: set[int]
    ) -> Iterator[Sighting]:
        view = folded.decode("latin-1") if isinstance(folded, bytes) else folded
        origins = Origins(text, len(view))
        for start, end, number in finds:
            if full and self._leads[number] <= full:
                continue
            meaning = self._meanings[number]
            first, last = start + meaning.lead, end - meaning.trail
            if meaning.open:
                last = view.find(" ", last)
            if meaning.terms or meaning.checks:
                yield from _settle(text, meaning.terms, meaning.checks, origins.span(first, last))
            if meaning.onward:
                for node, stop in _follow(meaning.onward, view, last):
                    yield from _settle(text, node.terms, node.checks, origins.span(first, stop))


def _nothing(_: bytes | str) -> list[RawFind]:
    return []


def _follow(node: Onward, view: str, at: int) -> Iterator[tuple[Onward, int]]:
    """The nodes that the words after `at` lead to where a term is complete, and where each ends."""
    start = _GAP.match(view, at).end()  # type: ignore[union-attr]  # it matches nothing, too
    stop = view.find(" ", start)
    if start == at or stop < 0:
        return
    word = view[start:stop]
    nexts = [
        (after, stop if beginning.endswith("*") else start + len(beginning))
        for beginning, after in node.beginnings.items()
        if word.startswith(beginning.removesuffix("*"))
    ]
    if word in node.words:
        nexts.append((node.words[word], stop))
    for after, end in nexts:
        if after.terms or after.checks:
            yield after, end
        if after.words or after.beginnings:
            yield from _follow(after, view, end)


def _settle(
    text: str, terms: Sequence[int], checks: Sequence[Check], span: tuple[int, int]
) -> Iterator[Sighting]:
    """The terms that really stand at the span."""
    for term in terms:
        yield Sighting(term, *span)
    if checks:
        here = text[span[0] : span[1]]
        for check in checks:
            if _is_meant(check, here):
                yield Sighting(check.term, *span)


def _is_meant(check: Check, here: str) -> bool:
    """Whether the text is what the surface says, not only its look-alike.

    Each word is the same letters in the same script, or mixes scripts as disguised words do; with
    `cased`, the capitals are the same too.
    """
    surface = check.surface
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
