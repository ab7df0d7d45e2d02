"""Every change that an incident can go through, as short stories in virtual time."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.correlation.decide import Decision
from monitor.incident import Incident
from monitor.post import Origin
from monitor.rule import Rule
from tests.story.timeline import OBLAST, Story, rule, town

LONG = (
    "a sabotage group has entered the border district this morning, fighting goes on near the "
    "checkpoint, residents are told to stay in their cellars"
)
DENIAL = rule("denial", "medium", denies=("incursion",))
CLEAR = rule("all-clear", "low", closes=("incursion",))
KOZINKA = town("kozinka", 50.34, 35.50)
GORA = town("gora-podol", 50.36, 35.54)
SHEBEKINO = town("shebekino", 50.41, 36.89)


def only(story: Story) -> Incident:
    """The one open incident."""
    (incident,) = story.state.incidents.values()
    return incident


def told(decision: Decision) -> list[tuple[str, str, str]]:
    """Kind, status and reason of a decision's alerts."""
    return [(one.kind, one.incident.status, one.reason) for one in decision.alerts]


def test_every_step_up_says_who_made_it() -> None:
    """The reason of each alert names the status before, after, and who made the difference."""
    story = Story()
    story.post("paper", "1")
    assert told(story.post("other", "1", "another house says so", minutes=1)) == [
        ("updated", "reported", "status unconfirmed -> reported: by house, telegram:other")
    ]
    assert told(story.post("legion", "1", "the legion says: we are in", minutes=2)) == [
        ("escalated", "corroborated",
         "status reported -> corroborated: sides independent, ru-opposition-armed")
    ]  # fmt: skip
    assert told(story.post("governor", "1", "the governor confirms it", minutes=3)) == [
        ("escalated", "official", "status corroborated -> official: says telegram:governor")
    ]


def test_an_official_of_elsewhere_is_not_the_official_word() -> None:
    """Only an official whose home contains the place lifts an incident to official."""
    story = Story()
    story.post("legion", "1", place=town("sudzha", admin1="RU-KRS"))
    word = story.post(
        "governor", "1", "he says so", minutes=1, place=town("sudzha", admin1="RU-KRS")
    )
    assert [status for _, status, _ in told(word)] == ["corroborated"]


def test_a_denial_disputes_and_its_withdrawal_restores() -> None:
    """A denial makes the incident disputed, whoever it is from, and counts for nobody in it."""
    story = Story()
    story.post("legion", "1")
    denied = story.post("governor", "1", "nobody entered, he says", minutes=5, rules=(DENIAL,))
    assert told(denied) == [
        ("updated", "disputed", "status unconfirmed -> disputed: denied by telegram:governor")
    ]
    assert only(story).families == 1
    assert not denied.alerts[0].rings
    gone = story.post("governor", "1", "", minutes=9, kind="delete")
    assert [(kind, status) for kind, status, _ in told(gone)] == [("corrected", "unconfirmed")]


def test_a_copied_denial_is_an_echo() -> None:
    """A denial that repeats a denial is folded like any other post."""
    story = Story()
    story.post("legion", "1")
    text = "the governor denies that any group has entered the border district of the oblast"
    story.post("governor", "1", text, minutes=5, rules=(DENIAL,))
    copy = story.post("paper", "1", text, minutes=6, rules=(DENIAL,))
    assert (copy.outcome, copy.alerts) == ("echo", ())


def test_a_denial_of_nothing_is_an_incident_of_its_own() -> None:
    """Without a claim to dispute, a denial opens its own incident."""
    opened = Story().post("governor", "1", "nothing happened", rules=(DENIAL,))
    assert [(one.kind, one.incident.rule) for one in opened.alerts] == [("opened", "denial")]


def test_an_all_clear_closes_what_it_names_and_rings() -> None:
    """The alert says who gave the all-clear; a later claim opens a new incident."""
    story = Story()
    first = story.post("legion", "1", place=KOZINKA).alerts[0]
    story.post("legion", "2", "shelling there too", minutes=1, place=SHEBEKINO)
    closed = story.post("governor", "1", "all clear", minutes=9, rules=(CLEAR,), place=KOZINKA)
    (alert,) = closed.alerts
    assert (alert.kind, alert.incident.id, alert.rings) == ("closed", first.incident.id, True)
    assert alert.reason == "all clear: telegram:governor says so, rule all-clear"
    assert len(story.state.incidents) == 1
    again = story.post("legion", "3", "they came back to it", minutes=20, place=KOZINKA)
    assert again.alerts[0].kind == "opened"


def test_an_all_clear_of_the_oblast_closes_all_inside() -> None:
    """The larger place takes in the smaller ones; the smaller does not end the larger's."""
    story = Story()
    story.post("legion", "1", place=KOZINKA)
    story.post("legion", "2", "shelling there too", minutes=1, place=SHEBEKINO)
    assert (
        len(
            story.post("governor", "1", "all clear", minutes=9, rules=(CLEAR,), place=OBLAST).alerts
        )
        == 2
    )
    assert len(story.state.incidents) == 0


def test_an_all_clear_without_a_place_means_the_speakers_region() -> None:
    """A governor's all-clear ends what is in the oblast, a newspaper's does not."""
    story = Story()
    story.post("legion", "1", place=KOZINKA)
    story.post("paper", "1", "all clear", minutes=5, rules=(CLEAR,))
    assert KOZINKA in [one.place for one in story.state.incidents.values()]
    assert (
        story.post("governor", "1", "all clear", minutes=6, rules=(CLEAR,)).alerts[0].kind
        == "closed"
    )


