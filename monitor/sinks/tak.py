"""Markers on TAK maps: a connection to a TAK server that stays, one event an alert.

The protocol acknowledges nothing. So after every reconnect the markers sent in the last hours are
sent again: a marker is known by its incident, so that a repetition changes nothing.
"""

import asyncio
import contextlib
import ssl
from typing import NamedTuple

from monitor.alert import Alert
from monitor.sinks.cot import STAYS, event, has_point
from monitor.sinks.deliver import Outbox, RetryError, Sent
from monitor.sinks.one_by_one import Pace, one_by_one

CONNECT_SECONDS = 15.0
SEND_SECONDS = 15.0
REPEATED = 1000
"""Markers sent again after a reconnect, at most; the latest."""


class TakServer(NamedTuple):
    """Where markers go; with `ca` over TLS, with our own certificate if the server wants one."""

    host: str
    port: int
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None


class TakSink:
    """Sends markers, in order, over one connection."""

    def __init__(self, name: str, server: TakServer, pace: Pace) -> None:
        self.name = name
        self._server = server
        self._pace = pace
        self._writer: asyncio.StreamWriter | None = None
        self._lost = asyncio.Event()
        self._shown: dict[str, Alert] = {}

    async def run(self, outbox: Outbox) -> None:
        """Send until cancelled."""
        try:
            await one_by_one(outbox, self.name, self._send, self._pace)
        finally:
            await self._close()

    async def _send(self, alert: Alert, _failures: int) -> Sent:
        if not has_point(alert):
            return Sent(None, "no place is known: nothing to show on a map", "muted")
        try:
            async with asyncio.timeout(CONNECT_SECONDS + SEND_SECONDS):
                writer = await self._connected()
                writer.write(event(alert, self._pace.clock.now()))
                await writer.drain()
        except (OSError, TimeoutError, ssl.SSLError) as error:
            await self._close()
            hint = "is the TAK server running, and are host, port and certificates right?"
            raise RetryError(f"no connection: {type(error).__name__}", hint=hint) from None
        self._remember(alert)
        return Sent()

    def _remember(self, alert: Alert) -> None:
        self._shown.pop(alert.incident.id, None)
        self._shown[alert.incident.id] = alert
        if len(self._shown) > REPEATED:
            self._shown.pop(next(iter(self._shown)))

    async def _connected(self) -> asyncio.StreamWriter:
        """The connection; a new one begins with the markers that the old one may have lost."""
        if self._writer is not None and not self._lost.is_set():
            return self._writer
        await self._close()
        to = self._server
        reader, writer = await asyncio.open_connection(to.host, to.port, ssl=_context(to))
        self._writer, self._lost = writer, asyncio.Event()
        self._reading = asyncio.create_task(_discard(reader, self._lost))
        now = self._pace.clock.now()
        for alert in self._shown.values():
            if (alert.sent_at or now) > now - STAYS:
                writer.write(event(alert, now))
        await writer.drain()
        return writer

    async def _close(self) -> None:
        if self._writer is None:
            return
        self._reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reading
        self._writer.close()
        with contextlib.suppress(OSError, ssl.SSLError, TimeoutError):
            async with asyncio.timeout(1):
                await self._writer.wait_closed()
        self._writer = None


async def _discard(reader: asyncio.StreamReader, lost: asyncio.Event) -> None:
    """Take what the server sends (others' markers) and throw it away, until it hangs up."""
    try:
        while await reader.read(65536):
            pass
    except OSError:
        pass
    finally:
        lost.set()


def _context(to: TakServer) -> ssl.SSLContext | None:
    if to.ca is None:
        return None
    context = ssl.create_default_context(cafile=to.ca)
    if to.certificate:
        context.load_cert_chain(to.certificate, to.key)
    return context
