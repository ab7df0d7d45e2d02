"""A post that comes out of order: what is told of it, under which ids, and what is stored."""

import random
from pathlib import Path

import pytest

from monitor.correlation.windows import State
from tests.story.test_any_order import RULES
from tests.story.timeline import Story, town
from tests.story.watching import Desk

RAID, DENIAL, CLEAR = (RULES[name] for name in ("raid", "denial", "all-clear"))
HERE = town("kozinka", 50.34, 35.50)


def test_a_claim_from_before_its_denial_is_disputed() -> None:
    """Seen the other way round, the denial's own incident ends and says where it belongs."""
    story = Story()
    denial = story.post("governor", "1", "no", minutes=9, rules=(DENIAL,), place=HERE).alerts[0]
    late = story.post(
        "legion", "1", "we are in", minutes=5, seen_after=6, rules=(RAID,), place=HERE
    )
    told = {one.incident.rule: one for one in late.alerts}
    assert (told["raid"].kind, told["raid"].incident.status) == ("opened", "disputed")
    ended = told["denial"]
    assert (ended.incident.id, ended.kind, ended.rings) == (denial.incident.id, "closed", False)
    assert ended.reason == f"told again in order; its posts belong to {told['raid'].incident.id}"
    assert [gone[:2] for gone in late.gone] == [(denial.incident.id, "telegram:governor")]


def test_an_incident_keeps_its_id_when_its_first_post_comes_late() -> None:
    """An earlier post is found later: the announced incident goes on, surer than before."""
    story = Story()
    first = story.post("legion", "1", "we are in", minutes=9, rules=(RAID,), place=HERE).alerts[0]
    late = story.post("paper", "1", "they say", minutes=5, seen_after=6, rules=(RAID,), place=HERE)
    (alert,) = late.alerts
    assert (alert.incident.id, alert.kind) == (first.incident.id, "escalated")
    assert alert.reason.startswith("told again in order; status unconfirmed -> corroborated")
    assert alert.incident.opened_at < first.incident.opened_at


def test_a_late_all_clear_ends_only_what_was_before_it() -> None:
    """What was said after it, and seen before it, goes on as an incident of its own."""
    story = Story()
    story.post("legion", "1", "we are in", rules=(RAID,), place=HERE)
    story.post("legion", "2", "we are back", minutes=20, rules=(RAID,), place=HERE)
    late = story.post(
        "governor", "1", "over", minutes=10, seen_after=15, rules=(CLEAR,), place=HERE
    )
    assert sorted((one.kind, one.incident.posts) for one in late.alerts) == [
        ("closed", 1), ("opened", 1),
    ]  # fmt: skip
    (left,) = story.state.incidents.values()
    assert list(story.state.members[left.id]) == [("telegram:legion", "2")]


def test_after_a_restart_a_late_post_only_joins() -> None:
    """What came before the restart is not told again: nothing moves, nothing is lost."""
    story = Story()
    story.post("legion", "1", "we are in", minutes=9, rules=(RAID,), place=HERE)
    story.state = State(**{
        name: getattr(story.state, name) for name in State.__struct_fields__ if name != "told"
    })  # fmt: skip
    late = story.post("paper", "1", "they say", minutes=5, seen_after=6, rules=(RAID,), place=HERE)
    assert [one.reason for one in late.alerts] == [
        "status unconfirmed -> corroborated: sides independent, ru-opposition-armed"
    ]


NOTHING = "{type: event_count, rules: raid, timespan: 1h, condition: {gte: 500}}"
TEXTS = (
    "a raid, 3 injured",
    "a fire",
    "a raid and a fire",
    "nothing happened",
    "8 injured, a raid",
)


@pytest.mark.parametrize("seed", range(6))
def test_what_is_stored_is_what_is_remembered(tmp_path: Path, seed: int) -> None:
    """Late, repeated, edited and deleted posts: a restart knows the same incidents and members."""
    drawn = random.Random(seed)
    at = Desk(tmp_path, NOTHING)
    made: list[int] = []
    for number in range(1, 40):
        again = drawn.choice(made) if made and drawn.random() < 0.3 else number
        kind = "new" if again == number else drawn.choice(("new", "edit", "delete"))
        source = ("paper", "legion", "state", "governor")[again % 4]
        text = drawn.choice(TEXTS) if kind != "delete" else ""
        at.post(number, source, text, number=again, kind=kind, age=drawn.choice((0, 0, 9, 30)))
        made.append(again)
    before = at.pipeline.memory.real
    held = {name: dict(members.items()) for name, members in before.members.items()}
    incidents = dict(before.incidents.items())
    at.restart()
    after = at.pipeline.memory.real
    assert dict(after.incidents.items()) == incidents
    assert {name: dict(members.items()) for name, members in after.members.items()} == held
    ((told,),) = at.db.rows("SELECT count(*) FROM alerts")
    assert told > 5
    at.db.close()
