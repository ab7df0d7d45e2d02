"""How to find a place that nobody has heard of: from the nearest town, how far, which way. Pure."""

from collections.abc import Iterable, Iterator
from math import atan2, cos, degrees, radians, sin
from typing import NamedTuple

from monitor.gazetteer.areas import KM_OF_DEGREE, Box, distance_km
from monitor.gazetteer.outlines import Ring, known_regions, outline
from monitor.place import Place, Point

TOWN = 5_000
"""People who live where a reader may be expected to know it, at least."""
REACH_KM = 80.0
AT_KM = 1.0
"""Nearer than this it is the town itself."""
POINTS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")


class Bearing(NamedTuple):
    """`km` kilometres to the `direction` of a town."""

    town: Place
    km: float
    direction: str

    @property
    def rounded(self) -> int:
        """Whole kilometres, one at least."""
        return max(1, round(self.km))


def box_around(point: Point, km: float) -> Box:
    """The degrees that hold everything within so many kilometres."""
    lat, lon = point
    high = km / KM_OF_DEGREE
    wide = high / max(0.05, cos(radians(lat)))
    return lat - high, lon - wide, lat + high, lon + wide


def outlines_in(box: Box) -> Iterator[Ring]:
    """The outlines of every region that may reach into a box of degrees."""
    south, west, north, east = box
    for one in known_regions().values():
        low, left, high, right = one.box
        if low <= north and high >= south and left <= east and right >= west:
            yield from outline(one.iso)


def direction(origin: Point, target: Point) -> str:
    """The compass point from one point to another, of eight."""
    lat1, lon1, lat2, lon2 = map(radians, (*origin, *target))
    east = sin(lon2 - lon1) * cos(lat2)
    north = cos(lat1) * sin(lat2) - sin(lat1) * cos(lat2) * cos(lon2 - lon1)
    return POINTS[round(degrees(atan2(east, north)) / 45) % 8]


def bearing(point: Point, identity: str, places: Iterable[Place]) -> Bearing | None:
    """From the nearest town; None if there is none in reach, or the place is the town itself.

    `identity` is the id of the place that is described, which is no landmark of itself.
    """
    towns = [
        (distance_km(point, one.point), one)
        for one in places
        if one.point is not None
        and one.kind == "settlement"
        and one.population >= TOWN
        and one.id != identity
    ]
    km, town = min(towns, key=lambda found: found[0], default=(REACH_KM, None))
    if town is None or town.point is None or not AT_KM <= km < REACH_KM:
        return None
    return Bearing(town, km, direction(town.point, point))
