"""What correlations remember: written with the batch it follows from, read at the start."""

import sqlite3
from collections.abc import Collection, Iterator, Mapping

import msgspec

from monitor.store.database import Database
from monitor.store.seal import check, seal
from monitor.store.trouble import DamagedError
from monitor.watch import Clue, ClueKey

_JSON = msgspec.json.Encoder()
_CLUE = msgspec.json.Decoder(Clue)

Counts = Mapping[tuple[str, str, int, bool], int]
"""How many posts count: by rule, place (its id or nothing), hour since 1970, and whether they are
exercises."""


def put_clues(
    connection: sqlite3.Connection, clues: Mapping[tuple[ClueKey, bool], Clue | None]
) -> None:
    """Replace what is stored of these clues, by key and realm; None is forgotten."""
    gone = [(*key, exercise) for (key, exercise), clue in clues.items() if clue is None]
    if gone:
        connection.executemany(
            "DELETE FROM clues WHERE grp = ? AND source = ? AND message = ? AND rule = ?"
            " AND value = ? AND exercise = ?",
            gone,
        )
    rows: list[tuple[object, ...]] = []
    for (key, exercise), clue in clues.items():
        if clue is not None:
            body = _JSON.encode(clue)
            ends = int(clue.until.timestamp() // 3600)
            mark = seal(*key, int(exercise), ends, body)
            rows.append((clue.watch, *key, exercise, ends, body, mark))
    if rows:
        connection.executemany(
            "INSERT OR REPLACE INTO clues VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows
        )


def drop_ended(connection: sqlite3.Connection, floors: Mapping[bool, int]) -> None:
    """Forget the clues that end before an hour, by realm."""
    for exercise, floor in floors.items():
        connection.execute("DELETE FROM clues WHERE exercise = ? AND ends < ?", (exercise, floor))


def put_counts(connection: sqlite3.Connection, counts: Counts) -> None:
    """Add to the baselines."""
    connection.executemany(
        "INSERT INTO baselines VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET posts = posts + excluded.posts",
        [(*key, posts) for key, posts in sorted(counts.items())],
    )


def clues(db: Database) -> Iterator[Clue]:
    """Everything that correlations remember.

    Raises:
        DamagedError: a row is not what was written.
    """
    for *key, exercise, ends, body, mark in db.rows(
        "SELECT grp, source, message, rule, value, exercise, ends, body, seal FROM clues"
    ):
        what = f"the clue of {key[1]}/{key[2]}"
        if not isinstance(body, bytes):
            raise DamagedError(f"{what} has no body")
        check(mark, what, *key, exercise, ends, body)
        yield _CLUE.decode(body)


def baselines(
    db: Database, rules: Collection[str], since: int, *, exercise: bool
) -> Iterator[tuple[str, str, int, int]]:
    """(rule, place, hour, posts) of these rules in one realm, from an hour on."""
    for rule in sorted(rules):
        for place, hour, posts in db.rows(
            "SELECT place, hour, posts FROM baselines"
            " WHERE rule = ? AND hour >= ? AND exercise = ?",
            [rule, since, exercise],
        ):
            yield rule, place, hour, posts
