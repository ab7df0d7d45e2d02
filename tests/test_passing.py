"""Posts that no rule has to do with: let through, they leave what deciding about them leaves."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.alert import Alert
from monitor.correlation.decide import Decision, Event, advance, decide, tick
from monitor.correlation.passing import PASSED, Passing
from monitor.correlation.repeats import WINDOW
from monitor.correlation.windows import State
from monitor.post import Origin, Post, PostName
from monitor.rulebook.book import Rulebook
from monitor.rulebook.load import load
from tests.story.timeline import BOOK, START, Story, rule

ABSENCE = """
rules:
  - {id: raid, title: A raid, when: raid, window: 2h}
  - {id: end, title: It ended, when: ended, window: 2h}
  - id: no-end
    title: A raid, and no end
    level: high
    correlate: {type: absence, rules: [raid], without: [end], timespan: 40m}
"""
RAID = rule("raid", window=timedelta(minutes=20))


class Step(NamedTuple):
    """A post: how long after the one before it is seen, by whom, whether a rule holds."""

    after: timedelta
    source: str
    hit: bool
    history: bool


STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from([0, 3, 50, 100, 125, 600, 1_300, 4_000, 90_000, -2, -200_000])
        .map(lambda seconds: timedelta(seconds=seconds)),
        st.sampled_from(["telegram:a", "telegram:legion", "feed:b"]),
        st.sampled_from([False, False, False, True]),
        st.sampled_from([False, False, False, True]),
    ),
    min_size=5,
    max_size=40,
)  # fmt: skip


def usual(
    state: State, event: Event, seen: datetime, book: Rulebook
) -> tuple[State, tuple[tuple[Alert, ...], Decision]]:
    """What becomes of a post that takes the usual way."""
    ticked, timers = tick(state, seen, book)
    state, decision = decide(advance(ticked, seen), event, book)
    return state, (timers.alerts, decision)


def known(state: State) -> dict[str, object]:
    """A state as a value that can be compared."""
    fields = {name: getattr(state, name) for name in State.__struct_fields__}
    repeats = state.repeats
    fields["repeats"] = (repeats.floor, repeats.waiting, dict(repeats.table.known))
    return fields


@pytest.fixture(scope="module")
def absence(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    """A rulebook with an alarm that time alone rings."""
    rules: Path = tmp_path_factory.mktemp("rules") / "rules.yaml"
    rules.write_text(ABSENCE, "utf-8")
    return load([rules], [])


@settings(max_examples=120)
@given(steps=STEPS, which=st.sampled_from(["plain", "watched"]))
def test_what_passes_leaves_what_deciding_leaves(
    absence: Rulebook, steps: list[Step], which: str
) -> None:
    """Whatever is seen in whatever order, a post that passes leaves the same state and decision."""
    story = Story(absence if which == "watched" else BOOK)
    book, seen = story.book, START
    passing: Passing | None = None
    for number, step in enumerate(steps):
        seen += step.after
        state = story.state if passing is None else passing.state
        if step.hit:
            story.state, passing = state, None
            minutes = (seen - START) / timedelta(minutes=1)
            story.post(step.source.partition(":")[2], str(number), minutes=minutes, rules=(RAID,))
            continue
        name = PostName(step.source, str(number))
        post = Post(source=step.source, id=str(number), published_at=seen, observed_at=seen)
        event = Event(post=post, name=name, event_at=seen, hits=(), history=step.history)
        expected, (alerts, decision) = usual(state, event, seen, book)
        passing = passing or Passing(state, book)
        if passing.takes(name, seen, history=step.history):
            assert (alerts, decision) == ((), PASSED)
            assert known(passing.state) == known(expected)
        else:
            story.state, passing = expected, None


@pytest.mark.parametrize(("minutes", "outcome"), [(-1, "echo"), (1, "alerted")])
def test_what_is_too_old_is_forgotten_before_it_is_asked_for(minutes: float, outcome: str) -> None:
    """A post is known for two days, to the minute, though posts without hits let nothing go."""
    story = Story()
    story.post("a", "1")
    after = WINDOW / timedelta(minutes=1) + minutes
    story.post("b", "2", rules=(), minutes=after)
    assert len(story.state.repeats.table.known) == 1
    told = story.post("c", "3", minutes=after, forwarded=Origin("telegram:a", "1"))
    assert told.outcome == outcome


def test_most_pass_and_what_is_due_does_not() -> None:
    """Quiet posts pass; one after an incident's end, one in another hour and a known one do not."""
    story = Story()
    story.post("legion", "1", rules=(RAID,))
    name, soon = PostName("telegram:a", "2"), START + timedelta(minutes=1)
    assert Passing(story.state, story.book).takes(name, soon, history=False)
    for other, seen in (
        (name, START + timedelta(minutes=21)),
        (name, START + timedelta(minutes=61)),
        (name, START + timedelta(days=3)),
        (name, START - timedelta(days=3)),
        (PostName("telegram:legion", "1", 2), soon),
    ):
        assert not Passing(story.state, story.book).takes(other, seen, history=False)
    listening = msgspec.structs.replace(story.state, clues=State().clues)
    assert not Passing(listening, story.book).takes(name, soon, history=False)
