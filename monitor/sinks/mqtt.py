"""The bus: every alert over MQTT, in order, at least once, whatever the broker forgets.

A PUBACK means that the broker has it in memory, not that it is stored (measured: a killed broker
lost every message it had acknowledged). So a retained mark on the broker says how far it has been
told; it is read back on every connect, and what lies behind it is published again.
"""

import asyncio
import contextlib
import json
import random
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import NamedTuple

import msgspec
import structlog

from monitor.alert import Alert
from monitor.clock import Clock
from monitor.sinks.deliver import (
    Backoff,
    Outbox,
    RejectedError,
    RetryError,
    Sent,
    Stream,
    begin_at,
    record_whole,
    settled,
    together,
)
from monitor.sinks.mqtt_connection import (
    NOBODY_LISTENS,
    REFUSED,
    V5,
    V311,
    WINDOW,
    Address,
    Connection,
    LostError,
    Message,
    ProtocolError,
    connect,
)
from monitor.sinks.mqtt_standing import Standing
from monitor.sinks.mqtt_topics import CONTENT_TYPE, HighWater, Topics, cloud_event, read_mark
from monitor.source import SourceHealth

log = structlog.get_logger(__name__)

HealthFeed = Callable[[], Iterable[SourceHealth]]
"""What is known of every source now; asked every few seconds."""

REPEAT_AFTER_LOSS = timedelta(minutes=30)
REPEAT_WITHOUT_MARK = timedelta(hours=1)
MARK_WAIT = 1.5
HEALTH_EVERY = 5.0
SUBSCRIBERS_RETURN = 2.0
"""Seconds given to subscribers to come back before a broker that forgot is told again."""

LONGEST_PAUSE = 8.0
"""Seconds between two tries, at most: one costs next to nothing, and alerts wait for it. Not less,
because brokers that ban flapping clients count 15 connections a minute (EMQX)."""

SUSPICIOUS_FAILURES = 8
SUSPICIOUS_SECONDS = 600.0
"""So often and so long one alert alone may end its connections before it becomes a dead letter."""

STEADY_SECONDS = 5.0
"""A connection that lasted this long was worth something, even if there was nothing new."""

GATHER = 0.05
"""Seconds until what is acknowledged is recorded: each record is a commit that posts wait behind
(with 10,000 rules every second one), and who listens knows an alert that comes twice by its id."""

PACKET_OVERHEAD = 1024
QUOTA_EXCEEDED = 0x97

REASONS = {
    0x80: "unspecified error", 0x83: "implementation specific error", 0x87: "not authorised",
    0x90: "topic name invalid", 0x91: "packet identifier in use", 0x97: "quota exceeded",
    0x99: "payload format invalid",
}  # fmt: skip


class Tuning(NamedTuple):
    """Seconds that tests make shorter."""

    mark_wait: float = MARK_WAIT
    health_every: float = HEALTH_EVERY
    subscribers_return: float = SUBSCRIBERS_RETURN
    longest_pause: float = LONGEST_PAUSE
    gather: float = GATHER


REAL_TIME = Tuning()


