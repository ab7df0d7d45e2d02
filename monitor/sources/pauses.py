"""Growing pauses between tries, and when a lasting trouble is worth another line in the log."""

SHORTEST = 5.0
LONGEST = 300.0


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
