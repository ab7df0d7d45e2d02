"""Incidents and what supports them, cursors and facts: what the daemon starts from."""

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from monitor.incident import Incident, Support
from monitor.store.database import Database
from monitor.store.head import NEWEST_ALERT
from monitor.store.moments import to_ms
from monitor.store.seal import check, seal
from monitor.store.trouble import DamagedError

_JSON = msgspec.json.Encoder()
_INCIDENT = msgspec.json.Decoder(Incident)
_SUPPORT = msgspec.json.Decoder(Support)


def put_incidents(connection: sqlite3.Connection, incidents: Sequence[Incident]) -> None:
    """Replace what is stored of these incidents; inside the caller's transaction."""
    rows: list[tuple[object, ...]] = []
    for one in incidents:
        body = _JSON.encode(one)
        mark = seal(one.id, int(one.exercise), int(one.open), body)
        rows.append((
            one.id, one.exercise, one.open, one.topic, to_ms(one.updated_at), body, mark,
        ))  # fmt: skip
    if rows:
        connection.executemany(
            "INSERT OR REPLACE INTO incidents VALUES (?, ?, ?, ?, ?, ?, ?)", rows
        )


def put_supports(connection: sqlite3.Connection, supports: Sequence[Support]) -> None:
    """Replace what is stored of these supports; inside the caller's transaction."""
    rows: list[tuple[object, ...]] = []
    for one in supports:
        body = _JSON.encode(one)
        mark = seal(one.incident, one.source, one.id, int(one.exercise), body)
        rows.append((one.incident, one.source, one.id, one.exercise, body, mark))
    if rows:
        connection.executemany("INSERT OR REPLACE INTO supports VALUES (?, ?, ?, ?, ?, ?)", rows)


def drop_supports(
    connection: sqlite3.Connection, gone: Sequence[tuple[str, str, str, bool]]
) -> None:
    """Forget supports (incident, source, id, exercise); inside the caller's transaction."""
    if gone:
        connection.executemany(
            "DELETE FROM supports WHERE incident = ? AND source = ? AND message = ?"
            " AND exercise = ?",
            gone,
        )


_INCIDENT_COLUMNS = "i.id, i.exercise, i.open, i.body, i.seal"
_SUPPORT_COLUMNS = "s.incident, s.source, s.message, s.exercise, s.body, s.seal"


def _incident(row: Sequence[Any]) -> Incident:
    id_, exercise, is_open, body, mark = row
    if not isinstance(body, bytes):
        raise DamagedError(f"incident {id_} has no body")
    check(mark, f"incident {id_}", id_, exercise, is_open, body)
    return _INCIDENT.decode(body)


def _support(row: Sequence[Any]) -> Support:
    incident, source, message, exercise, body, mark = row
    what = f"the support of incident {incident} by {source}/{message}"
    if not isinstance(body, bytes):
        raise DamagedError(f"{what} has no body")
    check(mark, what, incident, source, message, exercise, body)
    return _SUPPORT.decode(body)


def open_incidents(db: Database) -> tuple[tuple[Incident, ...], tuple[Support, ...]]:
    """The open incidents by time of opening, and everything that supports them.

    Raises:
        DamagedError: a row is not what was written.
    """
    incidents = [
        _incident(row)
        for row in db.rows(f"SELECT {_INCIDENT_COLUMNS} FROM incidents i WHERE i.open")
    ]
    supports = [
        _support(row)
        for row in db.rows(
            f"SELECT {_SUPPORT_COLUMNS} FROM incidents i JOIN supports s ON s.incident = i.id"
            " WHERE i.open ORDER BY s.incident, s.source, s.message, s.exercise"
        )
    ]
    incidents.sort(key=lambda one: (one.opened_at, one.id))
    return tuple(incidents), tuple(supports)


def placed_incidents(db: Database, closed: int) -> tuple[Incident, ...]:
    """The open incidents and the `closed` last closed ones, newest first each; some have no place.

    Raises:
        DamagedError: a row is not what was written.
    """
    columns = f"SELECT {_INCIDENT_COLUMNS} FROM incidents i WHERE"
    newest = "ORDER BY i.updated_at DESC, i.id"
    rows = db.rows(f"{columns} i.open {newest}")
    rows += db.rows(f"{columns} NOT i.open {newest} LIMIT ?", [closed])
    return tuple(_incident(row) for row in rows)


