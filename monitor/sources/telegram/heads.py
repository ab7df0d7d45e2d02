"""Asking for the newest id of many channels at once, and what it means for their coverage."""

from collections.abc import Sequence
from functools import partial

import structlog
from telethon import functions, types

from monitor.clock import Clock
from monitor.sources.telegram import coverage as ids
from monitor.sources.telegram.ailing import rest, rests
from monitor.sources.telegram.calls import Calls
from monitor.sources.telegram.coverage import Coverage
from monitor.sources.telegram.listing import PAGE, Page, input_peer, listed, names_of, posts_of
from monitor.sources.telegram.message import TL, albums, by_peer
from monitor.sources.telegram.register import Register, Step, Watched
from monitor.sources.telegram.trouble import AnswerError, ChannelLostError

log = structlog.get_logger(__name__)

SPOILT = 20
"""So many failed calls of one comparison are no longer the fault of single channels."""


class Heads:
    """The comparison of many channels with the server."""

    def __init__(self, calls: Calls, register: Register, clock: Clock) -> None:
        self._calls = calls
        self._register = register
        self._clock = clock
        self._spoilt = 0

    async def ask(self, channels: Sequence[Watched]) -> dict[Watched, int]:
        """Learn the newest id of many channels in one call; how many posts that brought to which.

        The newest post comes along: where it is the only one that is missing it is stored at once.

        Raises:
            AnswerError: the server answers one error after the other: it is not single channels.
        """
        now = self._clock.monotonic()
        known = [one for one in channels if one.peer and not one.lost and not rests(one, now)]
        found: dict[Watched, int] = {}
        self._spoilt = 0
        for start in range(0, len(known), PAGE):
            found |= await self._some(known[start : start + PAGE])
        return found

    async def _some(self, channels: list[Watched]) -> dict[Watched, int]:
        """One call; when a channel spoils it, halves of it, down to that channel."""
        peers = [types.InputDialogPeer(input_peer(one)) for one in channels]
        try:
            answer, asked_at = await self._calls.ask_at(
                functions.messages.GetPeerDialogsRequest(peers)
            )
        except (AnswerError, ChannelLostError) as error:
            if len(channels) > 1:
                self._bear(error)
                middle = len(channels) // 2
                found = await self._some(channels[:middle])
                return found | await self._some(channels[middle:])
            self._spoils(channels[0], error)
            return {}
        page = Page(answer.messages, by_peer(answer.chats), asked_at)
        return await self._kept(answer, page)

    def _bear(self, error: AnswerError | ChannelLostError) -> None:
        """Count a call that failed for one of its channels; too many are raised."""
        self._spoilt += isinstance(error, AnswerError)
        if self._spoilt > SPOILT:
            raise error

    def _spoils(self, watched: Watched, error: AnswerError | ChannelLostError) -> None:
        """It is this channel that cannot be asked for."""
        if isinstance(error, AnswerError):
            self._bear(error)
            rest(self._register, watched, error, self._clock)
            return
        hint = "it is private or gone: remove it from the sources file, or join it"
        self._register.lose(watched, "not_found", str(error), hint)

    async def _kept(self, answer: TL, page: Page) -> dict[Watched, int]:
        """Store what an answer says."""
        chats = {chat.id: chat for chat in answer.chats}
        steps: list[Step] = []
        told: list[tuple[Watched, int, int]] = []
        for dialog in answer.dialogs:
            number = getattr(dialog.peer, "channel_id", 0)
            watched = self._register.of_number(number)
            if watched is not None and self._still_its_own(watched, chats.get(number)):
                told.append((watched, dialog.pts or 0, dialog.top_message))
                watched.joined = not getattr(chats.get(number), "left", False)
                steps.append(_headed(watched, dialog.top_message, page))
        kept = await self._register.keep(steps)
        stored = {one.post.source for one in kept}
        for step in steps:
            step.watched.listed(one for one in kept if one.post.source == step.watched.info.id)
        for watched, pts, head in told:  # not before the head is known: its gap must be seen first
            watched.pts, watched.told = pts, head
        return {step.watched: int(step.watched.info.id in stored) for step in steps}

    def _still_its_own(self, watched: Watched, chat: TL) -> bool:
        """Whether a channel still has the name it is watched by."""
        names = [getattr(chat, "username", None)]
        names += [one.username for one in getattr(chat, "usernames", None) or () if one.active]
        held = [name.lower() for name in names if name]
        if chat is None or watched.name.lower() in held:
            return True
        now = f"now @{held[0]}" if held else "without a public name"
        hint = (
            f"the channel is {now}: correct the id in the sources file; to read whoever has the"
            f" name @{watched.name} now, stop monitor: monitor sources accept @{watched.name}"
        )
        self._register.lose(watched, "handed_over", "the channel gave up its name", hint)
        return False


def _headed(watched: Watched, head: int, page: Page) -> Step:
    """That a channel has this newest id; with its post, if no other one is missing."""
    number = watched.peer.number if watched.peer else 0
    tops = [one for one in page.messages if (one.peer_id.channel_id, one.id) == (number, head)]
    coverage = watched.coverage
    alone = coverage is not None and ids.gaps(ids.heard(coverage, head)) == ((head, head),)
    if not alone or not tops or getattr(tops[0], "grouped_id", None):
        return Step(watched, (), partial(_heard, head))
    groups = albums(tops)
    posts = posts_of(watched, groups, page)
    return Step(watched, posts, partial(listed, (head, head), names_of(groups)))


def _heard(head: int, before: Coverage | None) -> Coverage:
    return ids.heard(before, head) if before else ids.began(head + 1, head, ())
