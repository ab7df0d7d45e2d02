"""Public Telegram channels by their web preview, t.me/s/NAME: no account, no key.

One reader serves all channels, one request at a time through one pace, the most overdue channel
first. A channel that an account reads (roster.py) is only visited now and then, as a second
witness: what the account should have had and has not is counted and stored. What the reader knows
of a channel is stored with the channel's posts (preview_state.py). An answer that is no page of
posts is judged before it is believed: a ban looks like a missing channel, and only a canary, a
channel that surely exists, tells them apart.
"""

import asyncio
import contextlib
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import quote

import msgspec
import structlog

from monitor.clock import Clock
from monitor.post import Post, Received
from monitor.source import Arrival, Intake, SourceHealth, SourceInfo, SourceState, newest_of
from monitor.sources.envelope import received
from monitor.sources.fetch import REDIRECTS, Fetch, Fetched, FetchError
from monitor.sources.handover import hand_over
from monitor.sources.preview_pace import Pace
from monitor.sources.preview_page import Page, read_notice, read_page
from monitor.sources.preview_state import Change, Known, Reading, advance, compare, handed_over
from monitor.sources.rhythm import Pauses, interval
from monitor.sources.roster import Roster
from monitor.sources.telegram.coverage import Coverage, holds
from monitor.sources.telegram.register import covered_by_account

log = structlog.get_logger(__name__)

CANARY_FRESH = 60.0
BROKEN_PAUSE = 300.0
WITNESS_GRACE = 30.0
"""Seconds that an account may take to store what the preview shows."""


class PreviewOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Settings `preview`; times in seconds. `pace` is the least and the most between requests."""

    base_url: str = "https://t.me"
    canary: str = "telegram"
    pace: tuple[float, float] = (2.0, 4.0)
    interval_min: float = 20.0
    interval_max: float = 1800.0


class Trouble(NamedTuple):
    """Why there is no page: the state to show, what a person can do, when to look again."""

    state: SourceState
    hint: str
    pause: float | None = None


class Channel:
    """What the reader remembers of one channel between two reads."""

    def __init__(self, info: SourceInfo) -> None:
        self.source = info.id
        self.name = info.id.partition(":")[2]
        self.cursor = f"preview/{info.id}"
        self.witness = False
        self.known: Known | None = None
        self.due = 0.0
        self.behind = False
        self.stopped = False
        self.resumed = False
        self.pauses = Pauses()
        self.health = SourceHealth(source=info.id, state="starting", via="preview")


class PreviewReader:
    """Reads the given channels for ever."""

    name = "preview"

    def __init__(
        self,
        sources: Sequence[SourceInfo],
        *,
        fetch: Fetch,
        clock: Clock,
        roster: Roster,
        rng: random.Random,
        options: PreviewOptions,
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._roster = roster
        self._options = options
        self._pace = Pace(clock, rng, options.pace)
        self._channels = [Channel(info) for info in sources]
        self._canary_seen: float | None = None

    def take(self, sources: Sequence[SourceInfo]) -> None:
        """Read these channels from now on, and no others; the roster wakes the reader."""
        before = {one.source: one for one in self._channels}
        self._channels = [before.get(info.id) or Channel(info) for info in sources]

    async def run(self, intake: Intake) -> None:
        """Read on from the stored cursors until cancelled."""
        self.resume(intake)
        while True:
            if not await self.step(intake):
                await self._roster.changed()

    def resume(self, intake: Intake) -> None:
        """Take up what the store knows of each channel."""
        for channel in self._channels:
            self._resume(channel, intake)

    def _resume(self, channel: Channel, intake: Intake) -> None:
        value = intake.cursor(channel.cursor)
        channel.known = None
        channel.resumed = True
        with contextlib.suppress(msgspec.DecodeError):
            channel.known = msgspec.json.decode(value, type=Known) if value else None
        self._say(channel, "starting")

    async def step(self, intake: Intake) -> bool:
        """Wait for the most overdue channel and visit it; False when none is left to read."""
        while True:
            waiting = [channel for channel in self._channels if not channel.stopped]
            for channel in waiting:
                if not channel.resumed:
                    self._resume(channel, intake)
            if not waiting:
                return False
            self._share(waiting)
            channel = min(waiting, key=lambda one: one.due)
            wait = channel.due - self._clock.monotonic()
            if wait <= 0 or await self._slept(wait):
                await self._visit(channel, intake)
                return True

    def _share(self, channels: Sequence[Channel]) -> None:
        """See which channels an account reads; those that it left are due now."""
        for channel in channels:
            witness = self._roster.by_account(channel.source)
            if channel.witness and not witness:
                channel.due = min(channel.due, self._clock.monotonic())
            channel.witness = witness

    async def _slept(self, seconds: float) -> bool:
        """Sleep; False if the sharing with the accounts changed meanwhile."""
        sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        changing = asyncio.ensure_future(self._roster.changed())
        try:
            await asyncio.wait({sleeping, changing}, return_when=asyncio.FIRST_COMPLETED)
            return sleeping.done()
        finally:
            sleeping.cancel()
            changing.cancel()

    async def _visit(self, channel: Channel, intake: Intake) -> None:
        """One request for one channel; whatever goes wrong is this channel's trouble alone."""
        try:
            found = await self._page(channel)
            if isinstance(found, Page):
                await self._take(channel, found, intake)
            else:
                self._trouble(channel, found)
        except FetchError as error:
            pause = channel.pauses.longer()
            self._trouble(channel, Trouble("unreachable", f"{error}; {error.hint}", pause))
        except Exception:
            log.exception("preview_failed", source=channel.source)
            self._trouble(
                channel, Trouble("failed", "a defect; see the log and report it", BROKEN_PAUSE)
            )

    async def _page(self, channel: Channel) -> Page | Trouble:
        address = f"{self._options.base_url}/s/{quote(channel.name, safe='')}"
        if channel.behind and channel.known:
            address += f"?after={max(channel.known.newest, 1)}"
        answer = await self._ask(address)
        if answer.status == 429 or answer.status == 403:  # noqa: PLR1714, PLR2004 - HTTP's own numbers
            return self._throttled(answer.retry_after)
        if answer.status in REDIRECTS:
            return await self._judge_redirect(channel, answer)
        if answer.status != 200:  # noqa: PLR2004 - HTTP's own number
            pause = answer.retry_after or channel.pauses.longer()
            return Trouble("unreachable", f"t.me answered {answer.status}; tried again", pause)
        page = await asyncio.to_thread(read_page, answer.body)
        if page is None and read_notice(answer.body, channel.name) == "unknown":
            return Trouble("broken_markup", "the page is not what we know; update", BROKEN_PAUSE)
        if page is None:
            return await self._judge_absence(channel)
        return await self._judge_page(channel, page)

    async def _ask(self, address: str, *, follow: bool = False) -> Fetched:
        await self._pace.turn()
        return await self._fetch.get(address, follow=follow)

    async def _judge_page(self, channel: Channel, page: Page) -> Page | Trouble:
        """Believe a page, unless it cannot be this channel's."""
        if any(block.name.lower() != channel.name.lower() for block in page.blocks):
            return Trouble("broken_markup", "the page is of another channel", BROKEN_PAUSE)
        if page.blocks or (channel.behind and not page.unreadable):
            self._pace.served()
            return page
        if page.unreadable or not page.empty:
            return Trouble("broken_markup", "no message is readable; update", BROKEN_PAUSE)
        # "No posts found" is also what an overloaded server says.
        if (channel.known and channel.known.contents) or not await self._canary_lives():
            return self._throttled(None)
        return page

    async def _judge_redirect(self, channel: Channel, answer: Fetched) -> Trouble:
        location = answer.headers.get("location", "").rstrip("/").lower()
        if location.rpartition("/")[2] != channel.name.lower():
            hint = "no channel can have this name; correct the id in the sources file"
            return Trouble("not_found", hint, self._options.interval_max)
        return await self._judge_absence(channel)

    async def _judge_absence(self, channel: Channel) -> Trouble:
        """There is no preview: is there no channel, is its preview off, or are we banned?"""
        address = f"{self._options.base_url}/{quote(channel.name, safe='')}"
        answer = await self._ask(address, follow=True)
        notice = read_notice(answer.body, channel.name)
        if notice == "preview_off":
            hint = "its owner has switched the preview off, or it is a group; read it by an account"
            return Trouble("preview_off", hint, self._options.interval_max)
        if notice == "preview_on" or not await self._canary_lives():
            return self._throttled(None)
        hint = "no such channel, while others answer; correct the id in the sources file"
        return Trouble("not_found", hint, self._options.interval_max)

    async def _canary_lives(self) -> bool:
        """Whether a channel that surely exists is served right now."""
        now = self._clock.monotonic()
        if self._canary_seen is not None and now - self._canary_seen < CANARY_FRESH:
            return True
        answer = await self._ask(f"{self._options.base_url}/s/{self._options.canary}")
        page = read_page(answer.body) if answer.status == 200 else None  # noqa: PLR2004 - HTTP's
        self._canary_seen = self._clock.monotonic() if page and page.blocks else None
        return self._canary_seen is not None

    def _throttled(self, asked: float | None) -> Trouble:
        """Leave Telegram alone for as long as it asks, or longer each time."""
        seconds = self._pace.hold(asked)
        hint = f"Telegram turns us away; all previews wait {seconds:.0f} s"
        return Trouble("throttled", hint, seconds)

    async def _take(self, channel: Channel, page: Page, intake: Intake) -> None:
        """Store what a page told, with the state that follows from it."""
        channel.pauses.over()
        by_account = covered_by_account(intake, channel.source)
        first = channel.known is None and by_account is None
        known = channel.known or Known()
        other = handed_over(known, page)
        if other is not None:
            hint = (
                f"@{channel.name} was channel {known.channel} and is now {other}: it has another"
                f" owner. Not read any more: check who it is, then stop monitor: monitor sources"
                f" accept @{channel.name}; or remove it from the sources file"
            )
            channel.stopped = True
            self._trouble(channel, Trouble("handed_over", hint))
            return
        listed = channel.known is None
        reading = advance(known, page) if channel.behind else compare(known, page, first=listed)
        if by_account is not None:
            reading = self._beside(channel, reading, by_account)
        await self._store(channel, reading, intake, history=first)
        channel.behind = reading.gap
        times = [block.post.published_at for block in page.blocks]
        options = self._options
        pause = interval(times, self._clock.now(), options.interval_min, options.interval_max)
        if channel.witness:
            pause = options.interval_max
        channel.due = self._clock.monotonic() + (0.0 if channel.behind else pause)
        hint = f"{page.unreadable} messages could not be read; update" if page.unreadable else ""
        if hint and channel.health.hint != hint:
            log.warning("preview_messages_unreadable", source=channel.source, hint=hint)
        self._say(channel, "ok", hint)

    def _beside(self, channel: Channel, reading: Reading, coverage: Coverage) -> Reading:
        """A reading without what the account's reading has: witnesses tell only what is missing."""
        kept = [
            one
            for one in reading.changes
            if not (one.kind == "new" and holds(coverage, one.id))
            and not (channel.witness and one.kind != "new")
            and one.id >= coverage.floor
        ]
        if channel.witness:
            since = self._clock.now() - timedelta(seconds=WITNESS_GRACE)
            missed = sum(1 for one in kept if one.block and one.block.post.published_at < since)
            if missed:
                self._roster.missed(channel.source, missed)
        return reading._replace(changes=tuple(kept))

    async def _store(
        self, channel: Channel, reading: Reading, intake: Intake, *, history: bool
    ) -> None:
        if reading.known == channel.known:
            return
        beside = covered_by_account(intake, channel.source) is not None
        posts = tuple(
            msgspec.structs.replace(
                self._received(channel, change, history),
                beside=channel.witness or (beside and change.kind == "new"),
            )
            for change in reading.changes
        )
        value = msgspec.json.encode(reading.known).decode()
        arrival = Arrival(posts=posts, cursors={channel.cursor: value})
        await hand_over(intake, arrival, self._clock, channel.source)
        channel.known = reading.known
        if not posts:
            return
        health = channel.health
        channel.health = msgspec.structs.replace(
            health,
            posts=health.posts + len(posts),
            last_post=newest_of(posts, health.last_post),
        )
        log.info("source_read", source=channel.source, posts=len(posts), history=history)

    def _received(self, channel: Channel, change: Change, history: bool) -> Received:  # noqa: FBT001 - said by name above
        now = self._clock.now()
        number = channel.known.channel if channel.known else None
        block = change.block
        if block is None:
            post = Post(
                source=channel.source,
                id=str(change.id),
                kind="delete",
                published_at=now,
                observed_at=now,
                url=f"https://t.me/{channel.name}/{change.id}",
            )
            return received(post, b"", channel_id=number, history=history)
        post = msgspec.structs.replace(
            block.post, source=channel.source, id=str(change.id), kind=change.kind, observed_at=now
        )
        return received(
            post,
            block.raw,
            channel_id=block.channel_id or number,
            history=history,
            truncated=block.truncated,
        )

    def _trouble(self, channel: Channel, trouble: Trouble) -> None:
        """Say it once, and again only when it changes or has lasted."""
        pause = trouble.pause or 0.0
        channel.due = self._clock.monotonic() + pause
        channel.behind = False
        if channel.health.state != trouble.state or channel.pauses.worth_saying():
            event = f"source_{trouble.state}"
            log.warning(
                event,
                source=channel.source,
                hint=trouble.hint,
                next_try_s=round(pause),
            )
        self._say(channel, trouble.state, trouble.hint)

    def _say(self, channel: Channel, state: SourceState, hint: str = "") -> None:
        moment = self._clock.now()
        now = moment.isoformat()
        wait = max(channel.due - self._clock.monotonic(), 0.0)
        health = channel.health
        channel.health = msgspec.structs.replace(
            health,
            state=state,
            hint=hint,
            since=health.since if health.state == state and health.since else now,
            last_read=now if state == "ok" else health.last_read,
            next_read=None if channel.stopped else (moment + timedelta(seconds=wait)).isoformat(),
        )
        if channel in self._channels:  # it may have been taken off the list meanwhile
            self._roster.told_by_preview(channel.health)
