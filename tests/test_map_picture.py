"""The map for a chat: drawn from our own data, and what stands on it."""

import io
from typing import Any

import pytest
from PIL import Image

from monitor.gazetteer.near import outlines_in
from monitor.place import Place
from monitor.sinks.map_picture import HEIGHT, WIDTH, Spot, draw
from tests.cost import least

KOZINKA = Spot("Козинка", (50.4563, 35.5954), "critical", 2.0)
TOWNS = [
    Place(id="g", name="Грайворон", lat=50.4786, lon=35.6663, population=6200),
    Place(id="b", name="Богодухов", lat=50.1646, lon=35.5279, population=15000),
    Place(id="far", name="Москва", lat=55.75, lon=37.62, population=13_000_000),
]


def _pixels(png: bytes) -> Any:
    image = Image.open(io.BytesIO(png))
    assert image.format == "PNG"
    assert image.size == (WIDTH, HEIGHT)
    return image.convert("RGB")


def _differ(one: Any, other: Any, box: tuple[int, int, int, int]) -> bool:
    return bool(one.crop(box).tobytes() != other.crop(box).tobytes())


def test_the_place_is_in_the_middle_in_its_levels_colour() -> None:
    """800 x 500, a dot in the level's colour in the middle; small enough for any connection."""
    png = draw(KOZINKA, TOWNS, outlines_in(KOZINKA.box))
    red, green, blue = _pixels(png).getpixel((WIDTH // 2, HEIGHT // 2))
    assert red > 180
    assert green < 60
    assert blue < 80
    assert len(png) < 200_000


def test_towns_borders_and_a_bar_stand_on_it() -> None:
    """What is near is drawn where it lies, what is far is not; the bar is always there."""
    empty = _pixels(draw(KOZINKA, [], []))
    towns = _pixels(draw(KOZINKA, TOWNS, []))
    borders = _pixels(draw(KOZINKA, [], outlines_in(KOZINKA.box)))
    assert _differ(empty, towns, (430, 210, 560, 250))  # Graivoron, north-east of the middle
    assert not _differ(empty, towns, (0, 0, 300, 400))
    assert _differ(empty, borders, (0, 0, WIDTH, 400))
    land = Image.new("RGB", (WIDTH, HEIGHT), "#f4f1ea")
    assert _differ(empty, land, (10, 450, 300, 490))
    assert _differ(empty, land, (740, 10, 790, 80))


def test_what_is_vague_is_seen_from_farther_away() -> None:
    """A region's middle shows a region, not a village."""
    region = KOZINKA._replace(precision_km=80.0)
    assert region.reach == 200
    south, west, north, east = region.box
    assert north - south > 3
    assert east - west > 5


@pytest.mark.parametrize(
    "name", ["", " ", "\u202eevil\u2066", "x" * 5000, "👩‍👩‍👧‍👦" * 200, "a\nb\x00c", "Ω≈ç√", "北京"]
)
def test_any_name_can_be_drawn(name: str) -> None:
    """A hostile or foreign name costs no more than its forty characters."""
    assert least(lambda: draw(KOZINKA._replace(name=name), [], []), 5) < 5


@pytest.mark.parametrize("point", [(90.0, 0.0), (-90.0, 180.0), (0.0, -180.0), (65.0, 179.9)])
def test_the_ends_of_the_world(point: tuple[float, float]) -> None:
    """Poles and the date line are drawn, if not well."""
    spot = KOZINKA._replace(point=point)
    _pixels(draw(spot, TOWNS, outlines_in(spot.box)))
