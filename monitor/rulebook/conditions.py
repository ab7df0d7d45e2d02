"""Conditions over numbered terms: which terms a rule cannot do without, and whether it holds."""

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache
from operator import attrgetter
from types import UnionType
from typing import Any, TypeVar, cast

from monitor.lexicon.expressions import is_pattern
from monitor.lexicon.terms import near_of
from monitor.rule import (
    AllOf,
    AnyOf,
    Asked,
    AtLeast,
    Condition,
    Count,
    Except,
    Group,
    NoneOf,
    Scope,
    Speaker,
    Term,
    Where,
)
from monitor.source import UNKNOWN, SourceInfo

AnyKind = TypeVar("AnyKind")
Numbers = Mapping[str | Condition, int]
"""The number of each term and place (by its text) and of each condition that is asked."""
Possible = Callable[[AbstractSet[int]], bool]
Test = Callable[[AbstractSet[int], SourceInfo], bool]
"""Whether a condition holds, given the numbers of the terms found and who speaks."""


Parts = tuple[Condition, ...]
_INSIDE: dict[type[Condition], Callable[[Any], Parts]] = {
    **dict.fromkeys((AllOf, AnyOf, NoneOf, AtLeast), attrgetter("parts")),
    Scope: lambda scope: (scope.part,),
    Except: lambda some: some.parts + some.but,
    Count: lambda count: count.of + count.but,
}
"""Kind of condition -> what is directly inside one. It is asked for every word of every rule,
again and again: a list of cases to be tried one after the other took three times as long."""


def parts_of(condition: Condition) -> Parts:
    """The conditions directly inside one."""
    inside = _INSIDE.get(type(condition))
    return inside(condition) if inside else ()


def every(condition: Condition, kind: type[AnyKind] | UnionType) -> Iterator[AnyKind]:
    """Every condition of a kind inside one, itself too; inner ones first."""
    found: list[Condition] = []
    _gather(condition, found)
    return iter([cast("AnyKind", one) for one in found if isinstance(one, kind)])


def _gather(condition: Condition, into: list[Condition]) -> None:
    inside = _INSIDE.get(type(condition))
    if inside:
        for part in inside(condition):
            _gather(part, into)
    into.append(condition)


def terms_in(condition: Condition) -> Iterator[Term]:
    """Every term of a condition, those under `not` too."""
    return every(condition, Term)


def asked_in(condition: Condition) -> Iterator[Term | Asked]:
    """The conditions that are asked of the post, outermost ones: also terms like `a ~5 b`."""
    if isinstance(condition, Term):
        if is_worked_out(condition):
            yield condition
    elif isinstance(condition, Asked):
        yield condition
    else:
        for part in parts_of(condition):
            yield from asked_in(part)


def is_worked_out(term: Term) -> bool:
    """Whether a term is found from other finds, or by its own search: no automaton knows it."""
    return is_pattern(term.text) or near_of(term.text) is not None


def possible(condition: Condition, numbers: Numbers) -> Possible:
    """Whether a condition could hold, given the terms found: False is sure, True is not."""
    match condition:
        case Term(text):
            near = near_of(text)
            if near is None and is_pattern(text):
                return _always
            sides = (near.left.text, near.right.text) if near else (text,)
            return frozenset(numbers[side] for side in sides).issubset
        case Scope(_, part):
            return possible(part, numbers)
        case Except(parts, _) | Count(of=parts):
            return possible(AnyOf(parts), numbers)
        case AllOf(parts) | AnyOf(parts) | AtLeast(_, parts):
            tests = tuple(possible(part, numbers) for part in parts)
            n = needed(condition)
            return lambda found: sum(test(found) for test in tests) >= n
    return _always


def needed(group: AllOf | AnyOf | AtLeast) -> int:
    """How many parts of a group must hold."""
    if isinstance(group, AllOf):
        return len(group.parts)
    return group.n if isinstance(group, AtLeast) else 1


def _always(_: AbstractSet[int]) -> bool:
    return True


