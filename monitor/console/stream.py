"""Alerts as server-sent events: one that is cut off asks again with the last id that it had."""

import asyncio
from collections.abc import Mapping

from aiohttp import hdrs, web

from monitor.alert import Alert, to_json
from monitor.console.asked import Asked
from monitor.store.outbox import Outbox

PAGE = 200
BEAT_SECONDS = 15.0
"""A comment so often, so that a reader and the proxies between notice a dead connection."""
SLOW_SECONDS = 30.0
"""A reader that takes nothing for so long is let go; it comes back with its last id."""


async def stream(
    request: web.Request, asked: Asked, outbox: Outbox, headers: Mapping[str, str]
) -> web.StreamResponse:
    """Send alerts behind `after` (or the header Last-Event-ID), then each as it comes.

    Without either, only what comes from now on.
    """
    after = await _start(request, asked, outbox)
    response = web.StreamResponse(
        headers={**headers, hdrs.CONTENT_TYPE: "text/event-stream", "X-Accel-Buffering": "no"}
    )
    await response.prepare(request)
    while True:
        page = await outbox.after(after, PAGE)
        lines = b"".join(event(one) for one in page if asked.wants(one))
        if page:
            after = page[-1].sequence
            await _send(response, lines or b": nothing for you\n\n")
            continue
        try:
            async with asyncio.timeout(BEAT_SECONDS):
                await outbox.wait_beyond(after)
        except TimeoutError:
            await _send(response, b": alive\n\n")


def event(alert: Alert) -> bytes:
    """One event: its id is the cursor, its type the alert's kind, its data the alert."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (
        alert.sequence,
        alert.kind.encode(),
        to_json(alert),
    )


async def _start(request: web.Request, asked: Asked, outbox: Outbox) -> int:
    last = request.headers.get("Last-Event-ID", "")
    if last.isascii() and last.isdigit():
        return min(int(last[:18]), await outbox.newest())
    if asked.after is not None:
        return asked.after
    return await outbox.newest()


async def _send(response: web.StreamResponse, data: bytes) -> None:
    async with asyncio.timeout(SLOW_SECONDS):
        await response.write(data)
