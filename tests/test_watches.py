"""Correlation rules as written: every mistake at its line with a hint, and tests over time."""

from pathlib import Path

import pytest

from monitor.matching.evaluate import Matcher
from monitor.mistake import MistakesError
from monitor.rulebook.book import Rulebook
from monitor.rulebook.load import load
from monitor.rulebook.watches import KEYS, TYPES
from monitor.timeline import run_timeline
from monitor.watch import FIELDS

BASE = """rules:
  - {id: raid, title: R, when: raid, story: war}
  - {id: fire, title: F, when: fire}
"""


def read(tmp_path: Path, correlate: str, more: str = "") -> Rulebook:
    """The rulebook of two rules and a correlation."""
    text = f"{BASE}  - {{id: both, title: B, {more} correlate: {{{correlate}}}}}\n"
    (tmp_path / "rules.yaml").write_text(text, "utf-8")
    return load([tmp_path / "rules.yaml"], [])


WRONG = [
    ("type: event_cout, timespan: 1h", "did you mean `event_count`?"),
    ("type: event_count, timespan: 1h", "add `condition: {gte: 5}`"),
    ("type: event_count, timespan: 1h, condition: {}", "write {gte: 5}"),
    ("type: event_count, timespan: 1h, condition: {gte: 5, gt: 4}", "keep one of them"),
    ("type: event_count, timespan: 1h, condition: {gte: 9999}", "see its description"),
    ("type: event_count, timespan: 1h, condition: {gte: 5, field: place}", "use value_count"),
    ("type: event_count, rules: rade, timespan: 1h, condition: {gte: 5}", "did you mean `raid`?"),
    ("type: event_count, group_by: plaec, timespan: 1h, condition: {gte: 5}", "mean `place`?"),
    ("type: event_count, families: 2, timespan: 1h, condition: {gte: 5}", "event_count takes"),
    ("type: event_count, rules: both, count: incidents, timespan: 1h, condition: {gte: 2}",
     "let one of them count posts"),
    ("type: event_count, timespan: 90d, condition: {gte: 5}", "write 31d"),
    ("type: value_count, timespan: 1h, condition: {gte: 5}", "write {field: source, gte: 3}"),
    ("type: temporal, rules: [raid], timespan: 1h", "name two rules, or more"),
    ("type: temporal, rules: [raid, fire], timespan: 1h, condition: {gte: 3}", "a smaller number"),
    ("type: temporal_ordered, timespan: 1h", "add `rules: [first-rule, second-rule]`"),
    ("type: absence, rules: raid, timespan: 1h", "add `without: [what-should-follow]`"),
    ("type: absence, rules: raid, without: fier, timespan: 1h", "did you mean `fire`?"),
    ("type: spike, timespan: 1h", "add `spike_height: 3`"),
    ("type: spike, timespan: 90m, spike_height: 3", "write 1h to 24h"),
    ("type: spike, timespan: 1h, spike_height: 3, group_by: source", "group_by: place"),
    ("type: flatline, timespan: 1h, group_by: place", "or name `rules`"),
    ("type: flatline, timespan: 1h, count: incidents", "name `rules`"),
    ("type: new_term, timespan: 1h", "add `field: place`"),
]  # fmt: skip


@pytest.mark.parametrize(("correlate", "hint"), WRONG)
def test_each_mistake_has_its_line_and_a_hint(tmp_path: Path, correlate: str, hint: str) -> None:
    """What a correlation has wrong is said at its own line, with what to write instead."""
    with pytest.raises(MistakesError) as caught:
        read(tmp_path, correlate)
    (mistake,) = caught.value.mistakes
    assert mistake.mark.line == 4
    assert hint in mistake.hint


def test_a_window_shorter_than_the_timespan_is_a_mistake(tmp_path: Path) -> None:
    """It would tell one condition twice."""
    with pytest.raises(MistakesError, match="write at least the timespan, 2h"):
        read(tmp_path, "type: event_count, timespan: 2h, condition: {gte: 5}", "window: 1h,")


def test_a_correlation_has_incidents_and_no_posts(tmp_path: Path) -> None:
    """Who names a correlation counts incidents."""
    more = "type: temporal, rules: [raid, fire], timespan: 1h}}\n  - {id: c, title: C, "
    with pytest.raises(MistakesError, match="add `count: incidents`"):
        read(
            tmp_path,
            f"{more}correlate: {{type: event_count, rules: both, timespan: 1h, "
            "condition: {gte: 2}",
        )


def test_a_story_stands_for_its_rules(tmp_path: Path) -> None:
    """A story's name is that of all its rules; without names it is any rule."""
    book = read(tmp_path, "type: event_count, rules: war, timespan: 1h, condition: {gt: 4}")
    (watch,) = book.watches.values()
    assert (watch.at_least, watch.window) == (5, watch.timespan)
    assert [entry.name for entry in book.watchers["raid"]] == ["war"]
    anything = read(tmp_path, "type: event_count, timespan: 1h, condition: {gte: 4}")
    assert list(anything.watchers) == ["*"]


def test_what_it_remembers_is_named_by_what_it_asks(tmp_path: Path) -> None:
    """Another level keeps what was counted, another timespan begins anew; all are new books."""
    asked = "type: event_count, rules: war, timespan: 1h, condition: {gte: 4}"
    first, titled = read(tmp_path, asked), read(tmp_path, asked, "level: low,")
    longer = read(tmp_path, asked.replace("1h", "2h"))
    assert list(first.watches) == list(titled.watches) != list(longer.watches)
    assert len({first.hash, titled.hash, longer.hash}) == 3


def test_tests_over_time_show_correlations(tmp_path: Path) -> None:
    """`tests:` expect a correlation's alerts like any other rule's, also those of a silence."""
    (tmp_path / "rules.yaml").write_text(
        BASE
        + """
  - id: no-fire
    title: A raid without a fire
    correlate: {type: absence, rules: raid, without: fire, timespan: 30m}
tests:
  - name: nothing follows
    posts: [{at: 0s, source: telegram:one, text: A raid.}]
    expect:
      - {at: 0s, rule: raid, kind: opened}
      - {at: 30m, rule: no-fire, kind: opened}
  - name: something follows
    posts:
      - {at: 0s, source: telegram:one, text: A raid.}
      - {at: 10m, source: telegram:one, text: A fire.}
    expect: [{at: 31m, rule: no-fire}]
""",
        "utf-8",
    )
    book = load([tmp_path / "rules.yaml"], [])
    matcher = Matcher(book)
    first, second = (run_timeline(matcher, one) for one in book.timelines)
    assert first == ()
    assert ["no alert of rule `no-fire` at 31m" in one.message for one in second] == [True]


def test_the_manual_names_every_type_and_field() -> None:
    """docs/correlation.md has each type with its keys, and everything to group by."""
    text = Path("docs/correlation.md").read_text("utf-8")
    keys = {key for needed, allowed in KEYS.values() for key in (*needed, *allowed)}
    assert [one for one in (*TYPES, *FIELDS, *keys) if f"`{one}`" not in text] == []
