"""`monitor incidents`: what goes on, who says so, who denies it, and how many echo it."""

import argparse

import msgspec

from monitor import settings
from monitor.cli.config import add_config, find_config
from monitor.cli.screen import safe
from monitor.incident import Incident, Voice
from monitor.store.database import Database
from monitor.store.incidents import incidents_after


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config(parser)
    parser.add_argument("--all", action="store_true", help="closed incidents too")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(options: argparse.Namespace) -> int:
    """Print the incidents, the one that changed last at the end."""
    db = Database.open(settings.load(find_config(options.config)).state, readonly=True)
    try:
        found = [one for one in incidents_after(db) if one.open or options.all]
    finally:
        db.close()
    for one in sorted(found, key=lambda one: (one.updated_at, one.id)):
        print(msgspec.json.encode(one).decode() if options.json else "\n".join(_lines(one)))
    if not found and not options.json:
        print("nothing goes on" if not options.all else "no incidents")
    return 0


def _lines(one: Incident) -> list[str]:
    where = f" - {safe(one.place.name)}" if one.place else ""
    marks = (" EXERCISE" if one.exercise else "") + ("" if one.open else " closed")
    lines = [
        f"{one.id}  {one.level}  {safe(one.title)}{where}{marks}",
        f"  {one.status}, {one.posts} posts by {one.families} publishers, {one.echoes} echoes",
        f"  {one.opened_at:%Y-%m-%d %H:%M} - {one.updated_at:%Y-%m-%d %H:%M} UTC",
    ]
    lines += [f"  says so: {_voice(voice)}" for voice in one.voices if voice.posts]
    lines += [f"  denies it: {_voice(voice)}" for voice in one.denials if voice.posts]
    return lines


def _voice(voice: Voice) -> str:
    count = "1 post" if voice.posts == 1 else f"{voice.posts} posts"
    return f"{safe(voice.family)} ({safe(voice.role)}, {safe(voice.affiliation)}), {count}"
