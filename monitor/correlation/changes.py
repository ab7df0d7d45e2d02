"""The pieces a decision is made of: the draft that collects it, ids, alerts, words for spans."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from monitor.alert import (
    Alert,
    AlertIncident,
    AlertKind,
    AlertPlace,
    AlertPost,
    alert_id,
    cut_text,
)
from monitor.correlation.blindness import missing, platform_of
from monitor.correlation.claiming import ranges
from monitor.correlation.clues import known, put_clue, without_clues
from monitor.correlation.event import Event
from monitor.correlation.gist import read
from monitor.correlation.told import Rest, at_rest
from monitor.correlation.windows import State, known_as, put_incident, put_support
from monitor.hit import Found, Hit, spans
from monitor.incident import Gist, Incident, Ladder, Outcome, Support
from monitor.place import Place
from monitor.post import Post, PostName
from monitor.source import UNKNOWN, SourceInfo
from monitor.watch import Clue, ClueKey, Entry, Watch


class Book(Protocol):
    """What decisions ask of a rulebook: who speaks, the status ladder, and the correlations."""

    @property
    def sources(self) -> Mapping[str, SourceInfo]:
        """Every known source by its id."""

    @property
    def ladder(self) -> Ladder:
        """How sure incidents are."""

    @property
    def watches(self) -> Mapping[str, Watch]:
        """The correlations, by key."""

    @property
    def watchers(self) -> Mapping[str, tuple[Entry, ...]]:
        """Whom the hits of a rule concern; under `*` of any rule, under `` any post."""


class Draft:
    """A decision in the making: the state so far and everything to be written with it.

    `moment` is when its alerts are sent, if not at the state's time: when a timer was due; `gone`
    are the parts that posts have no more in an incident (incident, source, id, exercise).
    """

    def __init__(self, state: State, book: Book) -> None:
        self.state = state
        self.book = book
        self.moment: datetime | None = None
        self.clues: dict[ClueKey, Clue | None] = {}
        self.counts: dict[tuple[str, str, int], int] = {}
        self.incidents: dict[str, Incident] = {}
        self.moved: set[str] = set()
        self.supports: dict[tuple[str, str, str], Support] = {}
        self.alerts: list[Alert] = []
        self.topics: dict[str, tuple[str, ...]] = {}
        self.results: list[tuple[Outcome, str]] = []
        self.gone: list[tuple[str, str, str, bool]] = []
        self._read: tuple[Post, Gist] | None = None

    def read(self, event: Event) -> Gist:
        """What an event's post says: read once, however much it is about."""
        if self._read is None or self._read[0] is not event.post:
            self._read = event.post, read(self.state.repeats, event)
        return self._read[1]

    def keep(self, incident: Incident, support: Support) -> None:
        """Take an incident's and a support's newest form, without an alert."""
        self.touch(incident)
        self.note(support)

    def touch(self, incident: Incident) -> None:
        """Take an incident's newest form; no post of it has changed."""
        before = self.state.incidents.get(incident.id)
        if before is not None and before.place != incident.place:
            self.moved.add(incident.id)
        self.state = put_incident(self.state, incident, before)
        rest = self._resting(incident.id)
        if rest is not None:
            tale = at_rest(self.state.told, incident, rest.members)
            self.state = msgspec.structs.replace(self.state, told=tale)
        self.incidents[incident.id] = incident
        self.topics[incident.id] = incident.topics

    def prolong(self, incident: Incident) -> None:
        """Take the newest form of an open incident that only goes on: it ends later, if at all."""
        state = self.state
        incidents = state.incidents.insert(incident.id, incident)
        self.state = msgspec.structs.replace(state, incidents=incidents)
        self.incidents[incident.id] = incident
        self.topics[incident.id] = incident.topics

    def _resting(self, incident: str) -> Rest | None:
        resting = self.state.told.resting
        return resting.get(incident) if resting else None

    def note(self, support: Support) -> None:
        """Take a support's newest form; its incident has been taken before."""
        self.state = known_as(self.state, self.topics[support.incident], support)
        self.state = put_support(self.state, support)
        rest = self._resting(support.incident)
        if rest is not None:
            members = rest.members.insert((support.source, support.id), support)
            tale = at_rest(self.state.told, rest.incident, members)
            self.state = msgspec.structs.replace(self.state, told=tale)
        self.supports[(support.incident, support.source, support.id)] = support

    def alert(
        self,
        incident: Incident,
        support: Support,
        kind: AlertKind,
        reason: str,
        posts: tuple[AlertPost, ...],
    ) -> None:
        """Take them with an alert: the incident's next."""
        incident = msgspec.structs.replace(incident, ordinal=incident.ordinal + 1)
        self.keep(incident, support)
        sent_at = self.moment or self.state.now
        self.alerts.append(alert_of(incident, kind, reason, posts, sent_at))

    def announce(
        self, incident: Incident, kind: AlertKind, reason: str, posts: tuple[AlertPost, ...] = ()
    ) -> None:
        """Take an incident with an alert that no post has caused: its next."""
        incident = msgspec.structs.replace(incident, ordinal=incident.ordinal + 1)
        self.touch(incident)
        self.alerts.append(alert_of(incident, kind, reason, posts, self.moment or self.state.now))

    def remember(self, clue: Clue, file: str, before: Clue | None) -> None:
        """Take a clue's newest form, in its group's file; what it pushes out is forgotten.

        `before` is the same clue as it is remembered.
        """
        clues, gone = put_clue(self.state.clues, file, clue, before)
        self.state = msgspec.structs.replace(self.state, clues=clues)
        self.clues[file, clue.source, clue.id, clue.rule, clue.value] = clue
        for one in gone:
            self.clues[one.key] = None

    def forget(self, clue: Clue, file: str) -> None:
        """Take a clue out of its group's file, whatever its newest form."""
        there = known(self.state.clues, clue)
        if there is not None:
            self.drop(there, file)
        else:
            self.clues[file, clue.source, clue.id, clue.rule, clue.value] = None

    def drop(self, clue: Clue, file: str) -> None:
        """Take a clue out of its group's file, as it is remembered (the same object)."""
        clues = without_clues(self.state.clues, file, (clue,))
        self.state = msgspec.structs.replace(self.state, clues=clues)
        self.clues[file, clue.source, clue.id, clue.rule, clue.value] = None

    def miss(self, event: Event, hit: Hit, support: Support) -> None:
        """Take a late hit that would have opened an incident."""
        platform, state = platform_of(support.source), self.state
        missed = missing(state.missed.get(platform), state.heard[platform], event, hit, support)
        self.state = msgspec.structs.replace(state, missed=state.missed.insert(platform, missed))

    def result(self, outcome: Outcome, why: str, rule: str) -> None:
        """Note what became of the post under one rule."""
        self.results.append((outcome, f"{rule}: {why}"))


