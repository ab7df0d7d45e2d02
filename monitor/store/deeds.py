"""A deed as a row: what a person did is written down with what it changed."""

import sqlite3

import msgspec

from monitor.action import Action
from monitor.store.moments import to_ms
from monitor.store.seal import seal


def put_action(connection: sqlite3.Connection, action: Action) -> bool:
    """Write an action down, inside the caller's transaction; False if it stands there already."""
    body = msgspec.json.encode(action)
    row = (action.key, to_ms(action.at), action.did, action.incident, action.rule, body)
    return bool(
        connection.execute(
            "INSERT OR IGNORE INTO actions (key, at, did, incident, rule, body, seal)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*row, seal(*row)),
        ).rowcount
    )
