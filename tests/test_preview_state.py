"""What a page tells anew: new posts, edits, deletions believed late, gaps filled upward."""

from datetime import UTC, datetime, timedelta

import msgspec

from monitor.post import Post
from monitor.sources.preview_page import Block, Page
from monitor.sources.preview_state import KEPT, Known, Reading, advance, compare, handed_over

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def block(number: int, text: str = "", members: tuple[int, ...] = (), **more: object) -> Block:
    """A listed message."""
    post = Post(
        source="telegram:one",
        id=str(number),
        published_at=NOON + timedelta(minutes=number),
        text=text or f"text {number}",
    )
    made = Block(id=number, name="one", post=post, raw=b"", channel_id=7, members=members)
    return msgspec.structs.replace(made, **more)


def page(*blocks: Block | int, before: int | None = 1, after: int | None = None) -> Page:
    """A page; numbers stand for plain messages."""
    made = tuple(block(item) if isinstance(item, int) else item for item in blocks)
    return Page(blocks=made, before=before, after=after)


def told(reading: Reading) -> list[tuple[str, int]]:
    """The changes without their blocks."""
    return [(change.kind, change.id) for change in reading.changes]


def first(*blocks: Block | int) -> Known:
    """What is known after the first page."""
    return compare(Known(), page(*blocks), first=True).known


def test_first_contact_tells_all() -> None:
    """The first page is all new, however far down its channel goes."""
    reading = compare(Known(), page(5, 6, 7), first=True)
    assert told(reading) == [("new", 5), ("new", 6), ("new", 7)]
    assert (reading.known.newest, reading.known.channel, reading.gap) == (7, 7, False)


def test_only_what_changed_is_told() -> None:
    """A page read again tells nothing; a new post and a changed text are told."""
    known = first(5, 6, 7)
    assert compare(known, page(5, 6, 7)) == Reading(known)
    assert told(compare(known, page(6, block(7, "changed"), 8))) == [("edit", 7), ("new", 8)]


def test_posts_below_what_was_seen_first_are_not_new() -> None:
    """A page that reaches further down than the first one brings nothing up."""
    assert told(compare(first(5, 6, 7), page(3, 4, 5, 6, 7))) == []


def test_a_hole_that_fills_is_told() -> None:
    """An id that appears among known ones is new: it was hidden before."""
    assert told(compare(first(5, 7), page(5, 6, 7))) == [("new", 6)]


def test_a_gap_stops_everything_until_it_is_filled() -> None:
    """Nothing of the newest page is told while posts may lie between."""
    known = first(5, 6)
    reading = compare(known, page(30, 31))
    assert reading == Reading(known, gap=True)
    assert compare(known, page(30, 31, before=None)).gap is False
    step = advance(known, page(7, 9, after=9))
    assert (told(step), step.gap) == ([("new", 7), ("new", 9)], True)
    end = advance(step.known, page(30, 31))
    assert (told(end), end.gap) == ([("new", 30), ("new", 31)], False)
    assert advance(end.known, page()).gap is False


def test_a_server_that_does_not_advance_is_not_asked_for_ever() -> None:
    """A page `after` that brings nothing higher ends the filling."""
    assert advance(first(5, 6), page(5, 6, after=6)).gap is False


def test_a_deletion_is_believed_at_the_second_read() -> None:
    """One missing id is a candidate first, gone next, and told once."""
    known = first(1, 2, 3, 4, 5)
    once = compare(known, page(1, 2, 4, 5))
    assert (told(once), once.known.missing) == ([], {3: 1})
    twice = compare(once.known, page(1, 2, 4, 5))
    assert told(twice) == [("delete", 3)]
    assert told(compare(twice.known, page(1, 2, 4, 5))) == []


def test_a_post_that_reappears_was_not_deleted() -> None:
    """A candidate that is listed again starts from nothing."""
    known = compare(first(1, 2, 3, 4, 5), page(1, 2, 4, 5)).known
    back = compare(known, page(1, 2, 3, 4, 5))
    assert (told(back), back.known.missing) == ([], {})


def test_many_deletions_wait_for_a_third_read() -> None:
    """Five at once, or more than 30 % of what is listed, are believed one read later."""
    known = first(*range(1, 21))
    for count in (5, 8):
        left = page(*range(count + 1, 21), before=None)
        reading = compare(known, left)
        for expected in (0, count, 0):
            reading = compare(reading.known, left)
            assert len(told(reading)) == expected
    few = page(*range(5, 21), before=None)
    assert len(told(compare(compare(known, few).known, few))) == 4


def test_the_newest_post_can_be_deleted_too() -> None:
    """What lies above the highest listed id is within the newest page's range."""
    known = first(1, 2, 3, 4)
    short = page(1, 2, 3)
    assert told(compare(compare(known, short).known, short)) == [("delete", 4)]
    assert compare(known, short).known.newest == 4


def test_pages_that_prove_nothing_delete_nothing() -> None:
    """Out of range, an unreadable block, or a page of other posts: no candidate."""
    known = first(1, 2, 3, 4)
    assert compare(known, page(3, 4, 5)).known.missing == {}
    broken = msgspec.structs.replace(page(1, 2, 4), unreadable=1)
    assert compare(known, broken).known.missing == {}
    assert compare(known, page(9, before=None)).known.missing == {}
    assert compare(known, page()).known.missing == {}


def test_an_album_is_one_post() -> None:
    """The other pictures' ids are no posts, and one that heads the album later is no new post."""
    known = first(1, block(2, members=(3, 4)), 5)
    assert known.members == {3: 2, 4: 2}
    assert told(compare(known, page(1, block(2, members=(3, 4)), 5))) == []
    headless = page(1, block(3, "text 2", members=(4,)), 5)
    assert told(compare(known, headless)) == []
    assert compare(known, headless).known.missing == {}
    assert first(1, block(2, members=(3, 4))).newest == 4


def test_service_messages_are_known_but_no_posts() -> None:
    """What Telegram says about the channel fills the ids and is not told."""
    reading = compare(first(1), page(1, block(2, service=True), 3))
    assert (told(reading), reading.known.newest) == ([("new", 3)], 3)
    assert 2 in reading.known.contents


def test_what_is_kept_is_bounded() -> None:
    """Only the newest ids are kept, and the state survives its JSON."""
    known = first(*range(1, 100))
    assert sorted(known.contents) == list(range(100 - KEPT, 100))
    assert msgspec.json.decode(msgspec.json.encode(known), type=Known) == known


def test_another_number_is_a_hand_over() -> None:
    """Another channel id under the name is told; an absent one proves nothing."""
    known = first(1, 2)
    assert handed_over(known, page(2, 3)) is None
    assert handed_over(known, page(block(3, channel_id=None))) is None
    assert handed_over(known, page(2, block(3, channel_id=8))) == 8
    assert handed_over(Known(), page(block(3, channel_id=8))) is None
