"""The watched channels and what is stored of each: posts and coverage, always together."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

import msgspec
import structlog

from monitor.clock import Clock
from monitor.post import Received
from monitor.source import Arrival, HealthBoard, Intake, SourceHealth, SourceInfo, SourceState
from monitor.sources.handover import hand_over
from monitor.sources.telegram.coverage import (
    Coverage,
    Span,
    Spans,
    added,
    gaps,
    size,
    unseen,
)
from monitor.sources.telegram.known import Known, Told, fresh, searched

log = structlog.get_logger(__name__)

REVIVED_AFTER = 86_400.0
REMEMBERED = 200


class AccountBoard(HealthBoard, Protocol):
    """Where an account says how it and its channels are (sharing.py)."""

    def well(self) -> None:
        """The account is connected and may list channels."""

    def unreachable(self, reason: str) -> None:
        """There is no connection; it is tried again."""

    def flooded(self, reason: str, until: datetime) -> None:
        """Telegram forbids for long what listing channels takes."""


class Peer(msgspec.Struct, frozen=True):
    """How one account addresses a channel; another account's hash is refused.

    `join` is what became of joining it, if that is not done: requested or refused.
    """

    number: int
    access_hash: int
    join: str = ""


class Watched:
    """One watched channel, as known in memory: what is stored, and how its reading goes."""

    def __init__(self, info: SourceInfo, peer: Peer | None, known: Known | None) -> None:
        self.info = info
        self.name = info.id.partition(":")[2]
        self.peer = peer
        self.known = known
        self.lost = False
        self.lost_at = 0.0  # monotonic seconds
        self.rests_until = 0.0  # monotonic seconds; see ailing.py
        self.failures = self.silences = 0
        self.joined: bool | None = None  # whether the account is a member, as last told
        self.pts = 0  # of the newest event, as last told by the server
        self.told = 0  # the newest id, as last told by the server together with that
        self.filled = 0  # the last id of the page that was listed last to fill a gap
        self.suspected: frozenset[int] = frozenset()
        self.unnumbered: set[int] = set()  # posts listed and not pushed: which events are theirs?
        self.as_of: dict[str, int] = {}  # of posts stored of late: the newest event they contain
        self.health = SourceHealth(source=info.id, state="starting", via="account")

    @property
    def met(self) -> bool:
        """Whether its history was looked at, by this or another account."""
        return self.known is not None and self.known.contacted

    def know(self, known: Known) -> None:
        """This is stored of it now; up to where it is settled every post's event is known."""
        if self.known is None or known.settled > self.known.settled:
            self.unnumbered = {one for one in self.unnumbered if one > known.settled}
        self.known = known

    def listed(self, stored: Iterable[Received]) -> None:
        """New posts were listed: their events are among those that nobody pushed."""
        settled = self.known.settled if self.known else 0
        numbers = {int(one.post.id) for one in stored if one.post.kind == "new"}
        self.unnumbered |= {one for one in numbers if one > settled}

    @property
    def newest(self) -> Told:
        """The newest event and id, as last told."""
        return self.pts, self.told

    @property
    def sought(self) -> Told:
        """The event up to which all are to be known next, and the newest id then."""
        search = self.known.search if self.known else None
        return (search.event, search.head) if search else self.newest

    @property
    def unexplained(self) -> int:
        """How many events up to the sought one are neither known nor those of listed posts."""
        event, head = self.sought
        listed = sum(one <= head for one in self.unnumbered)
        return unseen(self.known.events, event) - listed if self.known else 0

    @property
    def coverage(self) -> Coverage | None:
        """What is known of its ids."""
        return self.known.coverage if self.known else None


class Step(NamedTuple):
    """Posts of one channel to be stored with the change of its coverage that they mean.

    `as_of` is the number of the channel's newest event when they were told; 0 = not known. Edits
    are dated in whole seconds: of two within one, this tells which is the newer. `read` are the ids
    of which everything was told then, `told` up to which event none should be missing (known.py).
    """

    watched: Watched
    posts: Sequence[Received]
    change: Callable[[Coverage | None], Coverage]
    events: Spans = ()
    settled: int = 0
    contacted: bool = False
    relisted_at: float = 0.0
    pushed: bool = False
    as_of: int = 0
    read: Span | None = None
    told: Told = (0, 0)
    listed_at: float = 0.0


