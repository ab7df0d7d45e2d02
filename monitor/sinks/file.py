"""Alerts in a file: one JSON object a line, on disk before it counts as delivered; rotated."""

import asyncio
import contextlib
import os
import random
import threading
from pathlib import Path
from typing import NamedTuple

from monitor.alert import Alert, to_json
from monitor.clock import Clock
from monitor.sinks.deliver import Mute, Outbox, RetryError, Sent, nothing_muted
from monitor.sinks.one_by_one import Pace, one_by_one

_TURN = threading.Lock()
"""Two writers of one process (a resend is one) never rotate or write at the same time."""

_TAIL = 1 << 20


class Rotation(NamedTuple):
    """When a file is full, in bytes, and how many full ones are kept (`.1` is the newest)."""

    size: int = 100_000_000
    keep: int = 5


def append(path: Path, line: bytes, rotation: Rotation) -> None:
    """Write a line and bring it to the disk; first rotate if it would make the file too large.

    Half a line that a power cut left at the end is taken away. If the disk is full, the file is as
    it was.

    Raises:
        OSError: nothing was written.
    """
    with _TURN:
        if _size(path) and _size(path) + len(line) > rotation.size:
            _rotate(path, rotation.keep)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            end = _whole(descriptor)
            try:
                left = memoryview(line)
                while left:
                    left = left[os.write(descriptor, left) :]
                os.fdatasync(descriptor)
            except OSError:
                with contextlib.suppress(OSError):  # else the next append takes it away
                    os.ftruncate(descriptor, end)
                raise
        finally:
            os.close(descriptor)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _rotate(path: Path, keep: int) -> None:
    if keep == 0:
        path.unlink()
        return
    for number in range(keep - 1, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.rename(path.with_name(f"{path.name}.{number + 1}"))
    path.rename(path.with_name(f"{path.name}.1"))


def _whole(descriptor: int) -> int:
    """The file's length, after half a line at its end was cut off."""
    size = os.fstat(descriptor).st_size
    start = max(0, size - _TAIL)
    tail = os.pread(descriptor, size - start, start)
    if not tail or tail.endswith(b"\n"):
        return size
    end = start + tail.rfind(b"\n") + 1
    os.ftruncate(descriptor, end)
    return end


class FileSink:
    """Appends every alert to one file."""

    def __init__(
        self, name: str, path: Path, rotation: Rotation, *, clock: Clock, rng: random.Random,
        mute: Mute = nothing_muted,
    ) -> None:  # fmt: skip
        self.name = name
        self._path = path
        self._rotation = rotation
        self._clock = clock
        self._rng = rng
        self._mute = mute

    async def run(self, outbox: Outbox) -> None:
        """Write until cancelled."""
        pace = Pace(self._clock, self._rng, self._mute)
        await one_by_one(outbox, self.name, self._send, pace)

    async def _send(self, alert: Alert, _failures: int) -> Sent:
        line = to_json(alert) + b"\n"
        try:
            await asyncio.to_thread(append, self._path, line, self._rotation)
        except OSError as error:
            hint = f"make room, or let the monitor write to {self._path}"
            raise RetryError(f"cannot write: {error.strerror}", hint=hint) from None
        return Sent()
