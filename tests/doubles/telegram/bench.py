"""A collector at work on the loopback Telegram: an account, its channel, its store, its state."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from monitor.clock import SystemClock
from monitor.secret import Secret
from monitor.source import SourceInfo
from monitor.sources.telegram.account import Pace, TelegramAccount
from monitor.sources.telegram.session import AccountSettings, Server, create_session_file
from monitor.telegram_settings import Proxy
from tests.doubles.intake import Board, Ledger
from tests.doubles.telegram.client import API_HASH, API_ID, connected, run_key, sign_in
from tests.doubles.telegram.control import MadeAccount, Telegram
from tests.patience import PATIENCE

QUICK = Pace(
    sweep_every=1.0,
    gap_pause=0.1,
    ping_every=1.0,
    ping_timeout=1.0,
    call_timeout=2.0,
    connect_timeout=2.0,
    retry_first=0.05,
    retry_most=0.3,
    poll_every=0.3,
)
STEADY = msgspec.structs.replace(QUICK, ping_timeout=10.0, call_timeout=10.0, connect_timeout=10.0)
"""No line is given up because this machine had other things to do."""


class Bench:
    """One account with its channels, the store it fills, and ways to run its collector."""

    def __init__(self, telegram: Telegram, account: MadeAccount, channel: int, file: Path) -> None:
        self.telegram = telegram
        self.account = account
        self.channel = channel
        self.file = file
        self.names = ["svodka"]
        self.proxy: Proxy | None = None
        self.channels: dict[str, int] = {}
        self.join: dict[str, bool] = {}
        self.intake = Ledger()
        self.board = Board()

    @asynccontextmanager
    async def collecting(self, pace: Pace = STEADY) -> AsyncIterator["asyncio.Task[None]"]:
        """Run the collector; cancelled on leaving."""
        server = Server(self.telegram.host, self.telegram.port, run_key().public)
        settings = AccountSettings(
            name="one",
            session=self.file,
            api_id=API_ID,
            api_hash=Secret("env:API_HASH", API_HASH),
            server=server,
            proxy=self.proxy,
        )
        infos = [
            SourceInfo(id=f"telegram:{name}", via=("account",), join=self.join.get(name))
            for name in self.names
        ]
        source = TelegramAccount(settings, infos, SystemClock(), self.board, pace)
        task = asyncio.create_task(source.run(self.intake))
        try:
            yield task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def texts(self) -> list[str]:
        """The texts of what was stored as new and ringing, in order."""
        return [
            one.post.text
            for one in self.intake.received()
            if one.post.kind == "new" and not one.history
        ]

    def state(self, name: str = "svodka") -> str:
        """How a channel is said to be doing."""
        health = self.board.last.get(f"telegram:{name}")
        return health.state if health else ""

    async def until(self, wanted: Any, within: float = PATIENCE) -> None:
        """Wait for a condition, or for these texts to be stored."""
        holds = wanted if callable(wanted) else lambda: set(wanted) <= set(self.texts())
        try:
            async with asyncio.timeout(within):
                while not holds():  # noqa: ASYNC110 - any condition
                    await asyncio.sleep(0.02)
        except TimeoutError:
            pytest.fail(f"not in {within} s; stored: {self.texts()}, state: {self.state()}")

    async def ready(self) -> None:
        """Wait until every channel was read to its head."""
        wanted = [f"telegram:{name}" for name in self.names]
        last = self.board.last
        await self.until(lambda: all(one in last and last[one].state == "ok" for one in wanted))

    async def listened_to(self, within: float = PATIENCE) -> None:
        """Wait until the server has somebody to push to."""
        async with asyncio.timeout(within):
            while not any(one["updates"] for one in await self.telegram.lines()):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.02)

    def twice(self) -> list[str]:
        """Posts that were stored as new more than once."""
        new = Counter((post.source, post.id) for post in self.intake.posts() if post.kind == "new")
        return [f"{source}/{number}" for (source, number), count in new.items() if count > 1]

    async def differences(self) -> list[str]:
        """Where the store differs from the ledger: lost posts, old texts, unflagged deletions."""
        last = {(one.channel_id, one.post.id): one.post for one in self.intake.received()}
        found = []
        for channel in await self.telegram.truth():
            for post in channel["posts"]:
                stored = last.get((channel["id"], str(post["id"])))
                name = f"{channel['username']}/{post['id']}"
                if post["service"] is not None:
                    continue
                if post["deleted"]:
                    if stored is not None and stored.kind != "delete":
                        found.append(f"{name} is deleted, stored as {stored.kind}")
                elif stored is None:
                    found.append(f"{name} is lost")
                elif (stored.kind, stored.text) == ("delete", "") or stored.text != post["text"]:
                    found.append(f"{name} is {post['text']!r}, stored: {stored.text!r}")
        return found

    async def faithful(self, within: float = PATIENCE) -> None:
        """Wait until the store equals the ledger; every post stored as new once."""
        found: list[str] = []
        try:
            async with asyncio.timeout(within):
                while found := await self.differences():  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.1)
        except TimeoutError:
            pytest.fail(f"not in {within} s: {found[:10]}")
        assert not self.twice()


async def signed_in(telegram: Telegram, folder: Path) -> Bench:
    """An account that is signed in and has joined one channel with three old posts."""
    account = await telegram.create_account("+79990000001")
    channel = await telegram.create_channel("Сводка", "svodka", members=[account.id])
    await telegram.post_many(channel, [{"text": f"старое {n}"} for n in range(3)])
    file = folder / "account" / "one.session"
    create_session_file(file)
    async with connected(telegram, file) as client:
        await sign_in(client, account)
    return Bench(telegram, account, channel, file)
