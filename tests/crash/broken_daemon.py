"""The daemon with its transaction broken on purpose: alerts are committed after the posts.

A program of the crash tests only: the oracle must notice it.
"""

import sys
import time

from monitor.cli import main
from monitor.store.database import Database


def _break(db: Database) -> None:
    """Before the alerts, commit what is there: a death right after loses them.

    The pause stands for a slow disk: without it the gap is too short to be hit by a few kills.
    """

    def on_step(name: str) -> None:
        if name == "alerts" and db.connection.in_transaction:
            db.connection.execute("COMMIT")
            time.sleep(0.3)
            db.connection.execute("BEGIN IMMEDIATE")

    db.on_step = on_step


def run() -> int:
    """`monitor` as ever, but for the broken commit."""
    opened = Database.open

    def open_broken(*args: object, **kwargs: object) -> Database:
        db = opened(*args, **kwargs)  # type: ignore[arg-type]  # passed through as given
        if not db.readonly:
            _break(db)
        return db

    Database.open = open_broken  # type: ignore[method-assign]  # that is the point
    return main()


if __name__ == "__main__":
    sys.exit(run())
