"""Real brokers on free loopback ports, and a subscriber that remembers everything."""

import asyncio
import contextlib
import json
import os
import shutil
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import aiomqtt
import pytest

from monitor.sinks.mqtt_connection import Address


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def listening(port: int, seconds: float = 10.0) -> None:
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
                    "max_queued_messages 100000",
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


class Subscriber:
    """Remembers every message below the root; connects again whenever it is cut off."""

    def __init__(self, address: Address, *, v5: bool = True, name: str = "subscriber") -> None:
        self._address = address
        self._version = aiomqtt.ProtocolVersion.V5 if v5 else aiomqtt.ProtocolVersion.V311
        self._name = name
        self._task: asyncio.Task[None] | None = None
        self.messages: list[aiomqtt.Message] = []
        self.listening = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        await asyncio.wait_for(self.listening.wait(), 10)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        kept: dict[str, Any] = (
            {"clean_session": False} if self._version == aiomqtt.ProtocolVersion.V311 else {}
        )
        while True:
            with contextlib.suppress(aiomqtt.MqttError):
                client = aiomqtt.Client(
                    self._address.host, self._address.port, identifier=self._name,
                    protocol=self._version, timeout=5, username=self._address.username,
                    password=self._address.password.reveal() if self._address.password else None,
                    **kept,
                )  # fmt: skip
                client._disconnected.add_done_callback(_take_error)
                async with client:
                    await client.subscribe("osint/#", qos=1)
                    self.listening.set()
                    async for message in client.messages:
                        self.messages.append(message)
            self.listening.clear()
            await asyncio.sleep(0.1)

    def events(self) -> list[dict[str, Any]]:
        """The alert envelopes in the order of arrival, repeats included."""
        return [
            json.loads(message.payload)
            for message in self.messages
            if str(message.topic).startswith("osint/v1/alert/")
        ]

    def ids(self) -> list[str]:
        """The alert ids in the order of their first arrival."""
        return list(dict.fromkeys(str(event["id"]) for event in self.events()))

    def at(self, topic: str) -> list[Any]:
        """Everything that came on one topic; empty payloads as None."""
        return [
            json.loads(message.payload) if message.payload else None
            for message in self.messages
            if str(message.topic) == topic
        ]

    async def until(self, ids: Sequence[str], seconds: float = 20.0) -> None:
        """Return when all these alerts have come."""
        async with asyncio.timeout(seconds):
            while not set(ids) <= set(self.ids()):  # noqa: ASYNC110 - a double polls
                await asyncio.sleep(0.02)


def _take_error(future: "asyncio.Future[None]") -> None:
    if not future.cancelled():
        future.exception()
