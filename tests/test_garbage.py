"""Garbage is collected without holding anybody up."""

import gc
import pickle
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from monitor import garbage
from monitor.garbage import rare_collections, short_collections
from monitor.gazetteer.lookup import Gazetteer
from monitor.matching.evaluate import Matcher, evaluate
from monitor.place import Place
from monitor.post import Post, PostName
from monitor.rule import AllOf, Rule, Term, Where
from monitor.rulebook.book import bind


@pytest.fixture
def _thawed() -> Iterator[None]:
    """Leave nothing aside for the tests that follow."""
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("_thawed")
def test_what_exists_is_not_looked_through_again() -> None:
    """While the daemon runs, a collection does not look through what was there when it began."""
    held: list[list[int]] = [[] for _ in range(1000)]
    with short_collections():
        assert gc.get_freeze_count() >= len(held)
        assert not any(one is held for one in gc.get_objects())


@pytest.mark.usefixtures("_thawed")
@pytest.mark.parametrize(("long", "aside"), [(0.0, 1000), (60.0, 0)])
def test_what_lived_through_a_long_collection_is_set_aside(
    long: float, aside: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a collection took long for is set aside, what it was quick with is not."""
    monkeypatch.setattr(garbage, "LONG", long)
    with short_collections():
        before = gc.get_freeze_count()
        held: list[list[int]] = [[] for _ in range(1000)]
        gc.collect()
        assert abs(gc.get_freeze_count() - before - aside) <= len(held) // 2


def test_pythons_own_ways_come_back() -> None:
    """When the daemon ends, garbage is collected as before it began."""
    before = gc.get_threshold(), list(gc.callbacks)
    with short_collections():
        assert gc.get_threshold() != before[0]
    assert (gc.get_threshold(), gc.callbacks) == before
    gc.unfreeze()


def test_work_that_nobody_waits_for_is_seldom_held_up() -> None:
    """A replay is looked through seldom, what was there before not at all; then as it was."""
    before = gc.get_threshold(), gc.get_freeze_count()
    with rare_collections():
        assert gc.get_threshold()[0] > 10 * before[0][0]
        assert gc.get_freeze_count() > before[1]
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before[0], 0)


def test_rules_that_nobody_uses_go_without_a_collection() -> None:
    """Rules and places that were replaced leave memory at once, though they were set aside."""
    town = Place(id="b", name="Белгород", country="RU", admin1="RU-BEL")
    where = Where(inside=("RU",))
    rule = Rule(id="r", title="r", when=AllOf((Term("обстрел"), where)))
    made = Matcher(bind([rule], (), places=(town,)), gazetteer=Gazetteer((town,)))
    matcher = pickle.loads(pickle.dumps(made))  # noqa: S301 - our own
    at = datetime(2026, 5, 1, tzinfo=UTC)
    post = Post(source="s", id="1", published_at=at, text="Обстрел в Белгороде")
    assert [hit.place for hit in evaluate(matcher, post, PostName("s", "1"))] == [town]
    gc.collect()
    gc.disable()
    try:
        del matcher
        assert gc.collect() == 0
    finally:
        gc.enable()
