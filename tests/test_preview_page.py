"""Every kind of message of the web preview becomes the right post, read from real pages."""

import base64
import json
import tarfile
from datetime import UTC, datetime

import pytest

from monitor.post import Media, Origin
from monitor.sources.preview_page import Block, read_block, read_notice, read_page
from tests.data import data_file
from tests.preview_blocks import BLOCKS, NO_MESSAGES


def real_blocks() -> dict[str, bytes]:
    """The real blocks by name."""
    with tarfile.open(data_file("telegram/web-preview-blocks.tar.gz")) as archive:
        return {
            member.name.rpartition("/")[2].removesuffix(".html"): file.read()
            for member in archive.getmembers()
            if member.name.endswith(".html") and (file := archive.extractfile(member))
        }


@pytest.mark.parametrize("name", BLOCKS)
def test_each_kind_of_message_becomes_the_right_post(name: str) -> None:
    """A real block of each kind gives the text, time, people, media and ids that a person reads."""
    expected = BLOCKS[name]
    raw = real_blocks()[name]
    page = read_page(raw)
    assert page is not None
    (block,) = page.blocks
    post = block.post
    assert post.text == expected.text
    assert post.published_at == datetime.fromisoformat(expected.time).replace(tzinfo=UTC)
    assert post.source == f"telegram:{expected.name.lower()}"
    assert (post.id, block.id) == (str(expected.id), expected.id)
    assert post.url == f"https://t.me/{expected.name}/{expected.id}"
    assert post.media == expected.media
    assert post.author == expected.author
    assert post.reply_to == expected.reply_to
    assert post.forwarded_from == expected.origin
    assert post.links == expected.links
    assert post.group_id == (str(expected.id) if expected.members else None)
    assert block.members == expected.members
    assert block.channel_id == expected.channel
    assert (block.edited, block.service) == (expected.edited, expected.service)
    assert block.raw == raw.rstrip()
    assert not block.truncated


def test_the_table_is_complete() -> None:
    """The table speaks of every real block, and the two without a message are no posts."""
    blocks = real_blocks()
    assert set(blocks) == set(BLOCKS) | NO_MESSAGES
    assert len(blocks) == 32
    assert read_page(blocks["channel_info"]) is None
    empty = read_page(blocks["no_posts_found"])
    assert empty is not None
    assert (empty.blocks, empty.empty) == ((), True)


def test_a_page_of_2023() -> None:
    """A whole page of 2023: seven messages, oldest first, nothing before or after them."""
    page = read_page(data_file("telegram/feedjam-page_example.html").read_bytes())
    assert page is not None
    assert [block.id for block in page.blocks] == [1, 2, 3, 4, 5, 6, 7]
    assert {block.channel_id for block in page.blocks} == {1922921053}
    assert (page.before, page.after, page.empty, page.unreadable) == (None, None, False, 0)
    texts = [block.post.text for block in page.blocks]
    assert texts[:5] == [
        "Channel created",
        "what’s upp",
        "test with images",
        "text again",
        "and even more text",
    ]
    lines = texts[5].split("\n")
    assert lines[0] == "The standard Lorem Ipsum passage, used since the 1500s"
    assert (len(lines), lines[2]) == (5, "")
    assert lines[3].endswith("written by Cicero in 45 BC")
    assert len(texts[6].split("\n")) == 5
    assert page.blocks[2].post.media == (Media("photo"),)
    assert page.blocks[0].service
    assert page.blocks[4].post.published_at == datetime(2023, 7, 29, 8, 51, 29, tzinfo=UTC)


def test_a_page_of_2026() -> None:
    """A whole page of 2026: albums, a forward, a quote, a message that needs the app."""
    page = read_page(data_file("telegram/lifemodel-telegram-test-channel.html").read_bytes())
    assert page is not None
    assert (page.before, page.after) == (1001, None)
    album, unsupported, forward = page.blocks
    assert (album.id, album.members) == (1001, (1002,))
    assert album.post.text.endswith("various traffic situations.\n\nTelegram | Admin")
    assert album.post.links == ("https://t.me/test_channel", "https://t.me/TestBot")
    assert album.post.media == (Media("photo"), Media("photo"))
    assert (unsupported.post.text, unsupported.post.media) == ("", (Media("unsupported"),))
    assert unsupported.post.published_at == datetime(2026, 1, 31, 9, 35, tzinfo=UTC)
    assert (forward.id, forward.members) == (1010, (1011, 1012))
    assert forward.post.forwarded_from == Origin("telegram:another_channel", "500")
    assert forward.post.text.split("\n")[2:7] == [
        "Key updates:",
        "- Brick masonry on balconies completed",
        "- Roof repairs finished",
        "- Partitions restored, doors replaced",
        "",
    ]
    assert "\nVisited the construction site" in forward.post.text
    assert forward.post.text.endswith(
        "mobilized.\n\nRestoration work will continue until full completion."
    )
    assert [block.channel_id for block in page.blocks] == [None, None, None]


def message(inside: str, *, post: str = "one/5", view: str = "", time: str = "") -> bytes:
    """A block as small as the parser allows."""
    time = time or "2026-05-01T12:00:00+00:00"
    return (
        '<div class="tgme_widget_message_wrap js-widget_message_wrap">'
        f'<div class="tgme_widget_message js-widget_message" data-post="{post}" data-view="{view}">'
        f'{inside}<span class="tgme_widget_message_meta"><a class="tgme_widget_message_date"'
        f' href="https://t.me/{post}"><time datetime="{time}"></time></a></span></div></div>'
    ).encode()


