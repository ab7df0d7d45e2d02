"""READ FIRST: one post's whole journey, from what a source received to the alerts in the outbox.

    sources -> Received -> admit (new? which version?) -> evaluate (which rules hold, and why)
            -> decide (which incident, which alert) -> commit (all of it, or none) -> sinks

A batch is what has queued. It is judged in memory and then written in one transaction: the posts,
the sources' cursors, the incidents, the supports and the outbox. Nothing is visible outside before
the commit; if it fails, `memory` is still the old one and the sources hand the batch over again.
Every version ends in exactly one outcome, with its reason.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from monitor.action import Action
from monitor.alert import Alert
from monitor.batch import Batch, with_baselines
from monitor.correlation.decide import Decision, Event
from monitor.correlation.windows import Memory, State
from monitor.hit import Hit
from monitor.incident import Incident, Support
from monitor.matching.evaluate import Matcher, evaluate
from monitor.post import Post, PostName, Received
from monitor.source import Arrival
from monitor.store.commit import Judged, Work, commit
from monitor.store.content import Sound, sound
from monitor.store.database import Database
from monitor.store.incidents import recall
from monitor.store.posts import Admitted, admit_sound
from monitor.text.caps import capped

NO_CURSORS: Mapping[str, str] = MappingProxyType({})
LONG = 8192
"""Characters of a text that is not looked at before its turn."""


class Ahead(NamedTuple):
    """What was seen in a post before its turn, and by which rules."""

    matcher: Matcher
    post: Post
    hits: tuple[Hit, ...]


class Pipeline:
    """Takes posts all the way, a batch at a time, in the thread that owns the database.

    `virtual` is for replays: the time of a decision is the post's own, not the clock's.
    """

    def __init__(self, matcher: Matcher, memory: Memory, *, virtual: bool = False) -> None:
        self.matcher = matcher
        self.memory = memory
        self.virtual = virtual
        self._ahead: dict[PostName, Ahead] = {}

    def put_in_force(self, db: Database, matcher: Matcher) -> None:
        """Judge by another rulebook from the next batch on.

        Raises:
            StateError: what its watches count by cannot be read; the old one stays.
        """
        self.memory = with_baselines(db, self.memory, matcher.rulebook)
        self.matcher = matcher

    def process(
        self,
        db: Database,
        arrivals: Sequence[Arrival],
        now: datetime,
        *,
        suspects: Collection[Received] = (),
    ) -> tuple[Alert, ...]:
        """Judge and store a batch; returns its alerts. `suspects` are stored without judging.

        Raises:
            StateError: nothing was stored; hand the batch over again.
        """
        arrived = [one for arrival in arrivals for one in arrival.posts]
        posts = [sound(_capped(one), now) for one in arrived]
        if suspects:  # as they arrived: nothing has been cut or filled in there
            pairs = zip(arrived, posts, strict=True)
            posts = [_suspected(one) if came in suspects else one for came, one in pairs]
        cursors: dict[str, str] = {}
        for arrival in arrivals:
            cursors.update(arrival.cursors)
        return self.settle(db, posts, now, cursors=cursors)

    def settle(
        self,
        db: Database,
        posts: Sequence[Sound],
        now: datetime,
        *,
        cursors: Mapping[str, str] = NO_CURSORS,
    ) -> tuple[Alert, ...]:
        """As `process`, for posts that are sound and within bounds."""
        batch = Batch(self.memory, db)
        if not self.virtual:
            batch.tick(now, self.matcher.rulebook, exercise=False)
        admitted = admit_sound(db, posts, now)
        ahead = self._taken_ahead([one.received for one in posts])
        found = [self._found(one, ahead.get(one.name)) for one in admitted]
        for one, hits in zip(admitted, found, strict=True):
            batch.note(self._judge(db, batch, one, hits))
        alerts = commit(db, self._work(batch, cursors), now)
        self.memory = batch.memory
        return alerts

    def may_ring(self, received: Received) -> bool:
        """Whether somebody may be waiting for what becomes of a post; asks no store.

        Never of history; always of an edit or a deletion, which may correct, and of a long text,
        which would hold up the others. What was seen is kept for the post's turn.
        """
        post = received.post
        if received.history:
            return False
        if post.kind != "new" or len(post.text) > LONG:
            return True
        name, matcher, post = _first(received), self.matcher, _capped(received).post
        try:
            hits = evaluate(matcher, post, name)
        except Exception:  # noqa: BLE001 - whatever it is, judging it will tell
            return True
        self._ahead[name] = Ahead(matcher, post, hits)
        return bool(hits)

    def _taken_ahead(self, received: Sequence[Received]) -> Mapping[PostName, Ahead]:
        """What was seen of these posts before their turn; it is not kept any longer."""
        if not self._ahead:
            return {}
        taken = ((name, self._ahead.pop(name, None)) for name in map(_first, received))
        return {name: seen for name, seen in taken if seen is not None}

    def change(
        self,
        db: Database,
        now: datetime,
        decided: Callable[[State], tuple[State, Decision]],
        action: Action,
        *,
        exercise: bool,
    ) -> tuple[Alert, ...]:
        """Store what a person has decided about incidents, with who did it; returns the alerts.

        Raises:
            StateError: nothing was stored.
        """
        batch = Batch(self.memory, db)
        if not self.virtual:
            batch.tick(now, self.matcher.rulebook, exercise=False)
        batch.change(decided, exercise=exercise)
        work = msgspec.structs.replace(self._work(batch, {}), actions=(action,))
        alerts = commit(db, work, now)
        self.memory = batch.memory
        return alerts

    def _found(self, admitted: Admitted, ahead: Ahead | None) -> tuple[Hit, ...] | str:
        """Which rules hold; or, in words, why the version cannot be judged.

        What was seen when the post came counts, if it and the rules are still the same.

        Asked of a whole batch before anything is decided: deciding would push what all posts are
        compared with out of the processor's cache.
        """
        if admitted.problem:
            return admitted.problem
        post = admitted.received.post
        if admitted.quiet or post.kind == "delete":
            return ()
        if ahead is not None and ahead.matcher is self.matcher and _but_times(ahead.post, post):
            return ahead.hits
        try:
            return evaluate(self.matcher, post, admitted.name)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other posts go on
            return _told(error)

    def _judge(
        self, db: Database, batch: Batch, admitted: Admitted, hits: tuple[Hit, ...] | str
    ) -> Judged:
        """One version's outcome. What goes wrong with one post harms only that post."""
        if isinstance(hits, str):
            return Judged(admitted=admitted, outcome="quarantined", reason=hits)
        try:
            book = self.matcher.rulebook
            decision = None if hits else batch.passes(admitted, book)
            if decision is None:
                batch.tick(_seen_at(admitted), book, exercise=admitted.name.exercise)
                event = self._event(db, batch, admitted, hits)
                decision = batch.decide(event, book)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other posts go on
            return Judged(admitted=admitted, outcome="quarantined", reason=_told(error))
        return Judged(
            admitted=admitted, outcome=decision.outcome, reason=decision.reason, hits=hits
        )

    def _event(
        self, db: Database, batch: Batch, admitted: Admitted, hits: tuple[Hit, ...]
    ) -> Event:
        post = admitted.received.post
        recalled: tuple[tuple[Support, Incident], ...] = ()
        if admitted.previous is not None:
            stored = recall(db, post.source, post.id, admitted.name.exercise)
            recalled = batch.newest(admitted.name, stored)
        return Event(
            post=post,
            name=admitted.name,
            event_at=admitted.event_at,
            hits=hits,
            previous=admitted.previous,
            recalled=recalled,
            history=admitted.received.history,
            gist=admitted.gist,
        )

    def _work(self, batch: Batch, cursors: Mapping[str, str]) -> Work:
        alerts = batch.alerts
        if not self.virtual:  # live, an alert is sent when it is committed
            alerts = [msgspec.structs.replace(alert, sent_at=None) for alert in alerts]
        return Work(
            judged=tuple(batch.judged),
            cursors=cursors,
            incidents=tuple(batch.incidents.values()),
            supports=batch.supports,
            alerts=tuple(alerts),
            rulebook=self.matcher.rulebook.hash,
            facts=batch.facts,
            clues=batch.clues,
            clue_floors=batch.clue_floors,
            counts=batch.counts,
            gone=tuple(batch.gone),
        )


def _first(received: Received) -> PostName:
    return PostName(received.post.source, received.post.id, 1, received.exercise)


def _capped(received: Received) -> Received:
    text, changed = capped(received.post.text)
    if not changed:
        return received
    post = msgspec.structs.replace(received.post, text=text)
    return msgspec.structs.replace(received, post=post, truncated=True)


def _suspected(one: Sound) -> Sound:
    problem = one.problem or "it broke the batch it came in"
    return msgspec.structs.replace(one, problem=problem)


def _but_times(one: Post, other: Post) -> bool:
    """Whether two posts differ in nothing but times, which the store trims and no rule reads."""
    published, edited, observed = other.published_at, other.edited_at, other.observed_at
    return other == msgspec.structs.replace(
        one, published_at=published, edited_at=edited, observed_at=observed
    )


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _seen_at(admitted: Admitted) -> datetime:
    return admitted.received.post.observed_at or admitted.event_at
