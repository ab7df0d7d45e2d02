"""Asking the server for what it has: first contact, gaps, and the daily second look."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

import structlog
from telethon import functions, types

from monitor.clock import Clock
from monitor.post import PostKind, Received
from monitor.sources.telegram import coverage as ids
from monitor.sources.telegram.ailing import answered
from monitor.sources.telegram.calls import Calls
from monitor.sources.telegram.coverage import Coverage, Span
from monitor.sources.telegram.known import sought
from monitor.sources.telegram.message import TL, albums, by_peer, gone, received
from monitor.sources.telegram.register import Peer, Register, Step, Watched
from monitor.sources.telegram.trouble import ChannelLostError

log = structlog.get_logger(__name__)

PAGE = 100
BEFORE = 20  # messages that are listed again before a gap
ALBUM = 9  # messages of an album that may stand before its last one
SEVERAL = 20  # so many deletions at once are believed only after a further look


class Page(NamedTuple):
    """Messages in ascending order, the chats that came with them, and when they were asked for.

    The server may have deleted one of them while it answered: a deletion that is observed later
    than `asked_at` is the newer knowledge.
    """

    messages: list[TL]
    chats: dict[int, TL]
    asked_at: datetime
    pts: int = 0
    """The number of the channel's newest event then; 0 = not told."""


