"""What lies where: distances on the globe, outlines, and what contains what."""

from collections.abc import Iterator, Mapping
from math import asin, cos, radians, sin, sqrt

from monitor.place import Area, Place, Point

Box = tuple[float, float, float, float]
"""South, west, north, east, in degrees; a west below -180 or an east above 180 goes around."""

KM_OF_DEGREE = 111.0
"""Kilometres of one degree of latitude; a little less than it has."""
EARTH_KM = 6371.0088
"""Mean radius of the Earth (IUGG)."""


def distance_km(one: Point, other: Point) -> float:
    """Great-circle distance of two (lat, lon) points, by the haversine formula."""
    lat1, lon1, lat2, lon2 = map(radians, (*one, *other))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(half)))


def in_ring(point: Point, ring: tuple[Point, ...]) -> bool:
    """Whether a point lies inside an outline (the last point joins the first; no poles)."""
    lat, lon = point
    inside = False
    previous = ring[-1]
    for corner in ring:
        (lat1, lon1), (lat2, lon2) = previous, corner
        if (lat1 > lat) != (lat2 > lat) and lon < lon1 + (lat - lat1) * (lon2 - lon1) / (
            lat2 - lat1
        ):
            inside = not inside
        previous = corner
    return inside


def containers(place: Place, places: Mapping[str, Place]) -> Iterator[str]:
    """The ids of everything that contains a place, and its region's and country's codes."""
    seen: set[str] = set()
    todo = [*place.within]
    while todo:
        one = todo.pop(0)
        if one not in seen:
            seen.add(one)
            yield one
            if one in places:
                todo += places[one].within
    yield from (code for code in (place.admin1, place.country) if code and code not in seen)


def in_area(place: Place, area: Area, places: Mapping[str, Place]) -> bool:
    """Whether a place lies in an area.

    A place larger than a settlement lies in a drawn area only if it is named by it: the middle of
    an oblast says nothing of where in it something happened.
    """
    held = {place.id, *containers(place, places)}
    if place.admin1 in area.admin1 or not held.isdisjoint(area.places):
        return True
    if place.point is None or place.kind in {"region", "country"}:
        return False
    point = place.point
    near = any(distance_km(point, centre) <= area.radius_km for centre in area.around)
    return near or any(in_ring(point, ring) for ring in area.rings)


def box_around(point: Point, radius_km: float) -> Box:
    """A box that holds every point so near."""
    lat, lon = point
    high = radius_km / KM_OF_DEGREE
    south, north = max(-90.0, lat - high), min(90.0, lat + high)
    narrowest = cos(radians(max(abs(south), abs(north))))
    wide = min(180.0, high / narrowest) if narrowest > 0 else 180.0
    return south, lon - wide, north, lon + wide


def boxes(area: Area) -> Iterator[Box]:
    """Boxes that hold all of an area that is drawn; what is listed by name they leave out."""
    for centre in area.around:
        yield box_around(centre, area.radius_km)
    for ring in area.rings:
        lats, lons = [lat for lat, _ in ring], [lon for _, lon in ring]
        yield min(lats), min(lons), max(lats), max(lons)
