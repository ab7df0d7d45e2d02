"""HTML as people read it: plain text with line breaks, and the addresses behind words.

Used on message blocks of the web preview and on entries of feeds: markup written by strangers. What
the parser sees is bounded first (bytes, tags, attributes of one tag), because its cost is quadratic
in some of them; everything after that is linear.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from lxml import etree

from monitor.text.caps import MAX_BYTES as MAX_TEXT_BYTES
from monitor.text.caps import capped

MAX_BYTES = 1_000_000
MAX_TAGS = 10_000
MAX_LINKS = 1_000
# Attributes of one tag cost their number squared (measured: 5,000 of them 20 ms).
MAX_ATTRIBUTE_COST = 15_000_000

# Characters looked at to find that much text: the rest may be blanks.
MAX_COLLECTED = 4 * MAX_TEXT_BYTES

_TAG = re.compile(rb"<[^<>]*")
_LONG_TAG = re.compile(rb"<[^<>]{1000,}")
_BETWEEN_ATTRIBUTES = b" \t\n\r\f/=\"'"
_BLANKS = re.compile(r"[ \t\n\r\f]+")
_SILENT = frozenset({"script", "style", "template", "noscript", "title", "head", "svg", "math"})
_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "center", "dd", "details", "div", "dl", "dt"}
    | {"fieldset", "figcaption", "figure", "footer", "form", "header", "hr", "li", "main", "nav"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "section", "table", "tr", "ul"}
)


class Plain(NamedTuple):
    """What a fragment says.

    `links` are the addresses behind words that do not show them, in order, each once. `truncated`:
    something was left out to keep within the limits.
    """

    text: str
    links: tuple[str, ...] = ()
    truncated: bool = False


def plain(markup: str | bytes) -> Plain:
    """The text of an HTML fragment, with a line break where a browser shows one.

    Never fails: what is no HTML is text. At most 64 KiB of UTF-8; NUL and lone surrogates become
    U+FFFD.
    """
    encoded = markup if isinstance(markup, bytes) else mended(markup).encode()
    cheap, cut = bounded(encoded)
    if b"<" not in cheap and b"&" not in cheap:
        whole = cheap.decode("utf-8", "replace").replace("\0", "\ufffd")
        text, longer = capped(_tidy([_BLANKS.sub(" ", whole[:MAX_COLLECTED])]))
        return Plain(text, (), cut or longer or len(whole) > MAX_COLLECTED)
    root = parse(cheap)
    if root is None:
        return Plain("", (), cut)
    found = plain_of(root)
    return found._replace(truncated=found.truncated or cut)


def plain_of(element: etree._Element) -> Plain:
    """The text of an element that is parsed already. See `plain`."""
    pieces, incomplete = _pieces(element)
    text, longer = capped(_tidy(pieces))
    links = tuple(dict.fromkeys(_hidden_links(element)))
    return Plain(text, links, longer or incomplete)


def parse(markup: bytes) -> etree._Element | None:
    """A tree of HTML in UTF-8, or None when there is nothing in it. Bound it first: see `bounded`.

    Comments and processing instructions are dropped, nothing is loaded from anywhere.
    """
    parser = etree.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True
    )
    try:
        return etree.fromstring(markup.replace(b"\0", b"\xef\xbf\xbd"), parser)
    except etree.XMLSyntaxError:
        return None


def bounded(markup: bytes) -> tuple[bytes, bool]:
    """The longest beginning of HTML that is cheap to parse, and whether something was cut off."""
    cut = len(markup) > MAX_BYTES
    if cut:
        markup = markup[:MAX_BYTES]
        opened, closed = markup.rfind(b"<"), markup.rfind(b">")
        markup = markup[:opened] if opened > closed else markup
    cost = 0
    for count, tag in enumerate(_TAG.finditer(markup)):
        cost += _attribute_cost(tag[0])
        if count >= MAX_TAGS or cost > MAX_ATTRIBUTE_COST:
            return markup[: tag.start()], True
    return markup, cut


def has_attribute_bomb(markup: bytes) -> bool:
    """Whether some tags have so many attributes that parsing them, also as XML, takes too long."""
    cost = 0
    for tag in _LONG_TAG.finditer(markup):
        cost += _attribute_cost(tag[0])
        if cost > MAX_ATTRIBUTE_COST:
            return True
    return False


def _attribute_cost(tag: bytes) -> int:
    """The square of at least the number of a tag's attributes."""
    return (len(tag) - len(tag.translate(None, _BETWEEN_ATTRIBUTES))) ** 2


def mended(text: str) -> str:
    """The text with surrogate pairs joined, lone surrogates and NUL as U+FFFD."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _pieces(root: etree._Element) -> tuple[list[str], bool]:
    """Text in reading order, runs of blanks as one space, and whether it was too much.

    A line feed stands for a line break, a vertical tab for the edge of a block.
    """
    pieces: list[str] = []
    silent = verbatim = collected = 0
    for event, node in etree.iterwalk(root, events=("start", "end")):
        name = node.tag
        opens = event == "start"
        if name == "br":
            pieces.append("\n" if opens else "")
        elif name in _BLOCKS and node is not root:
            pieces.append("\n\n" if name == "p" and not opens else "\v")
            verbatim += (1 if opens else -1) if name == "pre" else 0
        elif name in _SILENT:
            silent += 1 if opens else -1
        said = node.text if opens else (node.tail if node is not root else None)
        if said and not silent:
            said = said[:MAX_COLLECTED]
            # A <pre> keeps its lines; their indentation goes, as all blanks beside breaks do.
            pieces.append(said if verbatim else _BLANKS.sub(" ", said))
            collected += len(said)
            if collected >= MAX_COLLECTED:
                return pieces, True
    return pieces, False


def _tidy(pieces: Iterable[str]) -> str:
    """Join the pieces. The edge of a block breaks a line only where it is not yet broken.

    No pattern here may look for something behind a run: that is quadratic in the run.
    """
    text = re.sub(r"  +", " ", "".join(pieces))
    text = re.sub(r"\v+", "\v", text.replace(" \v", "\v").replace("\v ", "\v"))
    text = text.replace("\v\n", "\n").replace("\n\v", "\n").replace("\v", "\n")
    return "\n".join(line.strip(" \t\xa0") for line in text.split("\n")).strip("\n")


def _hidden_links(root: etree._Element) -> Iterator[str]:
    """The web addresses of links whose words do not show the address themselves."""
    for link in islice(root.iter("a"), MAX_LINKS):
        address = mended(link.get("href") or "").strip()
        if not address.lower().startswith(("http://", "https://", "tg://")):
            continue
        shown = "".join(map(str, link.itertext())).strip()
        bare = _bare(address)
        if bare and bare != _bare(shown) and not _is_mention(bare, shown):
            yield address[:2048]


def _bare(address: str) -> str:
    """An address without what does not tell it from another: scheme, www, the last slash."""
    return re.sub(r"^[a-z]+://(www\.)?|^www\.|/$", "", address.lower())


def _is_mention(bare: str, shown: str) -> bool:
    return shown.startswith("@") and bare == f"t.me/{shown[1:].lower()}"
