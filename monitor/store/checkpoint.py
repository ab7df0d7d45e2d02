"""The log's pages are brought home beside the writer, not inside its commits.

SQLite does it in the commit that leaves 1,000 pages in the log: that commit takes 3 to 15 ms more,
and an alarm may be in it or behind it. So a thread with a connection of its own does it as soon as
so much was written, while the writer goes on. What is durable when does not change by it. If that
thread cannot keep up, SQLite does it as ever, at `BOUND`.

The log's file is written over from its beginning again and again. A commit that makes it longer
waits for the file system's journal, and for whatever others have in it (measured beside others'
work: medians of 0.6 to 3.7 ms instead of 0.5, one in a hundred 7 to 18 instead of 3 to 5). So
whenever it has become longer, it is made longer still, and dozens of commits write over that.
"""

import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

ROWS = 1000
"""So many rows changed, about as many pages, are worth bringing home."""
BOUND = 8000
"""Pages in the log (32 MB) at which a commit does it after all."""
AHEAD = 2 << 20
"""Bytes that the log's file is made longer at once: 512 pages."""
TRIES = 16
"""The log begins anew only with a commit that begins when all pages are home: the thread tries
again right behind a commit, when few pages have come, so many times."""

HEADER = 32
"""Bytes of the log before its first page."""


def lengthen(log: Path) -> None:
    """Write zeros behind the end of the log's file; in the writer's thread, between two commits.

    They are no part of the log: SQLite reads it up to the first frame that is not of it. If there
    is no room for them, it does without.
    """
    with suppress(OSError), log.open("ab", buffering=0) as file:
        there = file.tell()
        try:
            file.write(bytes(AHEAD))
            os.fdatasync(file.fileno())
        except OSError:
            file.truncate(there)


class Checkpoints:
    """What `writer` adds to the log is brought home; `connect` makes another connection.

    `changed` says how many rows have been changed so far, or pages moved.
    """

    def __init__(
        self,
        log: Path,
        writer: sqlite3.Connection,
        connect: Callable[[], sqlite3.Connection],
        changed: Callable[[], int],
    ) -> None:
        writer.execute(f"PRAGMA wal_autocheckpoint = {BOUND}")
        self._log = log
        self._length = _size(log)
        self._connect = connect
        self._changed = changed
        self._home = changed()
        self._due = threading.Event()
        self._enough = False
        self._trying = False
        self._over = False
        self._thread: threading.Thread | None = None

    def wrote(self) -> None:
        """Something was committed; called in the writer's thread."""
        if _size(self._log) > self._length:
            lengthen(self._log)
        self._length = _size(self._log)
        rows = self._changed()
        if rows - self._home >= ROWS:
            self._home, self._enough = rows, True
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="store-log", daemon=True)
                self._thread.start()
        elif not self._trying:
            return
        self._due.set()

    def close(self) -> None:
        """End the thread; before the writer's connection, which brings the rest home."""
        self._over = True
        self._due.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        with suppress(sqlite3.Error), closing(self._connect()) as connection:
            while self._next():
                while self._enough and not self._over:
                    self._enough, self._trying = False, True
                    self._until_anew(connection)
                    self._trying = False

    def _next(self) -> bool:
        """Wait for the next commit that matters; False at the end."""
        if not self._over:
            self._due.wait()
            self._due.clear()
        return not self._over

    def _until_anew(self, connection: sqlite3.Connection) -> None:
        """Again behind each commit, until one has begun the log anew."""
        begun = _beginning(self._log)
        for _ in range(TRIES):
            _bring_home(connection)
            if not self._next() or _beginning(self._log) != begun:
                return


def _bring_home(connection: sqlite3.Connection) -> None:
    """Trouble of the disk is told by the commit that meets it."""
    with suppress(sqlite3.Error):
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def _size(log: Path) -> int:
    try:
        return log.stat().st_size
    except OSError:
        return 0


def _beginning(log: Path) -> bytes:
    """The log's first bytes: with each new beginning its number and its salt are others."""
    try:
        with log.open("rb", buffering=0) as file:
            return file.read(HEADER)
    except OSError:
        return b""
