"""Who speaks: a watched channel or feed, and what every collector of posts promises.

A collector (monitor/sources/) hands over arrivals; an arrival's posts and the cursor that says
"read up to here" are stored in one transaction, so a cursor never runs ahead of what is stored.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import Literal, Protocol

import msgspec

from monitor.post import Received

Via = Literal["account", "preview", "feed", "recording", "webhook"]

UNKNOWN = "unknown"


class SourceInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the sources file: a publisher and how it is read.

    `id` is `platform:name`. `role` and `affiliation` are SCENARIO's words, `unknown` if unset;
    `family` names publishers with one owner or newsroom, unset means the source itself; `home` is
    the ISO 3166-2 region it speaks from; `rules` limits it to those rule ids (empty = all).
    `account` names the Telegram account that reads it if it can, `join` says whether accounts join
    it (None = as the account does).
    """

    id: str
    name: str = ""
    via: tuple[Via, ...] = ("preview",)
    role: str = UNKNOWN
    affiliation: str = UNKNOWN
    family: str = ""
    home: str | None = None
    language: str | None = None
    rules: tuple[str, ...] = ()
    url: str | None = None
    account: str = ""
    join: bool | None = None

    @property
    def publisher(self) -> str:
        """The family that counts as one voice."""
        return self.family or self.id


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """What a collector hands over at once: posts in order, and where to read on from.

    `cursors` maps a cursor's name (`<collector>/<source id>`) to its new opaque value.
    """

    posts: tuple[Received, ...] = ()
    cursors: Mapping[str, str] = msgspec.field(default_factory=dict)


class Intake(Protocol):
    """The collectors' door to the store."""

    async def deliver(self, arrival: Arrival) -> None:
        """Hand over an arrival; returns when it is committed. Never drops: it waits instead.

        Raises:
            Exception: the commit failed; nothing of the arrival is stored, hand it over again.
        """

    def cursor(self, name: str) -> str | None:
        """The last committed value of a cursor, None if there is none yet."""


SourceState = Literal[
    "starting", "ok", "preview_off", "not_found", "throttled", "broken_markup",
    "unreachable", "handed_over", "finished", "failed", "silent",
]  # fmt: skip


class SourceHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How one source is doing; shown by `monitor status` and published retained on the bus.

    Times are ISO 8601 UTC. `hint` tells a person what to do about a state that is not ok.
    `push_delay` is how many seconds after its publication the newest pushed post was stored.
    `found_by_listing` counts posts that should have been pushed and were found by comparing with
    the server, `missed_by_push` those that the web preview showed first, since the start. `silent`
    is a source that is read well and posts far less than its habit (habit.py). `reach` says how an
    account's channel is read: pushed (it is a member), polled, or short_polled (polled often);
    `join` what became of joining it: waiting, requested, refused, or empty. Every id up to
    `newest_id` is accounted for but `uncovered` of them, from `oldest_uncovered` on.
    """

    source: str
    state: SourceState
    via: str = ""
    since: str = ""
    last_read: str | None = None
    last_post: str | None = None
    next_read: str | None = None
    hint: str = ""
    posts: int = 0
    push_delay: float | None = None
    found_by_listing: int = 0
    missed_by_push: int = 0
    reach: str = ""
    join: str = ""
    newest_id: int | None = None
    oldest_uncovered: int | None = None
    uncovered: int = 0


def newest_of(posts: Iterable[Received], before: str | None) -> str | None:
    """When the newest of these posts, or the one before them, was published (ISO 8601 UTC)."""
    new = [one.post.published_at for one in posts if one.post.kind == "new"]
    times = [at.astimezone(UTC).isoformat() for at in new]
    return max([*times, before or ""]) or None


class HealthBoard(Protocol):
    """Where collectors say how they are; implemented in monitor/health.py."""

    def source(self, health: SourceHealth) -> None:
        """Replace what is known of one source. Cheap; call it on every change."""
