"""Little real proxies on loopback: SOCKS5 (RFC 1928, 1929), HTTP CONNECT, MTProxy.

Each relays to where it is told (an MTProxy: to the double) and remembers the local ports of its own
connections, so that a test can tell which of the double's connections did not come through it.
"""

import abc
import asyncio
import base64
import struct
from collections.abc import Coroutine
from contextlib import suppress
from hashlib import sha256
from typing import Any, Self

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

USER, PASSWORD = "reporter", "geheim"
SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105 - the double's own
LOOPBACK = "127.0.0.1"


class RefusedError(Exception):
    """The client is not let through."""


class LittleProxy(abc.ABC):
    """A listening proxy; `asked` counts its clients, `used` are the ports it went on from."""

    def __init__(self, server: int) -> None:
        self.asked = 0
        self.used: set[int] = set()
        self.port = 0
        self._server = server
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        self._listening = await asyncio.start_server(self._serve, LOOPBACK, 0)
        self.port = self._listening.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop, and end what is still open."""
        self._listening.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0.01)  # closed transports end in the next turns

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked += 1
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
        try:
            await self._talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError, RefusedError):
            pass  # the client left, or must
        except asyncio.CancelledError:
            pass  # the test is over
        finally:
            writer.transport.abort()
            if task is not None:
                self._tasks.discard(task)

    @abc.abstractmethod
    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak the proxy's language with one client, then relay."""

    async def _go_on(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        there, back = await asyncio.open_connection(LOOPBACK, port)
        self.used.add(back.get_extra_info("sockname")[1])
        return there, back

    async def _relay(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int
    ) -> None:
        there, back = await self._go_on(port)
        try:
            await both(pumped(reader, back), pumped(there, writer))
        finally:
            back.transport.abort()


async def both(one: Coroutine[Any, Any, None], other: Coroutine[Any, Any, None]) -> None:
    """Both directions, until one of them ends."""
    tasks = {asyncio.create_task(one), asyncio.create_task(other)}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def pumped(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cipher: CipherContext | None = None
) -> None:
    """Carry bytes from one to the other, enciphered if so asked."""
    with suppress(OSError):
        while piece := await reader.read(65536):
            writer.write(cipher.update(piece) if cipher else piece)
            await writer.drain()


class Socks5(LittleProxy):
    """SOCKS5 with user and password."""

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, count = await reader.readexactly(2)
        if 2 not in await reader.readexactly(count):
            writer.write(b"\x05\xff")
            await writer.drain()
            raise RefusedError
        writer.write(b"\x05\x02")
        user = await reader.readexactly((await reader.readexactly(2))[1])
        password = await reader.readexactly((await reader.readexactly(1))[0])
        right = (user.decode(), password.decode()) == (USER, PASSWORD)
        writer.write(b"\x01\x00" if right else b"\x01\x01")
        await writer.drain()
        if not right:
            raise RefusedError
        kind = (await reader.readexactly(4))[3]
        length = 4 if kind == 1 else (await reader.readexactly(1))[0]
        await reader.readexactly(length)
        (port,) = struct.unpack(">H", await reader.readexactly(2))
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        await self._relay(reader, writer, port)


class HttpConnect(LittleProxy):
    """HTTP CONNECT with Basic authentication."""

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        wanted = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if f"Basic {wanted}" not in head:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            await writer.drain()
            raise RefusedError
        port = int(head.split()[1].rpartition(":")[2])
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await self._relay(reader, writer, port)


class MtProxy(LittleProxy):
    """MTProxy with a dd secret (core.telegram.org/mtproto/mtproto-transports, obfuscation)."""

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readexactly(64)
        from_client = _cipher(head[8:40], head[40:56])
        reverse = head[55:7:-1]
        to_client = _cipher(reverse[:32], reverse[32:48])
        if from_client.update(head)[56:60] != b"\xdd" * 4:
            raise RefusedError
        there, back = await self._go_on(self._server)
        try:
            back.write(b"\xee" * 4)
            await both(_unpadded(reader, back, from_client), pumped(there, writer, to_client))
        finally:
            back.transport.abort()


def _cipher(key: bytes, start: bytes) -> CipherContext:
    secret = sha256(key + bytes.fromhex(SECRET)).digest()
    return Cipher(algorithms.AES(secret), modes.CTR(start)).encryptor()


async def _unpadded(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cipher: CipherContext
) -> None:
    """Carry the client's frames on without their random padding."""
    with suppress(OSError, asyncio.IncompleteReadError):
        while True:
            (length,) = struct.unpack("<i", cipher.update(await reader.readexactly(4)))
            payload = cipher.update(await reader.readexactly(length))
            payload = payload[: length - length % 4]
            writer.write(struct.pack("<i", len(payload)) + payload)
            await writer.drain()
