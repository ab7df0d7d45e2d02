"""Silences at work: made, announced, ended, counted; on a real store and a real socket."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.alert import Alert
from monitor.cli import main
from monitor.control import NAME, Answer, serve
from monitor.silencing import Silencing
from monitor.sinks.dispatch import Dispatch
from monitor.sinks.routing import Routing
from monitor.store.database import Database
from monitor.store.deliveries import Delivery
from monitor.store.outbox import alerts_after, record
from monitor.store.silences import silences
from monitor.store.writer import Writer
from tests.doubles.outbox import make_alert
from tests.patience import PATIENCE, comes

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
RULES = ["border-incursion", "shelling"]
HOUR: Answer = {"rule": "border-incursion", "for": "1h", "by": "anna", "why": "test firing"}


class HandClock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> datetime:
        """What it was set to."""
        return self.time

    def monotonic(self) -> float:
        """Seconds since noon."""
        return (self.time - NOON).total_seconds()

    async def sleep(self, seconds: float) -> None:
        """At once."""
        self.time += timedelta(seconds=seconds)


async def one_round(part: Any) -> None:
    """Run a part of the daemon until it would pause, for then all that is due is done; end it."""
    pauses, pause = [], part._pause

    def noticed() -> float:
        pauses.append(pause())
        return float(pauses[-1])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(part, "_pause", noticed)
        task = asyncio.create_task(part.run())
        assert await comes(lambda: pauses or task.done(), PATIENCE)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Desk:
    """Silencing on a store, as the daemon has it."""

    def __init__(self, folder: Path) -> None:
        self.clock = HandClock()
        self.writer = Writer(Database.open(folder, ballast=0))
        self.dispatch = Dispatch(Routing(("desk",)), {"desk": True})
        self.told: list[int] = []
        self.silencing = Silencing(
            self.writer, self.dispatch, self.clock, committed=self.told.append,
            rules=lambda: RULES,
        )  # fmt: skip

    async def at(self, minutes: float) -> list[Alert]:
        """Let it do what is due so many minutes after noon; all alerts so far."""
        self.clock.time = NOON + timedelta(minutes=minutes)
        await one_round(self.silencing)
        return list(await self.writer.do(alerts_after, 0, 100))

    async def mute(self, **changes: object) -> str:
        """Make a silence; its id."""
        answer = await self.silencing.mute({**HOUR, **changes})
        silence = answer["silence"]
        assert isinstance(silence, dict)
        return str(silence["id"])


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk with a store of its own."""
    one = Desk(tmp_path / "state")
    yield one
    await one.writer.aclose()


async def test_a_silence_is_announced_and_counted(desk: Desk) -> None:
    """Ten minutes before the end of a long one, a tenth before that of an hour; then the number."""
    id_ = await desk.mute()
    held = Delivery(1, "a1", "i1", "muted", 1, NOON, None, f"silence {id_} of anna until x")
    again = Delivery(1, "a1", "i1", "muted", 1, NOON, None, f"silence {id_} of anna until x")
    other = Delivery(2, "a2", "i1", "muted", 1, NOON, None, "silence 00000000 of boris until x")
    await desk.writer.do(record, "desk", 2, [held, other])
    await desk.writer.do(record, "chat", 2, [again])
    assert await desk.at(53) == []
    assert [one.reason for one in await desk.at(55)] == [
        "silence of anna (rule border-incursion) ends in 5 min"
    ]
    assert len(await desk.at(56)) == 1
    opened, closed = await desk.at(61)
    assert closed.reason == "1 alert was muted by anna (rule border-incursion)"
    assert (opened.kind, closed.kind) == ("opened", "closed")
    assert (opened.incident.rule, opened.incident.event) == ("monitor", "monitor/silence")
    assert opened.incident.id == closed.incident.id
    assert desk.told == [1, 2]
    assert len(await desk.at(120)) == 2
    assert desk.dispatch.silences == ()


