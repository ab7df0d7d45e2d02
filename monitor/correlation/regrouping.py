"""Incidents put together or taken apart by a person, who answers for it.

What joins later follows: a merged incident is also found under the topic and place of the other, a
split one under its own, and of two at one place a publisher's next post joins the one that it has
spoken in.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec

from monitor.alert import MAX_POSTS, AlertPost
from monitor.correlation.changes import Book, Draft
from monitor.correlation.claiming import reclaimed
from monitor.correlation.clues import of_post
from monitor.correlation.event import Decision
from monitor.correlation.repeats import without
from monitor.correlation.status import heard, is_higher, judged, transition
from monitor.correlation.told import PostKey, untold
from monitor.correlation.windows import State, members_of
from monitor.form import wrong
from monitor.incident import Also, Incident, Support
from monitor.place import Place
from monitor.rule import Level


class About(NamedTuple):
    """What a post's hit says that it is about, as stored with it."""

    rule: str
    title: str
    level: Level
    event: str
    topic: str
    place: Place | None


class Wish(NamedTuple):
    """Who wants it, why, and when."""

    by: str
    why: str
    at: datetime

    @property
    def text(self) -> str:
        """In words, for the alert."""
        return f"by {self.by}" + (f": {self.why}" if self.why else "")


def merge(state: State, book: Book, into: str, other: str, wish: Wish) -> tuple[State, Decision]:
    """Put everything of an open incident into another one; the first stays, the second closes.

    Raises:
        PydanticCustomError: that cannot be, with a hint.
    """
    kept, gone = _open(state, into), _open(state, other)
    if into == other:
        raise wrong("an incident cannot be merged with itself", "name two incidents")
    draft = Draft(state, book)
    draft.moment = wish.at
    moved = tuple(members_of(state, other).values())
    for support in moved:
        leave(draft, gone, support)
    own = members_of(state, into)
    fresh = [
        msgspec.structs.replace(one, incident=into)
        for one in moved
        if (one.source, one.id) not in own
    ]
    beside = (Also(gone.topic, gone.place), *gone.also)
    grown = msgspec.structs.replace(
        kept,
        also=tuple(dict.fromkeys((*kept.also, *beside))),
        level=gone.level if is_higher(gone.level, kept.level) else kept.level,
        place=kept.place or gone.place,
        opened_at=min(kept.opened_at, gone.opened_at),
        updated_at=max(kept.updated_at, wish.at),
        deadline=max(kept.deadline, gone.deadline),
    )
    grown = _recounted(grown, [*own.values(), *fresh], book)
    ended = msgspec.structs.replace(gone, open=False, updated_at=wish.at)
    draft.announce(ended, "closed", f"merged into {into} {wish.text}")
    step = transition(kept, grown)
    reason = f"merged with {other} ({gone.title}) {wish.text}" + (f"; {step}" if step else "")
    draft.announce(grown, "updated", reason)
    for support in fresh:
        draft.note(support)
        follow_clues(draft, support, other)
    draft.state = _by_hand(draft.state, (*moved, *own.values()))
    return draft.state, _decision(draft, gone, moved)


def split(
    state: State, book: Book, name: str, posts: Mapping[PostKey, About], wish: Wish
) -> tuple[State, Decision]:
    """Take posts out of an open incident into one of their own.

    Raises:
        PydanticCustomError: that cannot be, with a hint.
    """
    before = _open(state, name)
    members = members_of(state, name)
    for source, post in posts:
        if (source, post) not in members:
            hint = f"monitor explain {name} lists its posts"
            raise wrong(f"{source}/{post} is not in that incident", hint)
    left = [one for key, one in members.items() if key not in posts]
    if not posts or not any(one.counts for one in left):
        raise wrong("nothing would be left on one side", "name some of its posts, not all")
    draft = Draft(state, book)
    draft.moment = wish.at
    moved = sorted((members[key] for key in posts), key=lambda one: one.published_at)
    for support in moved:
        leave(draft, before, support)
    new = _parted(before, moved, posts[moved[0].source, moved[0].id])
    fresh = [msgspec.structs.replace(one, incident=new.id) for one in moved]
    new = _recounted(new, fresh, book)
    kept = msgspec.structs.replace(
        before,
        also=tuple(one for one in before.also if one != Also(new.topic, new.place)),
        updated_at=max(before.updated_at, wish.at),
    )
    kept = _recounted(kept, left, book)
    count = "1 post" if len(moved) == 1 else f"{len(moved)} posts"
    step = transition(before, kept)
    reason = f"{count} split off into {new.id} {wish.text}" + (f"; {step}" if step else "")
    draft.announce(kept, "updated", reason)
    shown = tuple(_shown(one) for one in fresh[:MAX_POSTS])
    draft.announce(new, "opened", f"split off from {name} {wish.text}", shown)
    for support in fresh:
        draft.note(support)
        follow_clues(draft, support, name)
    draft.state = _by_hand(draft.state, members.values())
    return draft.state, _decision(draft, before, moved)


