"""Rules in force with some of them changed: a large matcher that stays, and a small one over it.

Making the automaton of ten thousand rules anew takes seconds, a changed file concerns some dozens.
So those are compiled alone; what the large matcher says of them is left out. Two layers say what
one matcher of all rules would say.
"""

from collections.abc import Callable, Iterator, Sequence
from heapq import merge
from operator import attrgetter
from typing import NamedTuple, cast

from msgspec import structs

from monitor.hit import Found, Hit
from monitor.matching.evaluate import Matcher, Size
from monitor.matching.scan import RawFind, Readings
from monitor.matching.seen import Seen
from monitor.post import Post, PostName
from monitor.rule import Rule
from monitor.rulebook.book import Rulebook
from monitor.rulebook.packed import Shelf
from monitor.source import SourceInfo


class Both(NamedTuple):
    """What each layer found in a text; None where no rule of it holds."""

    below: Readings | None
    above: Readings | None


class Layered(Matcher):
    """A matcher of all rules of `rulebook`: those in `below` but the hidden ones, and `above`."""

    def __init__(  # what a Matcher holds is in the two
        self, below: Matcher, above: Matcher, hidden: frozenset[str], rulebook: Rulebook
    ) -> None:
        """`hidden`: the rules of `below` that were changed or taken out; `above` has its own.

        Where there are other places, `above` knows them, and the rules that ask for places.
        """
        self.below = below.speaking_for(rulebook)
        self.above = above.speaking_for(rulebook)
        self.rulebook = rulebook
        self.gazetteer = above.gazetteer
        ids = below.rule_ids
        self._hidden = frozenset(at for at, one in enumerate(ids) if one in hidden)
        self._count = len(ids)

    def __reduce__(self) -> tuple[type["Layered"], tuple[object, ...]]:
        """As it was made."""
        hidden = frozenset(self.below.rule_ids[at] for at in self._hidden)
        return Layered, (self.below, self.above, hidden, self.rulebook)

    @property
    def size(self) -> Size:
        """How large both are together."""
        below, above = self.below.size, self.above.size
        rules = len(self.rulebook.rules)
        return Size(rules, below.terms + above.terms, below.patterns + above.patterns)

    @property
    def scan(self) -> Callable[[bytes], list[RawFind]]:
        """The raw pass of the larger one."""
        return self.below.scan

    @property
    def rule_ids(self) -> tuple[str, ...]:
        """The ids of its rules."""
        return tuple(rule.id for rule in self.rulebook.rules)

    def tried(self, text: str) -> int:
        """How many rules come near a text."""
        return self.below.tried(text) + self.above.tried(text)

    def look(self, text: str) -> Readings:
        """Look for every term of both."""
        return cast("Readings", Both(self.below.look(text), self.above.look(text)))

    def judge(self, post: Post) -> tuple[list[int], Readings] | None:
        """The rules that hold; numbers beyond those of `below` are those of `above`."""
        below, above = self.below.judge(post), self.above.judge(post)
        if below is None and above is None:
            return None
        holding = [one for one in below[0] if one not in self._hidden] if below else []
        if above:
            holding += [self._count + one for one in above[0]]
        if not holding:
            return None
        return holding, cast("Readings", Both(below and below[1], above and above[1]))

    def hits(
        self, post: Post, name: PostName, holding: Sequence[int], readings: Readings
    ) -> Iterator[Hit]:
        """The rules that hold, in the order of their ids."""
        below, above = cast("Both", readings)
        lower = [one for one in holding if one < self._count]
        upper = [one - self._count for one in holding if one >= self._count]
        hits = [
            matcher.hits(post, name, numbers, found)
            for matcher, numbers, found in ((self.below, lower, below), (self.above, upper, above))
            if numbers and found is not None
        ]
        return merge(*hits, key=attrgetter("rule.id"))

    def seen(
        self,
        readings: Readings,
        who: SourceInfo,
        post: Post | None = None,
        wanted: frozenset[int] | None = None,
    ) -> Seen:
        """What was found of every term of both; `wanted` is not looked at."""
        del wanted
        below, above = cast("tuple[Readings, Readings]", readings)

        def found() -> dict[str, Sequence[Found]]:
            under = self.below.seen(below, who, post).finds
            return {**under, **self.above.seen(above, who, post).finds}

        return Seen(found, below[0][1].text, who, post)

    def terms_named(self, rule: Rule) -> frozenset[int]:
        """For `seen`, which needs none."""
        del rule
        return frozenset()


class Change(NamedTuple):
    """The rules that differ from others in force, compiled; `hidden`: the ids they replace."""

    hidden: frozenset[str]
    above: Matcher

    def over(self, below: Matcher) -> Matcher:
        """All rules: the others with these over them."""
        book, under = self.above.rulebook, below.rulebook.rules
        assert isinstance(book, Rulebook)  # noqa: S101 - it was bound
        assert isinstance(under, Shelf)  # noqa: S101 - the same
        assert isinstance(book.rules, Shelf)  # noqa: S101 - the same
        rules = under.with_others(self.hidden, book.rules)
        whole = structs.replace(book, rules=rules)
        if not self.hidden and not book.rules:
            return below.speaking_for(whole)
        return Layered(below, self.above, self.hidden, whole)
