"""Which place a name means, or none: by what the whole post says, and where its channel is at home.

Fails closed: a name that could be several places, or no place, is reported without one. The weights
are likelihood ratios: how many times likelier the clue is when this place is meant.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from monitor.gazetteer.areas import containers, distance_km
from monitor.gazetteer.lookup import Gazetteer, cut, look
from monitor.gazetteer.reading import Reading, read
from monitor.place import Place, Point

ENOUGH = 0.7
"""Confidence from which a name counts as resolved."""
FAIR = 0.5

_USUAL = {"settlement": 300.0, "district": 30_000.0, "region": 800_000.0, "country": 9_000_000.0}
"""People, when nobody counted them."""

OWN = 6.0
"""Places of the own files are what the watched channels speak of."""
HOME = 60.0
HOME_ELSEWHERE = 0.5
SAME_REGION = 80.0
SAME_DISTRICT = 200.0
BESIDE = 10.0
OTHER_REGION = 0.15
UNLISTED = 40.0
"""How much likelier a village that nothing lists in the region of the post is, than a village of
that name in another region: no gazetteer has every hamlet."""
VILLAGE = 20_000
"""People; places larger than that are known, and meant wherever they are named."""
SAME_COUNTRY = 4.0
NEAR = ((40.0, 20.0), (120.0, 6.0), (300.0, 2.0))
"""Kilometres from a place that is sure, and how much that speaks for a candidate."""
MOST_FOR_A_PLACE = 6.0
"""Clues tell namesakes apart; that a name is a place at all they say only so much."""
BESIDE_CHARACTERS = 60
MOST_NAMES = 1000
"""More names of a post are not looked at, so that a list of a country costs no seconds."""
MOST_SURE = 30
"""So many different sure places of a post are its clues, in order."""


class Resolved(NamedTuple):
    """A name at [start, end) and the place it means; `place` None: unresolved or ambiguous.

    `candidates` are the places of that name, likeliest first; `namesakes` counts those of
    them that no gazetteer lists. `why` says in words what decided.
    """

    text: str
    start: int
    end: int
    place: Place | None
    confidence: float
    candidates: tuple[Place, ...]
    namesakes: int
    why: str


class _Clues(NamedTuple):
    """What the sure names of a post say: regions, containing places, points, countries."""

    regions: Counter[str]
    holders: frozenset[str]
    points: tuple[Point, ...]
    countries: frozenset[str]


def resolve(text: str, gazetteer: Gazetteer, home: str | None = None) -> tuple[Resolved, ...]:
    """Every name of a known place in a text, in order, each with its place or without.

    `home` is the ISO 3166-2 region that the channel speaks from.
    """
    words = cut(text)
    readings = read(text, words, look(words, gazetteer)[:MOST_NAMES])
    if not readings:
        return ()
    sure = _sure_places(readings)
    results = [
        _decide(one, _beside(text, at, readings), _clues(sure, one, gazetteer), gazetteer, home)
        for at, one in enumerate(readings)
    ]
    return tuple(_one_sense(results))


def _sure_places(readings: Sequence[Reading]) -> list[Place]:
    """The places of the names that need no clue, each once, in order."""
    found: dict[str, Place] = {}
    for reading in readings:
        place = _sure(reading)
        if place is not None:
            found.setdefault(place.id, place)
        if len(found) == MOST_SURE:
            break
    return list(found.values())


def _clues(sure: Sequence[Place], apart_from: Reading, gazetteer: Gazetteer) -> _Clues:
    """What the other names say that can hardly be anything else."""
    regions: Counter[str] = Counter()
    holders: set[str] = set()
    points: list[Point] = []
    countries: set[str] = set()
    for place in sure:
        if any(one.place.id == place.id for one in apart_from.candidates):
            continue
        if place.country:
            countries.add(place.country)
        if place.admin1:
            regions[place.admin1] += 1
        holders |= {place.id} | set(containers(place, gazetteer.places))
        if place.kind in {"settlement", "district"} and place.point is not None:
            points.append(place.point)
    return _Clues(regions, frozenset(holders), tuple(points), frozenset(countries))


def _sure(reading: Reading) -> Place | None:
    """The place of a name that needs no clue: the only one, or by far the largest."""
    if reading.doubt > FAIR:
        return None
    ranked = sorted(reading.candidates, key=lambda one: -_size(one.place))
    best = ranked[0].place
    others = sum(_size(one.place) for one in ranked[1:]) + best.namesakes * _USUAL["settlement"]
    return best if others < 0.2 * _size(best) else None


def _size(place: Place) -> float:
    people = float(place.population or _USUAL[place.kind])
    return math.pow(people, 0.8)


def _decide(
    reading: Reading,
    beside: frozenset[str],
    clues: _Clues,
    gazetteer: Gazetteer,
    home: str | None,
) -> Resolved:
    places = list({one.place.id: one.place for one in reading.candidates}.values())
    prior = {
        place.id: _size(place) * (OWN if place.id in gazetteer.places else 1.0) for place in places
    }
    told = {place.id: _evidence(place, clues, beside, gazetteer, home) for place in places}
    namesakes = max(0, *(place.namesakes - (len(places) - 1) for place in places))
    unlisted = namesakes * _USUAL["settlement"] ** 0.8
    before = sum(prior.values()) + unlisted
    if all(_is_elsewhere(place, clues) for place in places) and not any(
        place.id in gazetteer.places for place in places
    ):
        unlisted += UNLISTED * _USUAL["settlement"] ** 0.8
    weights = {place.id: prior[place.id] * told[place.id][0] for place in places}
    after = sum(weights.values()) + unlisted
    boost = min(after / before, MOST_FOR_A_PLACE)
    is_place = (1 - reading.doubt) * boost
    is_place /= is_place + reading.doubt
    ranked = sorted(places, key=lambda place: (-weights[place.id], place.id))
    best = _holding_all(ranked, gazetteer) or ranked[0]
    share = 1.0 if best is not ranked[0] else weights[best.id] / after
    confidence = round(is_place * share, 3)
    why = "; ".join([reading.why, *told[best.id][1]])
    return Resolved(
        reading.text,
        reading.start,
        reading.end,
        best if confidence >= ENOUGH else None,
        confidence,
        tuple(ranked),
        namesakes,
        why,
    )


def _holding_all(ranked: Sequence[Place], gazetteer: Gazetteer) -> Place | None:
    """The candidate that contains all others: `курские` are the oblast's and its city's."""
    if len(ranked) < 2:  # noqa: PLR2004 - one candidate needs no choice
        return None
    for place in ranked:
        others = [other for other in ranked if other is not place]
        if place.kind in {"district", "region"} and all(
            place.id in containers(other, gazetteer.places)
            or (place.kind == "region" and place.admin1 == other.admin1 is not None)
            for other in others
        ):
            return place
    return None


def _beside(text: str, at: int, readings: Sequence[Reading]) -> frozenset[str]:
    """The ids and regions of what is named right after: `Козинка Грайворонского района`."""
    near: set[str] = set()
    end = readings[at].end
    for other in readings[at + 1 : at + 4]:
        between = text[end : other.start]
        if len(between) > BESIDE_CHARACTERS or "." in between.strip(".") or "\n" in between:
            break
        for one in other.candidates:
            if one.place.kind in {"district", "region", "country"}:
                near |= {one.place.id, one.place.admin1 or one.place.country or one.place.id}
    return frozenset(near)


def _evidence(
    place: Place, clues: _Clues, beside: frozenset[str], gazetteer: Gazetteer, home: str | None
) -> tuple[float, list[str]]:
    """How much the clues speak for a candidate, and which."""
    weight = 1.0
    why: list[str] = []
    held = set(containers(place, gazetteer.places))
    district = next(
        (one for one in place.within if one in clues.holders and _is_district(one, gazetteer)), None
    )
    if district is not None:
        weight *= SAME_DISTRICT
        why.append(f"the post names {district}")
    elif place.admin1 in clues.regions:
        weight *= SAME_REGION
        why.append(f"the post speaks of {place.admin1}")
    elif _other_regions(place, clues):
        weight *= OTHER_REGION
        why.append("the post speaks of other regions")
    if beside & held:
        weight *= BESIDE
        why.append("what contains it is named beside it")
    distance, factor = _nearest(place, clues.points)
    if factor > 1.0 and district is None:
        weight *= factor
        why.append(f"{distance:.0f} km from another place of the post")
    if place.country in clues.countries:
        weight *= SAME_COUNTRY
    if home is not None and place.admin1 is not None and place.kind != "region":
        same = home == place.admin1
        weight *= HOME if same else HOME_ELSEWHERE
        if same:
            why.append(f"the channel is of {home}")
    return weight, why


def _is_district(identity: str, gazetteer: Gazetteer) -> bool:
    place = gazetteer.get(identity)
    return place is not None and place.kind == "district"


def _other_regions(place: Place, clues: _Clues) -> bool:
    """Whether the post names regions of the candidate's country, but not its own."""
    if place.admin1 is None or place.kind in {"region", "country"}:
        return False
    country = place.admin1.partition("-")[0]
    return any(one.startswith(country + "-") for one in clues.regions)


