"""The process: `python -m tests.doubles.telegram --key PRIVATE.pem [--port N]`.

It prints one JSON line with its two ports when it is ready, and ends when its standard input does,
so that no server outlives a killed test run.
"""

import argparse
import asyncio
import contextlib
import json
import sys
from pathlib import Path

from tests.doubles.telegram.cipher import read_server_key
from tests.doubles.telegram.line import TcpLine
from tests.doubles.telegram.verbs import VERBS
from tests.doubles.telegram.world import World

LOOPBACK = "127.0.0.1"
LONGEST_LINE = 64 * 1024 * 1024


class Process:
    """The two listening sockets of one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._clients: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def listen(self) -> None:
        """Accept clients, on the same port as before if there was one."""
        if self._clients is None:
            self._clients = await asyncio.start_server(self._client, LOOPBACK, self.world.port)
            self.world.port = self._clients.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Close the door: connections are refused and the open ones reset."""
        if self._clients is not None:
            self._clients.close()
            self._clients = None
        self.world.reset(None)

    async def begin(self) -> None:
        """Start anew: another test must find nothing of the one before."""
        self.world.light.set()  # nobody shall wait in the dark for ever
        self.world.reset(None)
        self.world = World(self.world.server_key, port=self.world.port)
        self.world.light.set()
        await self.listen()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.world.accepted.append(writer.get_extra_info("peername")[1])
        await TcpLine(self.world, reader, writer).run()

    async def control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one control connection: a JSON object a line, an answer a line, in order."""
        with contextlib.suppress(ConnectionError):
            while request := await reader.readline():
                writer.write(json.dumps(await self._obey(json.loads(request))).encode() + b"\n")
                await writer.drain()
        writer.close()

    async def _obey(self, request: dict[str, object]) -> dict[str, object]:
        verb = str(request.pop("verb"))
        try:
            if verb == "begin":
                await self.begin()
                return {"ok": self.world.port}
            if verb == "listen":
                await (self.listen() if request["on"] else self.refuse())
                return {"ok": self.world.port}
            return {"ok": VERBS[verb](self.world, request)}
        except Exception as error:  # noqa: BLE001 - the test that asked is told, whatever it is
            return {"error": f"{verb}: {type(error).__name__}: {error}"}


async def serve(options: argparse.Namespace) -> None:
    """Run until standard input ends."""
    world = World(read_server_key(options.key), port=options.port)
    world.light.set()
    process = Process(world)
    await process.listen()
    control = await asyncio.start_server(process.control, LOOPBACK, 0, limit=LONGEST_LINE)
    ready = {"port": world.port, "control": control.sockets[0].getsockname()[1]}
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await process.refuse()
    control.close()


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    asyncio.run(serve(parser.parse_args()))


main()
