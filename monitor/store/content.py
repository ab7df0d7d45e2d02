"""What a version is: sound values, times in order, and the hash that tells two versions apart."""

import hashlib
import unicodedata
from datetime import UTC, datetime, timedelta

import msgspec

from monitor.incident import Gist
from monitor.post import Post, PostKind, Received
from monitor.store.texts import Text

AHEAD = timedelta(minutes=2)
"""How far a post's own times may run ahead of the moment when it was seen."""

_GONE = hashlib.sha256(b"deleted").digest()
_CARD = "preview"


def content_hash(post: Post) -> bytes:
    """SHA-256 over what a reader would call the content: words, kinds of media, links.

    White space and the order of media and links do not count; a link's card does not either, for
    the platform adds it by itself some time after the post. A deletion has a hash of its own.
    """
    if post.kind == "delete":
        return _GONE
    text = _words(post.text)
    if post.media or post.links:
        kinds = sorted(media.kind for media in post.media if media.kind != _CARD)
        links = sorted(set(post.links))
        text = "\x1f".join([str(len(kinds)), str(len(links)), *kinds, *links, text])
    else:
        text = f"0\x1f0\x1f{text}"
    return hashlib.sha256(text.encode()).digest()


def _words(text: str) -> str:
    """The text in NFC with single spaces (a third of the time that split and join take)."""
    # What stands double is mostly at the ends of lines, where it is quickly found.
    text = unicodedata.normalize("NFC", text).replace("\n\n", " ").replace(" \n", " ")
    for space in "\n\r\t\xa0":
        text = text.replace(space, " ")
    while "  " in text:
        text = text.replace("  ", " ")
    return text.strip()


class Sound(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A post in values that can be stored, and what was wrong with it (None = nothing).

    `content` is its hash. `timed` is the post with its times filled in if it turns out to be new
    (None = it says itself that it is not) and `body` its JSON, so that a post is written out once.
    If `received` carries the post as a new one is stored, `text` may be its JSON, packed, and
    `quiet` says that it was judged already: if it turns out to be new, no rule holds for it. Else
    `gist` may be what was read of it.
    """

    received: Received
    content: bytes
    problem: str | None = None
    timed: Post | None = None
    body: bytes = b""
    text: Text | None = None
    quiet: bool = False
    gist: Gist | None = None


_JSON = msgspec.json.Encoder()


def sound(received: Received, now: datetime) -> Sound:
    """The same post in values that can be stored.

    A lone half of a surrogate pair becomes a question mark, a time without an offset is read as
    UTC. Sources should have seen to both; a bad post must harm only itself.
    """
    post = received.post
    if _has_offsets(post):
        try:
            fresh = timed(post, "new", now) if post.kind == "new" else None
            return Sound(received, content_hash(post), None, fresh, _JSON.encode(fresh or post))
        except UnicodeEncodeError:
            pass
    return _mended(received)


def _has_offsets(post: Post) -> bool:
    edited, observed = post.edited_at, post.observed_at
    return (
        post.published_at.tzinfo is not None
        and (edited is None or edited.tzinfo is not None)
        and (observed is None or observed.tzinfo is not None)
    )


def _mended(received: Received) -> Sound:
    post = received.post
    problem = ""
    try:
        _JSON.encode(post)
    except UnicodeEncodeError:
        post = msgspec.convert(_encodable(msgspec.to_builtins(post)), Post)
        problem = "it holds characters that are no Unicode"
    if not _has_offsets(post):
        post = msgspec.structs.replace(
            post,
            published_at=_utc(post.published_at),
            edited_at=post.edited_at and _utc(post.edited_at),
            observed_at=post.observed_at and _utc(post.observed_at),
        )
        problem = "a time in it has no offset"
    return Sound(msgspec.structs.replace(received, post=post), content_hash(post), problem)


def _encodable(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {key: _encodable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(inner) for inner in value]
    return value


def _utc(moment: datetime) -> datetime:
    """UTC, in whole milliseconds: what the store can give back."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    elif moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    rest = moment.microsecond % 1000
    return moment.replace(microsecond=moment.microsecond - rest) if rest else moment


def timed(post: Post, kind: PostKind, now: datetime) -> Post:
    """The post as `kind`, its times in UTC, filled in and bounded (DESIGN 9, Time).

    A missing observed_at is published_at for a new post, edited_at, else `now`, for an edit, and
    `now` for a deletion. No time is later than observed_at + 2 minutes.
    """
    published, edited = _utc(post.published_at), post.edited_at and _utc(post.edited_at)
    if post.observed_at is not None:
        observed = _utc(post.observed_at)
    elif kind == "new":
        observed = published
    else:
        observed = (edited if kind == "edit" else None) or max(_utc(now), published)
    latest = observed + AHEAD if observed < _LAST else observed
    published = min(published, latest)
    edited = edited and min(edited, latest)
    if (
        post.kind == kind
        and post.observed_at is observed
        and post.published_at is published
        and post.edited_at is edited
    ):
        return post
    return msgspec.structs.replace(
        post, kind=kind, published_at=published, edited_at=edited, observed_at=observed
    )


_LAST = datetime.max.replace(tzinfo=UTC) - AHEAD