class Lister:
    """The calls that list a channel, and what they mean for its coverage."""

    def __init__(self, calls: Calls, register: Register, clock: Clock) -> None:
        self._calls = calls
        self._register = register
        self._clock = clock

    async def resolve(self, watched: Watched) -> None:
        """Find a channel by its name, once for ever."""
        answer = await self._calls.ask(functions.contacts.ResolveUsernameRequest(watched.name))
        chat = answer.chats[0] if answer.chats else None
        if not isinstance(chat, types.Channel):
            raise ChannelLostError(f"{watched.name} is no channel")
        if watched.known is not None and watched.known.number != chat.id:
            hint = (
                f"@{watched.name} is now channel {chat.id}: check who that is, then stop monitor:"
                f" monitor sources accept @{watched.name}; or remove it"
            )
            self._register.lose(watched, "handed_over", "the name has another channel", hint)
            return
        await self._register.keep_peer(watched, Peer(chat.id, chat.access_hash))

    async def first_contact(self, watched: Watched) -> None:
        """List the newest page as history: stored, never ringing."""
        floor = watched.coverage.floor if watched.coverage else 0
        page = await self._page(watched, offset_id=floor)
        messages, lowest = page.messages, 1
        if len(messages) >= PAGE:
            messages = _without_begun_album(messages)
            lowest = messages[0].id
        head = max((message.id for message in messages), default=0)
        groups = albums(messages)
        posts = posts_of(watched, groups, page, history=True)
        change = partial(_contacted, lowest, head, names_of(groups))
        events = ((1, page.pts),) if page.pts else ()
        step = Step(watched, posts, change, events, head, contacted=True, relisted_at=self._now())
        await self._register.keep([step])
        log.info("source_first_contact", source=watched.info.id, posts=len(posts))

    async def fill(self, watched: Watched) -> int:
        """List one page of what is missing, the oldest; how many new posts that brought.

        Those newer than the head that the server told do not count, they are pushed as well. A
        gap's first page begins some messages before it: what was edited while nobody listened most
        often stands there. What is stored already is told where it has been edited or deleted, or
        where more of an album has turned up.
        """
        gaps = ids.gaps(watched.coverage) if watched.coverage is not None else ()
        if watched.coverage is None or not gaps:
            return 0
        gap = gaps[0]
        going_on = gap[0] == watched.filled + 1
        start = gap[0] if going_on else max(watched.coverage.floor, gap[0] - BEFORE)
        page = await self._page(watched, offset_id=start, forwards=True)
        whole = _without_cut_album(page.messages) if len(page.messages) >= PAGE else page.messages
        reached = whole[-1].id if whole else gap[1]
        if len(page.messages) < PAGE:  # nothing lies between the last one and the head
            reached = max(reached, gap[1])
        kept = whole if start == gap[0] else _without_begun_album(whole)
        new, again = _told_apart(groups := albums(kept), watched.coverage)
        posts = posts_of(watched, new, page)
        posts += posts_of(watched, again, page, edits=True)
        vanished = ids.vanished(watched.coverage, (start, reached), [one.id for one in whole])
        missing = await self._missing(watched, vanished)
        posts += self._gone(watched, missing)
        named = {*names_of(groups), *vanished}.difference(missing)
        change = partial(_filled, (gap[0], reached), named, missing)
        first = start if len(kept) == len(whole) else kept[0].id
        step = self._read(Step(watched, posts, change), page, (first, reached))
        stored = await self._register.keep([step])
        watched.filled = reached
        watched.listed(stored)
        log.info("gap_listed", source=watched.info.id, first=gap[0], last=reached, posts=len(new))
        return sum(one.post.kind == "new" and int(one.post.id) <= watched.told for one in stored)

    def _read(self, step: Step, page: Page, span: Span) -> Step:
        """A step as what a page told of a span, whole unless deletions in it are only suspected."""
        return step._replace(
            as_of=page.pts,
            read=None if step.watched.suspected else span,
            told=step.watched.newest,
            listed_at=self._now(),
        )

    async def look_again(self, watched: Watched, since: datetime, pages: int) -> None:
        """List the posts since a time again, so many pages at most, for what no push told."""
        head = watched.coverage.head if watched.coverage else 0
        recent, first = await self._recent(watched, since, pages)
        posts, missing = await self._told_again(watched, recent, recent.messages, (first, head))
        step = Step(watched, posts, partial(_seen_again, first, missing), relisted_at=self._now())
        await self._register.keep([self._read(step, recent, (first, head))])

    async def search(self, watched: Watched) -> bool:
        """List the next page of what may hold events that no push told; whether that went on.

        From some messages before it, so that no album is told by halves.
        """
        before = sought(watched.known, watched.newest) if watched.known else None
        if watched.known is None or before is None:
            return False
        floor = watched.known.coverage.floor
        first, last = before.left[0][0] if before.left else floor, before.left[-1:]
        start = max(floor, first - ALBUM)
        page = await self._page(watched, offset_id=start, forwards=True)
        whole = _without_cut_album(page.messages) if len(page.messages) >= PAGE else page.messages
        reached = whole[-1].id if whole else start
        if len(page.messages) < PAGE:
            reached = max((reached, *(span[1] for span in last)))
        kept = whole if start == floor else _without_begun_album(whole)
        posts, missing = await self._told_again(watched, page, kept, (first, reached))
        step = Step(watched, posts, partial(_seen_again, 0, missing))
        await self._register.keep([self._read(step, page, (first, reached))])
        log.info("edits_sought", source=watched.info.id, first=first, last=reached)
        return watched.known.search is None or watched.known.search.left != before.left

    async def _told_again(
        self, watched: Watched, page: Page, messages: list[TL], span: Span
    ) -> tuple[list[Received], tuple[int, ...]]:
        """What of a page is to be stored where a span was listed before; the ids that are gone."""
        if watched.coverage is None:
            return [], ()
        groups = albums(messages)
        _, again = _told_apart(groups, watched.coverage)
        posts = posts_of(watched, again, page, edits=True)
        vanished = ids.vanished(watched.coverage, span, [one.id for one in page.messages])
        missing = await self._missing(watched, vanished)
        return posts + self._gone(watched, missing), missing

    async def believe(self, watched: Watched) -> None:
        """Count every event up to the sought one as known: all of them are accounted for."""
        event, head = watched.sought
        if event:
            step = Step(watched, (), _same, events=((1, event),), settled=head)
            await self._register.keep([step])

    async def _recent(self, watched: Watched, since: datetime, pages: int) -> tuple[Page, int]:
        """The messages since a time, as far as so many pages go, ascending; the first id of them.

        The first id is where the listing is complete from: lower than the first message when those
        before it are gone.
        """
        found = Page([], {}, self._clock.now())
        offset = 0
        for _ in range(pages):
            page = await self._page(watched, offset_id=offset)
            found = found._replace(pts=found.pts or page.pts)  # of the first, the least
            older = [message.id for message in page.messages if message.date < since]
            found.messages[:0] = page.messages[len(older) :]
            found.chats.update(page.chats)
            if older:
                return found, older[-1] + 1
            if len(page.messages) < PAGE:
                return found, 1
            offset = page.messages[0].id
        messages = _without_begun_album(found.messages)
        return found._replace(messages=messages), messages[0].id

    async def _missing(self, watched: Watched, unlisted: Sequence[int]) -> tuple[int, ...]:
        """Posts that are no longer listed, asked for by id before it is believed."""
        empty = [
            message.id
            for message in (await self.messages(watched, unlisted)).messages
            if isinstance(message, types.MessageEmpty)
        ]
        if len(empty) > SEVERAL and not watched.suspected.issuperset(empty):
            watched.suspected = frozenset(empty)
            log.warning("many_deletions_suspected", source=watched.info.id, posts=len(empty))
            return ()
        watched.suspected = frozenset()
        return tuple(empty)

    async def messages(self, watched: Watched, numbers: Sequence[int]) -> Page:
        """Single messages by id; MessageEmpty for those that are not there."""
        found = Page([], {}, self._clock.now())
        for start in range(0, len(numbers), PAGE):
            wanted = [types.InputMessageID(one) for one in numbers[start : start + PAGE]]
            peer = input_peer(watched)
            channel = types.InputChannel(peer.channel_id, peer.access_hash)
            answer, asked_at = await self._calls.ask_at(
                functions.channels.GetMessagesRequest(channel, wanted)
            )
            found.messages.extend(answer.messages)
            found.chats.update(by_peer(answer.chats))
            found = found._replace(pts=found.pts or getattr(answer, "pts", 0))
            found = found._replace(asked_at=min(found.asked_at, asked_at) if start else asked_at)
        return found

    async def edited(self, watched: Watched, message: TL, events: ids.Spans) -> None:
        """Store an edited message as it is now, with its album if it is of one.

        Its events count as known when it is stored: until then the hole they leave brings it back.
        """
        album = getattr(message, "grouped_id", None)
        around = range(max(1, message.id - 9), message.id + 10) if album else (message.id,)
        page = await self.messages(watched, around)
        group = [
            one
            for one in sorted(page.messages, key=lambda one: int(one.id))
            if one.id == message.id or (album and getattr(one, "grouped_id", None) == album)
        ]
        groups = albums(group)
        posts = posts_of(watched, groups, page, edits=True)
        every = [one.id for one in group]
        await self._register.keep(
            [Step(watched, posts, partial(_known, every, names_of(groups)), events, as_of=page.pts)]
        )

    async def _page(self, watched: Watched, *, offset_id: int, forwards: bool = False) -> Page:
        """A page of messages before an id (0 = the newest), or from an id on."""
        answer, asked_at = await self._calls.ask_at(
            functions.messages.GetHistoryRequest(
                peer=input_peer(watched),
                offset_id=offset_id,
                offset_date=None,
                add_offset=-PAGE if forwards else 0,
                limit=PAGE,
                max_id=0,
                min_id=0,
                hash=0,
            )
        )
        answered(watched)
        messages = sorted(answer.messages, key=lambda one: int(one.id))
        return Page(messages, by_peer(answer.chats), asked_at, getattr(answer, "pts", 0))

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _gone(self, watched: Watched, numbers: Iterable[int]) -> list[Received]:
        channel = input_peer(watched).channel_id
        now = self._clock.now()
        return [gone(watched.info.id, channel, number, now) for number in numbers]


