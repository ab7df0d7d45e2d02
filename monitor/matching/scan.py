"""The engine: one overlapping pass of an Aho-Corasick automaton, and what its finds mean.

The adapter around `daachorse`: bytewise over folded bytes, charwise for terms in other scripts.
Finds that could be something else are verified on the post's own text.
"""

import re
from array import array
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from itertools import chain
from threading import Thread
from typing import cast

import msgspec
from daachorse import CharwiseDoubleArrayAhoCorasick, DoubleArrayAhoCorasick

from monitor.loosely import loosely
from monitor.matching.concepts import OPEN, Concepts
from monitor.matching.meant import SHORT, meant
from monitor.rulebook.packed import Packed
from monitor.rulebook.patterns import Check, Meaning, Onward, Patterns
from monitor.text.disguise import Reading, around, places
from monitor.text.fold import Origins

RawFind = tuple[int, int, int]
"""(start, end, pattern number), in symbols of the folded text."""
Find = Callable[..., list[RawFind]]
_GAP = re.compile(" *")
_BLANK = ord(" ")
_MANY = 20_000  # patterns
_SMALL = range(-0x8000, 0x8000)  # what an array's "h" holds
_USUAL = (1, 1, False)  # a word between two spaces
_Complete = tuple[Sequence[int], Sequence[Check], int, int]
Sighting = tuple[int, int, int]
"""(start, end, term): the term stands at [start, end) of the post's text."""


class Look(msgspec.Struct, gc=False):  # made for every other post: that must be quick
    """What one automaton found in a text; what else costs time is worked out when asked for.

    `coded`: see `fold_coded`. `reading`: how the text was made, if it is not the post's own.
    """

    text: str
    folded: bytes | str
    finds: Sequence[RawFind]
    coded: bytes = b""
    reading: Reading | None = None
    _view: str | None = None
    _origins: Origins | None = None

    @property
    def view(self) -> str:
        """The folded text as text."""
        if self._view is None:
            folded = self.folded
            self._view = folded.decode("latin-1") if isinstance(folded, bytes) else folded
        return self._view

    @property
    def straight(self) -> bool:
        """Whether each character became one symbol: places need no working out."""
        # A run without codes is never shortened by its handler, so nothing can even out.
        return len(self.text) == len(self.coded) == len(self.folded) - 2

    def said(self, find: RawFind) -> str:
        """The words of the text that a find between two spaces is."""
        first, last = self.span(find[0] + 1, find[1] - 1)
        return self.text[first:last]

    def span(self, first: int, last: int) -> tuple[int, int]:
        """[start, end) in the text of the symbols [first, last) in the folded text."""
        if self.straight:
            return first - 1, last - 1
        if self._origins is None:
            self._origins = Origins(self.text, self.folded, self.coded)
        return self._origins.span(first, last)


