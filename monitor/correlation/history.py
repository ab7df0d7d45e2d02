"""Values of one history that share one table: whoever is asked takes it over (Baker's arrays).

Only the value last used holds the table; each other one holds the change that leads to it from its
neighbour, the `newer` one, unless it was used since. Going forward costs what the table costs, and
going back (a batch that could not be committed) what has been done since.
"""

from typing import Protocol, Self


class Value(Protocol):
    """One value of a history; the one that holds the table has no newer one."""

    @property
    def newer(self) -> Self | None:
        """The neighbour that its change leads back from."""

    def take_from(self, newer: Self) -> None:
        """Take the table from that neighbour, which holds it."""


def take_over(value: Value) -> None:
    """Let a value hold the table, whichever of its history does."""
    path = [value]
    while path[-1].newer is not None:
        path.append(path[-1].newer)
    for one, newer in zip(path[-2::-1], path[:0:-1], strict=True):
        one.take_from(newer)
