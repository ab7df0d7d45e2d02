"""What stands on the bus for every area of the rules: what is open there, or that nothing is.

Only builders of payloads; monitor/sinks/mqtt_standing.py publishes them. Unlike a place, which
comes and goes with its incidents, an area stands as long as the rules draw it: a dashboard or an
automation can be built on it before anything has happened.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from monitor.incident import Incident, Status
from monitor.place import Area, Place
from monitor.rule import Level
from monitor.sinks.mqtt_places import MAX_TITLES, ranked_by_gravity
from monitor.sinks.mqtt_topics import Topics


class Ground(NamedTuple):
    """The areas now, and whether a place lies in one."""

    areas: tuple[Area, ...] = ()
    holds: Callable[[Place, Area], bool] = lambda _place, _area: False


class AreaState(msgspec.Struct, frozen=True, kw_only=True):
    """What goes on in an area; the fields mean what they mean for a place.

    Where nothing is open `count` is 0 and `level`, `status` and `updated_at` are null.
    """

    id: str
    name: str
    level: Level | None
    status: Status | None
    titles: tuple[str, ...]
    places: tuple[str, ...]
    count: int
    updated_at: datetime | None
    exercise: bool


def area_states(incidents: Sequence[Incident], ground: Ground, topics: Topics) -> dict[str, bytes]:
    """The retained payload of every area, by topic."""
    return {
        topics.area(area): msgspec.json.encode(area_state(incidents, area, ground))
        for area in ground.areas
    }


def area_state(incidents: Iterable[Incident], area: Area, ground: Ground) -> AreaState:
    """What is open in an area."""
    inside = [one for one in incidents if any(ground.holds(at, area) for at in one.places)]
    ranked, exercise = ranked_by_gravity(inside)
    gravest = ranked[0] if ranked else None
    where = dict.fromkeys(at.name for one in ranked for at in one.places if ground.holds(at, area))
    return AreaState(
        id=area.id,
        name=area.name or area.id,
        level=gravest.level if gravest else None,
        status=gravest.status if gravest else None,
        titles=tuple(one.title for one in ranked[:MAX_TITLES]),
        places=tuple(where)[:MAX_TITLES],
        count=len(ranked),
        updated_at=max((one.updated_at for one in ranked), default=None),
        exercise=exercise,
    )
