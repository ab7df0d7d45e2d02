"""`monitor backtest`: what changed rules would have alerted on the stored posts."""

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from monitor.alert import Alert
from monitor.backtest import Comparison, Difference, Rerun, Ring, Rings, compare, rerun, ring
from monitor.cli.config import add_config, looked_at
from monitor.cli.progress import bar
from monitor.cli.screen import show_on
from monitor.cli.stored import days
from monitor.cli.tuning import tune
from monitor.clock import SystemClock
from monitor.garbage import rare_collections
from monitor.matching.evaluate import Matcher
from monitor.rulebook.book import Rulebook
from monitor.rulebook.load import load
from monitor.settings import Settings
from monitor.source import SourceInfo
from monitor.store.database import Database
from monitor.store.outbox import alerts_after, first_since
from monitor.store.past import how_many_since, told_since
from monitor.workshop import matcher_of

WARM_UP = timedelta(days=1)
"""Posts from so long before fill the windows, so that what went on then does not ring as new."""
NICE = 19
"""As nice as can be: the daemon's work goes before this."""
SAMPLES = 5
PAGE = 500


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config(parser)
    parser.add_argument("--since", type=days, default="7d", metavar="7d", help="how far back (7d)")
    parser.add_argument(
        "--rules",
        type=Path,
        metavar="DIR",
        help="the changed rules, compared with the configured ones; without it, the configured "
        "rules are compared with the alerts that were sent",
    )
    parser.add_argument(
        "--tune",
        metavar="RULE",
        help="instead: words to exclude from this rule, so that the posts named by --wrong go",
    )
    parser.add_argument(
        "--wrong", nargs="+", metavar="POST", default=[], help="false hits: SOURCE/ID, or alerts"
    )
    parser.add_argument(
        "--right",
        nargs="+",
        metavar="POST",
        default=[],
        help="right hits, which must stay (all hits but the wrong ones)",
    )
    parser.add_argument("--json", action="store_true", help="everything as one JSON object")
    parser.add_argument(
        "--samples", type=int, default=SAMPLES, metavar="N", help=f"alerts to show ({SAMPLES})"
    )


def run(options: argparse.Namespace) -> int:
    """Compare; exit code 0 whatever comes out, 130 if it was stopped before the end."""
    os.nice(max(0, NICE - os.nice(0)))
    chosen = looked_at(options.config)
    if options.tune or options.wrong:
        return _tune(options, chosen)
    running = _book(chosen, chosen.rules)
    books = [_book(chosen, [options.rules]), running] if options.rules else [running]
    since = SystemClock().now() - options.since
    matchers = [matcher_of(book, chosen.state) for book in books]
    with rare_collections(), contextlib.closing(Database.open(chosen.state, readonly=True)) as db:
        made = _rerun(matchers, db, since)
        before = made.rings[1] if options.rules else _sent(db, since, made.until)
    found = compare(made, before)
    if options.json:
        print(msgspec.json.encode({"since": since, **msgspec.structs.asdict(found)}).decode())
    else:
        _show(found, running.sources, options.samples)
    return 0 if found.until is None else 130


def _rerun(matchers: Sequence[Matcher], db: Database, since: datetime) -> Rerun:
    """The rerun, with a bar; the first Ctrl-C ends it where it is, the second at once."""
    start = since - WARM_UP
    draw = bar(how_many_since(db, start), "posts")
    asked: list[int] = []

    def stop(number: int, _: object) -> None:
        asked.append(number)
        signal.signal(signal.SIGINT, usual)

    def progress(done: int) -> bool:
        draw(done)
        return bool(asked)

    usual = signal.signal(signal.SIGINT, stop)
    try:
        return rerun(matchers, told_since(db, start), since, db, progress)
    finally:
        signal.signal(signal.SIGINT, usual)


def _tune(options: argparse.Namespace, chosen: Settings) -> int:
    if not (options.tune and options.wrong):
        print("--tune RULE and --wrong POST... need each other", file=sys.stderr)
        return 2
    return tune(options, chosen, _book(chosen, [options.rules] if options.rules else chosen.rules))


def _book(chosen: Settings, rules: Sequence[Path]) -> Rulebook:
    return load(rules, chosen.sources, place_paths=chosen.places)


def _sent(db: Database, since: datetime, until: datetime | None) -> Rings:
    """What rang in truth, as far as the rerun came."""
    found: dict[Ring, Alert] = {}
    after = first_since(db, since)
    while page := alerts_after(db, after, PAGE):
        for alert in page:
            told = alert.rings and not alert.about_itself
            at = alert.incident.updated_at
            if told and at >= since and (until is None or at <= until):
                found.setdefault(ring(alert), alert)
        after = page[-1].sequence
    return found


def _show(found: Comparison, sources: Mapping[str, SourceInfo], samples: int) -> None:
    """Totals, days, rules, and some of the alerts."""
    if not found.posts:
        print("no posts are stored from that time: nothing to compare")
        return
    if found.until is not None:
        print(f"stopped: only what was seen until {found.until:%Y-%m-%d %H:%M} UTC is compared")
    print(f"{found.posts:,} posts; {_line(found.total)}")
    _table("day", found.days)
    _table("rule", {rule: one for rule, one in found.rules.items() if one.new or one.lost})
    show = show_on(sys.stdout, sources)
    for name, alerts in (("new", found.new), ("lost", found.lost)):
        for alert in alerts[: max(0, samples)]:
            print(f"\n{name}: rule {alert.incident.rule}")
            sys.stdout.flush()
            show(alert)
        if len(alerts) > samples:
            print(f"\n... and {len(alerts) - samples:,} more {name}; --samples N shows more")


def _line(one: Difference) -> str:
    """`would ring 14 times (was 3): 12 new, 1 lost`."""
    return f"would ring {one.changed} times (was {one.running}): {one.new} new, {one.lost} lost"


def _table(head: str, rows: Mapping[str, Difference]) -> None:
    if not rows:
        return
    width = max(len(head), *map(len, rows))
    print(f"\n{head:<{width}}     was   would     new    lost")
    for name, one in rows.items():
        print(f"{name:<{width}} {one.running:7} {one.changed:7} {one.new:+7} {-one.lost:7}")
