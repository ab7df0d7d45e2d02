"""What correlation remembers: the open incidents, found by topic and place, and their windows.

A `State` is a value: its maps are values, so a batch that fails to commit leaves the old state as
it was. Exercise posts have a state of their own and never touch real incidents.
"""

from __future__ import annotations  # HashTrieMap takes no parameters at run time

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

import msgspec
from rpds import HashTrieMap, HashTrieSet

from monitor.correlation.blindness import Away, Heard, Missed
from monitor.correlation.calendar import Calendar, enter
from monitor.correlation.clues import Clues
from monitor.correlation.kept import Kept
from monitor.correlation.places import spots
from monitor.correlation.repeats import Repeats, put
from monitor.correlation.told import Members, PostKey, Tale
from monitor.incident import Incident, Support


class State(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The open incidents of one realm (real or exercise).

    `filed` finds the open incidents of a topic (under `*`) and of its places (spots); `members`
    what backs each incident; `by_post` which open incidents a post backs; `deadlines` when they may
    close; `grouped` finds a watch's open incident by the group of its clues; `repeats` what copies
    are known from, closed incidents' posts too; `clues` what the watches remember; `ended` when an
    all-clear has ended a topic at a place (filed as in `filed`); `heard` when each platform was
    heard and `missed` what was seen of it too late; `away` when we were not there; `now` is the
    latest observation. All of it follows from what is stored, so that a restart remembers the same,
    except for `told`: what can be told again in order.
    """

    incidents: Kept[str, Incident] = msgspec.field(default_factory=Kept)
    filed: Kept[str, HashTrieSet[str]] = msgspec.field(default_factory=Kept)
    members: Kept[str, Members] = msgspec.field(default_factory=Kept)
    by_post: Kept[PostKey, tuple[str, ...]] = msgspec.field(default_factory=Kept)
    deadlines: Calendar = msgspec.field(default_factory=Calendar)
    grouped: Kept[str, str] = msgspec.field(default_factory=Kept)
    repeats: Repeats = msgspec.field(default_factory=Repeats)
    clues: Clues = msgspec.field(default_factory=Clues)
    ended: HashTrieMap[str, datetime] = HashTrieMap()
    heard: Mapping[str, Heard] = msgspec.field(default_factory=dict)
    missed: HashTrieMap[str, Missed] = HashTrieMap()
    told: Tale = msgspec.field(default_factory=Tale)
    away: Away | None = None
    now: datetime | None = None


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """The state of both realms."""

    real: State = msgspec.field(default_factory=State)
    exercise: State = msgspec.field(default_factory=State)

    def of(self, *, exercise: bool) -> State:
        """The state of one realm."""
        return self.exercise if exercise else self.real

    def replace(self, state: State, *, exercise: bool) -> Memory:
        """The memory with one realm's state replaced."""
        if exercise:
            return Memory(real=self.real, exercise=state)
        return Memory(real=state, exercise=self.exercise)


def file_of(topic: str, spot: str) -> str:
    """Under which an open incident is found: what it is about, and where (`*` = anywhere)."""
    return f"{topic}\n{spot}"


def at(state: State, topic: str, spot: str) -> Iterable[str]:
    """The ids of the open incidents of a topic at a spot, in no order."""
    return state.filed.get(file_of(topic, spot), _NOTHING)


def how_many(state: State, topic: str, spot: str = "*") -> int:
    """How many open incidents a topic has at a spot."""
    return len(state.filed.get(file_of(topic, spot), _NOTHING))


_NOTHING: HashTrieSet[str] = HashTrieSet()


def _refiled(
    filed: Kept[str, HashTrieSet[str]], incident: Incident, *, there: bool
) -> Kept[str, HashTrieSet[str]]:
    """The files with an incident in (`there`) or taken out."""
    about = [(incident.topic, incident.place), *((one.topic, one.place) for one in incident.also)]
    names = [file_of(topic, spot) for topic, where in about for spot in ("*", *spots(where))]
    for name in names:
        ids = filed.get(name, _NOTHING)
        ids = ids.insert(incident.id) if there else ids.discard(incident.id)
        filed = filed.insert(name, ids) if len(ids) else filed.discard(name)
    return filed


class Past(NamedTuple):
    """A post that supports a closed incident, and what that is about."""

    topic: str
    support: Support


def remember(
    incidents: Iterable[Incident],
    supports: Iterable[Support],
    past: Iterable[Past] = (),
    floors: Mapping[bool, int] = MappingProxyType({}),
) -> Memory:
    """The memory after a restart: what the store holds open, the last days' posts, the floors.

    `floors` are the minutes below which posts are forgotten, by whether it is the exercises' realm.
    """
    memory = Memory()
    for exercise in (False, True):
        known = Repeats(floor=floors.get(exercise, 0))
        memory = memory.replace(State(repeats=known), exercise=exercise)
    realm: dict[str, bool] = {}
    names: dict[str, str] = {}
    for incident in incidents:
        realm[incident.id] = incident.exercise
        state = memory.of(exercise=incident.exercise)
        state = put_incident(state, incident, state.incidents.get(incident.id))
        latest = max(filter(None, (state.now, incident.updated_at)))
        memory = memory.replace(
            msgspec.structs.replace(state, now=latest), exercise=incident.exercise
        )
    for support in (_shared(one, names) for one in supports):
        exercise = realm[support.incident]
        state = memory.of(exercise=exercise)
        state = known_as(state, state.incidents[support.incident].topics, support)
        memory = memory.replace(put_support(state, support), exercise=exercise)
    for topic, one in past:
        support = _shared(one, names)
        state = known_as(memory.of(exercise=support.exercise), (topic,), support)
        memory = memory.replace(state, exercise=support.exercise)
    return memory


def _shared(support: Support, names: dict[str, str]) -> Support:
    """The support with each name kept once for all, as before the restart: some 300 bytes less."""
    fields = ("incident", "source", "rule", "family", "affiliation", "role")
    held = {field: names.setdefault(name := getattr(support, field), name) for field in fields}
    return msgspec.structs.replace(support, **held)


def end_at(state: State, topics: Iterable[str], support: Support) -> State:
    """The state that knows of an all-clear: said again, it is no news, unless it was taken back."""
    if support.part != "closes":
        return state
    ended = state.ended
    for topic in topics:
        name = file_of(topic, f"={support.place or ''}")
        at = ended.get(name)
        if support.withdrawn:
            ended = ended.discard(name) if at == support.published_at else ended
        elif at is None or at < support.published_at:
            ended = ended.insert(name, support.published_at)
    return msgspec.structs.replace(state, ended=ended)


def known_as(state: State, topics: Iterable[str], support: Support) -> State:
    """The state with a post known to later copies; evidence is known already."""
    if support.part == "evidence":
        return state
    repeats = state.repeats
    topics = tuple(topics)
    for topic in topics:
        repeats = put(repeats, topic, support)
    return end_at(msgspec.structs.replace(state, repeats=repeats), topics, support)


def put_incident(state: State, incident: Incident, before: Incident | None) -> State:
    """The state with an open incident in its newest form; a closed one is forgotten.

    `before` is the same incident as the state has it.
    """
    if not incident.open:
        return forget(state, incident) if before is not None else state
    filed, deadlines, grouped = state.filed, state.deadlines, state.grouped
    if before is None or (before.place, before.also) != (incident.place, incident.also):
        if before is not None:
            filed = _refiled(filed, before, there=False)
        filed = _refiled(filed, incident, there=True)
    if before is None or incident.deadline < before.deadline:
        # a later one is entered when the first one is due: windows slide with every post
        deadlines = enter(deadlines, incident.deadline, incident.id)
    if incident.group and (before is None or before.group != incident.group):
        if before is not None:
            grouped = grouped.discard(before.group)
        grouped = grouped.insert(incident.group, incident.id)
    return msgspec.structs.replace(
        state,
        incidents=state.incidents.insert(incident.id, incident),
        filed=filed,
        deadlines=deadlines,
        grouped=grouped,
    )


def put_support(state: State, support: Support) -> State:
    """The state with a post's backing of an open incident in its newest form."""
    incident = support.incident
    members = state.members.get(incident)
    if members is None:
        if incident not in state.incidents:
            return state
        members = Kept()
    post = (support.source, support.id)
    by_post = state.by_post
    backs = by_post.get(post, ())
    if incident not in backs:
        by_post = by_post.insert(post, (*backs, incident))
    return msgspec.structs.replace(
        state,
        members=state.members.insert(incident, members.insert(post, support)),
        by_post=by_post,
    )


def backing(state: State, source: str, post: str) -> tuple[tuple[Support, Incident], ...]:
    """What a post supports among the open incidents."""
    names = state.by_post.get((source, post))
    if not names:
        return ()
    return tuple([(state.members[one][(source, post)], state.incidents[one]) for one in names])


def members_of(state: State, incident: str) -> Members:
    """What backs an open incident, by post; nothing if it is over."""
    members = state.members.get(incident)
    return Kept() if members is None else members


def forget(state: State, incident: Incident) -> State:
    """The state without a closed incident and what backed it."""
    before = state.incidents[incident.id]
    by_post = state.by_post
    members = members_of(state, incident.id)
    for post in members:
        left = tuple(one for one in by_post[post] if one != incident.id)
        by_post = by_post.insert(post, left) if left else by_post.discard(post)
    return msgspec.structs.replace(
        state,
        incidents=state.incidents.discard(incident.id),
        filed=_refiled(state.filed, before, there=False),
        members=state.members.discard(incident.id),
        by_post=by_post,
        grouped=state.grouped.discard(before.group) if before.group else state.grouped,
    )
