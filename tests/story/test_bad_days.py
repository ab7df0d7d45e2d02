"""Floods, clocks and editors gone wild: bounded, explained, and nothing is lost."""

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from monitor.incident import OUTCOMES
from monitor.place import Place
from monitor.store.archive import outcomes, versions
from tests.cost import once
from tests.story.test_transitions import CLEAR, only, told
from tests.story.timeline import OBLAST, START, Story, rule, town
from tests.story.watching import Desk

EVERYTHING = (
    "{type: value_count, group_by: rule, timespan: 30d, condition: {field: source, gte: 9}}"
)
DISTRICT = town("border-district", kind="district")
VILLAGE = town("kozinka", within=("border-district", "region:RU-BEL", "country:RU"))


def test_a_better_place_refines_and_can_escalate() -> None:
    """Oblast, district, village: one incident, worse where a worse rule of its story holds."""
    vague, near = rule("raid", "medium", story="raid"), rule("at-the-border", story="raid")
    story = Story()
    story.post("paper", "1", rules=(vague,), place=OBLAST)
    second = story.post("other", "1", "in a district", minutes=1, rules=(vague,), place=DISTRICT)
    third = story.post("paper2", "1", "in kozinka", minutes=2, rules=(vague, near), place=VILLAGE)
    assert "place Belgorod oblast -> Border-District" in told(second)[0][2]
    assert [(kind, why) for kind, _, why in told(third)] == [(
        "escalated",
        "level medium -> critical by rule at-the-border; place Border-District -> Kozinka",
    )]  # fmt: skip
    assert only(story).place == VILLAGE


def test_a_repeated_all_clear_reopens_nothing() -> None:
    """Said again, by another channel and in other words, it is no news; nor is a village's."""
    story = Story()
    story.post("legion", "1", place=VILLAGE)
    assert story.post("governor", "1", "all clear", minutes=5, rules=(CLEAR,), place=OBLAST).alerts
    for minute, where in ((6, OBLAST), (9, VILLAGE)):
        again = story.post(
            "paper", str(minute), f"it is over {minute}", minutes=minute, rules=(CLEAR,),
            place=where,
        )  # fmt: skip
        assert (again.outcome, again.alerts) == ("joined", ())
        assert "the all-clear of 09:05 UTC has ended it" in again.reason
    assert len(story.state.incidents) == 0
    much_later = story.post("paper", "99", "all clear", minutes=999, rules=(CLEAR,), place=OBLAST)
    assert much_later.alerts


def test_a_post_edited_a_thousand_times_is_told_a_few_times() -> None:
    """Each version is judged and has its outcome; edits that change nothing stop being alerts."""
    story = Story()
    story.post("governor", "1", "the raid: 1 injured")
    for number in range(2, 1001):
        text = f"the raid: 1 injured, text {number}" if number != 500 else "the raid: 7 injured"
        decision = story.post("governor", "1", text, minutes=number / 60, kind="edit")
        if number == 500:
            assert "1 -> 7 injured" in decision.alerts[0].reason
    assert len(story.alerts) == 12
    assert decision.reason.endswith("edited again (version 1000), nothing that counts has changed")
    assert only(story).posts == 1


def test_thousands_of_incidents_at_once() -> None:
    """They open, are found again and close in the same minute, at a cost that is linear."""
    story = Story()
    places = [town(f"v{number}", 45 + number / 100) for number in range(2000)]

    def tell(some: list[Place]) -> None:
        for place in some:
            story.post("legion", f"{place.id}", f"the group is in {place.id}", place=place)

    took = [once(partial(tell, half)) for half in (places[:1000], places[1000:])]
    assert len(story.state.incidents) == 2000
    took.append(once(lambda: story.pass_time(START + timedelta(hours=6, minutes=1))))
    assert len(story.state.incidents) == 0
    assert len([one for one in story.alerts if one.kind == "closed"]) == 2000
    assert took[1] < took[0] * 3 + 0.2
    assert took[2] < took[0] * 3 + 0.2


def test_a_rule_that_matches_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered of one group is bounded, of each publisher something stays."""
    monkeypatch.setattr("monitor.correlation.clues.MOST_OF_A_GROUP", 60)
    monkeypatch.setattr("monitor.correlation.clues.LEFT_OF_A_GROUP", 40)
    at = Desk(tmp_path, EVERYTHING)
    for number in range(150):
        source = "legion" if number == 7 else ("paper" if number % 2 else "state")
        at.post(number / 60, source, f"raid report {number}")
    (group,) = at.pipeline.memory.real.clues.groups.values()
    assert 40 <= len(group) <= 60
    assert {one.value for one in group} == {"telegram:paper", "telegram:state", "telegram:legion"}
    ((stored,),) = at.db.rows("SELECT count(*) FROM clues")
    assert stored == len(group) == at.pipeline.memory.real.clues.size
    at.restart()
    assert next(iter(at.pipeline.memory.real.clues.groups.values())) == group
    at.db.close()


def test_of_too_many_clues_those_that_end_next_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All groups together are bounded too; the store forgets the same as the memory."""
    monkeypatch.setattr("monitor.correlation.clues.MOST", 5)
    asked = "{type: event_count, group_by: source, timespan: 1h, condition: {gte: 500}}"
    at = Desk(tmp_path, asked)
    for number in range(20):
        at.post(number * 30, f"channel_{number}", "raid")
    left = at.pipeline.memory.real.clues
    at.restart()
    assert 0 < left.size <= 6
    assert at.pipeline.memory.real.clues.size == left.size
    at.db.close()


@pytest.mark.parametrize("year", [1970, 2099])
def test_posts_of_impossible_years(tmp_path: Path, year: int) -> None:
    """A post dated 1970 is late, one of 2099 counts when it was seen; both are kept."""
    at = Desk(tmp_path, EVERYTHING)
    age = (START.replace(year=2023) - START.replace(year=year)).total_seconds() / 60
    at.name = "raid"
    alerts = at.post(0, "paper", "a raid", age=age, number=1)
    assert [one.kind for one in alerts] == ([] if year == 1970 else ["opened"])
    (stored,) = versions(at.db, "telegram:paper", "1", exercise=False)
    assert stored.outcome == ("late" if year == 1970 else "alerted")
    assert [one.kind for one in at.post(1, "legion", "another raid")] == [
        "opened" if year == 1970 else "escalated"
    ]
    assert sum(outcomes(at.db)[one] for one in OUTCOMES) == 2
    at.db.close()


def test_a_clock_that_jumps_and_is_set_right_again(tmp_path: Path) -> None:
    """A year ahead and back: nothing is lost, and copies and correlations are known again."""
    at = Desk(tmp_path, "{type: event_count, rules: raid, timespan: 1h, condition: {gte: 2}}")
    year = 525_600.0
    at.post(year, "paper", "weather of a year that has not come")
    at.post(1, "paper", "a raid in the north of the district this morning")
    at.restart()
    echo = at.post(2, "state", "a raid in the north of the district this morning", number=77)
    assert not echo
    (stored,) = versions(at.db, "telegram:state", "77", exercise=False)
    assert stored.outcome == "echo"
    assert [one.kind for one in at.post(3, "legion", "our raid")] == ["opened"]
    at.db.close()
