"""Conditions over numbered terms: which terms they name, and whether they hold."""

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet

from monitor.rule import AllOf, AnyOf, Condition, NoneOf, Speaker, Term, Where
from monitor.source import UNKNOWN, SourceInfo

Test = Callable[[AbstractSet[int], SourceInfo], bool]
"""Whether a condition holds, given the numbers of the terms found and who speaks."""


def terms_in(condition: Condition) -> Iterator[Term]:
    """Every term of a condition, those under `not` too."""
    if isinstance(condition, Term):
        yield condition
    elif not isinstance(condition, Speaker | Where):
        for part in condition.parts:
            yield from terms_in(part)


def wanted_terms(condition: Condition) -> Iterator[Term]:
    """The terms whose presence speaks for a condition."""
    if isinstance(condition, Term):
        yield condition
    elif not isinstance(condition, Speaker | NoneOf | Where):
        for part in condition.parts:
            yield from wanted_terms(part)


def tested(condition: Condition, numbers: Mapping[str, int]) -> Test:
    """The condition as a function."""
    if isinstance(condition, Term | Where):
        number = numbers[condition.text]
        return lambda found, _: number in found
    if isinstance(condition, Speaker):
        return _speaker(condition)
    plain = [part for part in condition.parts if isinstance(part, Term | Where)]
    group = frozenset(numbers[part.text] for part in plain)
    tests = tuple(
        tested(part, numbers) for part in condition.parts if not isinstance(part, Term | Where)
    )
    if isinstance(condition, AllOf):
        return _all(group, tests)
    if isinstance(condition, AnyOf):
        return _any(group, tests)
    if isinstance(condition, NoneOf):
        some = _any(group, tests)
        return lambda found, who: not some(found, who)
    return _at_least(condition.n, tuple(tested(part, numbers) for part in condition.parts))


def _all(group: frozenset[int], tests: tuple[Test, ...]) -> Test:
    if not group and len(tests) == 1:
        return tests[0]
    if not group and len(tests) == 2:  # noqa: PLR2004 - the usual rule: words, and not others
        first, second = tests
        return lambda found, who: first(found, who) and second(found, who)

    def every(found: AbstractSet[int], who: SourceInfo) -> bool:
        # A loop, not all(): called for every rule that comes near, and a generator costs more.
        for test in tests:
            if not test(found, who):
                return False
        return group <= found

    return every


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


def _speaker(condition: Speaker) -> Test:
    checks = tuple(
        (attribute, frozenset(value.casefold() for value in asked))
        for _, asked, attribute in speaker_checks(condition)
    )
    return lambda _, who: all(
        speaker_value(who, attribute).casefold() in asked for attribute, asked in checks
    )
