"""The client library without its memory of updates: what is pushed comes straight to us.

Telethon holds pushes back until they are in order, drops what it takes for known, and fills gaps
by itself: a call for each hundred posts and for each channel that was quiet, as many and as fast as
it likes, no budget asked. Our coverage of ids tells the same gaps, and they are listed within the
budget. What is left of Telethon's part here is its queue of received updates.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from telethon import TelegramClient, types, utils

TL = Any  # Telethon's classes carry no types
Take = Callable[[TL, Mapping[int, TL]], None]
"""Takes one update and the chats that came with it, by marked peer id; never waits."""


class Listener(TelegramClient):  # type: ignore[misc]  # Telethon carries no types
    """A client that hands each pushed update to `take` as it comes."""

    take: Take = staticmethod(lambda _update, _chats: None)

    async def _update_loop(self) -> None:
        """Run by Telethon from the connection's beginning to its end."""
        while True:
            for update, chats in unwrapped(await self._updates_queue.get()):
                self.take(update, chats)


def unwrapped(pushed: TL) -> Iterable[tuple[TL, Mapping[int, TL]]]:
    """The updates in what the server sent at once, each with the chats that came along.

    Telethon's classes of one update (private chats, read marks ...) come too; UpdatesTooLong stands
    for what the server would not send.
    """
    if isinstance(pushed, (types.Updates, types.UpdatesCombined)):
        chats = {utils.get_peer_id(chat): chat for chat in pushed.chats}
        for update in pushed.updates:
            yield update, chats
    elif isinstance(pushed, types.UpdateShort):
        yield pushed.update, {}
    else:
        yield pushed, {}
