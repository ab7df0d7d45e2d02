"""`monitor actions`: who acknowledged, muted, asked, called a false alarm, when and where."""

import argparse
import json
from typing import get_args

import msgspec

from monitor.action import Action, ActionKind
from monitor.cli.config import add_config, looked_at
from monitor.cli.screen import safe
from monitor.store.actions import actions
from monitor.store.database import Database

LAST = 50


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config(parser)
    parser.add_argument("--incident", metavar="ID", help="about this incident")
    parser.add_argument(
        "--did", action="append", choices=get_args(ActionKind), help="only such acts"
    )
    parser.add_argument("--limit", type=int, default=LAST, metavar="N", help=f"at most ({LAST})")
    parser.add_argument("--json", action="store_true", help="JSON lines")


def run(options: argparse.Namespace) -> int:
    """Print them, newest first."""
    chosen = looked_at(options.config)
    db = Database.open(chosen.state, readonly=True)
    try:
        found = actions(db, incident=options.incident, did=options.did or (), limit=options.limit)
    finally:
        db.close()
    for one in found:
        print(json.dumps(msgspec.to_builtins(one)) if options.json else _line(one))
    if not found and not options.json:
        print("nobody has done anything")
    return 0


def _line(one: Action) -> str:
    about = [f"incident {one.incident}" if one.incident else "", f"rule {one.rule}"]
    parts = [*(about if one.rule else about[:1]), safe(one.detail)]
    rest = ", ".join(part for part in parts if part)
    when = f"{one.at:%Y-%m-%d %H:%M:%S} UTC"
    return f"{when}  {safe(one.who)} via {one.via}  {one.did}" + (f"  {rest}" if rest else "")
