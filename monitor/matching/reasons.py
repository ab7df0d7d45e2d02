"""A reason, not a bool: what a condition asked, whether it held, and what was found."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeGuard

import msgspec

from monitor.hit import Found, Reason
from monitor.lexicon.terms import near_of
from monitor.matching.ground import NOTES
from monitor.rule import AllOf, AnyOf, AtLeast, Condition, NoneOf, Speaker, Term, Where
from monitor.rulebook.conditions import speaker_checks, speaker_value, speaks
from monitor.source import SourceInfo

Seen = Mapping[str, Sequence[Found]]
"""Term as written -> where it was found, in the order of the text."""


def holds(condition: Condition, seen: Seen, who: SourceInfo) -> bool:
    """Whether a condition holds."""
    if isinstance(condition, Term | Where):
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


def apart(term: Term, seen: Seen) -> tuple[Found, ...]:
    """For a term like `a ~5 b` that does not hold: the finds of both sides, if both are there."""
    near = None if term.text in seen else near_of(term.text)
    if near is None or not (near.left.text in seen and near.right.text in seen):
        return ()
    finds = {*seen[near.left.text], *seen[near.right.text]}
    return tuple(sorted(finds, key=lambda one: (one.start, one.end)))


def evidence(condition: Condition, seen: Seen, who: SourceInfo) -> tuple[Found, ...]:
    """The finds that make a condition hold, in the order of the text, each once."""
    _, finds = _weigh(condition, seen, who)
    if len(finds) <= 1:
        return tuple(finds)
    each = {(found.start, found.end, found.term or found.place or ""): found for found in finds}
    return tuple(each[place] for place in sorted(each))


def _weigh(condition: Condition, seen: Seen, who: SourceInfo) -> tuple[bool, Sequence[Found]]:
    """Whether a condition holds, and what speaks for it."""
    if isinstance(condition, Term | Where):
        finds = seen.get(condition.text, ())
        return bool(finds), finds
    if isinstance(condition, Speaker | NoneOf):
        return holds(condition, seen, who), ()
    needed = len(condition.parts) if isinstance(condition, AllOf) else 1
    if isinstance(condition, AtLeast):
        needed = condition.n
    true, gathered = 0, list[Found]()
    for part in condition.parts:
        held, finds = _weigh(part, seen, who)
        if held:
            true += 1
            gathered.extend(finds)
    return true >= needed, gathered if true >= needed else ()


def reasons(condition: Condition, seen: Seen, who: SourceInfo) -> tuple[Reason, ...]:
    """A reason for each part of a rule's condition, in the order of the rule.

    A list of terms is one reason that names them all; a group that has groups inside is followed
    by theirs, each with one more `- ` before it.
    """
    plain = _plain(condition)
    parts = plain.parts if isinstance(plain, AllOf) else (plain,)
    return tuple(reason for part in parts for reason in _reasons(part, seen, who, ""))


def _plain(condition: Condition) -> Condition:
    """The same condition with fewer brackets: groups of one part, any in any, all in all."""
    if isinstance(condition, Term | Speaker | Where):
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


def _reasons(condition: Condition, seen: Seen, who: SourceInfo, depth: str) -> Iterator[Reason]:
    if isinstance(condition, Speaker):
        for key, asked, attribute in speaker_checks(condition):
            value = speaker_value(who, attribute)
            shown = value if key == "source" else f"{who.id} is {value}"
            check = f"{depth}from {key} {_joined(asked, 'or')}: {shown}"
            yield Reason(check, speaks(who, asked, attribute))
        return
    held = holds(condition, seen, who)
    if isinstance(condition, Term) and (finds := apart(condition, seen)):
        check = f"{depth}{condition.text}: the words are there, but not so near in this order"
        yield Reason(check, held, finds)
        return
    if isinstance(condition, Where):
        yield Reason(depth + _of_places(condition, seen), held, tuple(seen.get(condition.text, ())))
        return
    yield Reason(depth + describe(condition), held, _shown(condition, seen, who))
    if not isinstance(condition, Term) and not _flat(condition):
        for part in _gathered(condition):
            yield from _reasons(part, seen, who, depth + "- ")


def _of_places(where: Where, seen: Seen) -> str:
    """What a place condition asks, and what became of the names of places in the post."""
    notes = [found.term or "" for found in seen.get(NOTES, ())]
    return f"{where.text}: {'; '.join(notes) or 'no known place is named'}"


def _gathered(condition: AllOf | AnyOf | NoneOf | AtLeast) -> Iterator[Condition]:
    """The parts of a group; those of its alternatives that are mere terms as one."""
    loose = tuple(part for part in condition.parts if isinstance(part, Term))
    if isinstance(condition, AnyOf | NoneOf) and len(loose) > 1:
        yield AnyOf(loose)
        yield from (part for part in condition.parts if not isinstance(part, Term))
    else:
        yield from condition.parts


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
    """What a condition asks, in words.

    A list of terms names each; in a group that has groups inside, a `$list` is only its name: its
    own reason follows.
    """
    if isinstance(condition, Term | Where):
        return condition.text
    if isinstance(condition, Speaker):
        return "; ".join(f"from {key} {_joined(asked, 'or')}"
                         for key, asked, _ in speaker_checks(condition))  # fmt: skip
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
    if isinstance(part, Speaker | Where):
        return describe(part)
    if isinstance(part, Term):
        return part.text
    return f"({describe(part)})" if not _flat(part) else f"({_brief(part)})"


def _brief(part: AllOf | AnyOf | NoneOf | AtLeast) -> str:
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
