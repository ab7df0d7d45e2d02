"""What is attached to posts: the ledger's JSON as TL media, and the bytes behind it.

A spec is `{"kind": ..., ...}` with the kinds of monitor.post.Media; photos, videos and files take
`size` or `bytes` (base64), `name` and `mime`. Content that is not given is made from the file's id,
so that a download can be checked against `content_of`.
"""

import base64
import hashlib
from datetime import UTC, datetime
from typing import Any

from telethon import types

from tests.doubles.telegram.ledger import Channel, Post, access_hash

DC = 2


def file_id(channel: Channel, post: Post) -> int:
    """The id of a post's file: the channel's id and the post's number in one."""
    return channel.id << 24 | post.id


def place_of(file: int) -> tuple[int, int]:
    """The channel's id and the post's number that a file belongs to."""
    return file >> 24, file & 0xFFFFFF


def content_of(file: int, spec: dict[str, Any]) -> bytes:
    """The bytes of a file: given in its spec, or as many as its size made from its id."""
    if "bytes" in spec:
        return base64.b64decode(spec["bytes"])
    size = int(spec.get("size", 1024))
    seed = hashlib.sha256(str(file).encode()).digest()
    return (seed * (size // len(seed) + 1))[:size]


def render(channel: Channel, post: Post, account: int) -> Any:
    """A post's media as TL, None when it has none."""
    spec = post.media
    if spec is None:
        return None
    kind = spec["kind"]
    if kind in _SIMPLE:
        return _SIMPLE[kind](spec, file_id(channel, post))
    if kind == "photo":
        return types.MessageMediaPhoto(photo=_photo(channel, post, account))
    return _document_media(channel, post, account)


def _photo(channel: Channel, post: Post, account: int) -> Any:
    file = file_id(channel, post)
    size = len(content_of(file, post.media or {}))
    return types.Photo(
        id=file,
        access_hash=access_hash(account, file),
        file_reference=b"reference",
        date=datetime.fromtimestamp(post.date, UTC),
        sizes=[
            types.PhotoSize("m", 320, 240, min(size, 512)),
            types.PhotoSize("y", 1280, 960, size),
        ],
        dc_id=DC,
    )


def _document_media(channel: Channel, post: Post, account: int) -> Any:
    spec = post.media or {}
    file = file_id(channel, post)
    kind = spec["kind"]
    document = types.Document(
        id=file,
        access_hash=access_hash(account, file),
        file_reference=b"reference",
        date=datetime.fromtimestamp(post.date, UTC),
        mime_type=spec.get("mime", _MIME.get(kind, "application/octet-stream")),
        size=len(content_of(file, spec)),
        dc_id=DC,
        attributes=_attributes(kind, spec),
    )
    flags = {"video": {"video": True}, "round_video": {"round": True}, "voice": {"voice": True}}
    return types.MessageMediaDocument(document=document, **flags.get(kind, {}))


def _attributes(kind: str, spec: dict[str, Any]) -> list[Any]:
    found: list[Any] = []
    if "name" in spec:
        found.append(types.DocumentAttributeFilename(spec["name"]))
    if kind in ("video", "round_video", "gif"):
        found.append(
            types.DocumentAttributeVideo(12, 640, 480, round_message=kind == "round_video")
        )
    if kind in ("voice", "audio"):
        found.append(types.DocumentAttributeAudio(30, voice=kind == "voice"))
    if kind == "gif":
        found.append(types.DocumentAttributeAnimated())
    if kind == "sticker":
        found.append(types.DocumentAttributeSticker("👍", types.InputStickerSetEmpty()))
    return found


def _poll(spec: dict[str, Any], file: int) -> Any:
    answers = [
        types.PollAnswer(types.TextWithEntities(text, []), bytes([number]))
        for number, text in enumerate(spec.get("answers", ["да", "нет"]))
    ]
    question = types.TextWithEntities(spec.get("question", "?"), [])
    poll = types.Poll(id=file, question=question, answers=answers, hash=0)
    return types.MessageMediaPoll(poll=poll, results=types.PollResults())


def _point(spec: dict[str, Any]) -> Any:
    return types.GeoPoint(long=spec["lon"], lat=spec["lat"], access_hash=0)


def _location(spec: dict[str, Any], _file: int) -> Any:
    if "name" not in spec:
        return types.MessageMediaGeo(_point(spec))
    return types.MessageMediaVenue(_point(spec), spec["name"], "", "", "", "")


def _preview(spec: dict[str, Any], file: int) -> Any:
    page = types.WebPage(
        id=file,
        url=spec["url"],
        display_url=spec["url"],
        hash=0,
        title=spec.get("name"),
        description=spec.get("description"),
    )
    return types.MessageMediaWebPage(page)


def _unsupported(_spec: dict[str, Any], _file: int) -> Any:
    return types.MessageMediaUnsupported()


_MIME = {
    "video": "video/mp4",
    "round_video": "video/mp4",
    "gif": "video/mp4",
    "voice": "audio/ogg",
    "audio": "audio/mpeg",
    "sticker": "image/webp",
}
_SIMPLE = {
    "poll": _poll,
    "location": _location,
    "preview": _preview,
    "unsupported": _unsupported,
}
