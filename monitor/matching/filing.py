"""Under which finds each rule is filed, and how it is tried when one of them comes up.

Filing is done for all rules at once; how a rule is tried is worked out when it first comes near:
most rules of a large rulebook never do, and a start waits for none of them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple, TypeVar

from monitor.loosely import loosely
from monitor.matching.concepts import Concepts
from monitor.rule import AllOf, Rule
from monitor.rulebook.compile import texts_of
from monitor.rulebook.conditions import Numbers, Test, asked_in, number_of, tested
from monitor.rulebook.packed import Packed
from monitor.rulebook.plan import Group, Plan, exact_test, plan, wanted
from monitor.rulebook.where import wheres_in


class Trial(NamedTuple):
    """How a rule is tried whose first group is met: see `monitor.rulebook.plan.Plan`.

    Groups are of concepts: those that must be met too, and what must not be found. Then who must
    speak, and the exact test.
    """

    number: int
    none: tuple[int, ...]
    more: tuple[Group, ...]
    speaks: Test | None
    test: Test | None

    def met(self, found: AbstractSet[int]) -> bool:
        """Whether all other groups are met, too."""
        return not any(group.isdisjoint(found) for group in self.more)


Wanted = tuple[int, ...]
Trials = Mapping[int, tuple[Trial, ...]]
"""Of the rules filed under a concept: what of it must be found for any to be tried (`Wanted`), and
those to be tried by that; under the concept itself those that ask for nothing else. So a rule that
cannot hold costs nothing of its own."""


class Filing:
    """The rules of a rulebook by what brings them near."""

    def __init__(
        self,
        rules: Sequence[Rule],
        groups_of: Sequence[Sequence[Group]],
        numbers: Numbers,
        concepts: Concepts,
        first: int,
    ) -> None:
        """File every rule under the first of its necessary groups, the rarest.

        `first`: rules are filed under this number and later ones.
        """
        self.first = first
        self._rules = rules
        self._numbers = numbers
        self._concepts = concepts
        filed: dict[int, list[int]] = {}
        plans: list[Plan] = []
        for number, (rule, groups) in enumerate(zip(rules, groups_of, strict=True)):
            plans.append(plan(rule, groups[1:], numbers))
            under = concepts.widened(groups[0]) if groups else (concepts.nothing,)
            for concept in under:
                filed.setdefault(concept, []).append(number)
        self._plans = Packed(plans)
        self.filed: Mapping[int, tuple[int, ...]] = {one: tuple(of) for one, of in filed.items()}
        self._ready()

    def take(self, rules: Sequence[Rule]) -> None:
        """The same rules, written elsewhere."""
        self._rules = rules
        self._ready()

    def __getstate__(self) -> dict[str, object]:
        """All but what is made when first asked for: functions do not travel."""
        kept = ("_rules", "_numbers", "_concepts", "_plans", "filed", "first")
        return {name: getattr(self, name) for name in kept}

    def __setstate__(self, state: dict[str, object]) -> None:
        """Begin again with nothing made."""
        vars(self).update(state)
        self._ready()

    def _ready(self) -> None:
        count = self._concepts.count
        self.wanted: list[Wanted | None] = [None] * count
        self.trials: list[Trials] = [{}] * count
        """By concept: what is filed under it, as far as it was `made`."""
        self._same: dict[tuple[int, ...], tuple[int, ...]] = {}
        self._each = list(range(self._concepts.count))  # one object for each, however often
        self.told = _Made(loosely(self._told))
        """By number: the rule, and the terms that speak for it."""
        self._named = _Made(loosely(self.named))
        self.always = self._concepts.nothing in self.filed
        """Whether some rule has no necessary group: it is tried on every post."""

    def made(self, concept: int) -> Wanted:
        """Work out what is filed under a concept: `wanted` and `trials` have it from then on."""
        by: dict[int, list[Trial]] = {}
        for number in self.filed.get(concept, ()):
            first, trial = self._trial(number)
            for one in (concept,) if first is None else first:
                by.setdefault(one, []).append(trial)
        same: dict[tuple[Trial, ...], tuple[Trial, ...]] = {}
        trials = {one: same.setdefault(tuple(some), tuple(some)) for one, some in by.items()}
        self.trials[concept] = trials
        self.wanted[concept] = wanted = tuple(map(self._each.__getitem__, trials))
        return wanted

    def _trial(self, number: int) -> tuple[Group | None, Trial]:
        """The group that must be met first, if any, and the trial of the rule then."""
        made = self._plans.once(number)
        widened = self._concepts.widened
        groups = tuple(widened(frozenset(group)) for group in made.groups)
        none = tuple(map(self._each.__getitem__, sorted(widened(frozenset(made.none)))))
        none = self._same.setdefault(none, none)  # many rules share them: fewer are more at hand
        speaks = tested(AllOf(made.speakers), self._numbers) if made.speakers else None
        test = exact_test(self._rules[number], self._numbers) if made.asks_more else None
        return groups[0] if groups else None, Trial(number, none, groups[1:], speaks, test)

    def _told(self, number: int) -> tuple[Rule, Group | None]:
        rule = self._rules[number]
        return rule, wanted(rule, self._numbers)

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
    places = (where.text for where in wheres_in(rule.when))
    return frozenset(map(numbers.__getitem__, (*texts_of(rule), *places)))


T = TypeVar("T")


class _Made(dict[int, T]):
    """What is made of a number, when first asked for."""

    def __init__(self, make: Callable[[int], T]) -> None:
        self._make = make

    def __missing__(self, number: int) -> T:
        self[number] = made = self._make(number)
        return made
