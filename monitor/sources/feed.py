"""One feed, read for ever: conditional requests, as often as it posts.

A changed entry is an edit; an entry that is no longer listed has only scrolled out, it is not
deleted. Feeds forget: what came and went while we were away is lost, which no reader can help.
"""

import asyncio
import contextlib
from datetime import timedelta
from typing import NamedTuple

import msgspec
import structlog

from monitor.clock import Clock
from monitor.post import Post, PostKind, Received
from monitor.source import (
    Arrival,
    HealthBoard,
    Intake,
    SourceHealth,
    SourceInfo,
    SourceState,
    newest_of,
)
from monitor.sources.envelope import received
from monitor.sources.feed_page import Entry, Feed, read_feed
from monitor.sources.fetch import Fetch, Fetched, FetchError
from monitor.sources.handover import hand_over
from monitor.sources.rhythm import Pauses, interval

log = structlog.get_logger(__name__)

KEPT = 1_000
_PROBLEMS = {
    "refused": "it begins with a DOCTYPE: is it a web page? use the address of the feed itself",
    "no feed": "neither RSS nor Atom nor JSON Feed; use the address of the feed itself",
}


class FeedOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How often a feed is read, in seconds."""

    interval_min: float = 60.0
    interval_max: float = 1800.0


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """The cursor's value: ids of entries with a hash of what they said, and the copy's marks."""

    entries: dict[str, str] = {}
    etag: str | None = None
    last_modified: str | None = None


class Outcome(NamedTuple):
    """How a read went and when to read again."""

    state: SourceState
    pause: float
    hint: str = ""


class FeedReader:
    """Reads one feed, the source's `url`."""

    def __init__(
        self,
        info: SourceInfo,
        *,
        fetch: Fetch,
        clock: Clock,
        board: HealthBoard,
        options: FeedOptions,
    ) -> None:
        self.name = info.id
        self._url = info.url or ""
        self._cursor = f"feed/{info.id}"
        self._fetch = fetch
        self._clock = clock
        self._board = board
        self._options = options
        self._pauses = Pauses()
        self._seen: Seen | None = None
        self._health = SourceHealth(source=info.id, state="starting", via="feed")

    async def run(self, intake: Intake) -> None:
        """Read on from the stored cursor until cancelled."""
        self.resume(intake)
        while True:
            await self._clock.sleep(await self.step(intake))

    def resume(self, intake: Intake) -> None:
        """Take up what the store knows of the feed."""
        value = intake.cursor(self._cursor)
        self._seen = None
        with contextlib.suppress(msgspec.DecodeError):
            self._seen = msgspec.json.decode(value, type=Seen) if value else None
        self._board.source(self._health)

    async def step(self, intake: Intake) -> float:
        """Read once; the seconds until the next read."""
        try:
            outcome = await self._read(intake)
        except FetchError as error:
            pause = self._pauses.longer() if error.retry else self._options.interval_max
            state: SourceState = "unreachable" if error.retry else "failed"
            outcome = Outcome(state, pause, f"{error}; {error.hint}")
        self._say(outcome)
        return outcome.pause

    async def _read(self, intake: Intake) -> Outcome:
        seen = self._seen or Seen()
        answer = await self._fetch.get(self._url, etag=seen.etag, last_modified=seen.last_modified)
        if answer.status != 200:  # noqa: PLR2004 - HTTP's own number
            return self._no_page(answer)
        feed = await asyncio.to_thread(read_feed, answer.body)
        if feed.problem:
            return Outcome("broken_markup", self._options.interval_max, _PROBLEMS[feed.problem])
        await self._take(feed, answer, intake)
        self._pauses.over()
        options = self._options
        times = [entry.published for entry in feed.entries if entry.published]
        pause = interval(times, self._clock.now(), options.interval_min, options.interval_max)
        return Outcome("ok", max(pause, answer.retry_after or 0.0))

    def _no_page(self, answer: Fetched) -> Outcome:
        options = self._options
        match answer.status:
            case 304:
                self._pauses.over()
                return Outcome("ok", max(options.interval_min, options.interval_max / 6))
            case 404 | 410:
                hint = "there is no such page any more; correct the address"
                return Outcome("not_found", options.interval_max, hint)
            case 429:
                pause = answer.retry_after or self._pauses.longer()
                return Outcome("throttled", pause, "asked too often; we wait as long as it says")
            case status:
                pause = answer.retry_after or self._pauses.longer()
                return Outcome("unreachable", pause, f"answered {status}; tried again")

    async def _take(self, feed: Feed, answer: Fetched, intake: Intake) -> None:
        """Store what is new, with the state that follows from it."""
        history = self._seen is None
        before = self._seen or Seen()
        listed = {entry.id: entry.content for entry in feed.entries}
        changed = [e for e in reversed(feed.entries) if before.entries.get(e.id) != e.content]
        now = self._clock.now()
        changed.sort(key=lambda entry: entry.published or now)
        older = {id_: said for id_, said in before.entries.items() if id_ not in listed}
        kept = dict([*older.items(), *listed.items()][-max(KEPT, len(listed)) :])
        seen = Seen(
            entries=kept,
            etag=answer.headers.get("etag"),
            last_modified=answer.headers.get("last-modified"),
        )
        if changed or history:
            posts = tuple(
                self._received(entry, "edit" if entry.id in before.entries else "new", history)
                for entry in changed
            )
            value = msgspec.json.encode(seen).decode()
            arrival = Arrival(posts=posts, cursors={self._cursor: value})
            await hand_over(intake, arrival, self._clock, self.name)
            log.info("source_read", source=self.name, posts=len(posts), history=history)
            self._health = msgspec.structs.replace(
                self._health,
                posts=self._health.posts + len(posts),
                last_post=newest_of(posts, self._health.last_post),
            )
        self._seen = seen

    def _received(self, entry: Entry, kind: PostKind, history: bool) -> Received:  # noqa: FBT001 - named where it is passed on
        now = self._clock.now()
        published = entry.published or entry.updated or now
        later = entry.updated is not None and entry.updated > published
        post = Post(
            source=self.name,
            id=entry.id,
            kind=kind,
            published_at=published,
            edited_at=entry.updated if kind == "edit" and later else None,
            observed_at=now,
            text=entry.text,
            url=entry.url,
            author=entry.author,
            links=entry.links,
        )
        return received(post, entry.raw, history=history, truncated=entry.truncated)

    def _say(self, outcome: Outcome) -> None:
        moment = self._clock.now()
        now = moment.isoformat()
        changed = self._health.state != outcome.state
        if outcome.state != "ok" and (changed or self._pauses.worth_saying()):
            event = f"source_{outcome.state}"
            log.warning(event, source=self.name, hint=outcome.hint, next_try_s=round(outcome.pause))
        self._health = msgspec.structs.replace(
            self._health,
            state=outcome.state,
            hint=outcome.hint,
            since=now if changed or not self._health.since else self._health.since,
            last_read=now if outcome.state == "ok" else self._health.last_read,
            next_read=(moment + timedelta(seconds=outcome.pause)).isoformat(),
        )
        self._board.source(self._health)
