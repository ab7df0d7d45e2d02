"""What each receiver is told over time: standing incidents, silences, exercises."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from monitor.alert import Alert, AlertKind
from monitor.clock import SystemClock
from monitor.routes import Inhibition, Route
from monitor.rule import LEVELS, Level
from monitor.silence import Silence
from monitor.sinks.dispatch import Dispatch
from monitor.sinks.routing import Routing
from tests.doubles.outbox import make_alert, make_post
from tests.test_silencing import NOON, HandClock

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
INHIBIT = Inhibition.model_validate(
    {"source_matchers": ["rule = border-incursion"], "target_matchers": ["rule = shelling"]}
)
ROUTING = Routing(("desk",), inhibitions=(INHIBIT,))


def numbered(alert: Alert, sequence: int) -> Alert:
    """As the outbox gives it."""
    return msgspec.structs.replace(alert, sequence=sequence)


def shelling(sequence: int) -> Alert:
    """An alert of the held back rule."""
    alert = make_alert(sequence, incident=2)
    what = msgspec.structs.replace(alert.incident, rule="shelling")
    return msgspec.structs.replace(alert, incident=what, sequence=sequence)


def test_an_incident_holds_back_until_it_closes() -> None:
    """What stands is known from the alerts that pass by; a slow receiver brings nothing back."""
    dispatch = Dispatch(ROUTING, {"desk": True})
    mute = dispatch.mute("desk", SystemClock())
    opened, closed = make_alert(1), make_alert(3, kind="closed")
    assert mute(numbered(opened, 1)) is None
    assert mute(shelling(2)) is not None
    assert mute(numbered(closed, 3)) is None
    assert mute(shelling(4)) is None
    assert mute(numbered(opened, 1)) is None
    assert mute(shelling(5)) is None


def test_what_stood_before_a_restart_still_holds_back() -> None:
    """The open incidents of the store count from the first alert on; retracted ones do not."""
    opened = numbered(make_alert(1), 1)
    after = Dispatch(ROUTING, {"desk": True}, [opened], 7)
    assert after.why_not("desk", shelling(8), NOW) is not None
    what = msgspec.structs.replace(opened.incident, status="retracted")
    taken_back = msgspec.structs.replace(opened, incident=what)
    after = Dispatch(ROUTING, {"desk": True}, [taken_back], 7)
    assert after.why_not("desk", shelling(8), NOW) is None


def test_exercises_only_for_who_takes_them() -> None:
    """`exercise: false` holds back exercises and nothing else."""
    dispatch = Dispatch(Routing(("desk", "all")), {"desk": False, "all": True})
    alert = make_alert(1, exercise=True)
    assert dispatch.why_not("desk", alert, NOW) == "takes no exercises"
    assert dispatch.why_not("all", alert, NOW) is None
    assert dispatch.why_not("desk", make_alert(1), NOW) is None


def silence(**keys: object) -> Silence:
    """An hour's silence of Anna's."""
    return msgspec.structs.replace(
        Silence(id="1a2b3c4d", made_at=NOW, ends_at=NOW + timedelta(hours=1), by="anna"), **keys
    )


@pytest.mark.parametrize(
    ("keys", "covered"),
    [
        ({"rule": "border-incursion"}, True),
        ({"rule": "other"}, False),
        ({"place": "kozinka"}, True),
        ({"place": "RU-BEL"}, True),
        ({"place": "RU-BRY"}, False),
        ({"source": "telegram:vvgladkov"}, True),
        ({"source": "telegram:other"}, False),
        ({"rule": "border-incursion", "place": "RU-BRY"}, False),
    ],
)
def test_a_silence_holds_back_what_it_names(keys: dict[str, object], covered: bool) -> None:  # noqa: FBT001 - the expected answer
    """Everything that a silence names must hold; the reason names it, its owner and its end."""
    dispatch = Dispatch(Routing(("desk",)), {"desk": True})
    dispatch.silences = (silence(**keys),)
    why = dispatch.why_not("desk", make_alert(1), NOW)
    assert (why is not None) is covered
    if why:
        assert "1a2b3c4d of anna until 2026-11-20 13:00 UTC" in why


def test_a_silence_has_an_end() -> None:
    """From its end on, or from when it is taken back, a silence holds nothing back."""
    alert = make_alert(1)
    one = silence(rule="border-incursion")
    assert one.why_not(alert, NOW + timedelta(minutes=59))
    assert one.why_not(alert, NOW + timedelta(hours=1)) is None
    ended = msgspec.structs.replace(one, ended_at=NOW + timedelta(minutes=5), ended_by="boris")
    assert ended.why_not(alert, NOW + timedelta(minutes=4))
    assert ended.why_not(alert, NOW + timedelta(minutes=5)) is None
    assert one.remind_at == NOW + timedelta(minutes=54)


def test_a_silence_of_a_level_lets_higher_ones_pass() -> None:
    """`level: medium` holds back medium and lower, never high and critical."""
    one = silence(level="medium")
    held = [level for level in LEVELS if one.why_not(make_alert(1, level=level), NOW)]
    assert held == ["informational", "low", "medium"]


def test_a_source_is_silenced_only_where_it_speaks_alone() -> None:
    """What another source says too is told."""
    alert = make_alert(1, posts=(make_post(), make_post(source="feed:other")))
    assert silence(source="telegram:vvgladkov").why_not(alert, NOW) is None


GATHERING = Routing(("desk",), Route.model_validate({"group_interval": "15m"}))


def test_updates_are_gathered() -> None:
    """Within the interval an update waits for the digest; news of other kinds, and others, pass."""
    clock = HandClock()
    one = Dispatch(GATHERING, {"desk": True})
    mute = one.mute("desk", clock)
    number = iter(range(1, 99))

    def told(minutes: float, kind: AlertKind = "updated", incident: int = 1) -> bool:
        clock.time = NOON + timedelta(minutes=minutes)
        alert = make_alert(1, incident, kind=kind)
        return mute(msgspec.structs.replace(alert, sequence=next(number))) is None

    assert told(0, "opened")
    assert not told(1)
    assert told(2, "opened", 2)
    assert told(3, "escalated")
    assert not told(17)
    assert told(18)
    one.summed_up("desk", [make_alert(1)], NOON + timedelta(minutes=30))
    assert not told(34)
    assert told(35, "closed")


def test_an_update_that_is_tried_again_is_not_gathered() -> None:
    """A sink that asks twice for the same alert gets the same answer."""
    clock = HandClock()
    one = Dispatch(GATHERING, {"desk": True})
    update = msgspec.structs.replace(make_alert(1, kind="updated"), sequence=7)
    assert [one.mute("desk", clock)(update) for _ in range(2)] == [None, None]


GROUPED = {"group_by": ["rule"], "group_wait": "30s", "group_interval": "15m"}


class Told:
    """What the desk is told at once along a route that groups."""

    def __init__(self, **route: object) -> None:
        self.clock = HandClock()
        self.one = Dispatch(Routing(("desk",), Route.model_validate(route)), {"desk": True})
        self.ask = self.one.mute("desk", self.clock)
        self.number = 0

    def at(self, minutes: float, incident: int, level: Level, kind: AlertKind = "opened") -> bool:
        """Whether the next alert is told at once."""
        self.clock.time = NOON + timedelta(minutes=minutes)
        self.number += 1
        alert = make_alert(self.number, incident, kind=kind, level=level)
        return self.ask(numbered(alert, self.number)) is None


def test_a_groups_first_alerts_wait_but_never_what_is_worse() -> None:
    """They wait with their like; what is critical or worse than what waits is told at once."""
    told = Told(**GROUPED)
    assert not told.at(0, 1, "low")
    assert not told.at(0.1, 2, "low")
    assert told.at(0.2, 3, "medium"), "worse than what waits"
    assert told.at(0.2, 4, "critical")
    assert told.at(0.3, 1, "low", "closed"), "what ends is told"
    assert Told(**GROUPED).at(0, 1, "critical"), "nothing critical opens a wait"


def test_a_groups_later_alerts_come_so_often() -> None:
    """After a digest others of the group wait for the next one, unless they are worse."""
    told = Told(**GROUPED)
    assert not told.at(0, 1, "medium")
    told.one.summed_up("desk", [make_alert(1, 1, level="medium")], NOON)
    assert not told.at(1, 2, "low")
    assert told.at(2, 3, "high")
    assert not told.at(16, 4, "low"), "the digest that is due takes it along"
    told.one.summed_up("desk", [make_alert(1, 2, level="low")], NOON + timedelta(minutes=16))
    assert told.at(17, 5, "medium"), "the pause of a low one holds back no medium one"


def test_a_group_is_what_is_the_same() -> None:
    """What differs in `group_by`, or is an exercise, is another; it ends with its last incident."""
    told = Told(group_by="level", group_interval="15m")
    assert told.at(0, 1, "medium")
    assert not told.at(1, 2, "medium")
    assert told.at(2, 3, "low")
    exercise = numbered(make_alert(9, 9, level="medium", exercise=True), 9)
    assert told.ask(exercise) is None
    told.number = 9
    assert told.at(3, 1, "medium", "closed")
    assert told.at(3, 2, "medium", "closed")
    assert told.at(4, 5, "medium"), "the group was over"


def test_what_waits_waits_again_when_it_is_asked_again() -> None:
    """A sink that fails and asks again within the wait gets the same answer."""
    told = Told(**GROUPED)
    alert = numbered(make_alert(1, 1, level="low"), 1)
    assert [told.ask(alert) is None for _ in range(3)] == [False] * 3
