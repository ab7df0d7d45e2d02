"""Incidents merged and split by hand: written down, kept, and followed by later posts."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic_core import PydanticCustomError

from monitor.cli.incident_story import related_to, story_lines, story_of
from monitor.clock import SystemClock
from monitor.control import Answer
from monitor.correlation.regrouping import Wish
from monitor.incident import Incident
from monitor.regrouping import Regrouping, merge_of, split_of
from monitor.store.actions import actions
from monitor.store.writer import Writer
from tests.story.timeline import Story, rule, town
from tests.story.watching import START, Desk

NOTHING = "{type: event_count, rules: raid, timespan: 1h, condition: {gte: 500}}"


@pytest.fixture
def at(tmp_path: Path) -> Desk:
    """A desk with a raid and a fire, two publishers each."""
    desk = Desk(tmp_path, NOTHING)
    desk.post(0, "paper", "a raid, 3 injured", number=1)
    desk.post(1, "legion", "our raid goes on", number=2)
    desk.post(2, "governor", "a fire in the village", number=3)
    desk.post(3, "state", "the fire is large", number=4)
    return desk


class _Morning(SystemClock):
    """A clock that stands five minutes after the start."""

    def now(self) -> datetime:
        return START + timedelta(minutes=5)


def wish(minutes: float) -> Wish:
    """The desk's own."""
    return Wish("Anna", "one thing", START + timedelta(minutes=minutes))


def incidents(at: Desk) -> dict[str, Incident]:
    """The open incidents by rule."""
    return {one.rule: one for one in at.pipeline.memory.real.incidents.values()}


def merged(at: Desk) -> tuple[str, str]:
    """The raid with the fire merged into it; both ids."""
    known = incidents(at)
    raid, fire = known["raid"].id, known["fire"].id
    merge_of(at.pipeline, at.db, {"incident": raid, "other": fire}, wish(5))
    return raid, fire


def test_merged_incidents_are_one(at: Desk) -> None:
    """All posts and publishers stand in the first, the second is closed, both say who did it."""
    raid, fire = merged(at)
    (one,) = incidents(at).values()
    assert (one.id, one.posts, one.families) == (raid, 4, 4)
    story = story_of(at.db, fire)
    assert story is not None
    last = story.alerts[-1].alert
    assert (last.kind, last.reason) == ("closed", f"merged into {raid} by Anna: one thing")
    assert not last.rings
    (did,) = actions(at.db, incident=raid)
    assert (did.did, did.who, did.detail) == ("merge", "Anna", f"with {fire}: one thing")
    at.db.close()


@pytest.mark.parametrize("restarts", [False, True])
def test_later_posts_follow_a_merge(at: Desk, *, restarts: bool) -> None:
    """A later post of the other rule joins, an edit and a deletion find their incident."""
    raid, _ = merged(at)
    if restarts:
        at.restart()
    at.post(10, "state2", "the fire is out")
    at.post(11, "governor", "a fire in the village, 8 injured", number=3, kind="edit")
    at.post(12, "state", number=4, kind="delete")
    (one,) = incidents(at).values()
    assert (one.id, one.posts, one.families) == (raid, 4, 4)
    assert {(claim.family, claim.low) for claim in one.claims} == {
        ("telegram:paper", 3), ("telegram:governor", 8),
    }  # fmt: skip
    at.db.close()


@pytest.mark.parametrize("restarts", [False, True])
def test_split_posts_are_an_incident_of_their_own(at: Desk, *, restarts: bool) -> None:
    """The publisher's next post joins the one it has spoken in; an edit stays with its post."""
    raid = incidents(at)["raid"].id
    split_of(at.pipeline, at.db, {"incident": raid, "posts": ["telegram:legion/2"]}, wish(5))
    if restarts:
        at.restart()
    at.post(8, "legion", "the raid, second wave")
    at.post(9, "paper", "the raid, says the reporter again")
    at.post(10, "legion", "our raid goes on and on", number=2, kind="edit")
    raids = {
        one.id == raid: one for one in at.pipeline.memory.real.incidents.values()
        if one.rule == "raid"
    }  # fmt: skip
    assert {first: (one.posts, one.families) for first, one in raids.items()} == {
        True: (2, 1), False: (2, 1),
    }  # fmt: skip
    assert [voice.family for voice in raids[False].voices] == ["telegram:legion"]
    at.db.close()


