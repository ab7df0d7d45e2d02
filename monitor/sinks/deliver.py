"""The loop that every sink shares: from the outbox to a receiver, in order, nothing lost.

A sink reads the outbox after its own position, sends, records what became of every alert, and only
then moves its position. Whatever dies in between, the next start sends again what is not recorded:
at least once, and the alert's id is what receivers deduplicate by.
"""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple, NoReturn, Protocol

import structlog

from monitor.alert import Alert
from monitor.clock import Clock
from monitor.store.attempts import Attempt
from monitor.store.deliveries import Delivery
from monitor.store.trouble import StateError

log = structlog.get_logger(__name__)

FIRST_LOOK_BACK = timedelta(hours=1)
"""A receiver that is new begins with the alerts of the last hour."""

READ_AT_ONCE = 200
UNRECORDED = 400
"""Alerts begun but not yet recorded, at most: what a kill repeats, and what memory holds."""

MOST_NOTED = 20
"""Alerts of one failure that it is written down for: the first of them are what it was about."""
NOTED_ALL, NOTED_EACH = 20, 50
"""Up to this attempt each is written down, then every so-manieth: somebody may be away for days."""

RECORD_GRACE = 2.0
"""Seconds that a cancelled sink still gives to a record that is under way."""


class RetryError(Exception):
    """The receiver cannot take it now: send it again, after `after` seconds if it said so.

    Says nothing against the alert. `hint` tells a person what to do if it stays like this.
    """

    def __init__(self, why: str, *, hint: str = "", after: float | None = None) -> None:
        super().__init__(why)
        self.hint = hint
        self.after = after


class RejectedError(Exception):
    """The receiver refuses this alert for good: it becomes a dead letter with the reason."""

    def __init__(self, why: str, *, hint: str = "") -> None:
        super().__init__(why)
        self.hint = hint


class Sent(NamedTuple):
    """How one alert went out: the receiver's own id of it, and what is worth remembering."""

    reference: str | None = None
    detail: str = ""
    state: Literal["delivered", "uncertain", "refused", "dead", "muted"] = "delivered"


class Outbox(Protocol):
    """What sinks need of the store (monitor/store/outbox.py)."""

    async def after(self, sequence: int, limit: int) -> Sequence[Alert]:
        """The alerts behind `sequence`, in order, `limit` at most."""

    async def newest(self) -> int:
        """The sequence of the last alert, 0 if there is none."""

    async def first_since(self, moment: datetime) -> int:
        """The sequence before the first alert stored at or after `moment`."""

    async def wait_beyond(self, sequence: int) -> None:
        """Return when there is an alert behind `sequence`."""

    async def position(self, sink: str) -> tuple[int, dict[str, object]] | None:
        """How far a sink has come, and its own notes; None if it never recorded anything."""

    async def record(
        self,
        sink: str,
        sequence: int,
        deliveries: Sequence[Delivery],
        state: Mapping[str, object] | None = None,
    ) -> None:
        """Store deliveries, the sink's position and (unless None) its notes, all or nothing."""

    async def last_delivery(self, sink: str, incident: str) -> Delivery | None:
        """The newest delivery of an incident that has a reference."""

    async def attempted(self, sink: str, attempts: Sequence[Attempt]) -> None:
        """Write down tries that failed."""

    async def latest_of(self, incident: str) -> Alert | None:
        """The newest alert of an incident that has not expired."""


class Sink(Protocol):
    """The part that sends: one receiver, its own position, its own pace."""

    name: str

    async def run(self, outbox: Outbox) -> None:
        """Send until cancelled."""


class Backoff:
    """Growing pauses with jitter, so that many clients of one receiver do not return at once."""

    def __init__(self, rng: random.Random, *, first: float = 0.5, longest: float = 60.0) -> None:
        self._rng = rng
        self._first = first
        self._longest = longest
        self._failures = 0

    def pause(self, after: float | None = None) -> float:
        """Seconds to wait now; `after` is what the receiver asked for and is never cut short."""
        ceiling = min(self._longest, self._first * 2.0 ** min(self._failures, 30))
        self._failures += 1
        own = ceiling / 2 + self._rng.random() * ceiling / 2
        return own if after is None else after + min(1.0, own / 10)

    def reset(self) -> None:
        """Something went through: begin with short pauses again."""
        self._failures = 0


