"""HTML of strangers becomes plain text, cheaply."""

import pytest

from monitor.text.markup import MAX_BYTES, plain
from tests.cost import least


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("a<br>b<br/><br/>c", "a\nb\n\nc"),
        ("  one \n two\t three ", "one two three"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("before<blockquote>quoted</blockquote>after", "before\nquoted\nafter"),
        ("<ul><li>one<li>two</ul>", "one\ntwo"),
        ("<pre>one\n two</pre>", "one\ntwo"),
        ('<i class="emoji"><b>👍</b></i> ok', "👍 ok"),
        ('<tg-spoiler>hid</tg-spoiler><span class="tg-spoiler">den</span>', "hidden"),
        ("a<script>x()</script><style>y{}</style>b", "ab"),
        ("&lt;b&gt; &amp; &quot;&#33;&quot;", '<b> & "!"'),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("no markup at all", "no markup at all"),
        ("", ""),
        ("<!-- nothing -->", ""),
    ],
)
def test_text_reads_as_a_browser_shows_it(markup: str, text: str) -> None:
    """Line breaks stand where a browser breaks the line, and nowhere else."""
    assert plain(markup).text == text


def test_links_are_those_the_words_do_not_show() -> None:
    """An address is a hidden link only if its words do not show it."""
    markup = (
        '<a href="https://a.example/x">here</a> <a href="https://b.example/">https://b.example/</a>'
        ' <a href="http://www.c.example">c.example</a> <a href="https://t.me/name">@Name</a>'
        ' <a href="?q=%23tag">#tag</a> <a href="javascript:x()">js</a>'
        ' <a href="https://a.example/x">again</a> <a href="https://d.example/?a=1&amp;b=2">d</a>'
    )
    assert plain(markup).links == ("https://a.example/x", "https://d.example/?a=1&b=2")


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("a\ud800b", "a\ufffdb"),
        ("\ud83d\udc4d", "👍"),
        ("a\0b <b>c</b>", "a\ufffdb c"),
        ("a&#0;b&#xd800;c", "a\ufffdb\ufffdc"),
        (b"a\xff\xfeb", "a\ufffd\ufffdb"),
    ],
)
def test_what_is_no_text_is_replaced(markup: str | bytes, text: str) -> None:
    """NUL, lone surrogates and broken UTF-8 become U+FFFD; surrogate pairs become the letter."""
    assert plain(markup).text == text


BOMBS = {
    "open links": "<div>" + "<a " * 100_000,
    "open comments": "<!--" * 100_000,
    "nested": "<div>" * 100_000 + "x",
    "nested inline": "<b>" * 100_000 + "x",
    "attributes": "<a " + "".join(f"x{n}=1 " for n in range(100_000)) + ">y</a>",
    "attributes without blanks": "<a " + "".join(f'x{n}=""' for n in range(100_000)) + ">y</a>",
    "many tags with attributes": ("<a " + "".join(f"x{n} " for n in range(900)) + ">y</a>") * 150,
    "misnested": "<b><i></b></i>" * 50_000,
    "line breaks": "<br> " * 100_000,
    "blanks": "<p>" + " \xa0" * 300_000,
    "blanks before a block": ("<div> </div>" + " " * 50) * 15_000,
    "entities": "&lt;" * 250_000,
    "links": '<a href="http://x.example/">q</a>' * 30_000,
    "links in depth": "<b>" * 200 + "<a href=http://x.example>" * 50_000,
    "marks": "a" + "\u0301" * 100_000,
    "growing letters": "\ufdfa" * 100_000,
    "one word": "я" * 500_000,
    "quotes": "<a b='" * 100_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_little(name: str) -> None:
    """Hostile markup costs at most 50 ms of processor time and gives at most 64 KiB."""
    plain("<b>warm</b>")
    found = plain(BOMBS[name])
    assert least(lambda: plain(BOMBS[name]), 0.05) < 0.05
    assert len(found.text.encode()) <= 64 * 1024
    assert found.text or found.truncated or found.links


def test_too_much_is_cut_and_says_so() -> None:
    """What is beyond the limits is left out, the beginning stays, and `truncated` is set."""
    found = plain("начало " + "x" * (MAX_BYTES + 1))
    assert found.truncated
    assert found.text.startswith("начало")
    assert not plain("short").truncated