def recall(
    db: Database,
    source: str,
    message: str,
    exercise: bool,  # noqa: FBT001 - part of the post's key
) -> tuple[tuple[Support, Incident], ...]:
    """What a post supports, in closed incidents too, by incident id.

    `source` may be any name of the post's channel: after a renaming both find the same.

    Raises:
        DamagedError: a row is not what was written.
    """
    channel = db.channels.held.get((source, exercise))
    names = db.channels.names_of(channel) if channel is not None else (source,)
    found: list[tuple[Support, Incident]] = []
    for name in names:
        for row in db.rows(
            f"SELECT {_SUPPORT_COLUMNS}, {_INCIDENT_COLUMNS} FROM supports s"
            " JOIN incidents i ON i.id = s.incident"
            " WHERE s.source = ? AND s.message = ? AND s.exercise = ?",
            (name, message, exercise),
        ):
            found.append((_support(row[:6]), _incident(row[6:])))  # noqa: PERF401 - two structs a row
    return tuple(sorted(found, key=lambda pair: (pair[1].id, pair[0].source)))


def incident(db: Database, id_: str) -> Incident | None:
    """One incident, open or closed; None if it is unknown or has expired."""
    rows = db.rows(f"SELECT {_INCIDENT_COLUMNS} FROM incidents i WHERE i.id = ?", [id_])
    return _incident(rows[0]) if rows else None


def supports_of(db: Database, id_: str) -> tuple[Support, ...]:
    """Everything that supports an incident, by source and post."""
    rows = db.rows(
        f"SELECT {_SUPPORT_COLUMNS} FROM supports s WHERE s.incident = ?"
        " ORDER BY s.source, s.message, s.exercise",
        [id_],
    )
    return tuple(_support(row) for row in rows)


def cursors(db: Database) -> dict[str, str]:
    """Every source cursor, by name.

    Raises:
        DamagedError: a row is not what was written.
    """
    return _pairs(db, "cursors")


def facts(db: Database) -> dict[str, str]:
    """The small things that must survive, by name.

    Raises:
        DamagedError: a row is not what was written.
    """
    pairs = _pairs(db, "facts")
    pairs.pop(NEWEST_ALERT, None)
    return pairs


def _pairs(db: Database, table: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for name, value, mark in db.rows(f"SELECT name, value, seal FROM {table} ORDER BY name"):
        check(mark, f"{table}: {name}", name, value)
        pairs[name] = value
    return pairs


def incidents_after(db: Database, id_: str = "", page: int = 500) -> Iterator[Incident]:
    """Every incident, open and closed, by id; read page by page.

    Raises:
        DamagedError: a row is not what was written.
    """
    while rows := db.rows(
        f"SELECT {_INCIDENT_COLUMNS} FROM incidents i WHERE i.id > ? ORDER BY i.id LIMIT ?",
        [id_, page],
    ):
        found = [_incident(row) for row in rows]
        id_ = found[-1].id
        yield from found


def changed_since(db: Database, since: datetime, most: int) -> tuple[Incident, ...]:
    """Open incidents, and those closed after `since`, that changed then; the latest `most` of each.

    Raises:
        DamagedError: a row is not what was written.
    """
    found: list[Incident] = []
    for which in ("i.open", "NOT i.open"):
        rows = db.rows(
            f"SELECT {_INCIDENT_COLUMNS} FROM incidents i WHERE {which} AND i.updated_at >= ?"
            " ORDER BY i.updated_at DESC LIMIT ?",
            [to_ms(since), most],
        )
        found += map(_incident, rows)
    return tuple(found)


def recent_supports(
    db: Database, since: datetime, *, exercise: bool
) -> Iterator[tuple[str, Support]]:
    """(topic, support) of every post that supports a realm's incident that closed after `since`.

    Raises:
        DamagedError: a row is not what was written.
    """
    for topic, *row in db.rows(
        f"SELECT i.topic, {_SUPPORT_COLUMNS} FROM incidents i JOIN supports s ON s.incident = i.id"
        " WHERE NOT i.open AND i.updated_at >= ? AND i.exercise = ?"
        " ORDER BY s.incident, s.source, s.message",
        [to_ms(since), exercise],
    ):
        yield topic, _support(row)
