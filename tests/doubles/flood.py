"""A flood of alerts for a chat, in any kind of time, and the figures that come of it.

Ten thousand alerts in fifty incidents within a minute, five critical ones amid them:
what a chat's limits must survive. Used by a test (virtual time) and scripts/flood_chat.py (real).
"""

import asyncio
import heapq
import itertools
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from monitor.alert import Alert, AlertKind
from monitor.rule import Level
from monitor.secret import Secret
from monitor.sinks.telegram_api import BotApi, Parameters, _result
from monitor.store.deliveries import Delivery
from tests.doubles.bot_api import TOKEN, BotApiDouble
from tests.doubles.outbox import MOMENT, MemoryOutbox, make_alert, make_post

INCIDENTS, CRITICALS = 50, 5
LEVELS: tuple[Level, ...] = ("medium", "high", "low")


class VirtualClock:
    """Time that passes only when everybody waits."""

    def __init__(self) -> None:
        self.time = 0.0
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = itertools.count()

    def now(self) -> datetime:
        """The wall time."""
        return MOMENT + timedelta(seconds=self.time)

    def monotonic(self) -> float:
        """Seconds since the beginning."""
        return self.time

    async def sleep(self, seconds: float) -> None:
        """Wait until that time has come."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (self.time + seconds, next(self._number), future))
        await future

    async def run_until(self, done: Callable[[], bool], limit: float) -> None:
        """Let time pass until it is so, or the limit is reached."""
        while not done() and self.time < limit:
            for _ in range(60):  # everybody who can go on does
                await asyncio.sleep(0)
            while self._waiting and self._waiting[0][2].done():
                heapq.heappop(self._waiting)
            if not self._waiting:
                return
            self.time, _, future = heapq.heappop(self._waiting)
            future.set_result(None)


class DirectApi(BotApi):
    """The API without a network in between: the double's own answers."""

    def __init__(self, double: BotApiDouble) -> None:
        super().__init__(Secret("env:TOKEN", TOKEN), "http://127.0.0.1:1")
        self._double = double

    async def _call(self, method: str, parameters: Parameters) -> Any:
        await asyncio.sleep(0)
        assert isinstance(parameters, Mapping)
        answer = self._double.carry_out(method, dict(parameters), {})
        self._double.calls.append((self._double.now(), method, answer.status))
        return _result(answer.status, bytes(answer.body or b""), method)  # type: ignore[arg-type]


class FastOutbox(MemoryOutbox):
    """Records without a pause: time is somebody else's."""

    async def record(
        self, sink: str, sequence: int, deliveries: Any,
        state: Mapping[str, object] | None = None,
    ) -> None:  # fmt: skip
        """At once."""
        notes = dict(state) if state is not None else self.positions.get(sink, (0, {}))[1]
        self.positions[sink] = (sequence, notes)
        for one in deliveries:
            assert isinstance(one, Delivery)
            self.deliveries[sink, one.sequence] = one
            if one.reference is not None:
                self._last[sink, one.incident] = one

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[str, str], Delivery] = {}

    async def last_delivery(self, sink: str, incident: str) -> Delivery | None:
        """From memory."""
        return self._last.get((sink, incident))


class Figures(NamedTuple):
    """What is to be shown: seconds until each incident and each critical was seen, and calls."""

    slowest: float
    slowest_critical: float
    most_in_a_minute: int
    refused: int
    calls: int
    broken_promises: int


async def pour(
    outbox: MemoryOutbox, clock: Any, *, alerts: int, seconds: float, born: dict[str, float]
) -> None:  # fmt: skip
    """Put the alerts out evenly; `born` notes when each incident began."""
    step = 50
    for begin in range(0, alerts, step):
        batch = []
        for number in range(begin, min(begin + step, alerts)):
            incident, ordinal = number % INCIDENTS, number // INCIDENTS
            kind: AlertKind = "updated"
            if not ordinal:
                kind = "opened"
                born.setdefault(f"i{incident:02}", clock.monotonic())
            elif ordinal % 40 == incident % 40:
                kind = "escalated"
            batch.append(_alert(incident, ordinal, kind, LEVELS[incident % 3]))
        await outbox.add(*batch)
        if begin <= alerts // 2 < begin + step:
            for one in range(CRITICALS):
                born[f"i{90 + one}"] = clock.monotonic()
            await outbox.add(
                *(_alert(90 + one, 0, "opened", "critical") for one in range(CRITICALS))
            )
        await clock.sleep(seconds * step / alerts)


def _alert(incident: int, ordinal: int, kind: AlertKind, level: Level) -> Alert:
    post = make_post(f"post {ordinal}", source=f"telegram:s{ordinal % 7}")
    alert = make_alert(ordinal, incident, kind=kind, level=level, posts=(post,))
    what = msgspec.structs.replace(alert.incident, title=f"Title-i{incident:02}")
    return msgspec.structs.replace(alert, incident=what)


def figures(double: BotApiDouble, born: Mapping[str, float]) -> Figures:
    """What the double has seen."""
    seen: dict[str, float] = {}
    for at, text in double.shown:
        for name in born:
            if name not in seen and f"Title-{name}" in text:
                seen[name] = at - born[name]
    missing = [name for name in born if name not in seen]
    assert not missing, missing
    # edits and messages are limited, answers to presses are not
    times = [at for at, method, status in double.calls if status == 200 and method != "getUpdates"]
    most = max(sum(at <= other < at + 60 for other in times) for at in times)
    broken = sum(
        1
        for at, wait in double.floods
        if any(at < other < at + wait - 0.01 for other, _, _ in double.calls)
    )
    return Figures(
        max(value for name, value in seen.items() if int(name[1:]) < 90),
        max(value for name, value in seen.items() if int(name[1:]) >= 90),
        most, sum(status == 429 for _, _, status in double.calls), len(times), broken,
    )  # fmt: skip
