"""The same posts in any order of arrival, within the lateness bound, end in the same incidents.

Versions of one post arrive in their order (admission sees to it); a post read twice is dropped at
admission. `MONITOR_EXAMPLES=10000` makes the long run.
"""

import os
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.incident import Incident
from tests.story.timeline import Story, rule, town

EXAMPLES = int(os.environ.get("MONITOR_EXAMPLES", "300"))
PLACES = {
    one.id: one
    for one in (
        town("kozinka", 50.34, 35.50), town("gora-podol", 50.36, 35.54),
        town("shebekino", 50.41, 36.89),
    )
}  # fmt: skip
RAID = rule("raid", radius_km=10.0)
TEXTS = (
    "a sabotage group has entered the border district this morning, fighting goes on at {}",
    "3 injured in the village of {} after shelling, the ambulance is on its way there",
    "it is calm in {} now and 8 injured people are in the hospital, says the doctor",
)
SHORT = ("8 injured in {}", "3 injured in {}", "a raid on {}")
"""Too short to be copies: what is edited or deleted here has no echoes."""


class Told(NamedTuple):
    """One version of a post, and when it was told, in minutes."""

    source: str
    post: str
    kind: str
    text: str
    place: str
    minutes: int


@st.composite
def mornings(draw: st.DrawFn) -> tuple[list[Told], list[Told]]:
    """What was told within two hours, in the order of time, and in another order of arrival."""
    told: list[list[Told]] = []
    for number in range(draw(st.integers(2, 7))):
        source = draw(st.sampled_from(("governor", "legion", "paper", "paper2", "other")))
        place = draw(st.sampled_from(sorted(PLACES)))
        minutes = draw(st.integers(0, 100))
        later = draw(st.sampled_from(((), (), ("edit",), ("delete",), ("edit", "delete"))))
        texts = SHORT if later else (*TEXTS, *SHORT)
        text = draw(st.sampled_from(texts)).format(place)
        versions = [Told(source, str(number), "new", text, place, minutes)]
        for kind in later:
            minutes += draw(st.integers(1, 9))
            text = draw(st.sampled_from(SHORT)).format(place) if kind == "edit" else ""
            versions.append(Told(source, str(number), kind, text, place, minutes))
        told.append(versions)
    order = draw(st.permutations([n for n, versions in enumerate(told) for _ in versions]))
    left = [list(versions) for versions in told]
    arrival = [left[number].pop(0) for number in order]
    return sorted(arrival, key=lambda one: (one.minutes, one.source, one.post)), arrival


def ending(told: list[Told]) -> set[tuple[object, ...]]:
    """What is open in the end: members and whom they repeat, status, level, place, numbers."""
    story, now = Story(), 0
    for one in told:
        now = max(now, one.minutes)
        story.post(
            one.source, one.post, one.text, minutes=one.minutes, kind=one.kind,
            seen_after=now - one.minutes, rules=(RAID,), place=PLACES[one.place],
        )  # fmt: skip
    return {_form(story, incident) for incident in story.incidents.values()}


def _form(story: Story, incident: Incident) -> tuple[object, ...]:
    members = frozenset(
        (one.source, one.id, one.echo_of, one.withdrawn)
        for key, one in story.supports.items()
        if key[0] == incident.id
    )
    numbers = tuple((one.what, one.low, one.high, one.family) for one in incident.claims)
    return members, incident.status, incident.families, numbers, incident.posts, incident.echoes


@given(mornings())
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_order_of_arrival_ends_in_the_same_incidents(
    morning: tuple[list[Told], list[Told]],
) -> None:
    """By membership, echoes, status and numbers; three places, two of them near each other."""
    in_order, arrival = morning
    assert ending(arrival) == ending(in_order)
