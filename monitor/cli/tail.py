"""`monitor tail`: the alerts in the outbox, as they come."""

import argparse
import sys
import time

from monitor.alert import to_json
from monitor.cli.config import add_config, looked_at
from monitor.cli.screen import show_on
from monitor.rulebook.load import load
from monitor.store.database import Database
from monitor.store.outbox import alerts_after, newest

PAGE = 500
LAST = 10
POLL_SECONDS = 0.3


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config(parser)
    parser.add_argument(
        "--after", type=int, metavar="SEQ", help="alerts behind this cursor (the last 10 if absent)"
    )
    parser.add_argument("--follow", "-f", action="store_true", help="wait for more, until Ctrl-C")
    parser.add_argument("--json", action="store_true", help="JSON lines also in a terminal")


def run(options: argparse.Namespace) -> int:
    """Print alerts: for people in a terminal, as JSON lines (contract) elsewhere."""
    chosen = looked_at(options.config)
    db = Database.open(chosen.state, readonly=True)
    show = None
    if sys.stdout.isatty() and not options.json:
        show = show_on(sys.stdout, load(chosen.rules, chosen.sources).sources)
    after = options.after if options.after is not None else max(0, newest(db) - LAST)
    try:
        while True:
            alerts = alerts_after(db, after, PAGE)
            for alert in alerts:
                if show:
                    show(alert)
                else:
                    print(to_json(alert).decode())
                after = alert.sequence
            if alerts:
                sys.stdout.flush()
            elif options.follow:
                time.sleep(POLL_SECONDS)
            else:
                return 0
    finally:
        db.close()
