"""What other rules would have done with the stored posts, compared with the running ones.

Both sets judge and correlate the same posts, in virtual time and in memory, so that windows,
echoes, lateness and corrections count as they do live; which posts are new, and as which version,
the store has decided already. Compared is what rings: a new incident, an escalation, a retraction.
"""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple

import msgspec

from monitor.alert import Alert
from monitor.batch import Batch
from monitor.correlation.decide import Event
from monitor.correlation.windows import Memory
from monitor.hit import Hit
from monitor.incident import Incident, Support
from monitor.matching.evaluate import Matcher, evaluate
from monitor.post import Post, PostName, event_time
from monitor.store.archive import post as stored_post
from monitor.store.database import Database
from monitor.store.past import Told

BATCH = 500


class Ring(NamedTuple):
    """What makes two alerts of different runs the same: the rule, the post that caused it, how."""

    rule: str
    source: str
    post: str
    kind: str


Rings = Mapping[Ring, Alert]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """How often it rang with the running and with the changed rules; `new` and `lost` of those."""

    running: int = 0
    changed: int = 0
    new: int = 0
    lost: int = 0


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The whole comparison: in all, by day (UTC) and by rule; the new and lost alerts in order.

    `until` is how far it came if it was interrupted.
    """

    posts: int
    until: datetime | None
    total: Difference
    days: dict[str, Difference]
    rules: dict[str, Difference]
    new: tuple[Alert, ...]
    lost: tuple[Alert, ...]


def ring(alert: Alert) -> Ring:
    """An alert's identity across runs."""
    first = alert.posts[0] if alert.posts else None
    source, post = (first.source, first.id) if first else ("", alert.incident.id)
    return Ring(alert.incident.rule, source, post, alert.kind)


class Rerun(NamedTuple):
    """What rang with each set of rules; `posts` that were judged of those from `since` on.

    `until` is what the last post judged was observed at if somebody stopped it, else None.
    """

    posts: int
    rings: Sequence[Rings]
    until: datetime | None = None


def rerun(
    matchers: Sequence[Matcher],
    past: Iterable[Told],
    since: datetime,
    db: Database,
    progress: Callable[[int], object] = lambda _: None,
) -> Rerun:
    """What rang from `since` on with each matcher.

    Posts from before only fill the windows. `db` is where the posts come from: earlier versions and
    texts are looked up there. `progress` is told how many posts are done; true = stop here.
    """
    counted = done = 0
    runs = [_Run(matcher, db) for matcher in matchers]
    told = iter(past)
    until = None
    while batch := list(islice(told, BATCH)):
        for run in runs:
            run.take(batch, since)
        done += len(batch)
        counted += sum(observed(one.post) >= since for one in batch)
        if progress(done):
            until = max(observed(one.post) for one in batch)
            break
    return Rerun(counted, [run.rings for run in runs], until)


class _Run:
    """One set of rules with a memory of its own; what live is stored and read back is here, too."""

    def __init__(self, matcher: Matcher, db: Database) -> None:
        self._matcher = matcher
        self._db = db
        self._memory = Memory()
        self._incidents: dict[str, Incident] = {}
        self._supports: dict[tuple[str, str, bool], dict[str, Support]] = {}
        self.rings: dict[Ring, Alert] = {}

    def take(self, posts: Sequence[Told], since: datetime) -> None:
        """Judge a batch; keep what rings."""
        batch = Batch(self._memory, self._db)
        found = [self._found(told) for told in posts]  # all before the first: as live
        for told, hits in zip(posts, found, strict=True):
            # What fails would be quarantined live, the others go on.
            if hits is not None:
                with contextlib.suppress(Exception):
                    self._judge(batch, told, hits)
        self._memory = batch.memory
        self._incidents.update(batch.incidents)
        for support in batch.supports:
            post = (support.source, support.id, support.exercise)
            self._supports.setdefault(post, {})[support.incident] = support
        for alert in batch.alerts:
            if alert.rings and alert.incident.updated_at >= since:
                self.rings.setdefault(ring(alert), alert)

    def _found(self, told: Told) -> tuple[Hit, ...] | None:
        """Which rules hold; None if it cannot be judged."""
        if told.post.kind == "delete":
            return ()
        with contextlib.suppress(Exception):
            return evaluate(self._matcher, told.post, told.name)
        return None

    def _judge(self, batch: Batch, told: Told, hits: tuple[Hit, ...]) -> None:
        post, name, book = told.post, told.name, self._matcher.rulebook
        seen, new = observed(post), post.kind == "new" and name.version == 1
        if new and not hits and batch.lets_by(name, seen, book, history=told.history):
            return
        batch.tick(seen, book, exercise=name.exercise)
        previous, recalled = self._before(batch, name) if name.version > 1 else (None, ())
        event = Event(
            post=post, name=name, event_at=event_time(post), hits=hits, previous=previous,
            recalled=recalled, history=told.history,
        )  # fmt: skip
        batch.decide(event, book)

    def _before(
        self, batch: Batch, name: PostName
    ) -> tuple[Post | None, tuple[tuple[Support, Incident], ...]]:
        """The version before, and what the post supports in incidents that are over."""
        before = stored_post(self._db, msgspec.structs.replace(name, version=name.version - 1))
        supports = self._supports.get((name.source, name.id, name.exercise), {})
        backed = [(one, self._incidents[one.incident]) for one in supports.values()]
        return before.post if before else None, batch.newest(name, backed)


def observed(post: Post) -> datetime:
    """When it was seen; the store has filled it in."""
    return post.observed_at or event_time(post)


def compare(found: Rerun, running: Rings) -> Comparison:
    """Put what rang with the first, changed, rules beside what rang with the running ones."""
    changed = found.rings[0]
    days = _differences(
        running, changed, lambda _, alert: alert.incident.updated_at.date().isoformat()
    )
    rules = _differences(running, changed, lambda key, _: key.rule)
    return Comparison(
        posts=found.posts,
        until=found.until,
        total=_differences(running, changed, lambda *_: "").get("", Difference()),
        days=days,
        rules=rules,
        new=tuple(alert for key, alert in changed.items() if key not in running),
        lost=tuple(alert for key, alert in running.items() if key not in changed),
    )


def _differences(
    running: Rings, changed: Rings, group: Callable[[Ring, Alert], str]
) -> dict[str, Difference]:
    """Counts by what `group` says of each alert."""
    of_running = Counter(group(key, alert) for key, alert in running.items())
    of_changed = Counter(group(key, alert) for key, alert in changed.items())
    new = Counter(group(key, alert) for key, alert in changed.items() if key not in running)
    lost = Counter(group(key, alert) for key, alert in running.items() if key not in changed)
    return {
        name: Difference(
            running=of_running[name], changed=of_changed[name], new=new[name], lost=lost[name]
        )
        for name in sorted({*of_running, *of_changed})
    }
