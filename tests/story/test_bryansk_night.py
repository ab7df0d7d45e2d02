"""A night of drones and a morning raid in the Bryansk oblast, written by one who knew no rules.

The posts are invented; what a reader expects of them was written down before the first run.
"""

from pathlib import Path

import pytest

from tests.story.replayed import LOUD, AlertObject, caused_by, replayed, ringing

RECORDING = Path(__file__).with_name("bryansk-night.jsonl")
REPOSTS = "exercise_bryansk_reposts"


@pytest.fixture(scope="module")
def told() -> list[AlertObject]:
    """The alerts of the night, in order."""
    return replayed(RECORDING)


def steps(told: list[AlertObject], rule: str) -> list[tuple[str, str, str]]:
    """Kind, status and cause of the alerts of one rule's incidents at Sushany."""
    return [
        (one["kind"], one["incident"]["status"], caused_by(one))
        for one in told
        if one["incident"]["rule"] == rule
        and one["incident"]["place"]["name"] == "Сушаны"
        and one["posts"]
    ]


def test_the_phone_rings_at_most_twelve_times(told: list[AlertObject]) -> None:
    """All levels with a sound; of the raid first when a channel first speaks of it."""
    rings = ringing(told, *LOUD)
    assert 4 <= len(rings) <= 12
    raid = [one for one in rings if one["incident"]["level"] == "critical"]
    assert caused_by(raid[0]) == "breakingmash/811"


def test_the_raid_is_claimed_by_those_who_made_it(told: list[AlertObject]) -> None:
    """The formation's word and an independent house make two sides: corroborated, and it rings."""
    assert steps(told, "border-incursion")[:4] == [
        ("opened", "unconfirmed", "breakingmash/811"),
        ("updated", "reported", "bazabazon/702"),
        ("updated", "reported", "russvolcorps/821"),
        ("escalated", "corroborated", "astrapress/702"),
    ]


def test_the_governor_says_it_was_beaten_back_and_is_contradicted(told: list[AlertObject]) -> None:
    """His word opens a claim of its own, official at once; the formation's answer disputes it."""
    said = steps(told, "incursion-repelled")
    assert said[0] == ("opened", "official", "avbogomaz/831")
    assert ("updated", "disputed", "russvolcorps/702") in said


def test_the_ministrys_victory_is_disputed(told: list[AlertObject]) -> None:
    """The ministry says "destroyed"; that the formation denies it stands in the same incident."""
    assert [status for _, status, _ in steps(told, "group-destroyed")] == [
        "unconfirmed", "disputed",
    ]  # fmt: skip


def test_a_taken_back_death_is_taken_back(told: list[AlertObject]) -> None:
    """The deleted post's number is gone and told as gone; the governor's two injured stand."""
    (gone,) = [
        one for one in told
        if one["kind"] == "corrected" and one["incident"]["rule"] == "civilians-hurt"
    ]  # fmt: skip
    assert "no longer says" in gone["reason"]
    sides = {(one["what"], one["side"]) for one in gone["incident"]["numbers"]}
    assert sides == {("injured", "ru-state")}


def test_no_echo_rings(told: list[AlertObject]) -> None:
    """Neither the channel that only forwards nor a copied sentence causes an alert."""
    causes = [caused_by(one) for one in told]
    assert not [one for one in causes if one.startswith(REPOSTS)]
    assert "bazabazon/701" not in causes


def test_other_talk_is_left_alone(told: list[AlertObject]) -> None:
    """A recipe, partisans of 1943, potatoes and hockey cause nothing."""
    quiet = ("exercise_cooking", "exercise_history", "exercise_klimovo_chat/706")
    assert not [one for one in map(caused_by, told) if one.startswith(quiet)]


def test_the_regime_begins_and_ends_by_the_governors_word(told: list[AlertObject]) -> None:
    """Critical and official when introduced; lifted, it closes and rings once more."""
    regime = [
        (one["kind"], caused_by(one)) for one in ringing(told, "critical")
        if one["incident"]["rule"] == "counter-terrorist-regime"
    ]  # fmt: skip
    assert regime == [("opened", "avbogomaz/851"), ("closed", "avbogomaz/707")]
