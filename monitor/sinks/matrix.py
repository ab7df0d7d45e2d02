"""A Matrix room: one message an incident, edited as it grows; what is new stands in its thread.

What rings (opened, escalated, retracted) is a message with a sound, everything else a notice or an
edit. Transaction ids are the alerts', so that nothing is shown twice after a lost answer.
"""

import asyncio

import aiohttp

from monitor.alert import Alert
from monitor.sinks.deliver import Gates, Outbox, RejectedError, RetryError, Sent, together
from monitor.sinks.look import Look
from monitor.sinks.matrix_api import TIMEOUT, MatrixApi
from monitor.sinks.matrix_message import edited, lines_of, message, threaded
from monitor.sinks.one_by_one import Pace, one_by_one
from monitor.sinks.telegram_bot import SILENT_LEVELS


class MatrixSink:
    """Carries incidents into one room."""

    def __init__(self, name: str, api: MatrixApi, look: Look, pace: Pace, gates: Gates) -> None:
        self.name = name
        self._api = api
        self._look = look
        self._pace = pace
        self._gates = gates
        self._entered = False
        self._touched: dict[str, None] = {}
        self._touch = asyncio.Event()
        self._web: aiohttp.ClientSession
        self._outbox: Outbox

    async def run(self, outbox: Outbox) -> None:
        """Send until cancelled."""
        self._outbox = outbox
        unlisten = self._look.handling.listen(self._handled)
        try:
            async with aiohttp.ClientSession(timeout=TIMEOUT) as self._web:
                await together(
                    one_by_one(outbox, self.name, self._send, self._pace), self._show_handled()
                )
        finally:
            unlisten()

    async def _send(self, alert: Alert, _failures: int) -> Sent:
        if not self._entered:
            await self._api.enter(self._web)
            self._entered = True
        now = self._pace.clock.now()
        lines = lines_of(alert, self._look, now)
        root = await self._root(alert.incident.id)
        silent = alert.incident.level in SILENT_LEVELS or bool(self._gates.hush(alert))
        rings = alert.rings and not silent
        if root is None:
            event = await self._api.send(self._web, message(lines, rings=rings), alert.id)
            return Sent(f"{self._api.room}|{event}")
        content = message(lines, rings=False)
        await self._api.send(self._web, edited(root, content), f"{alert.id}.edit")
        if alert.rings or alert.posts:
            news = threaded(root, message(lines, rings=rings))
            await self._api.send(self._web, news, f"{alert.id}.thread")
        return Sent(f"{self._api.room}|{root}")

    async def _root(self, incident: str) -> str | None:
        """The incident's message, if it has one in this room."""
        last = await self._outbox.last_delivery(self.name, incident)
        room, _, event = (last.reference or "").partition("|") if last else ("", "", "")
        return event if room == self._api.room and event else None

    def _handled(self, incident: str) -> None:
        self._touched[incident] = None
        self._touch.set()

    async def _show_handled(self) -> None:
        """Messages of incidents that the desk has settled say so."""
        while True:
            await self._touch.wait()
            self._touch.clear()
            for incident in list(self._touched):
                del self._touched[incident]
                newest, root = await self._outbox.latest_of(incident), await self._root(incident)
                action = self._look.handling.of(incident)
                if newest is None or root is None or action is None:
                    continue
                lines = lines_of(newest, self._look, self._pace.clock.now())
                content = edited(root, message(lines, rings=False))
                try:
                    await self._api.send(self._web, content, f"{newest.id}.{action.key}")
                except RejectedError:
                    continue
                except RetryError as error:
                    self._handled(incident)
                    await self._pace.clock.sleep(error.after or 5.0)
