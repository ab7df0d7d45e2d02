"""Pushed updates: kept in a bounded queue, then turned into posts and coverage."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

import structlog
from telethon import types

from monitor.post import Received
from monitor.sources.telegram import coverage as ids
from monitor.sources.telegram.coverage import Coverage
from monitor.sources.telegram.message import TL, albums, gone, received
from monitor.sources.telegram.register import Step, Watched

log = structlog.get_logger(__name__)

LIMIT = 20_000
KINDS = (
    types.UpdateNewChannelMessage,
    types.UpdateEditChannelMessage,
    types.UpdateDeleteChannelMessages,
    types.UpdateChannel,
    types.UpdateChannelTooLong,
    types.UpdatesTooLong,
)


class Pushed(NamedTuple):
    """An update of one of these kinds, and the chats that came with it, by marked peer id."""

    update: TL
    chats: Mapping[int, TL]


class Pushes:
    """What was pushed and is not stored yet.

    Beyond the limit pushes are dropped: their ids come up as gaps and are listed. So neither memory
    nor posts are lost when the store is slower than Telegram.
    """

    def __init__(self) -> None:
        self._waiting: deque[Pushed] = deque()
        self._arrived = asyncio.Event()
        self.dropped = 0

    def put(self, update: TL, chats: Mapping[int, TL]) -> None:
        """Keep an update if it is about channels; called as it comes, does nothing else."""
        if not isinstance(update, KINDS):
            return
        if len(self._waiting) >= LIMIT:
            self.dropped += 1
            return
        self._waiting.append(Pushed(update, chats))
        self._arrived.set()

    async def take(self, most: int) -> list[Pushed]:
        """The oldest waiting updates, as soon as there are any."""
        while not self._waiting:
            self._arrived.clear()
            await self._arrived.wait()
        return [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]

    def more(self, most: int) -> list[Pushed]:
        """What is waiting now."""
        return [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]


class Sorted(NamedTuple):
    """The updates of one channel, by what happened."""

    new: list[TL]
    edited: list[tuple[TL, int]]
    """Edited messages, each with the number of its event."""
    unsure: list[tuple[TL, ids.Span]]
    """Edited messages that do not tell all: of an album, or overtaken by a later event."""
    deleted: list[int]
    chats: dict[int, TL]
    events: list[ids.Span]
    """The numbers of the events, but for those of `unsure`."""
    itself: list[TL]
    """News of the channel: its name, its title, whether it may be read, that much was missed."""


def by_channel(pushed: Iterable[Pushed], newest: Callable[[int], int]) -> dict[int, Sorted]:
    """Updates sorted by their channel's numeric id, in the order of the channel's events.

    `newest` gives the number of a channel's newest event that is known already.
    """
    found: dict[int, Sorted] = {}
    for update, chats in sorted(pushed, key=_event):
        number = channel_of(update)
        one = found.setdefault(number, Sorted([], [], [], [], {}, [], []))
        one.chats.update(chats)
        _sort(update, one, newest)
    return found


def _event(pushed: Pushed) -> int:
    return getattr(pushed.update, "pts", None) or 0


def _sort(update: TL, one: Sorted, newest: Callable[[int], int]) -> None:
    pts, count = getattr(update, "pts", None) or 0, getattr(update, "pts_count", 0)
    if isinstance(update, types.UpdateNewChannelMessage):
        one.new.append(update.message)
    elif isinstance(update, types.UpdateEditChannelMessage):
        if getattr(update.message, "grouped_id", None) or pts < newest(channel_of(update)):
            one.unsure.append((update.message, (pts - count + 1, pts)))
            return
        one.edited.append((update.message, pts))
    elif isinstance(update, types.UpdateDeleteChannelMessages):
        one.deleted.extend(update.messages)
    else:
        one.itself.append(update)
        return
    one.events.append((pts - count + 1, pts))


def channel_of(update: TL) -> int:
    """The numeric id of the channel that an update is about; 0 = none."""
    message = getattr(update, "message", None)
    peer = getattr(message, "peer_id", None)
    return int(getattr(update, "channel_id", None) or getattr(peer, "channel_id", None) or 0)


def waits_for_its_album(pushed: Sequence[Pushed]) -> bool:
    """Whether the last update belongs to a new album of which more may come."""
    if not isinstance(pushed[-1].update, types.UpdateNewChannelMessage):
        return False
    message = pushed[-1].update.message
    return bool(getattr(message, "grouped_id", None))


def steps(watched: Watched, happened: Sorted, now: datetime) -> list[Step]:
    """What happened in a channel as what is to be stored; `unsure` is not in it."""
    source = watched.info.id
    events = tuple(span for span in happened.events if span[0] <= span[1])
    found = [Step(watched, (), _same, events)] if events else []
    if happened.new:
        groups = albums(happened.new)
        posts = [received(source, group, happened.chats, observed_at=now) for group in groups]
        every = [message.id for message in happened.new]
        names = [group[0].id for group in groups]
        found.append(Step(watched, posts, partial(_pushed, every, names), pushed=True))
    for message, event in happened.edited:
        edit = received(source, [message], happened.chats, kind="edit", observed_at=now)
        every = [message.id]
        # covered by it: the post's own push may come late, and says less
        found.append(Step(watched, [edit], partial(_pushed, every, every), as_of=event))
    if happened.deleted and watched.peer is not None:
        found.append(_deletions(watched, happened.deleted, watched.peer.number, now))
    return found


def _deletions(watched: Watched, numbers: Sequence[int], channel: int, now: datetime) -> Step:
    """Deletions; those that name no stored post are left out when they are kept."""
    posts: list[Received] = [gone(watched.info.id, channel, one, now) for one in numbers]
    return Step(watched, posts, partial(_deleted, tuple(numbers)))


def _pushed(every: Sequence[int], names: Sequence[int], before: Coverage | None) -> Coverage:
    return ids.pushed(before or ids.began(min(every), min(every) - 1, ()), every, names)


def _deleted(numbers: Sequence[int], before: Coverage | None) -> Coverage:
    return ids.deleted(before or ids.began(1, 0, ()), numbers)


def _same(before: Coverage | None) -> Coverage:
    return before or ids.began(1, 0, ())
