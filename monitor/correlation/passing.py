"""Posts that no rule has to do with, let through cheaply: nineteen of twenty.

Such a post changes nothing but the time and when its platform was heard. Where more could change
(something is due, an hour is over, the post is known) it takes the usual way, `decide`.
"""

from datetime import datetime

import msgspec

from monitor.correlation.blindness import Heard, hearing, platform_of
from monitor.correlation.changes import Book
from monitor.correlation.clues import MOST
from monitor.correlation.decide import JUMP
from monitor.correlation.event import Decision
from monitor.correlation.windows import State
from monitor.post import PostName

PASSED = Decision(outcome="unmatched", reason="no rule holds")
"""What `decide` says of such a post."""


class Passing:
    """One state, and the posts that have passed since: `state` is what `decide` would have made."""

    def __init__(self, state: State, book: Book) -> None:
        self._before = state
        self._now = state.now
        self._heard: dict[str, Heard] = {}
        self._until = _quiet_until(state, book)

    def takes(self, name: PostName, seen: datetime, *, history: bool) -> bool:
        """Whether a new post without hits, seen at this time, passes; if not, decide about it."""
        now, state = self._now, self._before
        if now is None or seen.timestamp() >= self._until:
            return False
        if seen > now:
            self._now = seen
        elif now - seen > JUMP:
            return False
        post = (name.source, name.id)
        if post in state.by_post or post in state.clues.posts:
            return False
        if not history:
            platform = platform_of(name.source)
            heard = self._heard.get(platform) or state.heard.get(platform)
            self._heard[platform] = hearing(heard, seen)
        return True

    @property
    def state(self) -> State:
        """The state after all that has passed."""
        before = self._before
        heard = before.heard
        for platform, latest in self._heard.items():
            if heard.get(platform) != latest:
                heard = heard.insert(platform, latest)
        if heard is before.heard and self._now is before.now:
            return before
        return msgspec.structs.replace(before, now=self._now, heard=heard)


def _quiet_until(state: State, book: Book) -> float:
    """Until when, in seconds since 1970, a post without hits changes nothing else; 0 = never."""
    clues = state.clues
    if len(state.missed) or clues.watching is not book.watches or book.watchers.get(""):
        return 0.0
    if clues.size > MOST:
        return 0.0
    return min((clues.floor + 1) * 3600.0, state.deadlines.first, clues.alarms.first)
