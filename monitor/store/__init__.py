"""What must survive: posts, cursors, incidents and the outbox, in one SQLite file.

    database = Database.open(folder)            the lock, the checks, the migrations
    admitted = admit(database, received, now)   which posts are new, as which versions
    alerts = commit(database, work, now)        all that follows from them, in one transaction

`Writer` runs these in the one thread that writes; `Outbox` is what the sinks see.
"""

from monitor.store.archive import (
    Stored,
    find,
    outcomes,
    payload,
    stored_after,
    stored_since,
    verify_chain,
    versions,
)
from monitor.store.archive import post as stored_post
from monitor.store.commit import STEPS, Judged, StoredHit, Work, commit
from monitor.store.database import Database
from monitor.store.incidents import cursors, facts, incident, open_incidents, recall, supports_of
from monitor.store.outbox import Delivery, Outbox, alerts_after, alerts_of, dead_letters
from monitor.store.posts import Admitted, admit
from monitor.store.retention import Expired, Retention, expire
from monitor.store.trouble import DamagedError, DiskFullError, StateError
from monitor.store.writer import Writer

__all__ = [
    "STEPS", "Admitted", "DamagedError", "Database", "Delivery", "DiskFullError", "Expired",
    "Judged", "Outbox", "Retention", "StateError", "Stored", "StoredHit", "Work", "Writer", "admit",
    "alerts_after", "alerts_of", "commit", "cursors", "dead_letters", "expire", "facts", "find",
    "incident", "open_incidents", "outcomes", "payload", "recall", "stored_after", "stored_post",
    "stored_since", "supports_of", "verify_chain", "versions",
]  # fmt: skip
