"""Answers in a Matrix room: reactions under an incident's message, done once and written down."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import aiohttp
import structlog

from monitor.action import Action, ActionKind
from monitor.chat.office import Office
from monitor.incident import Incident
from monitor.sinks.deliver import Backoff, RejectedError, RetryError
from monitor.sinks.handling import Handling
from monitor.sinks.matrix_api import TIMEOUT, MatrixApi, Reaction
from monitor.store.actions import act
from monitor.store.deliveries import incident_by_reference
from monitor.store.incidents import incident

log = structlog.get_logger(__name__)

MEANINGS: Mapping[str, str] = {
    "👍": "acknowledge", "✅": "acknowledge", "👌": "acknowledge",
    "👎": "false_alarm", "❌": "false_alarm",
    "🔇": "mute", "🔕": "mute",
}  # fmt: skip
"""What a reaction means; any other means nothing."""
HOUR = "1h"
_VARIANT = "\ufe0f"


class Window(NamedTuple):
    """The room of one receiver, and who may answer there: Matrix id -> what they are called."""

    receiver: str
    api: MatrixApi
    people: Mapping[str, str]
    handling: Handling


class Reactions:
    """Listens to one room."""

    def __init__(self, window: Window, office: Office, backoff: Backoff) -> None:
        self.name = f"answers-{window.receiver}"
        self._window = window
        self._office = office
        self._backoff = backoff

    async def run(self) -> None:
        """Listen until cancelled. What came while nobody listened is taken at the start."""
        async with aiohttp.ClientSession(timeout=TIMEOUT) as web:
            while True:
                try:
                    await self._listen(web)
                except (RetryError, RejectedError) as error:
                    log.warning("answers_unavailable", receiver=self._window.receiver,
                                why=str(error), hint=error.hint)  # fmt: skip
                    after = error.after if isinstance(error, RetryError) else None
                    await self._office.clock.sleep(self._backoff.pause(after))

    async def _listen(self, web: aiohttp.ClientSession) -> None:
        api = self._window.api
        await api.enter(web)
        since = (await api.sync(web, None)).next
        await self._take_all(await api.recent(web))
        while True:
            page = await api.sync(web, since)
            self._backoff.reset()
            await self._take_all(await api.recent(web) if page.gap else page.reactions)
            since = page.next

    async def _take_all(self, reactions: tuple[Reaction, ...]) -> None:
        for one in reactions:
            await self._take(one)

    async def _take(self, one: Reaction) -> None:
        """Do what a reaction asks for, if it asks for anything and its sender may."""
        means = MEANINGS.get(one.key.replace(_VARIANT, ""))
        if means is None:
            return
        window, outbox = self._window, self._office.outbox
        reference = f"{window.api.room}|{one.under}"
        found = await outbox.ask(incident_by_reference, window.receiver, reference)
        about = await outbox.ask(incident, found) if found else None
        if about is None:
            return
        who = window.people.get(one.sender)
        if who is None:
            await self._refuse(one, means, about)
        elif means == "mute":
            await self._office.silencing.mute({
                "rule": about.rule, "for": HOUR, "incident": about.id, "by": who,
                "via": window.receiver, "key": _key(one),
            })  # fmt: skip
        else:
            await self._judge(one, means, about, who)

    async def _judge(self, one: Reaction, means: str, about: Incident, who: str) -> None:
        did: ActionKind = "acknowledge" if means == "acknowledge" else "false_alarm"
        action = self._action(one, did, about, who, "")
        if await self._office.writer.do(act, action):
            self._window.handling.took(action)
            log.info("incident_judged", incident=about.id, did=did, who=who)

    async def _refuse(self, one: Reaction, means: str, about: Incident) -> None:
        detail = f"{means}: not among the people"
        action = self._action(one, "refused", about, one.sender[:80], detail)
        if await self._office.writer.do(act, action):
            hint = "to allow them: people: [{id: ..., name: ...}] at the receiver"
            receiver = self._window.receiver
            log.warning("not_allowed", receiver=receiver, user=one.sender[:80], hint=hint)

    def _action(
        self, one: Reaction, did: ActionKind, about: Incident, who: str, detail: str
    ) -> Action:
        now: datetime = self._office.clock.now()
        return Action(
            key=_key(one), at=now, did=did, who=who, via=self._window.receiver,
            incident=about.id, rule=about.rule, detail=detail,
        )  # fmt: skip


def _key(one: Reaction) -> str:
    return f"reaction/{one.event}"
