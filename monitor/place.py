"""A place on the map, and areas of them, as gazetteers and rules name them."""

from typing import Literal

import msgspec

PlaceKind = Literal["settlement", "district", "region", "country"]
KINDS: tuple[PlaceKind, ...] = ("settlement", "district", "region", "country")
"""From small to large. A region is an oblast, a state, a province: what ISO 3166-2 has a code for
(in the language of rules it may also be called oblast)."""

Point = tuple[float, float]
"""(latitude, longitude), WGS 84 degrees."""


class Place(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A settlement, district or region.

    `country` is ISO 3166-1 alpha-2, `admin1` ISO 3166-2; `lat`/`lon` are WGS 84 degrees;
    `precision_km` is how far off the point may be for what the name covers; `within` names the
    places that contain it, nearest first. `namesakes` counts other places of the same name that
    are not listed: with any, the name alone does not say which one is meant.
    """

    id: str
    name: str
    kind: PlaceKind = "settlement"
    country: str | None = None
    admin1: str | None = None
    lat: float | None = None
    lon: float | None = None
    precision_km: float | None = None
    names: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    population: int = 0
    namesakes: int = 0

    @property
    def point(self) -> Point | None:
        """Where it is, if known."""
        return None if self.lat is None or self.lon is None else (self.lat, self.lon)


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the map with a name of its own.

    All that lies within `radius_km` of any of the points `around`, or inside one of the `rings`
    (outlines of (lat, lon) points), or in one of the ISO 3166-2 regions `admin1`, or in one of
    `places` (ids).
    """

    id: str
    name: str = ""
    around: tuple[Point, ...] = ()
    radius_km: float = 0.0
    rings: tuple[tuple[Point, ...], ...] = ()
    admin1: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
