"""RSS, Atom and JSON Feed: each entry once, edits seen, hostile feeds harmless."""

import asyncio
import contextlib
import json
import tarfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial

import pytest
from aiohttp import web

from monitor.source import SourceInfo
from monitor.sources.feed import FeedOptions, FeedReader
from monitor.sources.feed_page import declares_types, read_feed
from monitor.sources.fetch import Fetch
from tests.cost import least
from tests.data import data_file
from tests.doubles.intake import Board, Ledger, ManualClock
from tests.patience import PATIENCE, ends

RSS = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
  xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Новости</title>
<item><title>Обстрел &amp; пожар</title><link>https://news.example/2</link>
 <guid isPermaLink="false">n-2</guid><pubDate>Mon, 22 May 2023 12:14:00 +0300</pubDate>
 <dc:creator>Ред.</dc:creator><description>short</description>
 <content:encoded><![CDATA[<p>Первый абзац.</p><p>Второй <a href="https://x.example/">тут</a>.</p>]]>
 </content:encoded></item>
<item><title>Раньше</title><link>https://news.example/1</link>
 <pubDate>Mon, 22 May 2023 09:00:00 GMT</pubDate></item>
</channel></rss>""".encode()

ATOM = b"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>T</title>
<entry><id>tag:a,1</id><title>One</title><link href="https://a.example/1"/>
<published>2023-05-22T09:14:00Z</published><updated>2023-05-22T10:00:00+03:00</updated>
<author><name>N</name></author>
<content type="html">&lt;b&gt;bold&lt;/b&gt;&lt;br&gt;next</content></entry></feed>"""

JSON_FEED = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "T",
        "items": [
            {"id": 7, "title": "Seven", "content_html": "<p>a</p><p>b</p>", "url": "https://j/7"},
            {"id": "8", "content_text": "plain <b>", "date_published": "2023-05-22T12:14:00+03:00"},
            {"id": {"not": "an id"}},
            {"id": "9", "summary": "s", "authors": [{"name": "A"}, {"name": "B"}]},
        ],
    }
).encode()


def test_rss() -> None:
    """An RSS item gives title and full text, time in UTC, author, links and its own bytes."""
    newer, older = read_feed(RSS).entries
    assert newer.id == "n-2"
    assert newer.text == "Обстрел & пожар\n\nПервый абзац.\n\nВторой тут."
    assert newer.published == datetime(2023, 5, 22, 9, 14, tzinfo=UTC)
    assert newer.url == "https://news.example/2"
    assert newer.author == "Ред."
    assert newer.links == ("https://x.example/",)
    assert newer.raw.startswith(b"<item><title>")
    assert newer.raw.endswith(b"</item>")
    assert newer.raw in RSS
    assert (older.text, len(older.id)) == ("Раньше", len("https://news.example/1"))


def test_atom() -> None:
    """An Atom entry gives its id, both times and its HTML as text."""
    (entry,) = read_feed(ATOM).entries
    assert (entry.id, entry.text, entry.author) == ("tag:a,1", "One\n\nbold\nnext", "N")
    assert entry.published == datetime(2023, 5, 22, 9, 14, tzinfo=UTC)
    assert entry.updated == datetime(2023, 5, 22, 7, 0, tzinfo=UTC)


def test_json_feed() -> None:
    """JSON Feed items are read one by one; a broken item harms only itself."""
    seven, eight, nine = read_feed(JSON_FEED).entries
    assert (seven.id, seven.text, seven.url) == ("7", "Seven\n\na\n\nb", "https://j/7")
    assert (eight.text, eight.published) == (
        "plain <b>",
        datetime(2023, 5, 22, 9, 14, tzinfo=UTC),
    )
    assert (nine.text, nine.author) == ("s", "A, B")
    assert json.loads(nine.raw)["id"] == "9"


