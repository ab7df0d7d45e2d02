"""`monitor route ALERT`: which receivers get an alert, by which routes, and why the others do not.

Judged as of now, or of `--at`, by the configuration as it stands in the file, with the incidents
that go on and the silences that hold.
"""

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from monitor.alert import Alert
from monitor.cli.config import add_config, looked_at
from monitor.cli.screen import safe
from monitor.escalating import receivers_of, remembered
from monitor.form import duration_text
from monitor.parts import build_dispatch
from monitor.sinks.routing import Way
from monitor.store.database import Database
from monitor.store.outbox import alert, alerts_after, newest, standing
from monitor.store.silences import at_work

EXAMPLES = 5


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--at", type=_moment, metavar="TIME", help="as of then, with an offset")
    parser.add_argument("alert", metavar="ALERT", help="an alert's id, as `monitor tail` shows it")


def _moment(text: str) -> datetime:
    with contextlib.suppress(ValueError):
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment
    raise argparse.ArgumentTypeError("write it like 2026-11-22T03:00:00+00:00")


def run(options: argparse.Namespace) -> int:
    """Print it; exit code 1 if there is no such alert."""
    chosen = looked_at(options.config)
    db = Database.open(chosen.state, readonly=True)
    try:
        one = alert(db, options.alert)
        if one is None:
            print(_unknown(db, options.alert), file=sys.stderr)
            return 1
        dispatch = build_dispatch(chosen, standing(db), newest(db))
        dispatch.silences = at_work(db)
        dispatch.escalated = receivers_of(remembered(db, datetime.now(UTC)))
    finally:
        db.close()
    now = options.at or datetime.now(UTC)
    reasons = {
        receiver.name: dispatch.why_not(receiver.name, one, now) for receiver in chosen.receivers
    }
    taken = dispatch.ways(one, now)
    quiet = {name: dispatch.why_quiet(name, one, now) for name in reasons}
    if options.json:
        shown = [_shown(way) for way in taken]
        gets = {
            name: {"gets": why is None, "why_not": why, "silent": quiet[name]}
            for name, why in reasons.items()
        }
        print(json.dumps({"alert": one.id, "routes": shown, "receivers": gets}))
        return 0
    print(_head(one))
    for way in taken:
        print(f"  route {way} -> {', '.join(way.receivers) or 'the bus alone'}")
        for line in _together(way):
            print(f"    {safe(line)}")
        for step in way.escalate:
            after = f"after {duration_text(step.after)} without an acknowledgement"
            print(f"    {after} -> {', '.join(step.receiver)}")
    for name, why in reasons.items():
        told = f"gets it without a sound - {safe(quiet[name] or '')}" if quiet[name] else "gets it"
        print(f"  {name}: {told if why is None else f'not told - {safe(why)}'}")
    print("  the bus: always")
    return 0


def _shown(way: Way) -> dict[str, object]:
    """A way for programs."""
    return {
        "path": way.path, "receivers": way.receivers, "paused": way.paused,
        "group": way.gather.group if way.gather else None,
        "group_wait": _length(way.gather and way.gather.wait),
        "group_interval": _length(way.gather and way.gather.interval),
        "repeat_interval": _length(way.repeat),
        "escalate": [
            {"after": duration_text(step.after), "receivers": step.receiver}
            for step in way.escalate
        ],
    }  # fmt: skip


def _length(length: timedelta | None) -> str | None:
    return duration_text(length) if length else None


def _together(way: Way) -> Iterator[str]:
    """What is told together on a way, and what is told again."""
    if way.gather is not None:
        yield f"group {way.gather.group}"
        if wait := _length(way.gather.wait):
            yield f"its first alerts wait {wait} for one digest; critical ones do not"
        if interval := _length(way.gather.interval):
            yield f"later ones at most every {interval}, the others as one digest"
    if repeat := _length(way.repeat):
        yield f"called to mind every {repeat} while it is open and nobody acknowledges it"


def _unknown(db: Database, asked: str) -> str:
    last = alerts_after(db, max(0, newest(db) - EXAMPLES), EXAMPLES)
    hint = f"the last are {', '.join(one.id for one in last)}" if last else "there is none yet"
    return f"no alert {safe(asked)} - {hint}"


def _head(one: Alert) -> str:
    mark = " EXERCISE" if one.exercise else ""
    what = one.incident
    return f"alert {one.id}{mark}  {what.level}, {one.kind}: {safe(what.title)} (rule {what.rule})"