async def together(*parts: Coroutine[Any, Any, Any]) -> None:
    """Run the parts until the first ends; the others are cancelled, its error is raised.

    Unlike a TaskGroup it raises the error itself, which says whether to retry.
    """
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        first = next((task for task in tasks if task.done() and not task.cancelled()), None)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if first is not None:
        first.result()


async def begin_at(outbox: Outbox, sink: str, now: datetime) -> tuple[int, dict[str, object]]:
    """A sink's recorded position and notes; a new sink's first position is recorded at once.

    Recorded before anything is sent, because what comes later must count from here even if the
    first delivery takes days.
    """
    known = await outbox.position(sink)
    if known is not None:
        return known
    sequence = await outbox.first_since(now - FIRST_LOOK_BACK)
    await outbox.record(sink, sequence, (), {})
    return sequence, {}


async def record_whole(
    outbox: Outbox,
    sink: str,
    sequence: int,
    deliveries: Sequence[Delivery],
    state: Mapping[str, object] | None = None,
    *,
    stored: Callable[[], None] = lambda: None,
) -> None:
    """Record, and let a record that is under way finish even when the sink is stopped.

    `stored` is called once it is done, also when that is after the sink was stopped.
    """

    def ended(done: "asyncio.Future[None]") -> None:
        if not done.cancelled() and done.exception() is None:
            stored()

    task = asyncio.ensure_future(outbox.record(sink, sequence, deliveries, state))
    task.add_done_callback(ended)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=RECORD_GRACE)
        raise


async def note_failed(
    outbox: Outbox, sink: str, failed: Sequence[tuple[int, str, int]], why: str, now: datetime
) -> None:
    """Put failed tries (sequence, alert, attempt) into the delivery log; that may fail too."""
    noted = [
        Attempt(sequence, alert, attempt, now, why)
        for sequence, alert, attempt in failed[:MOST_NOTED]
        if attempt <= NOTED_ALL or attempt % NOTED_EACH == 0
    ]
    if noted:
        try:
            await outbox.attempted(sink, noted)
        except StateError as error:
            log.warning("attempts_not_noted", sink=sink, why=error.message)


class _Flight(NamedTuple):
    alert: Alert
    outcome: "asyncio.Future[Sent]"


Begin = Callable[[Alert], Awaitable["asyncio.Future[Sent]"]]
Mute = Callable[[Alert], str | None]


def nothing_muted(_alert: Alert) -> str | None:
    """Every alert goes out."""
    return None


class Gates(NamedTuple):
    """Why an alert is not sent (`mute`), or sent without a sound (`hush`); None if it is.

    `evidence`: whether what further publishers say is also answered under the incident's message.
    """

    mute: Mute = nothing_muted
    hush: Mute = nothing_muted
    evidence: bool = False


