"""Distances, outlines and what contains what."""

from pathlib import Path

import pytest

from monitor.gazetteer.areas import containers, distance_km, in_area, in_ring
from monitor.mistake import MistakesError
from monitor.place import Area, Place
from monitor.rulebook.load import load

SQUARE = ((50.0, 35.0), (50.0, 37.0), (51.0, 37.0), (51.0, 35.0))


def test_distances_are_those_of_the_globe() -> None:
    """Belgorod to Kharkiv is 73 km, London to New York 5,570 km, a point to itself nothing."""
    assert distance_km((50.6, 36.59), (49.99, 36.23)) == pytest.approx(73, abs=2)
    assert distance_km((51.507, -0.128), (40.713, -74.006)) == pytest.approx(5570, abs=10)
    assert distance_km((50.0, 36.0), (50.0, 36.0)) == 0


def test_a_point_is_inside_an_outline_or_not() -> None:
    """Inside, outside, and beside a concave corner."""
    assert in_ring((50.5, 36.0), SQUARE)
    assert not in_ring((51.5, 36.0), SQUARE)
    bent = ((0.0, 0.0), (0.0, 4.0), (4.0, 4.0), (4.0, 3.0), (1.0, 3.0), (1.0, 0.0))
    assert not in_ring((3.0, 1.0), bent)
    assert in_ring((3.0, 3.5), bent)


def test_containers_follow_the_chain() -> None:
    """A village is in its district, the district's oblast, the region's and the country's code."""
    places = {
        "d": Place(id="d", name="D", kind="district", within=("o",)),
        "o": Place(id="o", name="O", kind="region"),
    }
    village = Place(id="v", name="V", country="RU", admin1="RU-BEL", within=("d",))
    assert list(containers(village, places)) == ["d", "o", "RU-BEL", "RU"]


def test_a_region_is_not_in_a_circle_around_its_middle() -> None:
    """A circle or an outline holds settlements; a region only if it is named."""
    middle = (50.75, 37.5)
    region = Place(id="o", name="O", kind="region", admin1="RU-BEL", lat=50.75, lon=37.5)
    village = Place(id="v", name="V", lat=50.76, lon=37.52)
    circle = Area(id="a", around=(middle,), radius_km=30)
    assert in_area(village, circle, {})
    assert not in_area(region, circle, {})
    assert in_area(region, Area(id="b", admin1=("RU-BEL",)), {})
    assert in_area(region, Area(id="c", places=("o",)), {})
    assert in_area(village, Area(id="d", rings=(((50, 37), (50, 38), (51, 38), (51, 37)),)), {})


def test_every_mistake_of_a_places_file_has_its_place(tmp_path: Path) -> None:
    """All mistakes at once, each with line and hint; nothing is loaded."""
    file = tmp_path / "places.yaml"
    file.write_text(
        "places:\n"
        "  - {id: a, name: Город, lat: 50}\n"
        "  - {id: b, name: Село, kind: vilage}\n"
        "  - {id: c, name: Хутор, within: nowhere}\n"
        "  - {id: c, name: Другой}\n"
        "  - {id: d, name: Дом, admin1: RU-BEL, country: UA}\n"
        "areas:\n"
        "  - {id: belt, of: [nowhere], radius_km: 5}\n"
        "  - {id: drawn, geojson: missing.json}\n"
        "  - {id: empty}\n",
        encoding="utf-8",
    )
    with pytest.raises(MistakesError) as raised:
        load([], [], place_paths=[file])
    found = [f"{one.mark.line}: {one.message}" for one in raised.value.mistakes]
    assert sorted(found) == sorted(
        [
            "2: half a point",
            "3: `vilage` is not one of settlement, district, region, country",
            "4: there is no place `nowhere`",
            f"5: `c` is listed twice, first at {file}:4:10",
            "6: RU-BEL is not in UA",
            "8: there is no place `nowhere`",
            f"9: no such file: {tmp_path / 'missing.json'}",
            "10: an area without extent",
        ]
    )
    assert all(one.hint for one in raised.value.mistakes)


def test_an_area_can_be_drawn_in_a_geojson_file(tmp_path: Path) -> None:
    """Outer rings of polygons and multipolygons become outlines, longitude first in the file."""
    (tmp_path / "belt.json").write_text(
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {},'
        '"geometry": {"type": "Polygon", "coordinates": [[[35,50],[37,50],[37,51],[35,51]]]}}]}',
        encoding="utf-8",
    )
    file = tmp_path / "places.yaml"
    file.write_text("areas: [{id: belt, geojson: belt.json}]", encoding="utf-8")
    (area,) = load([], [], place_paths=[file]).areas
    assert in_area(Place(id="v", name="V", lat=50.5, lon=36.0), area, {})
    assert not in_area(Place(id="v", name="V", lat=52.5, lon=36.0), area, {})
