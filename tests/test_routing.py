"""Which receivers an alert is for: matchers, the tree, intervals and inhibitions."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alert import Alert
from monitor.routes import Inhibition, Route, TimeInterval
from monitor.rule import LEVELS, Level
from monitor.sinks.routing import Routing, during, held_back, holds, not_routed, ways, words
from tests.doubles.outbox import make_alert, make_post

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)  # a Friday


def route(**keys: object) -> Route:
    """A route as YAML says it."""
    return Route.model_validate(keys)


def interval(name: str = "quiet", **keys: Any) -> TimeInterval:
    """A time interval of one part."""
    return TimeInterval.model_validate({"name": name, "time_intervals": [keys]})


def of(alert: Alert, **changes: object) -> Alert:
    """The alert with another incident."""
    return msgspec.structs.replace(
        alert, incident=msgspec.structs.replace(alert.incident, **changes)
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rule = border-incursion", True),
        ('rule = "border-incursion"', True),
        ("rule != border-incursion", False),
        ("level >= high", True),
        ("level > critical", False),
        ("level<=medium", False),
        ("event =~ battles/*", True),
        ("event =~ riots/*|battles/armed-*", True),
        ("event !~ battles/*", False),
        ("event =~ battles", False),
        ("place = Козинка", True),
        ("place = kozinka", True),
        ("place != kozinka", False),
        ("admin1 = RU-BEL", True),
        ("role = official", True),
        ("role = media", True),
        ("role != media", False),
        ("source = telegram:vvgladkov", True),
        ("status = unconfirmed", True),
        ("exercise = false", True),
        ("late = true", False),
    ],
)
def test_matchers(text: str, expected: bool) -> None:  # noqa: FBT001 - the expected answer
    """A matcher asks one thing; of many posts one is enough for `=`, none may be for `!=`."""
    other = msgspec.structs.replace(make_post(source="feed:x"), role="media")
    alert = make_alert(1, posts=(make_post(), other))
    assert holds(text, words(alert)) is expected


def test_what_is_missing_is_empty() -> None:
    """An alert without a place has the empty place, and no other."""
    alert = of(make_alert(1), place=None)
    assert holds('place = ""', words(alert))
    assert holds("place != kozinka", words(alert))
    assert not holds("admin1 = RU-BEL", words(alert))


TREE = Routing(
    ("desk", "night", "log"),
    route(
        receiver="desk",
        routes=[
            {"matchers": "rule = border-incursion", "receiver": "log", "continue": True},
            {
                "matchers": ["level >= high"],
                "routes": [{"matchers": ["place = kozinka"], "receiver": ["night", "desk"]}],
            },
            {"matchers": ["level >= low"], "receiver": "night", "mute_time_intervals": "quiet"},
            {"matchers": ["level = informational"], "receiver": []},
        ],
    ),
    (interval(times=[{"start_time": "22:00", "end_time": "06:00"}]),),
)


def reached(alert: Alert, now: datetime = NOON) -> set[str]:
    """The receivers that get an alert under TREE."""
    return {one for one in TREE.receivers if not_routed(TREE, one, alert, now) is None}


def test_the_tree_is_walked_as_alertmanager_walks_it() -> None:
    """First child that holds, `continue` goes on, a parent keeps what no child takes."""
    other = of(make_alert(1, level="high"), rule="shelling")
    assert reached(make_alert(1, level="critical")) == {"log", "night", "desk"}
    assert reached(other) == {"night", "desk"}
    assert reached(of(other, place=None)) == {"desk"}
    assert reached(of(other, level="low")) == {"night"}
    assert reached(of(other, level="informational")) == set()


def test_without_routes_everybody_gets_everything() -> None:
    """No `route` in the settings means all receivers."""
    routing = Routing(("a", "b"))
    assert not_routed(routing, "a", make_alert(1), NOON) is None
    assert ways(routing, make_alert(1), NOON)[0].receivers == ("a", "b")


def test_the_reason_names_the_route_and_the_interval() -> None:
    """Who is not told can be told why."""
    night = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)
    alert = of(make_alert(1, level="low"), rule="shelling")
    assert not_routed(TREE, "night", alert, NOON) is None
    assert not_routed(TREE, "night", alert, night) == "route root > level >= low: it is quiet"
    assert not_routed(TREE, "log", alert, NOON) == "no route leads here"


@given(st.sampled_from(LEVELS), st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)))  # noqa: DTZ001 - aware below
def test_no_pause_holds_back_a_critical_alert(level: Level, moment: datetime) -> None:
    """Intervals hold back at any time what is less than critical, and critical alerts never."""
    always = interval(times=[{"start_time": "00:00", "end_time": "24:00"}])
    never = interval("never", years=["1999"])
    paused = {"matchers": ["level >= informational"], "mute_time_intervals": ["quiet"]}
    inactive = {"matchers": ["level >= informational"], "active_time_intervals": ["never"]}
    now = moment.replace(tzinfo=UTC)
    for child in (paused, inactive):
        routing = Routing(("desk",), route(routes=[child]), (always, never))
        why = not_routed(routing, "desk", make_alert(1, level=level), now)
        assert (why is None) == (level == "critical")


@pytest.mark.parametrize(
    ("keys", "moment", "inside"),
    [
        ({"location": "Europe/Kyiv"}, "2026-11-20T20:30+00:00", True),  # 22:30 there, winter
        ({"location": "Europe/Kyiv"}, "2026-11-20T19:30+00:00", False),
        ({"location": "Europe/Kyiv"}, "2026-07-17T19:30+00:00", True),  # 22:30 there, summer
        ({"weekdays": ["monday:friday"]}, "2026-11-20T23:00+00:00", True),
        ({"weekdays": ["monday:friday"]}, "2026-11-21T05:59+00:00", True),  # Friday's night
        ({"weekdays": ["monday:friday"]}, "2026-11-21T06:00+00:00", False),
        ({"weekdays": ["monday:friday"]}, "2026-11-21T23:00+00:00", False),
        ({"weekdays": ["saturday:monday"]}, "2026-11-22T23:00+00:00", True),
        ({"days_of_month": ["-1"]}, "2026-11-30T22:00+00:00", True),
        ({"days_of_month": ["-1"]}, "2026-12-01T05:00+00:00", True),
        ({"days_of_month": ["1:5"]}, "2026-11-30T22:00+00:00", False),
        ({"months": ["november:january"]}, "2026-12-05T22:00+00:00", True),
        ({"months": ["6:8"]}, "2026-12-05T22:00+00:00", False),
        ({"years": ["2026:2027"]}, "2026-12-05T22:00+00:00", True),
    ],
)
def test_intervals(keys: dict[str, Any], moment: str, inside: bool) -> None:  # noqa: FBT001 - the expected answer
    """Nights belong to the day they began on, in the zone's own time, summer time included."""
    night = interval(times=[{"start_time": "22:00", "end_time": "06:00"}], **keys)
    assert during(night, datetime.fromisoformat(moment)) is inside


