"""The quick start's recording, told by the alerts: who says what, who denies, what changed."""

import re

import pytest

from monitor import settings
from monitor.receivers import Language
from monitor.sinks.reasons import reason_in
from tests.story.replayed import LOUD, caused_by, replayed, ringing
from tests.story.replayed import AlertObject as Alert

RECORDING = settings.shipped("deploy/quickstart/border-raid.jsonl")


@pytest.fixture(scope="module")
def told() -> list[Alert]:
    """The alerts of a replay, in order."""
    return replayed(RECORDING)


def of(alerts: list[Alert], rule: str) -> list[Alert]:
    """The alerts of one rule's incidents."""
    return [alert for alert in alerts if alert["incident"]["rule"] == rule]


def speaker(alert: Alert) -> str:
    """Whose post caused it; nobody's, when time closed the incident."""
    return alert["posts"][0]["source"] if alert["posts"] else ""


def test_it_rings_enough_and_only_as_exercise(told: list[Alert]) -> None:
    """At least thirty alerts, each marked as an exercise, none with the id of another."""
    assert len(told) >= 30
    assert all(alert["exercise"] for alert in told)
    assert len({alert["id"] for alert in told}) == len(told)


def test_the_raid_grows_surer_as_sides_speak(told: list[Alert]) -> None:
    """A neighbour alone is unconfirmed, a formation corroborates, the governor settles it."""
    steps = [
        (alert["kind"], alert["incident"]["status"], speaker(alert))
        for alert in of(told, "border-incursion")
        if alert["kind"] in {"opened", "escalated"}
    ]
    assert steps == [
        ("opened", "unconfirmed", "telegram:exercise_grayvoron_chat"),
        ("escalated", "corroborated", "telegram:russvolcorps"),
        ("escalated", "official", "telegram:vvgladkov"),
    ]


def test_the_phone_rings_at_most_twelve_times_a_day(told: list[Alert]) -> None:
    """All levels with a sound, 98 posts on the first day: first for the raid's first claim."""
    rings = [one for one in ringing(told, *LOUD) if one["sent_at"] < "2023-05-23"]
    assert 6 <= len(rings) <= 12
    assert len(ringing(told, *LOUD)) - len(rings) <= 12
    assert caused_by(rings[0]) == "exercise_grayvoron_chat/5"
    again = {(one["incident"]["id"], one["incident"]["status"], one["kind"]) for one in rings}
    assert len(again) == len(rings)


def test_what_is_unrelated_rings(told: list[Alert]) -> None:
    """Another oblast, another town, the other side of the border: each rings for itself."""
    places = {one["incident"]["place"] and one["incident"]["place"]["id"]
              for one in ringing(told, *LOUD)}  # fmt: skip
    assert {"kozinka", "shebekino", "churovichi", "borisovka-bel", "kharkiv", "belgorod"} <= places


def test_what_belongs_to_the_raid_says_so(told: list[Alert]) -> None:
    """Shelling beside the raid and its evacuation are parts of it, silent and not lost."""
    raid = of(told, "border-incursion")[0]["incident"]["id"]
    parts = {one["incident"]["rule"] for one in told if one["incident"].get("part_of") == raid}
    assert {"shelling", "evacuation", "civilians-hurt"} <= parts


def test_an_echo_never_rings(told: list[Alert]) -> None:
    """No alert that rings was caused by a post that repeats another one."""
    rings = ringing(told, "informational", "low", "medium", "high", "critical")
    assert len(rings) >= 25
    assert not [one["id"] for one in rings if one["posts"] and one["posts"][0].get("echo_of")]


def test_every_contradiction_is_visible(told: list[Alert]) -> None:
    """Each incident that a side denies ends disputed, with who denies it."""
    last = {one["incident"]["id"]: one["incident"] for one in told}
    disputed = {
        one["rule"]: one["denied_by"] for one in last.values() if one["status"] == "disputed"
    }
    assert set(disputed) == {"responsibility-claimed", "incursion-repelled", "group-destroyed"}
    assert "official ru-state" in disputed["responsibility-claimed"]
    assert "militia ru-opposition-armed" in disputed["group-destroyed"]


def test_both_sides_are_heard(told: list[Alert]) -> None:
    """The raid's incident ends with Russian, Ukrainian and independent voices told apart."""
    last = of(told, "border-incursion")[-1]["incident"]
    assert {"ru-state", "ru-opposition-armed", "independent"} <= set(last["affiliations"])


