"""Several gazetteers' entries of one place: kept once, completed by each other, and told apart."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from monitor.gazetteer.areas import distance_km
from monitor.gazetteer.names import key
from monitor.gazetteer.outlines import region_at
from monitor.place import Place

ONE_PLACE_KM = 3.0
"""Entries of one name nearer than this are one place."""
_Which = tuple[str, str | None, str]
"""A name (as a key), a region, a kind."""


def once(places: Iterable[Place]) -> tuple[list[Place], int]:
    """Each place once, in its region, and how many were listed again.

    The first of a name in a region with a point hard by stands for the others, and the first of an
    id. Places without a point are different ones: registers list each village once.
    """
    kept: dict[str, Place] = {}
    by_name: dict[_Which, list[Place]] = defaultdict(list)
    merged = 0
    for place in map(_in_region, places):
        beside = by_name[_which(place)]
        if place.id in kept or any(_one_place(place, other) for other in beside):
            merged += 1
            continue
        kept[place.id] = place
        beside.append(place)
    return list(kept.values()), merged


def _which(place: Place) -> _Which:
    return key(place.name), place.admin1, place.kind


def _in_region(place: Place) -> Place:
    """The place with its region and country, by its point if need be."""
    admin1 = place.admin1
    if admin1 is None and place.point is not None:
        admin1 = region_at(place.point, place.country)
    country = place.country or (admin1[:2] if admin1 else None)
    if (admin1, country) == (place.admin1, place.country):
        return place
    return msgspec.structs.replace(place, admin1=admin1, country=country)


def located(places: Iterable[Place], others: Iterable[Place]) -> list[Place]:
    """Places without a point take that of the only other one of their name, kind and region.

    KATOTTG knows which settlements there are, OpenStreetMap and GeoNames know where. A name that
    several places of a region bear, on either side, stays without a point.
    """
    listed = list(places)
    points: dict[_Which, list[Place]] = defaultdict(list)
    for one in others:
        if one.point is not None:
            for name in dict.fromkeys((one.name, *one.names)):
                points[(key(name), one.admin1, one.kind)].append(one)
    bearers = Counter(map(_which, listed))
    return [_placed(one, points, bearers) for one in listed]


def _placed(
    place: Place, points: Mapping[_Which, Sequence[Place]],
    bearers: Mapping[_Which, int],
) -> Place:  # fmt: skip
    which = _which(place)
    found = points.get(which, ())
    if place.point is not None or bearers[which] > 1 or not found:
        return place
    first, *more = found
    if any(not _one_place(first, one) for one in more):
        return place
    best = max(found, key=lambda one: (one.population, one.id))
    theirs = (name for one in found for name in (one.name, *one.names))
    names = dict.fromkeys((*place.names, *theirs))
    return msgspec.structs.replace(
        place, lat=best.lat, lon=best.lon, population=best.population,
        names=tuple(name for name in names if name != place.name),
    )  # fmt: skip


def _one_place(one: Place, other: Place) -> bool:
    if one.point is None or other.point is None:
        return False
    return distance_km(one.point, other.point) < ONE_PLACE_KM


def conflicts(places: Iterable[Place]) -> Counter[str]:
    """What is odd about imported places, counted by kind."""
    found: Counter[str] = Counter()
    names: Counter[tuple[str, str | None]] = Counter()
    for place in places:
        names[(key(place.name), place.admin1)] += 1
        found["without a point: no radius or outline holds them"] += place.point is None
        found["without a region: no place condition by region holds them"] += place.admin1 is None
    several = sum(1 for count in names.values() if count > 1)
    found["names borne by several places of one region: unresolved without their district"] = (
        several
    )
    return Counter({kind: count for kind, count in found.items() if count})
