"""What ails the monitor itself is told to its operators: once when it begins, once when it ends."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.clock import SystemClock
from monitor.source import SourceHealth, SourceState
from monitor.store.database import Database
from monitor.store.outbox import alerts_after
from monitor.store.writer import Writer
from monitor.trouble import AccountState, Trouble, account_troubles, source_troubles
from monitor.troubles import Troubles
from tests.doubles.telegram.client import run_key
from tests.doubles.telegram.control import started
from tests.doubles.telegram.desk import Desk

NOW = datetime(2023, 5, 22, 9, tzinfo=UTC)
HOUR = 3600


@pytest.mark.parametrize(
    ("state", "read", "wrong"),
    [
        ("ok", True, False),
        ("silent", True, True),
        ("handed_over", False, True),
        ("not_found", True, True),
        ("not_found", False, False),
        ("preview_off", True, False),
    ],
)
def test_what_counts_as_a_trouble(state: SourceState, read: bool, wrong: bool) -> None:  # noqa: FBT001 - the table's columns
    """A channel that was read and is gone, handed over or silent is one; a wrong name is not."""
    health = SourceHealth(source="telegram:x", state=state, last_read="now" if read else None)
    found = source_troubles([health], NOW)
    assert bool(found.get("source/telegram:x")) == wrong


def test_the_undecided_end_nothing() -> None:
    """While a channel cannot be reached nothing is known of it: no trouble begins or ends."""
    states: list[SourceState] = ["starting", "unreachable", "throttled", "broken_markup"]
    found = source_troubles([SourceHealth(source=s, state=s) for s in states], NOW)
    assert found == {}
    assert account_troubles([AccountState(account="one", state="starting")], NOW) == {}


class Said:
    """What is wrong, as the test says it."""

    def __init__(self, **wrong: Trouble | None) -> None:
        self.wrong = wrong
        self.listed = True

    def troubles(self) -> dict[str, Trouble | None]:
        """What is wrong now."""
        return dict(self.wrong)

    def is_listed(self, _key: str) -> bool:
        """Whether it is still in the configuration."""
        return self.listed


def trouble(hour: int, title: str = "one is lost") -> Trouble:
    """A trouble that began then."""
    since = NOW.replace(hour=hour)
    return Trouble(
        key="one", event="monitor/account", title=title, reason="banned", level="high", since=since
    )


async def test_each_is_told_once_over_restarts(tmp_path: Path) -> None:
    """Opened once, not again after a restart; closed when it ends, or leaves the configuration."""
    said = Said()
    changes: list[dict[str, Trouble | None]] = [
        {"one": trouble(9)}, {"one": trouble(10)}, {"one": None}, {}, {"one": trouble(11)},
    ]  # fmt: skip
    kinds: list[str] = []
    for change in changes:
        said.wrong |= change
        db = Database.open(tmp_path, ballast=0)
        troubles = Troubles(Writer(db), SystemClock(), said, lambda _sequence: None)
        await troubles.look()
        await troubles.look()
        kinds = [one.kind for one in alerts_after(db, 0, 100)]
        await troubles._writer.aclose()
    assert kinds == ["opened", "closed", "opened"]
    db = Database.open(tmp_path, ballast=0)
    troubles = Troubles(Writer(db), SystemClock(), said, lambda _sequence: None)
    said.wrong = {"one": trouble(12, "one has to wait")}
    await troubles.look()
    assert [one.title for one in troubles.open()] == ["one has to wait"]
    said.listed, said.wrong = False, {}
    await troubles.look()
    assert [one.kind for one in alerts_after(db, 0, 100)][3:] == ["closed", "opened", "closed"]
    assert troubles.open() == ()
    await troubles._writer.aclose()


async def test_a_silent_channel_is_told_and_ends_when_it_posts(tmp_path: Path) -> None:
    """Daemon and account: nine days of a post every two hours, then none for 30: one alert."""
    async with started(run_key()) as telegram:
        desk = Desk(telegram, tmp_path)
        account = await desk.sign_in("one", "+79990000001")
        channel = await telegram.create_channel("Сводка", "svodka", members=[account.id])
        now = int(time.time())
        times = [now - 30 * HOUR - 2 * HOUR * n for n in reversed(range(100))]
        await telegram.post_many(channel, [{"text": "x", "date": at} for at in times])
        desk.configure("svodka", via="account")
        async with desk.running():
            await desk.until(lambda: desk.source("svodka").get("state") == "silent")
            hint = desk.source("svodka")["hint"]
            await desk.until(lambda: len(told(desk)) == 1)
            await telegram.post(channel, "снова здесь")
            await desk.until(lambda: desk.source("svodka")["state"] == "ok")
            await desk.until(lambda: len(told(desk)) == 2)
    assert "no post for 30 h" in hint
    assert "15 were due" in hint
    title = "telegram:svodka is silent"
    assert told(desk) == [("opened", title), ("closed", title)]


def told(desk: Desk) -> list[tuple[str, str]]:
    """Kind and title of every alert, in order."""
    database = Database.open(desk.state, readonly=True)
    try:
        return [(one.kind, one.incident.title) for one in alerts_after(database, 0, 100)]
    finally:
        database.close()
