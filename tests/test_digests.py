"""Digests: what a pause held back, summaries on schedule, all quiet; on a real store."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from monitor.action import Action
from monitor.alert import Alert, AlertKind
from monitor.digests import Digests, last_due
from monitor.health import Board
from monitor.receivers import Digest
from monitor.settings import Settings
from monitor.silence import Silence
from monitor.sinks.deliver import Sent, delivery
from monitor.sinks.dispatch import Dispatch, takes_exercises
from monitor.sinks.routing import routing
from monitor.source import SourceHealth
from monitor.store.actions import act
from monitor.store.commit import Work, commit
from monitor.store.database import Database
from monitor.store.outbox import Outbox, alerts_after, record
from monitor.store.writer import Writer
from tests.doubles.outbox import make_alert
from tests.storing import incident
from tests.test_silencing import NOON, HandClock

SETTINGS = Settings.model_validate({
    "state": "state",
    "receivers": [{"name": "desk", "kind": "terminal"}, {"name": "night", "kind": "terminal"}],
    "route": {"receiver": ["desk", "night"], "routes": [
        {"matchers": "level <= high", "receiver": "night", "mute_time_intervals": "lunch"},
    ]},
    "time_intervals": [{"name": "lunch", "time_intervals": [
        {"times": [{"start_time": "12:00", "end_time": "13:00"}]},
    ]}],
    "digests": [{"receiver": "desk", "at": ["08:00", "20:00"], "location": "Europe/Kyiv"}],
    "all_quiet": [{"receiver": "night", "after": "6h"}],
}, context={"folder": Path("/nowhere")})  # fmt: skip


class Calm:
    """Digests on a store, as the daemon has it; receivers record what they are told."""

    def __init__(self, folder: Path) -> None:
        self.clock = HandClock()
        self.folder = folder
        self.start()

    def start(self) -> None:
        """Build it."""
        self.writer = Writer(Database.open(self.folder, ballast=0))
        self.dispatch = Dispatch(routing(SETTINGS), takes_exercises(SETTINGS))
        board = Board(self.clock)
        board.source(SourceHealth(source="telegram:x", state="not_found", hint="renamed?"))
        self.outbox = Outbox(self.writer)
        self.one = Digests(
            SETTINGS, self.writer, self.outbox, self.dispatch, self.clock, board=board
        )  # fmt: skip

    async def stop(self) -> None:
        """Close the store."""
        await self.outbox.aclose()
        await self.writer.aclose()

    async def tell(self, *alerts: Alert) -> None:
        """Alerts are put out, and each receiver records what it does with them."""
        now = self.clock.now()
        stamped = tuple(msgspec.structs.replace(one, sent_at=now) for one in alerts)
        stored = await self.writer.do(commit, Work(alerts=stamped), now)
        await self.deliver(stored)

    async def deliver(self, stored: tuple[Alert, ...]) -> None:
        """As sinks do."""
        now = self.clock.now()
        for name in ("desk", "night"):
            for one in stored:
                why = self.dispatch.mute(name, self.clock)(one)
                sent = Sent(None, why, "muted") if why else Sent("ref")
                row = delivery(one, sent, 1, now)
                await self.writer.do(record, name, one.sequence, [row])

    def route(self, **route: object) -> None:
        """Everything goes to the desk, along this route."""
        saved = SETTINGS.model_dump(mode="json", include={"state", "receivers", "time_intervals"})
        saved["route"] = {"receiver": "desk", **route}
        settings = Settings.model_validate(saved, context={"folder": Path("/nowhere")})
        self.dispatch.put(routing(settings), takes_exercises(settings))

    async def at(self, minutes: float, event: str) -> list[Alert]:
        """Look so many minutes after noon; all digests of that kind so far."""
        self.clock.time = NOON + timedelta(minutes=minutes)
        known = len(await self.writer.do(alerts_after, 0, 1000))
        await self.one.look()
        alerts = await self.writer.do(alerts_after, 0, 1000)
        await self.deliver(alerts[known:])
        return [one for one in alerts if one.incident.event == f"monitor/{event}"]


@pytest.fixture
async def calm(tmp_path: Path) -> AsyncIterator[Calm]:
    """With a store of its own."""
    one = Calm(tmp_path / "state")
    yield one
    await one.stop()


async def test_what_was_held_back_comes_as_one_digest(calm: Calm) -> None:
    """When the pause ends its receiver gets one alert that names every incident, worst first."""
    await calm.at(0, "held-back")
    await calm.tell(make_alert(1, 1, level="low"), make_alert(1, 2, level="high"))
    await calm.tell(make_alert(2, 2, level="high", kind="updated"), make_alert(1, 3))
    assert await calm.at(59, "held-back") == []
    (digest,) = await calm.at(60, "held-back")
    assert digest.addressee == "night"
    assert (digest.incident.level, digest.reason) == ("high", "3 alerts held back")
    lines = digest.posts[0].text.splitlines()
    assert [line[0] for line in lines] == ["🟠", "🔵"]
    assert "2 alerts" in lines[0]
    assert calm.dispatch.why_not("night", digest, calm.clock.now()) is None
    assert calm.dispatch.why_not("desk", digest, calm.clock.now()) == "for night alone"
    assert len(await calm.at(61, "held-back")) == 1


async def test_a_restart_repeats_no_digest(calm: Calm) -> None:
    """The digest and the note that it was told are stored together."""
    await calm.tell(make_alert(1, 1, level="low"))
    await calm.at(61, "held-back")
    await calm.stop()
    calm.start()
    assert len(await calm.at(62, "held-back")) == 1


async def test_what_was_told_meanwhile_is_not_in_the_digest(calm: Calm) -> None:
    """An incident that has become critical was told during the pause: nothing is missed."""
    await calm.tell(make_alert(1, 1, level="low"))
    await calm.tell(make_alert(2, 1, level="critical", kind="escalated"))
    assert await calm.at(61, "held-back") == []


async def test_gathered_updates_come_as_one_digest(calm: Calm) -> None:
    """What a route's group_interval held back is told together, once the interval is over."""
    calm.route(group_interval="15m")
    await calm.at(0, "held-back")
    kinds: tuple[AlertKind, ...] = ("opened", "updated", "updated")
    for number, kind in enumerate(kinds, 1):
        await calm.tell(make_alert(number, 1, kind=kind), make_alert(number, 2, kind=kind))
    assert await calm.at(14, "held-back") == []
    (digest,) = await calm.at(15, "held-back")
    assert digest.addressee == "desk"
    assert digest.incident.title == "Updates: 2 incidents"
    assert digest.reason == "4 alerts held back"
    assert len(await calm.at(40, "held-back")) == 1


