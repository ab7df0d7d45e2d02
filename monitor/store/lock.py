"""One daemon, one state: the lock file, which also tells whether the last stop was clean."""

import errno
import fcntl
import os
from pathlib import Path

from monitor.store.trouble import IN_USE, StateError

NAME = "monitor.lock"


class Lock:
    """The exclusive lock of a state folder, held until `release` or the process's end.

    The file holds the owner's pid while it runs and is emptied at a clean stop: `unclean` is True
    when a pid was found although nobody held the lock, so the last owner was killed.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = self._read()
            os.close(self._descriptor)
            if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
                raise StateError(
                    f"{self._path} cannot be locked ({error.strerror})",
                    "put the state on a local disk: this file system has no locks",
                ) from error
            raise StateError(
                f"another monitor (pid {owner or 'unknown'}) runs on {folder}",
                "stop it first, or give this one a state folder of its own",
                IN_USE,
            ) from error
        self.unclean = bool(self._read())
        self._write(str(os.getpid()))

    def _read(self) -> str:
        return os.pread(self._descriptor, 32, 0).decode("ascii", "replace").strip()

    def _write(self, text: str) -> None:
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, text.encode(), 0)

    def release(self, *, clean: bool = True) -> None:
        """Let go. `clean=False` keeps the mark that makes the next start look closer."""
        if self._descriptor < 0:
            return
        if clean:
            self._write("")
        os.close(self._descriptor)
        self._descriptor = -1