def test_a_deleted_all_clear_is_told() -> None:
    """The incident stays closed, and the chat learns that the all-clear is gone."""
    story = Story()
    story.post("legion", "1")
    story.post("governor", "1", "all clear", minutes=5, rules=(CLEAR,))
    gone = story.post("governor", "1", "", minutes=6, kind="delete")
    assert [one.reason for one in gone.alerts] == ["the all-clear was deleted by its source"]


def test_a_better_place_refines_the_incident() -> None:
    """Oblast, then village: one incident, and the alert says where it is now."""
    story = Story()
    story.post("paper", "1", place=OBLAST)
    better = story.post("paper", "2", "it is in kozinka", minutes=1, place=KOZINKA)
    assert told(better) == [("updated", "unconfirmed", "place Belgorod oblast -> Kozinka")]
    assert only(story).place == KOZINKA
    assert (
        story.post("other", "1", "something in the oblast", minutes=2, place=OBLAST)
        .incidents[0]
        .place
        == KOZINKA
    )


def test_two_raids_forty_km_apart_stay_two() -> None:
    """Near settlements join within the rule's radius, far ones do not, whatever the order."""
    near: tuple[Rule, ...] = (rule(radius_km=10.0),)
    for places in itertools.permutations((KOZINKA, GORA, SHEBEKINO)):
        story = Story()
        for number, place in enumerate(places):
            story.post(
                "legion", str(number), f"report {number}", minutes=number, rules=near, place=place
            )
        assert sorted(one.posts for one in story.state.incidents.values()) == [1, 2]


def test_without_a_radius_only_the_same_place_joins() -> None:
    """Neighbouring villages are two incidents unless the rule says how near is near."""
    story = Story()
    story.post("legion", "1", place=KOZINKA)
    story.post("legion", "2", "and here", minutes=1, place=GORA)
    assert len(story.state.incidents) == 2


def test_a_corrected_place_moves_the_post() -> None:
    """An edit that names another place takes the post out of the first incident, and says so."""
    story = Story()
    story.post("legion", "1", place=KOZINKA)
    moved = story.post(
        "legion", "1", "not there: in shebekino", minutes=3, kind="edit", place=SHEBEKINO
    )
    assert [(one.kind, one.incident.status) for one in moved.alerts] == [
        ("corrected", "retracted"), ("opened", "unconfirmed"),
    ]  # fmt: skip


def test_an_earlier_original_that_comes_late_takes_its_copies() -> None:
    """A copy seen before its origin becomes its echo when the origin arrives, and steps back."""
    story = Story()
    story.post("paper", "1", LONG, minutes=10)
    story.post("legion", "9", "the legion speaks for itself here", minutes=11)
    late = story.post("other", "1", LONG, minutes=5, seen_after=7)
    assert only(story).echoes == 1
    assert story.supports[only(story).id, "telegram:paper", "1"].echo_of == "telegram:other/1"
    assert late.incidents[0].families == 2


def test_a_copy_after_the_end_does_not_ring_again() -> None:
    """Somebody copies yesterday's post when its incident is over: an echo, not a new incident."""
    story = Story()
    story.post("paper", "1", LONG)
    copied = story.post("other", "1", LONG, minutes=9 * 60)
    assert (copied.outcome, copied.alerts) == ("echo", ())
    assert "is over" in copied.reason


def test_an_edited_copy_that_says_its_own_counts() -> None:
    """A copy rewritten into a report of its own is a voice; an own report turned copy is none."""
    story = Story()
    story.post("paper", "1", LONG)
    story.post("other", "1", LONG, minutes=1)
    own = story.post("other", "1", "our reporter saw three vehicles burn", minutes=2, kind="edit")
    assert own.alerts[0].incident.families == 2
    back = story.post("other", "1", LONG, minutes=3, kind="edit")
    assert back.alerts[0].incident.families == 1
    assert only(story).echoes == 1


CAST = ("legion", "paper", "paper2", "other", "governor", "nobody")
HAPPENING = st.tuples(
    st.sampled_from(CAST), st.integers(1, 3), st.integers(0, 110),
    st.sampled_from((LONG, "the group is here", f"{LONG} now", "our own words on the raid")),
    st.sampled_from((None, "telegram:legion/1", "telegram:far/7")), st.booleans(),
)  # fmt: skip


@pytest.mark.timeout(300)
@given(st.lists(HAPPENING, min_size=2, max_size=6, unique_by=lambda one: one[:2]), st.randoms())
@settings(max_examples=500)
def test_the_order_of_arrival_does_not_matter(
    drawn: list[tuple[object, ...]], draw: object
) -> None:
    """Any order of arrival within the lateness bound ends in the same members, status, numbers."""

    def end(order: list[tuple[object, ...]]) -> tuple[object, ...]:
        story = Story()
        for source, number, minutes, text, origin, denies in order:
            forwarded = None
            if isinstance(origin, str):
                forwarded = Origin(*origin.split("/"))
            assert isinstance(minutes, int)
            story.post(
                str(source), str(number), str(text), minutes=minutes, seen_after=119 - minutes,
                forwarded=forwarded, rules=(rule(),) if not denies else (rule("claim"),),
            )  # fmt: skip
        return tuple(sorted(
            (one.topic, one.status, one.posts, one.echoes, one.families, one.affiliations)
            for one in story.state.incidents.values()
        ))  # fmt: skip

    shuffled = list(drawn)
    draw.shuffle(shuffled)  # type: ignore[attr-defined]  # a Random that Hypothesis controls
    assert end(drawn) == end(shuffled)
