"""What a reader asks for: `since`, `after`, `bbox`, `min_level`, `limit` of a query, checked."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from monitor.alert import Alert
from monitor.incident import Incident
from monitor.place import Point
from monitor.rule import LEVELS, Level

MOST = 10_000
DEFAULT_LIMIT = 500
DEFAULT_SPAN = timedelta(days=1)
SIDES_OF_A_BOX = 4

Box = tuple[float, float, float, float]
"""(west, south, east, north) in degrees, as GeoJSON's bbox has them; west > east crosses 180."""


class AskedWronglyError(ValueError):
    """A query that cannot be answered; `hint` says what to write instead."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Asked(msgspec.Struct, frozen=True):
    """Which incidents or alerts a reader wants."""

    since: datetime
    after: int | None = None
    box: Box | None = None
    min_level: Level = "informational"
    limit: int = DEFAULT_LIMIT
    exercise: bool = True

    def wants(self, what: Incident | Alert) -> bool:
        """Whether an incident (or the one that an alert is of) is among what is asked for."""
        incident = what if isinstance(what, Incident) else what.incident
        if what.exercise and not self.exercise:
            return False
        if LEVELS.index(incident.level) < LEVELS.index(self.min_level):
            return False
        if self.box is None:
            return True
        place = incident.place
        if place is None or place.lat is None or place.lon is None:
            return False
        return inside((place.lat, place.lon), self.box)


def inside(point: Point, box: Box) -> bool:
    """Whether a point lies in the box, its borders included."""
    west, south, east, north = box
    lat, lon = point
    across = west <= lon <= east if west <= east else lon >= west or lon <= east
    return south <= lat <= north and across


def read_query(
    query: Mapping[str, str], now: datetime, *, min_level: Level, exercise: bool
) -> Asked:
    """The query's wishes; nothing below the reader's own `min_level` can be asked for.

    Raises:
        AskedWronglyError: a value cannot be read.
    """
    wished = _level(query["min_level"]) if "min_level" in query else min_level
    return Asked(
        since=_moment(query["since"]) if "since" in query else now - DEFAULT_SPAN,
        after=_number("after", query["after"], 0, 2**62) if "after" in query else None,
        box=_box(query["bbox"]) if "bbox" in query else None,
        min_level=max(wished, min_level, key=LEVELS.index),
        limit=_number("limit", query.get("limit", str(DEFAULT_LIMIT)), 1, MOST),
        exercise=exercise and query.get("exercise", "yes") != "no",
    )


def chosen(among: Iterable[Incident], asked: Asked) -> list[Incident]:
    """What is asked for, the latest change first, `limit` at most."""
    found = [one for one in among if asked.wants(one)]
    found.sort(key=lambda one: (one.updated_at, one.id), reverse=True)
    return found[: asked.limit]


def _level(text: str) -> Level:
    for level in LEVELS:
        if level == text:
            return level
    raise AskedWronglyError(f"min_level={text[:40]!r}", f"one of {', '.join(LEVELS)}")


def _number(name: str, text: str, least: int, most: int) -> int:
    if text.isascii() and text.isdigit() and len(text) <= len(str(most)):
        number = int(text)
        if least <= number <= most:
            return number
    raise AskedWronglyError(f"{name}={text[:40]!r}", f"a whole number from {least} to {most}")


def _moment(text: str) -> datetime:
    hint = "a time with its zone: 2023-05-22T09:14:00Z"
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))  # a + that was not written %2B
    except ValueError:
        raise AskedWronglyError(f"since={text[:40]!r}", hint) from None
    if moment.tzinfo is None:
        raise AskedWronglyError(f"since={text[:40]!r} has no zone", hint)
    return moment.astimezone(UTC)


def _box(text: str) -> Box:
    hint = "west,south,east,north in degrees: 35.0,50.0,36.5,51.0"
    try:
        sides = [float(side) for side in text.split(",")]
    except ValueError:
        raise AskedWronglyError(f"bbox={text[:60]!r}", hint) from None
    if len(sides) != SIDES_OF_A_BOX:
        raise AskedWronglyError(f"bbox={text[:60]!r}", hint)
    west, south, east, north = sides
    longitudes = all(-180 <= side <= 180 for side in (west, east))  # noqa: PLR2004 - degrees
    if not (longitudes and -90 <= south <= north <= 90):  # noqa: PLR2004 - degrees
        raise AskedWronglyError(f"bbox={text[:60]!r}", hint)
    return west, south, east, north
