"""`monitor rules report`: how often each rule was right, as the desk judged its incidents."""

import argparse
import json
from datetime import UTC, datetime, timedelta

import msgspec

from monitor.cli.config import add_config, looked_at
from monitor.cli.stored import days
from monitor.store.database import Database
from monitor.store.precision import RuleReport, precision

DEFAULT = timedelta(days=30)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config(parser)
    parser.add_argument("what", choices=("report",), help="the report of false alarms")
    parser.add_argument(
        "--since", type=days, default=DEFAULT, metavar="TIME", help="how far back (30d)"
    )
    parser.add_argument("--exercise", action="store_true", help="exercises instead")
    parser.add_argument("--json", action="store_true", help="JSON lines")


def run(options: argparse.Namespace) -> int:
    """Print a line per rule, most false alarms first."""
    chosen = looked_at(options.config)
    db = Database.open(chosen.state, readonly=True)
    try:
        reports = precision(db, datetime.now(UTC) - options.since, exercise=options.exercise)
    finally:
        db.close()
    width = max((len(one.rule) for one in reports), default=0)
    for one in reports:
        if options.json:
            print(json.dumps({**msgspec.to_builtins(one), "precision": one.precision}))
        else:
            print(_line(one, width))
    if not reports and not options.json:
        print("no rule has opened an incident in that time")
    return 0


def _line(one: RuleReport, width: int) -> str:
    right = "not judged" if one.precision is None else f"{one.precision:.0%} right"
    return (
        f"{one.rule:<{width}}  incidents: {one.incidents}, acknowledged: {one.acknowledged}, "
        f"false alarms: {one.false_alarms} - {right}"
    )
