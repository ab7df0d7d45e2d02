"""Whether what two posts speak of is in one place, and which of two places says more.

A place is the same as another, inside it, contains it, or is near it. What has no place agrees with
nothing that has one, but can be found a place later.
"""

import math
from collections.abc import Iterator

from monitor.place import Place

EARTH_KM = 6371.0
KM_A_DEGREE = 111.2
LEAST_KM_A_DEGREE = 111.19
CELL = 0.25
"""Degrees: incidents are filed by squares of this size."""


def distance_km(one: Place, other: Place) -> float | None:
    """The distance of two settlements' points on the sphere; None if one is no point."""
    if not (_is_point(one) and _is_point(other)):
        return None
    (lat, lon), (lat2, lon2) = _point(one), _point(other)
    a = (
        math.sin((lat2 - lat) / 2) ** 2
        + math.cos(lat) * math.cos(lat2) * math.sin((lon2 - lon) / 2) ** 2
    )
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(a)))


def _point(place: Place) -> tuple[float, float]:
    return math.radians(place.lat or 0.0), math.radians(place.lon or 0.0)


def _is_point(place: Place) -> bool:
    return place.kind == "settlement" and place.lat is not None and place.lon is not None


def covers(outer: Place | None, inner: Place | None) -> bool:
    """Whether `inner` is `outer`, or lies inside it; no place covers no place only."""
    if outer is None or inner is None:
        return outer is inner
    return outer.id == inner.id or outer.id in inner.within


def agree(one: Place | None, other: Place | None, radius_km: float = 0.0) -> bool:
    """Whether two places may be one: the same, one inside the other, or near enough."""
    if one is None or other is None:
        return one is other
    if one.id == other.id or one.id in other.within or other.id in one.within:
        return True
    if not radius_km or one.lat is None or other.lat is None:
        return False
    if abs(one.lat - other.lat) * LEAST_KM_A_DEGREE > radius_km:
        return False  # which nearly all are, at a tenth of the price
    apart = distance_km(one, other)
    return apart is not None and apart <= radius_km


def is_finer(place: Place | None, than: Place | None) -> bool:
    """Whether a place says more of where than another does: it is inside it, or that is none."""
    if place is None:
        return False
    return than is None or (place.id != than.id and than.id in place.within)


def spots(place: Place | None) -> Iterator[str]:
    """Under what an incident at this place is filed: the place, what contains it, its square."""
    if place is None:
        yield "="
        return
    yield f"={place.id}"
    for outer in place.within:
        yield f"<{outer}"
    if _is_point(place):
        yield _square(*_cell(place))


def squares_near(place: Place, radius_km: float) -> Iterator[str]:
    """The squares that reach within the radius of a settlement."""
    if not radius_km or not _is_point(place):
        return
    row, column = _cell(place)
    high = math.ceil(radius_km / KM_A_DEGREE / CELL)
    narrow = max(0.01, math.cos(math.radians(min(89.0, abs(place.lat or 0.0) + high * CELL))))
    wide = min(math.ceil(180 / CELL), math.ceil(radius_km / (KM_A_DEGREE * narrow) / CELL))
    around = math.ceil(360 / CELL)
    for up in range(row - high, row + high + 1):
        for along in range(column - wide, column + wide + 1):
            yield _square(up, along % around)


def _cell(place: Place) -> tuple[int, int]:
    columns = math.ceil(360 / CELL)
    row = math.floor((place.lat or 0.0) / CELL)
    return row, math.floor((place.lon or 0.0) / CELL) % columns


def _square(row: int, column: int) -> str:
    return f"#{row}:{column}"
