"""`monitor deliveries`: what became of every alert at every receiver, newest first."""

import argparse
import json
from typing import get_args

import msgspec

from monitor.cli.config import add_config, looked_at
from monitor.cli.screen import safe
from monitor.store.attempts import attempts_of
from monitor.store.database import Database
from monitor.store.deliveries import Delivery, DeliveryState, deliveries

LAST = 50


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config(parser)
    parser.add_argument("--sink", metavar="NAME", help="of this receiver (the bus is `mqtt`)")
    parser.add_argument("--alert", metavar="ID", help="of this alert")
    parser.add_argument(
        "--state", action="append", choices=get_args(DeliveryState), help="in this state"
    )
    parser.add_argument(
        "--dead", action="store_true", help="dead letters: what was refused or given up"
    )
    parser.add_argument(
        "--attempts", action="store_true", help="also every attempt before the last"
    )
    parser.add_argument("--limit", type=int, default=LAST, metavar="N", help=f"at most ({LAST})")
    parser.add_argument("--json", action="store_true", help="JSON lines")


def run(options: argparse.Namespace) -> int:
    """Print them."""
    chosen = looked_at(options.config)
    states = {*(options.state or ()), *(("dead", "refused") if options.dead else ())}
    db = Database.open(chosen.state, readonly=True)
    try:
        found = deliveries(
            db, sink=options.sink, alert_id=options.alert, states=states, limit=options.limit
        )
        tried = [
            attempts_of(db, sink, one.sequence) if options.attempts else () for sink, one in found
        ]
    finally:
        db.close()
    for (sink, one), failed in zip(found, tried, strict=True):
        if options.json:
            more = {"failed": msgspec.to_builtins(failed)} if options.attempts else {}
            print(json.dumps({"sink": sink, **msgspec.to_builtins(one), **more}))
        else:
            print(_line(sink, one))
            for attempt in failed:
                when = f"{attempt.at:%Y-%m-%d %H:%M:%S} UTC"
                print(f"  {when}  attempt {attempt.attempt} failed - {safe(attempt.detail)}")
    if not found and not options.json:
        print("no such delivery")
    return 0


def _line(sink: str, one: Delivery) -> str:
    attempts = f", attempt {one.attempts}" if one.attempts > 1 else ""
    detail = f" - {safe(one.detail)}" if one.detail else ""
    again = f"  (monitor resend {one.alert} {sink})" if one.state in {"dead", "refused"} else ""
    when = f"{one.at:%Y-%m-%d %H:%M:%S} UTC"
    return f"{when}  {sink}  {one.state}{attempts}  alert {one.alert}{detail}{again}"
