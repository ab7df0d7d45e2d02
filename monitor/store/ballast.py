"""Room kept back for the moment when the disk is full.

A full disk blocks deletion too (measured: SQLite needs room in its log to delete). So a few
megabytes are kept as a file. When nothing can be written any more, expiry and the sinks' records
may use that room; new posts may not, they wait until the ballast could be laid down again.
"""

import errno
import os
from pathlib import Path

from monitor.store.trouble import DiskFullError

NAME = "ballast"
BYTES = 4 << 20
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Ballast:
    """The file that can be thrown overboard. `size` in bytes; 0 = none is kept."""

    def __init__(self, folder: Path, size: int = BYTES) -> None:
        self._folder = folder
        self._path = folder / NAME
        self._size = size
        self.whole = not size

    def lay(self) -> None:
        """Make sure it is there, whole.

        Raises:
            DiskFullError: there is no room for it, so there is none for new posts either.
        """
        if self.whole:
            return
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(descriptor).st_size < self._size:
                os.posix_fallocate(descriptor, 0, self._size)
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            os.ftruncate(descriptor, 0)
            raise DiskFullError(self._folder) from error
        finally:
            os.close(descriptor)
        self.whole = True

    def release(self) -> bool:
        """Give the room back; False if there was none to give."""
        self.whole = not self._size
        try:
            held = self._path.stat().st_size
        except FileNotFoundError:
            return False
        if held:
            os.truncate(self._path, 0)
        return held > 0
