"""A reason, not a bool: what a condition asked, whether it held, and what was found."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeGuard

import msgspec

from monitor.hit import Found, Reason
from monitor.matching.notes import note
from monitor.matching.seen import MAX_PLACES, Seen, evidence, holds
from monitor.rule import (
    AllOf,
    AnyOf,
    AtLeast,
    Condition,
    Group,
    NoneOf,
    Scope,
    Speaker,
    Term,
)
from monitor.rulebook.conditions import speaker_checks, speaker_value, speaks


def reasons(condition: Condition, seen: Seen) -> tuple[Reason, ...]:
    """A reason for each part of a rule's condition, in the order of the rule.

    A list of terms is one reason that names them all; a group that has groups inside is followed
    by theirs, each with one more `- ` before it.
    """
    plain = _plain(condition)
    parts = plain.parts if isinstance(plain, AllOf) else (plain,)
    return tuple(reason for part in parts for reason in _reasons(part, seen, ""))


def _plain(condition: Condition) -> Condition:
    """The same condition with fewer brackets: groups of one part, any in any, all in all."""
    if not isinstance(condition, Group):
        return condition
    parts: list[Condition] = []
    for part in map(_plain, condition.parts):
        if _melts(part, condition):
            parts.extend(part.parts)
        else:
            parts.append(part)
    if len(parts) == 1 and isinstance(condition, AllOf | AnyOf):
        return parts[0]
    return msgspec.structs.replace(condition, parts=tuple(parts))


def _melts(part: Condition, into: Condition) -> TypeGuard[AllOf | AnyOf]:
    """Whether a part's own parts may stand in its place."""
    if isinstance(into, AllOf):
        return isinstance(part, AllOf)
    return isinstance(into, AnyOf | NoneOf) and isinstance(part, AnyOf)


def _reasons(condition: Condition, seen: Seen, depth: str) -> Iterator[Reason]:
    if isinstance(condition, Speaker):
        for key, asked, attribute in speaker_checks(condition):
            value = speaker_value(seen.who, attribute)
            shown = value if key == "source" else f"{seen.who.id} is {value}"
            check = f"{depth}from {key} {_joined(asked, 'or')}: {shown}"
            yield Reason(check, speaks(seen.who, asked, attribute))
    elif isinstance(condition, Group):
        yield Reason(depth + describe(condition), holds(condition, seen), _shown(condition, seen))
        for part in () if _flat(condition) else _gathered(condition):
            yield from _reasons(part, seen, depth + "- ")
    else:
        said, found = note(condition, seen)
        yield Reason(depth + said, holds(condition, seen), found)
        if isinstance(condition, Scope):
            yield from _best(condition, seen, depth + "- ")


def _best(scope: Scope, seen: Seen, depth: str) -> tuple[Reason, ...]:
    """The reasons of the sentence or paragraph in which most holds."""
    inner = _plain(scope.part)
    parts = inner.parts if isinstance(inner, AllOf) else (inner,)
    best: tuple[Reason, ...] = ()
    most = (False, -1)
    for piece in seen.parts(scope.unit)[:MAX_PLACES]:
        told = tuple(one for part in parts for one in _reasons(part, piece, depth))
        weight = (holds(scope.part, piece), sum(one.holds for one in told))
        if weight > most:
            best, most = told, weight
    return best


def _gathered(condition: Group) -> Iterator[Condition]:
    """The parts of a group; those of its alternatives that are mere terms as one."""
    loose = tuple(part for part in condition.parts if isinstance(part, Term))
    if isinstance(condition, AnyOf | NoneOf) and len(loose) > 1:
        yield AnyOf(loose)
        yield from (part for part in condition.parts if not isinstance(part, Term))
    else:
        yield from condition.parts


def _shown(condition: Group, seen: Seen) -> tuple[Found, ...]:
    """What to show: every find of a group's terms; for a `not`, the finds that broke it."""
    if isinstance(condition, NoneOf):
        return evidence(AnyOf(condition.parts), seen)
    if _flat(condition):
        return evidence(AnyOf(condition.parts), seen)
    return evidence(condition, seen)


def _flat(condition: Group) -> bool:
    """Whether it is a plain list of terms."""
    return all(isinstance(part, Term) for part in condition.parts)


def describe(condition: Condition) -> str:
    """What a condition asks, in words.

    A list of terms names each; in a group that has groups inside, a `$list` is only its name: its
    own reason follows.
    """
    if isinstance(condition, Scope):
        return f"in one {condition.unit}: {_nested(condition.part)}"
    if isinstance(condition, Speaker):
        return "; ".join(f"from {key} {_joined(asked, 'or')}"
                         for key, asked, _ in speaker_checks(condition))  # fmt: skip
    return _of_group(condition) if isinstance(condition, Group) else condition.text


def _of_group(condition: Group) -> str:
    names = ", ".join(_names(condition.parts, full=_flat(condition)))
    match condition:
        case AllOf():
            return f"all of: {names}"
        case AnyOf():
            return f"any of: {names}"
        case NoneOf():
            return f"none of: {names}"
        case AtLeast(n=n):
            return f"at least {n} of: {names}"


def _names(parts: Sequence[Condition], *, full: bool) -> Iterator[str]:
    """The parts by name; the terms of a list together, behind its name."""
    lists: dict[str, list[str]] = {}
    for part in parts:
        if isinstance(part, Term) and part.within:
            lists.setdefault(_list(part), []).append(part.text)
    told: set[str] = set()
    for part in parts:
        if not isinstance(part, Term):
            yield _nested(part)
        elif not part.within:
            yield part.text
        elif (name := _list(part)) not in told:
            told.add(name)
            yield f"{name} ({', '.join(lists[name])})" if full else name


def _nested(part: Condition) -> str:
    """A group inside a group: in brackets, but for a `$list` alone."""
    if isinstance(part, AnyOf) and _flat(part):
        return " | ".join(_names(part.parts, full=False))
    if not isinstance(part, Group):
        return describe(part)
    return f"({describe(part)})" if not _flat(part) else f"({_brief(part)})"


def _brief(part: Group) -> str:
    return describe(part).split(": ", 1)[0] + ": " + ", ".join(_names(part.parts, full=False))


def _list(term: Term) -> str:
    return f"${(term.within or '').removeprefix('$')}"


def _joined(values: Sequence[str], word: str) -> str:
    """`a`, `a or b`, `a, b or c`."""
    return f" {word} ".join(filter(None, [", ".join(values[:-1]), values[-1]]))


def telling(reasons: Iterable[Reason]) -> Iterator[Reason]:
    """Without the alternatives that failed inside a group that holds, and what is below them."""
    skipped = sys.maxsize  # the depth of the last reason left out
    held: list[bool] = []
    for reason in reasons:
        depth = depth_of(reason)
        del held[depth:]
        if depth <= skipped:
            hopeless = not reason.holds and bool(held) and held[-1]
            skipped = depth if hopeless else sys.maxsize
            if not hopeless:
                yield reason
        held.append(reason.holds)


def depth_of(reason: Reason) -> int:
    """How many groups a reason stands inside of."""
    return (len(reason.check) - len(reason.check.lstrip("- "))) // 2
