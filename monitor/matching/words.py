"""The words of one post that make its rules hold."""

from collections.abc import Callable, Sequence

import msgspec

from monitor.hit import Found
from monitor.rulebook.plan import Group


class Words(msgspec.Struct):
    """Found for all rules of the post together, when the first hit is asked for its own.

    `find` gives the terms' numbers and finds in the order of the text.
    """

    find: Callable[[], Sequence[tuple[int, Found]]]
    _found: Sequence[tuple[int, Found]] | None = None

    def of(self, wanted: Group) -> tuple[Found, ...]:
        """The finds of these terms."""
        if self._found is None:
            self._found = self.find()
        return tuple([found for term, found in self._found if term in wanted])
