"""Which open incident a hit belongs to: the same topic, and places that agree."""

from collections.abc import Iterable
from datetime import datetime

from monitor.correlation.places import agree, covers, distance_km, squares_near
from monitor.correlation.status import is_higher
from monitor.correlation.windows import State, at, how_many
from monitor.hit import Hit
from monitor.incident import Incident
from monitor.place import Place

MOST_INSIDE = 50
"""A place that contains more open incidents than this says nothing of which one is meant."""


def find(state: State, hit: Hit, original: str | None = None) -> Incident | None:
    """The open incident that a hit belongs to, if any.

    The same place comes first, then the nearest place that contains it, then settlements within
    the rule's radius, then what lies inside it, then an incident whose place nobody has named. A
    hit without a place belongs to an incident without one, else to the only one of its topic. Of
    several at one place it is the one with the post that it repeats (`original` is its id), then
    one in which its publisher speaks, then the newest.
    """
    topic, place = hit.rule.topic, hit.place
    if place is None:
        newest = _best(state, hit, "=", original)
        if newest is None and how_many(state, topic) == 1:
            newest = _best(state, hit, "*", original)
        return newest
    for outer in (place.id, *place.within):
        found = _best(state, hit, f"={outer}", original)
        if found is not None:
            return found
    found = _nearest(state, hit, place)
    if found is None and how_many(state, topic, f"<{place.id}") <= MOST_INSIDE:
        found = _best(state, hit, f"<{place.id}", original)
    return found or _best(state, hit, "=", original)


def _best(state: State, hit: Hit, spot: str, original: str | None) -> Incident | None:
    """The incident at a spot that a hit is nearest to."""
    names = at(state, hit.rule.topic, spot)
    if not names:
        return None
    there = [state.incidents[one] for one in names]
    if len(there) == 1:
        return there[0]
    return max(there, key=lambda one: _nearness(one, hit, original))


Nearness = tuple[bool, bool, datetime, str, str]


def _nearness(one: Incident, hit: Hit, original: str | None) -> Nearness:
    speaks = any(voice.family == hit.family for voice in one.voices)
    where = one.place.id if one.place else ""
    return one.id == original, speaks, one.opened_at, where, one.id


def _nearest(state: State, hit: Hit, place: Place) -> Incident | None:
    near: list[tuple[float, datetime, str, str]] = []
    for square in squares_near(place, hit.rule.radius_km):
        for one in at(state, hit.rule.topic, square):
            incident = state.incidents[one]
            there = incident.place
            apart = distance_km(place, there) if there is not None else None
            if apart is not None and apart <= hit.rule.radius_km:
                near.append((apart, incident.opened_at, there.id if there else "", one))
    return state.incidents[min(near)[-1]] if near else None


def whole(state: State, hit: Hit) -> Incident | None:
    """The open incident that what a hit opens belongs to: one of `part_of`, there, and as bad.

    What names no place belongs to the only one. What is critical belongs to nothing.
    """
    found = []
    for topic in hit.rule.part_of if hit.rule.level != "critical" else ():
        place, radius = hit.place, hit.rule.radius_km
        if place is None:
            near = {"*"} if how_many(state, topic) == 1 else set()
        else:
            near = {f"={place.id}", f"<{place.id}", *squares_near(place, radius)}
            near.update(f"={name}" for name in place.within)
        for one in {name for spot in near for name in at(state, topic, spot)}:
            incident = state.incidents[one]
            as_bad = not is_higher(hit.rule.level, incident.level)
            there = place is None or agree(place, incident.place, radius)
            if as_bad and there and incident.status != "retracted":
                found.append(incident)
    return min(found, key=lambda one: (one.opened_at, one.id), default=None)


def meant(state: State, hit: Hit, topics: Iterable[str], home: str | None) -> list[Incident]:
    """The open incidents of other topics that a hit's place takes in, to be ended.

    An all-clear without a place speaks of incidents without one, and of its speaker's home region.
    """
    found = []
    for topic in topics:
        for one in at(state, topic, "*"):
            incident = state.incidents[one]
            where = incident.place
            at_home = hit.place is None and home is not None and where is not None
            if covers(hit.place, where) or (at_home and where is not None and where.admin1 == home):
                found.append(incident)
    return sorted(found, key=lambda one: (one.opened_at, one.id))


def spoken_of(state: State, hit: Hit, topics: Iterable[str]) -> list[Incident]:
    """The open incidents of other topics that a denial may mean: its place and theirs agree.

    Without a place it means incidents without one, else the only one of a topic.
    """
    found = []
    for topic in topics:
        every = [state.incidents[one] for one in at(state, topic, "*")]
        agreeing = [one for one in every if agree(hit.place, one.place, hit.rule.radius_km)]
        if not agreeing and (hit.place is None or (every and every[0].place is None)):
            agreeing = every if len(every) == 1 else []
        found += agreeing
    return sorted(found, key=lambda one: (one.opened_at, one.id))
