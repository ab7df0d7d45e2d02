"""A page of Telegram's web preview, t.me/s/NAME, read into posts. Pure; facts from real pages.

A page lists about 20 messages, oldest first, each in a `tgme_widget_message_wrap`. The page is cut
into these blocks before parsing, so that one broken block harms only itself and the bytes of each
are kept as received. `data-view` holds the numeric channel id, which tells a channel from another
one that took over its name.
"""

import base64
import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Literal
from urllib.parse import SplitResult, parse_qs, urlsplit

import msgspec
from lxml import etree

from monitor.post import Media, Origin, Post
from monitor.text.markup import bounded, mended, parse, plain_of

MAX_BLOCKS = 200
MAX_FOOTER = 2_000

_BLOCK = re.compile(rb"<div\b[^<>]*\btgme_widget_message_wrap\b[^<>]*>")
_HISTORY_END = re.compile(rb"</section\s*>|</main\s*>")
_EMPTY = b"tme_no_messages_found"
_MORE = re.compile(rb"<a\b[^<>]*\btme_messages_more\b[^<>]*>")
_DATA_POST = re.compile(r"([A-Za-z0-9_]{1,64})/(\d{1,15})")
_POST_PATH = re.compile(r"/([A-Za-z0-9_]{1,64})(?:/(\d{1,15}))?/?")
_COORDINATES = re.compile(r"(-?\d{1,3}(?:\.\d+)?),(-?\d{1,3}(?:\.\d+)?)")

