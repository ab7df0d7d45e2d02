"""`monitor incidents`: what goes on, who says so, who denies it, and how many echo it.

`monitor incidents merge KEPT OTHER` puts two together, `monitor incidents split INCIDENT --posts
SOURCE/ID ...` takes posts out into one of their own: the running daemon does it.
"""

import argparse
import sys

import msgspec

from monitor.cli.config import add_config, looked_at
from monitor.cli.daemon import command, user
from monitor.cli.screen import safe
from monitor.correlation.claiming import ranges
from monitor.incident import Incident, Voice
from monitor.store.database import Database
from monitor.store.incidents import incidents_after


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config(parser)
    parser.add_argument("--all", action="store_true", help="closed incidents too")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("do", nargs="?", choices=("list", "merge", "split"), default="list")
    parser.add_argument("ids", nargs="*", metavar="INCIDENT", help="merge: two; split: one")
    parser.add_argument("--posts", nargs="+", default=[], metavar="SOURCE/ID", help="split: which")
    parser.add_argument("--why", default="", metavar="TEXT", help="merge, split: written down")
    parser.add_argument(
        "--by", default=user(), metavar="NAME", help="who answers for it (default: you)"
    )


def run(options: argparse.Namespace) -> int:
    """List, merge or split; exit code 1 if the daemon refuses or does not run."""
    if options.do == "list":
        return _list(options)
    needed = 2 if options.do == "merge" else 1
    if len(options.ids) != needed or bool(options.posts) != (options.do == "split"):
        usage = "merge KEPT OTHER" if options.do == "merge" else "split INCIDENT --posts SOURCE/ID"
        print(f"which incidents? - write: monitor incidents {usage}", file=sys.stderr)
        return 2
    details: dict[str, object] = {"posts": options.posts} if options.posts else {}
    if options.do == "merge":
        details["other"] = options.ids[1]
    answer = command(
        options.config, options.do, incident=options.ids[0], by=options.by, why=options.why,
        **details,
    )  # fmt: skip
    if answer is None:
        return 1
    print(f"done (monitor explain {options.ids[0]})")
    return 0


def _list(options: argparse.Namespace) -> int:
    """Print the incidents, the one that changed last at the end."""
    db = Database.open(looked_at(options.config).state, readonly=True)
    try:
        found = [one for one in incidents_after(db) if one.open or options.all]
    finally:
        db.close()
    for one in sorted(found, key=lambda one: (one.updated_at, one.id)):
        print(msgspec.json.encode(one).decode() if options.json else "\n".join(told(one)))
    if not found and not options.json:
        print("nothing goes on" if not options.all else "no incidents")
    return 0


def told(one: Incident) -> list[str]:
    """An incident in a few lines."""
    where = f" - {safe(one.place.name)}" if one.place else ""
    marks = (" EXERCISE" if one.exercise else "") + ("" if one.open else " closed")
    lines = [
        f"{one.id}  {one.level}  {safe(one.title)}{where}{marks}",
        f"  {one.status}, {one.posts} posts by {one.families} publishers, {one.echoes} echoes",
        f"  {one.opened_at:%Y-%m-%d %H:%M} - {one.updated_at:%Y-%m-%d %H:%M} UTC",
    ]
    lines += [f"  part of {one.part_of}"] if one.part_of else []
    lines += [f"  says so: {_voice(voice)}" for voice in one.voices if voice.posts]
    lines += [f"  denies it: {_voice(voice)}" for voice in one.denials if voice.posts]
    lines += [f"  {safe(number.side)}: {number.text}" for number in ranges(one.claims)]
    return lines


def _voice(voice: Voice) -> str:
    count = "1 post" if voice.posts == 1 else f"{voice.posts} posts"
    return f"{safe(voice.family)} ({safe(voice.role)}, {safe(voice.affiliation)}), {count}"
