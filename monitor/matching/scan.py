"""The engine: one overlapping pass of an Aho-Corasick automaton, and what its finds mean.

The adapter around `daachorse`: bytewise over folded bytes, charwise for terms in other scripts.
Finds that could be something else are verified on the post's own text.
"""

import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache

import msgspec
import regex
from daachorse import CharwiseDoubleArrayAhoCorasick, DoubleArrayAhoCorasick

from monitor.lexicon.surfaces import Surface
from monitor.loosely import loosely
from monitor.matching.concepts import LATER, OPEN, Concepts
from monitor.matching.glance import following, may_follow, spelling
from monitor.rulebook.packed import PackedMap
from monitor.rulebook.patterns import (
    NEXT_WORD,
    NOTHING,
    SPELLING,
    USUAL,
    Check,
    Meaning,
    Onward,
    Patterns,
    judged_words,
)
from monitor.text.disguise import Reading, around, places
from monitor.text.fold import Origins
from monitor.text.symbols import cased_symbols, is_mixed, strict_symbols

RawFind = tuple[int, int, int]
"""(start, end, pattern number), in symbols of the folded text."""
_GAP = re.compile(" *")
_HASHES = ("#", "\uff03")
_TAG = regex.compile(r"[\w\p{Cf}]+")
_TAG_GOES_ON = regex.compile(r"[_\p{Cf}]*[^\W_]")
_NO_TAG_AFTER = ("&", "/")
_SHORT = 64  # longer texts are not worth remembering
_SMALL = range(-0x8000, 0x8000)  # what an array's "h" holds
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
    coded: bytes | None = b""
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

    def span(self, first: int, last: int) -> tuple[int, int]:
        """[start, end) in the text of the symbols [first, last) in the folded text."""
        if self.coded is None:
            return first - 1, last - 1
        if self._origins is None:
            self._origins = Origins(self.text, self.folded, self.coded)
        return self._origins.span(first, last)