class Register:
    """The channels of one account, and the only way of what it reads into the store."""

    def __init__(
        self,
        account: str,
        infos: Iterable[SourceInfo],
        intake: Intake,
        clock: Clock,
        board: AccountBoard,
    ) -> None:
        self.account = account
        self._intake = intake
        self._clock = clock
        self.board = board
        self._lock = asyncio.Lock()
        self.taken = asyncio.Event()
        """Set when the list of channels has changed."""
        self.channels = [self._load(info) for info in infos]

    def take(self, infos: Sequence[SourceInfo]) -> None:
        """Watch these channels from now on, and no others."""
        before = {one.info.id: one for one in self.channels}
        self.channels = [before.get(info.id) or self._load(info) for info in infos]
        for watched, info in zip(self.channels, infos, strict=True):
            watched.info = info
        self.taken.set()

    def _load(self, info: SourceInfo) -> Watched:
        peer = _decoded(self._intake.cursor(self._peer_cursor(info)), Peer)
        return Watched(info, peer, _decoded(self._intake.cursor(_cursor(info)), Known))

    def _peer_cursor(self, info: SourceInfo) -> str:
        return f"telegram-peer-{self.account}/{info.id}"

    @property
    def budget(self) -> str | None:
        """The account's stored budget of calls."""
        return self._intake.cursor(f"telegram-budget/{self.account}")

    async def keep_budget(self, text: str) -> None:
        """Store the budget of calls."""
        await self._deliver(Arrival(cursors={f"telegram-budget/{self.account}": text}))

    async def keep_peer(self, watched: Watched, peer: Peer) -> None:
        """Store how this account addresses a channel: it is resolved once for ever."""
        text = msgspec.json.encode(peer).decode()
        await self._deliver(Arrival(cursors={self._peer_cursor(watched.info): text}))
        watched.peer = peer

    def of_number(self, number: int) -> Watched | None:
        """The channel with a numeric id that is being read."""
        found = (one for one in self.reading() if one.peer and one.peer.number == number)
        return next(found, None)

    def newest_event(self, number: int) -> int:
        """The number of a channel's newest event that is known; 0 = none."""
        watched = self.of_number(number)
        known = watched.known if watched is not None else None
        return known.events[-1][1] if known is not None and known.events else 0

    def reading(self) -> list[Watched]:
        """The channels that can be read."""
        return [one for one in self.channels if not one.lost]

    async def keep(self, steps: Sequence[Step]) -> list[Received]:
        """Store posts and coverage in one transaction; the posts that were.

        Returns when they are stored. Memory changes only afterwards, and one caller at a time: what
        fails is not believed. A new post whose id is covered is stored already: pushes and our
        listings often bring the same one. Nor is an edit told as of an event before the one that
        the stored text is of, nor a deletion that names no post we have.
        """
        async with self._lock:
            made: dict[Watched, Known] = {}
            posts: list[Received] = []
            told: dict[tuple[Watched, str], int] = {}
            for step in steps:
                before = made.get(step.watched, step.watched.known)
                news = fresh(_newest(step, told), before)
                posts += news
                told |= {(step.watched, one.post.id): step.as_of for one in news}
                made[step.watched] = _changed(step, before)
            changed = {
                _cursor(watched.info): msgspec.json.encode(known).decode()
                for watched, known in made.items()
                if posts or known != watched.known
            }
            if posts or changed:
                await self._deliver(Arrival(posts=tuple(posts), cursors=changed))
            for watched, known in made.items():
                watched.know(known)
                self._cover(watched, known.coverage)
            for (watched, number), event in told.items():
                _remember(watched, number, event)
        for step in steps:
            self._count(step)
        return posts

    def tell(self, watched: Watched, state: SourceState, hint: str = "") -> None:
        """Say how the reading of a channel goes."""
        if (watched.health.state, watched.health.hint) == (state, hint):
            return
        watched.health = msgspec.structs.replace(
            watched.health, state=state, hint=hint, since=self._clock.now().isoformat()
        )
        self.board.source(watched.health)

    def read(self, watched: Watched) -> None:
        """Say that a channel was read to its head just now."""
        reach = "pushed" if watched.joined else watched.health.reach or "polled"
        watched.health = msgspec.structs.replace(
            watched.health, last_read=self._clock.now().isoformat(), reach=reach
        )
        self.tell(watched, "ok")
        self.board.source(watched.health)

    def reaches(self, watched: Watched, reach: str, join: str = "") -> None:
        """Say how a channel's posts come, and what became of joining it."""
        if (watched.health.reach, watched.health.join) != (reach, join):
            watched.health = msgspec.structs.replace(watched.health, reach=reach, join=join)
            self.board.source(watched.health)

    def cursor(self, name: str) -> str | None:
        """The last committed value of any cursor."""
        return self._intake.cursor(name)

    def found(self, watched: Watched, posts: int) -> None:
        """Say that listing brought posts that should have been pushed."""
        log.info("push_missed", source=watched.info.id, posts=posts)
        counted = watched.health.found_by_listing + posts
        watched.health = msgspec.structs.replace(watched.health, found_by_listing=counted)
        self.board.source(watched.health)

    def lose(self, watched: Watched, state: SourceState, reason: str, hint: str) -> None:
        """Stop reading a channel that this account cannot read."""
        watched.lost = True
        watched.lost_at = self._clock.monotonic()
        log.warning("source_lost", source=watched.info.id, account=self.account, problem=reason)
        self.tell(watched, state, hint)

    def _cover(self, watched: Watched, coverage: Coverage) -> None:
        """Show which ids are accounted for."""
        open_ = gaps(coverage)
        health = msgspec.structs.replace(
            watched.health,
            newest_id=coverage.head,
            oldest_uncovered=open_[0][0] if open_ else None,
            uncovered=size(open_),
        )
        if health != watched.health:
            watched.health = health
            self.board.source(health)

    def revive(self) -> None:
        """Try channels again that could not be read a day ago: private ones may open, names return.

        One that has another owner stays stopped until a person has seen to it.
        """
        now = self._clock.monotonic()
        for watched in self.channels:
            gone = watched.lost and watched.health.state == "not_found"
            if gone and now - watched.lost_at >= REVIVED_AFTER:
                watched.lost = False

    async def _deliver(self, arrival: Arrival) -> None:
        await hand_over(self._intake, arrival, self._clock, f"telegram:{self.account}")

    def _count(self, step: Step) -> None:
        if not step.posts:
            return
        numbers = [int(one.post.id) for one in step.posts if step.pushed or _gone(one)]
        step.watched.unnumbered.difference_update(numbers)
        newest = max(one.post.published_at for one in step.posts).isoformat()
        health = step.watched.health
        delay = health.push_delay
        if step.pushed:
            told = max(one.post.published_at for one in step.posts)
            delay = max(0.0, round((self._clock.now() - told).total_seconds(), 1))
        step.watched.health = msgspec.structs.replace(
            health,
            posts=health.posts + len(step.posts),
            last_post=max(newest, health.last_post or newest),
            push_delay=delay,
        )
        self.board.source(step.watched.health)


