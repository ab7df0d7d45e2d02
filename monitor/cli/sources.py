"""`monitor sources`: how completely each is read; adding channels; importing lists of feeds."""

import argparse
import asyncio
import json
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from monitor import settings
from monitor.cli.channel_list import folder_entries, link_entries, link_of, opml_entries
from monitor.cli.config import add_config, find_config
from monitor.cli.sources_file import Entry, add
from monitor.cli.telegram_look import look
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
    parser.add_argument(
        "what", nargs="?", help="add: @channel; import: an OPML file, or a link t.me/addlist/..."
    )
    parser.add_argument("--folder", metavar="NAME", help="for import: a folder of the account")
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
    named = options.what or (options.action == "import" and options.folder)
    if not named or not (options.file or chosen.sources):
        print(f"monitor sources {options.action}: name what, and --file FILE", file=sys.stderr)
        return 2
    path = Path(options.file).absolute() if options.file else chosen.sources[0]
    known = {one.lower() for one in load((), chosen.sources).sources}
    if options.action == "import":
        listed = _imported(chosen, options)
        found = [one for one in listed if str(one["id"]).lower() not in known]
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


def _imported(chosen: Settings, options: argparse.Namespace) -> list[Entry]:
    """The entries of a folder, link or file; what was said on the command line holds for all."""
    if options.folder:
        found = folder_entries(chosen, options.folder)
    elif slug := link_of(options.what):
        found = link_entries(chosen, slug)
    else:
        found = opml_entries(Path(options.what))
    said = {key: given for key in ASKED if (given := getattr(options, key))}
    return [{**one, **said} for one in found]


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
        channel, via = _introduced(chosen, named[1])
    except (NoIntroductionError, FetchError) as error:
        print(f"{error} - {error.hint}", file=sys.stderr)
        return []
    print(f"@{channel.name}: {channel.title}, {channel.subscribers or 'subscribers not said'}")
    for text in channel.posts:
        print(f"  | {' '.join(text.split())[:150]}")
    answers = {key: getattr(options, key) or _answer(key) for key in ASKED}
    return [{"id": f"telegram:{channel.name}", "name": channel.title, "via": via, **answers}]


def _introduced(chosen: Settings, name: str) -> tuple[Introduction, list[str]]:
    """What the preview says of a channel, else an account; and how it can be read.

    Raises:
        FetchError, NoIntroductionError: neither says anything.
    """
    try:
        found = asyncio.run(_look(chosen, name))
    except (NoIntroductionError, FetchError):
        if not chosen.telegram.accounts:
            raise
        return look(chosen, {"channel": name}, Introduction), ["account"]
    return found, ["account", "preview"] if chosen.telegram.accounts else []


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