class Scanner:
    """One automaton with the meanings of its patterns.

    Nearly every pattern simply means one term; the table `concept` says which, by the pattern's
    number. Some leave a question OPEN, answered by their `Meaning` on the text itself: those
    below `asked`. Patterns from `far` to `near` may bring rules near: most posts have none.
    """

    def __init__(
        self, patterns: Patterns, concepts: Concepts, near: AbstractSet[int] = frozenset()
    ) -> None:
        """Build the automaton; what its patterns mean is numbered in `concepts`.

        `near`: the terms that bring rules near.
        """
        asking_others, asking, first, others = patterns.in_order(near)
        keys = [key for key, _ in chain(asking_others, asking, first, others)]
        self.find: Find = _nothing
        """Every overlapping find in a folded text, once it is `ready`: bytes or str as asked."""
        self._building: Callable[[], Find] | None = _begun(keys, bytewise=patterns.bytewise)
        asked = [meaning for _, meaning in asking_others + asking]
        self._concepts = concepts
        self._longest = patterns.longest
        self.far, self.asked = len(asking_others), len(asked)
        self.near = self.asked + len(first)
        certain = first + others
        said = [concepts.of(meaning.terms) for _, meaning in certain]
        # Half as wide, it is twice as much at hand.
        small = all(number in _SMALL for number in said)
        self.concept = array("h" if small else "i", [OPEN] * len(asked) + said)
        self._edges: dict[int, tuple[int, int, bool]] = {}
        for number, (_, meaning) in enumerate(certain, self.asked):
            edges = (meaning.lead, meaning.trail, meaning.open)
            if edges != _USUAL:
                self._edges[number] = edges
        self._asking = Packed(asked)
        self._glances = _glances(asked, concepts, bytewise=patterns.bytewise)
        self._said = lru_cache(maxsize=16384)(loosely(self._say))

    def ready(self) -> None:
        """Wait for the automaton, if it is still being built."""
        if self._building is not None:
            self.find, self._building = self._building(), None

    def __getstate__(self) -> dict[str, object]:
        """Without what is remembered."""
        return {name: value for name, value in vars(self).items() if name != "_said"}

    def __setstate__(self, state: dict[str, object]) -> None:
        """Begin to remember anew."""
        vars(self).update(state)
        self._said = lru_cache(maxsize=16384)(loosely(self._say))

    def _say(self, number: int, here: str) -> tuple[int, ...]:
        """The terms that a text of one find says."""
        meaning = self._asking[number]
        return (*meaning.terms, *meant(meaning.checks, here, 0, len(here)))

    def answer(self, look: Look, found: set[int]) -> None:
        """Put into `found`, in the place of OPEN, what the open questions lead to."""
        found.discard(OPEN)
        text, folded, straight = look.text, look.folded, look.straight
        asked, glances = self.asked, self._glances
        for find in look.finds:
            number = find[2]
            if number >= asked:
                continue
            glance = glances[number]
            if glance.__class__ is tuple:
                here = text[find[0] : find[1] - 2] if straight else look.said(find)
                if here.lower() == glance[0]:
                    found.add(glance[1])
                else:
                    found.update((self._said if len(here) <= SHORT else self._say)(number, here))
            elif glance is None or _next_word(folded, find[1] - 1) in glance:
                for these, checks, begins, ends in self._complete(look.view, find):
                    found.update(these)
                    if checks:
                        found.update(meant(checks, text, *look.span(begins, ends)))

    def around(self, look: Look, term: int) -> list[tuple[int, int]]:
        """Where a term stands, each with as much text around it as a surface may need, in order.

        [start, end) in the text. What is near another is one part with it.
        """
        folded, concept = look.folded, self.concept
        assert isinstance(folded, bytes)  # noqa: S101 - it is the byte automaton's
        spans = [(start, end) for start, end, number in look.finds if concept[number] == term]
        parts = around(folded, spans, self._longest + 1)
        return [look.span(first + 1, last) for first, last in parts]

    def sightings(
        self, look: Look, wanted: frozenset[int] | None = None, most: int = 50
    ) -> list[Sighting]:
        """Every verified find of a term (or of those wanted), with its place in the text.

        After `most` places of a term it is looked for no further: a megabyte of one word costs no
        more than a page of it.
        """
        if wanted is None:
            wanted = frozenset(range(self._concepts.terms))
        seen: list[Sighting] = []
        concept_of, edges, straight = self.concept, self._edges, look.straight
        near = self._concepts.widened(wanted)
        for find in look.finds:
            start, end, number = find
            concept = concept_of[number]
            if concept == OPEN:
                seen += [one for one in self._ends(look, find) if one[2] in wanted]
            elif straight and concept in wanted and number not in edges:
                seen.append((start, end - 2, concept))
            elif concept in near:
                seen += self._ends(look, find)
            if len(seen) > most:
                return self._many(look, wanted, most)
        return seen

    def _many(self, look: Look, wanted: frozenset[int], most: int) -> list[Sighting]:
        """The same for a post full of finds, counted by term."""
        seen: list[Sighting] = []
        places: dict[int, int] = {}
        leads: dict[int, frozenset[int]] = {}
        for find in look.finds:
            number = find[2]
            if number not in leads:
                leads[number] = wanted.intersection(self._leads(number))
            if all(places.get(one, 0) >= most for one in leads[number]):
                continue
            for sighting in self._ends(look, find):
                seen.append(sighting)
                places[sighting[2]] = places.get(sighting[2], 0) + 1
        return seen

    def _leads(self, number: int) -> Iterable[int]:
        """The terms that a pattern may lead to."""
        if number >= self.asked:
            return self._concepts.meant(self.concept[number])
        return self._asking[number].all_terms()

    def _ends(self, look: Look, find: RawFind) -> list[Sighting]:
        """What one find leads to, verified."""
        start, end, number = find
        glance = self._glances[number] if number < self.asked else None
        if isinstance(glance, tuple):
            first, last = look.span(start + 1, end - 1)
            say = self._said if last - first <= SHORT else self._say
            return [(first, last, term) for term in say(number, look.text[first:last])]
        if glance is not None and _next_word(look.folded, end - 1) not in glance:
            return []
        ends: list[Sighting] = []
        for terms, checks, first, last in self._complete(look.view, find):
            start, end = look.span(first, last)
            ends += [(start, end, term) for term in terms]
            if checks:
                ends += [(start, end, term) for term in meant(checks, look.text, start, end)]
        return ends

    def _complete(self, view: str, find: RawFind) -> list[_Complete]:
        """Every end of a term that a find leads to: its terms, those to verify, first and last."""
        start, end, number = find
        meaning = self._asking[number] if number < self.asked else None
        if meaning is None:
            lead, trail, goes_on = self._edges.get(number, _USUAL)
        else:
            lead, trail, goes_on = meaning.lead, meaning.trail, meaning.open
        first, last = start + lead, end - trail
        if goes_on:
            last = view.find(" ", last)
        if meaning is None:
            return [(self._concepts.meant(self.concept[number]), (), first, last)]
        ends: list[_Complete] = []
        if meaning.terms or meaning.checks:
            ends.append((meaning.terms, meaning.checks, first, last))
        if meaning.onward is not None:
            _follow(meaning.onward, view, first, last, ends)
        return ends


