"""Posts that no rule has to do with, let through cheaply: nineteen of twenty.

Such a post changes nothing but the time and when its platform was heard. Where more could change
(something is due, an hour is over, the post is known) it takes the usual way, `decide`.
"""

from datetime import UTC, datetime

import msgspec

from monitor.correlation.blindness import LEAST_GAP, Heard, hearing
from monitor.correlation.changes import Book
from monitor.correlation.clues import MOST
from monitor.correlation.decide import JUMP
from monitor.correlation.event import Decision
from monitor.correlation.windows import State
from monitor.post import PostName

NEVER = datetime.min.replace(tzinfo=UTC)

PASSED = Decision(outcome="unmatched", reason="no rule holds")
"""What `decide` says of such a post."""


class Passing:
    """One state, and the posts that have passed since: `state` is what `decide` would have made."""

    def __init__(self, state: State, book: Book) -> None:
        self._before = state
        self._now = state.now
        self._heard: dict[str, Heard] = {}
        self._last: dict[str, datetime] = {}
        """When each of these platforms was heard last, without a gap since."""
        self._until = _quiet_until(state, book)
        # Valid as long as only this state is asked:
        self._backing, self._noted = state.by_post.keys(), state.clues.posts.keys()

    def takes(self, name: PostName, seen: datetime, *, history: bool) -> bool:
        """Whether a new post without hits, seen at this time, passes; if not, decide about it."""
        now = self._now
        if now is None or seen >= self._until:
            return False
        if seen > now:
            self._now = seen
        elif now - seen > JUMP:
            return False
        source = name.source
        post = (source, name.id)
        if post in self._backing or post in self._noted:
            return False
        if not history:
            platform = source.partition(":")[0]
            last = self._last.get(platform)
            if last is None or seen - last >= LEAST_GAP:
                self._hear(platform, seen)
            elif seen > last:
                self._last[platform] = seen
        return True

    def _hear(self, platform: str, seen: datetime) -> None:
        """A platform that is heard for the first time, or after a gap."""
        heard = self._heard_of(platform) or self._before.heard.get(platform)
        self._heard[platform] = heard = hearing(heard, seen)
        self._last[platform] = heard.last

    def _heard_of(self, platform: str) -> Heard | None:
        heard = self._heard.get(platform)
        if heard is None:
            return None
        return Heard(self._last[platform], heard.gap_from, heard.gap_to)

    @property
    def state(self) -> State:
        """The state after all that has passed."""
        before = self._before
        heard = before.heard
        for platform in self._heard:
            latest = self._heard_of(platform)
            if latest is not None and heard.get(platform) != latest:
                heard = {**heard, platform: latest}
        if heard is before.heard and self._now is before.now:
            return before
        return msgspec.structs.replace(before, now=self._now, heard=heard)


def _quiet_until(state: State, book: Book) -> datetime:
    """Until when a post without hits changes nothing else."""
    clues = state.clues
    if len(state.missed) or clues.watching is not book.watches or book.watchers.get(""):
        return NEVER
    if clues.size > MOST:
        return NEVER
    first = min((clues.floor + 1) * 3600.0, state.deadlines.first, clues.alarms.first)
    return datetime.fromtimestamp(first, UTC)