def _by_hand(state: State, supports: Iterable[Support]) -> State:
    """What a person has put in its place is not told again."""
    tale = untold(state.told, ((one.source, one.id) for one in supports))
    return msgspec.structs.replace(state, told=tale)


def _open(state: State, name: str) -> Incident:
    incident = state.incidents.get(name)
    if incident is None:
        raise wrong(f"no incident {name} is open", "monitor incidents lists those that are")
    if incident.group:
        hint = "regroup the incidents that it is made of"
        raise wrong(f"{name} is a correlation's: it follows its posts", hint)
    return incident


def _parted(before: Incident, moved: list[Support], about: About) -> Incident:
    names = "\n".join(sorted(f"{one.source}/{one.id}" for one in moved))
    content = f"split\n{before.id}\n{before.ordinal}\n{names}"
    return msgspec.structs.replace(
        before,
        id=hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()[:16],
        topic=about.topic,
        rule=about.rule,
        title=about.title,
        event=about.event,
        level=about.level,
        place=about.place,
        opened_at=moved[0].published_at,
        also=(),
        ordinal=0,
    )


def _recounted(incident: Incident, supports: Iterable[Support], book: Book) -> Incident:
    """The incident with all its counts made anew from what backs it."""
    standing = [one for one in supports if not one.withdrawn and one.part != "closes"]
    incident = msgspec.structs.replace(
        incident,
        voices=(),
        denials=(),
        posts=len(standing),
        echoes=sum(bool(one.echo_of) for one in standing),
    )
    for support in standing:
        incident = heard(incident, support, 1)
    return judged(book.ladder, reclaimed(incident, standing))


def leave(draft: Draft, incident: Incident, support: Support) -> None:
    """A post leaves an incident: copies are no longer known from its part there."""
    repeats = draft.state.repeats
    for topic in incident.topics:
        repeats = without(repeats, topic, support)
    key = (support.source, support.id)
    held = draft.state.members
    if incident.id in draft.state.incidents:
        held = held.insert(incident.id, members_of(draft.state, incident.id).discard(key))
    backs = tuple(one for one in draft.state.by_post.get(key, ()) if one != incident.id)
    by_post = draft.state.by_post
    draft.state = msgspec.structs.replace(
        draft.state,
        repeats=repeats,
        members=held,
        by_post=by_post.insert(key, backs) if backs else by_post.discard(key),
    )


def follow_clues(draft: Draft, support: Support, before: str) -> None:
    """What correlations remember of the post belongs to its new incident."""
    for clue in of_post(draft.state.clues, support.source, support.id):
        if clue.incident == before:
            moved = msgspec.structs.replace(clue, incident=support.incident)
            draft.remember(moved, clue.file, clue)


def _shown(one: Support) -> AlertPost:
    return AlertPost(
        source=one.source, id=one.id, url=None, published_at=one.published_at, text="", spans=(),
        role=one.role, affiliation=one.affiliation, family=one.family, late=one.late,
        echo_of=one.echo_of,
    )  # fmt: skip


def _decision(draft: Draft, left: Incident, moved: Iterable[Support]) -> Decision:
    return Decision(
        outcome="joined",
        reason="regrouped by hand",
        incidents=tuple(draft.incidents.values()),
        supports=tuple(draft.supports.values()),
        alerts=tuple(draft.alerts),
        clues=draft.clues,
        gone=tuple((left.id, one.source, one.id, one.exercise) for one in moved),
    )
