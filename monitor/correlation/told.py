"""The events of what is open, kept so that they can be told again in order (retelling.py).

Only what came since the start is known: after a restart, and when there was too much of it, an
incident whose posts are not all here stays as it is, and what comes late is only added to it.
"""

from __future__ import annotations  # HashTrieMap takes no parameters at run time

from collections.abc import Container, Iterable
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

import msgspec
from rpds import HashTrieMap, HashTrieSet

from monitor.correlation.event import Event
from monitor.correlation.kept import Kept
from monitor.correlation.repeats import cited
from monitor.incident import Incident, Support
from monitor.place import Place
from monitor.rule import DEFAULT_MAX_AGE

PostKey = tuple[str, str]

When = tuple[datetime, str, str, int]
"""The order in which versions of posts are told: by time, then by name."""

Members: TypeAlias = "Kept[PostKey, Support]"

LATENESS = DEFAULT_MAX_AGE
"""So much later than it was published may a post come and still stand in its place."""

MOST_POSTS = 5000
MOST_VERSIONS = 50
MOST_RESTING = 500
"""Beyond that all is forgotten, or the post: memory is worth more than the order of a flood."""


class Told(msgspec.Struct, frozen=True):
    """An event, and what it may touch: topics, places, how far around them (km), posts by name.

    `when` is its place in the order; `late` says that it came too late to stand where it belongs.
    """

    event: Event
    when: When
    late: bool
    topics: frozenset[str]
    places: tuple[Place | None, ...]
    radius_km: float
    names: frozenset[str]

    def is_loose(self, topics: AbstractSet[str]) -> bool:
        """Whether some hit has no part in an incident, given the topics of those that have."""
        for hit in self.event.hits:
            rule = hit.rule
            if rule.topic not in topics and topics.isdisjoint((*rule.denies, *rule.closes)):
                return True
        return False


class Rest(NamedTuple):
    """An incident that an all-clear has ended lately, and what had a part in it."""

    incident: Incident
    members: Members


class Tale(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What has been told lately of what is open.

    `posts` holds the versions of each post; `loose` those with hits of some
    topic that joined nothing; `latest`
    the last event of each topic; `speakers` the topics of rules that deny or end a topic; `resting`
    what an all-clear has ended within the lateness bound.
    """

    posts: Kept[PostKey, tuple[Told, ...]] = msgspec.field(default_factory=Kept)
    loose: HashTrieSet[PostKey] = HashTrieSet()
    latest: Kept[str, When] = msgspec.field(default_factory=Kept)
    speakers: HashTrieMap[str, HashTrieSet[str]] = HashTrieMap()
    resting: HashTrieMap[str, Rest] = HashTrieMap()


def is_late(event: Event) -> bool:
    """Whether it came too late to stand in its place."""
    seen = event.post.observed_at
    if event.history or seen is None or seen <= event.event_at:
        return event.history
    age = seen - event.event_at
    return age > min([one.rule.max_age for one in event.hits], default=LATENESS)


def telling(tale: Tale, event: Event, before: Iterable[Incident]) -> Told:
    """An event with what it may touch: its hits, earlier ones, what its post had a part in."""
    name = event.name
    topics: set[str] = set()
    places: list[Place | None] = []
    radius = 0.0
    for hit in event.hits:
        topics.update((hit.rule.topic, *hit.rule.denies, *hit.rule.closes))
        places.append(hit.place)
        radius = max(radius, hit.rule.radius_km)
    for incident in before:
        topics.update(incident.topics)
        places.append(incident.place)
    for one in tale.posts.get((name.source, name.id), ())[-1:]:
        topics |= one.topics
        places += one.places
    if len(places) > 1:
        places = list(dict.fromkeys(places))
    origin = event.post.forwarded_from
    pointed = (f"{origin.source}/{origin.id}",) if origin and origin.id else ()
    cites = event.gist.cites if event.gist else cited(event.post)
    names = (f"{name.source}/{name.id}", *pointed, *cites)
    named = frozenset([one.lower() for one in names])
    late = is_late(event)
    # What came too late stands where it was seen.
    at = (late and event.post.observed_at) or event.event_at
    when = (at, name.source, name.id, name.version)
    return Told(event, when, late, frozenset(topics), tuple(places), radius, named)


def tell(tale: Tale, told: Told) -> Tale:
    """The tale with one event more."""
    key = (told.event.name.source, told.event.name.id)
    versions = (*tale.posts.get(key, ()), told)
    posts = tale.posts.insert(key, versions)
    if len(versions) > MOST_VERSIONS:
        posts = posts.discard(key)
    if len(posts) > MOST_POSTS:
        return Tale()
    latest, speakers = tale.latest, tale.speakers
    for topic in told.topics:
        before = latest.get(topic)
        if before is None or before < told.when:
            latest = latest.insert(topic, told.when)
    for hit in told.event.hits:
        rule = hit.rule
        for topic in (*rule.denies, *rule.closes):
            known: HashTrieSet[str] = speakers.get(topic, HashTrieSet())
            if rule.topic not in known:
                speakers = speakers.insert(topic, known.insert(rule.topic))
    return msgspec.structs.replace(tale, posts=posts, latest=latest, speakers=speakers)


def loosened(tale: Tale, key: PostKey, *, loose: bool) -> Tale:
    """The tale in which a post has joined nothing of some topic, or something of each."""
    if loose == (key in tale.loose):
        return tale
    apart = tale.loose.insert(key) if loose else tale.loose.discard(key)
    return msgspec.structs.replace(tale, loose=apart)


def untold(tale: Tale, keys: Iterable[PostKey]) -> Tale:
    """The tale without posts: what a person has grouped stays as it is."""
    posts = tale.posts
    for key in keys:
        posts = posts.discard(key)
    return msgspec.structs.replace(tale, posts=posts)


def at_rest(tale: Tale, incident: Incident, members: Members) -> Tale:
    """The tale with an incident that an all-clear has ended."""
    full = len(tale.resting) >= MOST_RESTING and incident.id not in tale.resting
    resting: HashTrieMap[str, Rest] = HashTrieMap() if full else tale.resting
    resting = resting.insert(incident.id, Rest(incident, members))
    return msgspec.structs.replace(tale, resting=resting)


def awake(tale: Tale, incident: str) -> Tale:
    """The tale without an incident that is over no longer."""
    return msgspec.structs.replace(tale, resting=tale.resting.discard(incident))


def swept(tale: Tale, backing: Container[PostKey], now: datetime) -> Tale:
    """The tale without what nothing can come before any more."""
    floor = now - LATENESS - timedelta(minutes=5)
    resting = tale.resting
    for name, rest in tale.resting.items():
        if rest.incident.updated_at < floor:
            resting = resting.discard(name)
    held = {key for rest in resting.values() for key in rest.members}
    posts, loose, latest = tale.posts, tale.loose, tale.latest
    old = [key for key, versions in posts.items() if versions[-1].when[0] < floor]
    for key in old:
        if key not in backing and key not in held:
            posts, loose = posts.discard(key), loose.discard(key)
    for topic in [topic for topic, at in latest.items() if at[0] < floor]:
        latest = latest.discard(topic)
    return msgspec.structs.replace(tale, posts=posts, loose=loose, latest=latest, resting=resting)
