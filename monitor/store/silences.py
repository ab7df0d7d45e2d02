"""Silences as the store keeps them: the ones at work, and the record of all."""

import sqlite3

import msgspec

from monitor.alert import Alert
from monitor.silence import Silence
from monitor.store.commit import Work, commit
from monitor.store.database import Database
from monitor.store.moments import to_ms
from monitor.store.seal import check, seal


def silences(db: Database, limit: int = 1000) -> tuple[Silence, ...]:
    """All silences, newest first, ended ones too.

    Raises:
        DamagedError: a row is not what was written.
    """
    return _silences(db, "TRUE ORDER BY made DESC LIMIT ?", limit)


def at_work(db: Database) -> tuple[Silence, ...]:
    """The silences whose end has not been told yet, oldest first."""
    return _silences(db, "NOT told ORDER BY made LIMIT ?", -1)


def _silences(db: Database, where: str, limit: int) -> tuple[Silence, ...]:
    found: list[Silence] = []
    for id_, told, made, body, mark in db.rows(
        f"SELECT id, told, made, body, seal FROM silences WHERE {where}", [limit]
    ):
        check(mark, f"silence {id_}", id_, told, made, body)
        found.append(msgspec.json.decode(body, type=Silence))
    return tuple(found)


def put(db: Database, silence: Silence) -> None:
    """Store a silence, or its newest state.

    Raises:
        DiskFullError: nothing was stored, try again.
    """
    db.write(lambda connection: put_silence(connection, silence), name="silence")


def put_silence(connection: sqlite3.Connection, silence: Silence) -> None:
    """The same inside the caller's transaction."""
    body = msgspec.json.encode(silence)
    row = (silence.id, int(silence.told), to_ms(silence.made_at), body)
    connection.execute("INSERT OR REPLACE INTO silences VALUES (?, ?, ?, ?, ?)", (*row, seal(*row)))


def tell(db: Database, silence: Silence, alert: Alert) -> tuple[Alert, ...]:
    """Store an alert about a silence, then that it was told: a kill between repeats nothing new.

    The alert's id is fixed by the silence and what is told of it, so a repetition is the same
    alert, which the outbox has already.
    """
    known = db.rows("SELECT 1 FROM alerts WHERE id = ?", [alert.id])
    assert alert.sent_at is not None  # noqa: S101 - whoever makes it says when
    stored = () if known else commit(db, Work(alerts=(alert,)), alert.sent_at)
    put(db, silence)
    return stored


def muted_by(db: Database, silence: Silence) -> int:
    """How many alerts a silence has held back, from at least one receiver."""
    ((count,),) = db.rows(
        "SELECT count(DISTINCT alert) FROM deliveries"
        " WHERE at >= ? AND state = 'muted' AND detail LIKE ?",
        [to_ms(silence.made_at), f"silence {silence.id} %"],
    )
    return int(count)
