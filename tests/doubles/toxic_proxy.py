"""A TCP proxy that misbehaves on purpose: the words of toxiproxy that matter here."""

import asyncio
import contextlib
import socket as sockets
import struct
from typing import Literal, Self

Toxic = Literal["latency", "down", "reset", "hang", "slicer", "bandwidth", "limit", "slow_close"]


class ToxicProxy:
    """Passes bytes between a client and a port of loopback; `toxic` changes how, at any time.

    latency: 50 ms each way; down: nobody listens any more and everything is cut; reset: every
    connection is reset 100 ms after its first byte; hang: nothing passes, nothing closes; slicer:
    pieces of 1 to 7 bytes; bandwidth: about 40 kB/s; limit: 20 kB per connection, then cut;
    slow_close: a close is passed on 300 ms late. `poison` cuts whoever sends these bytes.
    """

    def __init__(self, target: int) -> None:
        self.toxic: Toxic | None = None
        self.poison: bytes | None = None
        self.port = 0
        self._target = target
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._client, "127.0.0.1", self.port)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Reset every open connection."""
        for writer in self._open:
            with contextlib.suppress(OSError):
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(
                    sockets.SOL_SOCKET, sockets.SO_LINGER, linger
                )
            writer.transport.abort()
        self._open.clear()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.toxic == "down":
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, far_writer}
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(self._pass(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        passed = 0
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while data := await source.read(self._piece()):
                while self.toxic == "hang":  # noqa: ASYNC110 - a double polls
                    await asyncio.sleep(0.05)
                passed += len(data)
                if self._breaks(passed) or (self.poison and self.poison in data):
                    self.cut()
                    return
                await self._delay(len(data))
                sink.write(data)
                await sink.drain()
            if self.toxic == "slow_close":
                await asyncio.sleep(0.3)
        with contextlib.suppress(OSError):
            sink.close()

    def _piece(self) -> int:
        return 7 if self.toxic == "slicer" else 4096

    def _breaks(self, passed: int) -> bool:
        return self.toxic == "down" or (self.toxic == "limit" and passed > 20_000)

    async def _delay(self, size: int) -> None:
        if self.toxic == "latency":
            await asyncio.sleep(0.05)
        elif self.toxic == "bandwidth":
            await asyncio.sleep(size / 40_000)
        elif self.toxic == "reset":
            asyncio.get_running_loop().call_later(0.1, self.cut)
