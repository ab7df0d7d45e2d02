"""A real Matrix homeserver (Synapse) on loopback: one for a whole test run, a new room for each."""

import asyncio
import atexit
import subprocess
import sys
import tempfile
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

from tests.doubles.brokers import free_port
from tests.patience import PATIENCE

CONFIG = """
server_name: test.invalid
pid_file: {folder}/pid
listeners:
  - {{port: {port}, bind_addresses: [127.0.0.1], type: http, tls: false,
     resources: [{{names: [client], compress: false}}]}}
database: {{name: sqlite3, args: {{database: "{folder}/homeserver.db"}}}}
media_store_path: {folder}/media
signing_key_path: {folder}/signing.key
log_config: {folder}/log.yaml
report_stats: false
macaroon_secret_key: "for tests"
form_secret: "for tests"
registration_shared_secret: "for tests"
enable_registration: true
enable_registration_without_verification: true
trusted_key_servers: []
rc_message: {{per_second: 10000, burst_count: 10000}}
rc_registration: {{per_second: 10000, burst_count: 10000}}
rc_joins: {{local: {{per_second: 10000, burst_count: 10000}}}}
rc_room_creation: {{per_second: 10000, burst_count: 10000}}
"""
LOG = "version: 1\nhandlers: {none: {class: logging.NullHandler}}\nroot: {handlers: [none]}\n"


class Synapse:
    """The server's process."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="synapse-")
        folder = Path(self._folder.name)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        config = folder / "homeserver.yaml"
        config.write_text(CONFIG.format(folder=folder, port=self.port), "utf-8")
        (folder / "log.yaml").write_text(LOG, "utf-8")
        command = [sys.executable, "-m", "synapse.app.homeserver", "-c", str(config)]
        subprocess.run([*command, "--generate-keys"], check=True, capture_output=True)
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        atexit.register(self.stop)
        self._users = 0

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()

    async def ready(self, web: aiohttp.ClientSession) -> None:
        """Return once it answers."""
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    async with web.get(f"{self.url}/_matrix/client/versions") as answer:
                        if answer.status == HTTPStatus.OK:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.1)

    async def user(self, web: aiohttp.ClientSession) -> "User":
        """A new account."""
        self._users += 1
        body = {"username": f"user{self._users}", "password": "for tests",
                "auth": {"type": "m.login.dummy"}}  # fmt: skip
        async with web.post(f"{self.url}/_matrix/client/v3/register", json=body) as answer:
            found = await answer.json()
        return User(self, web, found["user_id"], found["access_token"])


class User:
    """One account and what it can do."""

    def __init__(self, server: Synapse, web: aiohttp.ClientSession, id_: str, token: str) -> None:
        self.id = id_
        self.token = token
        self._server = server
        self._web = web

    async def call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Any call of the client-server API."""
        url = f"{self._server.url}/_matrix/client/v3/{path}"
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self._web.request(method, url, json=body, headers=headers) as answer:
            found: dict[str, Any] = await answer.json()
            assert answer.status == HTTPStatus.OK, found
            return found

    async def room(self, invited: str, **more: object) -> str:
        """A new room with somebody invited."""
        body = {"preset": "private_chat", "invite": [invited], **more}
        return str((await self.call("POST", "createRoom", body))["room_id"])

    async def messages(self, room: str) -> list[dict[str, Any]]:
        """Every message event of a room, oldest first."""
        path = f"rooms/{room}/messages?dir=f&limit=1000"
        found = await self.call("GET", path)
        return [one for one in found["chunk"] if one["type"] == "m.room.message"]

    async def react(self, room: str, event: str, key: str) -> str:
        """Put an emoji under a message."""
        relation = {"rel_type": "m.annotation", "event_id": event, "key": key}
        path = f"rooms/{room}/send/m.reaction/{key}{event[1:12]}"
        return str((await self.call("PUT", path, {"m.relates_to": relation}))["event_id"])


_RUNNING: list[Synapse] = []


def synapse() -> Synapse:
    """The one server of this test run, started when first asked for."""
    if not _RUNNING:
        _RUNNING.append(Synapse())
    return _RUNNING[0]