def text(inside: str) -> str:
    """A message's text element."""
    return f'<div class="tgme_widget_message_text js-message_text" dir="auto">{inside}</div>'


def block_of(raw: bytes) -> Block:
    """The block, which must be readable."""
    block = read_block(raw)
    assert block is not None
    return block


def test_a_hidden_forward_keeps_the_shown_name() -> None:
    """A forward whose source is hidden is `telegram:?shown name`."""
    shown = '<span class="tgme_widget_message_forwarded_from_name"><span>Имя  Ф.</span></span>'
    assert block_of(message(shown)).post.forwarded_from == Origin("telegram:?Имя Ф.")
    private = '<a class="tgme_widget_message_forwarded_from_name" href="https://t.me/c/1/2">P</a>'
    assert block_of(message(private)).post.forwarded_from == Origin("telegram:?P")


def test_a_reply_into_another_channel_is_named_whole() -> None:
    """reply_to is the id, or SOURCE/ID of another channel; the quoted words are no text."""
    quote = (
        '<a class="tgme_widget_message_reply" href="https://t.me/{}">'
        '<div class="tgme_widget_message_text js-message_reply_text">quoted</div></a>'
    )
    here = block_of(message(quote.format("One/3") + text("own")))
    assert (here.post.reply_to, here.post.text) == ("3", "own")
    assert block_of(message(quote.format("Two/3"))).post.reply_to == "telegram:two/3"


def test_the_time_is_utc_and_the_footers() -> None:
    """An offset is turned into UTC; a duration is not the time of the message."""
    raw = message(
        '<time class="message_video_duration">0:27</time>', time="2026-05-01T15:00:00+03:00"
    )
    assert block_of(raw).post.published_at == datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("time", ["yesterday", "2026-05-01T12:00:00", "0001-01-01T00:00:00+14:00"])
def test_a_block_without_a_time_is_unreadable(time: str) -> None:
    """A broken block is counted; the blocks around it are read."""
    page = read_page(message("", post="one/4") + message("", time=time) + message("", post="one/6"))
    assert page is not None
    assert ([block.id for block in page.blocks], page.unreadable) == ([4, 6], 1)


@pytest.mark.parametrize("view", ["", "test-view-1", "!", "Zm9v", "W10", "eyJjIjoieCJ9", "ы"])
def test_a_strange_data_view_means_no_channel_id(view: str) -> None:
    """What is no number in data-view is no channel id, and no error."""
    assert block_of(message("", view=view)).channel_id is None
    good = base64.urlsafe_b64encode(json.dumps({"c": -7, "p": 5}).encode()).decode().rstrip("=")
    assert block_of(message("", view=good)).channel_id == 7


def test_paging_links_are_read() -> None:
    """`before` and `after` are the ids to page on from, never those of rel=canonical."""
    more = (
        b'<link rel="canonical" href="/s/one?before=99">'
        b'<a href="/s/one?before=4" class="tme_messages_more js-messages_more" data-before="4"></a>'
        + message("")
        + b'<a href="/s/one?after=5" class="tme_messages_more" data-after="5"></a>'
    )
    page = read_page(more)
    assert page is not None
    assert (page.before, page.after) == (4, 5)


def test_content_tells_edits_from_what_appears_by_itself() -> None:
    """A changed text, link or picture changes the content; a link's card does not."""
    base = block_of(message(text("a"))).content
    card = '<a class="tgme_widget_message_link_preview" href="https://x.example">c</a>'
    assert block_of(message(text("a") + card)).content == base
    photo = '<a class="tgme_widget_message_photo_wrap" href="https://t.me/one/5"></a>'
    link = text('<a href="https://x.example/">a</a>')
    contents = {base, *(block_of(message(x)).content for x in (text("b"), text("a") + photo, link))}
    assert len(contents) == 4


def test_notices_are_told_apart() -> None:
    """The page shown instead of a preview says what is the matter with the name."""
    pages = {
        "preview_off": "<title>Telegram: View @one</title>",
        "not_found": "<title>Telegram: Contact @one</title>",
        "preview_on": '<title>x</title><a class="tgme_page_context_link" href="/s/One">Preview</a>',
        "unknown": "<title>Nginx</title>",
    }
    for notice, page in pages.items():
        assert read_notice(page.encode(), "one") == notice
    assert read_notice(b"", "one") == "unknown"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0" * 1000,
        b"<div" * 200_000,
        b'<div class="tgme_widget_message_wrap">' * 50_000,
        message("<b>" * 100_000 + "x"),
        message(text("&#0;&#xd800;")),
        message(text("TEXT")).replace(b"TEXT", b"a\0\xed\xa0\x80\xff"),
        b"tgme_channel_history" + b"<!--" * 100_000,
    ],
)
def test_hostile_pages_are_read_or_refused(body: bytes) -> None:
    """No page makes the parser fail."""
    page = read_page(body)
    assert page is None or len(page.blocks) <= 1


def test_an_enormous_message_is_cut_not_lost() -> None:
    """A block beyond the limits keeps its id, its time and the beginning of its text."""
    for inside in ("начало " + "x" * 2_000_000, "начало " + "<b>x</b>" * 50_000):
        block = block_of(message(text(inside)))
        assert (block.id, block.truncated) == (5, True)
        assert block.post.text.startswith("начало")
        assert block.post.published_at == datetime(2026, 5, 1, 12, tzinfo=UTC)