async def test_an_alert_about_a_silence_is_not_silenced(desk: Desk) -> None:
    """Whatever is muted, people hear that it is."""
    await desk.mute(rule=None, level="critical")
    (reminder,) = await desk.at(55)
    assert desk.dispatch.why_not("desk", reminder, desk.clock.now()) is None
    assert desk.dispatch.why_not("desk", make_alert(1), desk.clock.now()) is not None


async def test_silences_survive_a_restart(tmp_path: Path) -> None:
    """After a restart the same silences hold, and nothing is announced twice."""
    before = Desk(tmp_path / "state")
    await before.mute()
    assert len(await before.at(55)) == 1
    await before.writer.aclose()
    after = Desk(tmp_path / "state")
    try:
        assert after.dispatch.why_not("desk", make_alert(1), NOON + timedelta(minutes=56))
        assert len(await after.at(57)) == 1
        assert len(await after.at(61)) == 2
    finally:
        await after.writer.aclose()


async def test_ended_early_is_on_record(desk: Desk) -> None:
    """Who ended a silence is stored and told; it holds nothing back any more."""
    id_ = await desk.mute()
    desk.clock.time = NOON + timedelta(minutes=5)
    refused = await desk.silencing.unmute({"id": "nonsense", "by": "boris"})
    assert refused["error"] == "no silence nonsense holds"
    assert "hint" in await desk.silencing.unmute({"id": id_})
    assert "silence" in await desk.silencing.unmute({"id": id_, "by": "boris"})
    assert desk.dispatch.why_not("desk", make_alert(1), desk.clock.now()) is None
    (told,) = await desk.at(6)
    assert told.reason.endswith("ended by boris")
    (kept,) = silences(desk.writer.database)
    assert (kept.by, kept.ended_by, kept.why) == ("anna", "boris", "test firing")


@pytest.mark.parametrize(
    ("changes", "error", "hint"),
    [
        ({"rule": None}, "everything", "--rule"),
        ({"rule": "border-incursoin"}, "no rule is called", "did you mean `border-incursion`?"),
        ({"rule": None, "level": "hihg"}, "no level", "did you mean `high`?"),
        ({"for": "soon"}, "not a duration", "30s, 5m, 2h"),
        ({"for": None}, "not a duration", "30s, 5m, 2h"),
        ({"for": "31d"}, "too long", "30d"),
        ({"by": " "}, "nobody answers", "--by"),
    ],
)
async def test_a_silence_needs_a_subject_an_end_and_an_owner(
    desk: Desk, changes: Answer, error: str, hint: str
) -> None:
    """What is missing or wrong is refused with what to write instead; nothing is stored."""
    answer = await desk.silencing.mute({**HOUR, **changes})
    assert error in str(answer["error"])
    assert hint in str(answer["hint"])
    assert silences(desk.writer.database) == ()


async def test_from_the_command_line(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """mute, mutes and unmute do it through the daemon's socket; without a daemon they say so."""
    config = tmp_path / "monitor.yaml"
    config.write_text("state: state\n")

    async def monitor(*words: str) -> tuple[int, str]:
        code = await asyncio.to_thread(main, [words[0], "--config", str(config), *words[1:]])
        out, err = capsys.readouterr()
        return code, out + err

    order = ("mute", "--rule", "shelling", "--for", "2h", "--by", "anna")
    assert await monitor(*order) == (1, "the daemon is not running - start it with: monitor run\n")
    desk.clock.time = datetime.now(UTC)
    verbs = {"mute": desk.silencing.mute, "unmute": desk.silencing.unmute}
    task = asyncio.create_task(serve(tmp_path / "state", verbs))
    assert await comes((tmp_path / "state" / NAME).exists, 5)
    code, said = await monitor(*order)
    assert code == 0
    id_ = said.splitlines()[-1].split()[1]
    code, said = await monitor("mutes")
    assert f"{id_}  rule shelling  of anna, until" in said
    assert (await monitor("mute", "--rule", "x", "--for", "2h", "--by", "a"))[0] == 1
    assert (await monitor("unmute", id_, "--by", "boris"))[0] == 0
    desk.clock.time += timedelta(seconds=1)
    assert (await monitor("mutes"))[1] == "nothing is muted\n"
    assert "by boris" in (await monitor("mutes", "--all"))[1]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
