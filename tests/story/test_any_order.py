"""The same posts in any order of arrival, within the lateness bound, end in the same incidents.

Versions of one post arrive in their order (admission sees to it); a post read twice is dropped at
admission. `MONITOR_EXAMPLES=10000` makes the long run.
"""

import os
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.incident import Incident
from monitor.place import Place
from monitor.post import Origin
from tests.story.timeline import OBLAST, Story, rule, town

EXAMPLES = int(os.environ.get("MONITOR_EXAMPLES", "200"))
DISTRICT = town("border-district", kind="district")
PLACES: dict[str, Place | None] = {
    "nowhere": None,
    "oblast": OBLAST,
    "district": DISTRICT,
    "kozinka": town("kozinka", 50.34, 35.50, within=("border-district", *DISTRICT.within)),
    "gora-podol": town("gora-podol", 50.36, 35.54, within=("border-district", *DISTRICT.within)),
    "between": town("between", 50.38, 36.0),
    "shebekino": town("shebekino", 50.41, 36.89),
}
RULES = {
    "raid": rule("raid", "high", radius_km=35.0),
    "worse": rule("worse", "critical", story="raid", radius_km=35.0),
    "denial": rule("denial", "medium", denies=("raid",), radius_km=20.0),
    "all-clear": rule("all-clear", "low", closes=("raid",)),
    "other": rule("other", "low"),
}
LONG = (
    "a sabotage group has entered the border district this morning, fighting goes on nearby",
    "3 injured people after the shelling of the village, the ambulance is on its way to them",
    "it is calm in the village now and 8 injured people are in the hospital, says the doctor",
)
SHORT = ("8 injured here", "3 injured here", "they are here")


class Told(NamedTuple):
    """One version of a post, and when it was told, in minutes."""

    source: str
    post: str
    kind: str
    text: str
    place: str
    rules: tuple[str, ...]
    minutes: int
    forwarded: str | None = None


SAID = st.tuples(
    st.sampled_from((*LONG, *SHORT)),
    st.sampled_from(sorted(PLACES)),
    st.sampled_from((
        ("raid",), ("raid",), ("raid",), ("worse", "raid"), ("denial",), ("all-clear",),
        ("raid", "other"), (),
    )),
)  # fmt: skip


@st.composite
def mornings(draw: st.DrawFn) -> tuple[list[Told], list[Told]]:
    """What was told within two hours, in the order of time, and in another order of arrival."""
    told: list[list[Told]] = []
    for number in range(draw(st.integers(2, 7))):
        source = draw(st.sampled_from(("governor", "legion", "paper", "paper2", "other")))
        minutes = draw(st.integers(0, 100))
        text, place, rules = draw(SAID)
        origin = draw(st.sampled_from((None, None, None, "telegram:legion/0", "telegram:far/7")))
        said = Told(source, str(number), "new", text, place, rules or ("raid",), minutes, origin)
        versions = [said]
        for kind in draw(st.sampled_from(((), (), ("edit",), ("delete",), ("edit", "edit")))):
            minutes += draw(st.integers(1, 9))
            text, place, rules = draw(SAID)
            versions.append(said._replace(
                kind=kind, text=text, place=place, rules=rules, minutes=minutes
            ))  # fmt: skip
        told.append(versions)
    order = draw(st.permutations([n for n, versions in enumerate(told) for _ in versions]))
    left = [list(versions) for versions in told]
    arrival = [left[number].pop(0) for number in order]
    return sorted(arrival, key=lambda one: (one.minutes, one.source, one.post)), arrival


def ending(told: list[Told]) -> list[tuple[object, ...]]:
    """What there is in the end: members and whom they repeat, status, level, place, numbers."""
    story, now = Story(), 0
    for one in told:
        now = max(now, one.minutes)
        story.post(
            one.source, one.post, one.text, minutes=one.minutes, kind=one.kind,
            seen_after=now - one.minutes, rules=tuple(RULES[name] for name in one.rules),
            place=PLACES[one.place],
            forwarded=Origin(*one.forwarded.split("/")) if one.forwarded else None,
        )  # fmt: skip
    assert len({alert.id for alert in story.alerts}) == len(story.alerts)
    forms = (_form(story, incident) for incident in story.incidents.values())
    return sorted((one for one in forms if one[0]), key=repr)


def _form(story: Story, incident: Incident) -> tuple[object, ...]:
    members = sorted(
        (one.source, one.id, one.part, one.echo_of, one.withdrawn)
        for key, one in story.supports.items()
        if key[0] == incident.id
    )
    numbers = tuple((one.what, one.low, one.high, one.family) for one in incident.claims)
    return (
        members, incident.topic, incident.status, incident.level, incident.families, numbers,
        incident.posts, incident.echoes, incident.place and incident.place.id, incident.open,
    )  # fmt: skip


@pytest.mark.timeout(0 if EXAMPLES > 1000 else 180)
@given(mornings())
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
def test_any_order_of_arrival_ends_in_the_same_incidents(
    morning: tuple[list[Told], list[Told]],
) -> None:
    """Copies, forwards, edits, deletions, denials, all-clears, places within each other: no matter.

    The same incidents by membership, echoes, status, level, place and numbers.
    """
    in_order, arrival = morning
    assert ending(arrival) == ending(in_order)
