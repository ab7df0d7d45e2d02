"""What the monitor has to say about itself: alerts of rule `monitor` that go the way of all alerts.

A notice has a topic (`rules`, `settings`): while something of it waits for a person, one incident
is open; it is updated when what is wrong changes, and closed when it is mended. The store remembers
it, so a restart closes what the last run left open.
"""

from collections.abc import Callable
from datetime import datetime

from monitor.alert import Alert, AlertIncident, AlertKind, alert_id
from monitor.clock import Clock
from monitor.rule import Level
from monitor.store.commit import Work, commit
from monitor.store.database import Database
from monitor.store.outbox import newest_of
from monitor.store.writer import Writer


def about_itself(  # noqa: PLR0913, PLR0917 - the parts of an alert that is about no post
    incident: str, title: str, event: str, kind: AlertKind, reason: str,
    opened_at: datetime, now: datetime, *, level: Level = "medium", ordinal: int = 1,
) -> Alert:  # fmt: skip
    """An alert about the monitor; its id depends only on the incident and the ordinal."""
    what = AlertIncident(
        id=incident, title=title, rule="monitor", event=event, level=level, status="unconfirmed",
        opened_at=opened_at, updated_at=now, place=None, families=0, affiliations=(), posts=0,
    )  # fmt: skip
    return Alert(
        id=alert_id(incident, ordinal), kind=kind, reason=reason, exercise=False, sent_at=now,
        incident=what, posts=(),
    )  # fmt: skip


class Notices:
    """Tells operators through the outbox; `committed` is told the sequence of what is put there."""

    def __init__(self, writer: Writer, clock: Clock, *, committed: Callable[[int], None]) -> None:
        self._writer = writer
        self._clock = clock
        self._committed = committed

    async def wrong(self, topic: str, title: str, reason: str) -> None:
        """Something of a topic waits for a person; the same words twice are told once."""

        def make(db: Database) -> tuple[Alert, ...]:
            before = _standing(db, topic)
            if before is not None and before.reason == reason:
                return ()
            return _put(db, _next(before, topic, title, reason, self._clock.now()))

        await self._tell(await self._writer.do(make))

    async def mended(self, topic: str, reason: str) -> None:
        """Nothing of a topic waits any more; nothing is told if nothing did."""

        def make(db: Database) -> tuple[Alert, ...]:
            before = _standing(db, topic)
            if before is None:
                return ()
            now = self._clock.now()
            return _put(db, _next(before, topic, before.incident.title, reason, now, "closed"))

        await self._tell(await self._writer.do(make))

    async def _tell(self, stored: tuple[Alert, ...]) -> None:
        if stored:
            self._committed(stored[-1].sequence)


def _standing(db: Database, topic: str) -> Alert | None:
    """The newest alert of a topic's incident, if that is still open."""
    alert = newest_of(db, f"{topic}-")
    return None if alert is None or alert.kind == "closed" else alert


def _next(
    before: Alert | None, topic: str, title: str, reason: str, now: datetime,
    kind: AlertKind = "updated",
) -> Alert:  # fmt: skip
    """The alert that follows; without one before it, the first of a new incident."""
    if before is None:
        identity = f"{topic}-{int(now.timestamp() * 1000)}"
        return about_itself(identity, title, f"monitor/{topic}", "opened", reason, now, now)
    what = before.incident
    return about_itself(
        what.id, title, what.event, kind, reason, what.opened_at, now,
        level=what.level, ordinal=before.sequence + 1,
    )  # fmt: skip


def _put(db: Database, alert: Alert) -> tuple[Alert, ...]:
    assert alert.sent_at is not None  # noqa: S101 - `about_itself` says when
    return commit(db, Work(alerts=(alert,)), alert.sent_at)
