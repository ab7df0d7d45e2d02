"""Lines of a file or of standard input, read without holding up the event loop."""

import asyncio
import gzip
import os
import sys
import threading
import zlib
from collections.abc import AsyncGenerator
from io import BufferedReader
from pathlib import Path

from monitor.sources.post_line import MAX_LINE

BLOCK = 256 * 1024


class Lines:
    """Cuts a stream of blocks into lines; keeps at most MAX_LINE + 1 bytes of one line."""

    def __init__(self) -> None:
        self._rest = b""
        self._dropping = False

    def cut(self, block: bytes) -> list[bytes]:
        """The lines that the block completes, without their line ends."""
        *done, rest = (self._rest + block).split(b"\n")
        if self._dropping and done:
            # The overlong line was handed over, cut, when it passed the limit.
            done.pop(0)
            self._dropping = False
        if self._dropping:
            rest = b""
        elif len(rest) > MAX_LINE:
            done.append(rest[: MAX_LINE + 1])
            rest, self._dropping = b"", True
        self._rest = rest
        return done

    def last(self) -> list[bytes]:
        """What stands behind the last line end."""
        return [self._rest] if self._rest else []


async def blocks(path: Path | None) -> AsyncGenerator[bytes, None]:
    """The bytes of a file (`.gz` is unpacked), or of standard input if there is no path.

    Raises:
        OSError: the file cannot be read.
        EOFError: a packed file ends too early; what was whole was given before.
    """
    if path is None:
        async for block in _standard_input():
            yield block
        return
    opened = _Reading(path)
    try:
        while True:
            try:
                block = await asyncio.to_thread(opened.block)
            except zlib.error as error:
                raise EOFError(f"packed data is damaged: {error}") from error
            if not block:
                return
            yield block
    finally:
        opened.close()


class _Reading:
    """A file that threads open and read; closed even when it is given up while a thread has it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: gzip.GzipFile | BufferedReader | None = None
        self._held = threading.Lock()
        self._over = False

    def block(self) -> bytes:
        """The next bytes, none at the end. For a thread: opening a pipe waits for its writer."""
        try:
            with self._held:
                if self._file is None:
                    self._file = _open(self._path)
                return self._file.read1(BLOCK)
        finally:
            if self._over:
                self._shut()

    def close(self) -> None:
        """Close it now, or as soon as the thread that has it is done."""
        self._over = True
        self._shut()

    def _shut(self) -> None:
        if self._held.acquire(blocking=False):
            if self._file is not None:
                self._file.close()
            self._held.release()


def _open(path: Path) -> gzip.GzipFile | BufferedReader:
    # Both give what is there by read1: what is whole before damage is not lost.
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")


async def _standard_input() -> AsyncGenerator[bytes, None]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    stream = sys.stdin.buffer
    fileno = stream.fileno()
    try:
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), stream
        )
    except ValueError:  # a file: it is always ready, so reading it does not wait
        while block := await asyncio.to_thread(os.read, fileno, BLOCK):
            yield block
        return
    try:
        while block := await reader.read(BLOCK):
            yield block
    finally:
        transport.close()
