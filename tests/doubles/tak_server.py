"""A real TAK server (taky) as a process of its own, and a map client beside ours."""

import asyncio
import contextlib
import os
import sys
from pathlib import Path
from typing import Self

from lxml import etree

from tests.doubles.brokers import free_port, listening

VERSIONS = """
from importlib.metadata import PackageNotFoundError as DistributionNotFound
from importlib.metadata import distribution as get_distribution
"""


class TakServerProcess:
    """Started on a free port of loopback; `events()` is what another client was sent."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self.received = b""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def start(self) -> None:
        """Start the server and connect the map."""
        config = self._folder / "taky.conf"
        config.write_text(
            f"[taky]\nhostname=localhost\nbind_ip=127.0.0.1\nroot_dir={self._folder}\n"
            f"[cot_server]\nport={self.port}\n[dp_server]\nupload_path={self._folder}\n"
            "[ssl]\nenabled=false\n",
            "utf-8",
        )
        # taky asks for its own version by a module that setuptools no longer has
        (self._folder / "pkg_resources.py").write_text(VERSIONS, "utf-8")
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "taky.cot", "-c", str(config), "-l", "error",
            env={**os.environ, "PYTHONPATH": str(self._folder)},
        )  # fmt: skip
        await listening(self.port)
        reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._task = asyncio.create_task(self._read(reader))

    async def kill(self) -> None:
        """The server is gone from one moment to the next."""
        self._process.kill()
        await self._process.wait()
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError, OSError):
            await self._task
        self._writer.close()

    async def __aexit__(self, *_: object) -> None:
        await self.kill()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while piece := await reader.read(65536):
            self.received += piece

    def events(self) -> list[etree._Element]:
        """Every whole marker that came, in order; what the server says of itself left out."""
        whole = self.received[: self.received.rfind(b"</event>") + len(b"</event>")]
        pieces = whole.split(b"</event>")[:-1]
        found = [etree.fromstring(one[one.find(b"<event") :] + b"</event>") for one in pieces]
        return [one for one in found if (one.get("uid") or "").startswith("monitor.")]