class Scanner:
    """One automaton with the meanings of its patterns.

    Nearly every pattern simply means one term; the table `concept` says which, by the pattern's
    number. The last patterns leave a question OPEN, answered by their `Meaning` on the text itself;
    what most of them ask shows in a glance at a small table.
    """

    def __init__(self, patterns: Patterns, concepts: Concepts) -> None:
        """Build the automaton; what its patterns mean is numbered in `concepts`."""
        meanings = patterns.in_order()
        keys = [key for key, _ in meanings]
        self._concepts = concepts
        self._longest = patterns.longest
        self._sure, self._spelled, self._scouts = (
            bisect_right(meanings, kind, key=lambda one: one[1].asks)
            for kind in (NOTHING, SPELLING, NEXT_WORD)
        )
        numbers = [concepts.of(meaning.terms) for _, meaning in meanings[: self._sure]]
        # Half as wide, it is twice as much at hand.
        small = all(number in _SMALL for number in numbers)
        numbers += [OPEN] * (len(keys) - self._sure)
        self.concept = array("h" if small else "i", numbers)
        self._edges: dict[int, tuple[int, int, bool]] = {}
        for number, (_, meaning) in enumerate(meanings[: self._sure]):
            edges = (meaning.lead, meaning.trail, meaning.open)
            if edges != USUAL:
                self._edges[number] = edges
        asking = {at: meaning for at, (_, meaning) in enumerate(meanings) if at >= self._sure}
        self._asking: Mapping[int, Meaning] | PackedMap[Meaning] = asking
        self._said = lru_cache(maxsize=16384)(loosely(self._say))
        asked = [meaning for _, meaning in meanings[self._sure : self._scouts]]
        spelled = self._spelled - self._sure
        self._spellings = [spelling(meaning) for meaning in asked[:spelled]]
        said = map(self._say, range(self._sure, self._spelled), self._spellings)
        self._usual = array("i", map(concepts.of, said))
        """What those say that ask for their spelling, if it is the usual one."""
        self._following = following(asked[spelled:] if patterns.bytewise else ())
        self.find: Callable[..., list[RawFind]]
        """Every overlapping find in a folded text: bytes or str as the automaton is."""
        if not keys:
            self.find = _nothing
        elif patterns.bytewise:
            coded = [key.encode("latin-1") for key in keys]
            # Read as a text, the patterns show which states are passed most: these lie together.
            # Every fourth shows it as well as all of them do, in a quarter of the time.
            automaton = DoubleArrayAhoCorasick(coded, corpus=coded[::4])
            self.find = automaton.find_overlapping
        else:
            self.find = CharwiseDoubleArrayAhoCorasick(keys).find_overlapping

    def __getstate__(self) -> dict[str, object]:
        """Without what is remembered; what open questions mean is unpacked when asked for."""
        kept = {name: value for name, value in vars(self).items() if name != "_said"}
        return kept | {"_asking": PackedMap.of(self._asking)}

    def __setstate__(self, state: dict[str, object]) -> None:
        """Begin to remember anew."""
        vars(self).update(state)
        self._said = lru_cache(maxsize=16384)(loosely(self._say))

    def _say(self, number: int, here: str) -> tuple[int, ...]:
        """The terms that a text of one find says."""
        meaning = self._asking[number]
        return (*meaning.terms, *_meant(meaning.checks, here, 0, len(here)))

    def postpone(self, filed: AbstractSet[int]) -> None:
        """Ask LATER what cannot lead to anything that rules are filed under."""
        known: dict[Onward, bool] = {}  # a gap's scouts share what follows
        for number in range(self._sure, len(self.concept)):
            meaning = self._asking[number]
            scout = self._spelled <= number < self._scouts and meaning.onward
            near = known.get(scout) if scout else None
            if near is None:
                near = not filed.isdisjoint(meaning.all_terms())
            if scout:
                known[scout] = near
            if not near:
                self.concept[number] = LATER

    def answer(self, look: Look, found: set[int], kind: int) -> None:
        """Put into `found`, in the place of OPEN (or of LATER), what those questions lead to."""
        found.discard(kind)
        text, straight, concept = look.text, look.coded is None, self.concept
        for find in [find for find in look.finds if concept[find[2]] == kind]:
            start, end, number = find
            if number < self._spelled:
                first, last = (start, end - 2) if straight else look.span(start + 1, end - 1)
                here = text[first:last]
                at = number - self._sure
                if here.lower() == self._spellings[at]:
                    found.add(self._usual[at])
                else:
                    found.update((self._said if len(here) <= _SHORT else self._say)(number, here))
            elif self._goes_on(look, find):
                for these, checks, first, last in self._complete(look.view, find):
                    found.update(these)
                    if checks:
                        found.update(_meant(checks, text, *look.span(first, last)))

    def _goes_on(self, look: Look, find: RawFind) -> bool:
        """Whether the words after a find may be some that it asks for: at a glance."""
        folded, number = look.folded, find[2]
        if number >= self._scouts or isinstance(folded, str):
            return True
        return may_follow(self._following[number - self._spelled], folded, find[1] - 1)

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
        concept_of, edges, straight = self.concept, self._edges, look.coded is None
        near = self._concepts.widened(wanted)
        for find in look.finds:
            start, end, number = find
            concept = concept_of[number]
            if concept < 0:  # a question
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
        if number < self._sure:
            return self._concepts.meant(self.concept[number])
        return self._asking[number].all_terms()

    def _ends(self, look: Look, find: RawFind) -> list[Sighting]:
        """What one find leads to, verified."""
        start, end, number = find
        if self._sure <= number < self._spelled:
            first, last = look.span(start + 1, end - 1)
            say = self._said if last - first <= _SHORT else self._say
            return [(first, last, term) for term in say(number, look.text[first:last])]
        if number >= self._spelled and not self._goes_on(look, find):
            return []
        ends: list[Sighting] = []
        for terms, checks, first, last in self._complete(look.view, find):
            start, end = look.span(first, last)
            ends += [(start, end, term) for term in terms]
            if checks:
                ends += [(start, end, term) for term in _meant(checks, look.text, start, end)]
        return ends

    def _complete(self, view: str, find: RawFind) -> list[_Complete]:
        """Every end of a term that a find leads to: its terms, those to verify, first and last."""
        start, end, number = find
        meaning = self._asking.get(number)
        if meaning is None:
            lead, trail, goes_on = self._edges.get(number, USUAL)
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


def stands(readings: Readings, wanted: frozenset[int] | None, most: int) -> list[Sighting]:
    """Where every term (or only those wanted) stands, each place once, in order."""
    sightings: set[Sighting] = set()
    for scanner, look in readings:
        here: Iterable[Sighting] = scanner.sightings(look, wanted, most)
        if look.reading is not None:
            back = places(look.reading)
            here = ((back[start], back[end - 1] + 1, term) for start, end, term in here)
        sightings.update(here)
    return sorted(sightings)


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
