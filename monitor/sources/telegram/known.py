"""What is stored of a channel, and how far the search for what nobody told has come. Pure.

Each new, edited or deleted post is an event, and the server numbers them. A hole in the numbers
that we know is an edit or a deletion that no push told: a search lists again all that may have
changed, from where there was last no hole. It goes page by page, over restarts too, and the hole
is closed when every page was read: never before.
"""

from collections.abc import Iterable

import msgspec

from monitor.post import Received
from monitor.sources.telegram.coverage import (
    Coverage,
    Span,
    Spans,
    added,
    holds,
    may_be_a_post,
    removed,
    unseen,
)

NEAR = 50
"""Ids before the newest one of that time that are searched as well: edits are mostly of late."""

Told = tuple[int, int]
"""The number of a channel's newest event, and the newest id then; (0, 0) = not told yet."""


class Search(msgspec.Struct, frozen=True):
    """A search for all events up to one, when `head` was the newest id; `left` is yet to be read.

    What is listed counts if the server had seen that event by then.
    """

    event: int
    head: int
    left: Spans


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A channel's cursor.

    `number` is its numeric id, `contacted` whether its history was looked at. `events` are the
    numbers of the channel's events (its pts) that we know of. `settled` is the newest id when there
    was last no hole in them; 0 = never, or the channel was empty. `relisted_at` is when the recent
    posts were last listed again, `listed_at` when a page of it was last listed to fill a gap or to
    search, both in Unix seconds.
    """

    number: int
    coverage: Coverage
    contacted: bool = False
    events: Spans = ()
    settled: int = 0
    search: Search | None = None
    relisted_at: float = 0.0
    listed_at: float = 0.0


def sought(known: Known, told: Told) -> Search | None:
    """The search under way, or the one to begin now; None when no event is missing."""
    if known.search is not None or not unseen(known.events, told[0]):
        return known.search
    floor, head = known.coverage.floor, max(told[1], known.coverage.head)
    first = max(floor, (known.settled or floor) - NEAR)
    return Search(told[0], told[1], ((first, head),) if first <= head else ())


def searched(known: Known, told: Told, read: Span | None, as_of: int) -> Known:
    """A channel after a span was read whole as of an event; a hole begins a search."""
    search = sought(known, told)
    if search is None:
        return known
    left = removed(search.left, read) if read and as_of >= search.event else search.left
    events = known.events if left else added(known.events, (1, search.event))
    if unseen(events, search.event):
        going_on = Search(search.event, search.head, left)
        return msgspec.structs.replace(known, search=going_on)
    settled = max(known.settled, search.head)
    return msgspec.structs.replace(known, events=events, settled=settled, search=None)


def fresh(posts: Iterable[Received], known: Known | None) -> list[Received]:
    """The posts without new ones that are covered, and without deletions of what is not there."""
    if known is None:
        return list(posts)
    return [one for one in posts if _tells(one, known.coverage)]


def _tells(received: Received, coverage: Coverage) -> bool:
    number = int(received.post.id)
    if received.post.kind == "new":
        return not holds(coverage, number)
    return received.post.kind != "delete" or may_be_a_post(coverage, number)