# Which class of an element means which kind of media.
_MEDIA_CLASSES: dict[str, str] = {
    "tgme_widget_message_photo_wrap": "photo",
    "tgme_widget_message_video_player": "video",
    "tgme_widget_message_roundvideo_player": "round_video",
    "tgme_widget_message_voice_player": "voice",
    "tgme_widget_message_document_wrap": "document",
    "tgme_widget_message_sticker_wrap": "sticker",
    "tgme_widget_message_poll": "poll",
    "tgme_widget_message_location_wrap": "location",
    "tgme_widget_message_link_preview": "preview",
    "tgme_widget_message_service_photo": "photo",
}
_UNSUPPORTED = "message_media_not_supported_wrap"
# Inside these the words "not supported" are for old browsers only: the media is there.
_SUPPORTED_AROUND = (
    "media_not_supported_cont",
    "tgme_widget_message_video_player",
    "tgme_widget_message_roundvideo_player",
)


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """One listed message.

    `members` are the other message ids of an album, which is one post. `service` marks what
    Telegram says about the channel (created, renamed, pinned). `channel_id` is the positive number
    that the account interface uses as well.
    """

    id: int
    name: str
    post: Post
    raw: bytes
    channel_id: int | None = None
    members: tuple[int, ...] = ()
    edited: bool = False
    service: bool = False
    truncated: bool = False

    @property
    def content(self) -> str:
        """A hash of what an edit changes. Not the link's card: it appears by itself, later."""
        kinds = [media.kind for media in self.post.media if media.kind != "preview"]
        said = "\0".join([self.post.text, *kinds, "\0", *self.post.links])
        return hashlib.sha256(said.encode()).hexdigest()[:16]


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the preview.

    `before` and `after` are the message ids to page on from, None at an end. `empty`: Telegram says
    that there are no posts, which it also does under load. `unreadable` blocks had no id or time.
    """

    blocks: tuple[Block, ...]
    before: int | None = None
    after: int | None = None
    empty: bool = False
    unreadable: int = 0


Notice = Literal["preview_on", "preview_off", "not_found", "unknown"]


def read_page(body: bytes) -> Page | None:
    """The messages a page lists, or None when it is no page of messages at all."""
    starts = [found.start() for found in _BLOCK.finditer(body)][-MAX_BLOCKS:]
    if not starts and b"tgme_channel_history" not in body:
        return None
    end = _HISTORY_END.search(body, starts[-1]) if starts else None
    starts.append(end.start() if end else len(body))
    blocks: list[Block] = []
    unreadable = 0
    for start, stop in pairwise(starts):
        raw = body[start:stop]
        block = read_block(raw)
        if block is not None:
            blocks.append(block)
        elif b"data-post" in raw:
            unreadable += 1
    before, after = _paging(body)
    return Page(
        blocks=tuple(sorted(blocks, key=lambda block: block.id)),
        before=before,
        after=after,
        empty=_EMPTY in body and not blocks,
        unreadable=unreadable,
    )


def read_notice(body: bytes, name: str) -> Notice:
    """What the page t.me/NAME, shown instead of the preview, says about the name.

    "Contact" in the title means that there is no such name, or that we are banned: only a canary
    tells these apart.
    """
    root = parse(body[:200_000])
    if root is None:
        return "unknown"
    for link in _by_class(root, "tgme_page_context_link"):
        if (link.get("href") or "").lower() == f"/s/{name.lower()}":
            return "preview_on"
    titles = [root.findtext(".//title") or ""]
    titles += [meta.get("content") or "" for meta in root.iter("meta") if _is_title(meta)]
    said = " ".join(titles)
    if "Telegram: View @" in said or "Telegram: Join" in said:
        return "preview_off"
    return "not_found" if "Telegram: Contact @" in said else "unknown"


def read_block(raw: bytes) -> Block | None:
    """One message block, or None when it holds no message with an id and a time."""
    cheap, truncated = bounded(raw)
    # What was cut off held the footer, which has the time.
    root = parse(cheap + _footer(raw) if truncated else cheap)
    message = next(_by_class(root, "tgme_widget_message"), None) if root is not None else None
    if message is None:
        return None
    parts = _index(message)
    named = _DATA_POST.fullmatch(message.get("data-post") or "")
    published = _published(parts)
    if named is None or published is None:
        return None
    name, number = named[1], int(named[2])
    members = _members(parts, number)
    text, links, longer = _said(parts)
    post = Post(
        source=f"telegram:{name.lower()}",
        id=str(number),
        published_at=published,
        text=text,
        url=f"https://t.me/{name}/{number}",
        author=_line(parts, "tgme_widget_message_from_author"),
        reply_to=_reply(parts, name),
        group_id=str(number) if members else None,
        forwarded_from=_origin(parts),
        media=tuple(_media(message)),
        links=links,
    )
    meta = "".join(_words(part) + " " for part in parts.get("tgme_widget_message_meta", ()))
    return Block(
        id=number,
        name=name,
        post=post,
        raw=raw.rstrip(),
        channel_id=_channel_id(message.get("data-view") or ""),
        members=members,
        edited="edited" in meta.split(),
        service="service_message" in _classes(message),
        truncated=truncated or longer,
    )


def _footer(raw: bytes) -> bytes:
    """The link with a block's time, as it stands at its end."""
    start = raw.rfind(b"<", 0, max(raw.rfind(b"tgme_widget_message_date"), 0))
    return raw[start : start + MAX_FOOTER] if start >= 0 else b""


def _classes(element: etree._Element) -> list[str]:
    return (element.get("class") or "").split()


def _by_class(root: etree._Element, name: str) -> Iterator[etree._Element]:
    """The elements that have the class, in the order of the page."""
    return (element for element in root.iter() if name in _classes(element))


_Parts = dict[str, list[etree._Element]]  # noqa: SLF001 - lxml names its class so


def _index(message: etree._Element) -> _Parts:
    """The elements of a message by class, each list in the order of the page: one pass for all."""
    parts: _Parts = {}
    for element in message.iter():
        for name in _classes(element):
            parts.setdefault(name, []).append(element)
    return parts


def _words(element: etree._Element) -> str:
    """The element's text as one line."""
    return " ".join(plain_of(element).text.split())


def _line(parts: _Parts, name: str) -> str | None:
    """The one-line text of the first element with the class."""
    return _words(parts[name][0]) or None if name in parts else None


def _is_title(meta: etree._Element) -> bool:
    return meta.get("property") in {"og:title", "twitter:title"}


def _published(parts: _Parts) -> datetime | None:
    """The footer's time; a video's duration is a <time> as well."""
    for date in parts.get("tgme_widget_message_date", ()):
        for time in date.iter("time"):
            try:
                moment = datetime.fromisoformat(time.get("datetime") or "")
                return moment.astimezone(UTC) if moment.tzinfo else None
            except (ValueError, OverflowError):
                return None
    return None


