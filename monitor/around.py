"""What every part of the daemon is given."""

import random
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from monitor.alert import AlertPlace
from monitor.clock import Clock
from monitor.gazetteer.lookup import Gazetteer
from monitor.health import Board
from monitor.receivers import Language
from monitor.rule import Level
from monitor.sinks.handling import Handling
from monitor.sinks.room import Bots
from monitor.sinks.wording import lies
from monitor.source import SourceInfo
from monitor.sources.fetch import Fetch
from monitor.sources.roster import Roster

if TYPE_CHECKING:
    from monitor.sinks.mqtt_areas import Ground


class Around(NamedTuple):
    """What every part is given: who speaks, time, chance, health, the web, bots, acts."""

    sources: Mapping[str, SourceInfo]
    clock: Clock
    rng: random.Random
    board: Board
    fetch: Fetch
    roster: Roster
    bots: Bots
    handling: Handling
    gazetteer: Callable[[], Gazetteer] = Gazetteer

    def near(self, place: AlertPlace, language: Language) -> str:
        """Where a place lies, from the nearest town; empty if that is not known."""
        if place.lat is None or place.lon is None:
            return ""
        from monitor.gazetteer.near import (  # noqa: PLC0415 - only chats ask
            REACH_KM,
            bearing,
            box_around,
        )

        point = (place.lat, place.lon)
        found = bearing(point, place.id, self.gazetteer().around(box_around(point, REACH_KM)))
        if found is None:
            return ""
        return lies(found.rounded, found.direction, found.town.name, language)

    def ground(self) -> "Ground":
        """The areas of the rules in force, and what lies in them."""
        from monitor.gazetteer.areas import in_area  # noqa: PLC0415 - only the bus asks
        from monitor.sinks.mqtt_areas import Ground  # noqa: PLC0415 - the same

        known = self.gazetteer()
        areas = tuple(known.areas.values())
        return Ground(areas, lambda place, area: in_area(place, area, known.places))

    def draw(self, place: AlertPlace, level: Level) -> bytes:
        """A small map of a place that has a point."""
        assert place.lat is not None  # noqa: S101 - asked for only then
        assert place.lon is not None  # noqa: S101 - the same
        from monitor.gazetteer.near import outlines_in  # noqa: PLC0415 - only for maps
        from monitor.sinks.map_picture import Spot, draw  # noqa: PLC0415 - the same

        spot = Spot(place.name, (place.lat, place.lon), level, place.precision_km or 0.0)
        return draw(spot, self.gazetteer().around(spot.box), outlines_in(spot.box))

    def name_of(self, source: str) -> str:
        """A source as people call it."""
        known = self.sources.get(source)
        return known.name if known and known.name else source
