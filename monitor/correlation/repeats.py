"""Which posts only repeat another one: forwards, links to it, copies and near-copies.

`Repeats` is a value that follows from the supports of the last two days (and a floor, persisted,
below which everything is forgotten): a restart knows the same. A post is an echo if any post of the
same topic by another source that was published before says the same; the earliest known is the
origin. So it does not matter in which order they arrive.
"""

from __future__ import annotations  # HashTrieMap takes no parameters at run time

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from zlib import crc32

import msgspec
from rpds import HashTrieMap, HashTrieSet

from monitor.incident import Sketch, Support
from monitor.post import Post
from monitor.text.sketch import is_copy, is_short, keys, sketch

Key = tuple[datetime, str, str, str, str]
"""(published at, source, id, incident, topic) of a support; sorts in the order of telling."""

WINDOW_HOURS = 48
"""So long is a post known for its copies."""

MOST_POSTS = 100_000
"""So many posts are known at most; the oldest hours go first."""

COMMON = 24
FIRST = 4
"""Of a key that more posts than COMMON share only so many are looked at, the earliest: the origin
of what everybody copies is among them."""

SHORT_WITHIN = timedelta(hours=1)
"""Short texts that are the same later than this are said again."""

FOOTER_FROM = 3
"""A last line that so many known posts of a channel end with is its footer."""

MOST_CITED = 4
_ADDRESS = re.compile(r"(?:t|telegram)\.me/(?:s/)?([A-Za-z]\w{2,31})/(\d{1,12})\b")


