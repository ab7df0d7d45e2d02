"""The lane that asks one bot's updates: each is handled once, whatever dies in between.

What was done is written down under the update's own key before the update is confirmed, so after a
crash it comes again, is known as done, and is only answered again. How far was read is kept for
six days: after a week without news the Bot API may begin to count anew.
"""

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NoReturn, Protocol

import structlog

from monitor.chat.update import Update, read
from monitor.clock import Clock
from monitor.sinks.deliver import Backoff, RejectedError, RetryError
from monitor.sinks.speech import LANGUAGES
from monitor.sinks.telegram_api import BotApi, LostAnswerError
from monitor.store.commit import Work, commit
from monitor.store.incidents import facts
from monitor.store.writer import Writer

log = structlog.get_logger(__name__)

STALE = timedelta(days=6)
SHORT_WAIT = 1.0
TRIES = 3
"""So often is one update handled anew after an error of ours, before it is given up."""


class Handler(Protocol):
    """Who deals with updates; `name` is the bot's, as commands address it."""

    name: str | None

    def menu(self, language: str) -> Mapping[str, str]:
        """The commands in a language (empty: in the one for everybody else)."""

    async def answer(self, update: Update) -> None:
        """Deal with one; the same one again must change nothing more."""


class Listener:
    """One bot's updates, in order. How far it has read is kept in the store."""

    def __init__(
        self, name: str, api: BotApi, writer: Writer, clock: Clock, rng: random.Random
    ) -> None:
        self.name = name
        self._api = api
        self._writer = writer
        self._clock = clock
        self._fact = f"chat/{name}"
        self._backoff = Backoff(rng, first=1.0)
        self._offset = self._known()
        self._failures: dict[object, int] = {}

    def _known(self) -> int | None:
        """Where the last run stopped, if that is not too long ago."""
        at, _, offset = facts(self._writer.database).get(self._fact, "").partition(" ")
        try:
            recent = self._clock.now() - datetime.fromisoformat(at) < STALE
            return int(offset) if recent else None
        except ValueError:
            return None

    async def run(self, handler: Handler) -> NoReturn:
        """Ask and handle until cancelled."""
        while True:
            try:
                await self._once(handler)
                self._backoff.reset()
            except (RetryError, RejectedError) as error:
                pause = self._backoff.pause(getattr(error, "after", None))
                log.warning(
                    "chat_unheard", bot=self.name, why=str(error), hint=error.hint,
                    retry_in=round(pause, 1),
                )  # fmt: skip
                await self._clock.sleep(pause)
            except LostAnswerError:
                await self._clock.sleep(SHORT_WAIT)

    async def _once(self, handler: Handler) -> None:
        if handler.name is None:
            name = str((await self._api.me()).get("username") or "")
            for language in ("", *LANGUAGES):
                await self._api.offer(handler.menu(language), language)
            handler.name = name
        before = self._offset
        for given in await self._api.updates(self._offset):
            await self._handle(given, handler)
            number = given.get("update_id")
            if isinstance(number, int):
                self._offset = number + 1
        if self._offset != before:
            note = f"{self._clock.now().isoformat()} {self._offset}"
            work = Work(facts={self._fact: note})
            await self._writer.do(commit, work, self._clock.now())

    async def _handle(self, given: Mapping[str, object], handler: Handler) -> None:
        """One update; the third error with the same one lets the others live."""
        update = read(given)
        if update is None:
            return
        try:
            await handler.answer(update)
        except Exception:
            failures = self._failures.pop(update.update, 0) + 1
            if failures < TRIES:
                self._failures[update.update] = failures
                raise
            log.exception("update_given_up", bot=self.name, update=update.update)
