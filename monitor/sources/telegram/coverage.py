"""Which message ids of a channel are completely known: intervals of ids, never a look-back in time.

Telegram numbers a channel's messages upwards, with holes where messages were deleted. A hole and a
missed post look the same until the ids around it were listed by the server; what was listed is
covered. Between the oldest watched id and the newest that is known to exist, all that is not
covered is a gap to be fetched. Pure values; they are the channel's cursor.
"""

from collections.abc import Iterable, Iterator

import msgspec

Span = tuple[int, int]
"""First and last id, both included."""
Spans = tuple[Span, ...]
"""Disjoint, ascending, never touching."""


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a channel's ids.

    `floor`: the oldest id that is watched. `head`: the newest id known to exist. `covered`: ids
    that were listed, or pushed. `present`: those of them that named a post when last seen and are
    recent enough to be listed again, so that a post that vanished can be told.
    """

    floor: int
    head: int
    covered: Spans = ()
    present: Spans = ()


def began(floor: int, head: int, posts: Iterable[int]) -> Coverage:
    """A channel on first contact: listed from `floor` to `head`, with these posts."""
    covered = ((floor, head),) if floor <= head else ()
    return Coverage(floor=floor, head=head, covered=covered, present=joined((), posts))


def deepened(coverage: Coverage, floor: int, posts: Iterable[int]) -> Coverage:
    """A channel whose older messages were listed too, down to a new floor."""
    span = (floor, coverage.floor - 1)
    lower = msgspec.structs.replace(coverage, floor=min(floor, coverage.floor))
    return listed(lower, span, posts) if span[0] <= span[1] else lower


def heard(coverage: Coverage, head: int) -> Coverage:
    """An id is known to exist; whether anything lies before it is not."""
    return msgspec.structs.replace(coverage, head=max(head, coverage.head))


def pushed(coverage: Coverage, ids: Iterable[int], posts: Iterable[int]) -> Coverage:
    """Messages were pushed: their own ids are known, what lies between is not.

    `posts` are those ids that name a post: all but the later messages of an album, and services.
    """
    numbers = tuple(ids)
    return msgspec.structs.replace(
        coverage,
        head=max((coverage.head, *numbers)),
        covered=joined(coverage.covered, numbers),
        present=joined(coverage.present, posts),
    )


def listed(coverage: Coverage, span: Span, posts: Iterable[int]) -> Coverage:
    """The server listed a span completely; these posts are all there is in it."""
    return msgspec.structs.replace(
        coverage,
        head=max(coverage.head, span[1]),
        covered=added(coverage.covered, span),
        present=joined(removed(coverage.present, span), posts),
    )


def deleted(coverage: Coverage, ids: Iterable[int]) -> Coverage:
    """Messages are gone, and covered: if one of them is told later it is old news."""
    present = coverage.present
    gone = [number for number in ids if number >= coverage.floor]
    for number in gone:
        present = removed(present, (number, number))
    covered = joined(coverage.covered, gone)
    head = max((coverage.head, *gone))
    return msgspec.structs.replace(coverage, head=head, covered=covered, present=present)


def forgotten(coverage: Coverage, before: int) -> Coverage:
    """Messages before an id are too old to be listed again."""
    return msgspec.structs.replace(coverage, present=removed(coverage.present, (0, before - 1)))


def gaps(coverage: Coverage) -> Spans:
    """What has to be fetched, oldest first."""
    open_: Spans = ((coverage.floor, coverage.head),) if coverage.floor <= coverage.head else ()
    for span in coverage.covered:
        open_ = removed(open_, span)
    return open_


def vanished(coverage: Coverage, span: Span, ids: Iterable[int]) -> tuple[int, ...]:
    """Posts that were there and that a listing of a span no longer has."""
    left = removed(removed(coverage.present, (0, span[0] - 1)), (span[1] + 1, coverage.head + 1))
    for number in ids:
        left = removed(left, (number, number))
    return tuple(numbers(left))


def holds(coverage: Coverage, number: int) -> bool:
    """Whether an id is covered: what it names is stored already, or is no post."""
    return any(first <= number <= last for first, last in coverage.covered)


def unseen(events: Spans, newest: int) -> int:
    """How many of a channel's events, numbered from 1, are unknown to us."""
    missing: Spans = ((1, newest),) if newest else ()
    for span in events:
        missing = removed(missing, span)
    return size(missing)


def may_be_a_post(coverage: Coverage, number: int) -> bool:
    """Whether an id may name a stored post: one that is present, or too old to be remembered."""
    first = coverage.present[0][0] if coverage.present else coverage.head + 1
    return number < first or any(span[0] <= number <= span[1] for span in coverage.present)


def added(spans: Spans, span: Span) -> Spans:
    """Spans with another one, touching ones made one."""
    first, last = span
    kept: list[Span] = []
    for one in spans:
        if one[1] < first - 1 or one[0] > last + 1:
            kept.append(one)
        else:
            first, last = min(first, one[0]), max(last, one[1])
    return tuple(sorted([*kept, (first, last)]))


def joined(spans: Spans, ids: Iterable[int]) -> Spans:
    """Spans with single ids added."""
    run: Span | None = None
    for number in sorted(set(ids)):
        if run is not None and number == run[1] + 1:
            run = (run[0], number)
            continue
        if run is not None:
            spans = added(spans, run)
        run = (number, number)
    return spans if run is None else added(spans, run)


def removed(spans: Spans, span: Span) -> Spans:
    """Spans without the ids of one."""
    first, last = span
    left: list[Span] = []
    for one in spans:
        if one[1] < first or one[0] > last:
            left.append(one)
            continue
        if one[0] < first:
            left.append((one[0], first - 1))
        if one[1] > last:
            left.append((last + 1, one[1]))
    return tuple(left)


def numbers(spans: Spans) -> Iterator[int]:
    """Every id of the spans."""
    for first, last in spans:
        yield from range(first, last + 1)


def size(spans: Spans) -> int:
    """How many ids."""
    return sum(last - first + 1 for first, last in spans)