class Repeats(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the posts of one realm that matched.

    `known` has their supports; `index` finds them by what they say, by name (`=`) and by the post
    that they forward or link to (`>`); `tails` counts how many posts of a source end with a line;
    `hours` files them by the hour of publishing, in hours since 1970; none is older than `floor`.
    """

    known: HashTrieMap[Key, Support] = HashTrieMap()
    index: HashTrieMap[bytes, tuple[Key, ...]] = HashTrieMap()
    tails: HashTrieMap[tuple[str, int], int] = HashTrieMap()
    hours: HashTrieMap[int, HashTrieSet[Key]] = HashTrieMap()
    floor: int = 0


class _Footers:
    """The footers of one source, as a container."""

    def __init__(self, tails: HashTrieMap[tuple[str, int], int], source: str) -> None:
        self._tails = tails
        self._source = source

    def __contains__(self, line: object) -> bool:
        return self._tails.get((self._source, line), 0) >= FOOTER_FROM  # type: ignore[arg-type]  # any key may be asked


def hour_of(moment: datetime) -> int:
    """Hours since 1970."""
    return int(moment.timestamp() // 3600)


def sketched(repeats: Repeats, post: Post) -> Sketch:
    """The sketch of a post, without the footers that its channel is known for."""
    return sketch(post.text, _Footers(repeats.tails, post.source))


def cited(post: Post) -> tuple[str, ...]:
    """SOURCE/ID of the other channels' posts that a post links to, in lower case."""
    text = post.text if ".me/" in post.text else ""
    if not text and not post.links:
        return ()
    found = _ADDRESS.findall("\n".join((text, *post.links)).lower())
    own = post.source.lower()
    named = (f"telegram:{name}/{number}" for name, number in found)
    return tuple(dict.fromkeys(one for one in named if not one.startswith(f"{own}/")))[:MOST_CITED]


def forgetting(repeats: Repeats, now: datetime) -> Repeats:
    """Without what is too old, or too much, at a time."""
    floor = hour_of(now) - WINDOW_HOURS
    if floor > repeats.floor:
        repeats = _raised(repeats, floor)
    while len(repeats.known) > MOST_POSTS:
        repeats = _raised(repeats, min(repeats.hours) + 1)
    return repeats


def _raised(repeats: Repeats, floor: int) -> Repeats:
    hours = repeats.hours
    gone = [hour for hour in hours if hour < floor]
    for hour in gone:
        for key in hours[hour]:
            repeats = _dropped(repeats, key)
        hours = hours.discard(hour)
    return msgspec.structs.replace(repeats, hours=hours, floor=floor)


def _dropped(repeats: Repeats, key: Key) -> Repeats:
    """Without one post, but for its hour."""
    support = repeats.known[key]
    index, tails = repeats.index, repeats.tails
    for mark in _marks(key[-1], support):
        left = tuple(one for one in index.get(mark, ()) if one != key)
        index = index.insert(mark, left) if left else index.discard(mark)
    for line in support.sketch.tail:
        tail = (support.source, line)
        count = tails.get(tail, 0) - 1
        tails = tails.insert(tail, count) if count > 0 else tails.discard(tail)
    return msgspec.structs.replace(
        repeats, known=repeats.known.discard(key), index=index, tails=tails
    )


def without(repeats: Repeats, topic: str, support: Support) -> Repeats:
    """Without a post's part in an incident, whatever its newest form."""
    key = (*order(support), support.incident, topic)
    if key not in repeats.known:
        return repeats
    hour = hour_of(support.published_at)
    filed = repeats.hours[hour].discard(key)
    hours = repeats.hours.insert(hour, filed) if len(filed) else repeats.hours.discard(hour)
    return msgspec.structs.replace(_dropped(repeats, key), hours=hours)


def put(repeats: Repeats, topic: str, support: Support) -> Repeats:
    """With a post in its newest form."""
    key = (*order(support), support.incident, topic)
    hour = hour_of(support.published_at)
    if hour < repeats.floor:
        return repeats
    if key in repeats.known:
        repeats = _dropped(repeats, key)
    index, tails = repeats.index, repeats.tails
    for mark in _marks(topic, support):
        index = index.insert(mark, tuple(sorted((*index.get(mark, ()), key))))
    for line in support.sketch.tail:
        tail = (support.source, line)
        tails = tails.insert(tail, tails.get(tail, 0) + 1)
    filed: HashTrieSet[Key] = repeats.hours.get(hour, HashTrieSet())
    return Repeats(
        known=repeats.known.insert(key, support),
        index=index,
        tails=tails,
        hours=repeats.hours.insert(hour, filed.insert(key)),
        floor=repeats.floor,
    )


def _marks(topic: str, support: Support) -> Iterator[bytes]:
    """By what a post is found; what was withdrawn is not repeated."""
    if support.withdrawn:
        return
    head = crc32(topic.encode()).to_bytes(4, "big")
    yield _named(head, b"=", f"{support.source}/{support.id}")
    for name in _points_at(support):
        yield _named(head, b">", name)
    for key in keys(support.sketch):
        yield head + key


def _named(head: bytes, kind: bytes, name: str) -> bytes:
    return head + kind + name.lower().encode("utf-8", "replace")


def _points_at(support: Support) -> tuple[str, ...]:
    return (support.origin, *support.cites) if support.origin else support.cites


def origin_of(repeats: Repeats, topic: str, support: Support) -> Support | None:
    """The earliest known post that this one repeats, or None."""
    found = list(_pointed(repeats, topic, support))
    found += [one for one in _alike(repeats, topic, support) if order(one) < order(support)]
    return min(found, key=order, default=None)


def followers(repeats: Repeats, topic: str, support: Support) -> tuple[Support, ...]:
    """The known posts that turn out to repeat this one, which was published before them."""
    head = crc32(topic.encode()).to_bytes(4, "big")
    mark = _named(head, b">", f"{support.source}/{support.id}")
    later = [repeats.known[key] for key in repeats.index.get(mark, ())]
    later += [one for one in _forwards(repeats, topic, support) if order(one) > order(support)]
    later += [one for one in _alike(repeats, topic, support) if order(one) > order(support)]
    fresh = {order(one): one for one in later if not one.echo_of and _other(one, support)}
    return tuple(fresh[place] for place in sorted(fresh))


def _pointed(repeats: Repeats, topic: str, support: Support) -> Iterator[Support]:
    """What it forwards or links to, and earlier forwards of the same post."""
    head = crc32(topic.encode()).to_bytes(4, "big")
    for name in _points_at(support):
        for key in repeats.index.get(_named(head, b"=", name), ()):
            if _other(repeats.known[key], support):
                yield repeats.known[key]
    for one in _forwards(repeats, topic, support):
        if order(one) < order(support):
            yield one


def _forwards(repeats: Repeats, topic: str, support: Support) -> Iterator[Support]:
    """Other forwards of the post that this one forwards."""
    if support.origin:
        head = crc32(topic.encode()).to_bytes(4, "big")
        for key in repeats.index.get(_named(head, b">", support.origin), ()):
            one = repeats.known[key]
            if one.origin == support.origin and _other(one, support):
                yield one


def _alike(repeats: Repeats, topic: str, support: Support) -> Iterable[Support]:
    """Posts of other sources with the same words."""
    head = crc32(topic.encode()).to_bytes(4, "big")
    near: set[Key] = set()
    for key in keys(support.sketch):
        sharing = repeats.index.get(head + key, ())
        near.update(sharing if len(sharing) <= COMMON else sharing[:FIRST])
    for each in near:
        one = repeats.known[each]
        if one.source != support.source and _is_repeat(one, support):
            yield one


def _is_repeat(one: Support, other: Support) -> bool:
    apart = abs(one.published_at - other.published_at)
    if is_short(one.sketch, other.sketch) and apart > SHORT_WITHIN:
        return False
    return apart <= timedelta(hours=WINDOW_HOURS) and is_copy(one.sketch, other.sketch)


def _other(one: Support, support: Support) -> bool:
    return (one.source, one.id) != (support.source, support.id)


def order(support: Support) -> tuple[datetime, str, str]:
    """The order in which posts are told: by time of publishing, then by name."""
    return support.published_at, support.source, support.id
