"""Alerts through Apprise, for the hundred services that have no sink of their own here.

An address of Apprise's is a secret as a whole (`slack://token...`). What it answers is yes or no:
a no is tried again a few times and then becomes a dead letter, because it may never become a yes.
"""

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from monitor.alert import Alert
from monitor.secret import Secret
from monitor.sinks.deliver import Outbox, RetryError, Sent
from monitor.sinks.letter import subject
from monitor.sinks.one_by_one import Pace, heeding, one_by_one
from monitor.sinks.styled import inert_text
from monitor.sinks.wording import Manner, compose

if TYPE_CHECKING:
    from apprise import Apprise

SECONDS = 60.0
MOST_FAILURES = 5


class AppriseSink:
    """Sends every alert to one address of Apprise's."""

    def __init__(self, name: str, address: Secret, pace: Pace) -> None:
        self.name = name
        self._address = address
        self._pace = pace
        self._service: Apprise | None = None

    async def run(self, outbox: Outbox) -> None:
        """Send until cancelled."""
        await one_by_one(outbox, self.name, self._send, self._pace)

    async def _send(self, alert: Alert, failures: int) -> Sent:
        try:
            async with asyncio.timeout(SECONDS):
                notify = self._ready().async_notify
                answer = await heeding(
                    notify(body=text(alert), title=subject(alert), body_format="text")
                )
            taken = bool(answer)
        except TimeoutError:
            taken = False
        if taken:
            return Sent()
        if failures >= MOST_FAILURES:
            return Sent(None, f"not taken {failures + 1} times", "dead")
        raise RetryError("not taken", hint="is the address right? try it with the apprise command")

    def _ready(self) -> "Apprise":
        """The library takes long to load, and is not installed unless asked for."""
        if self._service is None:
            from apprise import Apprise  # noqa: PLC0415 - an extra, and slow to load

            self._service = Apprise()
            self._service.add(self._address.reveal())
        return self._service


def text(alert: Alert) -> str:
    """The alert as plain text; strangers' addresses and mentions in it are inert."""

    def when(moment: datetime) -> str:
        return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"

    return inert_text(compose(alert, Manner(str, when)))