GROUPS = {"group_by": "level", "group_wait": "2m", "group_interval": "10m"}


async def test_a_groups_first_alerts_come_as_one_digest(calm: Calm) -> None:
    """They wait for group_wait; each group has its own digest when it is due, and none twice."""
    calm.route(**GROUPS)
    assert await calm.at(0, "held-back") == []
    await calm.tell(make_alert(1, 1, level="low"), make_alert(1, 2, level="low"))
    assert await calm.at(1, "held-back") == []
    await calm.tell(make_alert(1, 3, level="high"), make_alert(2, 2, level="low", kind="updated"))
    (digest,) = await calm.at(2, "held-back")
    assert digest.incident.title == "Together: 2 incidents"
    assert digest.reason == "3 alerts held back"
    _, second = await calm.at(3, "held-back")
    assert second.incident.level == "high"
    assert len(await calm.at(60, "held-back")) == 2


async def test_what_waits_survives_a_restart(calm: Calm) -> None:
    """After a crash what waited is told, also behind what was told already; and nothing twice."""
    calm.route(**GROUPS)
    await calm.tell(make_alert(1, 1, level="low"))
    await calm.at(1, "held-back")
    await calm.tell(make_alert(1, 2, level="high"))
    await calm.at(1.5, "held-back")
    await calm.tell(make_alert(2, 1, level="low", kind="updated"))
    assert len(await calm.at(2, "held-back")) == 1
    await calm.stop()
    calm.start()
    calm.route(**GROUPS)
    _, second = await calm.at(2.1, "held-back")
    assert second.incident.level == "high"
    assert second.reason == "1 alert held back"
    assert len(await calm.at(60, "held-back")) == 2


async def test_a_pause_of_others_does_not_hold_a_group(calm: Calm) -> None:
    """What waits for its group is told when that is due, whatever quiet hours hold still."""
    quiet = {"matchers": "level = low", "mute_time_intervals": "lunch"}
    calm.route(group_wait="2m", routes=[quiet])
    await calm.at(0, "held-back")
    await calm.tell(make_alert(1, 1, level="low"), make_alert(1, 2, level="medium"))
    await calm.tell(make_alert(2, 1, level="low", kind="updated"))
    (digest,) = await calm.at(2, "held-back")
    assert (digest.incident.level, digest.reason) == ("medium", "1 alert held back")
    _, second = await calm.at(60, "held-back")
    assert (second.incident.level, second.reason) == ("low", "2 alerts held back")


