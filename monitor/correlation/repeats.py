"""Which posts only repeat another one: forwards, links to it, copies and near-copies.

`Repeats` is a value that follows from the supports of the last two days (and a floor, persisted,
below which everything is forgotten): a restart knows the same. A post is an echo if any post of the
same topic by another source that was published before says the same; the earliest known is the
origin. So it does not matter in which order they arrive.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from operator import attrgetter

from monitor.correlation.known import (
    Footers,
    Repeats,
    minute_of,
    points_at,
)
from monitor.incident import Sketch, Support
from monitor.post import Post
from monitor.text.sketch import is_copy, is_short, sketch

WINDOW = timedelta(hours=48)
"""So long is a post known for its copies."""

MOST_POSTS = 100_000
"""So many posts are known at most; the oldest minutes go first."""

SHORT_WITHIN = timedelta(hours=1)
"""Short texts that are the same later than this are said again."""

MOST_CITED = 4
_key = attrgetter("key")
_ADDRESS = re.compile(r"(?:t|telegram)\.me/(?:s/)?([A-Za-z]\w{2,31})/(\d{1,12})\b")


def sketched(repeats: Repeats, post: Post) -> Sketch:
    """The sketch of a post, without the footers that its channel is known for."""
    return sketch(post.text, Footers(repeats.table.tails, post.source))


def cited(post: Post) -> tuple[str, ...]:
    """SOURCE/ID of the other channels' posts that a post links to, in lower case."""
    text = post.text if ".me/" in post.text else ""
    if not text and not post.links:
        return ()
    found = _ADDRESS.findall("\n".join((text, *post.links)).lower())
    own = post.source.lower()
    names = (f"telegram:{name}/{number}" for name, number in found)
    return tuple(dict.fromkeys(one for one in names if not one.startswith(f"{own}/")))[:MOST_CITED]


def forgetting(repeats: Repeats, now: datetime, most: int | None = None) -> Repeats:
    """Without what is too old, or too much, at a time.

    By the minute, so that it is never many at once: each takes 20 us. If more than `most` are too
    old, the minutes behind these wait for the next time.
    """
    floor = minute_of(now - WINDOW)
    if floor > repeats.floor:
        repeats = _raised(repeats, floor, most)
    while len(repeats.table.known) > MOST_POSTS:
        repeats = _raised(repeats, min(repeats.table.minutes) + 1)
    return repeats


def _raised(repeats: Repeats, floor: int, most: int | None = None) -> Repeats:
    minutes = repeats.table.minutes
    enough = 0 if most is None else len(repeats.table.known) - most
    # Nothing is older than the floor: most often there is one minute to look at, not thousands.
    passed = range(repeats.floor, floor)
    few = passed if len(passed) < len(minutes) else sorted(minutes)
    for minute in [one for one in few if one < floor and one in minutes]:
        if len(repeats.table.known) <= enough:
            return repeats.since(minute)
        for one in sorted(minutes[minute], key=_key, reverse=True):
            repeats = repeats.forgotten(one)
    return repeats.since(floor)


def without(repeats: Repeats, topic: str, support: Support) -> Repeats:
    """Without a post's part in an incident, whatever its newest form."""
    key = (*order(support), support.incident, topic)
    return repeats.changed(key, None) if repeats.table.of(key) is not None else repeats


def put(repeats: Repeats, topic: str, support: Support) -> Repeats:
    """With a post in its newest form."""
    if minute_of(support.published_at) < repeats.floor:
        return repeats
    return repeats.changed((*order(support), support.incident, topic), support)


def origin_of(repeats: Repeats, topic: str, support: Support) -> Support | None:
    """The earliest known post that this one repeats, or None."""
    found = list(_pointed(repeats, topic, support)) if points_at(support) else []
    near = repeats.table.near(topic, support)
    if near:
        place = order(support)
        earlier = sorted([one for one in near if one.place < place], key=_key)
        found += islice((one.support for one in earlier if _is_repeat(one.support, support)), 1)
    return min(found, key=order) if found else None


def followers(repeats: Repeats, topic: str, support: Support) -> tuple[Support, ...]:
    """The known posts that turn out to repeat this one, published before them, echoes or not."""
    place, table = order(support), repeats.table
    later = list(table.pointing(topic, f"{support.source}/{support.id}"))
    if support.origin:
        later += [one for one in _forwards(repeats, topic, support) if order(one) > place]
    if table.latest is not None and support.published_at <= table.latest:
        after = [one for one in table.near(topic, support) if one.place > place]
        later += [one.support for one in after if _is_repeat(one.support, support)]
    if not later:
        return ()
    found = {order(one): one for one in later if _other(one, support)}
    return tuple(found[place] for place in sorted(found))


def _pointed(repeats: Repeats, topic: str, support: Support) -> Iterator[Support]:
    """What it forwards or links to, and earlier forwards of the same post."""
    table = repeats.table
    for name in points_at(support):
        yield from (one for one in table.by_name(topic, name) if _other(one, support))
    if support.origin:
        for earlier in _forwards(repeats, topic, support):
            if order(earlier) < order(support):
                yield earlier


def _forwards(repeats: Repeats, topic: str, support: Support) -> Iterator[Support]:
    """Other forwards of the post that this one forwards."""
    for one in repeats.table.pointing(topic, support.origin or ""):
        if one.origin == support.origin and _other(one, support):
            yield one


def _is_repeat(one: Support, other: Support) -> bool:
    if one.place != other.place and one.place and other.place:
        return False  # the same words of another place, however it is written
    apart = abs(one.published_at - other.published_at)
    if is_short(one.sketch, other.sketch) and apart > SHORT_WITHIN:
        return False
    return apart <= WINDOW and is_copy(one.sketch, other.sketch)


def _other(one: Support, support: Support) -> bool:
    return (one.source, one.id) != (support.source, support.id)


def order(support: Support) -> tuple[datetime, str, str]:
    """The order in which posts are told: by time of publishing, then by name."""
    return support.published_at, support.source, support.id
