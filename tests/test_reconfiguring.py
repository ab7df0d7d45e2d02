"""A saved change of monitor.yaml: applied, waiting for a restart, or refused; and who is told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.alert import Alert
from monitor.clock import SystemClock
from monitor.health import Board
from monitor.notices import Notices
from monitor.reconfiguring import ConfigFile, Reconfiguring
from monitor.settings import Settings
from monitor.store.database import Database
from monitor.store.outbox import alerts_after
from monitor.store.writer import Writer
from tests.patience import PATIENCE

PLAIN = "state: state\nreceivers: [{name: desk, kind: terminal}]\nretention: {alerts: 7d}\n"


class FastClock(SystemClock):
    """Waits a tenth of what it is asked to."""

    async def sleep(self, seconds: float) -> None:
        """Wait a little."""
        await asyncio.sleep(seconds / 10)


class Desk:
    """A configuration that is watched, with a store for what is told."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "monitor.yaml"
        self.path.write_text(PLAIN, "utf-8")
        clock = FastClock()
        self.board = Board(clock)
        self.writer = Writer(Database.open(folder / "told", ballast=0))
        self.applied: list[Settings] = []
        file = ConfigFile(self.path)
        self.watching = Reconfiguring(
            file, file.read(), {"retention": self.applied.append}, clock=clock, board=self.board,
            notices=Notices(self.writer, clock, committed=lambda _: None),
        )  # fmt: skip

    def save(self, text: str) -> None:
        """Write as editors do: a new file takes the old one's place."""
        new = self.path.with_suffix(".new")
        new.write_text(text, "utf-8")
        new.replace(self.path)

    async def until(self, happened: Callable[[], object]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(PATIENCE):
            while not happened():  # noqa: ASYNC110 - an attribute, no event
                await asyncio.sleep(0.01)

    async def told(self) -> list[Alert]:
        """All alerts so far."""
        return list(await self.writer.do(alerts_after, 0, 100))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk at work."""
    one = Desk(tmp_path)
    task = asyncio.create_task(one.watching.run())
    try:
        yield one
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await one.writer.aclose()


async def test_what_needs_no_restart_is_applied(desk: Desk) -> None:
    """A key that can be applied is, once, and nobody is told; a comment changes nothing."""
    desk.save(PLAIN + "# a comment\n")
    await asyncio.sleep(0.2)
    desk.save(PLAIN.replace("7d", "9d"))
    await desk.until(lambda: desk.applied)
    assert [one.retention.alerts for one in desk.applied] == [timedelta(days=9)]
    assert desk.board.settings.restart_needed == ()
    assert await desk.told() == []


async def test_what_needs_a_restart_is_said(desk: Desk) -> None:
    """Keys that only a restart puts in force are named in status and chat until they are back."""
    desk.save(PLAIN.replace("7d", "9d").replace("desk", "night") + "instance: other\n")
    await desk.until(lambda: desk.board.settings.restart_needed)
    assert desk.board.settings.restart_needed == ("instance", "receivers")
    assert len(desk.applied) == 1
    desk.save(PLAIN.replace("7d", "9d"))
    await desk.until(lambda: not desk.board.settings.restart_needed)
    told = await desk.told()
    assert [(one.kind, one.incident.event) for one in told] == [
        ("opened", "monitor/settings"),
        ("closed", "monitor/settings"),
    ]
    assert told[0].reason == "restart for: instance, receivers"


async def test_a_wrong_change_changes_nothing(desk: Desk) -> None:
    """A configuration with a mistake is refused whole, and its line is told."""
    desk.save(PLAIN.replace("7d", "9d") + "recievers: []\n")
    await desk.until(lambda: desk.board.settings.mistakes)
    assert desk.applied == []
    (alert,) = await desk.told()
    assert alert.incident.title == "A change of monitor.yaml is refused"
    assert alert.reason.startswith(f"{desk.path}:4:1: unknown key `recievers` - did you mean")
    desk.save(PLAIN)
    await desk.until(lambda: not desk.board.settings.mistakes)


async def test_a_restart_closes_what_the_last_run_left_open(desk: Desk, tmp_path: Path) -> None:
    """What waited for a restart is told to be over when the next run begins."""
    desk.save(PLAIN.replace("desk", "night"))
    await desk.until(lambda: desk.board.settings.restart_needed)
    again = ConfigFile(tmp_path / "monitor.yaml")
    notices = Notices(desk.writer, FastClock(), committed=lambda _: None)
    clock = FastClock()
    next_run = Reconfiguring(
        again, again.read(), {}, clock=clock, board=Board(clock), notices=notices
    )
    task = asyncio.create_task(next_run.run())
    async with asyncio.timeout(PATIENCE):
        while len(await desk.told()) < 2:  # noqa: ASYNC110 - rows, no event
            await asyncio.sleep(0.01)
    task.cancel()
    assert [one.kind for one in await desk.told()] == ["opened", "closed"]
