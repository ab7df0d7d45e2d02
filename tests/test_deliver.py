"""The loop that every sink shares."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from monitor.alert import Alert
from monitor.clock import SystemClock
from monitor.secret import Secret
from monitor.sinks.deliver import (
    Backoff,
    RejectedError,
    RetryError,
    Sent,
    Sink,
    Stream,
    deliver,
    settled,
    together,
)
from monitor.sinks.look import Look
from monitor.sinks.mqtt import MqttSink
from monitor.sinks.mqtt_connection import Address
from monitor.sinks.room import Room
from monitor.sinks.telegram_api import BotApi
from monitor.sinks.telegram_bot import TelegramBotSink
from tests.doubles.bot_api import TOKEN, BotApiDouble
from tests.doubles.brokers import Mosquitto, free_port
from tests.doubles.outbox import RNG, MemoryOutbox, make_alert


class _Receiver:
    """Takes alerts; `trouble` maps an alert's id to the errors it meets first."""

    def __init__(self, **trouble: list[Exception]) -> None:
        self.taken: list[str] = []
        self._trouble = trouble

    async def begin(self, alert: Alert) -> "asyncio.Future[Sent]":
        """As a sink begins an alert."""
        waiting = self._trouble.get(alert.id.replace("-", "_"), [])
        outcome: asyncio.Future[Sent] = asyncio.get_running_loop().create_future()
        if waiting:
            outcome.set_exception(waiting.pop(0))
            return outcome
        self.taken.append(alert.id)
        return settled(Sent())


async def _run(receiver: _Receiver, outbox: MemoryOutbox, until: int) -> None:
    stream = Stream(outbox, "sink", receiver.begin, SystemClock())
    task = asyncio.ensure_future(deliver(stream, 0, SystemClock(), Backoff(RNG, first=0.01)))
    await outbox.wait_recorded("sink", until)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_retry_keeps_the_order_and_counts_attempts() -> None:
    """What has to wait holds back what follows, and its attempts are recorded."""
    receiver = _Receiver(alert_1_1=[RetryError("busy"), RetryError("busy", after=0.01)])
    outbox = MemoryOutbox()
    await outbox.add(*(make_alert(n) for n in range(4)))
    await _run(receiver, outbox, 4)
    assert list(dict.fromkeys(receiver.taken)) == [f"alert-1-{n}" for n in range(4)]
    assert outbox.deliveries["sink", 2].attempts == 3
    assert outbox.deliveries["sink", 1].attempts == 1


async def test_a_rejection_is_recorded_and_passed() -> None:
    """A permanent refusal becomes a dead letter with its reason, and the next alert goes out."""
    receiver = _Receiver(alert_1_0=[RejectedError("too long")])
    outbox = MemoryOutbox()
    await outbox.add(*(make_alert(n) for n in range(3)))
    await _run(receiver, outbox, 3)
    assert outbox.states("sink") == {1: "refused", 2: "delivered", 3: "delivered"}
    assert outbox.deliveries["sink", 1].detail == "too long"


async def test_a_failed_record_moves_nothing() -> None:
    """If the store cannot record, the position stays, and the error is not swallowed."""

    class Full(MemoryOutbox):
        async def record(self, *_: object) -> None:
            raise OSError("disk full")

    outbox, receiver = Full(), _Receiver()
    await outbox.add(make_alert(1))
    stream = Stream(outbox, "sink", receiver.begin, SystemClock())
    with pytest.raises(OSError, match="disk full"):
        await stream.run(0)
    assert stream.position == 0


async def test_what_is_gathered_is_recorded_together_and_when_the_run_ends() -> None:
    """Deliveries that wait for others cost one record, and none is lost to a stop meanwhile."""
    outbox, receiver = MemoryOutbox(), _Receiver()
    stream = Stream(outbox, "sink", receiver.begin, SystemClock(), gather=1e6)
    task = asyncio.ensure_future(stream.run(0))
    for number in range(5):
        await outbox.add(make_alert(number))
        async with asyncio.timeout(20):
            while len(receiver.taken) <= number:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.001)
    assert outbox.records == 0
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert (outbox.records, stream.position) == (1, 5)


def test_pauses_grow_and_respect_the_receiver() -> None:
    """Pauses double up to the longest, with jitter below; a receiver's own wish is a minimum."""
    backoff = Backoff(RNG, first=1.0, longest=60.0)
    pauses = [backoff.pause() for _ in range(12)]
    for n, pause in enumerate(pauses):
        ceiling = min(60.0, 2.0**n)
        assert ceiling / 2 <= pause <= ceiling
    assert 30 <= backoff.pause(30.0) <= 31
    backoff.reset()
    assert backoff.pause() <= 1.0


async def test_together_ends_with_the_first_and_raises_its_error() -> None:
    """The parts of a sink live and die together; the error that ended them is the one raised."""
    ended = asyncio.Event()

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def fails() -> None:
        await asyncio.sleep(0.01)
        raise RetryError("gone")

    with pytest.raises(RetryError, match="gone"):
        await together(forever(), fails())
    assert ended.is_set()


async def test_a_slow_receiver_holds_back_nobody(tmp_path: Path) -> None:
    """With a chat that hangs and a broker that is absent, the other bus gets everything at once."""
    broker, outbox = Mosquitto(tmp_path), MemoryOutbox()
    await broker.start()
    async with BotApiDouble() as double:
        double.faults.extend(["hang"] * 10)
        api = BotApi(Secret("env:T", TOKEN), double.url)
        clock = SystemClock()
        absent = MqttSink(Address(host="127.0.0.1", port=free_port()), "x", clock=clock, rng=RNG)
        absent.name = "absent"
        sinks: list[Sink] = [
            TelegramBotSink("chat", Room(api, "-1"), Look(), clock=clock, rng=RNG),
            absent,
            MqttSink(broker.address, "y", clock=clock, rng=RNG),
        ]
        tasks = [asyncio.create_task(one.run(outbox)) for one in sinks]
        await outbox.add(*(make_alert(n, n % 50) for n in range(1000)))
        await outbox.wait_recorded("mqtt", 1000)
        assert outbox.states("chat") == {}
        assert outbox.states("absent") == {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await broker.kill()
