"""A Telegram chat: one message per incident, edited as it grows, ringing only when it must.

Opened, escalated and retracted ring as new messages; everything else edits the incident's last one.
The Bot API knows no idempotency: when an answer is lost, edits are simply repeated, what rings is
sent again and says so, anything else is recorded as uncertain.
"""

import asyncio
import random
from collections.abc import Callable
from datetime import tzinfo
from typing import NamedTuple

import structlog

from monitor.alert import Alert
from monitor.clock import Clock
from monitor.sinks.chat_message import ChatMessage, chat_message
from monitor.sinks.deliver import (
    Backoff,
    Mute,
    Outbox,
    RejectedError,
    RetryError,
    Sent,
    begin_at,
    delivery,
    nothing_muted,
    record_whole,
    together,
)
from monitor.sinks.lanes import Lane, Waiting, with_posts_of
from monitor.sinks.pacing import Pacing
from monitor.sinks.telegram_api import (
    BotApi,
    LostAnswerError,
    MessageGoneError,
    MigratedError,
    unchanged,
)
from monitor.sinks.wording import Manner, time_of_day
from monitor.store.outbox import Delivery

log = structlog.get_logger(__name__)

READ_AT_ONCE = 200
MOST_WAITING = 10_000
"""Alerts read ahead of what is settled; of each only its number is kept, of each incident two."""

