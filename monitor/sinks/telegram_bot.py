"""A Telegram chat: one message per incident, edited as it grows, ringing only when it must.

Opened, escalated and retracted ring as new messages; everything else edits the incident's last one.
The Bot API knows no idempotency: when an answer is lost, edits are simply repeated, what rings is
sent again and says so, anything else is recorded as uncertain.
"""

import asyncio
import contextlib
import random
from collections.abc import Coroutine
from typing import Any, NamedTuple, TypeVar

import structlog

from monitor.alert import Alert
from monitor.clock import Clock
from monitor.sinks.deliver import (
    Backoff,
    Gates,
    Outbox,
    RejectedError,
    RetryError,
    Sent,
    begin_at,
    delivery,
    note_failed,
    record_whole,
    together,
)
from monitor.sinks.lanes import Lane, Waiting, with_posts_of
from monitor.sinks.look import Look
from monitor.sinks.room import Room
from monitor.sinks.telegram_api import LostAnswerError, MessageGoneError, MigratedError, Outgoing
from monitor.store.deliveries import Delivery

log = structlog.get_logger(__name__)

T = TypeVar("T")

READ_AT_ONCE = 200
MOST_WAITING = 10_000
"""Alerts read ahead of what is settled; of each only its number is kept, of each incident two."""

SILENT_LEVELS = {"informational", "low", "medium"}


class Reference(NamedTuple):
    """An incident's messages in the chat: its first, its last, and the alert that opened it."""

    chat: str
    first: int
    last: int
    opened: int

    def __str__(self) -> str:
        return f"{self.chat}/{self.first}/{self.last}/{self.opened}"


def read_reference(text: str | None, chat: str) -> Reference | None:
    """A recorded reference; None if there is none or it speaks of another chat."""
    parts = (text or "").split("/")
    if len(parts) != 4 or parts[0] != chat:  # noqa: PLR2004 - the four fields of a Reference
        return None
    try:
        return Reference(parts[0], int(parts[1]), int(parts[2]), int(parts[3]))
    except ValueError:
        return None