def incident_id(topic: str, place: str | None, post: PostName) -> str:
    """The id of an incident: hash(story or rule, place, exercise, opening post), 16 hex digits.

    An edit that opens an incident counts as a post of its own: the post may have opened one before
    that has closed and expired since.
    """
    realm = "exercise" if post.exercise else "real"
    opening = post.id if post.version == 1 else f"{post.id}@{post.version}"
    content = "\n".join((topic, place or "", realm, post.source, opening))
    return hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()[:16]


def alert_of(
    incident: Incident,
    kind: AlertKind,
    reason: str,
    posts: tuple[AlertPost, ...],
    sent_at: datetime | None,
) -> Alert:
    """An event of an incident, in the state it leaves it in."""
    families, affiliations, roles = _speakers(incident)
    return Alert(
        id=alert_id(incident.id, incident.ordinal),
        kind=kind,
        reason=reason,
        exercise=incident.exercise,
        sent_at=sent_at,
        incident=AlertIncident(
            id=incident.id,
            title=incident.title,
            rule=incident.rule,
            event=incident.event,
            level=incident.level,
            status=incident.status,
            opened_at=incident.opened_at,
            updated_at=incident.updated_at,
            place=_alert_place(incident.place),
            families=families,
            affiliations=affiliations,
            posts=incident.posts,
            numbers=ranges(incident.claims),
            echoes=incident.echoes,
            roles=roles,
            denied_by=_deniers(incident),
            part_of=incident.part_of,
        ),
        posts=posts,
    )


def _speakers(incident: Incident) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    """How many publishers speak, which sides, and in which known roles, sorted."""
    families, affiliations, roles = set(), set(), set()
    for voice in incident.voices:
        if voice.posts:
            families.add(voice.family)
            affiliations.add(voice.affiliation)
            roles.add(voice.role)
    roles.discard(UNKNOWN)
    return len(families), tuple(sorted(affiliations)), tuple(sorted(roles))


def _deniers(incident: Incident) -> tuple[str, ...]:
    """Role and affiliation of who denies it, sorted."""
    if not incident.denials:
        return ()
    return tuple(sorted({f"{one.role} {one.affiliation}" for one in incident.denials if one.posts}))


def alert_post(post: Post, found: tuple[Found, ...], support: Support) -> AlertPost:
    """A post as alerts show it: at most 4 kB of text, the spans that lie within it."""
    text = cut_text(post.text)
    return AlertPost(
        source=post.source,
        id=post.id,
        url=post.url,
        published_at=post.published_at,
        text=text,
        spans=tuple([one for one in spans(found) if one[1] <= len(text)]),
        role=support.role,
        affiliation=support.affiliation,
        family=support.family,
        late=support.late,
        echo_of=support.echo_of,
    )


def shown(event: Event, hits: Sequence[Hit], support: Support) -> AlertPost:
    """An event's post as alerts show it, with all that its hits found."""
    found = hits[0].found if len(hits) == 1 else tuple([one for hit in hits for one in hit.found])
    return alert_post(event.post, found, support)


def _alert_place(place: Place | None) -> AlertPlace | None:
    if place is None:
        return None
    return AlertPlace(
        id=place.id,
        name=place.name,
        country=place.country,
        admin1=place.admin1,
        lat=place.lat,
        lon=place.lon,
        precision_km=place.precision_km,
    )