SILENT_LEVELS = {"informational", "low"}


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

    def __init__(  # noqa: PLR0913 - what it is, where it goes, and its surroundings
        self, name: str, api: BotApi, chat: str, *, clock: Clock, rng: random.Random, zone: tzinfo,
        name_of: Callable[[str], str] = str, mute: Mute = nothing_muted,
    ) -> None:  # fmt: skip
        self.name = name
        self._api = api
        self._chat = chat
        self._configured = chat
        self._clock = clock
        self._zone = zone
        self._name_of = name_of
        self._mute = mute
        self._backoff = Backoff(rng, first=1.0)
        self._pacing = Pacing(group=is_group(chat))
        self._doubts: set[str] = set()
        self._begun: set[str] = set()
        self._outbox: Outbox
        self._waiting = Waiting(0)
        self._news = asyncio.Event()
        self._room = asyncio.Event()

    async def run(self, outbox: Outbox) -> None:
        """Send until cancelled."""
        self._outbox = outbox
        position, notes = await begin_at(outbox, self.name, self._clock.now())
        if notes.get("configured") == self._configured and notes.get("chat"):
            self._chat = str(notes["chat"])
        begun = notes.get("sending")
        self._doubts = {str(alert) for alert in begun} if isinstance(begun, list) else set()
        self._waiting = Waiting(position)
        try:
            await together(self._read(position), self._work())
        finally:
            await self._api.aclose()

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
                why = self._mute(alert)
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
                self._room.clear()
                await self._room.wait()

    async def _was_settled(self, alert: Alert) -> bool:
        last = await self._outbox.last_delivery(self.name, alert.incident.id)
        return last is not None and last.sequence >= alert.sequence

    async def _work(self) -> None:
        """Always the most urgent lane that the chat's limits allow now."""
        while True:
            self._news.clear()
            lane = self._waiting.next()
            if lane is None:
                await self._news.wait()
                continue
            wait = self._pacing.wait(lane.urgency, self._clock.monotonic())
            if wait > 0:
                await self._nap(wait)
                continue
            self._waiting.take(lane)
            try:
                await self._carry(lane)
            except BaseException:
                self._waiting.put_back(lane)
                raise

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
            log.warning(
                "alert_refused", sink=self.name, alert=lane.entries[-1].alert, why=str(error)
            )
            sent = Sent(None, str(error), "refused")
        except MigratedError as error:
            log.warning("chat_migrated", sink=self.name, chat=self._chat, now=error.chat)
            self._chat = error.chat
            await self._note()
            self._waiting.put_back(lane)
            return
        except MessageGoneError:
            lane.afresh = True
            self._waiting.put_back(lane)
            return
        except LostAnswerError as error:
            self._hold(RetryError(str(error)), lane)
            return
        except RetryError as error:
            self._doubts -= self._begun
            self._hold(error, lane)
            return
        self._backoff.reset()
        await self._settle(lane, sent)

    def _hold(self, error: RetryError, lane: Lane) -> None:
        pause = self._backoff.pause(error.after)
        log.warning(
            "receiver_unavailable", sink=self.name, why=str(error), hint=error.hint,
            retry_in=round(pause, 1),
        )  # fmt: skip
        self._pacing.hold(self._clock.monotonic() + pause)
        self._waiting.put_back(lane)

    async def _send(self, lane: Lane) -> Sent:
        alert = lane.newest
        prior = await self._prior(lane.incident)
        if prior is not None and not lane.rings and not lane.afresh:
            message = self._message(await self._since_opened(alert, prior), lane)
            await self._edit(prior, message)
            return Sent(str(prior), _told(lane))
        return await self._send_new(alert, prior, lane)

    async def _send_new(self, alert: Alert, prior: Reference | None, lane: Lane) -> Sent:
        """A new message: it rings, or there is none to edit."""
        message = self._message(alert, lane)
        self._begun = set()
        if lane.rings:
            self._begun = {lane.entries[-1].alert} - self._doubts
            self._doubts |= self._begun
            await self._note()
        silent = not lane.rings or alert.incident.level in SILENT_LEVELS
        self._pacing.called(self._clock.monotonic())
        try:
            number = await self._api.send(
                self._chat, message.text, [one.as_json() for one in message.entities],
                silent=silent, reply_to=prior.first if prior else None,
            )  # fmt: skip
        except LostAnswerError as error:
            if lane.rings:
                raise
            return Sent(None, f"{error}; not repeated, because it does not ring", "uncertain")
        first = prior.first if prior else number
        opened = prior.opened if prior else lane.entries[0].sequence
        return Sent(str(Reference(self._chat, first, number, opened)), _told(lane))

    async def _edit(self, prior: Reference, message: ChatMessage) -> None:
        """Give the incident's last message this text."""
        self._pacing.called(self._clock.monotonic())
        try:
            await self._api.edit(
                self._chat, prior.last, message.text, [one.as_json() for one in message.entities]
            )
        except RejectedError as error:
            if not unchanged(error):
                raise

    async def _prior(self, incident: str) -> Reference | None:
        last = await self._outbox.last_delivery(self.name, incident)
        return read_reference(last.reference if last else None, self._chat)

    async def _since_opened(self, alert: Alert, prior: Reference) -> Alert:
        """The alert led by the post that opened the incident, if the outbox still has it."""
        found = await self._outbox.after(prior.opened - 1, 1)
        if found and found[0].incident.id == alert.incident.id:
            return with_posts_of(found[0], alert)
        return alert

    def _message(self, alert: Alert, lane: Lane) -> ChatMessage:
        now = self._clock.now()
        manner = Manner(
            self._name_of,
            lambda moment: time_of_day(moment, now, self._zone),
            repeated=lane.rings and any(one.alert in self._doubts for one in lane.entries),
        )
        return chat_message(alert, manner)

    async def _note(self) -> None:
        await record_whole(self._outbox, self.name, self._waiting.position, (), self._notes())

    def _notes(self) -> dict[str, object]:
        """Which chat it is, and what was begun and not answered: a kill may lose the answer."""
        known = {"configured": self._configured, "chat": self._chat}
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
        self._room.set()


def _told(lane: Lane) -> str:
    """What the delivery log says of several alerts that one message told."""
    if len(lane.entries) == 1:
        return ""
    return f"{len(lane.entries)} alerts in one message, shown: {lane.entries[-1].alert}"


def is_group(chat: str) -> bool:
    """Groups and channels have negative numbers or names; a person's chat has a positive number."""
    return not chat.isdigit()
