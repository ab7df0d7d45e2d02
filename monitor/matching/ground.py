"""What a post's places say of the place conditions of rules.

Terms that stand for places only bring a rule near; here the names of the post are resolved, and a
condition holds for what was resolved, never for a name that could mean something else.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from monitor.gazetteer.areas import containers
from monitor.gazetteer.lookup import Gazetteer
from monitor.gazetteer.resolve import Resolved, resolve
from monitor.hit import Found
from monitor.loosely import loosely
from monitor.place import Place
from monitor.rule import Where
from monitor.rulebook.where import fits
from monitor.text.sentences import spans

NOTES = "\0places"
"""Under this name `Seen` holds what became of every name of a place, for explanations."""


class Ground(NamedTuple):
    """The places of one post: by condition where they were found, and by id."""

    found: Mapping[str, list[Found]]
    places: Mapping[str, Place]


class Grounds:
    """The place conditions of a rulebook, over its gazetteer."""

    def __init__(self, gazetteer: Gazetteer, wheres: tuple[Where, ...]) -> None:
        """`wheres` are all the place conditions of all rules."""
        self._gazetteer = gazetteer
        self._wheres = wheres
        self.of = lru_cache(maxsize=16)(loosely(self._of))

    def __reduce__(self) -> tuple[type["Grounds"], tuple[Gazetteer, tuple[Where, ...]]]:
        """What is remembered does not travel between processes."""
        return Grounds, (self._gazetteer, self._wheres)

    def _of(self, text: str, home: str | None) -> Ground:
        """What a text says, spoken from a region (ISO 3166-2)."""
        found: dict[str, list[Found]] = {}
        places: dict[str, Place] = {}
        for one in resolve(text, self._gazetteer, home):
            found.setdefault(NOTES, []).append(_note(one))
            identity = one.place.id if one.place else None
            seen = Found(text=one.text, start=one.start, end=one.end, place=identity)
            for where in self._wheres:
                if where.unresolved == (one.place is None) and (
                    one.place is None or fits(one.place, where, self._gazetteer)
                ):
                    found.setdefault(where.text, []).append(seen)
            if one.place is not None:
                places[one.place.id] = one.place
        region = self._region(home) if home and not places else None
        if region is not None:
            seen = Found(text="", start=0, end=0, place=region.id)
            held = [one for one in self._wheres if one.home and fits(region, one, self._gazetteer)]
            found |= {one.text: [seen] for one in held}
            places[region.id] = region
            note = f"no place is sure: the source's home {region.id}"
            found.setdefault(NOTES, []).append(Found(text="", start=0, end=0, term=note))
        return Ground(found, places)

    def _region(self, home: str) -> Place | None:
        """The place that a source's home region is: an own one, else the world's."""
        own = self._gazetteer.places.values()
        mine = (one for one in own if one.kind == "region" and one.admin1 == home)
        return next(mine, None) or self._gazetteer.get(f"region:{home}")

    def precise(self, places: Mapping[str, Place]) -> tuple[Place, ...]:
        """Those that contain no other of them: of a village and its district, the village."""
        return tuple(
            place
            for identity, place in sorted(places.items())
            if not any(self._holds(place, other) for other in places.values() if other is not place)
        )

    def _holds(self, place: Place, other: Place) -> bool:
        """Whether a place contains another: by name, or as the other's whole region or country."""
        held = set(containers(other, self._gazetteer.places))
        if place.kind == "country":
            return place.country in held
        same_region = place.kind == "region" != other.kind and place.admin1 in held
        return place.id in held or same_region


def beside_words(text: str, found: Sequence[Found]) -> set[str]:
    """The places that share a sentence with a word; all of them if none does.

    `Shelling of Graivoron. The injured are in hospitals of Belgorod.` is about Graivoron.
    """
    places = {one.place for one in found if one.place is not None}
    if len(places) < 2:  # noqa: PLR2004 - nothing to choose
        return places
    ends = [end for _, end in spans(text, "sentence")]
    told = {bisect_right(ends, one.start) for one in found if one.place is None}
    near = {one.place for one in found if one.place and bisect_right(ends, one.start) in told}
    return near or places


def _note(one: Resolved) -> Found:
    """What became of a name: the place, or why there is none."""
    count = len(one.candidates) + one.namesakes
    candidates = f"{count} candidates" if count > 1 else "1 candidate"
    said = one.place.id if one.place else "unresolved"
    note = f"{one.text} is {said} ({one.confidence:.2f}, {candidates}: {one.why})"
    return Found(text=one.text, start=one.start, end=one.end, term=note)