def posts_of(
    watched: Watched,
    groups: Iterable[list[TL]],
    page: Page,
    *,
    history: bool = False,
    edits: bool = False,
) -> list[Received]:
    """Messages of a page, those of one post together, as posts."""
    kind: PostKind = "edit" if edits else "new"
    return [
        received(
            watched.info.id,
            group,
            page.chats,
            kind=kind,
            history=history,
            observed_at=page.asked_at,
        )
        for group in groups
    ]


def input_peer(watched: Watched) -> Any:  # noqa: ANN401 - Telethon carries no types
    """How the account names the channel to the server."""
    if watched.peer is None:
        raise ChannelLostError(f"{watched.name} is not resolved yet")
    return types.InputPeerChannel(watched.peer.number, watched.peer.access_hash)


def _told_apart(
    groups: Iterable[list[TL]], coverage: Coverage
) -> tuple[list[list[TL]], list[list[TL]]]:
    """Posts that are not stored, and stored ones that have changed: edited, or an album grown."""
    new, again = [], []
    for group in groups:
        if not ids.holds(coverage, group[0].id):
            new.append(group)
        elif any(one.edit_date or not ids.holds(coverage, one.id) for one in group):
            again.append(group)
    return new, again


def names_of(groups: Iterable[list[TL]]) -> list[int]:
    """The ids that name posts: of an album the first."""
    return [group[0].id for group in groups]


def _without_cut_album(messages: list[TL]) -> list[TL]:
    """A full page without the album at its end, which may go on; unless it is nothing else."""
    group = getattr(messages[-1], "grouped_id", None)
    kept = [one for one in messages if getattr(one, "grouped_id", None) != group]
    return kept if group and kept else messages


def _without_begun_album(messages: list[TL]) -> list[TL]:
    """A listing without the album at its beginning, which may have begun before it."""
    return _without_cut_album(messages[::-1])[::-1]


def _contacted(floor: int, head: int, posts: Sequence[int], before: Coverage | None) -> Coverage:
    return ids.deepened(before, floor, posts) if before else ids.began(floor, head, posts)


def listed(span: Span, posts: Sequence[int], before: Coverage | None) -> Coverage:
    """A span was listed completely: these posts are all there is in it."""
    return ids.listed(before or ids.began(span[0], span[1], ()), span, posts)


def _filled(
    span: Span, posts: Iterable[int], missing: Iterable[int], before: Coverage | None
) -> Coverage:
    """A span was listed; of its posts, and of some before it, these are there and those gone."""
    named = [one for one in posts if one >= span[0]]
    return ids.deleted(listed(span, named, before), missing)


def _known(every: Sequence[int], posts: Sequence[int], before: Coverage | None) -> Coverage:
    return ids.pushed(_same(before), every, posts)


def _same(before: Coverage | None) -> Coverage:
    return before or ids.began(1, 0, ())


def _seen_again(oldest: int, missing: Sequence[int], before: Coverage | None) -> Coverage:
    """Missing posts are gone; those before an id are too old to be looked at again."""
    coverage = ids.deleted(before or ids.began(1, 0, ()), missing)
    return ids.forgotten(coverage, oldest)
