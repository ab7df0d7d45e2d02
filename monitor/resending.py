"""`monitor resend`: one alert once more to one receiver, whatever became of it before.

A second instance of the receiver's sink runs over an outbox that holds only this alert, so every
kind of sink resends as it sends. Positions stay where they are; the delivery is replaced, its
attempts counted on. Routes and silences are not asked: a person wants it sent.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import structlog

from monitor.action import Action
from monitor.alert import Alert
from monitor.control import Answer
from monitor.form import did_you_mean
from monitor.sinks.deliver import Sink
from monitor.store.attempts import Attempt
from monitor.store.deliveries import Delivery
from monitor.store.outbox import Outbox

log = structlog.get_logger(__name__)

SECONDS = 4.0
"""Less than the control socket waits for an answer."""


class OneAlert:
    """An outbox with one alert in it, for one run of one sink."""

    def __init__(self, outbox: Outbox, alert: Alert, earlier: Delivery | None) -> None:
        self._outbox = outbox
        self._alert = alert
        self._earlier = earlier
        self.delivered: asyncio.Future[Delivery] = asyncio.get_running_loop().create_future()

    async def after(self, sequence: int, limit: int) -> Sequence[Alert]:
        """The alert, if it lies behind `sequence`."""
        del limit
        return [self._alert] if sequence < self._alert.sequence else []

    async def newest(self) -> int:
        """The sequence before the alert: it is to be sent, not skipped as known."""
        return self._alert.sequence - 1

    async def first_since(self, moment: datetime) -> int:
        """The sequence before the alert."""
        del moment
        return self._alert.sequence - 1

    async def wait_beyond(self, sequence: int) -> None:
        """Return if the alert lies behind `sequence`; else nothing will ever come."""
        if sequence >= self._alert.sequence:
            await asyncio.Event().wait()

    async def attempted(self, sink: str, attempts: Sequence[Attempt]) -> None:
        """As the store's, counted on from the earlier attempts."""
        before = self._before()
        counted = [msgspec.structs.replace(one, attempt=before + one.attempt) for one in attempts]
        await self._outbox.attempted(sink, counted)

    def _before(self) -> int:
        tried = self._earlier is not None and self._earlier.state != "muted"
        return self._earlier.attempts if self._earlier and tried else 0

    async def latest_of(self, incident: str) -> Alert | None:
        """The alert, if it is that incident's."""
        return self._alert if incident == self._alert.incident.id else None

    async def position(self, sink: str) -> tuple[int, dict[str, object]]:
        """Right before the alert, with the sink's own notes."""
        known = await self._outbox.position(sink)
        return self._alert.sequence - 1, known[1] if known else {}

    async def record(
        self,
        sink: str,
        sequence: int,
        deliveries: Sequence[Delivery],
        state: Mapping[str, object] | None = None,
    ) -> None:
        """Store what became of the alert; position and notes belong to the running sink."""
        del sequence, state
        before = self._before()
        if before and self._earlier is not None:
            ended = f"{self._earlier.state}: {self._earlier.detail}".rstrip(": ")
            last = Attempt(
                self._earlier.sequence, self._earlier.alert, before, self._earlier.at, ended
            )
            await self._outbox.attempted(sink, [last])
        for one in deliveries:
            counted = msgspec.structs.replace(one, attempts=before + one.attempts)
            await self._outbox.redeliver(sink, [counted])
            if not self.delivered.done():
                self.delivered.set_result(counted)

    async def last_delivery(self, sink: str, incident: str) -> Delivery | None:
        """The incident's message, unless it shows something newer than this alert."""
        last = await self._outbox.last_delivery(sink, incident)
        return last if last is None or last.sequence <= self._alert.sequence else None


class Resending:
    """Answers `resend`. `build` makes a receiver's sink anew; `names` are all receivers."""

    def __init__(self, outbox: Outbox, build: Callable[[str], Sink], names: Sequence[str]) -> None:
        self._outbox = outbox
        self._build = build
        self._names = names
        self._turn = asyncio.Lock()

    async def resend(self, question: Answer) -> Answer:
        """Send alert `alert` to receiver `sink` again; answers with the delivery."""
        id_, sink = str(question.get("alert", "")), str(question.get("sink", ""))
        if sink not in self._names:
            hint = did_you_mean(sink, self._names) if self._names else "there are no receivers"
            if sink == "mqtt":
                hint = "who listens on the bus catches up by: monitor tail --after SEQ --json"
            return {"error": f"no receiver is called {sink}", "hint": hint}
        alert = await self._outbox.alert(id_)
        if alert is None:
            hint = "it may have expired; monitor deliveries shows those that are kept"
            return {"error": f"no alert {id_}", "hint": hint}
        if self._turn.locked():
            return {"error": "another alert is being sent again", "hint": "wait a few seconds"}
        async with self._turn:
            earlier = dict(await self._outbox.deliveries_of(id_)).get(sink)
            sent = await self._run(sink, OneAlert(self._outbox, alert, earlier))
        if sent is None:
            log.warning("resend_unanswered", sink=sink, alert=id_)
            hint = "is it reachable? monitor status and the log say more; then try again"
            return {"error": f"{sink} has not taken it within {SECONDS:g} s", "hint": hint}
        action = Action(
            key=secrets.token_hex(8), at=sent.at, did="resend", alert=id_, incident=sent.incident,
            who=str(question.get("by") or "somebody")[:200], via="command line",
            detail=f"to {sink}: {sent.state}",
        )  # fmt: skip
        await self._outbox.note(action)
        log.info("resent", sink=sink, alert=id_, state=sent.state, detail=sent.detail)
        return {"delivery": msgspec.to_builtins(sent)}

    async def _run(self, sink: str, one: OneAlert) -> Delivery | None:
        task = asyncio.ensure_future(self._build(sink).run(one))
        awaited: set[asyncio.Future[Any]] = {task, one.delivered}
        try:
            await asyncio.wait(awaited, timeout=SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        return one.delivered.result() if one.delivered.done() else None
