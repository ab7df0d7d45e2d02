"""Other people's gazetteers as places: GeoNames dumps, OpenStreetMap, KATOTTG, CSV, GeoJSON.

The kind of a file is told by its content. What cannot be used is counted and told by line, never
guessed at; what is listed twice is kept once.
"""

import csv
import io
import json
import re
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from monitor.gazetteer import katottg, osm
from monitor.gazetteer.merging import once
from monitor.gazetteer.names import key
from monitor.gazetteer.world import regions
from monitor.place import Place, PlaceKind

_GEONAMES_COLUMNS = 19
_ALTERNATE_COLUMNS = 8
_LANGUAGES = frozenset({"ru", "uk", "en", "be", "pl", "de", ""})
_MOST = 2_000_000_000

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "geonameid", "osm_id", "code", "wikidata"),
    "name": ("name", "name_uk", "name:uk", "name_ru", "name:ru", "place_name", "settlement"),
    "names": ("names", "alternatenames", "name_en", "name:en", "name_ru", "name:ru", "name_uk"),
    "lat": ("lat", "latitude", "y"),
    "lon": ("lon", "lng", "long", "longitude", "x"),
    "country": ("country", "country_code", "countrycode"),
    "admin1": ("admin1", "iso", "iso3166-2", "region", "oblast", "state", "admin1_name"),
    "population": ("population", "pop"),
}
_NAME = re.compile(r"[A-Za-z\u00c0-\u024f\u0400-\u04ff '’ʼ-]{4,}")
"""Latin or Cyrillic; three letters are a code."""
_FEATURES: Mapping[str, PlaceKind] = {"P": "settlement"}
_DIVISIONS: Mapping[str, PlaceKind] = {"ADM1": "region", "ADM2": "district", "ADM3": "district"}


class Problem(NamedTuple):
    """A line that cannot be used."""

    line: int
    why: str


class Imported(NamedTuple):
    """What a file held: places, lines that cannot be used, and what was listed twice.

    `names` are further names of places of other files, by id (GeoNames' alternate names).
    """

    places: list[Place]
    problems: list[Problem]
    merged: int
    names: Mapping[str, tuple[str, ...]]


Row = Mapping[str, str]


def read_gazetteer(path: Path, told: Callable[[int], None] = lambda _: None) -> Imported:
    """Read a file; `told` hears how many lines are done.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no gazetteer that we know.
    """
    problems: list[Problem] = []
    name = path.name.lower()
    if name.endswith(".pbf"):
        raise ValueError("OSM's binary format: ask Overpass for JSON, or convert it to .osm")
    whole = next((read for ending, read in _WHOLE.items() if name.endswith(ending)), None)
    if whole is not None:
        return _imported(whole(path, problems), problems)
    lines = _lines(path)
    first = next(lines, "")
    everything = _chained(first, lines, told)
    columns = first.count("\t") + 1
    if columns == _GEONAMES_COLUMNS:
        return _imported(list(_geonames(everything, problems)), problems)
    if columns >= _ALTERNATE_COLUMNS and first.split("\t")[1].isdecimal():
        return Imported([], problems, 0, _alternate(everything))
    dialect = "\t" if columns > 1 else ";" if first.count(";") > first.count(",") else ","
    if katottg.CODE.search(first) or _is_katottg(first):
        rows = csv.reader(everything, delimiter=dialect)
        return _imported(_right(katottg.places_of(rows), problems), problems)
    return _imported(list(_table(everything, dialect, problems)), problems)


def _of_sheet(path: Path, problems: list[Problem]) -> list[Place]:
    return _right(katottg.places_of(katottg.sheet_rows(path)), problems)


def _of_osm(path: Path, problems: list[Problem]) -> list[Place]:
    return _right(osm.in_file(path), problems)


def _is_katottg(heading: str) -> bool:
    return "level1" in heading.lower() or "перший рівень" in heading.lower()


