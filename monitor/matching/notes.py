"""What conditions that are asked of a post say of it: the words of their reasons."""

from monitor.hit import Found
from monitor.lexicon.counting import counting
from monitor.lexicon.terms import near_of
from monitor.matching.ground import NOTES
from monitor.matching.seen import MAX_PLACES, Seen, in_order
from monitor.matching.shape import state
from monitor.rule import Asked, Condition, Count, Except, Scope, Shape, Term, Where

MOST = 5
"""Most numbers or addresses that one reason names."""


def note(condition: Condition, seen: Seen) -> tuple[str, tuple[Found, ...]]:
    """What a condition asked and, where that says more, what there is instead; and the finds."""
    if not isinstance(condition, Term | Where | Asked):
        return "", ()
    held = tuple(seen.get(condition)[:MAX_PLACES])
    there: tuple[Found, ...] = ()
    said = "" if isinstance(condition, Scope) else condition.text
    match condition:
        case Term(text) if not held and (there := apart(condition, seen)):
            said = f"{text}: the words are there, but not so near in this order"
        case Where(text=text):
            notes = [found.term or "" for found in seen.finds.get(NOTES, ())]
            said = f"{text}: {'; '.join(notes) or 'no known place is named'}"
        case Except(parts, _) if not held and (there := _there(parts, seen)):
            said = f"{condition.text}: the words are there, but only in those"
        case Count() if there := _there(condition.of, seen):
            said = f"{condition.text}: {_numbers(there, seen)}"
        case Shape():
            said = f"{condition.text}: {state(seen.text, seen.post)}"
        case Scope(unit, _):
            said = f"in one {unit}:"
    return said, held or there


def apart(term: Term, seen: Seen) -> tuple[Found, ...]:
    """For a term like `a ~5 b` that does not hold: the finds of both sides, if both are there."""
    near = None if seen.get(term) else near_of(term.text)
    if near is None:
        return ()
    sides = [seen.finds.get(side.text, ()) for side in (near.left, near.right)]
    return tuple(in_order(one for side in sides for one in side)) if all(sides) else ()


def _there(terms: tuple[Term, ...], seen: Seen) -> tuple[Found, ...]:
    """Where any of the terms stands."""
    return tuple(in_order(find for term in terms for find in seen.get(term)))[:MAX_PLACES]


def _numbers(there: tuple[Found, ...], seen: Seen) -> str:
    """What number each of the words has."""
    said = []
    for one in there[:MOST]:
        number = counting(seen.text, one.start, one.end)
        said.append(f"{one.text}: {number.text if number else 'no number'}")
    return "; ".join(dict.fromkeys(said))
