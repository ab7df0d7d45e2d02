"""A place on the map, as gazetteers and rules name it."""

import msgspec


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A settlement, district or region.

    `country` is ISO 3166-1 alpha-2, `admin1` ISO 3166-2; `lat`/`lon` are WGS 84 degrees;
    `precision_km` is how far off the point may be for what the name covers; `within` names the
    places that contain it, nearest first.
    """

    id: str
    name: str
    kind: str = "settlement"
    country: str | None = None
    admin1: str | None = None
    lat: float | None = None
    lon: float | None = None
    precision_km: float | None = None
    names: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
