"""A whole installation on the loopback Telegram: `monitor run` as a process, its configuration."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from monitor.control import ask
from monitor.sources.telegram.session import create_session_file
from monitor.store.archive import outcomes, stored_after
from monitor.store.database import Database
from tests.doubles.telegram.client import API_HASH, API_ID, connected, run_key, sign_in
from tests.doubles.telegram.control import MadeAccount, Telegram
from tests.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[3]
RULES = """\
rules:
  - id: raid
    title: Armed incursion
    level: critical
    when: [ДРГ]
    max_age: 2h
"""


class Desk:
    """One installation in a folder: accounts, sources, and the daemon."""

    def __init__(self, telegram: Telegram, folder: Path) -> None:
        self.telegram = telegram
        self.folder = folder
        self.config = folder / "monitor.yaml"
        self.state = folder / "state"
        self.accounts: dict[str, MadeAccount] = {}
        self.faults: dict[str, str] = {}  # of the preview
        self.channels: dict[str, int] = {}
        self.environment = {**os.environ, "PYTHONPATH": str(ROOT), "API_HASH": API_HASH}

    async def sign_in(self, name: str, phone: str) -> MadeAccount:
        """An account with its session file where the configuration will look."""
        self.accounts[name] = await self.telegram.create_account(phone)
        file = self.state / "telegram" / f"{name}.session"
        create_session_file(file)
        async with connected(self.telegram, file) as client:
            await sign_in(client, self.accounts[name])
        return self.accounts[name]

    def configure(
        self,
        *channels: str,
        via: str = "account, preview",
        proxy: str = "",
        preview: str = "{}",
        more: str = "bus: {embedded: false}\n",
    ) -> None:
        """Write the configuration: these channels, read by all accounts signed in so far."""
        (self.folder / "rules.yaml").write_text(RULES, "utf-8")
        listed = [f'  - {{id: "telegram:{name}", via: [{via}]}}\n' for name in channels]
        (self.folder / "sources.yaml").write_text("sources:\n" + "".join(listed), "utf-8")
        way = f", proxy: {proxy}" if proxy else ""
        accounts = "".join(
            f"    - {{name: {name}, api_id: {API_ID}, api_hash: env:API_HASH{way}}}\n"
            for name in self.accounts
        )
        self.config.write_text(
            "instance: desk\nstate: state\nrules: [rules.yaml]\nsources: [sources.yaml]\n"
            f"telegram:\n  accounts:\n{accounts}  server: {{host: 127.0.0.1, "
            f"port: {self.telegram.port}, public_key: {run_key().public}}}\n"
            f"preview: {preview}\nhttp: {{allow_private: true}}\n{more}",
            "utf-8",
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """`monitor run`, stopped in good order on leaving; its log lies in the folder."""
        with (self.folder / "log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "monitor", "run", "--config", str(self.config),
                cwd=self.folder, env=self.environment, stdin=asyncio.subprocess.DEVNULL,
                stdout=log, stderr=log,
            )  # fmt: skip
        try:
            yield process
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
                try:
                    await asyncio.wait_for(process.wait(), PATIENCE)
                except TimeoutError:
                    process.kill()
                    await process.wait()

    def log(self) -> list[dict[str, Any]]:
        """What the daemon logged, as JSON lines."""
        lines = (self.folder / "log").read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def status(self) -> dict[str, Any]:
        """The daemon's answer to `status`, empty while there is none."""
        found = ask(self.state, "status") if self.state.is_dir() else None
        return found or {}

    def outcomes(self) -> dict[str, int]:
        """How many stored posts ended how."""
        database = Database.open(self.state, readonly=True)
        try:
            return outcomes(database)
        finally:
            database.close()

    def texts(self) -> list[str]:
        """The texts of all stored versions of posts, in the order of the log."""
        database = Database.open(self.state, readonly=True)
        try:
            return [one.post.text if one.post else "" for one in stored_after(database, 0)]
        finally:
            database.close()

    def rung(self) -> int:
        """How many posts rang: opened an incident, or joined one."""
        found = self.outcomes()
        return found["alerted"] + found["joined"] + found["echo"]

    def source(self, name: str) -> dict[str, Any]:
        """How a channel is doing."""
        sources = self.status().get("sources", [])
        return next((one for one in sources if one["source"] == f"telegram:{name}"), {})

    async def until(self, holds: Callable[[], object], within: float = PATIENCE) -> None:
        """Wait for something to become true."""
        try:
            async with asyncio.timeout(within):
                while not await asyncio.to_thread(holds):  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.1)
        except TimeoutError:
            log = (self.folder / "log").read_text("utf-8")[-3000:]
            pytest.fail(f"not in {within} s; status: {self.status()}\n{log}")

    async def ready(self, *names: str, via: str = "account") -> None:
        """Wait until these channels are read that way."""
        await self.until(
            lambda: all(
                (self.source(name).get("state"), self.source(name).get("via")) == ("ok", via)
                for name in names
            )
        )