def test_what_was_merged_can_be_split_again(at: Desk) -> None:
    """The fire's posts are a fire again, and the next fire belongs to it."""
    raid, _ = merged(at)
    posts = ["telegram:governor/3", "telegram:state/4"]
    split_of(at.pipeline, at.db, {"incident": raid, "posts": posts}, wish(6))
    at.post(10, "state2", "the fire is out")
    known = incidents(at)
    assert (known["fire"].title, known["fire"].posts) == ("A fire", 3)
    assert (known["raid"].id, known["raid"].posts) == (raid, 2)
    at.db.close()


WRONG = [
    (merge_of, {"incident": "nothing", "other": "raid"}, "no incident nothing is open"),
    (merge_of, {"incident": "raid", "other": "raid"}, "cannot be merged with itself"),
    (split_of, {"incident": "raid", "posts": ["telegram:state/4"]}, "is not in that incident"),
    (split_of, {"incident": "raid", "posts": []}, "nothing would be left"),
    (split_of, {"incident": "raid", "posts": ["telegram:paper/1", "telegram:legion/2"]},
     "nothing would be left"),
]  # fmt: skip


@pytest.mark.parametrize(("work", "asked", "message"), WRONG)
def test_what_cannot_be_is_refused(
    at: Desk, work: object, asked: dict[str, object], message: str
) -> None:
    """A wish that makes no sense changes nothing and says why."""
    known: dict[object, object] = {rule: one.id for rule, one in incidents(at).items()}
    named = dict(asked)
    for key in asked.keys() - {"posts"}:
        named[key] = known.get(asked[key], asked[key])
    before = at.pipeline.memory
    with pytest.raises(PydanticCustomError) as caught:
        work(at.pipeline, at.db, named, wish(5))  # type: ignore[operator]  # one of two functions
    assert message in str((caught.value.context or {})["message"])
    assert at.pipeline.memory is before
    at.db.close()


def test_explain_tells_an_incidents_story(at: Desk) -> None:
    """In order of time: who said what, what it changed, each alert, who merged it, what is near."""
    at.post(4, "paper", "a raid, 3 injured", forwards="telegram:paper/1")
    at.post(4.5, "governor", "the raid left 8 injured", number=9)
    raid, _ = merged(at)
    story = story_of(at.db, raid)
    assert story is not None
    lines = story_lines(story)
    timeline = "\n".join(lines)
    for said in (
        "telegram:paper/1  says so (telegram:paper, media, independent)",
        "ALERT opened (medium, unconfirmed; rings)",
        "alerted: raid: opened: rule raid holds",
        "repeats telegram:paper/1",
        "status unconfirmed -> corroborated",
        "ru-state: 8 injured",
        "Anna (command line)  merge: with",
        "no receiver has recorded it yet",
    ):
        assert said in timeline, timeline
    at.db.close()


def test_related_incidents_share_place_and_hours() -> None:
    """Another rule at the same place in the same hours is related; elsewhere or later is not."""
    story = Story()
    fire, late = rule("fire"), rule("late")
    story.post("paper", "1", place=town("kozinka"))
    story.post("paper", "2", "it burns there", minutes=5, rules=(fire,), place=town("kozinka"))
    story.post("paper", "3", "it burns too", minutes=6, rules=(fire,), place=town("gora-podol"))
    story.post("paper", "4", "much later", minutes=1000, rules=(late,), place=town("kozinka"))
    first, *others = sorted(story.incidents.values(), key=lambda one: one.opened_at)
    near = list(related_to(first, others))
    assert [(one.rule, one.place and one.place.id) for one in near] == [("fire", "kozinka")]


async def test_the_daemon_merges_when_asked(at: Desk) -> None:
    """Over the control socket's verb: who asks must say who they are; a refusal has a hint."""
    writer, told = Writer(at.db), list[int]()
    known = {rule: one.id for rule, one in incidents(at).items()}
    verb = Regrouping(writer, at.pipeline, _Morning(), committed=told.append)
    asked: Answer = {"incident": known["raid"], "other": known["fire"]}
    nobody = await verb.merge(asked)
    assert nobody == {"error": "nobody answers for it", "hint": "add --by NAME"}
    assert "error" in await verb.split({"incident": "x", "posts": ["a/1"], "by": "Anna"})
    assert (await verb.merge({**asked, "by": "Anna"}))["done"] == "merge"
    assert len(told) == 1
    await writer.aclose()
