"""The bus, against real brokers: mosquitto for MQTT 5, nats-server for MQTT 3.1.1."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from monitor.clock import SystemClock
from monitor.sinks import mqtt
from monitor.sinks.mqtt import LONGEST_PAUSE, HealthFeed, MqttSink, Tuning
from monitor.sinks.mqtt_connection import V5, Address, Message, connect
from monitor.source import SourceHealth
from tests.doubles.brokers import CONFIGURATIONS, Mosquitto, Subscriber, free_port
from tests.doubles.outbox import RNG, MemoryOutbox, make_alert
from tests.doubles.toxic_proxy import ToxicProxy
from tests.patience import PATIENCE

QUICK = Tuning(mark_wait=0.3, health_every=0.05, subscribers_return=0.5, longest_pause=0.3)


def _sink(address: Address, health: HealthFeed = tuple, tuning: Tuning = QUICK) -> MqttSink:
    return MqttSink(address, "test", clock=SystemClock(), rng=RNG, health=health, tuning=tuning)


@asynccontextmanager
async def _running(one: MqttSink, outbox: MemoryOutbox) -> AsyncIterator[None]:
    task = asyncio.create_task(one.run(outbox))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def mosquitto(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    """A mosquitto that keeps nothing on disk."""
    broker = Mosquitto(tmp_path)
    await broker.start()
    yield broker
    await broker.kill()


async def test_every_alert_arrives_as_a_cloud_event(mosquitto: Mosquitto) -> None:
    """An alert is a CloudEvents 1.0 envelope on its topic, with the MQTT 5 properties."""
    outbox = MemoryOutbox()
    one = _sink(mosquitto.address)
    async with Subscriber(mosquitto.address) as subscriber, _running(one, outbox):
        stored = await outbox.add(*(make_alert(n, n % 3) for n in range(200)))
        await outbox.wait_recorded("mqtt", 200)
        await subscriber.until([alert.id for alert in stored])
    event = subscriber.events()[0]
    assert {key: event[key] for key in ("specversion", "id", "source", "type", "subject")} == {
        "specversion": "1.0", "id": "alert-0-0", "source": "/osint/test",
        "type": "monitor.alert.opened.v1", "subject": "incident-0",
    }  # fmt: skip
    assert event["sequence"] == "1"
    assert event["data"]["posts"][0]["text"] == "ДРГ зашла в Козинку"
    first = next(m for m in subscriber.messages if "/alert/" in m.topic)
    assert first.topic == "osint/v1/alert/ru/ru-bel/critical/battles-armed-clash"
    assert first.properties["ContentType"] == "application/cloudevents+json; charset=utf-8"
    assert ("id", "alert-0-0") in first.properties["UserProperty"]
    assert subscriber.ids() == [alert.id for alert in stored]
    assert set(outbox.states("mqtt").values()) == {"delivered"}


async def test_the_brokers_answers_are_acknowledged_at_once(mosquitto: Mosquitto) -> None:
    """Of alerts that follow each other the second's answer is not held back by ours: 40 ms."""
    will = Message(topic="status", payload=b"lost")
    async with connect(mosquitto.address, "us", will, V5) as connection:
        for _ in range(3):
            await (await connection.publish(Message(topic="alert", payload=b"x")))
            sock = connection._client._client.socket()
            assert isinstance(sock, socket.socket)
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK) == 1


async def test_the_status_tells_online_offline_and_lost(mosquitto: Mosquitto) -> None:
    """The retained status is online while we run and offline after a stop in good order."""
    async with Subscriber(mosquitto.address) as subscriber:
        async with _running(_sink(mosquitto.address), MemoryOutbox()):
            await _until(lambda: _states(subscriber)[-1:] == ["online"])
        await _until(lambda: _states(subscriber)[-1:] == ["offline"])


def _states(subscriber: Subscriber) -> list[str]:
    return [status["state"] for status in subscriber.at("osint/v1/status/test")]


async def _until(condition: object, seconds: float = PATIENCE) -> None:
    assert callable(condition)
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.02)


