"""The story of one incident: who said what when, what it changed, who was told and who was not."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import msgspec

from monitor.action import Action
from monitor.alert import Alert
from monitor.cli.incidents import told
from monitor.cli.screen import safe
from monitor.correlation.places import agree
from monitor.incident import Incident, Support
from monitor.store.actions import actions
from monitor.store.archive import Stored, versions
from monitor.store.database import Database
from monitor.store.deliveries import Delivery, deliveries_of
from monitor.store.incidents import incident, incidents_after, supports_of
from monitor.store.outbox import alerts_of

QUOTE = 160


class Told(msgspec.Struct, frozen=True):
    """An alert of the incident and what became of it at every receiver."""

    alert: Alert
    rings: bool
    deliveries: tuple[tuple[str, Delivery], ...]


class Spoke(msgspec.Struct, frozen=True):
    """A post of the incident: its part, and its versions with their outcomes."""

    support: Support
    versions: tuple[Stored, ...]


class IncidentStory(msgspec.Struct, frozen=True):
    """All that is known of an incident."""

    incident: Incident
    posts: tuple[Spoke, ...]
    alerts: tuple[Told, ...]
    actions: tuple[Action, ...]
    related: tuple[Incident, ...]


class Moment(NamedTuple):
    """One line of the timeline, and those below it."""

    at: datetime
    order: int
    lines: list[str]


def story_of(db: Database, name: str) -> IncidentStory | None:
    """The story of an incident, None if it is unknown or has expired.

    Raises:
        DamagedError: a row is not what was written.
    """
    found = incident(db, name)
    if found is None:
        return None
    posts = tuple(
        Spoke(one, versions(db, one.source, one.id, exercise=one.exercise))
        for one in supports_of(db, name)
    )
    alerts = tuple(Told(one, one.rings, deliveries_of(db, one.id)) for one in alerts_of(db, name))
    done = tuple(reversed(actions(db, incident=name)))
    return IncidentStory(found, posts, alerts, done, tuple(related_to(found, incidents_after(db))))


def related_to(one: Incident, others: Iterable[Incident]) -> Iterable[Incident]:
    """The incidents of other rules at the same place (or in it, or around it) in the same hours."""
    for other in others:
        if other.id == one.id or other.exercise != one.exercise or other.topic == one.topic:
            continue
        together = other.opened_at <= one.deadline and one.opened_at <= other.deadline
        if together and one.place is not None and agree(one.place, other.place):
            yield other


def story_lines(story: IncidentStory) -> list[str]:
    """The story in words, oldest first."""
    moments = [moment for spoke in story.posts for moment in _spoke(spoke)]
    moments += [_told(one) for one in story.alerts]
    moments += [_did(one) for one in story.actions]
    lines = [*told(story.incident), ""]
    for moment in sorted(moments, key=lambda one: (one.at, one.order)):
        lines += moment.lines
    if story.related:
        lines += ["", "related, at the same place in the same hours:"]
        lines += [
            f"  {one.id}  {one.level}  {safe(one.title)}  {one.status}" for one in story.related
        ]
    return lines


def _spoke(spoke: Spoke) -> Iterable[Moment]:
    who = f"{safe(spoke.support.source)}/{safe(spoke.support.id)}"
    for number, one in enumerate(spoke.versions):
        verb = {"new": _part(spoke.support), "edit": "edited", "delete": "deleted"}[one.kind]
        lines = [f"{one.event_at:%Y-%m-%d %H:%M:%S}  {who}  {verb if number else _first(spoke)}"]
        if one.observed_at != one.event_at:
            lines.append(f"    seen {one.observed_at:%H:%M:%S}")
        if one.post is not None and one.post.text:
            lines.append(f"    {safe(one.post.text)[:QUOTE]}")
        lines.append(f"    {one.outcome}: {safe(one.reason)}")
        yield Moment(one.event_at, 0, lines)
    if not spoke.versions:
        at = spoke.support.published_at
        yield Moment(at, 0, [f"{at:%Y-%m-%d %H:%M:%S}  {who}  {_first(spoke)} (expired)"])


def _first(spoke: Spoke) -> str:
    one = spoke.support
    return f"{_part(one)} ({safe(one.family)}, {safe(one.role)}, {safe(one.affiliation)})"


def _part(one: Support) -> str:
    if one.withdrawn:
        return "took it back"
    if one.echo_of:
        return f"repeats {safe(one.echo_of)}"
    said = {"supports": "says so", "denies": "denies it", "closes": "ends it"}
    return f"{said.get(one.part, 'is counted')}{', late' if one.late else ''}"


def _told(one: Told) -> Moment:
    alert = one.alert
    at = alert.sent_at or alert.incident.updated_at
    ring = "rings" if one.rings else "does not ring"
    how = f"{alert.incident.level}, {alert.incident.status}; {ring}"
    lines = [
        f"{at:%Y-%m-%d %H:%M:%S}  ALERT {alert.kind} ({how})  {alert.id}",
        f"    {safe(alert.reason)}",
    ]
    for sink, delivery in one.deliveries:
        detail = f" - {safe(delivery.detail)}" if delivery.detail else ""
        lines.append(f"    {sink}: {delivery.state} at {delivery.at:%H:%M:%S}{detail}")
    if not one.deliveries:
        lines.append("    no receiver has recorded it yet")
    return Moment(at, 1, lines)


def _did(one: Action) -> Moment:
    detail = f": {safe(one.detail)}" if one.detail else ""
    who = f"{safe(one.who)} ({safe(one.via)})"
    return Moment(one.at, 2, [f"{one.at:%Y-%m-%d %H:%M:%S}  {who}  {one.did}{detail}"])
