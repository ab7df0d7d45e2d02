"""What a channel published: the post, and the envelope a source hands it over in.

A `Post` is the JSON object of the contract (recording, replay, webhook, export): times are aware
UTC, text is plain text with its line breaks. `Received` adds what only the source knows.
"""

from datetime import datetime
from typing import Literal

import msgspec

PostKind = Literal["new", "edit", "delete"]


class Media(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something attached to a post: a photo, a video, a poll, a file.

    `kind` is one of photo, video, round_video, voice, audio, document, sticker, gif, poll,
    location, preview (a link's card), unsupported. `sha256` names the stored bytes, if any.
    """

    kind: str
    name: str | None = None
    sha256: str | None = None
    lat: float | None = None
    lon: float | None = None


class Origin(msgspec.Struct, frozen=True):
    """Where a forwarded post comes from.

    `source` is `platform:name`, or `platform:?shown name` when the platform hides the link; `id` is
    None when unknown.
    """

    source: str
    id: str | None = None


class Post(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One version of a post as published, or its deletion.

    A post is named by (source, id); its versions are counted by the store. The source is
    `platform:name`, for example `telegram:vvgladkov`.
    """

    source: str
    id: str
    kind: PostKind = "new"
    published_at: datetime
    edited_at: datetime | None = None
    observed_at: datetime | None = None
    text: str = ""
    url: str | None = None
    author: str | None = None
    reply_to: str | None = None
    group_id: str | None = None
    forwarded_from: Origin | None = None
    media: tuple[Media, ...] = ()
    links: tuple[str, ...] = ()
    """Addresses behind words of the text that the text itself does not show."""


class Received(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A post in the envelope of the source that observed it.

    `raw` is the payload as received (a JSON line, an HTML block, a feed entry), kept for evidence;
    `channel_id` the platform's numeric id of the channel, if it has one; `history` marks what a
    source found on its first read of a channel: stored, never ringing. `exercise` marks recorded or
    simulated posts: they have a correlation state of their own and every alert says so.
    `truncated` says that the source cut the text to the limit. `beside` marks what a second reader
    of the channel tells beside the first: new when it is missing, else never a version.
    """

    post: Post
    raw: bytes = b""
    channel_id: int | None = None
    history: bool = False
    exercise: bool = False
    truncated: bool = False
    beside: bool = False


class PostName(msgspec.Struct, frozen=True, order=True, gc=False):
    """A stored version's name, written SOURCE/ID@VERSION (versions count from 1)."""

    source: str
    id: str
    version: int = 1
    exercise: bool = False

    def __str__(self) -> str:
        return f"{self.source}/{self.id}@{self.version}"


def event_time(post: Post) -> datetime:
    """When what this version says happened, for windows and order (DESIGN 9, Time).

    A post's published_at; an edit's edited_at, else observed_at; a deletion's observed_at. The
    store has already filled observed_at and bounded both by it.
    """
    if post.kind == "new":
        return post.published_at
    if post.kind == "edit" and post.edited_at is not None:
        return post.edited_at
    return post.observed_at or post.published_at