Readings = Sequence[tuple[Scanner, Look]]
"""What each automaton found in a text."""


def stands(
    readings: Readings, wanted: frozenset[int] | None, most: int, names: Sequence[str]
) -> list[tuple[int, int, str, int]]:
    """Where every term with a name (or only those wanted) stands, each place once, in order.

    (start, end, name, number of the term). At one place terms follow each other by their names.
    """
    sightings: set[Sighting] = set()
    for scanner, look in readings:
        here: Iterable[Sighting] = scanner.sightings(look, wanted, most)
        if look.reading is not None:
            back = places(look.reading)
            here = ((back[start], back[end - 1] + 1, term) for start, end, term in here)
        sightings.update(here)
    named = len(names)
    return sorted(
        [(start, end, names[term], term) for start, end, term in sightings if term < named]
    )


Glance = tuple[str, int] | frozenset[bytes | str] | None
"""What to look at first. Of words that are verified by themselves: how they usually stand there, in
lower case, and what that means. Of a gap: the words that must follow. None: there is no short way.
"""


def _glances(asking: Iterable[Meaning], concepts: Concepts, *, bytewise: bool) -> list[Glance]:
    """What shows soon where questions lead: a gap's nearly always nowhere, a word's to itself."""
    following: dict[Onward, Glance] = {}
    return [
        _spelling(meaning, concepts)
        if meaning.onward is None
        else _words_behind(meaning, meaning.onward, following, bytewise=bytewise)
        for meaning in asking
    ]


def _spelling(meaning: Meaning, concepts: Concepts) -> Glance:
    if (meaning.lead, meaning.trail, meaning.open) != _USUAL:
        return None
    surfaces = [check.surface for check in meaning.checks]
    if any(surface.tag for surface in surfaces):
        return None
    if any(surface.cased for surface in surfaces):
        return "", concepts.nothing
    # Of look-alikes in two scripts, the Cyrillic ones.
    usual = min((" ".join(surface.words) for surface in surfaces), key=str.isascii)
    return usual, concepts.of((*meaning.terms, *meant(meaning.checks, usual, 0, len(usual))))


def _words_behind(
    meaning: Meaning, onward: Onward, following: dict[Onward, Glance], *, bytewise: bool
) -> Glance:
    if not meaning.gap or meaning.terms or meaning.checks or onward.beginnings:
        return None
    if onward not in following:  # a gap's scouts share it
        words = onward.words
        following[onward] = frozenset(
            word.encode("latin-1") if bytewise else word for word in words
        )
    return following[onward]


def _next_word(folded: bytes | str, at: int) -> bytes | str:
    """The word at `at`, or behind the spaces there."""
    if isinstance(folded, str):
        start = _GAP.match(folded, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        return folded[start : folded.find(" ", start)]
    last = len(folded) - 1
    while folded[at] == _BLANK and at < last:
        at += 1
    return folded[at : folded.find(b" ", at)]


def _begun(keys: list[str], *, bytewise: bool) -> Callable[[], Find]:
    """Begin to build an automaton; what waits for its end, and gives it.

    A large one takes 0.2 s without the interpreter: a thread builds it while rules are filed.
    """
    if len(keys) < _MANY:
        return lambda: _automaton(keys, bytewise=bytewise)
    built: list[Find] = []
    thread = Thread(target=lambda: built.append(_automaton(keys, bytewise=bytewise)))
    thread.start()

    def end() -> Find:
        thread.join()
        return built.pop()

    return end


def _automaton(keys: list[str], *, bytewise: bool) -> Find:
    if not keys:
        return _nothing
    if not bytewise:
        return cast("Find", CharwiseDoubleArrayAhoCorasick(keys).find_overlapping)
    coded = [key.encode("latin-1") for key in keys]
    # Read as a text, the patterns show which states are passed most: these lie together.
    # Every fourth shows it as well as all of them do, in a quarter of the time.
    return cast("Find", DoubleArrayAhoCorasick(coded, corpus=coded[::4]).find_overlapping)


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
