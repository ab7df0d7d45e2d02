"""Correlations do not depend on the order of arrival within the lateness bound."""

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.rulebook.book import bind
from monitor.rulebook.ladder import shipped_ladder
from monitor.rulebook.watches import resolve
from monitor.watch import Watch
from tests.story.timeline import SOURCES, Story, rule, town

RAID, FIRE = rule("raid"), rule("fire")
HOURS: dict[str, Any] = {"title": "W", "timespan": timedelta(hours=2), "window": timedelta(hours=2)}
ASKED = (
    Watch(id="many", type="event_count", rules=("raid",), at_least=3, **HOURS),
    Watch(id="sides", type="corroborated", rules=("raid",), families=2, affiliations=2, **HOURS),
    Watch(id="both", type="temporal", rules=("raid", "fire"), at_least=2, **HOURS),
    Watch(id="sources", type="value_count", rules=("raid",), field="source", at_least=3, **HOURS),
)
WATCHES, _ = resolve(ASKED, (RAID, FIRE), {}, whole=False)
BOOK = bind((RAID, FIRE), SOURCES.values(), ladder=shipped_ladder(), watches=WATCHES)
POST = st.tuples(
    st.integers(0, 119),
    st.sampled_from(("paper", "paper2", "legion", "other", "governor")),
    st.sampled_from((RAID, FIRE)),
)


@given(st.lists(POST, min_size=2, max_size=7, unique_by=lambda one: one[0]), st.randoms())
@settings(max_examples=150)
def test_any_order_of_arrival_counts_the_same(
    drawn: list[tuple[object, ...]], draw: object
) -> None:
    """The same posts (none a copy), in another order, are evidence of the same incidents."""

    def end(order: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
        story = Story(BOOK)
        for minute, source, held in order:
            assert isinstance(minute, int)
            story.post(
                str(source), str(minute), f"report {minute}", minutes=minute,
                seen_after=119 - minute, rules=(held,),  # type: ignore[arg-type]  # a rule
            )  # fmt: skip
        return sorted(
            (
                one.topic, one.status, one.posts, one.opened_at,
                tuple(sorted(
                    key for key, by in story.state.members[one.id].items() if not by.withdrawn
                )),
            )
            for one in story.state.incidents.values()
            if one.group
        )  # fmt: skip

    shuffled = list(drawn)
    draw.shuffle(shuffled)  # type: ignore[attr-defined]  # a Random that Hypothesis controls
    assert end(sorted(drawn, key=lambda one: str(one[0]).zfill(3))) == end(shuffled)


def test_a_better_place_moves_what_was_counted() -> None:
    """Two posts of a district, the second of which names its village, count for the village."""
    here = Watch(id="here", type="event_count", rules=("raid",), at_least=2,
                 group_by=("place",), **HOURS)  # fmt: skip
    watches, _ = resolve((here,), (RAID,), {}, whole=False)
    story = Story(bind((RAID,), SOURCES.values(), ladder=shipped_ladder(), watches=watches))
    district = town("border-district", kind="district")
    village = town("kozinka", within=("border-district",))
    story.post("paper", "1", "a raid somewhere there", rules=(RAID,), place=district)
    story.post("legion", "1", "we are in kozinka", minutes=5, rules=(RAID,), place=village)
    opened = [one for one in story.alerts if one.incident.rule == "here"]
    assert [(one.kind, one.reason) for one in opened] == [
        ("opened", "place kozinka: 2 posts within 2 h")
    ]
