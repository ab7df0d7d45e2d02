"""Escalation: what nobody acknowledges is told to more people; on a real store."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from monitor.action import Action
from monitor.alert import Alert
from monitor.escalating import Escalating
from monitor.routes import Route, TimeInterval
from monitor.sinks.dispatch import Dispatch
from monitor.sinks.handling import Handling
from monitor.sinks.routing import Routing
from monitor.store.commit import Work, commit
from monitor.store.database import Database
from monitor.store.outbox import Outbox, alerts_after
from monitor.store.writer import Writer
from tests.doubles.outbox import make_alert
from tests.test_silencing import NOON, HandClock, one_round

ROUTE = Route.model_validate({
    "receiver": "desk",
    "routes": [{
        "matchers": ["level >= high"], "mute_time_intervals": ["lunch"],
        "escalate": [{"after": "10m", "receiver": "chief"}, {"after": "30m", "receiver": "boss"}],
    }],
})  # fmt: skip
LUNCH = TimeInterval.model_validate({
    "name": "lunch", "time_intervals": [{"times": [{"start_time": "12:30", "end_time": "13:00"}]}],
})  # fmt: skip
RECEIVERS = ("desk", "chief", "boss")


class Watch:
    """Escalating on a store, as the daemon has it."""

    def __init__(self, folder: Path) -> None:
        self.clock = HandClock()
        self._folder = folder
        self.judged: list[Action] = []
        self.start()

    def start(self) -> None:
        """Build it, after a stop from what is stored."""
        self.writer = Writer(Database.open(self._folder, ballast=0))
        self.outbox = Outbox(self.writer)
        self.dispatch = Dispatch(
            Routing(RECEIVERS, ROUTE, (LUNCH,)), dict.fromkeys(RECEIVERS, True)
        )
        self.handling = Handling(self.judged)
        self.one = Escalating(
            self.writer, self.outbox, self.dispatch, self.handling, self.clock,
            committed=self.outbox.committed,
        )  # fmt: skip

    async def stop(self) -> None:
        """Close the store."""
        await self.outbox.aclose()
        await self.writer.aclose()

    async def tell(self, alert: Alert) -> None:
        """The pipeline puts an alert out, now."""
        stamped = msgspec.structs.replace(alert, sent_at=self.clock.now())
        stored = await self.writer.do(commit, Work(alerts=(stamped,)), self.clock.now())
        self.outbox.committed(stored[-1].sequence)

    async def acknowledge(self, incident: str = "incident-1") -> None:
        """Anna has it."""
        action = Action(
            key=f"press/{incident}", at=self.clock.now(), did="acknowledge", who="anna",
            via="desk", incident=incident,
        )  # fmt: skip
        self.judged.append(action)
        self.handling.took(action)

    async def at(self, minutes: float) -> list[Alert]:
        """Let it do what is due so many minutes after noon; what it has told so far."""
        self.clock.time = NOON + timedelta(minutes=minutes)
        await one_round(self.one)
        alerts = await self.writer.do(alerts_after, 0, 100)
        return [one for one in alerts if "acknowledged" in one.reason]

    def gets(self, alert: Alert) -> list[str]:
        """Who is told of it."""
        now = self.clock.now()
        return [one for one in RECEIVERS if self.dispatch.why_not(one, alert, now) is None]


@pytest.fixture
async def watch(tmp_path: Path) -> AsyncIterator[Watch]:
    """A watch with a store of its own, nothing told yet."""
    one = Watch(tmp_path / "state")
    yield one
    await one.stop()


async def test_nobody_answers_and_more_are_told(watch: Watch) -> None:
    """After 10 minutes the chief is told as well, after 30 the boss; everybody hears the rest."""
    await watch.tell(make_alert(1))
    assert await watch.at(9) == []
    (first,) = await watch.at(10)
    assert (first.kind, first.reason) == ("escalated", "nobody has acknowledged it for 10m")
    assert first.rings
    assert watch.gets(first) == ["desk", "chief"]
    both = await watch.at(31)
    assert [one.reason for one in both[1:]] == ["nobody has acknowledged it for 30m"]
    assert watch.gets(make_alert(5, kind="closed")) == ["desk", "chief", "boss"]
    assert len(await watch.at(120)) == 2


async def test_an_acknowledgement_stops_it(watch: Watch) -> None:
    """Acknowledged in time nobody else is told, also not when it escalates later."""
    await watch.tell(make_alert(1))
    await watch.at(5)
    await watch.acknowledge()
    assert await watch.at(40) == []
    await watch.tell(make_alert(2, kind="escalated"))
    assert await watch.at(90) == []


@pytest.mark.parametrize("kind", ["closed", "corrected"])
async def test_what_is_over_stops_it(watch: Watch, kind: str) -> None:
    """A closed or retracted incident escalates no further."""
    await watch.tell(make_alert(1))
    await watch.at(1)
    over = make_alert(2, kind=kind)  # type: ignore[arg-type]
    what = msgspec.structs.replace(over.incident, status="retracted")
    await watch.tell(msgspec.structs.replace(over, incident=what))
    assert await watch.at(60) == []


async def test_a_restart_neither_forgets_nor_repeats(watch: Watch) -> None:
    """Stopped before a step is due it is told after the restart, and what was told is not again."""
    await watch.tell(make_alert(1))
    assert await watch.at(1) == []
    await watch.stop()
    watch.start()
    assert len(await watch.at(12)) == 1
    await watch.stop()
    watch.start()
    assert len(await watch.at(13)) == 1
    assert watch.gets(make_alert(3, kind="updated")) == ["desk", "chief"]
    assert len(await watch.at(300)) == 2


async def test_what_nobody_was_told_does_not_escalate(watch: Watch) -> None:
    """A low level has no clock; what a pause holds back has none, a critical alert passes it."""
    await watch.tell(make_alert(1, 1, level="low"))
    await watch.at(35)
    await watch.tell(make_alert(1, 2, level="high"))
    await watch.tell(make_alert(1, 3, level="critical"))
    told = await watch.at(200)
    assert {one.incident.id for one in told} == {"incident-3"}


async def test_a_killed_commit_leaves_nothing_half(watch: Watch) -> None:
    """If the disk refuses, neither alert nor note is stored; the next try tells once."""
    await watch.tell(make_alert(1))
    await watch.at(1)

    def refuse(step: str) -> None:
        if step == "alerts":
            raise OSError("no")

    watch.writer.database.on_step = refuse
    assert await watch.at(11) == []
    watch.writer.database.on_step = None
    assert len(await watch.at(12)) == 1
