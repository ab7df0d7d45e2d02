"""What was found in one post, and whether conditions hold for it.

A find is what a term was found as. Terms like `a ~5 b`, negative terms, `number`, `scope` and
`post` are worked out here, from the finds and the post itself, when they are first asked for.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from monitor.hit import Found
from monitor.lexicon.counting import counting
from monitor.lexicon.terms import Near, near_of
from monitor.matching.near import near
from monitor.matching.shape import shape
from monitor.post import Post
from monitor.rule import (
    Asked,
    Condition,
    Count,
    Except,
    Group,
    Link,
    NoneOf,
    Scope,
    Shape,
    Speaker,
    Term,
    Unit,
    Where,
)
from monitor.rulebook.conditions import needed, speaker_checks, speaks
from monitor.source import SourceInfo
from monitor.text.sentences import spans

MAX_PLACES = 50
"""Most places that are shown for one condition in one post."""

Finds = Mapping[str, Sequence[Found]]
"""Term, place condition or link condition -> where it was found, in the order of the text."""
Leaf = Term | Where | Asked


class Seen:
    """One post as rules see it: who published it, its text, and what was found in the text.

    `post` is None when only a text is judged: it has no media and forwards nothing.
    """

    def __init__(
        self,
        find: Callable[[], Finds],
        text: str,
        who: SourceInfo,
        post: Post | None = None,
        span: tuple[int, int] | None = None,
    ) -> None:
        """`find` is called when the first find is asked for; `span` the part of the text meant."""
        self._find = find
        self.text = text
        self.who = who
        self.post = post
        self._span = span or (0, len(text))
        self._answers: dict[Leaf, tuple[Found, ...]] = {}
        self._parts: dict[str, tuple[Seen, ...]] = {}

    @cached_property
    def finds(self) -> Finds:
        """What was found in the text."""
        return self._find()

    def get(self, leaf: Leaf) -> Sequence[Found]:
        """What speaks for a condition, in the order of the text; nothing if it does not hold."""
        if isinstance(leaf, Where | Link) or (isinstance(leaf, Term) and not near_of(leaf.text)):
            return self.finds.get(leaf.text, ())
        if leaf not in self._answers:
            self._answers[leaf] = tuple(self._answer(leaf))
        return self._answers[leaf]

    def _answer(self, leaf: Leaf) -> Iterable[Found]:
        match leaf:
            case Term(text):
                terms = near_of(text)
                return self._near(text, terms) if terms else ()
            case Except(parts, but):
                return self._except(parts, but)
            case Count():
                return self._counted(leaf)
            case Shape():
                return shape(leaf, self.text, self.post)
            case Scope(unit, part):
                inside = (one for one in self.parts(unit) if holds(part, one))
                return (find for one in inside for find in evidence(part, one))
        return ()

    def holds(self, leaf: Leaf) -> bool:
        """Whether a condition holds; a `scope` may do so without any find."""
        if isinstance(leaf, Scope):
            return any(holds(leaf.part, one) for one in self.parts(leaf.unit))
        return bool(self.get(leaf))

    def _near(self, text: str, terms: Near) -> Iterator[Found]:
        """Where the two terms of `a ~5 b` stand near each other."""
        left, right = (
            [(one.start, one.end) for one in self.finds.get(side.text, ())]
            for side in (terms.left, terms.right)
        )
        if left and right:
            for start, end in near(self.text, left, right, terms.words, ordered=terms.ordered):
                yield Found(text=self.text[start:end], start=start, end=end, term=text)

    def _except(self, parts: Sequence[Term], but: Sequence[Term]) -> Iterator[Found]:
        """The finds of the parts that are not inside one of `but`."""
        taken = [(one.start, one.end) for term in but for one in self.get(term)]
        for one in in_order(find for term in parts for find in self.get(term)):
            if not any(start <= one.start and one.end <= end for start, end in taken):
                yield one

    def _counted(self, count: Count) -> Iterator[Found]:
        """The words that a fitting number counts, and the number."""
        for one in self._except(count.of, count.but):
            number = counting(self.text, one.start, one.end)
            if number is not None and _fits(number.low, number.high, count):
                yield one
                yield Found(
                    text=self.text[number.start : number.end],
                    start=number.start,
                    end=number.end,
                    term=count.text,
                    captured=((count.name, number.low),),
                )

    def parts(self, unit: Unit) -> tuple["Seen", ...]:
        """The sentences or paragraphs in which something was found, and one without a find."""
        if unit not in self._parts:
            self._parts[unit] = tuple(self._cut(unit))
        return self._parts[unit]

    def _cut(self, unit: Unit) -> Iterator["Seen"]:
        first, last = self._span
        cuts = [
            (max(start, first), min(end, last))
            for start, end in spans(self.text, unit)
            if start < last and end > first
        ] or [self._span]
        starts = [start for start, _ in cuts]
        pieces: dict[int, dict[str, list[Found]]] = {}
        nowhere: dict[str, list[Found]] = {}
        for term, found in self.finds.items():
            for one in found:
                at = bisect_right(starts, one.start) - 1
                if one.start == one.end:
                    nowhere.setdefault(term, []).append(one)
                elif at >= 0 and one.end <= cuts[at][1]:
                    pieces.setdefault(at, {}).setdefault(term, []).append(one)
        empty = next((at for at in range(len(cuts)) if at not in pieces), None)
        for at in sorted(pieces if empty is None else {*pieces, empty}):
            piece = pieces.get(at, {})
            whole = {term: piece.get(term, []) + nowhere.get(term, []) for term in piece | nowhere}
            yield Seen(lambda whole=whole: whole, self.text, self.who, self.post, cuts[at])  # type: ignore[misc]


def _fits(low: int, high: int | None, count: Count) -> bool:
    """Whether a number from low to high certainly is one that is asked for."""
    if count.at_least is not None and low < count.at_least:
        return False
    return count.at_most is None or (high is not None and high <= count.at_most)


def in_order(finds: Iterable[Found]) -> list[Found]:
    """Finds in the order of the text, each once."""
    each = {(one.start, one.end, one.term or one.place or ""): one for one in finds}
    return [each[place] for place in sorted(each)]


def holds(condition: Condition, seen: Seen) -> bool:
    """Whether a condition holds."""
    if isinstance(condition, Speaker):
        checks = speaker_checks(condition)
        return all(speaks(seen.who, asked, attribute) for _, asked, attribute in checks)
    if not isinstance(condition, Group):
        return seen.holds(condition)
    true = sum(holds(part, seen) for part in condition.parts)
    return true == 0 if isinstance(condition, NoneOf) else true >= needed(condition)


def evidence(condition: Condition, seen: Seen) -> tuple[Found, ...]:
    """The finds that make a condition hold, in the order of the text, each once."""
    _, finds = _weigh(condition, seen)
    return tuple(finds) if len(finds) <= 1 else tuple(in_order(finds))


def _weigh(condition: Condition, seen: Seen) -> tuple[bool, Sequence[Found]]:
    """Whether a condition holds, and what speaks for it."""
    if isinstance(condition, Speaker | NoneOf):
        return holds(condition, seen), ()
    if not isinstance(condition, Group):
        return seen.holds(condition), seen.get(condition)[:MAX_PLACES]
    true, gathered = 0, list[Found]()
    for part in condition.parts:
        held, finds = _weigh(part, seen)
        if held:
            true += 1
            gathered.extend(finds)
    enough = true >= needed(condition)
    return enough, gathered if enough else ()
