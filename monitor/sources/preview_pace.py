"""How often Telegram's web preview is asked: politely.

No limits are published. What is done instead: one request each 2 to 4 seconds over all channels,
Retry-After obeyed, and a hold that doubles whenever we seem to be banned.
"""

import random

from monitor.clock import Clock

FIRST_HOLD = 60.0
LONGEST_HOLD = 1800.0


class Pace:
    """The one queue through which all requests to the preview go."""

    def __init__(self, clock: Clock, rng: random.Random, between: tuple[float, float]) -> None:
        self._clock = clock
        self._rng = rng
        self._between = between
        self._free_at = clock.monotonic()
        self._next_hold = FIRST_HOLD

    async def turn(self) -> None:
        """Wait until a request may be made, and take the turn."""
        while (wait := self._free_at - self._clock.monotonic()) > 0:
            await self._clock.sleep(wait)
        self._free_at = self._clock.monotonic() + self._rng.uniform(*self._between)

    def hold(self, seconds: float | None = None) -> float:
        """Make no request for so long; unsaid, for twice as long as the last time. The seconds."""
        if seconds is None:
            seconds = self._next_hold
            self._next_hold = min(2 * self._next_hold, LONGEST_HOLD)
        self._free_at = max(self._free_at, self._clock.monotonic() + seconds)
        return seconds

    def served(self) -> None:
        """A page was served as it should be: the next hold is a short one again."""
        self._next_hold = FIRST_HOLD
