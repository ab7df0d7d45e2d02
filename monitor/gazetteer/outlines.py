"""The regions of the world with their outlines: which one a point lies in, and what to draw.

Source: Natural Earth (public domain), simplified by scripts/outlines.py to 1 km near the watched
borders and 6 km elsewhere; coasts without their small islands.
"""

import csv
import gzip
import io
from collections.abc import Iterator
from functools import cache, lru_cache
from math import floor
from pathlib import Path
from typing import NamedTuple

from monitor.gazetteer.areas import Box, distance_km, in_ring
from monitor.place import Point

Ring = tuple[Point, ...]
"""An outline of (lat, lon) points; the last one joins the first."""

COAST_KM = 12.0
"""A point so far outside of all outlines belongs to the nearest: simplifying has cut its bay."""
_MARGIN = 0.15
_FILE = Path(__file__).parent / "data" / "outlines.csv.gz"
_DIGITS = 1000.0


class Region(NamedTuple):
    """A region (ISO 3166-2) with its names, a point inside, and the box that its outline is in."""

    iso: str
    en: str
    ru: str
    uk: str
    point: Point
    box: Box
    encoded: str


@cache
def known_regions() -> dict[str, Region]:
    """Every region that has an outline, by ISO 3166-2 code: about 4,300."""
    text = gzip.decompress(_FILE.read_bytes()).decode()
    found: dict[str, Region] = {}
    for row in csv.DictReader(io.StringIO(text)):
        south, west, north, east = map(float, row["box"].split())
        point = float(row["lat"]), float(row["lon"])
        found[row["iso"]] = Region(
            row["iso"], row["en"], row["ru"], row["uk"], point, (south, west, north, east),
            row["outline"],
        )  # fmt: skip
    return found


@lru_cache(maxsize=1024)
def outline(iso: str) -> tuple[Ring, ...]:
    """The outline of a region (ISO 3166-2), or of a country (ISO 3166-1) as that of its regions.

    Largest ring of a region first; () for what is not known.
    """
    known = known_regions()
    if iso in known:
        return tuple(map(_decoded, known[iso].encoded.split(" ")))
    return tuple(ring for code in sorted(known) if code[:2] == iso for ring in outline(code))


def region_at(point: Point, country: str | None = None) -> str | None:
    """The ISO 3166-2 code of the region that a point lies in; None at sea.

    `country` (ISO 3166-1), if it is known, decides near a border.
    """
    near = [one for one in _around(point) if country in {None, one.iso[:2]}]
    near.sort(key=_size)  # of a city and the region around it, whose outline has no hole: the city
    for one in near:
        if any(in_ring(point, ring) for ring in outline(one.iso)):
            return one.iso
    distances = [
        (min(distance_km(point, corner) for ring in outline(one.iso) for corner in ring), one.iso)
        for one in near
    ]
    distance, nearest = min(distances, default=(COAST_KM + 1, None))
    return nearest if distance <= COAST_KM else None


def _size(region: Region) -> float:
    south, west, north, east = region.box
    return (north - south) * (east - west)


def _around(point: Point) -> Iterator[Region]:
    lat, lon = point
    known = known_regions()
    for iso in _cells().get((floor(lat), floor(lon)), ()):
        south, west, north, east = known[iso].box
        if south - _MARGIN <= lat <= north + _MARGIN and west - _MARGIN <= lon <= east + _MARGIN:
            yield known[iso]


@cache
def _cells() -> dict[tuple[int, int], tuple[str, ...]]:
    """The regions near each cell of one degree."""
    found: dict[tuple[int, int], list[str]] = {}
    for one in known_regions().values():
        south, west, north, east = one.box
        for lat in range(floor(south - _MARGIN), floor(north + _MARGIN) + 1):
            for lon in range(floor(west - _MARGIN), floor(east + _MARGIN) + 1):
                found.setdefault((lat, lon), []).append(one.iso)
    return {cell: tuple(codes) for cell, codes in found.items()}


def _decoded(text: str) -> Ring:
    """A ring in Google's polyline encoding: differences, five bits a character, lowest first."""
    points: list[Point] = []
    numbers = [0, 0]
    axis = value = shift = 0
    for character in text:
        bits = ord(character) - 63
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:
            continue
        numbers[axis] += ~(value >> 1) if value & 1 else value >> 1
        if axis:
            points.append((numbers[0] / _DIGITS, numbers[1] / _DIGITS))
        axis, value, shift = 1 - axis, 0, 0
    return tuple(points)
