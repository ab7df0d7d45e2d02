"""What is kept how long: texts expire, keys stay, and no sink loses what it has not passed."""

import sqlite3
import time
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from monitor.store.database import Database
from monitor.store.moments import to_ms
from monitor.store.outbox import positions

_SLICE = 0.01
"""Seconds after which a slice begins no further step."""
_ROWS = 200
"""Rows after which it does neither: what it changes, the next commit takes to the disk."""
_FIRST = 16
"""Rows of its first step; how many the next ones have, the time that they take decides."""
_SPARE = 16_384
"""Pages (64 MB): so much free room is kept in the file for the posts to come, whatever its size."""
_BASELINES = timedelta(days=92)


class Retention(Protocol):
    """How long: posts that no rule had to do with, posts and incidents otherwise, alerts."""

    @property
    def unmatched(self) -> timedelta:
        """Posts without an incident."""

    @property
    def matched(self) -> timedelta:
        """Posts that a rule hit, and closed incidents."""

    @property
    def alerts(self) -> timedelta:
        """Alerts and what became of their deliveries."""


class Expired(msgspec.Struct, kw_only=True):
    """What one slice has removed. `more` says that there is more to do: call again."""

    posts: int = 0
    incidents: int = 0
    supports: int = 0
    alerts: int = 0
    deliveries: int = 0
    baselines: int = 0
    attempts: int = 0
    actions: int = 0
    more: bool = False

    @property
    def total(self) -> int:
        """All rows together."""
        return sum(getattr(self, kind) for kind, _ in dict(_REMOVALS).items())


def expire(
    db: Database,
    now: datetime,
    retention: Retention,
    sinks: Collection[str] | None = None,
) -> Expired:
    """Remove a slice of what is too old: at most 200 rows, and some 10 ms.

    Posts lose text and payload, their keys and hashes stay, so that a re-read is not new. Alerts go
    only when every sink in `sinks` (None = every sink that ever recorded) has passed them;
    deliveries stay as long as their incident is open, for its message may still be edited. Room
    inside the file is used again by the posts to come. When the disk is short of room, or nothing
    is left to remove and more than half of the file is free, a slice also gives some of it back.

    It waits for no disk (but for one page of a log that begins anew): what a power cut brings back
    is removed again.

    Raises:
        DiskFullError: not even the ballast was room enough.
    """
    ends = time.perf_counter() + _SLICE
    cut = {
        "unmatched": to_ms(now - retention.unmatched),
        "matched": to_ms(now - retention.matched),
        "alerts": to_ms(now - retention.alerts),
        "passed": _passed_by_all(db, sinks),
        "hour": to_ms(now - _BASELINES) // 3_600_000,
    }

    def with_room(connection: sqlite3.Connection) -> Expired:
        gone = _remove(connection, cut, ends)
        if db.short_of_room or not gone.total:
            gone.more = _give_back(db, connection, ends) or gone.more
        return gone

    gone = db.write(with_room, name="expire", emergency=True, synced=False)
    if db.short_of_room:
        db.shorten_log()
    return gone


