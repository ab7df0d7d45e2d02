"""From the words of a text to candidate places: what could be meant, before anything is decided."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

from monitor.gazetteer.areas import Box, distance_km
from monitor.gazetteer.context import RELATIONAL
from monitor.gazetteer.names import ADJECTIVE, OF_SETTLEMENT, key, ways
from monitor.loosely import loosely
from monitor.place import Area, Place
from monitor.text.symbols import is_mixed, merge, strict_symbols

SAME_PLACE_KM = 25.0
"""An own place's point and another gazetteer's differ by less; its name is the same."""
ONE_PLACE_KM = 3.0
"""Two large gazetteers' points of one place differ by less: they know its namesakes hard by."""

REMEMBERED = 32768
"""So many names are remembered with what they could mean."""

RELATED = ADJECTIVE | OF_SETTLEMENT
_WORD = re.compile(r"[^\W_](?:[\w\u0301\u200b-\u200d\u2060\ufeff\u00ad'’ʼ`´]*[^\W_\u0301]\u0301?)?")


_POSSESSIVE = ("'s", "’s", "ʼs")


class Candidate(NamedTuple):
    """A place that a name could mean, and how it is written there (flags of names.py)."""

    place: Place
    flags: int


class Word(NamedTuple):
    """A word of a text: its symbols (empty for what has none), and where it stands.

    `capital`: its first letter is one; `shouted`: all of two or more are; `starts`: it begins a
    sentence or line. `gap` is what stands before it since the word before.
    """

    symbols: str
    start: int
    end: int
    capital: bool
    shouted: bool
    starts: bool
    gap: str


class Find(NamedTuple):
    """A run of words, [first, last), that names one or more known places."""

    first: int
    last: int
    candidates: tuple[Candidate, ...]


class World(Protocol):
    """A large gazetteer that is only looked into (monitor/gazetteer/compiled.py)."""

    version: str

    def find(self, name: str) -> Sequence[Candidate]:
        """The places of a key."""

    def continues(self, name: str) -> bool:
        """Whether a longer key begins with these words."""

    def get(self, identity: str) -> Place | None:
        """A place by its id."""

    def within(self, code: str) -> Iterator[Place]:
        """The places of a region or country (ISO 3166), or that name an id as containing them."""

    def around(self, box: Box) -> Iterator[Place]:
        """The places in a box of degrees, and some beside it."""

    def __iter__(self) -> Iterator[Place]:
        """Every place."""


class Gazetteer:
    """Own places (a few, in memory) over a world of others. Immutable."""

    def __init__(
        self, places: Iterable[Place] = (), areas: Iterable[Area] = (), world: World | None = None
    ) -> None:
        """Make every way of writing the own places: about a millisecond each."""
        self.places: Mapping[str, Place] = {place.id: place for place in places}
        self.areas: Mapping[str, Area] = {area.id: area for area in areas}
        self.world = world
        found: dict[str, list[Candidate]] = defaultdict(list)
        self._longer: set[str] = set()
        self._keys = {place.id: ways(place) for place in self.places.values()}
        for place in self.places.values():
            for name, flags in self._keys[place.id].items():
                found[name].append(Candidate(place, flags))
                self._longer.update(_beginnings(name))
        self._own = {name: tuple(candidates) for name, candidates in found.items()}
        self.version = world.version if world else ""
        self._meant: dict[tuple[str, ...], frozenset[str]] = {}
        self._remember()

    def _remember(self) -> None:
        """Keep what was looked up: texts say the same names, and the same words that are none."""
        self.candidates = lru_cache(maxsize=REMEMBERED)(loosely(self._candidates))
        self.continues = lru_cache(maxsize=REMEMBERED)(loosely(self._continues))

    def __getstate__(self) -> dict[str, object]:
        """What is remembered does not travel between processes."""
        known = vars(self).items()
        return {name: of for name, of in known if name not in {"candidates", "continues"}}

    def __setstate__(self, state: dict[str, object]) -> None:
        vars(self).update(state)
        self._remember()

    def _candidates(self, name: str) -> tuple[Candidate, ...]:
        """The places of a key; one entry for each place.

        An own place stands for the world's, and an earlier gazetteer's for a later one's.
        """
        own = self._own.get(name, ())
        if self.world is None:
            return own
        kept = [*own]
        for one in self.world.find(name):
            if not _stands_for(own, one, SAME_PLACE_KM) and not _stands_for(
                kept, one, ONE_PLACE_KM
            ):
                kept.append(one)
        return tuple(kept)

    def _continues(self, name: str) -> bool:
        """Whether a longer key begins with these words."""
        return name in self._longer or (self.world is not None and self.world.continues(name))

    def get(self, identity: str) -> Place | None:
        """A place by its id."""
        return self.places.get(identity) or (self.world.get(identity) if self.world else None)

    def __iter__(self) -> Iterator[Place]:
        """Every place."""
        yield from self.places.values()
        if self.world is not None:
            yield from self.world

    def within(self, code: str) -> Iterator[Place]:
        """Own places, and those of the world in a region or country or what an id names."""
        yield from self.places.values()
        if self.world is not None:
            yield from self.world.within(code)

    def around(self, box: Box) -> Iterator[Place]:
        """Own places, and those of the world in a box of degrees and some beside it."""
        yield from self.places.values()
        if self.world is not None:
            yield from self.world.around(box)

    def meant(self, ids: tuple[str, ...]) -> frozenset[str]:
        """Ids, and all else that names the same: ISO codes, ids in the world.

        So that what another gazetteer puts into RU-BEL, or into its own Шебекинский район, lies in
        the own places of those names too.
        """
        if ids not in self._meant:
            named = [self.places[one] for one in ids if one in self.places]
            found = set(ids)
            for place in named:
                code = {"region": place.admin1, "country": place.country}.get(place.kind)
                found |= {code} if code else set()
                found |= self._in_world(place) if place.kind != "settlement" else set()
            self._meant[ids] = frozenset(found)
        return self._meant[ids]

    def _in_world(self, place: Place) -> set[str]:
        if self.world is None:
            return set()
        return {
            found.place.id
            for name in self._keys[place.id]
            for found in self.world.find(name)
            if found.place.kind == place.kind and found.place.admin1 == place.admin1
        }

    def keys(self, place: Place) -> Iterable[str]:
        """Every way a place is written."""
        return self._keys.get(place.id) or ways(place, quick=True)


