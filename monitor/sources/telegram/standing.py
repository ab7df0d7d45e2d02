"""Whether an account may list channels: one that has to wait for long is as good as lost."""

from datetime import timedelta

from monitor.clock import Clock
from monitor.sources.telegram.calls import Calls
from monitor.sources.telegram.register import AccountBoard

LISTING = ("messages.getHistory", "messages.getPeerDialogs")
"""What completeness takes."""


class Standing:
    """Watches the flood waits of one connection, and says when a long one begins and ends."""

    def __init__(self, calls: Calls, board: AccountBoard, clock: Clock, long: float) -> None:
        self._calls = calls
        self._board = board
        self._clock = clock
        self._long = long
        self._flooded = False

    def look(self, *, connected: bool = False) -> None:
        """See how it is now, and tell what has changed; `connected` when it has just come up."""
        barred = self._calls.barred(*LISTING)
        if barred > (0.0 if self._flooded else self._long):
            until = self._clock.now() + timedelta(seconds=barred)
            reason = f"Telegram lets it list no channels until {until:%F %T} UTC"
            self._board.flooded(reason, until)
            self._flooded = True
        elif self._flooded or connected:
            self._flooded = False
            self._board.well()

    def at_most(self, seconds: float) -> float:
        """How long to wait for the next sweep: no longer than the flood lasts."""
        if not self._flooded:
            return seconds
        return min(seconds, self._calls.barred(*LISTING) + 0.1)