@pytest.mark.parametrize(
    "body",
    [
        b'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "b">]><rss/>',
        b"\xef\xbb\xbf <!-- <rss> --><!doctype html><html></html>",
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x><rss/>'.encode("utf-16"),
    ],
)
def test_a_doctype_is_refused(body: bytes) -> None:
    """Before the first element, in any letters and encoding, behind comments."""
    assert declares_types(body)
    assert read_feed(body).problem == "refused"


def test_an_article_about_doctypes_is_not_refused() -> None:
    """The words inside an entry declare nothing."""
    about = RSS.replace(b"short", b"<![CDATA[<!DOCTYPE html> is how pages begin]]>")
    assert len(read_feed(about).entries) == 2


XML_BOMBS = {
    "laughs": b'<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10))
    + b"]><rss><channel><item><title>&a9;</title></item></channel></rss>",
    "external": b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss>&x;</rss>',
    "undeclared": RSS.replace(b"short", b"&undeclared;" * 1000),
    "deep": b"<rss><channel><item>" + b"<a>" * 100_000 + b"</item></channel></rss>",
    "many": b"<rss><channel>" + b"<item><title>x</title></item>" * 5_000 + b"</channel></rss>",
    "attributes": b"<rss " + b"".join(b'a%d="" ' % n for n in range(20_000)) + b"/>",
    "no end": b"<rss><channel><item><title>" + b"x" * 1_000_000,
    "markup": RSS.replace(b"short", b"<![CDATA[" + b"<a " * 100_000 + b"]]>"),
    "open items": b"<item>" * 50_000,
    "address": b"http://127.0.0.1:9/feed",
    "path": b"/etc/passwd",
    "nothing": b"",
    "zeroes": b"\0" * 10_000,
    "json deep": b'{"version":"https://jsonfeed.org/","items":' + b"[" * 100_000,
    "json other": b'{"a": 1}',
}


@pytest.mark.parametrize("name", XML_BOMBS)
def test_bombs_are_harmless(name: str) -> None:
    """Bombs and things that are no feed end in a bounded time without an error."""
    feed = read_feed(XML_BOMBS[name])
    assert least(lambda: read_feed(XML_BOMBS[name]), 2) < 2
    assert len(feed.entries) <= 1000
    assert sum(len(entry.text) for entry in feed.entries) < 1_000_000
    assert not any("root:" in entry.text for entry in feed.entries)


def test_two_thousand_real_feeds_raise_nothing() -> None:
    """Every feed of the feedparser suite is read or refused, each within 100 ms."""
    count, titled, slow = 0, 0, []
    with tarfile.open(data_file("hostile/feedparser-tests.tar.gz")) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.name.endswith(".xml") else None
            if file is None:
                continue
            body = file.read()
            feed = read_feed(body)
            if least(partial(read_feed, body), 0.1) > 0.1:
                slow.append(member.name)
            count += 1
            titled += bool(feed.entries)
    assert count == 2106
    assert titled > 400
    assert slow == []


class FeedServer:
    """A feed on loopback: what it serves, its faults, and how it was asked."""

    def __init__(self) -> None:
        self.body = RSS
        self.status = 200
        self.etag = '"1"'
        self.asked: list[str | None] = []

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """The feed, 304 if the client has it, or the fault."""
        known = request.headers.get("If-None-Match")
        self.asked.append(known)
        if self.status != 200:
            return web.Response(status=self.status, headers={"Retry-After": "90"})
        if known == self.etag:
            return web.Response(status=304)
        return web.Response(body=self.body, headers={"ETag": self.etag})


class Bench:
    """A feed reader, what it reads from and what it writes to."""

    def __init__(self, server: FeedServer, url: str) -> None:
        self.server, self.url = server, url
        self.clock, self.board, self.ledger = ManualClock(), Board(), Ledger()
        self.fetch = Fetch(self.clock, allow_private=True)
        self.restart()

    def restart(self) -> None:
        """Forget everything but what is stored."""
        self.reader = FeedReader(
            SourceInfo(id="feed:news", url=self.url, via=("feed",)),
            fetch=self.fetch,
            clock=self.clock,
            board=self.board,
            options=FeedOptions(),
        )
        self.reader.resume(self.ledger)

    async def step(self) -> float:
        """One read."""
        return await self.reader.step(self.ledger)

    @property
    def state(self) -> str:
        """As shown."""
        return self.board.last["feed:news"].state


