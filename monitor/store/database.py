"""The state folder and its SQLite file: opening, checking, one transaction at a time.

Durable and fast needs group commit: the log is synced at every commit (WAL, synchronous=FULL), so
what `write` returned survives a power cut, and many posts share one commit.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, TypeVar

from monitor.store.ballast import BYTES, Ballast
from monitor.store.channels import Channels, Reservations
from monitor.store.checkpoint import Checkpoints
from monitor.store.head import Head
from monitor.store.lock import Lock
from monitor.store.migrate import STEPS, migrate, refuse_misshapen, refuse_other, version
from monitor.store.trouble import TROUBLES, DamagedError, DiskFullError, StateError, told

__all__ = ["DamagedError", "Database", "DiskFullError", "StateError"]

FILE = "monitor.db"
_ALWAYS_CHECKED = 256 << 20
"""Bytes: a file up to this size is checked whole at every start (measured: 0.04 s for 36 MB)."""
_ACTED_UPON = (
    "channels", "names", "cursors", "incidents", "supports", "sinks", "facts",
    "silences", "actions", "clues",
)  # fmt: skip
_OLDEST_SQLITE = (3, 37, 0)
_HEADER = 100
_NORMAL = 1
"""Of `PRAGMA synchronous`: the log is synced before its pages are brought home, not before that."""

_SETTINGS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA secure_delete = ON",  # what has expired is overwritten, not only let go
    "PRAGMA cell_size_check = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA journal_size_limit = 67108864",
)

_CALLERS_FAULT = (sqlite3.IntegrityError, sqlite3.ProgrammingError)

T = TypeVar("T")
Body = Callable[[sqlite3.Connection], T]


class Database:
    """One open state. Not for several threads at once: see `monitor.store.writer`.

    `on_step`, for tests only, is called before every named step of a write: it may raise (the
    write is rolled back) or end the process. `moved` counts the pages that were written without a
    row being changed.
    """

    def __init__(
        self, folder: Path, connection: sqlite3.Connection, lock: Lock | None, ballast: Ballast
    ) -> None:
        self.folder = folder
        self.connection = connection
        self.on_step: Callable[[str], None] | None = None
        self.moved = 0
        self._lock = lock
        self._ballast = ballast
        self._head: Head | None = None
        self._channels: Channels | None = None
        self._reservations = Reservations()
        self._suspect = False

    @classmethod
    def open(
        cls, folder: Path, *, readonly: bool = False, ballast: int = BYTES, lasting: bool = True
    ) -> "Database":
        """Open the state in `folder`; for writing: create it, take the lock, migrate, check.

        At every start a file up to 256 MB is checked whole (`PRAGMA integrity_check`), a larger one
        only after an unclean stop and only in the tables that are acted upon; rows that are acted
        upon carry checksums besides, compared whenever they are read. `ballast` is the room kept
        back for a full disk, in bytes. A reader takes no lock and changes nothing. What is not
        `lasting` is thrown away after its use: it keeps no room back and never waits for the disk.

        Raises:
            StateError: it cannot be used; see its hint, exit_code and retry.
        """
        if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
            raise StateError(
                f"SQLite {sqlite3.sqlite_version} is too old",
                "use a Python that is built with SQLite 3.37 or newer",
            )
        folder = folder.absolute()
        try:
            if readonly:
                return _reader(cls, folder)
            return _writer(cls, folder, ballast if lasting else 0, lasting=lasting)
        except TROUBLES as error:
            raise told(error, folder) from error
        except OSError as error:
            raise StateError(
                f"the state folder {folder} cannot be used ({error.strerror})",
                "check the path and that it belongs to the user that runs this",
            ) from error

    @property
    def readonly(self) -> bool:
        """Whether this is a reader."""
        return self._lock is None

    @property
    def head(self) -> Head:
        """Where the logs end, as of the last commit."""
        if self._head is None or self.readonly:
            self._head = self.read(Head)
        return self._head

    @property
    def channels(self) -> Channels:
        """The channels, as of the last commit."""
        if self._channels is None or self.readonly:
            self._channels = self.read(lambda on: Channels(on, self._reservations))
        return self._channels

    def step(self, name: str) -> None:
        """Tell the test that watches (if any) what comes next."""
        if self.on_step is not None:
            self.on_step(name)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """All rows of a query.

        Raises:
            StateError: it cannot be read.
        """
        return self.read(lambda connection: connection.execute(sql, values).fetchall())

    def read(self, body: Body[T]) -> T:
        """What `body` reads from the connection.

        Raises:
            StateError: it cannot be read.
        """
        try:
            return body(self.connection)
        except TROUBLES as error:
            raise self._told(error) from error

    def write(
        self, body: Body[T], *, name: str = "", emergency: bool = False, synced: bool = True
    ) -> T:
        """Run `body` in one transaction; if anything raises, nothing has happened.

        `name` stands before the steps that tests see. `emergency` writes (expiry, what the sinks
        did) may use the ballast when the disk is full; all others wait until it lies again. What is
        not `synced` waits for no disk: a power cut undoes it, unless another write came after it.

        Raises:
            DiskFullError: no room, nothing stored, try again.
            StateError: another trouble of the disk.
        """

        def once() -> T:
            with nullcontext() if synced else _unsynced(self.connection):
                return self._once(body, name, emergency=emergency)

        try:
            return once()
        except DiskFullError:
            if self.shorten_log():
                with suppress(DiskFullError):
                    return once()
            if not (emergency and self._ballast.release()):
                raise
        return once()

    @property
    def short_of_room(self) -> bool:
        """Whether the ballast is gone: then expiry gives room back to the disk."""
        return not self._ballast.whole

    def checkpoints(self) -> Checkpoints:
        """From now on the log's pages are brought home by another thread."""
        return Checkpoints(
            self.folder / f"{FILE}-wal",
            self.connection,
            lambda: _connect(self.folder / FILE, "rw"),
            lambda: self.connection.total_changes + self.moved,
        )

    def shorten_log(self) -> bool:
        """Bring the log's pages home and give its room back; False if that was not possible."""
        try:
            ((busy, _, _),) = self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error:
            return False
        return not busy

    def _once(self, body: Body[T], name: str, *, emergency: bool) -> T:
        if not emergency:
            self._ballast.lay()
        connection = self.connection
        prefix = f"{name}." if name else ""
        try:
            self.step(f"{prefix}begin")
            connection.execute("BEGIN IMMEDIATE")
            result = body(connection)
            self.step(f"{prefix}commit")
            connection.execute("COMMIT")
        except BaseException as error:
            self._undo()
            if isinstance(error, TROUBLES) and not isinstance(error, _CALLERS_FAULT):
                raise self._told(error) from error
            raise
        return result

    def _undo(self) -> None:
        self._head = self._channels = None
        if self.connection.in_transaction:
            with suppress(sqlite3.Error):
                self.connection.execute("ROLLBACK")

    def _told(self, error: sqlite3.Error | UnicodeDecodeError) -> StateError:
        trouble = told(error, self.folder)
        self._suspect = self._suspect or not trouble.retry
        return trouble

    def close(self) -> None:
        """Close, and let go of the lock. Again is harmless."""
        try:
            self.connection.close()
        except sqlite3.Error:
            self._suspect = True
        if self._lock is not None:
            self._lock.release(clean=not self._suspect)


