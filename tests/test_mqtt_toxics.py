"""The bus over a network that misbehaves: nothing is lost, nothing hangs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import get_args

import pytest

from monitor.clock import SystemClock
from monitor.sinks import mqtt_connection
from monitor.sinks.mqtt import MqttSink, Tuning
from monitor.sinks.mqtt_connection import Address
from tests.doubles.brokers import Mosquitto, Subscriber
from tests.doubles.outbox import RNG, MemoryOutbox, make_alert
from tests.doubles.toxic_proxy import Toxic, ToxicProxy
from tests.patience import comes, ends

QUICK = Tuning(mark_wait=0.3, health_every=5, subscribers_return=0.1, longest_pause=0.3)


@pytest.fixture
async def mosquitto(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    """A mosquitto that stays up; only the way to it is bad."""
    broker = Mosquitto(tmp_path)
    await broker.start()
    yield broker
    await broker.kill()


@pytest.mark.parametrize("toxic", get_args(Toxic))
async def test_no_toxic_loses_an_alert(
    mosquitto: Mosquitto, toxic: Toxic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With each of eight network faults in the way, every alert arrives once it is over."""
    monkeypatch.setattr(mqtt_connection, "ACK_TIMEOUT", 1.0)
    monkeypatch.setattr(mqtt_connection, "CONNECT_TIMEOUT", 1.0)
    outbox = MemoryOutbox()
    async with ToxicProxy(mosquitto.port) as proxy, Subscriber(mosquitto.address) as subscriber:
        address = Address(host="127.0.0.1", port=proxy.port)
        one = MqttSink(address, "test", clock=SystemClock(), rng=RNG, tuning=QUICK)
        task = asyncio.create_task(one.run(outbox))
        await outbox.add(*(make_alert(n, n % 5) for n in range(20)))
        await outbox.wait_recorded("mqtt", 20)
        proxy.toxic = toxic
        for n in range(20, 120):
            await outbox.add(make_alert(n, n % 5))
            await asyncio.sleep(0.01)
        proxy.toxic = None
        if toxic == "hang":
            proxy.cut()
        await subscriber.until([alert.id for alert in outbox.alerts])
        await outbox.wait_recorded("mqtt", 120)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert subscriber.ids() == [alert.id for alert in outbox.alerts]
    assert set(outbox.states("mqtt").values()) == {"delivered"}


async def test_a_connection_that_never_carries_much_still_gets_on(mosquitto: Mosquitto) -> None:
    """Cut off after every 20 kB, the repeats do not eat up all that a connection carries."""
    outbox = MemoryOutbox()
    async with ToxicProxy(mosquitto.port) as proxy, Subscriber(mosquitto.address) as subscriber:
        proxy.toxic = "limit"
        address = Address(host="127.0.0.1", port=proxy.port)
        one = MqttSink(
            address, "test", clock=SystemClock(), rng=RNG, tuning=QUICK._replace(longest_pause=0.05)
        )
        task = asyncio.create_task(one.run(outbox))
        await outbox.add(*(make_alert(n, n % 5) for n in range(100)))
        await subscriber.until([alert.id for alert in outbox.alerts])
        await outbox.wait_recorded("mqtt", 100)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert subscriber.ids() == [alert.id for alert in outbox.alerts]


async def test_a_missing_acknowledgement_is_noticed(mosquitto: Mosquitto) -> None:
    """A PUBACK that does not come ends the connection within 15 seconds."""
    async with ToxicProxy(mosquitto.port) as proxy:
        will = mqtt_connection.Message(topic="osint/v1/status/x", payload=b"{}")
        address = Address(host="127.0.0.1", port=proxy.port)
        async with mqtt_connection.connect(address, "x", will, mqtt_connection.V5) as connection:
            proxy.toxic = "hang"
            ack = await connection.publish(mqtt_connection.Message(topic="a", payload=b"1"))
            assert await ends(asyncio.ensure_future(ack), 15)
            with pytest.raises(mqtt_connection.LostError):
                await ack


async def test_a_drop_fails_what_is_under_way_at_once(mosquitto: Mosquitto) -> None:
    """When the connection drops, a publish does not wait for its timeout."""
    async with ToxicProxy(mosquitto.port) as proxy:
        will = mqtt_connection.Message(topic="osint/v1/status/x", payload=b"{}")
        address = Address(host="127.0.0.1", port=proxy.port)
        async with mqtt_connection.connect(address, "x", will, mqtt_connection.V5) as connection:
            proxy.toxic = "hang"
            message = mqtt_connection.Message(topic="a", payload=b"1")
            acks = [await connection.publish(message) for _ in range(10)]
            proxy.cut()
            assert await comes(lambda: all(ack.done() for ack in acks), 0.5)
            for ack in acks:
                with pytest.raises(mqtt_connection.LostError):
                    await ack
