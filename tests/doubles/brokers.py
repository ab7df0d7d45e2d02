"""Real brokers on free loopback ports, and a subscriber that remembers everything."""

import asyncio
import atexit
import contextlib
import json
import os
import random
import shutil
import signal
import socket
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from monitor.sinks.mqtt_connection import Address
from tests.patience import PATIENCE

CONFIGURATIONS: dict[str, tuple[str, ...]] = {
    "memory": (),
    "lazy": ("persistence true", "autosave_interval 1800"),
    "every change": ("persistence true", "autosave_interval 1", "autosave_on_changes true"),
}
"""How much a mosquitto still knows after it was killed."""


def free_port() -> int:
    """A port of the loopback that nobody listens on, and that no client is given meanwhile.

    Below the range that the kernel takes for outgoing connections: a port of that range may be
    taken between asking and listening.
    """
    draw = random.SystemRandom()
    while True:
        port = draw.randrange(12_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


async def listening(port: int, seconds: float = PATIENCE) -> None:
    """Return when somebody listens."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return


def mosquitto_binary() -> str:
    """Where mosquitto is, or skip with what to install."""
    found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        pytest.skip("mosquitto is not installed: apt-get install mosquitto")
    return found


class Mosquitto:
    """A mosquitto of the test's own; `lines` is configuration beyond the listener."""

    def __init__(self, folder: Path, *lines: str, anonymous: bool = True) -> None:
        self.port = free_port()
        self.folder = folder
        self.process: asyncio.subprocess.Process | None = None
        self._binary = mosquitto_binary()
        self._configuration = folder / "mosquitto.conf"
        self._configuration.write_text(
            "\n".join(
                [
                    *([] if any("listener" in line for line in lines)
                      else [f"listener {self.port} 127.0.0.1"]),
                    f"allow_anonymous {str(anonymous).lower()}",
                    "max_queued_messages 0",  # a slow subscriber loses none
                    *(["user root"] if os.getuid() == 0 else []),
                    *(line.replace("PORT", str(self.port)) for line in lines),
                    "",
                ]
            )
        )  # fmt: skip

    @property
    def address(self) -> Address:
        """Where it listens."""
        return Address(host="127.0.0.1", port=self.port)

    async def start(self) -> None:
        """Start it and wait until it listens."""
        self.process = await asyncio.create_subprocess_exec(
            self._binary, "-c", str(self._configuration),
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        atexit.register(_end, self.process.pid)  # also when the test failed before its end
        await listening(self.port)

    async def kill(self) -> None:
        """End it without warning."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def stop(self) -> None:
        """End it in good order."""
        if self.process is not None and self.process.returncode is None:
            self.process.terminate()
            await self.process.wait()


def _end(pid: int) -> None:
    """End a mosquitto that is still there; never a process that has got its number since."""
    with contextlib.suppress(OSError):
        if b"mosquitto" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)


class Message(NamedTuple):
    """One message as it came; `properties` are those of MQTT 5, by name."""

    topic: str
    payload: bytes
    properties: dict[str, Any]


class Subscriber:
    """Remembers every message of its topics; connects again whenever it is cut off.

    It is paho with a thread of its own, so that it shares nothing with the client under test.
    """

    def __init__(
        self, address: Address, *, v5: bool = True, name: str = "subscriber",
        topic: str = "osint/#",
    ) -> None:  # fmt: skip
        self._address = address
        self._topic = topic
        self._name = name
        self._v5 = v5
        self._client = self._make()
        self._listening = threading.Event()
        self._events: list[dict[str, Any]] = []
        self._ids: dict[str, None] = {}
        self.messages: list[Message] = []
        self.subscriptions = 0

    def _make(self) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=self._name,
            protocol=paho.MQTTv5 if self._v5 else paho.MQTTv311,
            clean_session=None if self._v5 else False,
        )  # fmt: skip
        if self._address.password is not None:
            client.username_pw_set(self._address.username, self._address.password.reveal())
        client.reconnect_delay_set(0.1, 0.1)  # type: ignore[arg-type] # its annotation is narrower
        client.on_connect = self._subscribe
        client.on_subscribe = self._subscribed
        client.on_disconnect = lambda *_: self._listening.clear()
        client.on_message = self._heard
        return client

    def _subscribed(self, *_: object) -> None:
        self.subscriptions += 1
        self._listening.set()

    def _subscribe(self, client: paho.Client, *_: object) -> None:
        client.subscribe(self._topic, qos=1)

    def _heard(self, _client: object, _userdata: object, message: paho.MQTTMessage) -> None:
        known = message.properties.json() if message.properties else {}  # type: ignore[no-untyped-call]
        one = Message(message.topic, bytes(message.payload), known)
        self.messages.append(one)
        if one.topic.startswith("osint/v1/alert/"):
            event = json.loads(one.payload)
            self._events.append(event)
            self._ids.setdefault(str(event["id"]))

    async def __aenter__(self) -> Self:
        self._client.connect_async(self._address.host, self._address.port)
        self._client.loop_start()
        async with asyncio.timeout(PATIENCE):
            while not self._listening.is_set():  # noqa: ASYNC110 - another thread sets it
                await asyncio.sleep(0.01)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    async def caught_up(self) -> None:
        """Return when all has come that stood retained: the broker answers in order."""
        sent = self._client.publish("round/trip", b"", qos=1)
        await asyncio.to_thread(sent.wait_for_publish, PATIENCE)
        assert sent.is_published()

    def events(self) -> list[dict[str, Any]]:
        """The alert envelopes in the order of arrival, repeats included."""
        return list(self._events)

    def ids(self) -> list[str]:
        """The alert ids in the order of their first arrival."""
        return list(self._ids)

    def at(self, topic: str) -> list[Any]:
        """Everything that came on one topic; empty payloads as None."""
        return [
            json.loads(message.payload) if message.payload else None
            for message in self.messages
            if message.topic == topic
        ]

    async def until(self, ids: Sequence[str], seconds: float = PATIENCE) -> None:
        """Return when all these alerts have come."""
        missing = list(ids)
        async with asyncio.timeout(seconds):
            while missing := [one for one in missing if one not in self._ids]:  # noqa: ASYNC110 - polls
                await asyncio.sleep(0.02)
