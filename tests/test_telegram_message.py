"""Telegram messages become posts: words, links, media, forwards, replies, albums, evidence."""

from datetime import UTC, datetime
from typing import Any

import pytest
from telethon.extensions import BinaryReader

from monitor.post import Media, Origin, Received
from monitor.sources.telegram.message import albums, by_peer, gone, received
from tests.doubles.telegram import render
from tests.doubles.telegram.ledger import Channel, Ledger

ACCOUNT = 7_000_001
RAID = int(datetime(2023, 5, 22, 9, 14, tzinfo=UTC).timestamp())


class Written:
    """Posts written to a ledger, read as messages and made posts again."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.channel = self._open("Губернатор", "vvgladkov")
        self.origin = self._open("Исток", "Istok_Z")

    def _open(self, title: str, name: str) -> Channel:
        return self.ledger.create_channel(title, {"username": name})

    def write(self, **fields: Any) -> int:
        """Publish a post; its id."""
        return self.ledger.publish(self.channel, {"date": RAID, **fields}, RAID).ids[0]

    def read(self, **envelope: Any) -> list[Received]:
        """Everything written, as posts."""
        posts = self.channel.listed()
        messages = render.messages(self.channel, posts, ACCOUNT)
        chats = by_peer(render.chats(self.ledger, self.channel, posts, ACCOUNT))
        return [
            received("telegram:vvgladkov", group, chats, **envelope) for group in albums(messages)
        ]


@pytest.fixture
def written() -> Written:
    """A ledger to write to."""
    return Written()


def test_a_plain_post(written: Written) -> None:
    """Text with line breaks, time, author, address and the numeric channel id are kept."""
    written.write(text="ДРГ зашла\nв Козинку", author="Дежурный")
    (found,) = written.read()
    post = found.post
    assert (post.source, post.id, post.kind) == ("telegram:vvgladkov", "1", "new")
    assert post.text == "ДРГ зашла\nв Козинку"
    assert post.published_at == datetime(2023, 5, 22, 9, 14, tzinfo=UTC)
    assert (post.author, post.url) == ("Дежурный", "https://t.me/vvgladkov/1")
    assert (post.edited_at, found.channel_id) == (None, written.channel.id)


def test_raw_is_the_message_as_tl(written: Written) -> None:
    """The payload kept as evidence reads back as the same message."""
    written.write(text="дословно")
    (found,) = written.read()
    assert BinaryReader(found.raw).tgread_object().message == "дословно"


def test_links_behind_words(written: Written) -> None:
    """Only addresses that the text does not show are listed as links."""
    hidden = {"_": "TextUrl", "offset": 0, "length": 4, "url": "https://example.org/a"}
    shown = {"_": "Url", "offset": 5, "length": 15}
    written.write(text="Тут: https://e.org/b", entities=[hidden, shown])
    assert written.read()[0].post.links == ("https://example.org/a",)


def test_forwards_and_replies(written: Written) -> None:
    """A forward names its public origin; a hidden one is named as shown; a reply names its post."""
    written.write(text="а", forward={"channel": written.origin.id, "post": 9})
    written.write(text="б", forward={"name": "Иван  Тайный"}, reply_to=1)
    public, hidden = (one.post for one in written.read())
    assert public.forwarded_from == Origin("telegram:istok_z", "9")
    assert hidden.forwarded_from == Origin("telegram:?Иван Тайный")
    assert hidden.reply_to == "1"


@pytest.mark.parametrize(
    "kind", ["photo", "video", "round_video", "voice", "sticker", "gif", "unsupported"]
)
def test_kinds_of_media(written: Written, kind: str) -> None:
    """Each kind of media that Telegram knows keeps its kind."""
    written.write(media={"kind": kind})
    assert written.read()[0].post.media == (Media(kind),)


def test_media_that_say_more(written: Written) -> None:
    """Files keep their names, places their coordinates, cards their titles."""
    written.write(media={"kind": "document", "name": "список.pdf"})
    written.write(media={"kind": "audio", "name": "голос.mp3"})
    written.write(media={"kind": "location", "lat": 50.5, "lon": 36.5})
    written.write(media={"kind": "preview", "url": "https://e.org", "name": "Карта"})
    assert [one.post.media[0] for one in written.read()] == [
        Media("document", name="список.pdf"),
        Media("audio", name="голос.mp3"),
        Media("location", lat=50.5, lon=36.5),
        Media("preview", name="Карта"),
    ]


def test_a_poll_speaks(written: Written) -> None:
    """A poll's question and answers are text that rules can match."""
    written.write(media={"kind": "poll", "question": "Слышали взрывы?", "answers": ["да", "нет"]})
    post = written.read()[0].post
    assert (post.text, post.media) == ("Слышали взрывы?\nда\nнет", (Media("poll"),))


def test_an_album_is_one_post(written: Written) -> None:
    """An album's messages become one post under the first one's id, with all media."""
    pieces: list[dict[str, Any]] = [
        {"media": {"kind": "photo"}},
        {"media": {"kind": "video"}, "text": "подпись"},
    ]
    written.ledger.album(written.channel, pieces, RAID)
    written.write(text="после")
    album, after = (one.post for one in written.read())
    assert (album.id, album.group_id, album.text) == ("1", "1", "подпись")
    assert [media.kind for media in album.media] == ["photo", "video"]
    assert (after.id, after.group_id) == ("3", None)


def test_a_reaction_is_no_edit(written: Written) -> None:
    """A post that was only reacted to has no edit time; told as an edit it has the server's."""
    written.write(text="а")
    written.ledger.react(written.channel, 1, RAID + 60)
    assert written.read()[0].post.edited_at is None
    assert written.read(kind="edit")[0].post.edited_at == datetime(2023, 5, 22, 9, 15, tzinfo=UTC)
    written.ledger.edit(written.channel, 1, {"text": "б"}, RAID + 120)
    assert written.read(kind="edit")[0].post.edited_at == datetime(2023, 5, 22, 9, 16, tzinfo=UTC)


def test_a_deletion(written: Written) -> None:
    """A deletion names the post and when it was seen."""
    now = datetime(2023, 5, 22, 10, 0, tzinfo=UTC)
    found = gone("telegram:vvgladkov", written.channel.id, 7, now)
    assert (found.post.kind, found.post.id, found.post.observed_at) == ("delete", "7", now)
