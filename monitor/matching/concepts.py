"""What a find means, as one number: a term, several terms at once, or a question."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

Terms = frozenset[int]


class Concepts:
    """Numbers below `terms` are the terms and what else has a number; sets of terms follow.

    A negative number is a question: a find that may say any of certain terms, which only the text
    itself can tell. All finds that may say the same are one question.
    """

    def __init__(self, terms: int) -> None:
        self.terms = terms
        self.reach: Mapping[int, list[int]] = defaultdict(list)
        """The sets that a term is in, and the questions that may lead to it, if any."""
        self._sets: list[tuple[int, ...]] = []
        self._known: dict[tuple[int, ...], int] = {}
        self._leads: list[Terms] = []
        self._questions: dict[Terms, int] = {}
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

    def question(self, leads: Terms) -> int:
        """The number of the question that may lead to these terms."""
        if leads not in self._questions:
            self._leads.append(leads)
            self._questions[leads] = number = -len(self._leads)
            for term in leads:
                self.reach[term].append(number)
        return self._questions[leads]

    @property
    def count(self) -> int:
        """How many numbers there are, questions too."""
        return self.terms + len(self._sets) + len(self._leads)

    def leads(self, question: int) -> Terms:
        """The terms that a question may lead to."""
        return self._leads[-1 - question]

    def meant(self, concept: int) -> tuple[int, ...]:
        """The terms behind a number that is no question."""
        return (concept,) if concept < self.terms else self._sets[concept - self.terms]

    def widened(self, terms: Terms) -> Terms:
        """The terms, every set that one of them is in, and every question that may lead to one."""
        more = terms & self.reach.keys()
        return terms.union(*(self.reach[term] for term in more)) if more else terms

    def spelled_out(self, found: Iterable[int]) -> set[int]:
        """What was found for certain, with the terms of every set."""
        spelled: set[int] = set()
        for concept in found:
            spelled.update(self.meant(concept))
        return spelled
