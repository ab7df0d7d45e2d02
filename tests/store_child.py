"""A daemon that dies: run as a process of its own by the store's tests.

python -m tests.store_child commit FOLDER STEP    kill -9 itself before that step of a commit
python -m tests.store_child migrate FILE STEP     the same in a migration to schema 2
python -m tests.store_child hold FOLDER           hold the state until stdin ends
python -m tests.store_child fill FOLDER BYTES     write until files may grow no further
python -m tests.store_child dump FOLDER           do a day's work, print all rows
"""

import os
import resource
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

from monitor.store.database import Database
from monitor.store.migrate import STEPS, migrate
from monitor.store.trouble import DiskFullError, StateError
from tests.storing import alert, at, incident, received, store, support

NEXT_SCHEMA = {
    **STEPS,
    max(STEPS) + 1: """
    CREATE TABLE later (id INTEGER PRIMARY KEY, until INTEGER NOT NULL) STRICT;
    -- a comment; with a semicolon
    INSERT INTO later SELECT rowid, 7 FROM alerts;
    CREATE INDEX later_by_end ON later (until);
    """,
}


def killer(step: str) -> Callable[[str], None]:
    """A hook that ends the process without any warning when the step comes."""

    def hook(name: str) -> None:
        if name == step:
            os.kill(os.getpid(), signal.SIGKILL)

    return hook


def second_batch(db: Database) -> None:
    """What every test of interruption tries to store: something of every kind."""
    store(
        db,
        received("1", "восемь раненых", observed=30),
        received("2", "дроны над Шебекино", published=29, source="telegram:shot_shot"),
        outcome="alerted",
        now=at(31),
        cursors={"preview/telegram:vvgladkov": "2"},
        facts={"replay/start": "2023"},
        incidents=(incident(posts=2, ordinal=2), incident("i2")),
        supports=(support(id_="1", version=2), support("i2", "2")),
        alerts=(alert(3), alert(2, "i2")),
    )


def hold(folder: Path) -> None:
    """Keep the state until somebody closes stdin."""
    db = Database.open(folder)
    print("open", flush=True)  # noqa: T201 - the parent waits for it
    sys.stdin.read()
    db.close()


def fill(folder: Path, limit: int) -> None:
    """Say how many posts were stored when the disk was full."""
    db = Database.open(folder, ballast=0)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    done = 0
    try:
        for number in range(100_000):
            store(db, received(str(number), "x" * 5000))
            done += 1
    except DiskFullError as error:
        print(done, error.retry)  # noqa: T201 - read by the parent


def dump(folder: Path) -> None:
    """Print every row after two batches."""
    db = Database.open(folder)
    store(db, *(received(str(n), source=f"telegram:c{n % 7}", channel_id=n % 5) for n in range(40)))
    second_batch(db)
    for table in sorted(name for (name,) in db.rows("SELECT name FROM sqlite_schema")):
        if db.rows("SELECT 1 FROM sqlite_schema WHERE name = ? AND type = 'table'", [table]):
            print(table, db.rows(f"SELECT * FROM {table}"))  # noqa: T201, S608 - read by the parent
    db.close()


def main() -> None:
    """Do what the arguments say."""
    what, path, *rest = sys.argv[1:]
    if what == "commit":
        db = Database.open(Path(path))
        db.on_step = killer(rest[0])
        second_batch(db)
    elif what == "migrate":
        migrate(sqlite3.connect(path, isolation_level=None), NEXT_SCHEMA, killer(rest[0]))
    elif what == "hold":
        hold(Path(path))
    elif what == "fill":
        fill(Path(path), int(rest[0]))
    else:
        dump(Path(path))


if __name__ == "__main__":
    try:
        main()
    except StateError as error:
        print(error, file=sys.stderr)  # noqa: T201 - read by the parent
        sys.exit(error.exit_code)