class _Pace:
    """How large the steps are that a slice is done in.

    What a row takes differs a hundredfold: its text may have to come from a slow disk. So a step is
    only twice as large as the one before if that leaves half of the time.
    """

    def __init__(self, ends: float, size: int) -> None:
        self.size = size
        self._ends = ends
        self._began = time.perf_counter()

    @property
    def over(self) -> bool:
        """Whether no further step is to begin."""
        return self._began >= self._ends

    def stepped(self) -> None:
        """A step of this size has ended."""
        now = time.perf_counter()
        took, left = now - self._began, self._ends - now
        self._began = now
        if took * 4 <= left:
            self.size *= 2
        elif took > left:
            self.size = max(1, self.size // 2)


def _give_back(db: Database, connection: sqlite3.Connection, ends: float) -> bool:
    """Make the file smaller, page by page; whether there is more to give back.

    Each is looked for in the list of free ones: 10 us, and 2 ms when 2 GB are free (measured).
    """
    while _is_hollow(connection, whole=db.short_of_room):
        connection.execute("PRAGMA incremental_vacuum(1)").fetchall()
        db.moved += 1
        if time.perf_counter() >= ends:
            return True
    return False


def _is_hollow(connection: sqlite3.Connection, *, whole: bool) -> bool:
    """Whether free room is to be given back: what posts to come will not need; `whole`: all."""
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    return bool(free > (0 if whole else max(_SPARE, pages // 2)))


def _remove(connection: sqlite3.Connection, cut: Mapping[str, int], ends: float) -> Expired:
    """Remove kind after kind, in steps, until a slice is full or its time is over."""
    gone, pace = Expired(), _Pace(ends, _FIRST)
    for kind, sql in _REMOVALS:
        while True:
            room = _ROWS - gone.total
            if not room or (gone.total and pace.over):
                gone.more = True
                return gone
            step = min(pace.size, room)
            removed = connection.execute(sql, {**cut, "step": step}).rowcount
            pace.stepped()
            setattr(gone, kind, getattr(gone, kind) + removed)
            if removed < step:
                break
    return gone


_TEXTS = """
DELETE FROM texts WHERE seq IN (
    SELECT seq FROM texts WHERE matched = {matched} AND seen < :{cut} ORDER BY seen LIMIT :step)
"""

_REMOVALS: tuple[tuple[str, str], ...] = (
    ("posts", _TEXTS.format(matched=0, cut="unmatched")),
    ("posts", _TEXTS.format(matched=1, cut="matched")),
    (
        "alerts",
        """
        DELETE FROM alerts WHERE sequence IN (
            SELECT sequence FROM alerts WHERE created_at < :alerts AND sequence <= :passed
            ORDER BY created_at LIMIT :step)
        """,
    ),
    (
        "deliveries",
        """
        DELETE FROM deliveries WHERE (sink, sequence) IN (
            SELECT d.sink, d.sequence FROM deliveries d
            WHERE d.at < :alerts AND d.sequence <= :passed
            AND NOT EXISTS (SELECT 1 FROM alerts a WHERE a.sequence = d.sequence)
            AND NOT EXISTS (
                SELECT 1 FROM deliveries e JOIN incidents i ON i.id = e.incident
                WHERE e.sink = d.sink AND e.sequence = d.sequence AND i.open)
            ORDER BY d.at LIMIT :step)
        """,
    ),
    (
        "supports",
        """
        DELETE FROM supports WHERE (source, message, exercise, incident) IN (
            SELECT s.source, s.message, s.exercise, s.incident
            FROM incidents i JOIN supports s ON s.incident = i.id
            WHERE NOT i.open AND i.updated_at < :matched LIMIT :step)
        """,
    ),
    (
        "incidents",
        """
        DELETE FROM incidents WHERE id IN (
            SELECT id FROM incidents WHERE NOT open AND updated_at < :matched
            ORDER BY updated_at LIMIT :step)
        """,
    ),
    (
        "attempts",
        """
        DELETE FROM attempts WHERE (sink, sequence, attempt) IN (
            SELECT t.sink, t.sequence, t.attempt FROM attempts t
            WHERE t.at < :alerts AND NOT EXISTS (
                SELECT 1 FROM deliveries d WHERE d.sink = t.sink AND d.sequence = t.sequence)
            ORDER BY t.at LIMIT :step)
        """,
    ),
    (
        "actions",
        """
        DELETE FROM actions WHERE number IN (
            SELECT number FROM actions WHERE at < :matched ORDER BY at LIMIT :step)
        """,
    ),
    (
        "baselines",
        """
        DELETE FROM baselines WHERE (rule, place, hour, exercise) IN (
            SELECT rule, place, hour, exercise FROM baselines WHERE hour < :hour LIMIT :step)
        """,
    ),
)
"""What to remove, in order: (which count, SQL for at most :step rows).

What is old and has to stay is looked at again each time: for deliveries in the index alone, so that
200,000 which a sink that is away holds take some 10 ms instead of 200.
"""


def _passed_by_all(db: Database, sinks: Collection[str] | None) -> int:
    """The sequence that the slowest sink has come to; a sink without a record holds everything."""
    passed = positions(db)
    if sinks is not None:
        passed = {sink: passed.get(sink, 0) for sink in sinks}
    return min(passed.values(), default=2**62)
