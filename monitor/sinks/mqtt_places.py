"""What stands on the bus for every place: what is open there, and Home Assistant's view of it.

Only builders of payloads; monitor/sinks/mqtt_standing.py publishes them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from monitor.incident import Incident, Status
from monitor.place import Place
from monitor.rule import LEVELS, Level
from monitor.sinks.mqtt_topics import Topics

MAX_TITLES = 10
MAX_ENTITIES = 200
"""Home Assistant gets no more areas and places than this; places with something open come first."""

DISCOVERY = "homeassistant"
"""Home Assistant's own prefix for discovery, unless somebody changed it there."""

AVAILABLE = "{{ 'online' if value_json.state == 'online' else 'offline' }}"
IS_ON = "{{ 'ON' if value and value_json.count and not value_json.exercise else 'OFF' }}"
ATTRIBUTES = "{{ value if value else '{}' }}"
"""Nothing open is an empty payload, which is no JSON: all templates bear it."""


class PlaceState(msgspec.Struct, frozen=True, kw_only=True):
    """What goes on in a place: `level`, `status` and the first title are of the gravest incident.

    `count` incidents are open, the gravest ten have their `titles` here. `exercise`: nothing but
    exercises is open; else these are left out. `updated_at` is of the newest news.
    """

    id: str
    name: str
    country: str | None
    admin1: str | None
    lat: float | None
    lon: float | None
    level: Level
    status: Status
    titles: tuple[str, ...]
    count: int
    updated_at: datetime
    exercise: bool


def places_of(incidents: Iterable[Incident], topics: Topics) -> dict[str, Place]:
    """The places of incidents by topic, in their order; those of merged incidents too."""
    found: dict[str, Place] = {}
    for one in incidents:
        for place in one.places:
            found.setdefault(topics.place(place), place)
    return found


def place_states(incidents: Sequence[Incident], topics: Topics) -> dict[str, bytes]:
    """The retained payload of every place of these incidents, by topic; empty if none is open."""
    here: dict[str, list[Incident]] = {}
    for one in incidents:
        for topic in dict.fromkeys(topics.place(place) for place in one.places):
            here.setdefault(topic, []).append(one)
    places = places_of(incidents, topics)
    return {topic: _payload(places[topic], among) for topic, among in here.items()}


def ranked_by_gravity(incidents: Iterable[Incident]) -> tuple[list[Incident], bool]:
    """What is open, the gravest first, and whether that is exercises: only if nothing is real."""
    standing = [one for one in incidents if one.open and one.status != "retracted"]
    real = [one for one in standing if not one.exercise]
    return sorted(real or standing, key=_gravity, reverse=True), bool(standing) and not real


def _payload(place: Place, incidents: Sequence[Incident]) -> bytes:
    ranked, exercise = ranked_by_gravity(incidents)
    if not ranked:
        return b""
    return msgspec.json.encode(
        PlaceState(
            id=place.id, name=place.name, country=place.country, admin1=place.admin1,
            lat=place.lat, lon=place.lon, level=ranked[0].level, status=ranked[0].status,
            titles=tuple(one.title for one in ranked[:MAX_TITLES]), count=len(ranked),
            updated_at=max(one.updated_at for one in ranked), exercise=exercise,
        )
    )  # fmt: skip


def _gravity(incident: Incident) -> tuple[int, datetime, str]:
    return (LEVELS.index(incident.level), incident.updated_at, incident.id)


def discovery_topic(topics: Topics) -> str:
    """Where Home Assistant looks for this instance: `homeassistant/device/{id}/config`."""
    return f"{DISCOVERY}/device/{_identifier(topics.status)}/config"


def discovery(instance: str, named: Mapping[str, str], topics: Topics) -> dict[str, object]:
    """The device that Home Assistant shows: one binary sensor a topic of `named`, 200 at most.

    https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload: `device`, `origin`
    and `components` are required, of a component `platform` and `unique_id`.
    """
    return {
        "device": {
            "identifiers": [_identifier(topics.status)],
            "name": f"monitor {instance}",
            "model": "Incidents by area and place",
        },
        "origin": {"name": "monitor"},
        "availability": [{"topic": topics.status, "value_template": AVAILABLE}],
        "qos": 1,
        "components": {
            _identifier(topic): _component(topic, name, topics)
            for topic, name in list(named.items())[:MAX_ENTITIES]
        },
    }


def without(gone: Iterable[str]) -> dict[str, dict[str, str]]:
    """Components that Home Assistant shall forget: only their platform is left."""
    return {key: {"platform": "binary_sensor"} for key in gone}


def _component(topic: str, name: str, topics: Topics) -> dict[str, str]:
    return {
        "platform": "binary_sensor",
        "unique_id": f"{_identifier(topics.status)}-{_identifier(topic)}",
        "name": name,
        "icon": "mdi:alert",
        "state_topic": topic,
        "value_template": IS_ON,
        "json_attributes_topic": topic,
        "json_attributes_template": ATTRIBUTES,
    }


def _identifier(topic: str) -> str:
    """A topic in the alphabet of discovery: letters, digits, `_` and `-`; `.` is `_`."""
    return re.sub(r"[^a-z0-9_-]", "_", topic.replace("/", "-"))