class TelegramBotSink:
    """Carries incidents into one chat."""

    def __init__(
        self, name: str, room: Room, look: Look, *, clock: Clock, rng: random.Random,
        gates: Gates = Gates(),  # noqa: B008 - immutable
    ) -> None:  # fmt: skip
        self.name = name
        self._room = room
        self._clock = clock
        self._look = look
        self._gates = gates
        self._backoff = Backoff(rng, first=1.0)
        self._doubts: set[str] = set()
        self._begun: set[str] = set()
        self._touched: dict[str, None] = {}
        self._outbox: Outbox
        self._waiting = Waiting(0)
        self._news = asyncio.Event()
        self._space = asyncio.Event()

    async def run(self, outbox: Outbox) -> None:
        """Send until cancelled."""
        self._outbox = outbox
        position, notes = await begin_at(outbox, self.name, self._clock.now())
        if notes.get("configured") == self._room.configured and notes.get("chat"):
            self._room.chat = str(notes["chat"])
        begun = notes.get("sending")
        self._doubts = {str(alert) for alert in begun} if isinstance(begun, list) else set()
        self._waiting = Waiting(position)
        unlisten = self._look.handling.listen(self._touch)
        try:
            async with self._room.api:
                await together(self._read(position), self._work())
        finally:
            unlisten()

    def _touch(self, incident: str) -> None:
        """The desk has settled an incident: its message says so."""
        self._touched[incident] = None
        self._news.set()

    async def _read(self, cursor: int) -> None:
        """From the outbox into the lanes; what an earlier run settled is skipped."""
        known = await self._outbox.newest()
        while True:
            alerts = await self._outbox.after(cursor, READ_AT_ONCE)
            if not alerts:
                await self._outbox.wait_beyond(cursor)
            muted: list[Delivery] = []
            for alert in alerts:
                cursor = alert.sequence
                why = self._gates.mute(alert)
                if why is not None:
                    self._waiting.skip(cursor)
                    muted.append(delivery(alert, Sent(None, why, "muted"), 0, self._clock.now()))
                elif cursor <= known and await self._was_settled(alert):
                    self._waiting.skip(cursor)
                else:
                    self._waiting.add(alert)
                    self._news.set()
            if muted:
                await record_whole(self._outbox, self.name, self._waiting.position, muted)
            while len(self._waiting) > MOST_WAITING:
                self._space.clear()
                await self._space.wait()

    async def _was_settled(self, alert: Alert) -> bool:
        last = await self._outbox.last_delivery(self.name, alert.incident.id)
        return last is not None and last.sequence >= alert.sequence

    async def _work(self) -> None:
        """Always the most urgent lane that the chat's limits allow now."""
        while True:
            self._news.clear()
            await self._take_touched()
            lane = self._waiting.next()
            if lane is None:
                await self._news.wait()
                continue
            wait = self._room.pacing.wait(lane.urgency, self._clock.monotonic())
            if wait > 0:
                await self._nap(wait)
                continue
            if crowd := self._waiting.crowd():
                await self._overview(crowd)
                continue
            self._waiting.take(lane)
            try:
                await self._carry(lane)
            except BaseException:
                self._waiting.put_back(lane)
                raise

    async def _take_touched(self) -> None:
        """Lanes for incidents that have a message here which must change."""
        while self._touched:
            incident = next(iter(self._touched))
            del self._touched[incident]
            newest = await self._outbox.latest_of(incident)
            if newest is not None and await self._prior(incident) is not None:
                self._waiting.touch(newest)

    async def _overview(self, crowd: list[Lane]) -> None:
        """Name in one message what will ring one by one as the limits allow; never repeated."""
        alerts = [lane.newest for lane in crowd]
        silent = all(one.incident.level in SILENT_LEVELS or self._gates.hush(one) for one in alerts)
        message = self._look.overview(alerts)
        entities = [one.as_json() for one in message.entities]
        outgoing = Outgoing(message.text, entities, silent=silent, topic=self._room.topic)
        try:
            await self._call(self._room.api.send(self._room.chat, outgoing))
        except RetryError as error:
            self._wait_out(error)
            return
        except (LostAnswerError, RejectedError, MigratedError) as error:
            log.info("overview_lost", sink=self.name, why=str(error))
        for lane in crowd:
            lane.listed = True

    async def _call(self, call: Coroutine[Any, Any, T]) -> T:
        """One call, counted against the chat's limits."""
        pacing = self._room.pacing
        pacing.called(self._clock.monotonic())
        try:
            return await call
        finally:
            pacing.answered(self._clock.monotonic())

    async def _nap(self, seconds: float) -> None:
        """Wait, but not longer than until something else has arrived."""
        sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        news = asyncio.ensure_future(self._news.wait())
        try:
            await asyncio.wait({sleeping, news}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            news.cancel()
            await asyncio.gather(sleeping, news, return_exceptions=True)

    async def _carry(self, lane: Lane) -> None:
        """One attempt at one lane, and what follows from how it ended."""
        lane.attempts += 1
        try:
            sent = await self._send(lane)
        except RejectedError as error:
            log.warning("alert_refused", sink=self.name, alert=lane.last.id, why=str(error))
            sent = Sent(None, str(error), "refused")
        except MigratedError as error:
            log.warning("chat_migrated", sink=self.name, chat=self._room.chat, now=error.chat)
            self._room.chat = error.chat
            await self._note()
            self._waiting.put_back(lane)
            return
        except MessageGoneError:
            if lane.entries:
                lane.afresh = True
                self._waiting.put_back(lane)
            return
        except LostAnswerError as error:
            await self._hold(RetryError(str(error)), lane)
            return
        except RetryError as error:
            self._doubts -= self._begun
            await self._hold(error, lane)
            return
        self._backoff.reset()
        await self._settle(lane, sent)

    async def _hold(self, error: RetryError, lane: Lane) -> None:
        self._wait_out(error)
        self._waiting.put_back(lane)
        failed = [(one.sequence, one.alert, lane.attempts) for one in lane.entries]
        await note_failed(self._outbox, self.name, failed, str(error), self._clock.now())

    def _wait_out(self, error: RetryError) -> None:
        pause = self._backoff.pause(error.after)
        log.warning(
            "receiver_unavailable", sink=self.name, why=str(error), hint=error.hint,
            retry_in=round(pause, 1),
        )  # fmt: skip
        self._room.pacing.hold(self._clock.monotonic() + pause)

    async def _send(self, lane: Lane) -> Sent:
        alert = lane.newest
        prior = await self._prior(lane.incident)
        if lane.aside:
            return await self._answer(prior, lane)
        if prior is not None and not lane.rings and not lane.afresh:
            message = self._message(await self._since_opened(alert, prior), lane)
            await self._call(self._room.api.edit(self._room.chat, prior.last, message))
            if self._gates.evidence:
                self._waiting.put_aside(lane)
            return Sent(str(prior), _told(lane))
        return await self._send_new(alert, prior, lane)

    async def _answer(self, prior: Reference | None, lane: Lane) -> Sent:
        """A map or what was said, silently under the incident's message; if lost, left at that."""
        if prior is None:
            return Sent()
        png = await self._drawn(lane.last) if lane.picture else None
        if png is None:
            message = self._look.evidence(lane.evidence, self._clock.now())
            text, entities = message.text, [one.as_json() for one in message.entities]
        else:
            text, entities = self._look.caption(lane.last), []
        if not text:
            return Sent()
        outgoing = Outgoing(
            text, entities, silent=True, reply_to=prior.first, topic=self._room.topic
        )
        with contextlib.suppress(LostAnswerError, RejectedError):
            if png is None:
                await self._call(self._room.api.send(self._room.chat, outgoing))
            else:
                await self._call(self._room.api.photo(self._room.chat, outgoing, png))
        if png is not None:
            self._waiting.put_aside(lane)
        return Sent()

    async def _drawn(self, alert: Alert) -> bytes | None:
        """The map of an incident's place; None if it cannot be drawn."""
        place, draw = alert.incident.place, self._look.draw
        if draw is None or place is None or place.lat is None:
            return None
        return await asyncio.to_thread(draw, place, alert.incident.level)

    async def _send_new(self, alert: Alert, prior: Reference | None, lane: Lane) -> Sent:
        """A new message: it rings, or there is none to edit."""
        quiet = not lane.rings or alert.incident.level in SILENT_LEVELS or self._gates.hush(alert)
        message = self._message(alert, lane)._replace(
            silent=bool(quiet), reply_to=prior.first if prior else None, topic=self._room.topic
        )
        self._begun = set()
        if lane.rings:
            self._begun = {lane.entries[-1].alert} - self._doubts
            self._doubts |= self._begun
            await self._note()
        try:
            number = await self._call(self._room.api.send(self._room.chat, message))
        except LostAnswerError as error:
            if lane.rings:
                raise
            return Sent(None, f"{error}; not repeated, because it does not ring", "uncertain")
        place = alert.incident.place
        if prior is None and self._look.draw is not None and place and place.lat is not None:
            self._waiting.put_aside(lane, picture=True)
        first = prior.first if prior else number
        opened = prior.opened if prior else alert.sequence
        if lane.entries and not prior:
            opened = lane.entries[0].sequence
        return Sent(str(Reference(self._room.chat, first, number, opened)), _told(lane))

    async def _prior(self, incident: str) -> Reference | None:
        last = await self._outbox.last_delivery(self.name, incident)
        return read_reference(last.reference if last else None, self._room.chat)

    async def _since_opened(self, alert: Alert, prior: Reference) -> Alert:
        """The alert led by the post that opened the incident, if the outbox still has it."""
        found = await self._outbox.after(prior.opened - 1, 1)
        if found and found[0].incident.id == alert.incident.id:
            return with_posts_of(found[0], alert)
        return alert

    def _message(self, alert: Alert, lane: Lane) -> Outgoing:
        repeated = lane.rings and any(one.alert in self._doubts for one in lane.entries)
        message = self._look.message(alert, self._clock.now(), repeated=repeated)
        entities = [one.as_json() for one in message.entities]
        return Outgoing(message.text, entities, keyboard=self._look.keyboard(self.name, alert))

    async def _note(self) -> None:
        await record_whole(self._outbox, self.name, self._waiting.position, (), self._notes())

    def _notes(self) -> dict[str, object]:
        """Which chat it is, and what was begun and not answered: a kill may lose the answer."""
        known = {"configured": self._room.configured, "chat": self._room.chat}
        return {**known, "sending": sorted(self._doubts)}

    async def _settle(self, lane: Lane, sent: Sent) -> None:
        now = self._clock.now()
        deliveries = [
            Delivery(
                entry.sequence, entry.alert, lane.incident, sent.state, lane.attempts, now,
                sent.reference, sent.detail,
            )
            for entry in lane.entries
        ]  # fmt: skip
        self._waiting.settle(lane)
        self._doubts -= {entry.alert for entry in lane.entries}
        position = self._waiting.position
        await record_whole(self._outbox, self.name, position, deliveries, self._notes())
        self._space.set()


def _told(lane: Lane) -> str:
    """What the delivery log says of several alerts that one message told."""
    if len(lane.entries) <= 1:
        return ""
    return f"{len(lane.entries)} alerts in one message, shown: {lane.entries[-1].alert}"
