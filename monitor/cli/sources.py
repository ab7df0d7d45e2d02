"""`monitor sources`: how completely each is read; adding channels; importing lists of feeds."""

import argparse
import asyncio
import json
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from lxml import etree

from monitor import settings
from monitor.cli.config import add_config, find_config
from monitor.cli.sources_file import Entry, add
from monitor.clock import SystemClock
from monitor.control import ask
from monitor.rulebook.load import load
from monitor.settings import Settings
from monitor.sources.fetch import Fetch, FetchError
from monitor.sources.introduction import Introduction, NoIntroductionError, introduce
from monitor.sources.telegram import budget
from monitor.sources.telegram.coverage import gaps
from monitor.sources.telegram.register import covered_in
from monitor.store.database import Database
from monitor.store.incidents import cursors

ASKED = ("role", "affiliation", "family", "home")
_NAME = re.compile(r"(?:@|telegram:|https?://t\.me/(?:s/)?)?([A-Za-z][A-Za-z0-9_]{2,31})/?")
Row = dict[str, object]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("action", nargs="?", default="list", choices=["list", "add", "import"])
    parser.add_argument("what", nargs="?", help="add: @channel; import: an OPML file of feeds")
    parser.add_argument("--file", metavar="FILE", help="the sources file; default: the first")
    for key in ASKED:
        parser.add_argument(f"--{key}", help="for add: its answer, instead of being asked")
    parser.add_argument("--json", action="store_true", help="for list: one JSON object a source")
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    """Do it; exit code 2 if something is missing on the command line."""
    chosen = settings.load(find_config(options.config))
    if options.action == "list":
        return _list(chosen, as_json=options.json)
    if not options.what or not (options.file or chosen.sources):
        print(f"monitor sources {options.action}: name what, and --file FILE", file=sys.stderr)
        return 2
    path = Path(options.file).absolute() if options.file else chosen.sources[0]
    known = {one.lower() for one in load((), chosen.sources).sources}
    if options.action == "import":
        found = [one for one in _feeds(Path(options.what)) if str(one["id"]).lower() not in known]
    else:
        found = _channel(chosen, options, known)
    if found:
        add(path, found)
    print(f"{len(found)} added to {path}; a running monitor reads them at once")
    return 0 if found or options.action == "import" else 1


def rows(chosen: Settings) -> list[Row]:
    """Each source: how the running daemon reads it, and what the store has of it."""
    infos = load((), chosen.sources).sources
    stored: dict[str, str] = {}
    if chosen.state.is_dir():
        db = Database.open(chosen.state, readonly=True)
        try:
            stored = cursors(db)
        finally:
            db.close()
    answer = (ask(chosen.state, "status") if chosen.state.is_dir() else None) or {}
    told = answer.get("sources")
    health = {one["source"]: one for one in told} if isinstance(told, list) else {}
    return [_row(id_, stored, health.get(id_, {})) for id_ in sorted(infos)]


def _row(source: str, stored: Mapping[str, str], health: Mapping[str, object]) -> Row:
    coverage = covered_in(stored.get(f"telegram/{source}"))
    missing = gaps(coverage) if coverage else ()
    return {
        "source": source,
        "state": health.get("state", "not running"),
        "via": health.get("via", ""),
        "last_post": health.get("last_post"),
        "push_delay": health.get("push_delay"),
        "watched_from": coverage.floor if coverage else None,
        "newest": coverage.head if coverage else None,
        "oldest_uncovered": missing[0][0] if missing else None,
        "found_by_listing": health.get("found_by_listing", 0),
        "missed_by_push": health.get("missed_by_push", 0),
        "hint": health.get("hint", ""),
    }


def _list(chosen: Settings, *, as_json: bool) -> int:
    found = rows(chosen)
    if as_json:
        for row in found:
            print(json.dumps(row, ensure_ascii=False))
        return 0
    width = max((len(str(row["source"])) for row in found), default=0)
    for row in found:
        print(_shown(row, width))
    for line in _floods(chosen):
        print(line)
    return 0


def _shown(row: Row, width: int) -> str:
    parts = [f"{row['source']:<{width}}  {row['state']:<12} {row['via'] or '-':<8}"]
    parts.append(f"last post {row['last_post'] or '-'}")
    if row["newest"] is not None:
        whole = row["oldest_uncovered"]
        parts.append(f"ids {row['watched_from']}-{row['newest']}")
        parts.append("complete" if whole is None else f"uncovered from {whole}")
    if row["push_delay"] is not None:
        parts.append(f"pushed after {row['push_delay']} s")
    for key, says in (("found_by_listing", "found by listing"), ("missed_by_push", "missed")):
        if row[key]:
            parts.append(f"{row[key]} {says}")
    return ", ".join(parts) + (f"  {row['hint']}" if row["hint"] else "")


def _floods(chosen: Settings) -> list[str]:
    """Until when Telegram makes accounts wait."""
    if not chosen.state.is_dir():
        return []
    db = Database.open(chosen.state, readonly=True)
    try:
        stored = cursors(db)
    finally:
        db.close()
    now = datetime.now(UTC).timestamp()
    return [
        f"account {one.name}: {method} not before {datetime.fromtimestamp(until, UTC):%F %TZ}"
        for one in chosen.telegram.accounts
        for method, until in budget.decode(stored.get(f"telegram-budget/{one.name}")).floods.items()
        if until > now
    ]


def _channel(chosen: Settings, options: argparse.Namespace, known: set[str]) -> list[Entry]:
    """The entry of a channel, after looking at it and asking; empty after saying why not."""
    named = _NAME.fullmatch(options.what)
    if named is None:
        print(f"{options.what} is no channel's name - write it like @durov", file=sys.stderr)
        return []
    if f"telegram:{named[1]}".lower() in known:
        print(f"@{named[1]} is listed already", file=sys.stderr)
        return []
    try:
        channel = asyncio.run(_look(chosen, named[1]))
    except (NoIntroductionError, FetchError) as error:
        print(f"{error} - {error.hint}", file=sys.stderr)
        return []
    print(f"@{channel.name}: {channel.title}, {channel.subscribers or 'subscribers not said'}")
    for text in channel.posts:
        print(f"  | {' '.join(text.split())[:150]}")
    answers = {key: getattr(options, key) or _answer(key) for key in ASKED}
    via = ["account", "preview"] if chosen.telegram.accounts else []
    return [{"id": f"telegram:{channel.name}", "name": channel.title, "via": via, **answers}]


async def _look(chosen: Settings, name: str) -> Introduction:
    contact, private = chosen.http.user_agent_contact, chosen.http.allow_private
    async with Fetch(SystemClock(), contact=contact, allow_private=private) as fetch:
        return await introduce(fetch, name, chosen.preview.base_url)


def _answer(key: str) -> str:
    """What the person says; nothing if nobody is there."""
    try:
        return input(f"{key} (empty = unknown): ").strip()
    except EOFError:
        return ""


def _feeds(path: Path) -> list[Entry]:
    """The feeds of an OPML file, each address once."""
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
        if not url.startswith(("http://", "https://")):
            continue
        words = re.sub(r"[^a-z0-9]+", "-", (title or urlsplit(url).netloc).lower()).strip("-")
        short = words[:60] or re.sub(r"[^a-z0-9]+", "-", urlsplit(url).netloc.lower())
        id_, number = f"feed:{short}", 2
        while id_ in found and found[id_]["url"] != url:
            id_, number = f"feed:{short}-{number}", number + 1
        found[id_] = {"id": id_, "name": title[:200], "via": ["feed"], "url": url}
    return list(found.values())
