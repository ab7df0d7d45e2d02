"""The HTTP server: feeds of incidents and alerts, each behind a token.

| address | gives |
|---|---|
| `/v1/incidents.geojson` | incidents changed since `since` (or a day), `bbox`, `min_level` |
| `/v1/incidents.atom`, `/v1/incidents.json` | the same as feeds for feed readers |
| `/v1/cap.atom`, `/v1/cap/ID.xml` | alerts as CAP 1.2, and the list of them |
| `/v1/alerts?after=SEQ` | alerts behind a cursor as JSON lines (contract) |
| `/v1/events?after=SEQ` | alerts as they come: server-sent events |
| `/metrics` | numbers for Prometheus |
| `/health` | alive or not; the only one without a token |

A token stands in the header (`Authorization: Bearer ...`) or, for programs that cannot send one, in
the query (`?token=...`). Nothing is written to a log of requests, so that none of them gets there.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog
from aiohttp import hdrs, web

from monitor.alert import Alert, to_json
from monitor.clock import Clock
from monitor.console.asked import Asked, AskedWronglyError, chosen, read_query
from monitor.console.cap import message
from monitor.console.geojson import collection
from monitor.console.metrics import Live, Stored, render
from monitor.console.plain import NameOf
from monitor.console.stream import stream
from monitor.console.syndication import About, atom, json_feed, latest
from monitor.console_settings import Console as Settings
from monitor.console_settings import Reader as Known
from monitor.store.archive import outcomes
from monitor.store.database import Database
from monitor.store.incidents import changed_since
from monitor.store.outbox import Outbox, alert, alerts_after, alerts_of, newest, positions
from monitor.store.reader import Reader

log = structlog.get_logger(__name__)

RECENT = 5000
"""So many alerts back a feed of incidents looks."""
CLOSING_SECONDS = 1.0

HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'",
    "Referrer-Policy": "no-referrer",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Feed = Callable[[web.Request, Asked], Awaitable[web.StreamResponse]]
"""Answers a reader whose token is known, with what they ask for."""


class Behind(NamedTuple):
    """What the server shows: the outbox, the folder of the database, and how the daemon is."""

    instance: str
    outbox: Outbox
    folder: Path
    clock: Clock
    name: NameOf
    live: Callable[[], Live]


class ConsoleServer:
    """Serves until cancelled."""

    name = "console"

    def __init__(self, settings: Settings, behind: Behind) -> None:
        self._settings = settings
        self._behind = behind
        self._sender = settings.sender or f"{behind.instance}@monitor"
        self._reader = Reader(behind.folder)

    async def run(self) -> None:
        """Serve until cancelled.

        Raises:
            OSError: the address cannot be listened on.
        """
        self._reader = Reader(self._behind.folder)
        runner = web.AppRunner(
            self._application(),
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=CLOSING_SECONDS,
        )
        await runner.setup()
        try:
            site = web.TCPSite(runner, self._settings.host, self._settings.port)
            await site.start()
            host, port, *_ = runner.addresses[0]
            log.info("console_listening", address=host, port=port)
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()
            await self._reader.aclose()

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[_plain_errors])
        app.router.add_get("/health", _health)
        routes: dict[str, Feed] = {
            "/metrics": self._metrics,
            "/v1/alerts": self._alerts,
            "/v1/events": self._events,
            "/v1/incidents.geojson": self._geojson,
            "/v1/incidents.atom": self._atom,
            "/v1/incidents.json": self._json_feed,
            "/v1/cap.atom": self._cap_list,
            "/v1/cap/{alert}.xml": self._cap,
        }
        for path, handler in routes.items():
            app.router.add_get(path, self._guarded(handler))
        return app

    def _guarded(self, handler: Feed) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            known = self._known(request)
            if known is None:
                hint = "send `Authorization: Bearer TOKEN`, a token of `console: readers:`"
                answer = _error(HTTPStatus.UNAUTHORIZED, "no valid token", hint)
                answer.headers["WWW-Authenticate"] = 'Bearer realm="monitor"'
                return answer
            asked = read_query(
                {key: value for key, value in request.query.items() if key != "token"},
                self._behind.clock.now(),
                min_level=known.min_level,
                exercise=self._settings.exercise,
            )
            return await handler(request, asked)

        return guarded

    def _known(self, request: web.Request) -> Known | None:
        """Whose token it is; all are compared, so that time tells nothing."""
        kind, _, given = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if kind.lower() != "bearer" or not given:
            given = request.query.get("token", "")
        sent = given.strip().encode("utf-8", "replace")
        same = [hmac.compare_digest(sent, one.token.reveal().encode()) for one in
                self._settings.readers]  # fmt: skip
        return next((one for one, yes in zip(self._settings.readers, same, strict=True) if yes),
                    None)  # fmt: skip

    async def _metrics(self, request: web.Request, _asked: Asked) -> web.StreamResponse:
        text = render(self._behind.live(), await self._reader.do(_stored))
        return _answer(request, text, "text/plain; version=0.0.4")

    async def _alerts(self, request: web.Request, asked: Asked) -> web.StreamResponse:
        after = asked.after or 0
        page = await self._reader.do(alerts_after, after, asked.limit)
        lines = b"".join(to_json(one) + b"\n" for one in page if asked.wants(one))
        answer = _answer(request, lines, "application/x-ndjson")
        answer.headers["X-Cursor"] = str(page[-1].sequence if page else after)
        return answer

    async def _events(self, request: web.Request, asked: Asked) -> web.StreamResponse:
        return await stream(request, asked, self._behind.outbox, HEADERS)

    async def _geojson(self, request: web.Request, asked: Asked) -> web.StreamResponse:
        found = await self._reader.do(changed_since, asked.since, RECENT)
        return _answer(request, collection(chosen(found, asked)), "application/geo+json")

    async def _atom(self, request: web.Request, asked: Asked) -> web.StreamResponse:
        alerts = latest(await self._recent(asked))
        text = atom(alerts, self._about(request), self._behind.name)
        return _answer(request, text, "application/atom+xml")

    async def _json_feed(self, request: web.Request, asked: Asked) -> web.StreamResponse:
        alerts = latest(await self._recent(asked))
        text = json_feed(alerts, self._about(request), self._behind.name)
        return _answer(request, text, "application/feed+json")

    async def _cap_list(self, request: web.Request, asked: Asked) -> web.StreamResponse:
        found = await self._recent(asked)
        alerts = [one for one in reversed(found) if not one.about_itself]
        text = atom(alerts, self._about(request), self._behind.name, cap=True)
        return _answer(request, text, "application/atom+xml")

    async def _cap(self, request: web.Request, asked: Asked) -> web.StreamResponse:
        found = await self._reader.do(_with_earlier, request.match_info["alert"])
        if found is None or not asked.wants(found[0]) or found[0].about_itself:
            return _error(HTTPStatus.NOT_FOUND, "no such alert", "it may have expired")
        text = message(found[0], found[1], self._sender, self._behind.name)
        return _answer(request, text, "application/cap+xml")

    async def _recent(self, asked: Asked) -> list[Alert]:
        """The latest alerts that are asked for, in order."""
        found = await self._reader.do(_last, RECENT)
        since = [one for one in found if (one.sent_at or one.incident.updated_at) >= asked.since]
        return [one for one in since if asked.wants(one)][-asked.limit :]

    def _about(self, request: web.Request) -> About:
        """The feed; its address is shown without the query, in which a token may stand."""
        address = str(request.url.with_query(None))
        return About(self._behind.instance, address, self._behind.clock.now())


def _stored(db: Database) -> Stored:
    return Stored(newest=newest(db), positions=positions(db), outcomes=outcomes(db))


def _last(db: Database, many: int) -> tuple[Alert, ...]:
    return alerts_after(db, max(0, newest(db) - many), many)


def _with_earlier(db: Database, id_: str) -> tuple[Alert, list[Alert]] | None:
    found = alert(db, id_)
    if found is None:
        return None
    return found, [one for one in alerts_of(db, found.incident.id) if one.sequence < found.sequence]


def _answer(request: web.Request, body: bytes, kind: str) -> web.Response:
    """The body, or only that it is what the reader has already."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {**HEADERS, hdrs.ETAG: tag}
    if request.headers.get(hdrs.IF_NONE_MATCH) == tag:
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    return web.Response(body=body, headers={**headers, hdrs.CONTENT_TYPE: _with_charset(kind)})


def _with_charset(kind: str) -> str:
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def _error(status: HTTPStatus, message_: str, hint: str) -> web.Response:
    body = msgspec.json.encode({"error": message_, "hint": hint})
    return web.Response(
        status=status, body=body, headers={**HEADERS, hdrs.CONTENT_TYPE: "application/json"}
    )


async def _health(_request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"alive\n", headers={**HEADERS, hdrs.CONTENT_TYPE: "text/plain"})


@web.middleware
async def _plain_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error as JSON with a hint, never a page and never a traceback."""
    try:
        return await handler(request)
    except AskedWronglyError as error:
        return _error(HTTPStatus.BAD_REQUEST, str(error), error.hint)
    except web.HTTPNotFound:
        return _error(HTTPStatus.NOT_FOUND, "nothing is here", "see docs/feeds.md for addresses")
    except web.HTTPMethodNotAllowed:
        return _error(HTTPStatus.METHOD_NOT_ALLOWED, "only GET is answered", "feeds are read only")
