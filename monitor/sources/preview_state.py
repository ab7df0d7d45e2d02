"""What is known of a channel, and what a page of it tells anew. Pure.

The newest id is the cursor: posts above it are new, however long we were away. Edits show as
changed content of a known post. A known id that a page should list and does not is a candidate for
deletion, believed when the next read misses it too; when many vanish at once, one read later.
"""

from typing import Literal, NamedTuple

import msgspec

from monitor.sources.preview_page import Block, Page

KEPT = 40
READS_TO_BELIEVE = 2
MANY = 5
MANY_SHARE = 0.3


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """One channel's state; stored as the cursor's value, together with the posts.

    `contents` maps the newest ids (KEPT of them) to a hash of what they said, `members` the other
    ids of an album to the id of its post, `missing` an id to how many reads have missed it.
    """

    channel: int | None = None
    newest: int = 0
    contents: dict[int, str] = {}
    members: dict[int, int] = {}
    missing: dict[int, int] = {}
    interval: float = 0.0


class Change(NamedTuple):
    """A new or edited post (with its block), or a deleted one (without)."""

    kind: Literal["new", "edit", "delete"]
    id: int
    block: Block | None = None


class Reading(NamedTuple):
    """What a page told: the state after it, the changes in order of ids; `gap`: see `compare`."""

    known: Known
    changes: tuple[Change, ...] = ()
    gap: bool = False


def compare(known: Known, page: Page, *, first: bool = False) -> Reading:
    """What the newest page of a channel tells anew; `first`: nothing was ever read of it.

    If posts may lie between what we know and what it lists, only `gap` is told: the pages after
    the newest known id are to be read first (`advance`), so that the cursor never skips any.
    """
    listed = page.blocks
    if not first and listed and page.before and listed[0].id > known.newest:
        return Reading(known, gap=True)
    vanished, missing = _vanished(known, page)
    return _told(known, page, vanished, missing)


def advance(known: Known, page: Page) -> Reading:
    """What a page listed after the newest known id tells anew. `gap`: there are more behind it."""
    reading = _told(known, page, (), known.missing)
    further = page.after is not None and reading.known.newest > known.newest
    return reading._replace(gap=further)


def handed_over(known: Known, page: Page) -> int | None:
    """The number of another channel that now answers to the name, or None."""
    if known.channel is None:
        return None
    others = {block.channel_id for block in page.blocks} - {None, known.channel}
    return max(number for number in others if number) if others else None


def _told(known: Known, page: Page, gone: tuple[int, ...], missing: dict[int, int]) -> Reading:
    contents = {number: said for number, said in known.contents.items() if number not in gone}
    members = dict(known.members)
    oldest = min(known.contents, default=0)
    changes = [Change("delete", number) for number in gone]
    for block in page.blocks:
        # The first picture of an album may be deleted: another id then heads the same post.
        number = known.members.get(block.id, block.id)
        before = known.contents.get(number)
        if before is None and number < oldest:
            continue
        if not block.service and before != block.content:
            changes.append(Change("edit" if before else "new", number, block))
        contents[number] = block.content
        members.update(dict.fromkeys((*block.members, block.id), number))
    kept = dict(sorted(contents.items())[-KEPT:])
    after = msgspec.structs.replace(
        known,
        channel=known.channel or next((b.channel_id for b in page.blocks if b.channel_id), None),
        newest=max([known.newest, *contents, *members]),
        contents=kept,
        members={m: head for m, head in members.items() if head in kept and m != head},
        missing=missing,
    )
    return Reading(after, tuple(sorted(changes, key=lambda change: change.id)))


def _vanished(known: Known, page: Page) -> tuple[tuple[int, ...], dict[int, int]]:
    """The ids now believed to be deleted, and the candidates with how often they were missed.

    A page tells nothing about deletions if it lists nothing we know (it may be of elsewhere) or if
    one of its blocks could not be read (it may be that one).
    """
    listed = {known.members.get(block.id, block.id) for block in page.blocks}
    if page.unreadable or not listed & known.contents.keys():
        return (), known.missing
    lowest = min(listed) if page.before else 0
    expected = [number for number in known.contents if number >= lowest]
    absent = [number for number in expected if number not in listed]
    many = len(absent) >= MANY or len(absent) > MANY_SHARE * len(expected)
    counts = {number: known.missing.get(number, 0) + 1 for number in absent}
    needed = READS_TO_BELIEVE + many
    gone = tuple(number for number, count in counts.items() if count >= needed)
    return gone, {number: count for number, count in counts.items() if number not in gone}
