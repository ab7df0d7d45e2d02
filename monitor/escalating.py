"""Escalation: an alert that rang and that nobody acknowledges is told to more people.

A trailing reader of the outbox: what rings along a route with `escalate` starts the route's clocks;
an acknowledgement, a false alarm, the end of the incident stop them. What waits and how far was
read is stored in the transaction that tells, so a restart neither forgets nor repeats.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

import msgspec
import structlog

from monitor.alert import Alert, alert_id
from monitor.clock import Clock
from monitor.form import duration_text
from monitor.sinks.deliver import FIRST_LOOK_BACK
from monitor.sinks.dispatch import Dispatch
from monitor.sinks.handling import Handling
from monitor.store.commit import Work, commit
from monitor.store.database import Database
from monitor.store.incidents import facts
from monitor.store.outbox import Outbox, first_since, latest_of
from monitor.store.writer import Writer

log = structlog.get_logger(__name__)

FACT = "escalation"
LOOK_EVERY = 30.0
"""Seconds; the wall clock may be set while we wait."""
READ_AT_ONCE = 200
STORE_EVERY = 1000
KEPT = timedelta(days=2)
"""So long after its last step an incident's extra receivers still hear of it."""


class Step(msgspec.Struct, frozen=True):
    """Whom to tell when: `after` is how long nobody will have acknowledged, in words."""

    due: datetime
    receivers: tuple[str, ...]
    after: str


class Clocked(msgspec.Struct, frozen=True):
    """An incident whose clocks run: the alert that started them, what is left to do, who knows."""

    alert: str
    steps: tuple[Step, ...]
    told: tuple[str, ...] = ()
    touched: datetime | None = None


class Escalated(msgspec.Struct, frozen=True):
    """All that is remembered: how far the outbox was read, and the incidents."""

    position: int
    incidents: dict[str, Clocked] = {}


def remembered(db: Database, now: datetime) -> Escalated:
    """What an earlier run left; without one, what rang in the last hour is looked at."""
    known = facts(db).get(FACT)
    if known is None:
        return Escalated(first_since(db, now - FIRST_LOOK_BACK))
    return msgspec.json.decode(known, type=Escalated)


def receivers_of(state: Escalated) -> dict[str, frozenset[str]]:
    """Incident -> who is told of it as well."""
    return {name: frozenset(one.told) for name, one in state.incidents.items() if one.told}


class Escalating:
    """The clocks of a running daemon; `committed` is told the sequence of what was put out."""

    def __init__(
        self,
        writer: Writer,
        outbox: Outbox,
        dispatch: Dispatch,
        handling: Handling,
        clock: Clock,
        *,
        committed: Callable[[int], None],
    ) -> None:
        self._writer = writer
        self._outbox = outbox
        self._dispatch = dispatch
        self._handling = handling
        self._clock = clock
        self._committed = committed
        self._state = remembered(writer.database, clock.now())
        self._stored = self._state.position
        dispatch.escalated = receivers_of(self._state)

    async def run(self) -> None:
        """Start clocks and act when they run out, until cancelled."""
        while True:
            alerts = await self._outbox.after(self._state.position, READ_AT_ONCE)
            if alerts:
                await self._read(alerts)
            if len(alerts) == READ_AT_ONCE:
                continue  # what comes may settle what seems due
            await self._act(self._clock.now())
            if not alerts:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._pause()):
                        await self._outbox.wait_beyond(self._state.position)

    async def _read(self, alerts: Sequence[Alert]) -> None:
        incidents = dict(self._state.incidents)
        for alert in alerts:
            self._see(alert, incidents)
        state = Escalated(alerts[-1].sequence, incidents)
        if incidents != self._state.incidents or state.position - self._stored >= STORE_EVERY:
            await self._store(state, ())
        self._state = state

    def _see(self, alert: Alert, incidents: dict[str, Clocked]) -> None:
        """What one alert starts or stops."""
        id_, known = alert.incident.id, incidents.get(alert.incident.id)
        over = alert.kind == "closed" or alert.incident.status == "retracted"
        if over and known is not None:
            incidents[id_] = msgspec.structs.replace(known, steps=(), touched=alert.sent_at)
        if over or not alert.rings or alert.about_itself or self._handling.of(id_):
            return
        if known is not None and (known.steps or known.told):
            return
        rang = alert.sent_at or self._clock.now()
        steps = [
            Step(rang + one.after, tuple(one.receiver), duration_text(one.after))
            for one in self._dispatch.escalations(alert, rang)
        ]
        if steps:
            steps.sort(key=lambda step: step.due)
            incidents[id_] = Clocked(alert.id, tuple(steps), touched=rang)

    async def _act(self, now: datetime) -> None:
        """Tell what is due, forget what was settled."""
        incidents = dict(self._state.incidents)
        found: list[Alert] = []
        for id_, one in self._state.incidents.items():
            if self._handling.of(id_) is not None and one.steps:
                incidents[id_] = msgspec.structs.replace(one, steps=(), touched=now)
            elif one.steps and one.steps[0].due <= now:
                told = await self._tell(id_, one, now)
                incidents[id_] = told[0]
                found += told[1]
            elif not one.steps and (one.touched is None or one.touched + KEPT < now):
                del incidents[id_]
        if incidents != self._state.incidents:
            state = Escalated(self._state.position, incidents)
            self._dispatch.escalated = receivers_of(state)  # before a sink can read the alerts
            await self._store(state, found)
            self._state = state

    async def _tell(self, id_: str, one: Clocked, now: datetime) -> tuple[Clocked, list[Alert]]:
        """The incident after its next step, and the alert that tells."""
        step, *rest = one.steps
        told = tuple(dict.fromkeys((*one.told, *step.receivers)))
        after = Clocked(one.alert, tuple(rest), told, now)
        latest = await self._outbox.ask(latest_of, id_)
        if latest is None or latest.kind == "closed":
            return msgspec.structs.replace(after, steps=()), []
        alert = msgspec.structs.replace(
            latest,
            id=alert_id(f"{one.alert}/unacknowledged", len(one.steps)),
            kind="escalated",
            reason=f"nobody has acknowledged it for {step.after}",
            sequence=0,
            sent_at=now,
        )
        log.warning("incident_unacknowledged", incident=id_, told=list(step.receivers))
        return after, [alert]

    async def _store(self, state: Escalated, alerts: Iterable[Alert]) -> None:
        note = msgspec.json.encode(state).decode()
        work = Work(alerts=tuple(alerts), facts={FACT: note})
        stored = await self._writer.do(commit, work, self._clock.now())
        self._stored = state.position
        if stored:
            self._committed(stored[-1].sequence)

    def _pause(self) -> float:
        """Seconds until something is due."""
        now = self._clock.now()
        due = [one.steps[0].due for one in self._state.incidents.values() if one.steps]
        wait = min(due, default=now + timedelta(days=1)) - now
        return min(LOOK_EVERY, max(0.01, wait.total_seconds()))
