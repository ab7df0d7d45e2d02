"""Troubles of the monitor itself, told to its operators: once when one begins, once when it ends.

What is open is stored in the transaction of its alert, so that a restart tells nothing twice. The
alerts (events `monitor/account` and `monitor/source`) go the way of every alert: bus and receivers.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

import msgspec
import structlog

from monitor.alert import Alert, AlertKind
from monitor.clock import Clock
from monitor.notices import about_itself
from monitor.store.commit import Work, commit
from monitor.store.database import Database
from monitor.store.incidents import facts
from monitor.store.writer import Writer
from monitor.trouble import Trouble

log = structlog.get_logger(__name__)

LOOK_EVERY = 1.0
PREFIX = "trouble/"


class States(Protocol):
    """Who knows how accounts and sources are (collecting.py)."""

    def troubles(self) -> Mapping[str, Trouble | None]:
        """The key of everything that can be judged now, with its trouble or None."""

    def is_listed(self, key: str) -> bool:
        """Whether a key is about something that still is in the configuration."""


class Troubles:
    """Compares what is known with what was told.

    `committed` is given the sequence of what was put into the outbox.
    """

    def __init__(
        self, writer: Writer, clock: Clock, states: States, committed: Callable[[int], None]
    ) -> None:
        self._writer = writer
        self._clock = clock
        self._states = states
        self._committed = committed
        self._open = open_troubles(writer.database)

    def open(self) -> tuple[Trouble, ...]:
        """The troubles that were told and have not ended, by key."""
        return tuple(self._open[key] for key in sorted(self._open))

    async def run(self) -> None:
        """Look every second until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK_EVERY)

    async def look(self) -> None:
        """Tell what has begun or ended since the last look."""
        now = self._states.troubles()
        for key, trouble in now.items():
            before = self._open.get(key)
            if before is not None and (trouble is None or trouble.title != before.title):
                await self._tell(before, "closed", "it is over" if trouble is None else "changed")
            if trouble is not None and key not in self._open:
                await self._tell(trouble, "opened", trouble.reason)
        for key in [one for one in self._open if not self._states.is_listed(one)]:
            await self._tell(self._open[key], "closed", "it is no longer in the configuration")

    async def _tell(self, trouble: Trouble, kind: AlertKind, reason: str) -> None:
        opened = kind == "opened"
        alert = _alert(trouble, kind, reason, self._clock.now())
        value = msgspec.json.encode(trouble).decode() if opened else ""
        work = Work(alerts=(alert,), facts={PREFIX + trouble.key: value})
        stored = await self._writer.do(commit, work, self._clock.now())
        if opened:
            self._open[trouble.key] = trouble
        else:
            del self._open[trouble.key]
        log.warning(
            "trouble_began" if opened else "trouble_over",
            about=trouble.key,
            title=trouble.title,
            reason=reason,
        )
        if stored:
            self._committed(stored[-1].sequence)


def _alert(trouble: Trouble, kind: AlertKind, reason: str, now: datetime) -> Alert:
    """The alert that tells of a trouble; its id depends only on the trouble and the kind."""
    told = hashlib.sha256(f"{trouble.key}\n{trouble.since.isoformat()}".encode()).hexdigest()[:16]
    return about_itself(
        f"trouble-{told}", trouble.title, trouble.event, kind, reason, trouble.since, now,
        level=trouble.level, ordinal=1 if kind == "opened" else 2,
    )  # fmt: skip


def open_troubles(db: Database) -> dict[str, Trouble]:
    """The troubles that were told and have not ended, by key.

    Raises:
        DamagedError: a row is not what was written.
    """
    told = (value for name, value in facts(db).items() if name.startswith(PREFIX) and value)
    return {one.key: one for one in (msgspec.json.decode(value, type=Trouble) for value in told)}
