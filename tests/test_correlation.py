"""Incidents from hits: opening, joining, echoes, corrections, lateness, closing."""

from datetime import timedelta

import msgspec

from monitor.post import Origin
from tests.story.timeline import START, Story, rule


def test_first_claim_opens_an_incident() -> None:
    """The first hit opens an incident, unconfirmed, with the post that caused it."""
    story = Story()
    decision = story.post("legion", "1")
    (alert,) = decision.alerts
    assert (decision.outcome, alert.kind) == ("alerted", "opened")
    assert alert.incident.status == "unconfirmed"
    assert alert.posts[0].spans == ((2, 16),)
    assert alert.rings


def test_second_publisher_makes_it_reported_and_second_side_corroborated() -> None:
    """Families make "reported"; only two known affiliations make "corroborated"."""
    story = Story()
    story.post("paper", "1")
    second = story.post("other", "1", "another text about a sabotage group", minutes=1)
    assert [(one.kind, one.incident.status) for one in second.alerts] == [("updated", "reported")]
    third = story.post("legion", "1", "we have crossed, says the legion", minutes=2)
    assert [one.kind for one in third.alerts] == ["escalated"]
    assert third.alerts[0].incident.status == "corroborated"


def test_two_channels_of_one_house_are_one_publisher() -> None:
    """Channels of one family never confirm each other."""
    story = Story()
    story.post("paper", "1")
    joined = story.post("paper2", "1", "quite another text of the same newsroom", minutes=1)
    assert joined.outcome == "joined"
    assert joined.incidents[0].status == "unconfirmed"


def test_unknown_sides_never_corroborate() -> None:
    """Two unknown sources are two publishers, but never two sides."""
    story = Story()
    story.post("nobody", "1")
    second = story.post("noone", "1", "something else about the group here", minutes=1)
    assert second.incidents[0].status == "reported"


def test_a_forward_counts_for_its_origin_and_is_an_echo() -> None:
    """A forward of a post that the incident holds adds no voice and does not ring."""
    story = Story()
    story.post("legion", "7")
    echo = story.post("paper", "3", minutes=1, forwarded=Origin("telegram:legion", "7"))
    assert (echo.outcome, echo.alerts) == ("echo", ())
    assert echo.incidents[0].families == 1
    assert echo.incidents[0].echoes == 1
    assert echo.supports[0].echo_of == "telegram:legion/7"


def test_a_verbatim_copy_is_an_echo_but_a_short_template_is_not() -> None:
    """Copies of a whole text are echoes; "all clear" from two channels is said twice."""
    story = Story()
    story.post("legion", "1")
    assert story.post("paper", "1", minutes=1).outcome == "echo"
    short = Story()
    short.post("paper", "1", "all clear")
    assert short.post("other", "1", "all clear", minutes=1).outcome == "alerted"


def test_official_of_the_place_escalates() -> None:
    """An official's word lifts the incident to official, and rings."""
    story = Story()
    story.post("legion", "1")
    word = story.post("governor", "1", "the governor confirms a sabotage group", minutes=5)
    assert (word.alerts[0].kind, word.alerts[0].incident.status) == ("escalated", "official")


def test_a_worse_rule_of_the_same_story_escalates_and_a_milder_one_does_not() -> None:
    """Rules of one story share one incident, whose level is the worst seen."""
    story = Story()
    story.post("legion", "1", rules=(rule("claim", "medium", "raid"),))
    worse = story.post("legion", "2", minutes=1, rules=(rule("incursion", "critical", "raid"),))
    assert worse.alerts[0].reason == "level medium -> critical by rule incursion"
    milder = story.post("legion", "3", minutes=2, rules=(rule("claim", "medium", "raid"),))
    assert milder.outcome == "joined"
    assert milder.incidents[0].level == "critical"


def test_one_post_rings_once_per_story() -> None:
    """Two rules of one story that hold for one post make one alert, at the worse level."""
    decision = Story().post(
        "legion", "1", rules=(rule("claim", "low", "raid"), rule("incursion", "high", "raid"))
    )
    assert [(one.kind, one.incident.level) for one in decision.alerts] == [("opened", "high")]