class MqttSink:
    """Publishes every alert, the retained marks, and how the sources are."""

    def __init__(  # noqa: PLR0913 - what it is, where it goes, and its surroundings
        self, address: Address, instance: str, *, clock: Clock, rng: random.Random,
        root: str = "osint", health: HealthFeed = tuple,
        expiry: Callable[[Alert], int | None] = lambda _: None, tuning: Tuning = REAL_TIME,
        standing: Standing | None = None,
    ) -> None:  # fmt: skip
        self.name = "mqtt"
        self.address = address
        self.topics = Topics(root, instance)
        self.nobody_listened = 0
        self._instance = instance
        self._clock = clock
        self._backoff = Backoff(rng, longest=tuning.longest_pause)
        self._health = health
        self._expiry = expiry
        self._tuning = tuning
        self._standing = standing
        self._version = V5
        self._sure = False
        self._epoch = 1
        self._window = WINDOW
        self._resume: int | None = None
        self._told: HighWater | None = None
        self._failures: Callable[[int], int] = lambda _: 0
        self._suspects: dict[int, float] = {}
        self._at_head = True
        self._connection: Connection | None = None
        self._since = clock.now()

    async def run(self, outbox: Outbox) -> None:
        """Connect, catch up, publish; again after every loss, until cancelled."""
        stream = Stream(outbox, self.name, self._begin, self._clock, gather=self._tuning.gather)
        self._failures = stream.failures
        stream.position, notes = await begin_at(outbox, self.name, self._clock.now())
        self._epoch = int(str(notes.get("epoch", 1)))
        while True:
            try:
                await self._session(outbox, stream)
            except RetryError as error:
                await stream.note(error)
                if not self._fall_back(error):
                    await self._pause(error)

    def _fall_back(self, error: RetryError) -> bool:
        """Whether to try again at once with MQTT 3.1.1.

        A broker that says it cannot MQTT 5 is believed until 3.1.1 fails too; one that only did not
        answer is asked for MQTT 5 again the next time.
        """
        if isinstance(error, ProtocolError) and self._version == V5:
            self._version, self._sure = V311, error.said_so
            log.info("mqtt_version_falls_back", broker=str(self.address), why=str(error))
            return True
        if isinstance(error, ProtocolError) or not self._sure:
            self._version = V5
        return False

    async def _pause(self, error: RetryError) -> None:
        pause = self._backoff.pause(error.after)
        log.warning(
            "mqtt_unavailable", broker=str(self.address), why=str(error), hint=error.hint,
            retry_in=round(pause, 1),
        )  # fmt: skip
        await self._clock.sleep(pause)

    async def _session(self, outbox: Outbox, stream: Stream) -> None:
        """One connection, from its first word to its loss."""
        will = self._status("lost")
        identifier = f"monitor-{self.topics.high_water.replace('/', '-')}"
        way = connect(self.address, identifier, will, self._version, self._window)
        async with way as connection:
            log.info("mqtt_connected", broker=str(self.address), version=connection.version)
            try:
                await connection.publish(self._status("online"))
                start = await self._start(outbox, stream.position, connection)
                await self._publish(outbox, connection, stream, start)
            except asyncio.CancelledError:
                await self._goodbye(connection)
                raise

    async def _publish(
        self, outbox: Outbox, connection: Connection, stream: Stream, start: int
    ) -> None:
        """Everything behind `start`, until the connection is lost."""
        before, stream.reached, begun = stream.position, start, self._clock.monotonic()
        self._connection, self._at_head = connection, True
        standing = (
            [self._standing.keep(outbox, connection, self.topics, self._instance)]
            if self._standing
            else []
        )
        try:
            await together(
                connection.over(),
                stream.run(start),
                self._keep_mark(connection, stream),
                self._keep_health(connection),
                *standing,
            )
        except asyncio.CancelledError:  # told to stop: the mark may lag behind by a batch
            with contextlib.suppress(RetryError):
                await connection.publish(self._mark(HighWater(self._epoch, stream.reached)))
            raise
        finally:
            self._connection = None
            self._lost(stream, start, before, begun)

    def _lost(self, stream: Stream, start: int, before: int, begun: float) -> None:
        """Where the next connection begins, for what this one did."""
        steady = self._clock.monotonic() - begun >= STEADY_SECONDS
        if stream.position > before or (stream.reached >= before and steady):
            self._resume = start
            self._window = WINDOW
            self._suspects.clear()
            self._backoff.reset()
        else:  # it brought nothing new: to begin its repeats anew might never come to an end
            self._resume = stream.reached
            if stream.reached == start:  # not one came through: perhaps fewer at once do
                self._window = max(1, self._window // 4)

    async def _start(self, outbox: Outbox, position: int, connection: Connection) -> int:
        """Where this connection begins: earlier than recorded, if the broker may have forgotten."""
        now = self._clock.now()
        start = position
        if self._resume is not None:
            recent = await outbox.first_since(now - REPEAT_AFTER_LOSS)
            start = min(position, max(self._resume, recent))
        try:
            payload = await connection.retained(self.topics.high_water, self._tuning.mark_wait)
        except PermissionError:
            log.warning(
                "mqtt_mark_hidden", topic=self.topics.high_water,
                hint="let this user read the topic, else a broker's loss cannot be noticed",
            )  # fmt: skip
            return start
        mark = read_mark(payload) if payload is not None else None
        if mark is not None and self._is_ahead(mark, position):
            await self._new_epoch(outbox, position, mark)
        elif mark is None or mark.epoch < self._epoch:
            start = min(start, await outbox.first_since(now - REPEAT_WITHOUT_MARK))
        elif mark != self._told:  # the mark we left there is the one we find: nothing is forgotten
            start = min(start, mark.sequence)
        if start < position:
            log.info("mqtt_repeats", after=start, position=position, mark=mark and mark.sequence)
            if mark is None or self._resume is not None:  # the broker was away, so were they
                await self._clock.sleep(self._tuning.subscribers_return)
        return start

    def _is_ahead(self, mark: HighWater, position: int) -> bool:
        return mark.epoch > self._epoch or (mark.epoch == self._epoch and mark.sequence > position)

    async def _new_epoch(self, outbox: Outbox, position: int, mark: HighWater) -> None:
        """The broker knows more than our store: the store was restored, its numbers begin anew."""
        self._epoch = mark.epoch + 1
        log.warning("mqtt_new_epoch", epoch=self._epoch, mark=mark.sequence, position=position)
        await record_whole(outbox, self.name, position, (), {"epoch": self._epoch})

    async def _begin(self, alert: Alert) -> "asyncio.Future[Sent]":
        connection = self._connection
        if connection is None:
            raise LostError("not connected")
        head, self._at_head = self._at_head, False
        if head and self._ends_connections(alert):
            return settled(Sent(None, "every connection that published it ended", "dead"))
        try:
            message = self._message(alert, connection)
        except RejectedError as error:
            return _refused(error)
        ack = await connection.publish(message)
        outcome: asyncio.Future[Sent] = asyncio.get_running_loop().create_future()
        ack.add_done_callback(lambda done: self._acknowledged(done, outcome, message.topic))
        return outcome

    def _ends_connections(self, alert: Alert) -> bool:
        """Whether the first alert of many connections, published alone, has ended each of them.

        Brokers end a connection for what they cannot bear (a size, a topic) without saying why.
        """
        if self._failures(alert.sequence) < SUSPICIOUS_FAILURES or self._window > 1:
            return False
        now = self._clock.monotonic()
        return now - self._suspects.setdefault(alert.sequence, now) >= SUSPICIOUS_SECONDS

    def _message(self, alert: Alert, connection: Connection) -> Message:
        try:
            payload = cloud_event(alert, self._instance)
        except (UnicodeEncodeError, msgspec.MsgspecError) as error:
            raise RejectedError(f"the alert cannot be written as JSON: {error}") from None
        if connection.largest and len(payload) + PACKET_OVERHEAD > connection.largest:
            raise RejectedError(
                f"{len(payload)} bytes are more than the broker takes ({connection.largest})",
                hint="raise the broker's maximum packet size",
            )
        return Message(
            topic=self.topics.alert(alert),
            payload=payload,
            content_type=CONTENT_TYPE,
            expiry=self._expiry(alert),
            user=(("id", alert.id), ("level", alert.incident.level)),
        )

    def _acknowledged(
        self, ack: "asyncio.Future[int]", outcome: "asyncio.Future[Sent]", topic: str
    ) -> None:
        if outcome.done():
            return
        error = ack.exception()
        if error is not None:
            outcome.set_exception(error)
            return
        code = ack.result()
        if code == QUOTA_EXCEEDED:
            outcome.set_exception(RetryError("the broker's quota is used up", after=5.0))
        elif code >= REFUSED:
            why = f"the broker refused topic {topic}: {REASONS.get(code, 'reason')} (0x{code:02x})"
            hint = "allow this user to publish below the root topic"
            outcome.set_exception(RejectedError(why, hint=hint))
        else:
            outcome.set_result(Sent(None, self._heard(code)))

    def _heard(self, code: int) -> str:
        if code != NOBODY_LISTENS:
            return ""
        if not self.nobody_listened:
            log.warning("mqtt_nobody_listens", broker=str(self.address))
        self.nobody_listened += 1
        return "nobody listens"

    async def _keep_mark(self, connection: Connection, stream: Stream) -> None:
        """Publish the mark after every batch; first as low as where this connection begins."""
        told = -1
        while True:
            stream.moved.clear()
            if stream.reached != told:
                mark = HighWater(self._epoch, stream.reached)
                code = await (await connection.publish(self._mark(mark)))
                if code < REFUSED:
                    self._told = mark
                elif told < 0:
                    log.warning(
                        "mqtt_mark_refused", topic=self.topics.high_water,
                        hint="let this user write the topic, else a broker's loss goes unnoticed",
                    )  # fmt: skip
                told = mark.sequence
            await stream.moved.wait()

    async def _keep_health(self, connection: Connection) -> None:
        """Publish every source's health when it changed; clear what is no longer watched."""
        told: dict[str, bytes] = {}
        while True:
            now = {
                self.topics.source(one.source): msgspec.json.encode(one) for one in self._health()
            }
            for topic in told.keys() - now.keys():
                await connection.publish(Message(topic=topic, payload=b"", retain=True))
            for topic, payload in now.items():
                if told.get(topic) != payload:
                    await connection.publish(Message(topic=topic, payload=payload, retain=True))
            told = now
            await self._clock.sleep(self._tuning.health_every)

    async def _goodbye(self, connection: Connection) -> None:
        """Told to stop: leave an honest status behind, if the broker still answers."""
        with contextlib.suppress(RetryError, TimeoutError):
            async with asyncio.timeout(1.0):
                await (await connection.publish(self._status("offline")))

    def _mark(self, mark: HighWater) -> Message:
        payload = msgspec.json.encode(mark)
        return Message(topic=self.topics.high_water, payload=payload, retain=True)

    def _status(self, state: str) -> Message:
        """Who we are and whether we are there; `lost` is what the broker says when we vanish."""
        known = {
            "state": state, "instance": self._instance, "since": self._since.isoformat(),
            "epoch": self._epoch,
        }  # fmt: skip
        payload = json.dumps(known, ensure_ascii=True).encode()
        return Message(topic=self.topics.status, payload=payload, retain=True)


def _refused(error: RejectedError) -> "asyncio.Future[Sent]":
    future: asyncio.Future[Sent] = asyncio.get_running_loop().create_future()
    future.set_exception(error)
    return future