async def test_open_incidents_are_called_to_mind(calm: Calm) -> None:
    """Every repeat_interval, until somebody acknowledges them or they end; and over a restart."""
    calm.route(repeat_interval="4h")
    opened = (make_alert(1, 1), make_alert(1, 2, level="low"), make_alert(1, 3))
    await calm.tell(*opened)
    assert await calm.at(239, "reminder") == []
    await calm.tell(make_alert(2, 3, kind="closed"))
    (first,) = await calm.at(240, "reminder")
    assert first.incident.title == "Still open: 2 incidents"
    assert (first.addressee, first.incident.level) == ("desk", "critical")
    assert len(await calm.at(479, "reminder")) == 1
    taken = Action(
        key="1", at=NOON, did="acknowledge", who="anna", via="desk", incident="incident-1"
    )
    await calm.writer.do(act, taken)
    await calm.stop()
    calm.start()
    for one in await calm.writer.do(alerts_after, 0, 1000):
        calm.dispatch.saw(one)
    calm.route(repeat_interval="4h")
    _, second = await calm.at(480, "reminder")
    assert second.incident.title == "Still open: 1 incident"
    calm.dispatch.silences = (
        Silence(id="1", made_at=NOON, ends_at=NOON + timedelta(days=9), by="anna", level="low"),
    )
    assert len(await calm.at(730, "reminder")) == 2


async def test_summaries_come_on_schedule(calm: Calm) -> None:
    """At 20:00 in Kyiv the desk is told what has happened since 08:00, once."""
    await calm.at(0, "digest")
    await calm.writer.do(commit, Work(incidents=(incident(opened_at=NOON, updated_at=NOON),)), NOON)
    assert await calm.at(5 * 60 + 59, "digest") == []
    (digest,) = await calm.at(6 * 60, "digest")
    assert digest.addressee == "desk"
    assert "1 opened, 1 open now, 1 not acknowledged" in digest.posts[0].text
    assert len(await calm.at(6 * 60 + 5, "digest")) == 1


async def test_all_quiet_is_a_sign_of_life(calm: Calm) -> None:
    """After six hours without an alert the receiver is told so, and how the sources are; again."""
    await calm.at(0, "all-quiet")
    assert await calm.at(359, "all-quiet") == []
    (sign,) = await calm.at(360, "all-quiet")
    assert sign.addressee == "night"
    assert "telegram:x: not_found" in sign.posts[0].text
    assert len(await calm.at(700, "all-quiet")) == 1
    assert len(await calm.at(721, "all-quiet")) == 2


async def test_a_saved_schedule_is_followed_without_a_restart(calm: Calm) -> None:
    """Another hour, or another sign of life, holds from when it is saved; the old one is over."""
    await calm.at(0, "digest")
    saved = SETTINGS.model_dump(mode="json", include={"state", "receivers"}) | {
        "digests": [{"receiver": "night", "at": "13:00"}],
        "all_quiet": [{"receiver": "desk", "after": "1h"}],
    }
    calm.one.follow(Settings.model_validate(saved, context={"folder": Path("/nowhere")}))
    await calm.at(1, "digest")
    (digest,) = await calm.at(60, "digest")
    assert digest.addressee == "night"
    (sign,) = await calm.at(61, "all-quiet")
    assert sign.addressee == "desk"
    assert len(await calm.at(6 * 60, "digest")) == 1, "20:00 in Kyiv is no longer a time for it"


@pytest.mark.parametrize(("language", "title", "line"), [
    ("ru", "Пока было тихо: событий: 1", "не подтверждено, сообщений: 1, тревог: 1"),
    ("uk", "Поки було тихо: подій: 1", "не підтверджено, повідомлень: 1, тривог: 1"),
])  # fmt: skip
async def test_a_digest_speaks_its_receivers_language(
    calm: Calm, language: str, title: str, line: str
) -> None:
    """Title, counts and status of a digest are in the language of the chat that it is for."""
    bot = {"name": "night", "kind": "telegram_bot", "chat": 1, "token": "env:T"}
    saved = SETTINGS.model_dump(mode="json", include={"state"}) | {
        "receivers": [{"name": "desk", "kind": "terminal"}, bot | {"language": language}]
    }
    context = {"folder": Path("/nowhere"), "environment": {"T": "1:token"}}
    settings = Settings.model_validate(saved, context=context)
    calm.one = Digests(
        settings, calm.writer, calm.outbox, calm.dispatch, calm.clock, board=Board(calm.clock)
    )
    await calm.at(0, "held-back")
    await calm.tell(make_alert(1, 1, level="low"))
    (digest,) = await calm.at(61, "held-back")
    assert digest.incident.title == title
    assert line in digest.posts[0].text


def test_the_schedule_follows_summer_time() -> None:
    """08:00 in Kyiv is 06:00 UTC in winter and 05:00 in summer."""
    digest = Digest.model_validate({"receiver": "desk", "at": "08:00", "location": "Europe/Kyiv"})
    for month, hour in ((1, 6), (7, 5)):
        now = datetime(2026, month, 10, 12, tzinfo=UTC)
        assert last_due(digest, now) == now.replace(hour=hour)
        assert last_due(digest, now.replace(hour=4)) == now.replace(day=9, hour=hour)
