"""What can be wrong with the state on disk: what to tell the reader, what the machine should do."""

import sqlite3
from pathlib import Path

DAMAGED = 3
"""Exit code: the state on disk is damaged."""
IN_USE = 4
"""Exit code: another daemon has the state."""
UNUSABLE = 5
"""Exit code: the state cannot be used as it is (rights, a newer version, a failing disk)."""
FULL = 6
"""Exit code: the disk is full."""


class StateError(Exception):
    """The state on disk cannot be used.

    `message` says what is wrong, `hint` what a person can do, `exit_code` how a command ends.
    `retry` is the machine's part: True means that the same call may succeed later and nothing of it
    has been stored; False means that trying again is useless until somebody has acted.
    """

    def __init__(
        self, message: str, hint: str, exit_code: int = UNUSABLE, *, retry: bool = False
    ) -> None:
        super().__init__(f"{message} - {hint}")
        self.message = message
        self.hint = hint
        self.exit_code = exit_code
        self.retry = retry


class DamagedError(StateError):
    """What was read is not what was written. Never acted upon."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"the state is damaged: {what}",
            "restore the state folder from a backup, or move it away and start anew",
            DAMAGED,
        )


class DiskFullError(StateError):
    """No room: nothing was stored; keep the posts, move no cursor, and try again."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"no room left to write in {folder}",
            "free some space or raise the quota; reading goes on by itself then",
            FULL,
            retry=True,
        )


_FULL = {"SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE"}  # the latter two: quotas
_BUSY = {"SQLITE_BUSY", "SQLITE_LOCKED"}


TROUBLES = (sqlite3.Error, UnicodeDecodeError)
"""What SQLite raises; the last when an error's words, taken from a damaged file, are no text."""


def told(error: sqlite3.Error | UnicodeDecodeError, folder: Path) -> StateError:
    """SQLite's error in the reader's words."""
    name: str = getattr(error, "sqlite_errorname", "") or ""
    family = "_".join(name.split("_")[:2])
    if name in _FULL:
        return DiskFullError(folder)
    if family in {"SQLITE_CORRUPT", "SQLITE_NOTADB"} or "decode" in str(error):
        return DamagedError(str(error))
    if family in _BUSY:
        return StateError(
            f"the database in {folder} is busy", "something else holds it; trying again", retry=True
        )
    if family in {"SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH"}:
        return StateError(
            f"the database in {folder} cannot be opened for this ({error})",
            "check that the folder and its files belong to the user that runs this",
        )
    if family == "SQLITE_IOERR":
        return StateError(
            f"the disk under {folder} fails ({error})", "look at the kernel's log and the disk"
        )
    return StateError(f"the database in {folder} refuses ({error})", "report this with the log")
