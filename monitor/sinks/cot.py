"""Cursor-on-Target: an incident as a marker on the maps of TAK clients.

Pure. The event's schema is that of MITRE's Event.xsd 2.0: uid, type, how, time, start, stale, a
point with its error in metres, and details. A marker is a spot (`b-m-p-s-m`), its uid the
incident's, so that a later event moves and renames it instead of adding one.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

from monitor.alert import Alert
from monitor.rule import Level
from monitor.sinks.styled import inert, inert_text, visible
from monitor.sinks.wording import Manner, compose, kind_word, level_mark

SPOT = "b-m-p-s-m"
HOW = "h-g-i-g-o"
"""Put there by a machine from what people wrote, not measured."""
UNKNOWN_METRES = "9999999.0"
STAYS = timedelta(hours=12)
"""A marker nobody renews disappears after this."""

_NOT_XML = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

COLOURS: Mapping[Level, int] = {
    "informational": 0xFFFFFFFF,
    "low": 0xFF3399FF,
    "medium": 0xFFFFFF00,
    "high": 0xFFFF8000,
    "critical": 0xFFFF0000,
}
"""ARGB, as TAK has it: a signed number of 32 bits."""


def has_point(alert: Alert) -> bool:
    """Whether it can be shown on a map."""
    place = alert.incident.place
    return place is not None and place.lat is not None and place.lon is not None


def event(alert: Alert, now: datetime) -> bytes:
    """The incident's marker as it is with this alert; of an ended one, a marker that is stale."""
    what = alert.incident
    place = what.place
    ended = alert.kind == "closed" or what.status == "retracted"
    root = ET.Element(
        "event",
        version="2.0",
        uid=f"monitor.{what.id}",
        type=SPOT,
        how=HOW,
        time=_time(now),
        start=_time(now),
        stale=_time(now if ended else now + STAYS),
    )
    ET.SubElement(
        root,
        "point",
        lat=f"{place.lat if place and place.lat is not None else 0.0:.6f}",
        lon=f"{place.lon if place and place.lon is not None else 0.0:.6f}",
        hae=UNKNOWN_METRES,
        ce=UNKNOWN_METRES if place is None else f"{(place.precision_km or 0) * 1000:.1f}",
        le=UNKNOWN_METRES,
    )
    detail = ET.SubElement(root, "detail")
    ET.SubElement(detail, "contact", callsign=callsign(alert))
    colour = COLOURS[what.level]
    signed = colour - (1 << 32) if colour >= 1 << 31 else colour
    ET.SubElement(detail, "color", argb=str(signed))
    ET.SubElement(detail, "precisionlocation", geopointsrc="USER", altsrc="???")
    ET.SubElement(detail, "remarks").text = _remarks(alert)
    return bytes(ET.tostring(root, encoding="utf-8"))


def callsign(alert: Alert) -> str:
    """What stands beside the marker."""
    exercise = "EXERCISE " if alert.exercise else ""
    kind = "" if alert.kind == "opened" else f"{kind_word(alert)} "
    title = " ".join(visible(alert.incident.title).split())
    return inert(_clean(f"{exercise}{level_mark(alert)} {kind}{title}"))[:120]


def _remarks(alert: Alert) -> str:
    lines = compose(alert, Manner(str, lambda moment: f"{moment.astimezone(UTC):%H:%M} UTC"))
    return _clean(inert_text(lines))


def _clean(text: str) -> str:
    """Without the few characters that XML cannot hold and `visible` lets through."""
    return _NOT_XML.sub("\ufffd", text)


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
