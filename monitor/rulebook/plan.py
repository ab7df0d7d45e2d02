"""How a rule is tried: a few set tests that settle most posts, and what only then is worked out.

A condition has *necessary groups*: sets of terms of each of which at least one must be found. The
rule is filed under the rarest of them; the others are asked first when it comes near. A rule of
words joined by `all`, `any` and `not` is nothing but such groups; anything else (who speaks, where,
words near each other, groups inside groups) keeps its exact test for last.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from monitor.rule import AllOf, AnyOf, AtLeast, Condition, NoneOf, Rule, Speaker, Term, Where
from monitor.rulebook.conditions import Test, tested

Group = frozenset[int]
"""Numbers of terms, of which at least one must be found."""
Frequency = Callable[[int], float]
"""How common a term is, in comparison with others; infinite for what is not looked for."""


class Words(NamedTuple):
    """The terms of a rulebook: their numbers, and the sides of those that are two others."""

    numbers: Mapping[str, int]
    sides: Mapping[int, tuple[int, int]]
    exact: frozenset[int]
    """Terms whose find settles the matter: not places, and not two words near each other."""


class Plan(NamedTuple):
    """How to try a rule.

    All of `groups` must be met and none of `none` found. Then `speaks` is asked, if it is not None,
    and last `test`, over all that was worked out exactly. `wanted` are the terms that speak for the
    rule, when they are all the evidence it has; None if that must be weighed part by part.
    """

    groups: tuple[Group, ...]
    none: Group
    speaks: Test | None
    test: Test | None
    wanted: Group | None


def necessary(condition: Condition, words: Words, frequency: Frequency) -> list[Group]:
    """Every necessary group, the rarest first; none for what holds without words."""
    groups = _groups(condition, words, frequency)
    return sorted(dict.fromkeys(groups), key=lambda group: (_common(group, frequency), *group))


def _groups(condition: Condition, words: Words, frequency: Frequency) -> list[Group]:
    if isinstance(condition, Term | Where):
        number = words.numbers[condition.text]
        found = [frozenset({one}) for one in words.sides.get(number, (number,))]
        return [group for group in found if _common(group, frequency) < math.inf]
    if not isinstance(condition, AllOf | AnyOf | AtLeast):
        return []
    parts = [_groups(part, words, frequency) for part in condition.parts]
    if isinstance(condition, AllOf):
        return [group for groups in parts for group in groups]
    # When n of k parts hold, one of any k - n + 1 of them does: the rarest are taken.
    n = condition.n if isinstance(condition, AtLeast) else 1
    rarest = sorted(
        (min(groups, key=lambda group: _common(group, frequency)) for groups in parts if groups),
        key=lambda group: (_common(group, frequency), *sorted(group)),
    )
    size = max(len(parts) - n + 1, 0)
    return [frozenset[int]().union(*rarest[:size])] if 0 < size <= len(rarest) else []


def _common(group: Group, frequency: Frequency) -> float:
    return sum(map(frequency, group))


def plan(rule: Rule, pivot: Group | None, words: Words, frequency: Frequency) -> Plan:
    """How to try a rule that is filed under `pivot`, one of its necessary groups."""
    simple, speakers, rest = _sorted(rule.when, words)
    groups = [one for one in necessary(rule.when, words, frequency) if one != pivot]
    none = frozenset(
        words.numbers[term.text] for part in simple if isinstance(part, NoneOf)
        for term in part.parts if isinstance(term, Term)
    )  # fmt: skip
    for_it = {
        words.numbers[term.text] for part in simple for term in _wanted(part)
    }  # fmt: skip
    return Plan(
        groups=tuple(groups),
        none=none,
        speaks=tested(AllOf(tuple(speakers)), words.numbers) if speakers else None,
        test=tested(AllOf(tuple(rest)), words.numbers) if rest else None,
        wanted=None if rest else frozenset(for_it),
    )


def _sorted(
    condition: Condition, words: Words
) -> tuple[list[Condition], list[Condition], list[Condition]]:
    """The parts that must all hold: what groups of terms settle, who speaks, and the rest."""
    parts = _joined(condition)
    simple = [part for part in parts if _settled(part, words)]
    speakers: list[Condition] = [part for part in parts if isinstance(part, Speaker)]
    rest = [part for part in parts if part not in simple and part not in speakers]
    return simple, speakers, rest


def _joined(condition: Condition) -> Sequence[Condition]:
    """The parts of an `all`, those of an `all` inside it too."""
    if not isinstance(condition, AllOf):
        return (condition,)
    return tuple(inner for part in condition.parts for inner in _joined(part))


def _settled(part: Condition, words: Words) -> bool:
    """Whether it is a term, or an `any` or `not` of terms, each settled by its find."""
    terms = part.parts if isinstance(part, AnyOf | NoneOf) else (part,)
    return bool(terms) and all(
        isinstance(term, Term) and words.numbers[term.text] in words.exact for term in terms
    )


def _wanted(part: Condition) -> Sequence[Term]:
    if isinstance(part, Term):
        return (part,)
    terms = part.parts if isinstance(part, AnyOf) else ()
    return tuple(term for term in terms if isinstance(term, Term))
