"""Reminders: which open incidents a receiver is told of again because nobody acknowledged them.

What was called to mind when stands in one fact a receiver, stored with the reminder itself.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import msgspec

from monitor.alert import Alert
from monitor.store.database import Database
from monitor.store.deliveries import last_handled
from monitor.store.outbox import latest_of

Reminded = dict[str, datetime]
"""Incident -> when it was last called to mind."""


def remembered(note: str | None) -> Reminded:
    """The inverse of `noted`; nothing without a note."""
    return msgspec.json.decode(note, type=Reminded) if note else {}


def noted(reminded: Reminded) -> str:
    """As a fact keeps it."""
    return msgspec.json.encode(reminded).decode()


def due(
    db: Database,
    receiver: str,
    candidates: Sequence[tuple[Alert, timedelta]],
    reminded: Reminded,
    *,
    settled: Collection[str],
    now: datetime,
) -> list[Alert]:
    """The newest alerts of what is due.

    `candidates` are incidents that go on, each with its repeat interval, counted from the last that
    the receiver got, or waits for, or was reminded of. What somebody has settled is left out, and
    so is what has ended or expired, and what never came to this receiver.
    """
    found: list[Alert] = []
    for one, after in candidates:
        handled = last_handled(db, receiver, one.incident.id)
        if one.incident.id in settled or handled is None:
            continue
        newest = latest_of(db, one.incident.id)
        if newest is None or newest.sequence != one.sequence:
            continue
        if now - max(handled, reminded.get(one.incident.id, handled)) >= after:
            found.append(one)
    return found