async def test_health_of_sources_is_retained_and_cleared(mosquitto: Mosquitto) -> None:
    """A source's health stands retained on its topic, follows changes, and goes with the source."""
    feed = [SourceHealth(source="telegram:vvgladkov", state="ok")]
    topic = "osint/v1/source/telegram-vvgladkov"
    one = _sink(mosquitto.address, lambda: feed)
    async with Subscriber(mosquitto.address) as subscriber, _running(one, MemoryOutbox()):
        await _until(lambda: subscriber.at(topic))
        feed[:] = [SourceHealth(source="telegram:vvgladkov", state="throttled")]
        await _until(lambda: subscriber.at(topic)[-1]["state"] == "throttled")
        feed.clear()
        await _until(lambda: subscriber.at(topic)[-1] is None)
    async with Subscriber(mosquitto.address, name="later") as later:
        await later.caught_up()
    assert later.at(topic) == []


async def test_an_absent_broker_loses_nothing(tmp_path: Path) -> None:
    """Alerts of the time before the broker came are all delivered, in order."""
    broker, outbox = Mosquitto(tmp_path), MemoryOutbox()
    async with _running(_sink(broker.address), outbox):
        stored = await outbox.add(*(make_alert(n, n % 5) for n in range(300)))
        await asyncio.sleep(0.5)
        assert outbox.states("mqtt") == {}
        await broker.start()
        async with Subscriber(broker.address) as subscriber:
            await outbox.wait_recorded("mqtt", 300)
            more = await outbox.add(make_alert(300))
            await subscriber.until([more[0].id])
    await broker.kill()
    assert outbox.states("mqtt") == dict.fromkeys(range(1, 302), "delivered")
    assert len(stored) == 300


ACL = "topic readwrite osint/v1/status/#\ntopic readwrite osint/v1/high-water/#\n"


async def test_a_refusal_is_a_dead_letter_with_the_reason(tmp_path: Path) -> None:
    """A publish that the access list denies is recorded as refused, with code and topic."""
    (tmp_path / "acl").write_text(ACL)
    broker = Mosquitto(tmp_path, f"acl_file {tmp_path / 'acl'}")
    await broker.start()
    outbox = MemoryOutbox()
    async with _running(_sink(broker.address), outbox):
        await outbox.add(make_alert(1), make_alert(2))
        await outbox.wait_recorded("mqtt", 2)
    await broker.kill()
    assert outbox.states("mqtt") == {1: "refused", 2: "refused"}
    detail = outbox.deliveries["mqtt", 1].detail
    assert "0x87" in detail
    assert "osint/v1/alert/ru/ru-bel/critical" in detail


