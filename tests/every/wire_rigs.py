"""Receivers that are servers of standard protocols: mail, TAK, Matrix, and Apprise's."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp

from monitor.clock import SystemClock
from monitor.secret import Secret
from monitor.sinks.apprise import AppriseSink
from monitor.sinks.deliver import Gates, Mute, Sink, nothing_muted
from monitor.sinks.email import EmailSink, MailServer
from monitor.sinks.letter import Stationery
from monitor.sinks.look import Look
from monitor.sinks.matrix import MatrixSink
from monitor.sinks.matrix_api import MatrixApi
from monitor.sinks.one_by_one import Pace
from monitor.sinks.tak import TakServer, TakSink
from tests.doubles.apprise_receiver import AppriseReceiver
from tests.doubles.mail_server import MailServerDouble
from tests.doubles.outbox import RNG
from tests.doubles.synapse import synapse
from tests.doubles.tak_server import TakServerProcess
from tests.every.rig import CANARY, Rig


class EmailRig(Rig):
    """A mail server that takes every letter."""

    name = "email"
    links = True

    async def start(self, folder: Path) -> None:
        """On a free port of loopback."""
        del folder
        self._server = await MailServerDouble().__aenter__()

    async def stop(self) -> None:
        """End it."""
        await self._server.__aexit__()

    def sink(self, mute: Mute = nothing_muted) -> Sink:
        """A sink for that server."""
        server = MailServer("127.0.0.1", self._server.port, "none")
        paper = Stationery("monitor@example.org", ("desk@example.org",))
        return EmailSink("email", server, paper, Pace(SystemClock(), RNG, mute))

    def shown(self) -> list[str]:
        """The ids in the headers."""
        return [str(one["X-Monitor-Alert"]) for one in self._server.letters]

    def words(self) -> str:
        """Every letter as it came."""
        return "\n".join(str(one) for one in self._server.letters)

    def said(self) -> list[str]:
        """Subjects and bodies."""
        bodies = [bytes(one.get_payload(decode=True)).decode() for one in self._server.letters]
        return [*bodies, *(str(one["Subject"]) for one in self._server.letters)]


class TakRig(Rig):
    """A real TAK server with somebody's map beside ours."""

    name = "tak"
    links = True

    async def start(self, folder: Path) -> None:
        """Server first, then the map."""
        self._server = await TakServerProcess(folder).__aenter__()

    async def stop(self) -> None:
        """End both."""
        await self._server.__aexit__()

    def sink(self, mute: Mute = nothing_muted) -> Sink:
        """A sink for that server."""
        server = TakServer("127.0.0.1", self._server.port)
        return TakSink("tak", server, Pace(SystemClock(), RNG, mute))

    def shown(self) -> list[str]:
        """The ids at the foot of the remarks."""
        remarks = [one.findtext("detail/remarks") or "" for one in self._server.events()]
        return [text.rsplit("alert ", 1)[1] for text in remarks]

    def words(self) -> str:
        """Everything that the map received."""
        return self._server.received.decode()

    def said(self) -> list[str]:
        """Remarks, and what stands beside the markers."""
        found = self._server.events()
        return [
            *(one.findtext("detail/remarks") or "" for one in found),
            *(str(one.xpath("string(detail/contact/@callsign)")) for one in found),
        ]


class MatrixRig(Rig):
    """A room of a real Synapse, and somebody in it who reads."""

    name = "matrix"
    links = True
    edits = True

    async def start(self, folder: Path) -> None:
        """A new room on the one server of this run."""
        del folder
        self._web = aiohttp.ClientSession()
        server = synapse()
        await server.ready(self._web)
        self._server = server
        self._bot, self._reader = await server.user(self._web), await server.user(self._web)
        self._room = await self._reader.room(self._bot.id)
        self._seen: list[dict[str, Any]] = []
        self._task = asyncio.create_task(self._look())

    async def _look(self) -> None:
        while True:
            self._seen = await self._reader.messages(self._room)
            await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """Leave the server running for others."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._web.close()

    def sink(self, mute: Mute = nothing_muted) -> Sink:
        """A sink for that room."""
        api = MatrixApi(self._server.url, Secret("env:M", self._bot.token), self._room)
        return MatrixSink("matrix", api, Look(), Pace(SystemClock(), RNG, mute), Gates(mute))

    def shown(self) -> list[str]:
        """The ids of what stood in the room's main view: new messages and edits."""
        found = []
        for one in self._seen:
            content = one["content"]
            if content.get("m.relates_to", {}).get("rel_type") != "m.thread":
                found.append(content.get("m.new_content", content)["body"])
        return [text.rsplit("alert ", 1)[1] for text in found]

    def words(self) -> str:
        """Every message with all its parts."""
        return "\n".join(str(one["content"]) for one in self._seen)

    def said(self) -> list[str]:
        """The texts; their HTML has a test of its own (tests/test_matrix.py)."""
        return [str(one["content"]["body"]) for one in self._seen]


class AppriseRig(Rig):
    """A web server that takes what Apprise posts."""

    name = "apprise"
    links = True

    async def start(self, folder: Path) -> None:
        """On a free port of loopback."""
        del folder
        self._server = await AppriseReceiver().__aenter__()

    async def stop(self) -> None:
        """End it."""
        await self._server.__aexit__()

    def sink(self, mute: Mute = nothing_muted) -> Sink:
        """A sink for that server, with a password in its address."""
        address = Secret("env:A", f"json://user:{CANARY}@127.0.0.1:{self._server.port}/")
        return AppriseSink("apprise", address, Pace(SystemClock(), RNG, mute))

    def shown(self) -> list[str]:
        """The ids at the foot of the messages."""
        return [text.rsplit("alert ", 1)[1] for text in self._server.messages]

    def words(self) -> str:
        """Every message."""
        return "\n".join(self._server.messages)

    def said(self) -> list[str]:
        """Messages and their titles."""
        return [*self._server.messages, *self._server.titles]
