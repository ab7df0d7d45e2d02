"""`monitor status`: is it running, how are the sources, what became of the posts."""

import argparse
import json
from collections.abc import Mapping

from monitor.cli.config import add_config, looked_at
from monitor.control import Answer, ask
from monitor.store.archive import outcomes
from monitor.store.database import Database
from monitor.store.incidents import open_incidents
from monitor.store.outbox import newest, positions


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(options: argparse.Namespace) -> int:
    """Print it; exit code 0 if the daemon runs, 1 if not."""
    chosen = looked_at(options.config)
    stored = _stored(chosen.state)
    answer = ask(chosen.state, "status") if chosen.state.is_dir() else None
    running = answer if answer and "error" not in answer else None
    if options.json:
        print(json.dumps({"running": running is not None, "daemon": running, "store": stored}))
    else:
        print("\n".join([*_daemon_lines(running), *_store_lines(stored)]))
    return 0 if running else 1


def _stored(state: object) -> Answer:
    db = Database.open(state, readonly=True)  # type: ignore[arg-type]
    try:
        incidents, _ = open_incidents(db)
        return {
            "outcomes": outcomes(db),
            "open_incidents": len(incidents),
            "newest_alert": newest(db),
            "sinks": positions(db),
        }
    finally:
        db.close()


def _daemon_lines(running: Answer | None) -> list[str]:
    if running is None:
        return ["not running (start it with: monitor run)"]
    lines = [
        f"running since {running['started']} (pid {running['pid']})",
        f"{running['rules']} rules, {running['posts']} posts taken in",
        *_rules_lines(running),
        *_settings_lines(running),
        "",
    ]
    parts = running["parts"]
    if isinstance(parts, Mapping):
        lines += [f"  part {name}: {state}" for name, state in parts.items() if state != "running"]
    accounts, troubles = running.get("accounts"), running.get("troubles")
    for one in accounts if isinstance(accounts, list) else ():
        lines.append(f"  account {one['account']}: {one['state']}, {one['channels']} channels")
        lines[-1] += f"  {one['hint']}" if one["hint"] else ""
    for one in troubles if isinstance(troubles, list) else ():
        lines.append(f"  trouble since {one['since']}: {one['title']}")
    sources = running["sources"]
    if isinstance(sources, list):
        width = max((len(one["source"]) for one in sources), default=0)
        lines += [_source_line(one, width) for one in sources]
    return lines


def _rules_lines(running: Answer) -> list[str]:
    """Since when the rules are in force, and why a change of them is not."""
    lines = [f"rules in force since {running['rules_since']}, reloaded {running['reloads']} times"]
    mistakes = running["mistakes"]
    if running["refused_since"] and isinstance(mistakes, list):
        lines.append(f"a change of the rules is refused since {running['refused_since']}:")
        lines += [f"  {mistake}" for mistake in mistakes]
    return lines


def _settings_lines(running: Answer) -> list[str]:
    """What of a changed configuration is not in force, and why."""
    found = running.get("settings")
    if not isinstance(found, Mapping):
        return []
    lines = []
    if found["restart_needed"]:
        lines.append(f"restart needed for changes of: {', '.join(found['restart_needed'])}")
    if found["mistakes"]:
        lines.append("a change of the configuration is refused:")
        lines += [f"  {mistake}" for mistake in found["mistakes"]]
    return lines


def _source_line(one: Mapping[str, object], width: int) -> str:
    line = f"  {one['source']:<{width}}  {one['state']:<13} {one['via']:<9}"
    line += f" {one['posts']} posts, last read {one['last_read'] or 'never'}"
    return f"{line}  {one['hint']}" if one["hint"] else line


def _store_lines(stored: Answer) -> list[str]:
    ends = stored["outcomes"]
    told = ", ".join(f"{count} {end}" for end, count in ends.items()) if isinstance(
        ends, Mapping
    ) else ""  # fmt: skip
    lines = [
        "",
        f"posts: {told}",
        f"incidents open: {stored['open_incidents']}; newest alert: {stored['newest_alert']}",
    ]
    sinks = stored["sinks"]
    if isinstance(sinks, Mapping):
        lines += [f"  {sink}: sent up to {at}" for sink, at in sinks.items()]
    return lines