def test_reposts_never_alert(told: list[Alert]) -> None:
    """A channel that only forwards causes no alert at all."""
    assert all(
        post["source"] != "telegram:exercise_repost"
        for alert in told
        for post in alert["posts"][:1]
    )


def test_a_rumour_is_taken_back(told: list[Alert]) -> None:
    """The blown-up substation is retracted when its only post is deleted, and says so."""
    (corrected,) = [alert for alert in of(told, "power-outage") if alert["kind"] == "corrected"]
    assert corrected["incident"]["status"] == "retracted"
    assert "deleted" in corrected["reason"]


def test_the_number_of_injured_is_followed(told: list[Alert]) -> None:
    """The governor's post goes from two to five to eight injured, an alert each time."""
    texts = [
        alert["posts"][0]["text"]
        for alert in (*of(told, "civilians-hurt"), *of(told, "many-civilians-hurt"))
        if speaker(alert) == "telegram:vvgladkov"
    ]
    numbers = [
        word for text in texts for word in ("два", "пять", "восемь") if f"{word} мирных" in text
    ]
    assert numbers == ["два", "пять", "восемь"]


def test_a_claim_and_its_denial_stand_side_by_side(told: list[Alert]) -> None:
    """The ministry's victory, told by three, is disputed as soon as the formations deny it."""
    steps = [
        (alert["incident"]["status"], speaker(alert)) for alert in of(told, "group-destroyed")[:4]
    ]
    assert steps == [
        ("unconfirmed", "telegram:mod_russia"),
        ("reported", "telegram:rian_ru"),
        ("reported", "telegram:tass_agency"),
        ("disputed", "telegram:russvolcorps"),
    ]


def test_the_place_is_told_and_narrowed(told: list[Alert]) -> None:
    """The raid is at Kozinka, the outage first somewhere in the oblast, then in a district."""
    assert {one["incident"]["place"]["id"] for one in of(told, "border-incursion")} == {"kozinka"}
    places = [one["incident"]["place"]["id"] for one in of(told, "power-outage")]
    assert (places[0], places[-1]) == ("belgorod-oblast", "grayvoronsky")


def test_an_all_clear_ends_the_alert_of_its_place(told: list[Alert]) -> None:
    """The alert of the Belgorod district ends with its all-clear; that of the city goes on."""
    ended = [one for one in of(told, "air-alert") if one["kind"] == "closed" and one["posts"]]
    first = ended[0]
    assert first["incident"]["place"]["id"] == "belgorodsky"
    assert first["reason"].startswith("all clear: telegram:exercise_air_watch says so")


def test_a_denial_disputes_only_what_it_speaks_of(told: list[Alert]) -> None:
    """Bryansk's governor disputes the claim on Churovichi; the raid at Kozinka stays official."""
    disputes = [one for one in told if "unconfirmed -> disputed" in one["reason"]]
    (disputed,) = disputes
    assert disputed["incident"]["place"]["id"] == "churovichi"
    assert of(told, "border-incursion")[-1]["incident"]["status"] == "official"


def test_the_regime_is_official_at_once(told: list[Alert]) -> None:
    """The counter-terrorist regime is announced by the governor: critical and official."""
    opened = of(told, "counter-terrorist-regime")[0]
    assert (opened["incident"]["level"], opened["incident"]["status"]) == ("critical", "official")


def test_drones_come_on_the_next_day(told: list[Alert]) -> None:
    """Drones are told in both languages on 23 May."""
    next_day = [
        alert["posts"][0]["text"]
        for rule in ("drone-attack", "air-defence")
        for alert in of(told, rule)
        if alert["posts"] and alert["posts"][0]["published_at"].startswith("2023-05-23")
    ]
    assert any("беспилотник" in text for text in next_day)
    assert any("безпілотник" in text for text in next_day)


@pytest.mark.parametrize("language", ["ru", "uk"])
def test_every_reason_is_told_in_every_language(told: list[Alert], language: Language) -> None:
    """No reason that two days at the border bring about is left in English."""
    parts = {part for one in told for part in one["reason"].split("; ")}
    assert len(parts) > 20
    left = [part for part in parts if reason_in(language, part) == part]
    assert [part for part in left if not re.fullmatch(r"\S+: [\d-]+", part)] == []
