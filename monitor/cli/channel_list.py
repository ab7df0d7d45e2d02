"""Lists of channels and feeds from elsewhere: OPML files, Telegram folders, shared ones by link."""

import re
import sys
from pathlib import Path
from urllib.parse import urlsplit

from lxml import etree

from monitor.cli.sources_file import Entry
from monitor.cli.telegram_look import look
from monitor.settings import Settings
from monitor.sources.folder import Folder
from monitor.sources.introduction import NoIntroductionError

_LINK = re.compile(r"(?:https?://t\.me/addlist/|tg://addlist\?slug=)([A-Za-z0-9_-]{4,64})/?")
_CHANNEL = re.compile(
    r"(?:https?://t\.me/(?:s/)?|https?://\S+/telegram/channel/)([A-Za-z]\w{2,31})/?"
)


def folder_entries(chosen: Settings, title: str) -> list[Entry]:
    """The channels of a folder of the account; empty after saying why."""
    return _of_account(chosen, {"folder": title})


def link_of(what: str) -> str | None:
    """The name in a shared folder's link, t.me/addlist/NAME; None if it is no such link."""
    found = _LINK.fullmatch(what)
    return found[1] if found else None


def link_entries(chosen: Settings, slug: str) -> list[Entry]:
    """The channels of a shared folder; empty after saying why."""
    return _of_account(chosen, {"link": slug})


def _of_account(chosen: Settings, question: dict[str, str]) -> list[Entry]:
    try:
        found = look(chosen, question, Folder)
    except NoIntroductionError as error:
        print(f"{error} - {error.hint}", file=sys.stderr)
        return []
    if found.others:
        print(f"left out: {found.others} that are no public channels", file=sys.stderr)
    return [channel(one.name, one.title) for one in found.channels]


def channel(name: str, title: str) -> Entry:
    """A channel that an account reads, the preview beside it."""
    return {"id": f"telegram:{name}", "name": title[:200], "via": ["account", "preview"]}


def opml_entries(path: Path) -> list[Entry]:
    """The feeds and Telegram channels of an OPML file, each once; empty after saying why."""
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        root = etree.fromstring(path.read_bytes(), parser)
    except (OSError, etree.XMLSyntaxError) as error:
        print(f"{path}: no OPML: {error}", file=sys.stderr)
        return []
    found: dict[str, Entry] = {}
    for outline in root.iter("outline"):
        url = (outline.get("xmlUrl") or "").strip()
        title = (outline.get("title") or outline.get("text") or "").strip()
        addresses = (url, (outline.get("htmlUrl") or "").strip())
        named = next((one for address in addresses if (one := _CHANNEL.fullmatch(address))), None)
        if named is not None:
            id_ = f"telegram:{named[1]}"
            found.setdefault(id_, {"id": id_, "name": title[:200]})
        elif url.startswith(("http://", "https://")):
            id_ = _feed_id(title, url, found)
            found[id_] = {"id": id_, "name": title[:200], "via": ["feed"], "url": url}
    return list(found.values())


def _feed_id(title: str, url: str, taken: dict[str, Entry]) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", (title or urlsplit(url).netloc).lower()).strip("-")
    short = words[:60] or re.sub(r"[^a-z0-9]+", "-", urlsplit(url).netloc.lower())
    id_, number = f"feed:{short}", 2
    while id_ in taken and taken[id_].get("url") != url:
        id_, number = f"feed:{short}-{number}", number + 1
    return id_
