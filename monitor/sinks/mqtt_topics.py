"""What stands on the bus: topics of a fixed alphabet, and the CloudEvents envelope.

Topics: lower-case ASCII letters, digits, `.`, `_` and `-` between the slashes, nothing else,
whatever a source calls itself: no level can be added, no wildcard, no space (nats-server ends a
connection for one). CloudEvents 1.0, JSON format, structured mode: all is in the payload, because
MQTT 3.1.1 carries nothing beside it.
"""

import hashlib
import re
from datetime import datetime
from functools import lru_cache

import msgspec

from monitor.alert import Alert
from monitor.place import Area, Place

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
LONGEST_PART = 48
UNKNOWN = "_"
DEFAULT_ROOT = "osint"


@lru_cache(maxsize=4096)
def part(value: str | None) -> str:
    """One level of a topic: the value in the fixed alphabet, `_` if there is none.

    `/` and everything else outside the alphabet becomes `-`. A value that does not survive that, or
    is too long, ends in eight hex digits of its hash, so that two values never share a topic.
    """
    if not value:
        return UNKNOWN
    lowered = value.lower()
    kept = re.sub(r"[^a-z0-9._-]", "-", lowered).strip(".")
    plain = re.sub(r"[/:]", "-", lowered)
    if kept == plain and len(kept) <= LONGEST_PART:
        return kept
    digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{kept[: LONGEST_PART - 9]}-{digest}"


def root_of(text: str) -> str:
    """The configured root, one or more levels, in the fixed alphabet."""
    levels = [part(level) for level in text.split("/") if level]
    return "/".join(levels) or DEFAULT_ROOT


class Topics:
    """The topics of one instance under one root."""

    def __init__(self, root: str, instance: str) -> None:
        self._base = f"{root_of(root)}/v1"
        self.status = f"{self._base}/status/{part(instance)}"
        self.high_water = f"{self._base}/high-water/{part(instance)}"

    def alert(self, alert: Alert) -> str:
        """`{root}/v1/alert/{country}/{admin1}/{level}/{event}`."""
        what, place = alert.incident, alert.incident.place
        country, admin1 = (place.country, place.admin1) if place else (None, None)
        levels = (country, admin1, what.level, what.event)
        return "/".join([self._base, "alert", *(part(level) for level in levels)])

    def place(self, place: Place) -> str:
        """`{root}/v1/place/{country}/{admin1}/{place}`."""
        levels = (place.country, place.admin1, place.id)
        return "/".join([self._base, "place", *(part(level) for level in levels)])

    def area(self, area: Area) -> str:
        """`{root}/v1/area/{area}`."""
        return f"{self._base}/area/{part(area.id)}"

    def source(self, source: str) -> str:
        """`{root}/v1/source/{id}`: `telegram:vvgladkov` is `telegram-vvgladkov` there."""
        return f"{self._base}/source/{part(source)}"


class _Event(msgspec.Struct, frozen=True, kw_only=True):
    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: str
    sequence: str
    data: Alert


def cloud_event(alert: Alert, instance: str) -> bytes:
    """The alert in its envelope, one JSON object.

    `sequence` is the extension attribute of the CloudEvents sequence document: a string.
    """
    return msgspec.json.encode(
        _Event(
            specversion="1.0",
            id=alert.id,
            source=f"/osint/{part(instance)}",
            type=f"monitor.alert.{alert.kind}.v1",
            subject=alert.incident.id,
            time=alert.sent_at or alert.incident.updated_at,
            datacontenttype="application/json",
            sequence=str(alert.sequence),
            data=alert,
        )
    )


class HighWater(msgspec.Struct, frozen=True):
    """The retained mark: every alert up to `sequence` of `epoch` has been given to this broker."""

    epoch: int
    sequence: int


def read_mark(payload: bytes) -> HighWater | None:
    """The mark as found on the broker; None if it is not one of ours."""
    try:
        return msgspec.json.decode(payload, type=HighWater)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
