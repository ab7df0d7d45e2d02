"""What stands behind an address json://... of Apprise's: takes messages, or refuses some."""

import warnings
from typing import Self

import msgspec
from aiohttp import web
from apprise import Apprise


class AppriseReceiver:
    """Keeps the bodies; `refusals` counts how many requests are answered 500 first."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.titles: list[str] = []
        self.refusals = 0
        self.port = 0

    async def __aenter__(self) -> Self:
        with warnings.catch_warnings():  # its modules, all loaded at first use, are not ours
            warnings.simplefilter("ignore")
            Apprise().add("json://127.0.0.1/")
        app = web.Application()
        app.router.add_post("/", self._take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        if self.refusals:
            self.refusals -= 1
            return web.Response(status=500)
        body = msgspec.json.decode(await request.read(), type=dict[str, object])
        self.messages.append(str(body["message"]))
        self.titles.append(str(body["title"]))
        return web.Response(status=200)
