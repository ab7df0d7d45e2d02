"""The monitor itself was away: what it did not hear is no silence until it could have come."""

from pathlib import Path

from tests.story.watching import desk, told

ABSENCE = "{type: absence, rules: raid, without: denial, timespan: 30m}"
FLATLINE = "{type: flatline, group_by: source, timespan: 1h}"


def test_an_answer_given_meanwhile_is_heard_after_the_restart(tmp_path: Path) -> None:
    """Asked, then away for three hours: the answer that comes late is one, and nothing is told."""
    with desk(tmp_path, ABSENCE) as at:
        at.post(0, "paper", "a raid")
        at.passes(5)
        at.restart(180)
        assert not at.passes(180)
        assert not at.post(182, "governor", "nothing happened", age=165)
        assert not at.passes(400)


def test_a_missing_answer_is_told_when_it_could_have_come(tmp_path: Path) -> None:
    """No answer within a quarter of an hour of the return: told once, with what was missed."""
    with desk(tmp_path, ABSENCE) as at:
        at.post(0, "paper", "a raid")
        at.passes(5)
        at.restart(180)
        assert not at.passes(194.9)
        at.restart(195.5)
        ((kind, reason),) = told(at.passes(195.6))
        assert kind == "opened"
        assert reason.startswith("raid at 06:00 UTC, and no denial within 30 min")
        assert reason.endswith("; the monitor was away 06:05-09:00 UTC")
        at.restart(196)
        assert [one.kind for one in at.passes(500)] == ["closed"]


def test_a_second_restart_prolongs_the_wait(tmp_path: Path) -> None:
    """Away again before the wait was over: both are one absence of ours."""
    with desk(tmp_path, ABSENCE) as at:
        at.post(0, "paper", "a raid")
        at.passes(5)
        at.restart(180)
        at.passes(181)
        at.restart(190)
        assert not at.passes(204.9)
        assert "away 06:05-09:10" in at.passes(205.1)[0].reason


def test_a_restart_makes_no_source_quiet(tmp_path: Path) -> None:
    """Away for longer than the silence asked for: the source's posts of that time come late."""
    with desk(tmp_path, FLATLINE) as at:
        at.post(0, "paper", "good morning")
        at.passes(10)
        at.restart(180)
        assert not at.passes(180)
        at.post(181, "paper", "the news of before", age=20)
        assert not at.passes(219)
        assert [kind for kind, _ in told(at.passes(222))] == ["opened"]


def test_a_short_restart_changes_nothing(tmp_path: Path) -> None:
    """Back within two minutes, silences are told to the second."""
    with desk(tmp_path, ABSENCE) as at:
        at.post(0, "paper", "a raid")
        at.passes(29)
        at.restart(30)
        assert [kind for kind, _ in told(at.passes(30.1))] == ["opened"]


def test_the_time_of_an_old_recording_waits_for_us(tmp_path: Path) -> None:
    """A recording of years ago goes on where it stood: what nobody answers is told in time."""
    with desk(tmp_path, ABSENCE) as at:
        at.exercise = True
        at.post(0, "paper", "a raid")
        at.passes(5)
        at.restart(3 * 365 * 24 * 60)
        ((kind, reason),) = told(at.post(31, "paper", "weather"))
        assert kind == "opened"
        assert "away" not in reason