@contextlib.asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    """A feed served on a free port."""
    server = FeedServer()
    runner = web.ServerRunner(web.Server(server.answer), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made = Bench(server, f"http://127.0.0.1:{runner.addresses[0][1]}/feed")
    try:
        yield made
    finally:
        await made.fetch.aclose()
        await runner.cleanup()


async def test_history_then_news_then_edits_and_no_deletions() -> None:
    """First read is history, oldest first; a new entry rings; a changed one is an edit."""
    async with bench() as b:
        await b.step()
        assert [post.text[:6] for post in b.ledger.posts()] == ["Раньше", "Обстре"]
        assert all(received.history for received in b.ledger.received())
        changed = RSS.replace("Обстрел".encode(), "Удар".encode())
        added = b"<item><guid>n-3</guid><title>New</title></item></channel>"
        b.server.body = changed.replace(b"</channel>", added)
        b.server.etag = '"2"'
        await b.step()
        later = b.ledger.received()[2:]
        assert sorted((r.post.kind, r.post.id, r.history) for r in later) == [
            ("edit", "n-2", False),
            ("new", "n-3", False),
        ]
        b.server.body, b.server.etag = ATOM, '"3"'
        await b.step()
        assert [post.kind for post in b.ledger.posts()[4:]] == ["new"]
        undated = next(post for post in b.ledger.posts() if post.id == "n-3")
        assert undated.published_at == undated.observed_at


async def test_what_is_unchanged_is_not_fetched_nor_stored_again() -> None:
    """The ETag is sent, also after a restart; 304 and an equal copy store nothing."""
    async with bench() as b:
        await b.step()
        await b.step()
        b.restart()
        await b.step()
        assert b.server.asked == [None, '"1"', '"1"']
        b.server.etag = '"same again"'
        await b.step()
        assert len(b.ledger.arrivals) == 1
        assert b.state == "ok"


@pytest.mark.parametrize(
    ("status", "body", "state"),
    [
        (404, RSS, "not_found"),
        (410, RSS, "not_found"),
        (429, RSS, "throttled"),
        (500, RSS, "unreachable"),
        (200, b"<!DOCTYPE html><html>", "broken_markup"),
        (200, b"hello", "broken_markup"),
        (200, RSS * 20_000, "failed"),
    ],
)
async def test_faults_are_told_apart_and_end(status: int, body: bytes, state: str) -> None:
    """Each fault has its state, a hint and a pause; afterwards the feed is read on."""
    async with bench() as b:
        await b.step()
        b.server.status, b.server.body, b.server.etag = status, body, '"x"'
        pause = await b.step()
        assert (b.state, bool(b.board.last["feed:news"].hint)) == (state, True)
        assert pause >= 5
        if status == 429:
            assert pause == 90
        b.server.status, b.server.body, b.server.etag = 200, ATOM, '"y"'
        await b.step()
        assert (b.state, len(b.ledger.posts())) == ("ok", 3)


async def test_run_stops_at_once() -> None:
    """`run` reads by itself and ends when cancelled."""
    async with bench() as b:
        task = asyncio.create_task(b.reader.run(b.ledger))
        await asyncio.wait_for(b.ledger.changed.wait(), PATIENCE)
        task.cancel()
        assert await ends(task, 1)
        assert task.cancelled()


async def test_an_empty_feed_starts_ringing_with_its_first_entry() -> None:
    """A feed without entries has been read: what comes later is news, not history."""
    async with bench() as b:
        b.server.body = b'<rss version="2.0"><channel><title>t</title></channel></rss>'
        await b.step()
        assert (b.state, b.ledger.posts()) == ("ok", [])
        b.restart()
        b.server.body, b.server.etag = ATOM, '"2"'
        await b.step()
        assert [received.history for received in b.ledger.received()] == [False]
