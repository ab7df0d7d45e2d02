"""Whatever moment the daemon dies at: no post missed, no alert lost, invented or altered."""

import os
from pathlib import Path

import pytest

from tests.crash.campaign import Campaign
from tests.crash.oracle import judge

POSTS = int(os.environ.get("MONITOR_CRASH_POSTS", "100000"))
KILLS = int(os.environ.get("MONITOR_CRASH_KILLS", "200"))


@pytest.mark.timeout(1500)
async def test_killed_at_any_moment_nothing_is_lost_or_invented(tmp_path: Path) -> None:
    """SIGKILLed 200 times at random, the subscriber sees the alerts of an uninterrupted run."""
    report = await Campaign(tmp_path, posts=POSTS, kills=KILLS).run()
    print(report.told())  # noqa: T201 - the figures of the campaign, shown by pytest -s
    assert report.verdict.sound, report.told()
    assert report.verdict.duplicates > 0, "no kill ever hit a delivery: the fault did not bite"
    assert report.kills_while_flowing > KILLS / 8  # on a busy machine a fourth or more
    assert 0 < report.seconds_to_next_alert <= 5
    assert sum(report.outcomes.values()) == report.versions


@pytest.mark.timeout(600)
async def test_the_oracle_notices_a_broken_transaction(tmp_path: Path) -> None:
    """With alerts committed apart from their posts, the same kills lose alerts: the test bites."""
    report = await Campaign(tmp_path, posts=8000, kills=15, seed=2).run(broken=True)
    assert report.verdict.lost


def test_the_oracle_names_each_kind_of_fault() -> None:
    """Lost, invented and altered alerts and wire duplicates are told apart."""
    expected = [{"id": "a", "x": 1}, {"id": "b", "x": 1}, {"id": "c", "x": 1}]
    delivered = [
        {"id": "a", "x": 1, "sequence": 1},
        {"id": "a", "x": 1, "sequence": 9},
        {"id": "b", "x": 2},
        {"id": "d", "x": 1},
    ]
    verdict = judge(expected, delivered)
    assert verdict.lost == {"c"}
    assert verdict.invented == {"d"}
    assert verdict.altered == {"b"}
    assert verdict.duplicates == 1
