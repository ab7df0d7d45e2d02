"""Putting a post in its envelope: the last place where a source bounds what strangers wrote."""

import msgspec

from monitor.post import Post, Received
from monitor.text.caps import capped

MAX_LINKS = 100
MAX_MEDIA = 100
MAX_AUTHOR = 256
MAX_URL = 2048


def received(
    post: Post,
    raw: bytes,
    *,
    channel_id: int | None = None,
    history: bool = False,
    exercise: bool = False,
    truncated: bool = False,
) -> Received:
    """The post with its text, links, media and names within bounds, in its envelope.

    `truncated` says that something was cut before; cutting the text here says so too.
    """
    text, changed = capped(post.text)
    bounded: dict[str, object] = {}
    if changed:
        bounded["text"] = text
    if len(post.links) > MAX_LINKS:
        bounded["links"] = post.links[:MAX_LINKS]
    if len(post.media) > MAX_MEDIA:
        bounded["media"] = post.media[:MAX_MEDIA]
    if post.author and len(post.author) > MAX_AUTHOR:
        bounded["author"] = post.author[:MAX_AUTHOR]
    if post.url and len(post.url) > MAX_URL:
        bounded["url"] = None
    return Received(
        post=msgspec.structs.replace(post, **bounded) if bounded else post,
        raw=raw,
        channel_id=channel_id,
        history=history,
        exercise=exercise,
        truncated=truncated or changed,
    )
