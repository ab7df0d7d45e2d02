"""The daemon's door for commands: a Unix socket in the state folder, one JSON line each way.

Readers open the database by themselves; what only the running daemon knows, and every change, is
asked for here. The socket is 0600: whoever may read the state may ask.
"""

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

MAX_LINE = 65536
SECONDS = 5.0

Answer = dict[str, object]
Verbs = Mapping[str, Callable[[Answer], Answer | Awaitable[Answer]]]


NAME = "control.sock"


@contextlib.contextmanager
def _address(state: Path) -> Iterator[str]:
    """The socket's address: through the folder's descriptor, for addresses end at 107 bytes."""
    folder = os.open(state, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{NAME}"
    finally:
        os.close(folder)


async def serve(state: Path, verbs: Verbs) -> None:
    """Answer commands until cancelled."""
    path = state / NAME
    path.unlink(missing_ok=True)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, TimeoutError, asyncio.LimitOverrunError):
            async with asyncio.timeout(SECONDS):
                line = await reader.readline()
                writer.write(json.dumps(await _answer(line, verbs)).encode() + b"\n")
                await writer.drain()
        writer.close()

    with _address(state) as address:
        server = await asyncio.start_unix_server(answer, address, limit=MAX_LINE)
    path.chmod(0o600)
    try:
        async with server:
            await server.serve_forever()
    finally:
        path.unlink(missing_ok=True)


async def _answer(line: bytes, verbs: Verbs) -> Answer:
    try:
        question = json.loads(line)
        verb = verbs[question["verb"]]
    except (ValueError, KeyError, TypeError):
        return {"error": "unknown command", "hint": f"one of: {', '.join(sorted(verbs))}"}
    try:
        answer = verb(question)
        return answer if isinstance(answer, dict) else await answer
    except Exception as error:
        log.exception("command_failed", verb=question["verb"])
        return {"error": str(error), "hint": "see the daemon's log"}


def ask(state: Path, verb: str, **details: object) -> Answer | None:
    """Ask the running daemon; None if none is running on that state."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.settimeout(SECONDS)
        try:
            with _address(state) as address:
                channel.connect(address)
        except OSError:
            return None
        channel.sendall(json.dumps({"verb": verb, **details}).encode() + b"\n")
        received = b""
        while not received.endswith(b"\n"):
            piece = channel.recv(MAX_LINE)
            if not piece:
                return None
            received += piece
    answer: Answer = json.loads(received)
    return answer
