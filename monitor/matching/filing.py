"""Under which finds each rule is filed, and how it is tried when one of them comes up.

Filing is done for all rules at once; how a rule is tried is worked out when it first comes near:
most rules of a large rulebook never do, and a start waits for none of them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple, TypeVar

from monitor.loosely import loosely
from monitor.matching.concepts import Concepts
from monitor.rule import Rule
from monitor.rulebook.compile import texts_of
from monitor.rulebook.conditions import Numbers, Test, asked_in, number_of
from monitor.rulebook.plan import Group, Plan, necessary, plan
from monitor.rulebook.where import wheres_in


class Trial(NamedTuple):
    """How a rule is tried: see `monitor.rulebook.plan.Plan`.

    Groups are of concepts, an open question among them as good as a find. The rule is `filed` under
    one group; `group` is the one that is asked first when it comes near, `more` are asked then. The
    rest are: what must not be found, who must speak, the exact test, and the rule's number.
    """

    more: tuple[Group, ...]
    none: Group
    speaks: Test | None
    test: Test | None
    number: int
    group: Group
    filed: Group

    def possible(self, found: AbstractSet[int]) -> bool:
        """Whether the rule may hold if open questions are answered in its favour."""
        none = self.none & found
        return (not none or max(none) < 0) and _met(self.more, found)

    def stands(self, found: AbstractSet[int]) -> bool:
        """Whether all groups are met, and nothing is found that must not be."""
        if self.group.isdisjoint(found) or self.filed.isdisjoint(found):
            return False
        return self.none.isdisjoint(found) and _met(self.more, found)


Near = tuple[Group | None, Mapping[int, tuple[Trial, ...]]]
"""Of the rules filed under a concept: what of it must be found, else none holds; for each of that,
those to be tried. So a rule that cannot hold costs nothing of its own, not even its memory.
None: not yet made."""
_UNMADE: Near = (None, {})


class Filing:
    """The rules of a rulebook by what brings them near."""

    def __init__(
        self,
        rules: Sequence[Rule],
        numbers: Numbers,
        frequency: Sequence[float],
        concepts: Concepts,
    ) -> None:
        """File every rule under the rarest of its necessary groups."""
        self._rules = rules
        self._numbers = numbers
        self._frequency = frequency
        self._concepts = concepts
        self._pivots: list[Group | None] = []
        filed: dict[int, list[int]] = {}
        for number, rule in enumerate(rules):
            groups = necessary(rule.when, numbers, frequency.__getitem__)
            self._pivots.append(groups[0] if groups else None)
            under = concepts.widened(groups[0]) if groups else (concepts.nothing,)
            for concept in under:
                filed.setdefault(concept, []).append(number)
        self.filed: Mapping[int, tuple[int, ...]] = {one: tuple(of) for one, of in filed.items()}
        self._ready()

    def take(self, rules: Sequence[Rule]) -> None:
        """The same rules, written elsewhere."""
        self._rules = rules
        self._ready()

    def __getstate__(self) -> dict[str, object]:
        """All but what is made when first asked for: functions do not travel."""
        kept = ("_rules", "_numbers", "_frequency", "_concepts", "_pivots", "filed")
        return {name: getattr(self, name) for name in kept}

    def __setstate__(self, state: dict[str, object]) -> None:
        """Begin again with nothing made."""
        vars(self).update(state)
        self._ready()

    def _ready(self) -> None:
        self.near: list[Near | None] = [None] * self._concepts.count
        """By concept, questions from the end: what is filed under it, if anything."""
        for concept in self.filed:
            self.near[concept] = _UNMADE
        self._same: dict[Group, Group] = {}
        self.plans = _Made(loosely(self._plan))
        """By rule: how it is tried."""
        self._named = _Made(loosely(self.named))
        self.under = frozenset(self.filed)
        """All that some rule is filed under."""
        self.always = self._concepts.nothing in self.filed
        """Whether some rule has no necessary group: it is tried on every post."""

    def made(self, concept: int) -> tuple[Group, Mapping[int, tuple[Trial, ...]]]:
        """Work out what is filed under a concept; `near` has it from then on."""
        by: dict[int, list[Trial]] = {}
        for trial in map(self.trial, self.filed.get(concept, ())):
            for one in trial.group:
                by.setdefault(one, []).append(trial)
        near = frozenset(by), {one: tuple(trials) for one, trials in by.items()}
        self.near[concept] = near
        return near

    def _plan(self, number: int) -> Plan:
        rule, pivot = self._rules[number], self._pivots[number]
        return plan(rule, pivot, self._numbers, self._frequency.__getitem__)

    def trial(self, number: int) -> Trial:
        """The same with what the engine counts in."""
        made = self.plans[number]
        groups = tuple(map(self._concepts.widened, made.groups))
        filed = self._pivots[number]
        under = self._concepts.widened(filed) if filed else frozenset({self._concepts.nothing})
        none = self._concepts.widened(made.none)
        none = self._same.setdefault(none, none)  # many rules share them: fewer are more at hand
        first, more = (groups[0], groups[1:]) if groups else (under, ())
        return Trial(more, none, made.speaks, made.test, number, first, under)

    def terms_of(self, numbers: Iterable[int]) -> Group:
        """All terms that rules name, the sides of two words near each other too."""
        return frozenset[int]().union(*map(self._named.__getitem__, numbers))

    def named(self, number: int) -> Group:
        """All terms of one rule."""
        return terms_named(self._rules[number], self._numbers)

    def questions(self, numbers: Iterable[int]) -> set[int]:
        """What rules ask of the post itself, by number."""
        whens = (self._rules[number].when for number in numbers)
        return {number_of(one, self._numbers) for when in whens for one in asked_in(when)}


def terms_named(rule: Rule, numbers: Numbers) -> Group:
    """All terms of a rule, the sides of two words near each other and its places too."""
    places = (numbers[where.text] for where in wheres_in(rule.when))
    return frozenset((*(numbers[text] for text in texts_of(rule)), *places))


def _met(groups: Sequence[Group], found: AbstractSet[int]) -> bool:
    """Whether each group is met."""
    return not any(group.isdisjoint(found) for group in groups)


T = TypeVar("T")


class _Made(dict[int, T]):
    """What is made of a number, when first asked for."""

    def __init__(self, make: Callable[[int], T]) -> None:
        self._make = make

    def __missing__(self, number: int) -> T:
        self[number] = made = self._make(number)
        return made
