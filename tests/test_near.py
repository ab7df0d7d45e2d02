"""Where a place lies, from the nearest town."""

import pytest

from monitor.gazetteer.near import bearing, direction
from monitor.place import Place, Point

GRAIVORON = Place(id="graivoron", name="Грайворон", lat=50.4786, lon=35.6663, population=6200)
VILLAGE = Place(id="village", name="Глотово", lat=50.43, lon=35.62, population=900)
BELGOROD = Place(id="belgorod", name="Белгород", lat=50.5957, lon=36.5873, population=339_000)
PLACES = (GRAIVORON, VILLAGE, BELGOROD)


def test_distance_and_direction_from_the_nearest_town() -> None:
    """Kozinka lies 11 km south-west of Graivoron; a nearer village is no landmark."""
    found = bearing((50.42, 35.54), "kozinka", PLACES)
    assert found is not None
    assert (found.rounded, found.direction, found.town.name) == (11, "SW", "Грайворон")


def test_a_town_is_no_landmark_of_itself() -> None:
    """A town is described from another, not from its own point; far from all nothing is said."""
    found = bearing((50.4786, 35.6663), "graivoron", PLACES)
    assert found is not None
    assert found.town is BELGOROD
    assert bearing((50.4787, 35.6664), "quarter", PLACES) is None
    assert bearing((55.0, 60.0), "far", PLACES) is None


@pytest.mark.parametrize(
    ("target", "wanted"),
    [((51.0, 36.0), "N"), ((50.6, 36.9), "NE"), ((50.0, 37.0), "E"), ((49.0, 36.0), "S"),
     ((49.4, 35.1), "SW"), ((50.0, 35.0), "W"), ((50.6, 35.1), "NW"), ((49.4, 36.9), "SE")],
)  # fmt: skip
def test_eight_directions(target: Point, wanted: str) -> None:
    """Each compass point is told from the town to the place."""
    assert direction((50.0, 36.0), target) == wanted


def test_over_the_date_line() -> None:
    """East of 180 degrees is still east."""
    assert direction((65.0, 179.5), (65.0, -179.5)) == "E"
