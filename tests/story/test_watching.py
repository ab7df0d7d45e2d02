"""Each type of correlation fires at the very moment, not one post earlier, and not twice."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.story.watching import START, Desk, desk, told

COUNT = "{type: event_count, rules: raid, timespan: 1h, condition: {gte: 3}}"


def opens(at: Desk, minutes: float, source: str, text: str) -> str:
    """The reason of the one alert that a post opens; empty if there is none."""
    alerts = [why for kind, why in told(at.post(minutes, source, text)) if kind == "opened"]
    assert len(alerts) <= 1
    return "".join(alerts)


def test_event_count_at_the_third_post(tmp_path: Path) -> None:
    """Three posts within an hour alert with the third; the fourth joins; echoes do not count."""
    with desk(tmp_path, COUNT) as at:
        assert not opens(at, 0, "state", "a raid in the north")
        assert not opens(at, 5, "paper", "a raid says our reporter")
        assert not at.post(6, "legion", "a raid in the north", forwards="telegram:state/1")
        assert not opens(at, 61, "legion", "our raid goes on")
        (alert,) = at.post(64, "state2", "the raid is over, they say")
        assert (alert.kind, alert.reason) == ("opened", "3 posts within 60 min")
        assert [(one.source, one.text[:8]) for one in alert.posts] == [
            ("telegram:paper", "a raid s"), ("telegram:legion", "our raid"),
            ("telegram:state2", "the raid"),
        ]  # fmt: skip
        assert alert.rings
        assert not opens(at, 65, "paper", "one more raid post")


def test_event_count_opens_again_only_after_it_has_ended(tmp_path: Path) -> None:
    """After a window of quiet the same condition is a new incident."""
    with desk(tmp_path, COUNT) as at:
        for minute, text in enumerate(("raid one", "raid two", "raid three")):
            at.post(minute, "paper", text)
        assert told(at.passes(63)) == [("closed", "nothing new for 60 min")]
        assert not opens(at, 70, "paper", "raid four")
        assert not opens(at, 71, "paper", "raid five")
        assert opens(at, 72, "paper", "raid six")


def test_value_count_counts_different_sources(tmp_path: Path) -> None:
    """Ten posts of one source are one value; the second source is the second."""
    asked = "{type: value_count, rules: raid, timespan: 2h, condition: {field: source, gte: 2}}"
    with desk(tmp_path, asked) as at:
        for minute in range(10):
            assert not opens(at, minute, "paper", f"raid report {minute}")
        assert opens(at, 11, "legion", "our raid") == (
            "2 different source: telegram:paper, telegram:legion, within 2 h"
        )


def test_temporal_needs_every_rule(tmp_path: Path) -> None:
    """Two rules in any order, within the timespan."""
    asked = "{type: temporal, rules: [raid, fire], timespan: 30m}"
    with desk(tmp_path, asked) as at:
        assert not opens(at, 0, "paper", "a fire")
        assert not opens(at, 31, "paper", "a raid")
        assert opens(at, 60, "paper", "another fire") == "raid and fire within 30 min"


def test_temporal_ordered_needs_the_order(tmp_path: Path) -> None:
    """The second before the first is nothing; the second after it is."""
    asked = "{type: temporal_ordered, rules: [raid, fire], timespan: 30m}"
    with desk(tmp_path, asked) as at:
        assert not opens(at, 0, "paper", "a fire")
        assert not opens(at, 5, "paper", "a raid")
        assert opens(at, 9, "legion", "all on fire") == "raid, then fire within 4 min"


def test_corroborated_folds_echoes_and_families(tmp_path: Path) -> None:
    """A forward and a second channel of one house are no second publisher; another side is."""
    asked = "{type: corroborated, rules: raid, timespan: 3h, families: 2, affiliations: 2}"
    with desk(tmp_path, asked) as at:
        assert not opens(at, 0, "state", "a raid in the north")
        assert not opens(at, 5, "state2", "the raid in other words")
        assert not at.post(6, "legion", "a raid in the north", forwards="telegram:state/1")
        assert not opens(at, 7, "governor", "the governor speaks of a raid")
        assert opens(at, 9, "legion", "we have begun the raid") == (
            "3 publishers (house, telegram:governor, telegram:legion) of 2 sides "
            "(ru-opposition-armed, ru-state) within 3 h"
        )


def test_absence_fires_when_the_answer_does_not_come(tmp_path: Path) -> None:
    """At the end of the timespan, not before; an answer in time keeps it quiet."""
    asked = "{type: absence, rules: raid, without: denial, timespan: 30m}"
    with desk(tmp_path, asked) as at:
        at.post(0, "legion", "a raid")
        assert not at.post(20, "governor", "nothing happened")
        assert not at.passes(40)
        at.post(50, "legion", "the next raid")
        assert not at.passes(79.9)
        (alert,) = at.passes(80.1)
        assert alert.reason == "raid at 06:50 UTC, and no denial within 30 min"
        assert alert.incident.opened_at == START + timedelta(minutes=80)
        assert not at.passes(90)
        assert told(at.post(95, "governor", "nothing happened there")) == [
            ("closed", "denial came after 45 min")
        ]


def test_absence_is_corrected_by_an_answer_that_was_only_seen_late(tmp_path: Path) -> None:
    """The answer was published in time: the alert is taken back, with both times."""
    asked = "{type: absence, rules: raid, without: denial, timespan: 30m}"
    with desk(tmp_path, asked) as at:
        at.post(0, "legion", "a raid", number=7)
        assert len(at.passes(31)) == 1
        (alert,) = at.post(50, "governor", "nothing happened", age=30)
        assert (alert.kind, alert.incident.status) == ("corrected", "retracted")
        assert "denial at 06:20 UTC, seen 06:50" in alert.reason


def test_flatline_tells_a_quiet_source_once(tmp_path: Path) -> None:
    """A source without a post for six hours, whatever it posts; and when it is back."""
    asked = "{type: flatline, group_by: source, timespan: 6h}"
    with desk(tmp_path, asked) as at:
        at.post(0, "paper", "the weather")
        at.post(100, "paper", "and sports")
        assert not at.passes(459)
        (alert,) = at.passes(461)
        assert alert.reason == (
            "source telegram:paper: no post for 6 h, the last at 2023-05-22 07:40 UTC"
        )
        assert not at.passes(800)
        assert told(at.post(810, "paper", "good morning")) == [
            ("closed", "again a post within 6 h")
        ]


def test_flatline_of_a_topic_with_a_threshold(tmp_path: Path) -> None:
    """Fewer than three raids in two hours, counted from when the third last one leaves."""
    asked = "{type: flatline, rules: raid, threshold: 3, timespan: 2h}"
    with desk(tmp_path, asked) as at:
        for minute in (0, 10, 20, 30):
            at.post(minute, "paper", f"raid at {minute}")
        assert not at.passes(129)
        assert told(at.passes(130.5)) == [
            ("opened", "fewer than 3 posts for 2 h, the last at 2023-05-22 06:30 UTC")
        ]


def test_new_term_learns_first(tmp_path: Path) -> None:
    """Nothing is new while it learns; then what was not seen for the timespan is."""
    asked = "{type: new_term, rules: raid, field: source, timespan: 5d, learning: 2d}"
    day = 1440
    with desk(tmp_path, asked) as at:
        assert not opens(at, 0, "paper", "a raid")
        assert not opens(at, day, "legion", "our raid")
        assert opens(at, 2 * day, "state", "a raid") == (
            "source telegram:state: new in the 2 d that it has been watched for"
        )
        assert not opens(at, 3 * day, "paper", "a raid again")
        assert opens(at, 9 * day, "paper", "a raid once more") == (
            "source telegram:paper: not seen for 5 d"
        )


def test_spike_needs_enough_history(tmp_path: Path) -> None:
    """However many posts: no alert on the first three days."""
    asked = "{type: spike, rules: raid, timespan: 1h, spike_height: 3, threshold_cur: 4}"
    with desk(tmp_path, asked) as at:
        for number in range(3):
            for minute in range(9):
                assert not opens(at, number * 1440 + minute, "paper", f"raid {number} {minute}")


def test_spike_says_what_it_compares_with(tmp_path: Path) -> None:
    """The reason has the count, the average, the most, and the real number of days."""
    asked = "{type: spike, rules: raid, timespan: 1h, spike_height: 3, threshold_cur: 4}"
    day = 1440
    with desk(tmp_path, asked) as at:
        for number in range(4):
            at.post(number * day, "paper", f"the raid of day {number}")
        reasons = [opens(at, 4 * day + minute, "paper", f"raid {minute}") for minute in range(6)]
        assert reasons == ["", "", "", (
            "4 posts since 06:00 UTC; the same hours of the last 4 days had 1.0 on average, "
            "1 at most (4.0 times as many, 3 needed)"
        ), "", ""]  # fmt: skip


@pytest.mark.parametrize("restarts", [False, True])
def test_groups_are_counted_apart_also_after_restarts(tmp_path: Path, *, restarts: bool) -> None:
    """Three posts of three sources are no three of one; a restart between posts changes nothing."""
    asked = "{type: event_count, rules: raid, group_by: source, timespan: 1h, condition: {gte: 2}}"
    with desk(tmp_path, asked) as at:
        reasons = []
        for minute, source in enumerate(("paper", "legion", "state", "legion", "legion", "paper")):
            reasons.append(opens(at, minute, source, f"raid number {minute}"))
            if restarts:
                at.restart()
        assert reasons == [
            "", "", "", "source telegram:legion: 2 posts within 60 min", "",
            "source telegram:paper: 2 posts within 60 min",
        ]  # fmt: skip


def test_a_restart_does_not_tell_a_silence_twice(tmp_path: Path) -> None:
    """Told once, also when the daemon dies right after."""
    with desk(tmp_path, "{type: absence, rules: raid, without: denial, timespan: 30m}") as at:
        at.post(0, "legion", "a raid")
        at.restart()
        assert len(at.passes(31)) == 1
        at.restart()
        assert not at.passes(32)
        assert not at.post(33, "legion", "the same raid goes on")


def test_a_late_post_counts_where_it_belongs(tmp_path: Path) -> None:
    """A post seen an hour after it was published makes the window of that hour true."""
    with desk(tmp_path, COUNT) as at:
        at.post(0, "paper", "raid one")
        at.post(50, "legion", "raid two")
        at.post(100, "state", "raid three")
        (alert,) = at.post(101, "governor", "raid four", age=61)
        assert alert.incident.opened_at == START + timedelta(minutes=50)
        assert alert.incident.posts == 3


def test_a_deleted_post_is_taken_out_of_the_count(tmp_path: Path) -> None:
    """The incident says which post is gone and that the condition no longer holds."""
    with desk(tmp_path, COUNT) as at:
        for minute, source in enumerate(("paper", "legion", "state")):
            at.post(minute, source, f"raid {minute}", number=minute + 1)
        (alert,) = at.post(9, "legion", number=2, kind="delete")
        assert alert.kind == "corrected"
        assert alert.reason == (
            "telegram:legion/2 was deleted by its source; 2 posts are left, "
            "the condition no longer holds"
        )
        assert not opens(at, 10, "paper", "another raid")


def test_an_edit_that_still_counts_changes_nothing(tmp_path: Path) -> None:
    """A typo mended in one of the counted posts is no news for the correlation."""
    with desk(tmp_path, COUNT) as at:
        for minute, source in enumerate(("paper", "legion", "state")):
            at.post(minute, source, f"raid {minute}", number=minute + 1)
        assert not at.post(9, "legion", "raid 1, mended", number=2, kind="edit")
        (alert,) = at.post(10, "legion", "quite another thing", number=2, kind="edit")
        assert "was edited and no longer counts; 2 posts are left" in alert.reason


def test_correlations_of_correlations(tmp_path: Path) -> None:
    """What a correlation opens is an incident that another one may count."""
    more = """{type: event_count, rules: raid, timespan: 1h, condition: {gte: 2}}
  - id: storms
    title: Storm
    correlate: {type: temporal, rules: [seen-together, fire], count: incidents, timespan: 1h}
"""
    with desk(tmp_path, more) as at:
        at.post(0, "paper", "a fire")
        at.post(1, "paper", "a raid")
        at.name = "storms"
        assert told(at.post(2, "paper", "a raid more")) == [
            ("opened", "seen-together and fire within 60 min")
        ]


def test_captured_values_group_and_count(tmp_path: Path) -> None:
    """What a rule's expression captures can be counted, grouped by, and be new."""
    more = """{type: value_count, rules: rocket, timespan: 1h, condition: {field: model, gte: 2}}
  - {id: rocket, title: A rocket, when: "/С-(?P<model>[0-9]+)/"}
"""
    with desk(tmp_path, more) as at:
        assert not opens(at, 0, "paper", "ракета С-200 летит")
        assert not opens(at, 1, "legion", "ещё одна С-200")
        assert opens(at, 2, "state", "а это С-300") == (
            "2 different model: 200, 300, within 60 min"
        )