class Stream:
    """Sends in the order of the outbox, several under way, and records in that order.

    `begin` starts one alert and returns when the next may start; what it returns becomes a Sent,
    or raises RetryError (the run ends there, everything before is recorded) or RejectedError (a
    dead letter). The transport must keep the order of what was begun. `position` is the last
    sequence up to which everything is recorded; `reached` what this run has come to, which is less
    while a run repeats older alerts (those are not recorded again). `gather`: seconds that a
    delivery waits for others to be recorded with it; what a kill repeats grows by so much.
    """

    def __init__(  # what it is, where it goes, and its pace
        self, outbox: Outbox, sink: str, begin: Begin, clock: Clock, *,
        mute: Mute = nothing_muted, gather: float = 0.0,
    ) -> None:  # fmt: skip
        self._gather = gather
        self._outbox = outbox
        self.sink = sink
        self._begin = begin
        self._clock = clock
        self._mute = mute
        self._attempts: dict[int, int] = {}
        self._failed: list[tuple[int, str, int]] = []
        self._flight: deque[_Flight] = deque()
        self._flying = asyncio.Event()
        self._room = asyncio.Semaphore(UNRECORDED)
        self.position = 0
        self.reached = 0
        self.moved = asyncio.Event()

    async def run(self, after: int) -> NoReturn:
        """Send everything behind `after`, for ever; raises the RetryError that stopped it."""
        self.reached = after
        self._failed = []
        self._flight = deque()
        self._flying = asyncio.Event()
        self._room = asyncio.Semaphore(UNRECORDED)
        try:
            await together(self._pump(after), self._settle())
        finally:
            for one in self._flight:
                number = one.alert.sequence
                self._attempts[number] = self._attempts.get(number, 0) + 1
                self._failed.append((number, one.alert.id, self._attempts[number]))
                _abandon(one.outcome)
        raise AssertionError("both parts run for ever")

    async def note(self, error: RetryError) -> None:
        """Write down what was under way when the last run ended."""
        failed, self._failed = self._failed, []
        await note_failed(self._outbox, self.sink, failed, str(error), self._clock.now())

    def failures(self, sequence: int) -> int:
        """How often an alert was under way when a run ended."""
        return self._attempts.get(sequence, 0)

    async def _pump(self, cursor: int) -> object:
        while True:
            alerts = await self._outbox.after(cursor, READ_AT_ONCE)
            if not alerts:
                await self._outbox.wait_beyond(cursor)
            for alert in alerts:
                await self._room.acquire()
                why = self._mute(alert)
                outcome = settled(Sent(None, why, "muted")) if why else await self._begin(alert)
                self._flight.append(_Flight(alert, outcome))
                self._flying.set()
                cursor = alert.sequence
                if outcome.done() and isinstance(outcome.exception(), RetryError):
                    return await asyncio.Event().wait()  # nothing overtakes it; the run ends

    async def _settle(self) -> None:
        while True:
            await self._flying.wait()
            try:
                await asyncio.wait([self._flight[0].outcome])
                if self._gather:
                    await self._clock.sleep(self._gather)
            finally:
                await self._record_done()

    async def _record_done(self) -> None:
        """Record, in order, what has an outcome; raises the RetryError that is one."""
        deliveries: list[Delivery] = []
        try:
            while self._flight and self._flight[0].outcome.done():
                deliveries.append(await self._outcome(self._flight[0]))
                self._flight.popleft()
        finally:
            if not self._flight:
                self._flying.clear()
            if deliveries:
                await self._record(deliveries)

    async def _outcome(self, one: _Flight) -> Delivery:
        attempts = self._attempts.get(one.alert.sequence, 0) + 1
        try:
            sent = await one.outcome
        except RejectedError as error:
            log.warning(
                "alert_refused", sink=self.sink, alert=one.alert.id, why=str(error), hint=error.hint
            )
            sent = Sent(None, str(error), "refused")
        self._attempts.pop(one.alert.sequence, None)
        return delivery(one.alert, sent, attempts, self._clock.now())

    async def _record(self, deliveries: list[Delivery]) -> None:
        reached = deliveries[-1].sequence
        fresh = [one for one in deliveries if one.sequence > self.position]
        if fresh:
            await record_whole(
                self._outbox, self.sink, reached, fresh, stored=lambda: self._stored(reached)
            )
        self.reached = reached
        self.moved.set()
        for _ in deliveries:
            self._room.release()

    def _stored(self, sequence: int) -> None:
        self.position = max(self.position, sequence)


def delivery(alert: Alert, sent: Sent, attempts: int, now: datetime) -> Delivery:
    """What the store keeps of one sending."""
    return Delivery(
        sequence=alert.sequence, alert=alert.id, incident=alert.incident.id, state=sent.state,
        attempts=attempts, at=now, reference=sent.reference, detail=sent.detail,
    )  # fmt: skip


def settled(sent: Sent) -> "asyncio.Future[Sent]":
    """An outcome that is known already."""
    future: asyncio.Future[Sent] = asyncio.get_running_loop().create_future()
    future.set_result(sent)
    return future


async def deliver(stream: Stream, begin_after: int, clock: Clock, backoff: Backoff) -> NoReturn:
    """Keep a stream going: after every RetryError a pause, then on from what is recorded."""
    stream.position = begin_after
    while True:
        before = stream.position
        try:
            await stream.run(stream.position)
        except RetryError as error:
            if stream.position > before:
                backoff.reset()
            await stream.note(error)
            pause = backoff.pause(error.after)
            log.warning(
                "receiver_unavailable", sink=stream.sink, why=str(error), hint=error.hint,
                retry_in=round(pause, 1),
            )  # fmt: skip
            await clock.sleep(pause)


def _abandon(future: "asyncio.Future[Sent]") -> None:
    """Nobody waits for it any more: take its error, so that asyncio does not complain."""
    if future.done() and not future.cancelled():
        future.exception()
    future.cancel()