def _of_json(path: Path, problems: list[Problem]) -> list[Place]:
    """Overpass, KATOTTG or GeoJSON: each has its own shape."""
    document = json.loads(path.read_bytes())
    rows = katottg.json_rows(document)
    if rows is not None:
        return _right(katottg.places_of(rows), problems)
    if osm.is_answer(document):
        return _right(osm.answered(document), problems)
    return list(_geojson(document, problems))


def _right(found: Iterable[tuple[int, Place | str]], problems: list[Problem]) -> list[Place]:
    """The places; what is wrong goes to `problems`."""
    places: list[Place] = []
    codes = _codes()
    for number, one in found:
        if isinstance(one, str):
            problems.append(Problem(number, one))
            continue
        region = one.admin1 or ""
        known = codes.get(region.lower()) or codes.get(key(region))
        admin1 = known or (region if _iso(region) else None)
        places.append(msgspec.structs.replace(one, admin1=admin1))
    return places


_WHOLE: Mapping[str, Callable[[Path, list[Problem]], list[Place]]] = {
    ".xlsx": _of_sheet,
    ".osm": _of_osm,
    ".geojson": _of_json,
    ".json": _of_json,
}
"""Formats that are told by their names and read as a whole."""


def _lines(path: Path) -> Iterator[str]:
    """The lines of a text file, or of the largest one in a zip archive."""
    if path.suffix.lower() != ".zip":
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            yield from file
        return
    with zipfile.ZipFile(path) as archive:
        inside = [one for one in archive.infolist() if one.filename.endswith((".txt", ".csv"))]
        data = [one for one in inside if "readme" not in one.filename.lower()]
        if not data:
            raise ValueError("no .txt or .csv in the archive")
        largest = max(data, key=lambda one: one.file_size)
        if largest.file_size > _MOST:
            raise ValueError("the archive is too large")
        with archive.open(largest) as packed:
            yield from io.TextIOWrapper(packed, encoding="utf-8-sig", errors="replace")


def _chained(first: str, rest: Iterator[str], told: Callable[[int], None]) -> Iterator[str]:
    yield first
    for number, line in enumerate(rest, start=2):
        if number % 10_000 == 0:
            told(number)
        yield line


def _geonames(lines: Iterable[str], problems: list[Problem]) -> Iterator[Place]:
    """A country dump: settlements and administrative divisions."""
    codes = {row["geonames"] + row["iso"][:2]: row["iso"] for row in regions()}
    for number, line in enumerate(lines, start=1):
        cells = line.rstrip("\n").split("\t")
        if len(cells) != _GEONAMES_COLUMNS:
            problems.append(Problem(number, f"{len(cells)} columns instead of 19"))
            continue
        kind = _FEATURES.get(cells[6]) or _DIVISIONS.get(cells[7])
        point = _point(cells[4], cells[5])
        if kind is None:
            continue
        if point is None:
            problems.append(Problem(number, "no point on the globe"))
            continue
        names = [cells[1], *(one for one in cells[3].split(",") if _usable(one))]
        yield Place(
            id=f"geonames:{cells[0]}",
            name=names[0],
            kind=kind,
            country=cells[8] or None,
            admin1=codes.get(cells[10] + cells[8]),
            lat=point[0],
            lon=point[1],
            names=tuple(dict.fromkeys(names[1:])),
            population=int(cells[14]) if cells[14].isdecimal() else 0,
        )


def _usable(name: str) -> bool:
    """Whether an alternate name is in a script and of a length that posts would have."""
    return _NAME.fullmatch(name) is not None


