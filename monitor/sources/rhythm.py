"""When a source is worth another look: by the rhythm of its posts, or after a failure."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from statistics import median

# A source is asked this often within the time in which it usually posts once.
LOOKS_PER_POST = 4
RECENT = 10
SHORTEST = 5.0
LONGEST = 300.0


def interval(
    published: Sequence[datetime], now: datetime, shortest: float, longest: float
) -> float:
    """Seconds until a source is worth another look, by the rhythm of its latest posts.

    A quarter of the usual distance of its posts, where the silence since the last one counts too;
    of the last three only, if these came faster.
    """
    recent = sorted(published)[-RECENT:]
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(recent)]
    if not gaps:
        return longest
    silence = (now - recent[-1]).total_seconds()
    usual = min(median(gaps), median([*gaps[-2:], silence]))
    return min(max(max(usual, silence / 2) / LOOKS_PER_POST, shortest), longest)


class Pauses:
    """5 s, 10 s, 20 s ... 300 s; said at the first failure, then the 4th, the 16th, the 64th ..."""

    def __init__(self) -> None:
        self._failures = 0

    def longer(self) -> float:
        """Count a failure; the seconds to wait before the next try."""
        self._failures += 1
        return min(SHORTEST * (1 << min(self._failures - 1, 10)), LONGEST)

    def over(self) -> None:
        """It works again."""
        self._failures = 0

    def worth_saying(self) -> bool:
        """Whether this failure is one of those that are logged."""
        count = self._failures
        return count > 0 and count & (count - 1) == 0 and count.bit_length() % 2 == 1
