"""What a post that comes out of order may concern: incidents near it, and what is near those."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.correlation.places import agree, squares_near
from monitor.correlation.told import Members, PostKey, Told
from monitor.correlation.windows import State, at, how_many, members_of
from monitor.incident import Incident
from monitor.place import Place

MOST_OPEN = 200
"""With more open incidents of a topic only those filed near the place are looked at."""

MOST_RETOLD = 300
"""More events than this are not told again: the post only joins."""


class Concerned:
    """Incidents, open or just ended, and the events that they are made of."""

    def __init__(self, state: State) -> None:
        self.incidents: dict[str, tuple[Incident, Members]] = {}
        self.events: dict[PostKey, tuple[Told, ...]] = {}
        self.topics: set[str] = set()
        self._state = state
        self._stories: dict[str, list[Told] | None] = {}

    def by(self, told: Told) -> bool:
        """Collect what an event concerns; False if not all of that is known, or it is too much."""
        frontier = [told]
        while frontier:
            one = frontier.pop()
            topics = self._reach(one)
            self.topics |= topics
            for name, incident, members in list(self._around(topics, one)):
                if name in self.incidents or not self._is_near(one, incident, members):
                    continue
                story = self._story(name, members)
                if story is None or incident.group or incident.also:
                    return False
                self.incidents[name] = (incident, members)
                self.events.update((key, self._state.told.posts[key]) for key in members)
                frontier += story
            frontier += self._loose(topics, one)
            if sum(map(len, self.events.values())) > MOST_RETOLD:
                return False
        return True

    def _reach(self, one: Told) -> set[str]:
        speakers = self._state.told.speakers
        return {*one.topics, *(name for topic in one.topics for name in speakers.get(topic, ()))}

    def _around(self, topics: set[str], one: Told) -> Iterator[tuple[str, Incident, Members]]:
        state = self._state
        for topic in topics:
            spots = ["*"]
            if how_many(state, topic) > MOST_OPEN:
                spots = [spot for place in one.places for spot in _spots(place, one.radius_km)]
            for spot in spots:
                for name in at(state, topic, spot):
                    if name not in self.incidents:
                        yield name, state.incidents[name], members_of(state, name)
        for name, rest in state.told.resting.items():
            if not topics.isdisjoint(rest.incident.topics):
                yield name, rest.incident, rest.members

    def _is_near(self, one: Told, incident: Incident, members: Members) -> bool:
        story = self._story(incident.id, members)
        if story is None:
            return any(_agree(where, incident.place, one.radius_km) for where in one.places)
        return any(_touch(one, other) for other in story)

    def _story(self, name: str, members: Members) -> list[Told] | None:
        """All events of an incident, None if some are not known any more."""
        if name not in self._stories:
            posts = self._state.told.posts
            try:
                self._stories[name] = [one for key in members for one in posts[key]]
            except KeyError:
                self._stories[name] = None
        return self._stories[name]

    def _loose(self, topics: set[str], one: Told) -> Iterator[Told]:
        tale = self._state.told
        for key in tale.loose:
            if key in self.events or key not in tale.posts:
                continue
            story = tale.posts[key]
            if any(topics & other.topics and _touch(one, other) for other in story):
                self.events[key] = story
                yield from story


def _spots(place: Place | None, radius_km: float) -> Iterator[str]:
    if place is None:
        yield "*"
        return
    yield f"={place.id}"
    yield f"<{place.id}"
    yield "="
    for outer in place.within:
        yield f"={outer}"
    yield from squares_near(place, radius_km)


def _touch(one: Told, other: Told) -> bool:
    if not one.names.isdisjoint(other.names):
        return True
    radius = max(one.radius_km, other.radius_km)
    for first in one.places:
        for second in other.places:
            if _agree(first, second, radius):
                return True
    return False


def _agree(one: Place | None, other: Place | None, radius_km: float) -> bool:
    return one is None or other is None or agree(one, other, radius_km)
