"""Under which finds each rule is filed, and how it is tried when one of them comes up.

Filing is done for all rules at once; how a rule is tried is worked out when it first comes near:
most rules of a large rulebook never do, and a start waits for none of them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from monitor.loosely import loosely
from monitor.matching.concepts import Concepts
from monitor.rule import AllOf, Rule
from monitor.rulebook.compile import texts_of
from monitor.rulebook.conditions import Numbers, Test, asked_in, number_of, tested
from monitor.rulebook.packed import Packed
from monitor.rulebook.plan import Group, Plan, exact_test, plan, wanted
from monitor.rulebook.where import wheres_in

Trial = tuple[int, tuple[int, ...], tuple[Group, ...], Test | None, Test | None]
"""How a rule is tried whose first group is met: see `monitor.rulebook.plan.Plan`.

Its number, the concepts of which none may be found, groups of which each must be met too; then who
must speak, and the exact test. A plain tuple: it is taken apart in half the time of a named one.
"""
Told = tuple[Rule, Group | None]
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
        self._told: list[Told | None] = [None] * len(self._rules)
        self._named = _Made(loosely(self.named))
        self.always = self._concepts.nothing in self.filed
        """Whether some rule has no necessary group: it is tried on every post."""

    def brought(self, found: set[int]) -> list[Trial]:
        """The rules near what was found whose first other group is met, too."""
        brought: list[Trial] = []
        first, wanted_by, apart = self.first, self.wanted, found.isdisjoint
        for concept in found:
            if concept < first:
                continue
            wanted = wanted_by[concept]
            if wanted is None:
                wanted = self.made(concept)
            if not apart(wanted):  # most are
                trials = self.trials[concept]
                for one in found.intersection(wanted):
                    brought += trials[one]
        return brought

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
        return groups[0] if groups else None, (number, none, groups[1:], speaks, test)

    def told(self, numbers: Iterable[int]) -> list[Told]:
        """Of each of these: the rule, and the terms that speak for it."""
        known = self._told
        return [known[number] or self._tell(number) for number in numbers]

    def _tell(self, number: int) -> Told:
        rule = self._rules[number]
        self._told[number] = told = rule, wanted(rule, self._numbers)
        return told

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


def met(groups: Iterable[Group], found: Group | set[int]) -> bool:
    """Whether something of each group is found."""
    return not any(group.isdisjoint(found) for group in groups)


T = TypeVar("T")


class _Made(dict[int, T]):
    """What is made of a number, when first asked for."""

    def __init__(self, make: Callable[[int], T]) -> None:
        self._make = make

    def __missing__(self, number: int) -> T:
        self[number] = made = self._make(number)
        return made
