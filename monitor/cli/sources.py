"""`monitor sources`: how completely each is read; adding and importing; accepting new owners."""

import argparse
import asyncio
import re
import sys
from pathlib import Path

from monitor import settings
from monitor.cli.accept import accept
from monitor.cli.channel_list import folder_entries, link_entries, link_of, opml_entries
from monitor.cli.config import add_config, find_config
from monitor.cli.source_list import show
from monitor.cli.sources_file import Entry, add
from monitor.cli.telegram_look import look
from monitor.clock import SystemClock
from monitor.rulebook.load import load
from monitor.settings import Settings
from monitor.sources.fetch import Fetch, FetchError
from monitor.sources.introduction import Introduction, NoIntroductionError, introduce

ASKED = ("role", "affiliation", "family", "home")
_WHAT = {
    "add": "which channel? - monitor sources add @name",
    "accept": "which channel? - monitor sources accept @name",
    "import": "from where? - name an OPML file, a link t.me/addlist/..., or --folder NAME",
}
_NAME = re.compile(r"(?:@|telegram:|https?://t\.me/(?:s/)?)?([A-Za-z][A-Za-z0-9_]{2,31})/?")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "action", nargs="?", default="list", choices=["list", "add", "import", "accept"]
    )
    parser.add_argument(
        "what",
        nargs="?",
        help="add, accept: @channel; import: an OPML file, or a link t.me/addlist/...",
    )
    parser.add_argument("--folder", metavar="NAME", help="for import: a folder of the account")
    parser.add_argument("--file", metavar="FILE", help="the sources file; default: the first")
    for key in ASKED:
        parser.add_argument(f"--{key}", help="for add: its answer, instead of being asked")
    parser.add_argument("--json", action="store_true", help="for list: one JSON object a source")
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    """Do it; exit code 2 if something is missing on the command line."""
    reads = options.action in {"add", "import"}  # they may ask Telegram
    chosen = settings.load(find_config(options.config), secrets=reads)
    if options.action == "list":
        return show(chosen, as_json=options.json)
    named = options.what or (options.action == "import" and options.folder)
    if not named:
        print(f"monitor sources {options.action}: {_WHAT[options.action]}", file=sys.stderr)
        return 2
    if not (options.file or chosen.sources):
        print(
            "no sources file is configured - add --file FILE, or `sources: [...]`", file=sys.stderr
        )
        return 2
    if options.action == "accept":
        return _accept(chosen, options.what)
    path = Path(options.file).absolute() if options.file else chosen.sources[0]
    known = {one.lower() for one in load((), chosen.sources).sources}
    if options.action == "import":
        listed = _imported(chosen, options)
        found = [one for one in listed if str(one["id"]).lower() not in known]
    else:
        listed = found = _channel(chosen, options, known)
    if found:
        add(path, found)
        print(f"{len(found)} added to {path}; a running monitor reads them at once")
    elif options.action == "import":
        print("nothing to add" + (": all are listed already" if listed else ""))
    return 0 if listed else 1


def _accept(chosen: Settings, what: str) -> int:
    """Accept another owner of a listed name."""
    named = _NAME.fullmatch(what)
    listed = load((), chosen.sources).sources
    found = [one for one in listed if named and one.lower() == f"telegram:{named[1]}".lower()]
    if not found:
        print(f"{what} is in no sources file - monitor sources lists them", file=sys.stderr)
        return 1
    return accept(chosen, found[0])


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
        private = "/+" in options.what or "joinchat" in options.what
        why = (
            "leads to a private channel: those are not read" if private else "is no channel's name"
        )
        print(f"{options.what} {why} - write a name like @durov", file=sys.stderr)
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