def _said(parts: _Parts) -> tuple[str, tuple[str, ...], bool]:
    """What the message says: its text and, of a poll, the question and the answers."""
    pieces: list[str] = []
    links: tuple[str, ...] = ()
    truncated = False
    # An album nests its text in a second element of the same class: the first holds all.
    for text in parts.get("js-message_text", ())[:1]:
        said = plain_of(text)
        pieces.append(said.text)
        links, truncated = said.links, said.truncated
    for name in ("tgme_widget_message_poll_question", "tgme_widget_message_poll_option_text"):
        pieces += [_words(part) for part in parts.get(name, ())]
    return "\n".join(piece for piece in pieces if piece), links, truncated


def _media(message: etree._Element) -> Iterator[Media]:
    for element in message.iter():
        classes = _classes(element)
        kind = next((_MEDIA_CLASSES[name] for name in classes if name in _MEDIA_CLASSES), None)
        if kind == "document":
            parts = _index(element)
            name = _line(parts, "tgme_widget_message_document_title")
            yield Media("audio" if "audio" in parts else "document", name=name)
        elif kind == "preview":
            yield Media(kind, name=_line(_index(element), "link_preview_title"))
        elif kind == "location":
            lat, lon = _coordinates(element.get("href") or "")
            yield Media(kind, lat=lat, lon=lon)
        elif kind is not None:
            yield Media(kind)
        elif _UNSUPPORTED in classes and not _is_for_old_browsers(element):
            yield Media("unsupported")


def _is_for_old_browsers(notice: etree._Element) -> bool:
    around = [notice, *notice.iterancestors()]
    return any(name in _classes(element) for element in around for name in _SUPPORTED_AROUND)


def _coordinates(address: str) -> tuple[float | None, float | None]:
    """Latitude and longitude of a link to a map: `q=LAT,LON`."""
    said = parse_qs(_split(address).query).get("q", [""])[0]
    found = _COORDINATES.fullmatch(said.strip())
    return (float(found[1]), float(found[2])) if found else (None, None)


def _members(parts: _Parts, number: int) -> tuple[int, ...]:
    """The other ids of an album, which stand only in the links of its pictures."""
    ids = set()
    for element in parts.get("grouped_media_wrap", ()):
        found = _POST_PATH.fullmatch(_path(element))
        if found and found[2]:
            ids.add(int(found[2]))
    return tuple(sorted(ids - {number}))


def _reply(parts: _Parts, name: str) -> str | None:
    """The id replied to; SOURCE/ID when it is in another channel."""
    for link in parts.get("tgme_widget_message_reply", ())[:1]:
        found = _POST_PATH.fullmatch(_path(link))
        if found and found[2]:
            same = found[1].lower() == name.lower()
            return found[2] if same else f"telegram:{found[1].lower()}/{found[2]}"
    return None


def _origin(parts: _Parts) -> Origin | None:
    """Where it is forwarded from; a hidden source has a shown name and no link."""
    for named in parts.get("tgme_widget_message_forwarded_from_name", ())[:1]:
        found = _POST_PATH.fullmatch(_path(named))
        if found:
            return Origin(f"telegram:{found[1].lower()}", found[2])
        return Origin(f"telegram:?{_words(named)[:200]}")
    return None


def _path(link: etree._Element) -> str:
    """The path of the address a link leads to."""
    return _split(link.get("href") or "").path


def _split(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:  # brackets in the host
        return urlsplit("")


def _channel_id(view: str) -> int | None:
    """The channel's number from `data-view`: base64url JSON {c: -number, ...}."""
    try:
        decoded = base64.urlsafe_b64decode(mended(view).encode() + b"=" * (-len(view) % 4))
        number = msgspec.json.decode(decoded, type=dict[str, object]).get("c")
    except (ValueError, msgspec.DecodeError):
        return None
    return abs(number) if isinstance(number, int) and number else None


def _paging(body: bytes) -> tuple[int | None, int | None]:
    """The ids of the links to older and to newer messages."""
    found: dict[bytes, int] = {}
    for link in _MORE.finditer(body):
        for direction, number in re.findall(rb'\bdata-(before|after)="(\d{1,15})"', link[0]):
            found[direction] = int(number)
    return found.get(b"before"), found.get(b"after")
