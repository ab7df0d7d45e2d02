"""How a rule is tried: a few set tests that settle most posts, and what only then is worked out.

A condition has *necessary groups*: sets of terms of each of which at least one must be found. The
rule is filed under the rarest of them; the others are asked first when it comes near. A rule of
words joined by `all`, `any` and `not` is nothing but such groups; anything else (who speaks, where,
words near each other, groups inside groups) keeps its exact test for last.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from monitor.rule import (
    AllOf,
    AnyOf,
    AtLeast,
    Condition,
    Count,
    Except,
    NoneOf,
    Rule,
    Scope,
    Speaker,
    Term,
    Where,
)
from monitor.rulebook.conditions import (
    Numbers,
    Test,
    is_worked_out,
    looked_for,
    needed,
    number_of,
    tested,
)

Group = frozenset[int]
"""Numbers of terms, of which at least one must be found."""
Frequency = Callable[[int], float]
"""How common a term is, in comparison with others; infinite for what is not looked for."""


class Plan(NamedTuple):
    """How to try a rule: numbers only, as it travels between processes.

    All of `groups` must be met and none of `none` found. Then it must be one of `speakers` who
    speaks, and last `exact_test` must hold, if the rule `asks_more`.
    """

    groups: tuple[tuple[int, ...], ...]
    none: tuple[int, ...]
    speakers: tuple[Speaker, ...]
    asks_more: bool


def necessary(condition: Condition, numbers: Numbers, frequency: Frequency) -> list[Group]:
    """Every necessary group, the rarest first; none for what holds without words."""
    groups = _groups(condition, numbers, frequency)
    return sorted(dict.fromkeys(groups), key=lambda group: (_common(group, frequency), *group))


def _groups(condition: Condition, numbers: Numbers, frequency: Frequency) -> list[Group]:
    match condition:
        case Term() | Where(home=False):  # with `home` it holds for posts that name no place, too
            looked_up = looked_for(condition, numbers)
            return [frozenset({one}) for one in looked_up if frequency(one) < math.inf]
        case Scope(_, part):
            return _groups(part, numbers, frequency)
        case Except(parts, _) | Count(of=parts):
            return _groups(AnyOf(parts), numbers, frequency)
        case AllOf(parts):
            return [group for part in parts for group in _groups(part, numbers, frequency)]
        case AnyOf() | AtLeast():
            return _some(condition, numbers, frequency)
    return []


def _some(condition: AnyOf | AtLeast, numbers: Numbers, frequency: Frequency) -> list[Group]:
    """When n of k parts hold, one of any k - n + 1 of them does: the rarest are taken."""
    each = [_groups(part, numbers, frequency) for part in condition.parts]
    rarest = [
        groups[0] if len(groups) == 1 else min(groups, key=lambda group: _common(group, frequency))
        for groups in each
        if groups
    ]
    size = max(len(each) - needed(condition) + 1, 0)
    if not 0 < size <= len(rarest):
        return []
    if size < len(rarest):
        rarest.sort(key=lambda group: (_common(group, frequency), *sorted(group)))
    return [frozenset[int]().union(*rarest[:size])]


def _common(group: Group, frequency: Frequency) -> float:
    return sum(map(frequency, group))


def plan(rule: Rule, groups: Sequence[Group], numbers: Numbers) -> Plan:
    """How to try a rule that is near; `groups`: those but that it is filed under."""
    parts = _joined(rule.when)
    excluded = (term for part in parts if isinstance(part, NoneOf) and _settled(part)
                for term in part.parts)  # fmt: skip
    return Plan(
        groups=tuple(tuple(sorted(group)) for group in groups),
        none=tuple(sorted({number_of(term, numbers) for term in excluded})),
        speakers=tuple(part for part in parts if isinstance(part, Speaker)),
        asks_more=bool(_unsettled(rule)),
    )


def exact_test(rule: Rule, numbers: Numbers) -> Test:
    """What is asked last, over all that was worked out exactly, when all else of a rule holds."""
    return tested(AllOf(_unsettled(rule)), numbers)


def wanted(rule: Rule, numbers: Numbers) -> Group | None:
    """The terms that speak for a rule when they are all the evidence it has.

    None if that must be weighed part by part.
    """
    if _unsettled(rule):
        return None
    parts = (part for part in _joined(rule.when) if _settled(part) and not isinstance(part, NoneOf))
    return frozenset(number_of(term, numbers) for part in parts for term in _terms(part))


def _unsettled(rule: Rule) -> tuple[Condition, ...]:
    """The parts of a rule that its groups, what it excludes and who speaks do not settle."""
    parts = _joined(rule.when)
    return tuple(part for part in parts if not isinstance(part, Speaker) and not _settled(part))


def _joined(condition: Condition) -> Sequence[Condition]:
    """The parts of an `all`, those of an `all` inside it too."""
    if not isinstance(condition, AllOf):
        return (condition,)
    return tuple(inner for part in condition.parts for inner in _joined(part))


def _settled(part: Condition) -> bool:
    """Whether it is a term, or an `any` or `not` of terms, each settled by its find."""
    terms = _terms(part)
    return bool(terms) and all(isinstance(one, Term) and not is_worked_out(one) for one in terms)


def _terms(part: Condition) -> tuple[Condition, ...]:
    return part.parts if isinstance(part, AnyOf | NoneOf) else (part,)
