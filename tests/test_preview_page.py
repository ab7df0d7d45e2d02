"""Every kind of message of the web preview becomes the right post, read from real pages."""

import base64
import json
import tarfile
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from monitor.post import Media, Origin
from monitor.sources.preview_page import Block, read_block, read_notice, read_page
from tests.data import data_file

TEST_CHANNEL = 1591537674


class Expected(NamedTuple):
    """What a person reads in a block. Times are those of the message's footer."""

    id: int
    time: str
    text: str = ""
    media: tuple[Media, ...] = ()
    name: str = "tchantest"
    channel: int = TEST_CHANNEL
    author: str | None = None
    reply_to: str | None = None
    origin: Origin | None = None
    members: tuple[int, ...] = ()
    links: tuple[str, ...] = ()
    edited: bool = False
    service: bool = False


AGENCY = (
    "https://agenciabrasil.ebc.com.br/justica/noticia/2022-08/"
    "operacao-guardioes-do-bioma-apreende-239-toneladas-de-minerio"
)
CHAMBER = (
    "_\n\n✍️ CÂMARA APROVA\n_\n\n\n"
    "🔸 Projeto que aumenta penas para crimes sexuais contra crianças\n#Punição_ampliada\n"
    "🗳 Opine sobre esta proposta clicando aqui!\n____\n\n"
    "🔸Projeto que facilita corte ou poda de árvore quando houver risco de acidente.\n"
    "#Poda_de_árvores\n🗳 Opine sobre esta proposta clicando aqui!\n____\n\n"
    "🔸Proposta que susta resoluções da Aneel sobre tarifas de transmissão.\n"
    "#Tarifas_de_transmissão\n🗳 Opine sobre esta proposta clicando aqui!\n\n\n____\n\n"
    "📬 Convide seus contatos do WhatsApp a conhecerem nosso canal clicando aqui!\n____"
)

BLOCKS: dict[str, Expected] = {
    "audio_document": Expected(
        12, "2023-02-24 07:33:58", "Povo hebreu", (Media("audio", name="AUD-20130329-WA0000"),)
    ),
    "audio_message": Expected(13, "2023-02-24 07:34:05", media=(Media("voice"),)),
    "emoji_message": Expected(7, "2023-02-24 07:30:53", "👍"),
    "forwarded_text_message": Expected(
        89, "2023-02-24 12:13:31", ";)", origin=Origin("telegram:some_user")
    ),
    "location_message": Expected(
        10,
        "2023-02-24 07:31:38",
        media=(Media("location", lat=-23.930587176407, lon=-44.086305367818),),
    ),
    "location_message_2": Expected(
        83,
        "2023-02-24 11:01:22",
        media=(Media("location", lat=-23.532363086523, lon=-46.689620092745),),
    ),
    "location_message_3": Expected(
        88,
        "2023-02-24 11:23:40",
        media=(Media("location", lat=-23.531972140424, lon=-46.689076113848),),
    ),
    "message_weird_preview": Expected(
        7334,
        "2022-11-09 22:43:54",
        CHAMBER,
        (
            Media(
                "preview",
                name="Câmara aprova projeto que aumenta penas para crimes sexuais contra crianças;"
                " acompanhe - Notícias",
            ),
        ),
        name="CamaradosDeputados",
        channel=1133150112,
        links=(
            "http://bit.ly/3Tq1C4G",
            "http://bit.ly/3PCX1vn",
            "http://bit.ly/3tkdScB",
            "http://bit.ly/3A1c4c4",
            "http://bit.ly/3A3EoKS",
            "http://bit.ly/3zWxOpw",
            "https://bit.ly/2UBmLNC",
        ),
        edited=True,
    ),
    "multimedia_message": Expected(
        84,
        "2023-02-24 11:01:46",
        "Multiple videos and pictures",
        (Media("video"), Media("photo"), Media("video"), Media("photo")),
        members=(85, 86, 87),
    ),
    "photo_multiple": Expected(
        14,
        "2023-02-24 07:34:20",
        "Multiple pics",
        (Media("photo"), Media("photo")),
        members=(15,),
    ),
    "photo_single": Expected(
        16, "2023-02-24 07:35:28", "Picture by telegram camera", (Media("photo"),)
    ),
    "poll": Expected(
        11,
        "2023-02-24 07:32:23",
        "Let's do a quick poll quizz mode\nOpt1\nOpt2\nOpt3",
        (Media("poll"),),
    ),
    "round_video_single": Expected(17, "2023-02-24 07:35:45", media=(Media("round_video"),)),
    "service_message_channel_created": Expected(
        1, "2023-02-24 07:26:49", "Channel created", service=True
    ),
    "service_message_channel_name_changed": Expected(
        2,
        "2023-02-24 07:28:01",
        "Channel name was changed to «tchan's test channel»",
        service=True,
    ),
    "service_message_channel_photo_updated": Expected(
        3, "2023-02-24 07:29:23", "Channel photo updated", (Media("photo"),), service=True
    ),
    "service_message_channel_video_changed": Expected(
        82, "2023-02-24 10:15:33", '+ "Channel video changed"'
    ),
    "service_message_pinned": Expected(
        92,
        "2023-02-24 12:20:19",
        "tchan's test channel 👍 pinned «Going to pin this message»",
        links=("https://t.me/tchantest",),
        service=True,
    ),
    "signed_edited_text_message": Expected(
        5,
        "2023-02-24 07:29:57",
        "Hello! Signed and edited message",
        author="Álvaro Justen",
        edited=True,
    ),
    "sticker_message": Expected(9, "2023-02-24 07:31:06", media=(Media("sticker"),)),
    "text_message_link_no_preview": Expected(
        24,
        "2023-02-24 07:48:02",
        "This is a message with a link\n\nhttps://brasil.io/",
        edited=True,
    ),
    "text_message_link_with_regular_preview": Expected(
        94,
        "2023-02-24 13:47:38",
        AGENCY,
        (
            Media(
                "preview",
                name="Operação Guardiões do Bioma apreende 23,9 toneladas de minério",
            ),
        ),
    ),
    "text_message_link_with_right_preview": Expected(
        81,
        "2023-02-24 08:16:18",
        "link with preview https://python.org/",
        (Media("preview", name="Welcome to Python.org"),),
    ),
    "text_message_multiline": Expected(
        62, "2023-02-24 08:01:26", "Bigger\ntext\nmessage\nnumber\n34"
    ),
    "text_message_signed_not_edited": Expected(
        79, "2023-02-24 08:07:51", "Signed and not edited", author="Álvaro Justen"
    ),
    "text_reply_to_video": Expected(
        20,
        "2023-02-24 07:38:31",
        "Reply to a video (not recorded in telegram)",
        reply_to="19",
    ),
    "unsigned_text_message": Expected(6, "2023-02-24 07:30:39", "Unsigned message"),
    "video_big": Expected(
        5343,
        "2023-01-30 23:30:40",
        "some text",
        (Media("video"),),
        name="some_random_user",
        channel=1273465589,
    ),
    "video_single": Expected(
        18, "2023-02-24 07:36:49", "Video by telegram camera", (Media("video"),)
    ),
    "video_single_2": Expected(19, "2023-02-24 07:38:13", media=(Media("video"),)),
}
NO_MESSAGES = {"channel_info", "no_posts_found"}


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