def wanted_terms(condition: Condition) -> Iterator[Term]:
    """The terms whose presence speaks for a condition."""
    match condition:
        case Term():
            yield condition
        case Except(parts, _) | Count(of=parts):
            yield from parts
        case Scope(_, part):
            yield from wanted_terms(part)
        case AllOf(parts) | AnyOf(parts) | AtLeast(_, parts):
            for part in parts:
                yield from wanted_terms(part)


def looked_for(condition: Term | Where, numbers: Numbers) -> tuple[int, ...]:
    """The numbers that are all found where a condition holds: the two sides of `a ~5 b`."""
    near = near_of(condition.text) if isinstance(condition, Term) else None
    if near is None:
        return (numbers[condition.text],)
    return numbers[near.left.text], numbers[near.right.text]


def tested(condition: Condition, numbers: Numbers) -> Test:
    """The condition as a function."""
    if isinstance(condition, Speaker):
        return _speaker(condition)
    if not isinstance(condition, Group):
        number = number_of(condition, numbers)
        return lambda found, _: number in found
    plain = [part for part in condition.parts if not isinstance(part, Group | Speaker)]
    group = frozenset(number_of(part, numbers) for part in plain)
    tests = tuple(
        tested(part, numbers) for part in condition.parts if isinstance(part, Group | Speaker)
    )
    if isinstance(condition, AllOf):
        return _all(group, tests)
    if isinstance(condition, AnyOf):
        return _any(group, tests)
    if isinstance(condition, NoneOf):
        some = _any(group, tests)
        return lambda found, who: not some(found, who)
    return _at_least(condition.n, tuple(tested(part, numbers) for part in condition.parts))


def number_of(condition: Condition, numbers: Numbers) -> int:
    """The number of a condition that is found, or not: of a term, a place, what is asked."""
    return numbers[condition.text if isinstance(condition, Term | Where) else condition]


def _all(group: frozenset[int], tests: tuple[Test, ...]) -> Test:
    if not group and len(tests) == 1:
        return tests[0]
    if not group and len(tests) == 2:  # noqa: PLR2004 - the usual rule: words, and not others
        first, second = tests
        return lambda found, who: first(found, who) and second(found, who)

    def whole(found: AbstractSet[int], who: SourceInfo) -> bool:
        # A loop, not all(): called for every rule that comes near, and a generator costs more.
        for test in tests:
            if not test(found, who):
                return False
        return group <= found

    return whole


def _any(group: frozenset[int], tests: tuple[Test, ...]) -> Test:
    if not tests:
        return lambda found, _: not group.isdisjoint(found)
    return lambda found, who: not group.isdisjoint(found) or any(test(found, who) for test in tests)


def _at_least(n: int, tests: tuple[Test, ...]) -> Test:
    return lambda found, who: sum(test(found, who) for test in tests) >= n


def speaker_checks(condition: Speaker) -> tuple[tuple[str, tuple[str, ...], str], ...]:
    """What `from` asks: (key, values, attribute of SourceInfo) for each key that is set."""
    keys = (
        ("role", condition.role, "role"),
        ("affiliation", condition.affiliation, "affiliation"),
        ("family", condition.family, "publisher"),
        ("source", condition.source, "id"),
        ("language", condition.language, "language"),
    )
    return tuple((key, asked, attribute) for key, asked, attribute in keys if asked)


def speaker_value(who: SourceInfo, attribute: str) -> str:
    """What is known of a source; `unknown` is a value like any other."""
    return getattr(who, attribute) or UNKNOWN


def speaks(who: SourceInfo, asked: tuple[str, ...], attribute: str) -> bool:
    """Whether a source is one of those asked for; names of platforms know no capitals."""
    return speaker_value(who, attribute).casefold() in {value.casefold() for value in asked}


@lru_cache(maxsize=1024)
def _speaker(condition: Speaker) -> Test:
    """Many rules ask for the same speakers: one function for all of them stays at hand."""
    checks = tuple(
        (attribute, frozenset(value.casefold() for value in asked))
        for _, asked, attribute in speaker_checks(condition)
    )
    if len(checks) == 1:
        ((attribute, asked),) = checks
        return lambda _, who: speaker_value(who, attribute).casefold() in asked
    return lambda _, who: all(
        speaker_value(who, attribute).casefold() in asked for attribute, asked in checks
    )
