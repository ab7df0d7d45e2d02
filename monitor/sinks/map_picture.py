"""A small map for a chat: where it is, what lies around, how far that is. No network, no tiles.

Drawn from outlines of regions and points of settlements, with Pillow and a font that has Cyrillic
(extra `map`); twice as large as sent, then reduced, which makes the lines smooth.
"""

import io
from collections.abc import Iterable, Sequence
from math import cos, radians
from typing import TYPE_CHECKING, NamedTuple

from monitor.gazetteer.areas import KM_OF_DEGREE, Box, distance_km
from monitor.place import Place, Point
from monitor.rule import Level
from monitor.sinks.styled import visible

if TYPE_CHECKING:
    from PIL import ImageDraw, ImageFont

WIDTH, HEIGHT = 800, 500
_LARGE = 2
"""How many times larger it is drawn than sent."""
REACH_KM = 30.0
"""From the middle to the upper edge, at least."""
MOST_TOWNS = 14
CITY = 50_000

_LAND, _BORDER, _TOWN, _TEXT = "#f4f1ea", "#9c9483", "#6b6b6b", "#3a3a3a"
_MARKS: dict[Level, str] = {
    "informational": "#8a8a8a", "low": "#2f6fde", "medium": "#d6a400", "high": "#e87400",
    "critical": "#d11a2a",
}  # fmt: skip
Rectangle = tuple[float, float, float, float]


class Spot(NamedTuple):
    """What the map is about: a place, how exact it is, how bad it is there."""

    name: str
    point: Point
    level: Level
    precision_km: float = 0.0

    @property
    def box(self) -> Box:
        """What the map shows, in degrees, with some room beside it."""
        reach = self.reach
        high = reach / KM_OF_DEGREE
        wide = high * WIDTH / HEIGHT / max(0.05, cos(radians(self.point[0])))
        lat, lon = self.point
        return lat - high, lon - wide, lat + high, lon + wide

    @property
    def reach(self) -> float:
        """Kilometres from the middle to the upper edge: what is vague is seen from farther away."""
        return min(400.0, max(REACH_KM, 2.5 * self.precision_km))


class _Sheet:
    """Positions on the picture: an even projection around the middle."""

    def __init__(self, spot: Spot) -> None:
        self._lat, self._lon = spot.point
        self.scale = HEIGHT * _LARGE / 2 / spot.reach  # pixels of a kilometre
        self._east = KM_OF_DEGREE * cos(radians(self._lat))

    def at(self, point: Point) -> tuple[float, float]:
        lat, lon = point
        x = WIDTH * _LARGE / 2 + (lon - self._lon) * self._east * self.scale
        y = HEIGHT * _LARGE / 2 - (lat - self._lat) * KM_OF_DEGREE * self.scale
        return x, y


def draw(spot: Spot, places: Iterable[Place], borders: Iterable[Sequence[Point]]) -> bytes:
    """The map as a PNG of 800 x 500.

    Raises:
        ImportError: Pillow or the font is not installed (extra `map`).
    """
    from PIL import Image, ImageDraw  # noqa: PLC0415 - an extra, and 20 MB

    image = Image.new("RGB", (WIDTH * _LARGE, HEIGHT * _LARGE), _LAND)
    pen = ImageDraw.Draw(image, "RGBA")
    sheet = _Sheet(spot)
    for ring in borders:
        corners = [sheet.at(point) for point in (*ring, ring[0])]
        pen.line(corners, fill=_BORDER, width=3, joint="curve")
    taken: list[Rectangle] = []
    _mark(pen, sheet, spot, taken)
    _scale(pen, sheet, spot, taken)
    for place in _towns(spot, places):
        _town(pen, sheet, place, taken)
    image = image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    packed = io.BytesIO()
    image.save(packed, "PNG", optimize=True)
    return packed.getvalue()


def _font(size: int, *, bold: bool = False) -> "ImageFont.FreeTypeFont":
    from font_roboto import Roboto, RobotoBold  # noqa: PLC0415 - an extra
    from PIL import ImageFont  # noqa: PLC0415 - an extra

    return ImageFont.truetype(RobotoBold if bold else Roboto, size * _LARGE)


