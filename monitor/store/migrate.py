"""From one schema to the next, each step in one transaction: all of it happened or none of it."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from monitor.store.trouble import DamagedError, StateError

APPLICATION = 0x6D6F6E69
"""`moni`: stands in the file's header, so that we never write into somebody else's database."""

STEPS: Mapping[int, str] = {
    1: Path(__file__).with_name("schema.sql").read_text(encoding="utf-8"),
    2: Path(__file__).with_name("silences.sql").read_text(encoding="utf-8"),
    3: Path(__file__).with_name("actions.sql").read_text(encoding="utf-8"),
    4: Path(__file__).with_name("clues.sql").read_text(encoding="utf-8"),
    5: Path(__file__).with_name("texts.sql").read_text(encoding="utf-8"),
}
"""Version -> the SQL that leads to it from the version before. Released steps never change."""

Watch = Callable[[str], None]


def statements(script: str) -> Iterator[str]:
    """The statements of an SQL script, one by one, comments included."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if any(line.strip() and not line.strip().startswith("--") for line in statement.splitlines()):
        raise ValueError(f"unfinished SQL statement: {statement.strip()[:80]}")


def version(connection: sqlite3.Connection) -> int:
    """The schema's version in the file, 0 for an empty file.

    Raises:
        DamagedError: the file is a database, but not one of ours.
    """
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if owner != APPLICATION and (owner or found or tables):
        raise DamagedError("the file is a database, but not the monitor's")
    if tables and not found:
        raise DamagedError("it says that it is empty, and it is not")
    return int(found)


def refuse_other(found: int, newest: int) -> None:
    """Say what to do about a schema that this program cannot read as it is.

    Raises:
        StateError: the schema is newer or older than the program.
    """
    if found > newest:
        raise StateError(
            f"the state was written by a newer monitor (schema {found}, this one knows {newest})",
            "install that version again, or use another state folder",
        )
    if found < newest:
        raise StateError(
            f"the state has the older schema {found}, this monitor reads {newest}",
            "start `monitor run` once: it brings the state up to date",
        )


def shape(connection: sqlite3.Connection) -> list[tuple[str, str, str]]:
    """Every table and index of a database: type, name and the SQL that made it."""
    return connection.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name"
    ).fetchall()


def refuse_misshapen(connection: sqlite3.Connection) -> None:
    """Compare the schema in the file with the one that the steps make.

    Raises:
        DamagedError: they differ.
    """
    ideal = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(ideal)
        if shape(ideal) != shape(connection):
            raise DamagedError("its tables are not as the monitor made them")
    finally:
        ideal.close()


def migrate(
    connection: sqlite3.Connection,
    steps: Mapping[int, str] = STEPS,
    watch: Watch | None = None,
) -> int:
    """Bring the schema to the newest version; returns the version found before.

    `connection` is in autocommit mode. `watch`, for tests, is called before every statement.

    Raises:
        StateError: the file has a newer schema than this program.
        DamagedError: it is not the monitor's file.
    """
    before = version(connection)
    newest = max(steps)
    if before > newest:
        refuse_other(before, newest)
    for step in range(before + 1, newest + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for number, statement in enumerate(statements(steps[step])):
                if watch:
                    watch(f"{step}.{number}")
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {step}")
            if watch:
                watch(f"{step}.commit")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    return before