def _beginnings(name: str) -> Iterable[str]:
    words = name.split(" ")
    return (" ".join(words[:count]) for count in range(1, len(words)))


def _stands_for(own: Sequence[Candidate], other: Candidate, near_km: float) -> bool:
    """Whether one of the places, so near, is the other's place."""
    there = other.place.point
    return any(
        one.place.kind == other.place.kind
        and (
            (one.place.kind in {"region", "country"} and one.place.admin1 == other.place.admin1)
            or (
                there is not None
                and one.place.point is not None
                and distance_km(one.place.point, there) < near_km
            )
        )
        for one in own
    )


def cut(text: str) -> list[Word]:
    """The words of a text; the parts of a hyphenated word are words of their own."""
    words: list[Word] = []
    last = 0
    for found in _WORD.finditer(text):
        start = found.start()
        symbols, size, capital, shouted = _written(found[0])
        gap = text[last:start]
        last = start + size
        starts = not words or (gap != " " and _ends_sentence(gap))
        words.append(_word(Word, (symbols, start, last, capital, shouted, starts, gap)))
    return words


_word = tuple.__new__
"""A `Word` in half the time that its own name takes."""


@lru_cache(maxsize=65536)
def _written(word: str) -> tuple[str, int, bool, bool]:
    """A word's symbols, its length without an English genitive, whether it is a name's, shouted."""
    if word.endswith(_POSSESSIVE):
        word = word[:-2]
    return _symbols(word), len(word), word[0].isupper(), len(word) > 1 and word.isupper()


_END = re.compile(r"[.!?…:;\n\r•▪●—–\u2028]|[^\w\s.,()'\"«»„“”-]")


def _ends_sentence(gap: str) -> bool:
    return len(gap) > 1 and _END.search(gap) is not None


def _symbols(word: str) -> str:
    symbols = key(word)
    if is_mixed(symbols) or is_mixed(strict_symbols(word)):
        return merge(symbols)
    return symbols


def look(words: Sequence[Word], gazetteer: Gazetteer) -> list[Find]:
    """Every longest run of words that names places, in order, without overlaps."""
    finds: list[Find] = []
    at = 0
    while at < len(words):
        word = words[at]
        # only adjectives name a place without a capital
        named = word.capital or _is_relational(word.symbols)
        found = _longest(words, at, gazetteer) if named else None
        if found is not None:
            finds.append(found)
        at = found.last if found is not None else at + 1
    return finds


@lru_cache(maxsize=65536)
def _is_relational(symbols: str) -> bool:
    return RELATIONAL.search(symbols) is not None


def _longest(words: Sequence[Word], at: int, gazetteer: Gazetteer) -> Find | None:
    name, last = words[at].symbols, at + 1
    best: Find | None = None
    while name:
        candidates = tuple(
            one for one in gazetteer.candidates(name) if words[at].capital or one.flags & RELATED
        )
        if candidates:
            best = Find(at, last, candidates)
        if last >= len(words) or not gazetteer.continues(name) or not _near(words[last].gap):
            return best
        name, last = f"{name} {words[last].symbols}", last + 1
    return best


def _near(gap: str) -> bool:
    """Whether two words belong to one name."""
    return gap in {" ", "-", "\u00a0", "‑", "–", "—", " - ", "\n"} or gap.strip() in {"-", ""}
