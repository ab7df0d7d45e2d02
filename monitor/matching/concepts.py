"""What a find means, as one number: a term, several terms at once, or an open question."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

Terms = frozenset[int]
OPEN = -1
"""The number of every find of which only the text itself can tell what it says."""


class Concepts:
    """Numbers below `terms` are the terms and what else has a number; sets of terms follow."""

    def __init__(self, terms: int) -> None:
        self.terms = terms
        self.reach: Mapping[int, list[int]] = defaultdict(list)
        """The sets that a term is in, if any."""
        self._sets: list[tuple[int, ...]] = []
        self._known: dict[tuple[int, ...], int] = {}
        self.nothing = self.of(())
        """The empty set: what is filed under it is near every post."""

    def of(self, terms: Iterable[int]) -> int:
        """The number of a set of terms."""
        key = tuple(sorted(set(terms)))
        if len(key) == 1:
            return key[0]
        if key not in self._known:
            self._known[key] = number = self.terms + len(self._sets)
            self._sets.append(key)
            for term in key:
                self.reach[term].append(number)
        return self._known[key]

    @property
    def count(self) -> int:
        """How many numbers there are."""
        return self.terms + len(self._sets)

    def meant(self, concept: int) -> tuple[int, ...]:
        """The terms behind a number that is no open question."""
        return (concept,) if concept < self.terms else self._sets[concept - self.terms]

    def widened(self, terms: Terms) -> Terms:
        """The terms, and every set that one of them is in."""
        more = terms & self.reach.keys()
        return terms.union(*(self.reach[term] for term in more)) if more else terms

    def spelled_out(self, found: Iterable[int]) -> set[int]:
        """What was found, with the terms of every set."""
        spelled: set[int] = set()
        for concept in found:
            spelled.update(self.meant(concept))
        return spelled
