"""A receiver of webhooks on loopback: takes what is signed right, answers what the test says."""

import base64
import hashlib
import hmac
from typing import NamedTuple, Self

from aiohttp import web


class Posted(NamedTuple):
    """One request that was taken."""

    id: str
    headers: dict[str, str]
    body: bytes


class WebhookServer:
    """Checks every signature; `answers` are given first (status, headers), then 204."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()
        self.taken: list[Posted] = []
        self.attempts: list[str] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/hook", self._take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/hook"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        id_, timestamp = request.headers["webhook-id"], request.headers["webhook-timestamp"]
        signed = hmac.new(self._key, f"{id_}.{timestamp}.".encode() + body, hashlib.sha256)
        expected = "v1," + base64.b64encode(signed.digest()).decode()
        if not hmac.compare_digest(request.headers["webhook-signature"], expected):
            return web.Response(status=401)
        self.attempts.append(id_)
        if self.answers:
            status, headers = self.answers.pop(0)
            return web.Response(status=status, headers=headers)
        self.taken.append(Posted(id_, dict(request.headers), body))
        return web.Response(status=204)
