"""What a find means, as one number: a term, or several terms at once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping


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

    def meant(self, concept: int) -> tuple[int, ...]:
        """The terms behind a number."""
        return (concept,) if concept < self.terms else self._sets[concept - self.terms]

    def widened(self, terms: frozenset[int]) -> frozenset[int]:
        """The terms and every set that one of them is in."""
        sets = terms & self.reach.keys()
        return terms.union(*(self.reach[term] for term in sets)) if sets else terms

    def spelled_out(self, found: Iterable[int]) -> set[int]:
        """What was found, with the terms of every set."""
        spelled: set[int] = set()
        for concept in found:
            spelled.update(self.meant(concept))
        return spelled
