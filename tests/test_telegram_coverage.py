"""Coverage of message ids: what is known, what is missing, what vanished."""

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from monitor.sources.telegram import coverage as c

IDS = st.integers(min_value=1, max_value=60)
SPANS = st.tuples(IDS, IDS).map(lambda pair: (min(pair), max(pair)))


def test_a_push_after_a_hole_leaves_a_gap() -> None:
    """A pushed id that does not follow the last one leaves exactly the ids between as a gap."""
    start = c.began(1, 10, range(1, 11))
    assert c.gaps(c.pushed(start, [11, 12], [11, 12])) == ()
    assert c.gaps(c.pushed(start, [13, 17], [13, 17])) == ((11, 12), (14, 16))


def test_a_head_that_is_heard_of_is_a_gap_itself() -> None:
    """A newer head makes everything up to and including it missing."""
    assert c.gaps(c.heard(c.began(5, 10, [7, 10]), 12)) == ((11, 12),)


def test_listing_closes_a_gap_even_when_it_is_empty() -> None:
    """A listed span without messages is covered: ids have natural holes."""
    coverage = c.listed(c.heard(c.began(1, 10, [10]), 20), (11, 20), [14])
    assert c.gaps(coverage) == ()
    assert coverage.present == ((10, 10), (14, 14))


def test_an_empty_channel_has_no_gaps() -> None:
    """A channel without messages is covered; its first post is not lost."""
    start = c.began(1, 0, [])
    assert c.gaps(start) == ()
    assert c.gaps(c.heard(start, 2)) == ((1, 2),)


def test_what_vanished_is_told() -> None:
    """Messages that a listing no longer has are named, those outside of it are not."""
    coverage = c.began(1, 10, [2, 3, 5, 9])
    assert c.vanished(coverage, (2, 6), [3]) == (2, 5)
    assert c.vanished(c.deleted(coverage, [2]), (2, 6), [3]) == (5,)
    assert c.vanished(c.forgotten(coverage, 5), (1, 10), []) == (5, 9)


def test_first_contact_after_a_push_goes_deeper() -> None:
    """A channel that was pushed before its history was read keeps the push and gets the history."""
    coverage = c.pushed(c.began(50, 49, ()), [50], [50])
    assert c.gaps(c.deepened(coverage, 20, [20, 30])) == ()
    assert c.deepened(coverage, 20, [20, 30]).floor == 20


def test_later_messages_of_albums_name_no_post() -> None:
    """Only ids that name posts may be deleted as posts; those too old to be known may be."""
    coverage = c.pushed(c.began(1, 10, [8, 9, 10]), [11, 12, 13], [11])
    assert [c.may_be_a_post(coverage, number) for number in (5, 9, 11, 12, 13)] == [
        True, True, True, False, False,
    ]  # fmt: skip


@given(st.lists(st.tuples(st.booleans(), SPANS), max_size=30))
def test_spans_are_sets(steps: list[tuple[bool, c.Span]]) -> None:
    """Adding and removing spans gives the ids that sets of ids give, in disjoint spans."""
    spans: c.Spans = ()
    wanted: set[int] = set()
    for add, (first, last) in steps:
        ids = set(range(first, last + 1))
        spans = c.added(spans, (first, last)) if add else c.removed(spans, (first, last))
        wanted = wanted | ids if add else wanted - ids
        assert set(c.numbers(spans)) == wanted
        assert c.size(spans) == len(wanted)
        assert all(a[1] + 1 < b[0] for a, b in pairwise(spans))


@given(st.sets(IDS), st.integers(0, 2**32))
def test_no_order_of_pushes_loses_an_id(ids: set[int], seed: int) -> None:
    """In whatever order some posts are pushed, the gaps are the ids that were not."""
    shuffled = sorted(ids)
    random.Random(seed).shuffle(shuffled)
    coverage = c.began(1, 0, [])
    for number in shuffled:
        coverage = c.pushed(coverage, [number], [number])
    missing = set(range(1, max(ids, default=0) + 1)) - ids
    assert set(c.numbers(c.gaps(coverage))) == missing
