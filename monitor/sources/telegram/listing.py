"""Asking the server for what it has: first contact, heads, gaps, and the daily second look."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

import structlog
from telethon import functions, types

from monitor.clock import Clock
from monitor.post import PostKind, Received
from monitor.sources.telegram import coverage as ids
from monitor.sources.telegram.calls import Calls
from monitor.sources.telegram.coverage import Coverage, Span
from monitor.sources.telegram.message import TL, albums, by_peer, gone, received
from monitor.sources.telegram.register import Peer, Register, Step, Watched
from monitor.sources.telegram.trouble import ChannelLostError

log = structlog.get_logger(__name__)

PAGE = 100
BEFORE = 20  # messages that are listed again before a gap
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
            hint = f"@{watched.name} is now channel {chat.id}: check who that is, or remove it"
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
        posts = self._posts(watched, groups, page, history=True)
        change = partial(_contacted, lowest, head, _names(groups))
        events = ((1, page.pts),) if page.pts else ()
        step = Step(watched, posts, change, events, contacted=True, relisted_at=self._now())
        await self._register.keep([step])
        log.info("source_first_contact", source=watched.info.id, posts=len(posts))

    async def heads(self, channels: Sequence[Watched]) -> dict[Watched, int]:
        """Learn the newest id of many channels in one call; how many posts that brought to which.

        The newest post comes along: where it is the only one that is missing it is stored at once.
        """
        known = [one for one in channels if one.peer is not None and not one.lost]
        found: dict[Watched, int] = {}
        for start in range(0, len(known), PAGE):
            found |= await self._heads(known[start : start + PAGE])
        return found

    async def _heads(self, channels: list[Watched]) -> dict[Watched, int]:
        """One call; when a channel spoils it, halves of it, down to that channel."""
        peers = [types.InputDialogPeer(_input_peer(one)) for one in channels]
        try:
            answer, asked_at = await self._calls.ask_at(
                functions.messages.GetPeerDialogsRequest(peers)
            )
        except ChannelLostError as error:
            if len(channels) > 1:
                middle = len(channels) // 2
                found = await self._heads(channels[:middle])
                return found | await self._heads(channels[middle:])
            hint = "it is private or gone: remove it from the sources file, or join it"
            self._register.lose(channels[0], "not_found", str(error), hint)
            return {}
        chats = {chat.id: chat for chat in answer.chats}
        page = Page(answer.messages, by_peer(answer.chats), asked_at)
        steps: list[Step] = []
        told: list[tuple[Watched, int, int]] = []
        for dialog in answer.dialogs:
            number = getattr(dialog.peer, "channel_id", 0)
            watched = self._register.of_number(number)
            if watched is not None and self._still_its_own(watched, chats.get(number)):
                told.append((watched, dialog.pts or 0, dialog.top_message))
                watched.joined = not getattr(chats.get(number), "left", False)
                steps.append(self._headed(watched, dialog.top_message, page))
        stored = {one.post.source for one in await self._register.keep(steps)}
        for watched, pts, head in told:  # not before the head is known: its gap must be seen first
            watched.pts, watched.told = pts, head
        return {step.watched: int(step.watched.info.id in stored) for step in steps}

    def _headed(self, watched: Watched, head: int, page: Page) -> Step:
        """That a channel has this newest id; with its post, if no other one is missing."""
        number = watched.peer.number if watched.peer else 0
        tops = [one for one in page.messages if (one.peer_id.channel_id, one.id) == (number, head)]
        coverage = watched.coverage
        alone = coverage is not None and ids.gaps(ids.heard(coverage, head)) == ((head, head),)
        if not alone or not tops or getattr(tops[0], "grouped_id", None):
            return Step(watched, (), partial(_heard, head))
        groups = albums(tops)
        posts = self._posts(watched, groups, page)
        return Step(watched, posts, partial(_listed, (head, head), _names(groups)))

    def _still_its_own(self, watched: Watched, chat: TL) -> bool:
        """Whether a channel still has the name it is watched by."""
        names = [getattr(chat, "username", None)]
        names += [one.username for one in getattr(chat, "usernames", None) or () if one.active]
        held = [name.lower() for name in names if name]
        if chat is None or watched.name.lower() in held:
            return True
        now = f"now @{held[0]}" if held else "without a public name"
        hint = f"the channel is {now}: correct the id in the sources file"
        self._register.lose(watched, "handed_over", "the channel gave up its name", hint)
        return False

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
        groups = albums(whole if start == gap[0] else _without_begun_album(whole))
        new, again = _told_apart(groups, watched.coverage)
        posts = self._posts(watched, new, page)
        posts += self._posts(watched, again, page, edits=True)
        vanished = ids.vanished(watched.coverage, (start, reached), [one.id for one in whole])
        missing = await self._missing(watched, vanished)
        posts += self._gone(watched, missing)
        named = {*_names(groups), *vanished}.difference(missing)
        change = partial(_filled, (gap[0], reached), named, missing)
        stored = await self._register.keep([Step(watched, posts, change, as_of=page.pts)])
        watched.filled = reached
        log.info("gap_listed", source=watched.info.id, first=gap[0], last=reached, posts=len(new))
        return sum(one.post.kind == "new" and int(one.post.id) <= watched.told for one in stored)

    async def look_again(
        self, watched: Watched, since: datetime, pages: int, before: int = 0
    ) -> None:
        """List recent posts again, for the edits and deletions that no push told.

        So many pages back from the newest post, or from an id on.
        """
        newest = watched.pts
        head = before - 1 if before else watched.coverage.head if watched.coverage else 0
        recent, first = await self._recent(watched, since, pages, before)
        groups = albums(recent.messages)
        edited = [group for group in groups if any(one.edit_date for one in group)]
        posts = self._posts(watched, edited, recent, edits=True)
        numbers = [message.id for message in recent.messages]
        vanished = (
            ids.vanished(watched.coverage, (first, head), numbers) if watched.coverage else ()
        )
        missing = await self._missing(watched, vanished)
        posts += self._gone(watched, missing)
        step = Step(
            watched,
            posts,
            partial(_seen_again, first if pages > 1 else 0, missing),
            events=((1, newest),) if newest else (),
            relisted_at=self._now() if pages > 1 else 0.0,
            as_of=recent.pts,
        )
        await self._register.keep([step])

    async def believe(self, watched: Watched) -> None:
        """Count every event up to the newest as known: all of them are accounted for."""
        if watched.pts:
            await self._register.keep([Step(watched, (), _same, events=((1, watched.pts),))])

    async def _recent(
        self, watched: Watched, since: datetime, pages: int, before: int
    ) -> tuple[Page, int]:
        """The messages since a time, as far as so many pages go, ascending; the first id of them.

        The first id is where the listing is complete from: lower than the first message when those
        before it are gone.
        """
        found = Page([], {}, self._clock.now())
        offset = before
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
            peer = _input_peer(watched)
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
        posts = self._posts(watched, groups, page, edits=True)
        every = [one.id for one in group]
        await self._register.keep(
            [Step(watched, posts, partial(_known, every, _names(groups)), events, as_of=page.pts)]
        )

    async def _page(self, watched: Watched, *, offset_id: int, forwards: bool = False) -> Page:
        """A page of messages before an id (0 = the newest), or from an id on."""
        answer, asked_at = await self._calls.ask_at(
            functions.messages.GetHistoryRequest(
                peer=_input_peer(watched),
                offset_id=offset_id,
                offset_date=None,
                add_offset=-PAGE if forwards else 0,
                limit=PAGE,
                max_id=0,
                min_id=0,
                hash=0,
            )
        )
        messages = sorted(answer.messages, key=lambda one: int(one.id))
        return Page(messages, by_peer(answer.chats), asked_at, getattr(answer, "pts", 0))

    def _posts(
        self,
        watched: Watched,
        groups: Iterable[list[TL]],
        page: Page,
        *,
        history: bool = False,
        edits: bool = False,
    ) -> list[Received]:
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

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _gone(self, watched: Watched, numbers: Iterable[int]) -> list[Received]:
        channel = _input_peer(watched).channel_id
        now = self._clock.now()
        return [gone(watched.info.id, channel, number, now) for number in numbers]


def _input_peer(watched: Watched) -> Any:  # noqa: ANN401 - Telethon carries no types
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


def _names(groups: Iterable[list[TL]]) -> list[int]:
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


def _heard(head: int, before: Coverage | None) -> Coverage:
    return ids.heard(before, head) if before else ids.began(head + 1, head, ())


def _listed(span: Span, posts: Sequence[int], before: Coverage | None) -> Coverage:
    return ids.listed(before or ids.began(span[0], span[1], ()), span, posts)


def _filled(
    span: Span, posts: Iterable[int], missing: Iterable[int], before: Coverage | None
) -> Coverage:
    """A span was listed; of its posts, and of some before it, these are there and those gone."""
    named = [one for one in posts if one >= span[0]]
    return ids.deleted(_listed(span, named, before), missing)


def _known(every: Sequence[int], posts: Sequence[int], before: Coverage | None) -> Coverage:
    return ids.pushed(_same(before), every, posts)


def _same(before: Coverage | None) -> Coverage:
    return before or ids.began(1, 0, ())


def _seen_again(oldest: int, missing: Sequence[int], before: Coverage | None) -> Coverage:
    """Missing posts are gone; those before an id are too old to be looked at again."""
    coverage = ids.deleted(before or ids.began(1, 0, ()), missing)
    return ids.forgotten(coverage, oldest)
