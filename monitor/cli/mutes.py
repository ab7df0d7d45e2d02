"""`monitor mutes`: which silences hold, whose they are and how much they have held back."""

import argparse
import json
from datetime import UTC, datetime

import msgspec

from monitor.cli.config import add_config, looked_at
from monitor.cli.screen import safe
from monitor.silence import Silence
from monitor.store.database import Database
from monitor.store.silences import muted_by, silences


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config(parser)
    parser.add_argument("--all", action="store_true", help="also those that have ended")
    parser.add_argument("--json", action="store_true", help="JSON lines")


def run(options: argparse.Namespace) -> int:
    """Print them, newest first."""
    chosen = looked_at(options.config)
    now = datetime.now(UTC)
    db = Database.open(chosen.state, readonly=True)
    try:
        shown = [
            (one, muted_by(db, one)) for one in silences(db) if options.all or now < one.over_at
        ]
    finally:
        db.close()
    for one, count in shown:
        if options.json:
            print(json.dumps({**msgspec.to_builtins(one), "muted": count}))
        else:
            print(_line(one, count, now))
    if not shown and not options.json:
        print("nothing is muted")
    return 0


def _line(one: Silence, count: int, now: datetime) -> str:
    until = f"{one.over_at:%Y-%m-%d %H:%M} UTC"
    end = f"until {until}" if now < one.over_at else f"ended {until}"
    taken_back = f" by {safe(one.ended_by)}" if one.ended_by else ""
    why = f" - {safe(one.why)}" if one.why else ""
    what = f"{one.id}  {safe(one.what)}  of {safe(one.by)}, {end}{taken_back}"
    return f"{what}, muted {count} so far{why}"