def _mark(pen: "ImageDraw.ImageDraw", sheet: _Sheet, spot: Spot, taken: list[Rectangle]) -> None:
    """The place itself: a dot, a ring as wide as the point may be off, the name."""
    x, y = sheet.at(spot.point)
    colour = _MARKS[spot.level]
    around = spot.precision_km * sheet.scale
    if around > 12 * _LARGE:
        ring = (x - around, y - around, x + around, y + around)
        pen.ellipse(ring, fill=f"{colour}26", outline=colour, width=3)
    size = 9 * _LARGE
    pen.ellipse((x - size, y - size, x + size, y + size), fill=colour, outline="white", width=5)
    taken.append((x - size, y - size, x + size, y + size))
    _label(pen, (x + 14 * _LARGE, y - 13 * _LARGE), spot.name, taken, size=19, bold=True)


def _towns(spot: Spot, places: Iterable[Place]) -> Sequence[Place]:
    """The largest settlements that the map shows, but not the place itself."""
    south, west, north, east = spot.box
    seen = [
        one
        for one in places
        if one.kind == "settlement"
        and one.point is not None
        and south < one.point[0] < north
        and west < one.point[1] < east
        and distance_km(one.point, spot.point) > 1.0
    ]
    return sorted(seen, key=lambda one: (-one.population, one.id))[: 3 * MOST_TOWNS]


def _town(pen: "ImageDraw.ImageDraw", sheet: _Sheet, place: Place, taken: list[Rectangle]) -> None:
    assert place.point is not None  # noqa: S101 - chosen by it
    if len(taken) > 2 * MOST_TOWNS:
        return
    x, y = sheet.at(place.point)
    size = (5 if place.population >= CITY else 3.5) * _LARGE
    dot = (x - size, y - size, x + size, y + size)
    letters = 14 if place.population >= CITY else 12
    wide = _font(letters).getlength(place.name[:40])
    right, left = x + 8 * _LARGE, x - 8 * _LARGE - wide
    for at in ((right, y - 9 * _LARGE), (left, y - 9 * _LARGE), (x - wide / 2, y - 26 * _LARGE)):
        if _label(pen, at, place.name, taken, size=letters):
            pen.ellipse(dot, fill=_TOWN)
            taken.append(dot)
            return


def _label(
    pen: "ImageDraw.ImageDraw", at: tuple[float, float], text: str, taken: list[Rectangle], *,
    size: int, bold: bool = False,
) -> bool:  # fmt: skip
    """Write a name with a light edge, unless it would lie on another; whether it was written."""
    shown = visible(" ".join(text.split()))[:40]
    font = _font(size, bold=bold)
    box = pen.textbbox(at, shown, font=font)
    frame = (box[0] - 4, box[1] - 3, box[2] + 4, box[3] + 3)
    outside = frame[0] < 0 or frame[1] < 0
    outside = outside or frame[2] > WIDTH * _LARGE or frame[3] > HEIGHT * _LARGE
    if not bold and (outside or any(_overlap(frame, other) for other in taken)):
        return False
    pen.text(at, shown, fill=_TEXT, font=font, stroke_width=5, stroke_fill=_LAND)
    taken.append(frame)
    return True


def _overlap(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _scale(pen: "ImageDraw.ImageDraw", sheet: _Sheet, spot: Spot, taken: list[Rectangle]) -> None:
    """A bar of a round number of kilometres, and which way is north."""
    km = next(one for one in (200, 100, 50, 20, 10, 5) if one <= spot.reach / 1.4)
    length = km * sheet.scale
    x, y = 20.0 * _LARGE, (HEIGHT - 22.0) * _LARGE
    pen.line((x, y, x + length, y), fill=_TEXT, width=6)
    for end in (x, x + length):
        pen.line((end, y - 10, end, y + 10), fill=_TEXT, width=4)
    taken.append((x - 10, y - 50, x + length + 10, y + 20))
    _label(pen, (x + 6, y - 26 * _LARGE), f"{km} km", [], size=13, bold=True)
    top = (WIDTH - 34.0) * _LARGE
    pen.polygon(((top, 22 * _LARGE), (top - 14, 48 * _LARGE), (top + 14, 48 * _LARGE)), fill=_TEXT)
    _label(pen, (top - 10, 50 * _LARGE), "N", taken, size=13, bold=True)