def _newest(step: Step, told: Mapping[tuple[Watched, str], int]) -> list[Received]:
    """The posts of a step without edits that are older than what is told before, or stored."""

    def event(number: str) -> int:
        return told.get((step.watched, number), 0) or step.watched.as_of.get(number, 0)

    return [
        one
        for one in step.posts
        if one.post.kind != "edit" or not 0 < step.as_of < event(one.post.id)
    ]


def _remember(watched: Watched, number: str, event: int) -> None:
    """Note of which event a stored text is; of the last posts only: answers do not take long."""
    stored = watched.as_of
    newest = max(event, stored.pop(number, 0))
    if newest:
        stored[number] = newest
    while len(stored) > REMEMBERED:
        del stored[next(iter(stored))]


def _gone(received: Received) -> bool:
    return received.post.kind == "delete"


def _changed(step: Step, before: Known | None) -> Known:
    """What is known of a channel after a step."""
    number = step.watched.peer.number if step.watched.peer else 0
    known = before or Known(number=number, coverage=Coverage(floor=1, head=0))
    events = known.events
    for span in step.events:
        events = added(events, span)
    changed = Known(
        number=number,
        coverage=step.change(before.coverage if before else None),
        contacted=known.contacted or step.contacted,
        events=events,
        settled=max(known.settled, step.settled),
        search=known.search,
        relisted_at=max(known.relisted_at, step.relisted_at),
        listed_at=max(known.listed_at, step.listed_at),
    )
    return searched(changed, step.told, step.read, step.as_of)


def _cursor(info: SourceInfo) -> str:
    return f"telegram/{info.id}"


def covered_by_account(intake: Intake, source: str) -> Coverage | None:
    """The ids of a channel that accounts have read, as stored; None if none ever looked at it."""
    return covered_in(intake.cursor(f"telegram/{source}"))


def covered_in(cursor: str | None) -> Coverage | None:
    """The ids that a channel's cursor says were read; None if it was never looked at."""
    known = _decoded(cursor, Known)
    return known.coverage if known is not None and known.contacted else None


T = TypeVar("T", Known, Peer)


def _decoded(text: str | None, kind: type[T]) -> T | None:
    """A cursor's value; None when there is none or it is unreadable, which means first contact."""
    try:
        return msgspec.json.decode(text, type=kind) if text else None
    except msgspec.MsgspecError:
        log.warning("cursor_unreadable", kind=kind.__name__, hint="the channel is listed anew")
        return None
