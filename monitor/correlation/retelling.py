"""A post that comes out of order: what it concerns is told again from the start, in order.

So the same posts end in the same incidents, whatever the order in which they arrive. The incidents
that have been announced keep their ids and go on; what is different about them is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from monitor.alert import Alert
from monitor.correlation.changes import Book, Draft
from monitor.correlation.concerned import Concerned
from monitor.correlation.event import Event
from monitor.correlation.reconciling import Result, reconcile
from monitor.correlation.repeats import without
from monitor.correlation.taking import backed_by, take
from monitor.correlation.timers import tick
from monitor.correlation.told import PostKey, Told, loosened, tell, telling
from monitor.correlation.windows import State, file_of, forget
from monitor.incident import Incident, Outcome, Support


def retell(draft: Draft, event: Event, told: Told) -> bool:
    """Take an event in its place among the others; False if it is the latest one anyway.

    `told` is the event with what it may touch.
    """
    state = draft.state
    if told.late or not _is_early(state, told):
        return False
    concerned = Concerned(state)
    if not concerned.by(told):
        return False
    events = [one for story in concerned.events.values() for one in story]
    if all(one.when < told.when for one in events):
        return False
    again = _Again(_emptied(state, concerned), draft.book, frozenset(concerned.incidents))
    for one in sorted((*events, told), key=lambda one: one.when):
        again.tell(one.event, latest=one is told)
    if state.now is not None:
        again.pass_time(state.now)
    draft.state = _unended(state, concerned)
    result = Result(again.incidents, again.members(), again.outside, again.results, again.opened)
    reconcile(draft, event, concerned.incidents, result)
    _loosen(draft, concerned, result)
    return True


def _loosen(draft: Draft, concerned: Concerned, result: Result) -> None:
    """Note which of the posts have joined nothing, of some of their topics."""
    parts: dict[PostKey, set[str]] = {key: set() for key in concerned.events}
    for name, members in result.members.items():
        for key in members:
            parts.setdefault(key, set()).update(result.incidents[name].topics)
    tale = draft.state.told
    for key, topics in parts.items():
        every = topics | _topics_of(draft, key)
        loose = any(one.is_loose(every) for one in tale.posts.get(key, ()))
        tale = loosened(tale, key, loose=loose)
    draft.state = msgspec.structs.replace(draft.state, told=tale)


def _topics_of(draft: Draft, key: PostKey) -> set[str]:
    """The topics of the open incidents that a post has a part in."""
    state = draft.state
    return {one for name in state.by_post.get(key, ()) for one in state.incidents[name].topics}


def remember(draft: Draft, event: Event, before: Sequence[Incident], told: Told) -> None:
    """Keep an event that has hits, or whose post had some, or a part in something."""
    here = (event.name.source, event.name.id)
    if not event.hits and not before and here not in draft.state.told.posts:
        return
    topics = _topics_of(draft, here)
    for incident in before:
        topics.update(incident.topics)
    for name, source, post in draft.supports:
        if (source, post) == here:
            topics.update(draft.topics[name])
    tale = tell(draft.state.told, told)
    loose = any(one.is_loose(topics) for one in tale.posts.get(here, ()))
    draft.state = msgspec.structs.replace(draft.state, told=loosened(tale, here, loose=loose))


def _is_early(state: State, told: Told) -> bool:
    latest, speakers = state.told.latest, state.told.speakers
    for one in told.topics:
        for topic in (one, *speakers.get(one, ())):
            at = latest.get(topic)
            if at is not None and at > told.when:
                return True
    return False


def _emptied(state: State, concerned: Concerned) -> State:
    """The state without the incidents that are told again."""
    repeats = state.repeats
    for incident, members in concerned.incidents.values():
        for support in members.values():
            for topic in incident.topics:
                repeats = without(repeats, topic, support)
    state = _unended(msgspec.structs.replace(state, repeats=repeats), concerned)
    for name, (incident, _) in concerned.incidents.items():
        if name in state.incidents:
            state = forget(state, incident)
    return state


def _unended(state: State, concerned: Concerned) -> State:
    """The state that does not know yet of the all-clears that are told again."""
    ended = state.ended
    for incident, members in concerned.incidents.values():
        for support in members.values():
            if support.part == "closes":
                for topic in incident.topics:
                    ended = ended.discard(file_of(topic, f"={support.place or ''}"))
    for story in concerned.events.values():  # an edited all-clear may have named another place
        for place in {where.id if where else "" for one in story for where in one.places}:
            for topic in concerned.topics if any(_ends(one) for one in story) else ():
                ended = ended.discard(file_of(topic, f"={place}"))
    return msgspec.structs.replace(state, ended=ended)


def _ends(told: Told) -> bool:
    return any(hit.rule.closes for hit in told.event.hits)


class _Again:
    """A second telling, on a state of its own."""

    def __init__(self, state: State, book: Book, old: frozenset[str]) -> None:
        self.state = state
        self.book = book
        self.incidents: dict[str, Incident] = {}
        self.supports: dict[tuple[str, str, str], Support] = {}
        self.outside: list[tuple[Alert | None, Incident, Support]] = []
        self.results: list[tuple[Outcome, str]] = []
        self.opened: frozenset[str] = frozenset()
        self._old = old

    def tell(self, event: Event, *, latest: bool) -> None:
        """One event; what it changes of incidents long over counts for the `latest` only."""
        self.pass_time(event.event_at)
        here = (event.name.source, event.name.id)
        recalled = [
            (support, self.incidents[support.incident])
            for (_, source, post), support in self.supports.items()
            if (source, post) == here and not self.incidents[support.incident].open
        ]
        beyond = [one for one in event.recalled if latest and one[1].id not in self._old]
        event = msgspec.structs.replace(event, recalled=(*recalled, *beyond))
        draft = Draft(self.state, self.book)
        take(draft, event, backed_by(draft, event))
        before = [one for _, one in recalled]
        remember(draft, event, before, telling(draft.state.told, event, before))
        self.state = draft.state
        over = {one.id for _, one in beyond}
        alerts = {one.incident.id: one for one in draft.alerts}
        for key, support in draft.supports.items():
            if key[0] in over:
                self.outside.append((alerts.get(key[0]), draft.incidents[key[0]], support))
            else:
                self.supports[key] = support
        self.incidents.update(
            (name, one) for name, one in draft.incidents.items() if name not in over
        )
        if latest:
            self.results = list(draft.results)
            new = (one.incident.id for one in draft.alerts if one.kind == "opened")
            self.opened = frozenset(new)

    def pass_time(self, now: datetime) -> None:
        """Close what nothing came to."""
        self.state, decision = tick(self.state, now, self.book)
        self.incidents.update((one.id, one) for one in decision.incidents)

    def members(self) -> dict[str, dict[tuple[str, str], Support]]:
        """What had a part in each incident."""
        found: dict[str, dict[tuple[str, str], Support]] = {name: {} for name in self.incidents}
        for (name, source, post), support in self.supports.items():
            found[name][source, post] = support
        return found