@pytest.mark.parametrize("lines", CONFIGURATIONS.values(), ids=CONFIGURATIONS.keys())
async def test_a_killed_broker_loses_nothing(
    tmp_path: Path, lines: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever the broker forgot when it was killed is published again; asyncio is not upset."""
    extra = (*lines, f"persistence_location {tmp_path}/") if lines else ()
    broker, outbox = Mosquitto(tmp_path, *extra), MemoryOutbox()
    await broker.start()
    stored = []
    subscriber, starts = Subscriber(broker.address), 1

    class Returning(SystemClock):
        """The time that subscribers are given to come back is as long as ours takes."""

        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            if seconds == QUICK.subscribers_return:
                await _until(lambda: subscriber.subscriptions >= starts)

    sink = MqttSink(broker.address, "test", clock=Returning(), rng=RNG, tuning=QUICK)
    async with subscriber, _running(sink, outbox):
        for kill in range(4):
            for n in range(100):
                stored += await outbox.add(make_alert(kill * 100 + n, n % 7))
                if n == 80:
                    await outbox.wait_recorded("mqtt", kill * 100 + 50)
            await broker.kill()
            starts += 1
            await broker.start()
        await subscriber.until([alert.id for alert in stored])
        await outbox.wait_recorded("mqtt", 400)
    await broker.kill()
    assert len(subscriber.events()) > 400, "the fault never bit"
    assert "never retrieved" not in caplog.text
    by_incident: dict[str, list[int]] = {}
    for event in {event["id"]: event for event in reversed(subscriber.events())}.values():
        by_incident.setdefault(event["subject"], []).append(int(event["sequence"]))
    assert len(by_incident) == 7


async def test_a_broker_that_forgot_is_told_the_last_hour(tmp_path: Path) -> None:
    """A start against a broker without our mark publishes what is recorded but not an hour old."""
    broker, outbox = Mosquitto(tmp_path), MemoryOutbox()
    await broker.start()
    stored = await outbox.add(*(make_alert(n) for n in range(20)))
    outbox.positions["mqtt"] = (20, {})
    async with Subscriber(broker.address) as subscriber, _running(_sink(broker.address), outbox):
        await subscriber.until([alert.id for alert in stored])
        await _until(lambda: _marks(subscriber)[-1:] == [{"epoch": 1, "sequence": 20}])
    await broker.kill()


def _marks(subscriber: Subscriber) -> list[dict[str, int]]:
    return [mark for mark in subscriber.at("osint/v1/high-water/test") if mark]


async def test_a_mark_above_ours_begins_a_new_epoch(mosquitto: Mosquitto) -> None:
    """A store restored from a backup counts anew in an epoch of its own, and loses nothing."""
    ahead, outbox = MemoryOutbox(), MemoryOutbox()
    async with Subscriber(mosquitto.address) as subscriber:
        async with _running(_sink(mosquitto.address), ahead):
            await ahead.add(*(make_alert(n) for n in range(10)))
            await ahead.wait_recorded("mqtt", 10)
            await _until(lambda: _marks(subscriber)[-1:] == [{"epoch": 1, "sequence": 10}])
        patient = QUICK._replace(mark_wait=PATIENCE)  # the mark is there, and must be seen
        async with _running(_sink(mosquitto.address, tuning=patient), outbox):
            stored = await outbox.add(make_alert(77))
            await subscriber.until([stored[0].id])
            await _until(lambda: _marks(subscriber)[-1:] == [{"epoch": 2, "sequence": 1}])
    assert outbox.positions["mqtt"] == (1, {"epoch": 2})


async def test_no_broker_is_no_spin() -> None:
    """Without a broker the sink waits longer and longer, but never so long that it misses one."""
    pauses: list[float] = []

    class Counting(SystemClock):
        async def sleep(self, seconds: float) -> None:
            pauses.append(seconds)
            await asyncio.sleep(0)
            if len(pauses) == 12:
                await asyncio.Event().wait()

    nobody = Address(host="127.0.0.1", port=free_port())
    one = MqttSink(nobody, "test", clock=Counting(), rng=RNG)
    async with _running(one, MemoryOutbox()):
        await _until(lambda: len(pauses) == 12)
    assert pauses[0] >= 0.25
    assert LONGEST_PAUSE / 2 <= pauses[-1] <= LONGEST_PAUSE <= 10


async def test_nobody_listens_is_counted(mosquitto: Mosquitto) -> None:
    """An alert that the broker had no subscriber for is delivered, and the log row says so."""
    outbox, one = MemoryOutbox(), _sink(mosquitto.address)
    async with _running(one, outbox):
        await outbox.add(make_alert(1))
        await outbox.wait_recorded("mqtt", 1)
    assert outbox.deliveries["mqtt", 1].detail == "nobody listens"
    assert one.nobody_listened == 1


async def test_an_alert_too_big_for_the_broker_is_refused(tmp_path: Path) -> None:
    """What is bigger than the broker takes is not even sent: a dead letter with both sizes."""
    broker, outbox = Mosquitto(tmp_path, "max_packet_size 5000"), MemoryOutbox()
    await broker.start()
    async with _running(_sink(broker.address), outbox):
        await outbox.add(make_alert(0), make_alert(1, reason="x" * 5000), make_alert(2))
        await outbox.wait_recorded("mqtt", 3)
    await broker.kill()
    assert outbox.states("mqtt") == {1: "delivered", 2: "refused", 3: "delivered"}
    assert "more than the broker takes (5000)" in outbox.deliveries["mqtt", 2].detail


async def test_an_alert_that_ends_every_connection_is_a_dead_letter_in_the_end(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message that the other side cannot bear does not hold back the others for ever."""
    monkeypatch.setattr(mqtt, "SUSPICIOUS_SECONDS", 0.5)
    outbox = MemoryOutbox()
    async with ToxicProxy(mosquitto.port) as proxy:
        proxy.poison = b"unbearable"
        one = _sink(Address(host="127.0.0.1", port=proxy.port))
        async with _running(one, outbox):
            await outbox.add(make_alert(0), make_alert(1, reason="unbearable"), make_alert(2))
            await outbox.wait_recorded("mqtt", 3)
    assert outbox.states("mqtt") == {1: "delivered", 2: "dead", 3: "delivered"}