def _is_elsewhere(place: Place, clues: _Clues) -> bool:
    """Whether it is a village in a region of which the post does not speak, while of others."""
    return (
        place.kind == "settlement"
        and place.population < VILLAGE
        and place.admin1 not in clues.regions
        and _other_regions(place, clues)
    )


def _nearest(place: Place, points: Iterable[Point]) -> tuple[float, float]:
    """The distance to the nearest sure place, and what it is worth."""
    if place.point is None or place.kind in {"region", "country"}:
        return 0.0, 1.0
    nearest = min((distance_km(place.point, one) for one in points), default=1e9)
    return nearest, next((factor for limit, factor in NEAR if nearest <= limit), 1.0)


def _one_sense(results: Sequence[Resolved]) -> Iterable[Resolved]:
    """A name that was resolved once in a post means the same elsewhere in it."""
    meant = {one.place.id: one for one in results if one.place is not None}
    for one in results:
        known = next((meant[two.id] for two in one.candidates if two.id in meant), None)
        if one.place is None and known is not None and one.confidence >= 0.3:  # noqa: PLR2004 - more than a guess
            confidence = max(ENOUGH, round(known.confidence * 0.9, 3))
            why = f"{one.why}; as elsewhere in the post"
            yield one._replace(place=known.place, confidence=confidence, why=why)
        else:
            yield one
