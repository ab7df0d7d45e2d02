"""Telegram's messages as posts: text, links behind words, media, forward, reply, poll, album. Pure.

The same message read through the web preview gives the same post (channel id and message id, text,
kinds of media), so that one source can be read both ways. An album's messages are one post, named
by the first of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from telethon import types, utils

from monitor.post import Media, Origin, Post, PostKind, Received
from monitor.sources import envelope

TL = Any  # Telethon's classes carry no types
Chats = Mapping[int, TL]
"""The chats that came with the messages, by marked peer id."""

_LAST_SECOND = datetime(9999, 1, 1, tzinfo=UTC)


def received(
    source: str,
    messages: Sequence[TL],
    chats: Chats,
    *,
    kind: PostKind = "new",
    history: bool = False,
    observed_at: datetime | None = None,
) -> Received:
    """One message, or the messages of one album in ascending order, as a post in its envelope.

    `raw` holds the TL bytes of each message, one after the other. `observed_at` is when the server
    was asked for them, or when they were pushed: what tells a late post from a new one. A reaction
    hides when a post was edited: told as an edit it has that time, or that of the reaction. Edits
    are ordered by the server's time, and ours may be ahead of it.
    """
    first = messages[0]
    texts = [text for message in messages if (text := _said(message))]
    links = [link for message in messages for link in _links(message)]
    edits = [
        message.edit_date
        for message in messages
        if getattr(message, "edit_date", None) and (kind == "edit" or not message.edit_hide)
    ]
    name = source.partition(":")[2]
    post = Post(
        source=source,
        id=str(first.id),
        kind=kind,
        published_at=first.date or _LAST_SECOND,
        edited_at=max(edits, default=None),
        observed_at=observed_at,
        text="\n".join(texts),
        url=f"https://t.me/{name}/{first.id}",
        author=getattr(first, "post_author", None),
        reply_to=_reply(first, chats),
        group_id=str(first.id) if getattr(first, "grouped_id", None) else None,
        forwarded_from=_origin(first, chats),
        media=tuple(media for message in messages for media in _media(message)),
        links=tuple(dict.fromkeys(links)),
    )
    raw = b"".join(bytes(message) for message in messages)
    return envelope.received(post, raw, channel_id=first.peer_id.channel_id, history=history)


def gone(source: str, channel: int, number: int, observed_at: datetime) -> Received:
    """The deletion of a message, seen at a time."""
    post = Post(
        source=source,
        id=str(number),
        kind="delete",
        published_at=observed_at,
        observed_at=observed_at,
    )
    return Received(post=post, channel_id=channel)


def albums(messages: Iterable[TL]) -> list[list[TL]]:
    """Messages that are posts, in ascending order of id, those of one album together.

    Empty messages (deleted ones) and service messages (renamed, pinned ...) are no posts. Of a
    message that was told twice the later telling counts.
    """
    groups: dict[object, list[TL]] = {}
    by_id = {int(one.id): one for one in messages}
    for _, message in sorted(by_id.items()):
        if isinstance(message, (types.MessageEmpty, types.MessageService)):
            continue
        group = getattr(message, "grouped_id", None)
        groups.setdefault(("album", group) if group else message.id, []).append(message)
    return list(groups.values())


def by_peer(chats: Iterable[TL]) -> dict[int, TL]:
    """Chats by their marked peer id."""
    return {utils.get_peer_id(chat): chat for chat in chats}


def _said(message: TL) -> str:
    """The words: the text and, of a poll, the question and the answers."""
    lines = [getattr(message, "message", None) or ""]
    poll = getattr(getattr(message, "media", None), "poll", None)
    if poll is not None:
        lines += [poll.question.text, *(answer.text.text for answer in poll.answers)]
    return "\n".join(line for line in lines if line)


def _links(message: TL) -> Iterable[str]:
    """Addresses behind words and on buttons."""
    for entity in getattr(message, "entities", None) or ():
        if isinstance(entity, types.MessageEntityTextUrl):
            yield entity.url
    markup = getattr(message, "reply_markup", None)
    for row in getattr(markup, "rows", None) or ():
        for button in row.buttons:
            if isinstance(button, types.KeyboardButtonUrl):
                yield button.url


def _reply(message: TL, chats: Chats) -> str | None:
    """The id replied to; SOURCE/ID when it is in another channel that is known."""
    header = getattr(message, "reply_to", None)
    number = getattr(header, "reply_to_msg_id", None)
    if number is None:
        return None
    peer = getattr(header, "reply_to_peer_id", None)
    if peer is None or peer == message.peer_id:
        return str(number)
    name = _username(chats.get(utils.get_peer_id(peer)))
    return f"telegram:{name}/{number}" if name else None


def _origin(message: TL, chats: Chats) -> Origin | None:
    """Where a forward comes from; by its shown name when the link is hidden."""
    header = getattr(message, "fwd_from", None)
    if header is None:
        return None
    chat = chats.get(utils.get_peer_id(header.from_id)) if header.from_id else None
    name = _username(chat)
    number = header.channel_post
    if name:
        return Origin(f"telegram:{name}", None if number is None else str(number))
    shown = header.from_name or getattr(chat, "title", None) or _person(chat)
    return Origin(f"telegram:?{' '.join((shown or '').split())[:200]}")


def _username(chat: TL) -> str | None:
    """The public name, in lower case; the first active one of several."""
    name = getattr(chat, "username", None)
    for other in getattr(chat, "usernames", None) or ():
        name = name or (other.username if other.active else None)
    return name.lower() if name else None


def _person(chat: TL) -> str:
    names = (getattr(chat, "first_name", None), getattr(chat, "last_name", None))
    return " ".join(name for name in names if name)


def _media(message: TL) -> Iterable[Media]:
    media = getattr(message, "media", None)
    if media is None or isinstance(media, types.MessageMediaEmpty):
        return
    if isinstance(media, types.MessageMediaDocument):
        yield _document(media)
    elif isinstance(media, types.MessageMediaWebPage):
        if isinstance(media.webpage, types.WebPage):
            yield Media("preview", name=media.webpage.title)
    elif isinstance(media, _WITH_PLACE):
        yield _place(media)
    else:
        yield Media(_KINDS.get(type(media), "unsupported"))


_KINDS: Mapping[type, str] = {
    types.MessageMediaPhoto: "photo",
    types.MessageMediaPoll: "poll",
}
_WITH_PLACE = (types.MessageMediaGeo, types.MessageMediaGeoLive, types.MessageMediaVenue)


def _place(media: TL) -> Media:
    point = media.geo
    title = getattr(media, "title", None) or None
    if not isinstance(point, types.GeoPoint):
        return Media("location", name=title)
    return Media("location", name=title, lat=point.lat, lon=point.long)


def _document(media: TL) -> Media:
    """A file by what Telegram says it is; a looping silent video is a gif."""
    attributes = {type(one): one for one in getattr(media.document, "attributes", None) or ()}
    named = attributes.get(types.DocumentAttributeFilename)
    name = named.file_name if named else None
    if types.DocumentAttributeSticker in attributes:
        return Media("sticker")
    if types.DocumentAttributeAnimated in attributes:
        return Media("gif")
    video = attributes.get(types.DocumentAttributeVideo)
    if video is not None:
        return Media("round_video" if video.round_message else "video")
    audio = attributes.get(types.DocumentAttributeAudio)
    if audio is not None:
        return Media("voice") if audio.voice else Media("audio", name=name)
    return Media("document", name=name)