def _alternate(lines: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Alternate names: id -> names in languages that we read, former ones too."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for line in lines:
        cells = line.rstrip("\n").split("\t")
        if len(cells) >= _ALTERNATE_COLUMNS and cells[2] in _LANGUAGES and _usable(cells[3]):
            found[f"geonames:{cells[1]}"][cells[3]] = None
    return {identity: tuple(names) for identity, names in found.items()}


def _table(lines: Iterable[str], delimiter: str, problems: list[Problem]) -> Iterator[Place]:
    """A CSV with a header: OSM extracts and the like."""
    reader = csv.DictReader(lines, delimiter=delimiter)
    header = {(one or "").strip().lower(): one for one in reader.fieldnames or ()}
    columns = {
        field: [header[one] for one in known if one in header] for field, known in _COLUMNS.items()
    }
    if not columns["name"]:
        raise ValueError("no column `name`, and no GeoNames dump")
    codes = _codes()
    for number, row in enumerate(reader, start=2):
        place = _of_row(row, columns, codes)
        if isinstance(place, str):
            problems.append(Problem(number, place))
        else:
            yield place


def _codes() -> dict[str, str]:
    """Names of regions, with and without `область`, and codes themselves -> ISO 3166-2."""
    found: dict[str, str] = {}
    for row in regions():
        found[row["iso"].lower()] = row["iso"]
        for name in ";".join((row["ru"], row["uk"], row["en"])).split(";"):
            words = key(name).split(" ")
            if len(words) > 1 and words[0] != "республика":
                found.setdefault(words[0], row["iso"])
            found.setdefault(" ".join(words), row["iso"])
            if words[0] == "республика":
                found.setdefault(" ".join(words[1:]), row["iso"])
    found.pop("", None)
    return found


def _of_row(row: Row, columns: Mapping[str, list[str]], codes: Mapping[str, str]) -> Place | str:
    """The place of a table's row, or why there is none."""

    def cell(field: str) -> str:
        return next((row[one].strip() for one in columns[field] if row.get(one)), "")

    name = cell("name")
    if not key(name):
        return "no name"
    lat, lon = cell("lat"), cell("lon")
    point = _point(lat, lon) if lat or lon else None
    if (lat or lon) and point is None:
        return "no point on the globe"
    region = cell("admin1")
    known = codes.get(region.lower()) or codes.get(key(region))
    admin1 = known or (region if _iso(region) else None)
    others = [row[one].strip() for one in columns["names"] if row.get(one)]
    names = [part.strip() for one in others for part in one.replace(";", ",").split(",")]
    population = cell("population")
    return Place(
        id=cell("id") or f"{key(name).replace(' ', '-')}@{lat},{lon}",
        name=name,
        country=cell("country") or (admin1[:2] if admin1 else None),
        admin1=admin1,
        lat=point[0] if point else None,
        lon=point[1] if point else None,
        names=tuple(dict.fromkeys(one for one in names if one and one != name)),
        population=int(population) if population.isdecimal() else 0,
    )


def _iso(text: str) -> bool:
    country, _, part = text.partition("-")
    return len(country) == 2 and country.isupper() and 0 < len(part) <= 3  # noqa: PLR2004 - RU-BEL


def _point(lat: str, lon: str) -> tuple[float, float] | None:
    try:
        point = float(lat), float(lon)
    except ValueError:
        return None
    return point if abs(point[0]) <= 90 and abs(point[1]) <= 180 else None  # noqa: PLR2004 - degrees


def _geojson(document: Any, problems: list[Problem]) -> Iterator[Place]:  # noqa: ANN401 - a stranger's JSON
    """The points of a feature collection, their properties read like a table's row."""
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list):
        raise ValueError("no GeoJSON with features")  # noqa: TRY004 - what callers are promised
    codes = _codes()
    for number, feature in enumerate(features, start=1):
        try:
            lon, lat = feature["geometry"]["coordinates"][:2]
            properties = feature.get("properties") or {}
            row = {str(one).lower(): str(value) for one, value in properties.items() if value}
        except (TypeError, KeyError, ValueError, AttributeError):
            problems.append(Problem(number, "no point with properties"))
            continue
        row |= {"lat": str(lat), "lon": str(lon)}
        columns = {field: [one for one in known if one in row] for field, known in _COLUMNS.items()}
        place = _of_row(row, columns, codes)
        if isinstance(place, str):
            problems.append(Problem(number, place))
        else:
            yield place


def _imported(places: Iterable[Place], problems: list[Problem]) -> Imported:
    kept, merged = once(places)
    return Imported(kept, problems, merged, {})
