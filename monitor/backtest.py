"""What other rules would have done with the stored posts, compared with the running ones.

Both sets run the same posts through the whole pipeline, in virtual time and throw-away stores, so
that windows, echoes, lateness and corrections count as they do live. Compared is what rings: a new
incident, an escalation, a retraction.
"""

import contextlib
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from monitor.alert import Alert
from monitor.correlation.windows import Memory
from monitor.matching.evaluate import Matcher
from monitor.pipeline import Pipeline
from monitor.post import Received
from monitor.source import Arrival
from monitor.store.archive import Stored
from monitor.store.database import Database

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
    """The whole comparison: in all, by day (UTC) and by rule; the new and lost alerts in order."""

    posts: int
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


def rerun(
    matchers: Sequence[Matcher],
    posts: Iterable[Stored],
    since: datetime,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[int, list[Rings]]:
    """What rang from `since` on with each matcher, and the number of posts from then on.

    Posts from before only fill the windows. `progress` is told how many posts are done.
    """
    counted = done = 0
    with contextlib.ExitStack() as stack:
        runs = [_Run(matcher, stack) for matcher in matchers]
        batch: list[Received] = []
        for stored in posts:
            if stored.post is None:
                continue
            done += 1
            counted += stored.observed_at >= since
            batch.append(
                Received(post=stored.post, history=stored.history, exercise=stored.name.exercise)
            )
            if len(batch) >= BATCH:
                for run in runs:
                    run.take(batch, since)
                progress(done)
                batch = []
        for run in runs:
            run.take(batch, since)
        progress(done)
    return counted, [run.rings for run in runs]


class _Run:
    """One set of rules with a store and memory of its own."""

    def __init__(self, matcher: Matcher, stack: contextlib.ExitStack) -> None:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="monitor-backtest-"))
        self._db = stack.enter_context(contextlib.closing(Database.open(Path(folder), ballast=0)))
        self._pipeline = Pipeline(matcher, Memory(), virtual=True)
        self.rings: dict[Ring, Alert] = {}

    def take(self, batch: Sequence[Received], since: datetime) -> None:
        """Judge a batch; keep what rings."""
        if not batch:
            return
        now = max(one.post.observed_at or one.post.published_at for one in batch)
        for alert in self._pipeline.process(self._db, [Arrival(posts=tuple(batch))], now):
            if alert.rings and alert.incident.updated_at >= since:
                self.rings.setdefault(ring(alert), alert)


def compare(posts: int, running: Rings, changed: Rings) -> Comparison:
    """Put two runs side by side."""
    days = _differences(
        running, changed, lambda _, alert: alert.incident.updated_at.date().isoformat()
    )
    rules = _differences(running, changed, lambda key, _: key.rule)
    return Comparison(
        posts=posts,
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
