"""A seeded campaign: the store of a collector that is killed again and again equals the ledger."""

from pathlib import Path

import pytest

from tests.doubles.telegram.campaign import Plan, Stored, campaign, differing

SHORT = Plan(seed=20230522, channels=6, posts=400, kills=4, patience=60.0)


@pytest.mark.timeout(300)
async def test_store_equals_ledger(tmp_path: Path) -> None:
    """After faults and kill -9 each post is there once, with its final text or its deletion.

    The calls stay within the budgets. `scripts/telegram-campaign` runs it at full length.
    """
    outcome = await campaign(SHORT, tmp_path)
    assert not outcome.differences
    assert not outcome.over_budget
    assert outcome.figures["kills"] == SHORT.kills


@pytest.mark.parametrize(
    ("stored", "found"),
    [
        ({}, "lost"),
        ({"1": Stored("new", "иначе", 1)}, "stored as"),
        ({"1": Stored("delete", "", 2)}, "stored as"),
        ({"1": Stored("edit", "да", 2)}, "never edited"),
        ({"1": Stored("new", "да", 1), "2": Stored("new", "да", 1)}, "never written"),
    ],
)
def test_every_difference_is_found(stored: dict[str, Stored], found: str) -> None:
    """A lost post, another text, a deletion or edit that never was, a post that nobody wrote."""
    post = {"id": 1, "group": None, "text": "да", "deleted": False, "edit_date": None}
    truth = [{"username": "one", "posts": [post]}]
    (line,) = differing(truth, {("telegram:one", key): one for key, one in stored.items()})
    assert found in line


def test_a_post_that_should_be_gone_is_found() -> None:
    """A deleted post that is still stored is a difference; one that never was is none."""
    post = {"id": 1, "group": None, "text": "да", "deleted": True, "edit_date": None}
    truth = [{"username": "one", "posts": [post]}]
    assert differing(truth, {("telegram:one", "1"): Stored("new", "да", 1)})
    assert not differing(truth, {})
    assert not differing(truth, {("telegram:one", "1"): Stored("delete", "", 2)})