def test_deletion_retracts_and_always_tells() -> None:
    """Deleting the only support retracts the incident with a ringing correction."""
    story = Story()
    story.post("legion", "1", "we have freed the village")
    gone = story.post("legion", "1", "", minutes=4, kind="delete")
    (alert,) = gone.alerts
    assert (alert.kind, alert.incident.status, alert.rings) == ("corrected", "retracted", True)
    assert alert.posts[0].text == "we have freed the village"
    assert alert.incident.posts == 0


def test_deletion_tells_even_after_the_incident_closed() -> None:
    """A retraction after alerting is told although the window has passed."""
    story = Story()
    story.post("legion", "1")
    story.post("paper", "9", "nothing", minutes=8 * 60, rules=())
    assert [one.kind for one in story.alerts] == ["opened", "closed"]
    gone = story.post("legion", "1", "", minutes=9 * 60, kind="delete")
    assert [one.kind for one in gone.alerts] == ["corrected"]
    assert len({one.id for one in story.alerts}) == 3


def test_an_edit_that_removes_the_words_withdraws_the_support() -> None:
    """A post that no longer matches is taken out of its incident; another publisher's stays."""
    story = Story()
    story.post("paper", "1")
    story.post("other", "1", "a second text about that sabotage group", minutes=1)
    edited = story.post("paper", "1", "we were wrong", minutes=3, kind="edit", rules=())
    (alert,) = edited.alerts
    assert (alert.kind, alert.incident.status) == ("corrected", "unconfirmed")
    assert not alert.rings


def test_an_edit_back_to_matching_reinstates_it() -> None:
    """Withdrawn support that matches again counts again, once."""
    story = Story()
    story.post("legion", "1")
    story.post("legion", "1", "no", minutes=1, kind="edit", rules=())
    back = story.post("legion", "1", "yes, the sabotage group", minutes=2, kind="edit")
    assert [one.kind for one in back.alerts] == ["escalated"]
    assert back.incidents[0].posts == 1
    assert back.incidents[0].status == "unconfirmed"


def test_late_posts_are_counted_but_never_ring() -> None:
    """A post older than max_age when seen joins silently and opens nothing."""
    story = Story()
    assert story.post("legion", "1", seen_after=150).outcome == "late"
    assert story.alerts == []
    story.post("legion", "2", "fresh news of the group", minutes=150)
    late = story.post("paper", "1", "an old text", minutes=10, seen_after=180)
    assert (late.outcome, late.alerts) == ("late", ())
    assert late.incidents[0].families == 1


def test_history_never_rings() -> None:
    """What the first read of a channel finds is stored, never alerted."""
    decision = Story().post("legion", "1", history=True)
    assert (decision.outcome, decision.alerts) == ("late", ())


def test_a_window_slides_and_closes_in_order() -> None:
    """An incident closes its window's length after its last post, before later posts count."""
    story = Story()
    story.post("legion", "1")
    story.post("legion", "2", "again the sabotage group", minutes=5 * 60)
    reopened = story.post("legion", "3", "and once more the group", minutes=12 * 60)
    assert [one.kind for one in story.alerts] == ["opened", "closed", "opened"]
    closed = story.alerts[1]
    assert closed.sent_at == START + timedelta(hours=11)
    assert closed.reason == "nothing new for 6 h"
    assert reopened.alerts[0].incident.id != closed.incident.id


def test_alert_ids_are_unique_and_reproducible() -> None:
    """The same posts give the same alerts, each with an id of its own."""

    def run() -> list[bytes]:
        story = Story()
        story.post("legion", "1")
        story.post("governor", "1", "the governor confirms the group", minutes=1)
        story.post("legion", "1", "", minutes=2, kind="delete")
        return [msgspec.json.encode(alert) for alert in story.alerts]

    first = run()
    assert first == run()
    assert len(set(first)) == 3
