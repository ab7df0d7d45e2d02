"""The log's pages are brought home beside the writer, not inside its commits.

SQLite does it in the commit that leaves 1,000 pages in the log: that commit takes 3 to 15 ms more,
and an alarm may be in it or behind it. So a thread with a connection of its own does it as soon as
so much was written, while the writer goes on. What is durable when does not change by it. If that
thread cannot keep up, SQLite does it as ever, at `BOUND`.
"""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress

ROWS = 1000
"""So many rows changed, about as many pages, are worth bringing home."""
BOUND = 4000
"""Pages in the log (16 MB) at which a commit does it after all."""
TRIES = 3
"""The log begins anew only when nothing was added while its last pages went home."""


class Checkpoints:
    """What `writer` adds to the log is brought home; `connect` makes another connection.

    `changed` says how many rows have been changed so far, or pages moved.
    """

    def __init__(
        self,
        writer: sqlite3.Connection,
        connect: Callable[[], sqlite3.Connection],
        changed: Callable[[], int],
    ) -> None:
        writer.execute(f"PRAGMA wal_autocheckpoint = {BOUND}")
        self._connect = connect
        self._changed = changed
        self._home = changed()
        self._due = threading.Event()
        self._over = False
        self._thread: threading.Thread | None = None

    def wrote(self) -> None:
        """Something was committed; called in the writer's thread."""
        rows = self._changed()
        if rows - self._home < ROWS:
            return
        self._home = rows
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="store-log", daemon=True)
            self._thread.start()
        self._due.set()

    def close(self) -> None:
        """End the thread; before the writer's connection, which brings the rest home."""
        self._over = True
        self._due.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        with suppress(sqlite3.Error), closing(self._connect()) as connection:
            while True:
                self._due.wait()
                self._due.clear()
                if self._over:
                    return
                _bring_home(connection)


def _bring_home(connection: sqlite3.Connection) -> None:
    """Trouble of the disk is told by the commit that meets it."""
    for _ in range(TRIES):
        try:
            ((_, there, home),) = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error:
            return
        if there == home:
            return
