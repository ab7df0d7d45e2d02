"""What happens to correlation, and what it answers: an event and the decision that follows."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from monitor.alert import Alert
from monitor.hit import Hit
from monitor.incident import Gist, Incident, Outcome, Support
from monitor.post import Post, PostName
from monitor.watch import Clue, ClueKey


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One stored post version and what matching said of it.

    `previous` is the version before; `recalled` what the post supports in incidents that are no
    longer open (for edits and deletions); `history` says that it was found on a first read; `gist`
    is what was read of the post before, with the footers that were known then.
    """

    post: Post
    name: PostName
    event_at: datetime
    hits: tuple[Hit, ...]
    previous: Post | None = None
    recalled: tuple[tuple[Support, Incident], ...] = ()
    history: bool = False
    gist: Gist | None = None


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What follows: the post's outcome and why, and everything that must be written with it.

    Of clues it has the newest form, None for those that are forgotten; `counts` are the hits that
    count, by rule, place (its id) and hour; `gone` the supports (incident, source, id, exercise)
    that are no longer.
    """

    outcome: Outcome
    reason: str
    incidents: tuple[Incident, ...] = ()
    supports: tuple[Support, ...] = ()
    alerts: tuple[Alert, ...] = ()
    clues: Mapping[ClueKey, Clue | None] = msgspec.field(default_factory=dict)
    counts: Mapping[tuple[str, str, int], int] = msgspec.field(default_factory=dict)
    gone: tuple[tuple[str, str, str, bool], ...] = ()
