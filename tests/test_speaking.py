"""Who speaks in an incident is remembered from post to post: as if all voices were looked at."""

from datetime import UTC, datetime

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.correlation import speaking
from monitor.correlation.status import believed, status_of
from monitor.incident import Incident, Step, Support, Voice
from monitor.rulebook.ladder import shipped_ladder

AT = datetime(2023, 5, 22, 9, tzinfo=UTC)
STRICT = (
    Step(status="official", roles=("official",), of_the_place=True, families=1),
    Step(status="corroborated", affiliations=("ru", "ua"), sides=2),
    Step(status="reported", families=4),
    Step(status="unconfirmed", families=1),
)
LADDERS = (shipped_ladder(), STRICT)
SUPPORTS = st.lists(
    st.tuples(
        st.sampled_from([f"f{number}" for number in range(12)]),
        st.sampled_from(["ru", "ua", "unknown"]),
        st.sampled_from(["media", "official"]),
        st.booleans(),
        st.sampled_from(["", "", "", "", "back", "denied", "withdrawn", "ladder"]),
    ),
    min_size=8,
    max_size=40,
)


def support(family: str, affiliation: str, role: str, *, at_home: bool) -> Support:
    """A post that counts."""
    return Support(
        incident="i", source=family, id="1", version=1, exercise=False, rule="r", family=family,
        affiliation=affiliation, role=role, published_at=AT, at_home=at_home,
    )  # fmt: skip


@settings(max_examples=200)
@given(SUPPORTS)
def test_what_is_remembered_is_what_the_voices_say(
    given: list[tuple[str, str, str, bool, str]],
) -> None:
    """Voices and status after each post are those that all voices give.

    Also when an older form of the incident goes on, when somebody denies it or takes a post back,
    and when another ladder holds.
    """
    speaking._known.clear()
    incident = older = Incident(
        id="i", topic="t", rule="r", title="T", event="e", level="high", status="unconfirmed",
        exercise=False, opened_at=AT, updated_at=AT, deadline=AT,
    )  # fmt: skip
    ladder = LADDERS[0]
    for family, affiliation, role, at_home, what in given:
        if what == "back":
            incident, older = older, incident
        elif what == "denied":
            incident = msgspec.structs.replace(incident, denials=(Voice("d", "ua", "media", 1),))
        elif what == "withdrawn" and incident.voices:
            first = msgspec.structs.replace(incident.voices[0], posts=0)
            incident = msgspec.structs.replace(incident, voices=(first, *incident.voices[1:]))
        elif what == "ladder":
            ladder = LADDERS[1] if ladder is LADDERS[0] else LADDERS[0]
            incident = msgspec.structs.replace(incident, status=status_of(ladder, incident))
        one = support(family, affiliation, role, at_home=at_home)
        voices, status = believed(ladder, incident, one)
        counted = {(each.family, each.role, each.affiliation): each.posts for each in voices}
        before = {(each.family, each.role, each.affiliation): each for each in incident.voices}
        who = (family, role, affiliation)
        was = before[who].posts if who in before else 0
        assert counted == {**{key: each.posts for key, each in before.items()}, who: was + 1}
        after = msgspec.structs.replace(incident, voices=voices, status=status)
        if what not in {"denied", "withdrawn", "back"}:  # whose status was not worked out
            assert status == status_of(ladder, after)
        incident, older = msgspec.structs.replace(after, status=status_of(ladder, after)), incident
