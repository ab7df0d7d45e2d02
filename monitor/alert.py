"""An event of an incident, as it goes to every sink: the alert and its JSON (contract)."""

import hashlib
from datetime import datetime
from typing import Literal

import msgspec

from monitor.incident import Status
from monitor.rule import Level

AlertKind = Literal["opened", "updated", "escalated", "corrected", "closed"]

ADDRESSED = frozenset(
    ("monitor/held-back", "monitor/digest", "monitor/all-quiet", "monitor/reminder")
)
"""Events of what is meant for one receiver alone: its name is the id of the alert's post."""

MAX_POSTS = 20
MAX_TEXT_BYTES = 4096


class AlertPlace(msgspec.Struct, frozen=True):
    """The place of an incident as alerts show it."""

    id: str
    name: str
    country: str | None
    admin1: str | None
    lat: float | None
    lon: float | None
    precision_km: float | None


class AlertNumber(msgspec.Struct, frozen=True, kw_only=True):
    """So many killed, injured, missing or captured (`what`), as one side says.

    From `low` to `high`, both included (null = or more): the least and the most that its publishers
    (`families`) say.
    """

    what: str
    side: str
    families: tuple[str, ...]
    low: int
    high: int | None

    @property
    def figures(self) -> str:
        """`8`, `3-8`, `8 or more`, `none`."""
        if self.high is None:
            return f"{self.low} or more"
        if self.low != self.high:
            return f"{self.low}-{self.high}"
        return str(self.low) if self.low else "none"

    @property
    def text(self) -> str:
        """`8 injured`, `no injured`."""
        return f"no {self.what}" if self.high == 0 else f"{self.figures} {self.what}"


class AlertIncident(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The incident's state right after this event.

    `numbers` only if somebody gives any; `echoes`, the `roles` of who says so and `denied_by` (role
    and affiliation) only if there are any; `part_of` (the id of the incident that it belongs to)
    only if it belongs to one.
    """

    id: str
    title: str
    rule: str
    event: str
    level: Level
    status: Status
    opened_at: datetime
    updated_at: datetime
    place: AlertPlace | None
    families: int
    affiliations: tuple[str, ...]
    posts: int
    numbers: tuple[AlertNumber, ...] = ()
    echoes: int = 0
    roles: tuple[str, ...] = ()
    denied_by: tuple[str, ...] = ()
    part_of: str | None = None


class AlertPost(msgspec.Struct, frozen=True, kw_only=True):
    """A post that caused the event. `spans` are [start, end) code points of `text`."""

    source: str
    id: str
    url: str | None
    published_at: datetime
    text: str
    spans: tuple[tuple[int, int], ...]
    role: str
    affiliation: str
    family: str
    late: bool
    echo_of: str | None


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One event of one incident. `id` is the deduplication key everywhere.

    `sequence` (place in the outbox) and `sent_at` are given when it is stored: 0 and None before.
    """

    id: str
    sequence: int = 0
    kind: AlertKind
    reason: str
    exercise: bool
    sent_at: datetime | None = None
    incident: AlertIncident
    posts: tuple[AlertPost, ...]

    @property
    def rings(self) -> bool:
        """Whether it makes a sound in chat: opened, escalated, retracted, and an all-clear.

        What is part of another incident, which has rung, does so only when it becomes critical.
        """
        if self.incident.part_of:
            return self.kind == "escalated" and self.incident.level == "critical"
        if self.kind == "closed":
            return bool(self.posts)  # a post closed it, not time
        return self.kind in {"opened", "escalated"} or (
            self.kind == "corrected" and self.incident.status == "retracted"
        )

    @property
    def about_itself(self) -> bool:
        """Whether it tells of the monitor (a silence that ends), not of the world."""
        return self.incident.event.startswith("monitor/")

    @property
    def addressee(self) -> str | None:
        """The one receiver that a digest is for; None for everything else."""
        if self.incident.event not in ADDRESSED or not self.posts:
            return None
        return self.posts[0].id


def alert_id(incident: str, ordinal: int) -> str:
    """The id of an incident's n-th alert: hash(incident, ordinal), 24 hex digits."""
    return hashlib.sha256(f"{incident}\n{ordinal}".encode()).hexdigest()[:24]


def cut_text(text: str, limit: int = MAX_TEXT_BYTES) -> str:
    """At most `limit` bytes of UTF-8, cut between code points."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= limit:
        return text
    return encoded[:limit].decode("utf-8", "ignore")


def to_json(alert: Alert) -> bytes:
    """The alert as the contract's JSON object, one line, keys in the contract's order."""
    return msgspec.json.encode(alert)


def from_json(line: bytes) -> Alert:
    """The inverse of `to_json`."""
    return msgspec.json.decode(line, type=Alert)
