"""What people did about alerts, as the store keeps it: each deed once, with what it changed."""

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from monitor.action import JUDGING, Action
from monitor.silence import Silence
from monitor.store.database import Database
from monitor.store.deeds import put_action
from monitor.store.moments import to_ms
from monitor.store.seal import check
from monitor.store.silences import put_silence

_COLUMNS = "number, key, at, did, incident, rule, body, seal"


def act(db: Database, action: Action, silences: Iterable[Silence] = ()) -> bool:
    """Write an action down together with the silences that it makes or ends, all or nothing.

    Returns False, and changes nothing, if this very action has been done before.

    Raises:
        DiskFullError: nothing was stored, try again.
    """
    changed = tuple(silences)

    def write(connection: sqlite3.Connection) -> bool:
        done = put_action(connection, action)
        if done:
            for silence in changed:
                put_silence(connection, silence)
        return done

    return db.write(write, name="action")


def actions(
    db: Database,
    *,
    since: datetime | None = None,
    incident: str | None = None,
    did: Sequence[str] = (),
    limit: int = 1000,
) -> tuple[Action, ...]:
    """What was done, newest first; what is not given is not asked.

    Raises:
        DamagedError: a row is not what was written.
    """
    conditions, values = ["TRUE"], list[object]()
    if since is not None:
        conditions.append("at >= ?")
        values.append(to_ms(since))
    if incident is not None:
        conditions.append("incident = ?")
        values.append(incident)
    if did:
        conditions.append(f"did IN ({', '.join('?' * len(did))})")
        values += did
    where = " AND ".join(conditions)
    return _actions(db, f"{where} ORDER BY number DESC LIMIT ?", [*values, limit])


def judgements(db: Database, since: datetime | None = None) -> tuple[Action, ...]:
    """Of every incident that somebody acknowledged or called a false alarm, the newest such act.

    Raises:
        DamagedError: a row is not what was written.
    """
    marks = ", ".join("?" * len(JUDGING))
    newest = (
        f"SELECT max(number) FROM actions WHERE did IN ({marks}) AND incident IS NOT NULL"
        " GROUP BY incident"
    )
    values: list[object] = [*JUDGING, to_ms(since) if since else 0]
    return _actions(db, f"number IN ({newest}) AND at >= ? ORDER BY number", values)


def _actions(db: Database, where: str, values: Sequence[object]) -> tuple[Action, ...]:
    found: list[Action] = []
    for number, *row, mark in db.rows(f"SELECT {_COLUMNS} FROM actions WHERE {where}", values):
        check(mark, f"action {number}", *row)
        found.append(msgspec.json.decode(row[-1], type=Action))
    return tuple(found)