@contextmanager
def _unsynced(connection: sqlite3.Connection) -> Iterator[None]:
    """Commits go into the log in their order, as ever, but are not brought to the disk at once."""
    ((level,),) = connection.execute("PRAGMA synchronous").fetchall()
    connection.execute(f"PRAGMA synchronous = {min(level, _NORMAL)}")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA synchronous = {level}")


def _connect(path: Path, mode: str, *, lasting: bool = True) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode={mode}",
        uri=True,
        timeout=5,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    try:
        for setting in _SETTINGS if lasting else (*_SETTINGS, "PRAGMA synchronous = OFF"):
            connection.execute(setting)
    except BaseException:
        connection.close()
        raise
    return connection


def _reader(cls: type[Database], folder: Path) -> Database:
    path = folder / FILE
    if not path.exists():
        raise StateError(
            f"nothing is stored in {folder} yet", "start `monitor run` first, or name its folder"
        )
    connection = _connect(path, "ro")
    try:
        connection.execute("PRAGMA query_only = ON")
        refuse_other(version(connection), max(STEPS))
    except BaseException:
        connection.close()
        raise
    return cls(folder, connection, None, Ballast(folder, 0))


def _writer(cls: type[Database], folder: Path, ballast: int, *, lasting: bool) -> Database:
    _make_private(folder)
    lock = Lock(folder)
    connection = None
    try:
        path = folder / FILE
        if not path.exists():
            _create(path, lasting=lasting)
        _refuse_torn(path)
        connection = _connect(path, "rw", lasting=lasting)
        migrate(connection)
        _keep_log(connection, folder)
        _look_closer(connection, path, unclean=lock.unclean)
        database = cls(folder, connection, lock, Ballast(folder, ballast))
    except BaseException:
        if connection is not None:
            connection.close()
        lock.release(clean=not lock.unclean)
        raise
    with suppress(DiskFullError):  # the first write that needs room will say so
        database._ballast.lay()
    return database


