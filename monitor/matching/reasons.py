"""A reason, not a bool: what a condition asked, whether it held, and what was found."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from monitor.hit import Found, Reason
from monitor.rule import AllOf, AnyOf, AtLeast, Condition, NoneOf, Speaker, Term
from monitor.rulebook.conditions import speaker_checks, speaker_value, speaks
from monitor.source import SourceInfo

Seen = Mapping[str, Sequence[Found]]
"""Term as written -> where it was found, in the order of the text."""


def holds(condition: Condition, seen: Seen, who: SourceInfo) -> bool:
    """Whether a condition holds."""
    if isinstance(condition, Term):
        return bool(seen.get(condition.text))
    if isinstance(condition, Speaker):
        return all(speaks(who, asked, attribute)
                   for _, asked, attribute in speaker_checks(condition))  # fmt: skip
    true = sum(holds(part, seen, who) for part in condition.parts)
    if isinstance(condition, AllOf):
        return true == len(condition.parts)
    if isinstance(condition, NoneOf):
        return true == 0
    return true >= (condition.n if isinstance(condition, AtLeast) else 1)


def evidence(condition: Condition, seen: Seen, who: SourceInfo) -> tuple[Found, ...]:
    """The finds that make a condition hold, in the order of the text, each once."""
    finds = set(_evidence(condition, seen, who))
    return tuple(sorted(finds, key=lambda found: (found.start, found.end, found.term or "")))


def _evidence(condition: Condition, seen: Seen, who: SourceInfo) -> Iterator[Found]:
    if isinstance(condition, Term):
        yield from seen.get(condition.text, ())
    elif not isinstance(condition, Speaker | NoneOf) and holds(condition, seen, who):
        for part in condition.parts:
            yield from _evidence(part, seen, who)


def reasons(condition: Condition, seen: Seen, who: SourceInfo) -> tuple[Reason, ...]:
    """A reason for each part of a rule's condition, in the order of the rule.

    Groups of terms are one reason that names them all; a group that has groups inside is followed
    by theirs, each with one more `- ` before it.
    """
    return tuple(_reasons(condition, seen, who, ""))


def _reasons(condition: Condition, seen: Seen, who: SourceInfo, depth: str) -> Iterator[Reason]:
    if isinstance(condition, AllOf) and not all(isinstance(p, Term) for p in condition.parts):
        for part in condition.parts:
            yield from _reasons(part, seen, who, depth)
    elif isinstance(condition, Speaker):
        for key, asked, attribute in speaker_checks(condition):
            value = speaker_value(who, attribute)
            shown = value if key == "source" else f"{who.id} is {value}"
            yield Reason(
                f"{depth}from {key} {_joined(asked, 'or')}: {shown}", speaks(who, asked, attribute)
            )
    else:
        held = holds(condition, seen, who)
        yield Reason(depth + describe(condition), held, _shown(condition, seen, who))
        if not isinstance(condition, Term) and not _flat(condition):
            for part in condition.parts:
                yield from _reasons(part, seen, who, depth + "- ")


def _shown(condition: Condition, seen: Seen, who: SourceInfo) -> tuple[Found, ...]:
    """What to show: every find of a group's terms; for a `not`, the finds that broke it."""
    if isinstance(condition, NoneOf):
        return evidence(AnyOf(condition.parts), seen, who)
    if isinstance(condition, AllOf | AnyOf | AtLeast) and _flat(condition):
        return evidence(AnyOf(condition.parts), seen, who)
    return evidence(condition, seen, who)


def _flat(condition: AllOf | AnyOf | NoneOf | AtLeast) -> bool:
    """Whether it is a plain list of terms."""
    return all(isinstance(part, Term) for part in condition.parts)


def describe(condition: Condition) -> str:
    """What a condition asks, in words, naming every term."""
    if isinstance(condition, Term):
        return f"the words {condition.text}" if " " in condition.text else condition.text
    if isinstance(condition, Speaker):
        return "; ".join(f"from {key} {_joined(asked, 'or')}"
                         for key, asked, _ in speaker_checks(condition))  # fmt: skip
    names = ", ".join(_names(condition.parts))
    if isinstance(condition, AllOf):
        return f"all of: {names}"
    if isinstance(condition, NoneOf):
        return f"none of: {names}"
    if isinstance(condition, AtLeast):
        return f"at least {condition.n} of: {names}"
    return f"any of: {names}"


def _names(parts: Iterable[Condition]) -> Iterator[str]:
    """The parts by name; the terms of a list together, behind its name."""
    lists: dict[str, list[str]] = {}
    for part in parts:
        if isinstance(part, Term) and part.within:
            lists.setdefault(part.within, []).append(part.text)
    told: set[str] = set()
    for part in parts:
        if not isinstance(part, Term):
            yield f"({describe(part)})"
        elif not part.within:
            yield part.text
        elif part.within not in told:
            told.add(part.within)
            yield f"${part.within.removeprefix('$')} ({', '.join(lists[part.within])})"


def _joined(values: Sequence[str], word: str) -> str:
    """`a`, `a or b`, `a, b or c`."""
    return f" {word} ".join(filter(None, [", ".join(values[:-1]), values[-1]]))
