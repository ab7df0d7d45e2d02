"""What a post's places say of the place conditions of rules.

Terms that stand for places only bring a rule near; here the names of the post are resolved, and a
condition holds for what was resolved, never for a name that could mean something else.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from monitor.gazetteer.areas import containers
from monitor.gazetteer.lookup import Gazetteer
from monitor.gazetteer.resolve import Resolved, resolve
from monitor.hit import Found
from monitor.place import Place
from monitor.rule import Where
from monitor.rulebook.where import fits

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
        self.of = lru_cache(maxsize=16)(self._of)

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
        return Ground(found, places)

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


def _note(one: Resolved) -> Found:
    """What became of a name: the place, or why there is none."""
    count = len(one.candidates) + one.namesakes
    candidates = f"{count} candidates" if count > 1 else "1 candidate"
    said = one.place.id if one.place else "unresolved"
    note = f"{one.text} is {said} ({one.confidence:.2f}, {candidates}: {one.why})"
    return Found(text=one.text, start=one.start, end=one.end, term=note)