def _keep_log(connection: sqlite3.Connection, folder: Path) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise StateError(f"{folder} cannot hold a write-ahead log", "put the state on a local disk")


def _make_private(folder: Path) -> None:
    if not folder.exists():
        folder.mkdir(mode=0o700, parents=True)
    if not folder.stat().st_mode & 0o077:
        return
    if any(folder.iterdir()) and not (folder / FILE).exists():
        raise StateError(
            f"the state folder {folder} can be read by others and holds other files",
            f"name an empty folder as `state`, or run: chmod 700 {folder}",
        )
    folder.chmod(0o700)


def _create(path: Path, *, lasting: bool) -> None:
    """Make the file under another name first: a file of this name is whole or damaged, never new.

    An empty file would otherwise look like a first start, and a truncated state would be forgotten
    without a word.
    """
    if path.with_name(f"{FILE}-wal").exists():
        raise DamagedError(f"{path} is gone but its log is still there")
    fresh = path.with_name(f"{FILE}.new")
    for leftover in path.parent.glob(f"{FILE}.new*"):
        leftover.unlink()
    os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    connection = _connect(fresh, "rw", lasting=lasting)
    try:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # room can be given back to the disk
        migrate(connection)
    finally:
        connection.close()
    fresh.rename(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_torn(path: Path) -> None:
    """The header says how long the file is; without a log to complete it, it must be that long."""
    with path.open("rb") as file:
        header = file.read(_HEADER)
    if len(header) < _HEADER or not header.startswith(b"SQLite format 3\0"):
        raise DamagedError(f"{path} does not begin as a database does")
    page = int.from_bytes(header[16:18], "big")
    page = 65536 if page == 1 else page
    pages = int.from_bytes(header[28:32], "big")
    log = path.with_name(f"{FILE}-wal")
    has_log = log.exists() and log.stat().st_size > 0
    if not has_log and path.stat().st_size < page * pages:
        raise DamagedError(f"{path} is shorter than it says: its end is missing")


def _look_closer(connection: sqlite3.Connection, path: Path, *, unclean: bool) -> None:
    refuse_misshapen(connection)
    if path.stat().st_size <= _ALWAYS_CHECKED:
        checks = ["PRAGMA integrity_check(1)"]
    elif unclean:
        checks = [f"PRAGMA quick_check({table})" for table in _ACTED_UPON]
    else:
        checks = []
    for check in checks:
        (said,) = connection.execute(check).fetchone()
        if said != "ok":
            raise DamagedError(str(said))
    connection.execute("PRAGMA shrink_memory")  # who looked at everything need not remember it