RULE = Inhibition.model_validate({
    "source_matchers": ["rule = border-incursion"],
    "target_matchers": ["rule = shelling"],
    "equal": ["place"],
})  # fmt: skip


def test_an_incident_holds_back_what_it_explains() -> None:
    """Same place, other incident, not worse: held back, with the incident as the reason."""
    source = make_alert(1, incident=1, level="high")
    target = of(make_alert(2, incident=2, level="high"), rule="shelling")
    why = held_back([RULE], target, [source])
    assert why is not None
    assert "incident-1" in why
    assert held_back([RULE], target, []) is None
    assert held_back([RULE], source, [source, target]) is None
    assert held_back([RULE], of(target, place=None), [source]) is None
    exercise = msgspec.structs.replace(target, exercise=True)
    assert held_back([RULE], exercise, [source]) is None


@given(st.sampled_from(LEVELS), st.sampled_from(LEVELS))
def test_a_lower_incident_never_holds_back_a_higher_one(source: Level, target: Level) -> None:
    """Inhibition goes down and sideways, never up."""
    alert = of(make_alert(2, incident=2, level=target), rule="shelling")
    why = held_back([RULE], alert, [make_alert(1, incident=1, level=source)])
    assert (why is not None) == (LEVELS.index(source) >= LEVELS.index(target))


def test_two_of_a_kind_do_not_hold_back_each_other() -> None:
    """When both are source and target, both are told."""
    both = Inhibition.model_validate(
        {"source_matchers": ["level >= low"], "target_matchers": ["level >= low"]}
    )
    assert held_back([both], make_alert(1, incident=1), [make_alert(2, incident=2)]) is None
