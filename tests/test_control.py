"""The daemon's Unix socket: questions in, answers out, nothing hangs."""

import asyncio
import os
import socket
from pathlib import Path

import pytest

from monitor.control import NAME, ask, serve
from tests.patience import comes


@pytest.fixture
async def state(tmp_path: Path) -> Path:
    """A state folder whose path is longer than a socket address may be."""
    folder = tmp_path / ("long-name-" * 12)
    folder.mkdir()
    return folder


async def test_ask_and_answer_in_a_deep_folder(state: Path) -> None:
    """A command reaches the daemon however long the path of the state folder is."""
    task = asyncio.create_task(serve(state, {"double": lambda q: {"is": 2 * int(str(q["n"]))}}))
    assert await comes((state / NAME).exists, 5)
    assert (state / NAME).stat().st_mode & 0o777 == 0o600
    assert await asyncio.to_thread(ask, state, "double", n=21) == {"is": 42}
    unknown = await asyncio.to_thread(ask, state, "dance")
    assert unknown is not None
    assert unknown["hint"] == "one of: double"
    failing = await asyncio.to_thread(ask, state, "double", n="x")
    assert failing is not None
    assert "error" in failing
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert ask(state, "double", n=1) is None


async def test_garbage_gets_an_error_not_a_crash(state: Path) -> None:
    """Bytes that are no JSON are answered with what would be."""
    task = asyncio.create_task(serve(state, {}))
    assert await comes((state / NAME).exists, 5)

    def send() -> bytes:
        with socket.socket(socket.AF_UNIX) as channel:
            fd = os.open(state, os.O_RDONLY)
            channel.connect(f"/proc/self/fd/{fd}/{NAME}")
            os.close(fd)
            channel.sendall(b"\xff\x00{\n")
            return channel.recv(1000)

    assert b"unknown command" in await asyncio.to_thread(send)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
