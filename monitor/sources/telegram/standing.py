"""Whether an account may list channels: one that has to wait for long is as good as lost."""

from datetime import datetime, timedelta

from monitor.clock import Clock
from monitor.sources.telegram.calls import Calls
from monitor.sources.telegram.register import AccountBoard

LISTING = ("messages.getHistory", "messages.getPeerDialogs")
"""What completeness takes."""
SAME = timedelta(seconds=5)
"""Ends of a flood wait no further apart than this are one."""


class Standing:
    """Watches the flood waits of one connection, and says when a long one begins and ends."""

    def __init__(self, calls: Calls, board: AccountBoard, clock: Clock, long: float) -> None:
        self._calls = calls
        self._board = board
        self._clock = clock
        self._long = long
        self._until: datetime | None = None

    def look(self, *, connected: bool = False) -> None:
        """See how it is now, and tell what has changed; `connected` when it has just come up."""
        barred = self._calls.barred(*LISTING)
        if barred > (self._long if self._until is None else 0.0):
            until = self._clock.now() + timedelta(seconds=barred)
            if self._until is None or until - self._until > SAME:
                reason = f"Telegram lets it list no channels until {until:%F %T} UTC"
                self._board.flooded(reason, until)
                self._until = until
        elif self._until is not None or connected:
            self._until = None
            self._board.well()

    def at_most(self, seconds: float) -> float:
        """How long to wait for the next sweep: no longer than the flood lasts."""
        if self._until is None:
            return seconds
        return min(seconds, self._calls.barred(*LISTING) + 0.1)
