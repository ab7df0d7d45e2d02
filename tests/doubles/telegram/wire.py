"""The TCP transports: how one payload is framed (core.telegram.org/mtproto/mtproto-transports).

The first bytes of a connection tell which: 0xef abridged, 0xeeeeeeee intermediate, anything else
full (length, sequence number, payload, CRC32), which is Telethon's default.
"""

import struct
from asyncio import StreamReader
from typing import Protocol
from zlib import crc32

LARGEST = 4 * 1024 * 1024


class BrokenFrameError(Exception):
    """The client sent what no transport allows; the connection is of no further use."""


class Framing(Protocol):
    """One transport on one connection."""

    def frame(self, payload: bytes) -> bytes:
        """Wrap a payload for sending."""

    async def read(self, reader: StreamReader) -> bytes:
        """Read the next payload."""


class Full:
    """Length, sequence number, payload, CRC32; `seen` are bytes already read while detecting."""

    def __init__(self, seen: bytes) -> None:
        self._seen = seen
        self._sent = 0

    def frame(self, payload: bytes) -> bytes:
        """Wrap a payload for sending."""
        head = struct.pack("<ii", len(payload) + 12, self._sent) + payload
        self._sent += 1
        return head + struct.pack("<I", crc32(head))

    async def read(self, reader: StreamReader) -> bytes:
        """Read the next payload and check its CRC32."""
        head = self._seen + await reader.readexactly(8 - len(self._seen))
        self._seen = b""
        length = _bounded(struct.unpack("<i", head[:4])[0], 12)
        rest = await reader.readexactly(length - 8)
        if struct.unpack("<I", rest[-4:])[0] != crc32(head + rest[:-4]):
            raise BrokenFrameError("CRC32 does not match")
        return rest[:-4]


class Abridged:
    """One byte (or four) of length in words, then the payload."""

    def frame(self, payload: bytes) -> bytes:
        """Wrap a payload for sending."""
        words = len(payload) >> 2
        head = bytes([words]) if words < 127 else b"\x7f" + words.to_bytes(3, "little")
        return head + payload

    async def read(self, reader: StreamReader) -> bytes:
        """Read the next payload."""
        words = (await reader.readexactly(1))[0] & 0x7F
        if words == 127:
            words = int.from_bytes(await reader.readexactly(3), "little")
        return await reader.readexactly(_bounded(words * 4, 4))


class Intermediate:
    """Four bytes of length, then the payload."""

    def frame(self, payload: bytes) -> bytes:
        """Wrap a payload for sending."""
        return struct.pack("<i", len(payload)) + payload

    async def read(self, reader: StreamReader) -> bytes:
        """Read the next payload."""
        length = struct.unpack("<i", await reader.readexactly(4))[0]
        return await reader.readexactly(_bounded(length, 4))


def _bounded(length: int, least: int) -> int:
    if not least <= length <= LARGEST:
        raise BrokenFrameError(f"a frame of {length} bytes")
    return length


async def detect(reader: StreamReader) -> Framing:
    """Tell a connection's transport from its first bytes."""
    first = await reader.readexactly(1)
    if first == b"\xef":
        return Abridged()
    first += await reader.readexactly(3)
    return Intermediate() if first == b"\xee" * 4 else Full(first)
