"""The delivery log's failed tries; what ended a delivery is the delivery itself (outbox.py)."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from monitor.store.database import Database
from monitor.store.moments import from_ms, to_ms
from monitor.store.seal import check, seal


class Attempt(msgspec.Struct, frozen=True):
    """A try that did not end a delivery: which of them it was (from 1), when, and why it failed."""

    sequence: int
    alert: str
    attempt: int
    at: datetime
    detail: str


def note_attempts(db: Database, sink: str, attempts: Sequence[Attempt]) -> None:
    """Write down what failed and will be tried again.

    Raises:
        DiskFullError: nothing was stored.
    """
    rows: list[tuple[object, ...]] = []
    for one in attempts:
        fields = (sink, one.sequence, one.attempt, one.alert, to_ms(one.at), one.detail)
        rows.append((*fields, seal(*fields)))

    def body(connection: object) -> None:
        del connection
        db.connection.executemany(
            "INSERT OR REPLACE INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?)", rows
        )

    db.write(body, name="attempts")


def attempts_of(db: Database, sink: str, sequence: int) -> tuple[Attempt, ...]:
    """The tries of one alert at one sink that failed, in order.

    Raises:
        DamagedError: a row is not what was written.
    """
    found: list[Attempt] = []
    for *row, mark in db.rows(
        "SELECT sink, sequence, attempt, alert, at, detail, seal FROM attempts"
        " WHERE sink = ? AND sequence = ? ORDER BY attempt",
        (sink, sequence),
    ):
        check(mark, f"attempt {row[2]} of alert {sequence} at {sink}", *row)
        found.append(Attempt(row[1], row[3], row[2], from_ms(row[4]), row[5]))
    return tuple(found)
