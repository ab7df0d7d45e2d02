"""`monitor sources`: how completely each source is read, and what the accounts may still ask."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from monitor import habit
from monitor.control import ask
from monitor.rulebook.load import load
from monitor.settings import Settings
from monitor.sources.telegram import budget
from monitor.sources.telegram.coverage import gaps, size
from monitor.sources.telegram.register import covered_in
from monitor.store.database import Database
from monitor.store.incidents import cursors

Row = dict[str, object]

HOUR = 3600
_DONE = {
    "contacts.resolveUsername": "names looked up",
    "channels.joinChannel": "channels joined",
    "messages.getHistory": "pages listed",
}
"""The budgets that are worth showing."""


class Known(NamedTuple):
    """What the running daemon says (nothing if none runs), and what is stored."""

    answer: Mapping[str, object]
    cursors: Mapping[str, str]


def known(chosen: Settings) -> Known:
    """Ask the daemon, and read the store."""
    if not chosen.state.is_dir():
        return Known({}, {})
    db = Database.open(chosen.state, readonly=True)
    try:
        stored = cursors(db)
    finally:
        db.close()
    return Known(ask(chosen.state, "status") or {}, stored)


def rows(chosen: Settings, now: Known) -> list[Row]:
    """Each source: how the running daemon reads it, and what the store has of it."""
    told = now.answer.get("sources")
    health = {one["source"]: one for one in told} if isinstance(told, list) else {}
    listed = load((), chosen.sources).sources
    return [_row(id_, now.cursors, health.get(id_, {})) for id_ in sorted(listed)]


def _row(source: str, stored: Mapping[str, str], health: Mapping[str, object]) -> Row:
    coverage = covered_in(stored.get(f"telegram/{source}"))
    missing = gaps(coverage) if coverage else ()
    usual = habit.decode(stored.get(habit.cursor(source)))
    last = datetime.fromtimestamp(usual.last, UTC).isoformat() if usual else None
    return {
        "source": source,
        "state": health.get("state", "not running"),
        "via": health.get("via", ""),
        "reach": health.get("reach", ""),
        "join": health.get("join", ""),
        "last_post": health.get("last_post") or last,
        "posts_per_hour": round(habit.rate(usual, datetime.now(UTC).timestamp()), 2)
        if usual
        else None,
        "push_delay": health.get("push_delay"),
        "watched_from": coverage.floor if coverage else None,
        "newest": coverage.head if coverage else None,
        "complete_to": (missing[0][0] - 1 if missing else coverage.head) if coverage else None,
        "complete_at": health.get("last_read"),
        "oldest_uncovered": missing[0][0] if missing else None,
        "uncovered": size(missing),
        "found_by_listing": health.get("found_by_listing", 0),
        "missed_by_push": health.get("missed_by_push", 0),
        "hint": health.get("hint", ""),
    }


def show(chosen: Settings, *, as_json: bool) -> int:
    """Print the list, and a line for each account; exit code 0."""
    now = known(chosen)
    found = rows(chosen, now)
    if as_json:
        for row in found:
            print(json.dumps(row, ensure_ascii=False))
        return 0
    width = max((len(str(row["source"])) for row in found), default=0)
    moment = datetime.now(UTC)
    for row in found:
        print(_shown(row, width, moment))
    for line in account_lines(chosen, now, moment):
        print(line)
    return 0


def _shown(row: Row, width: int, now: datetime) -> str:
    """One line: the source, its state, who reads it and how, and how far."""
    reach = ", " + str(row["reach"]).replace("_", "-") if row["reach"] else ""
    joining = f" (joining: {row['join']})" if row["join"] else ""
    way = f"{row['via'] or '-'}{reach}"
    head = f"{row['source']:<{width}}  {row['state']:<11}  {way:<21}"
    parts = [f"last post {_ago(row['last_post'], now)}{joining}"]
    if row["newest"] is not None:
        whole = row["oldest_uncovered"]
        at = f" {_ago(row['complete_at'], now)}" if row["complete_at"] else ""
        complete = (
            f"complete{at}" if whole is None else f"{row['uncovered']} uncovered from {whole}"
        )
        ids = f"ids {row['watched_from']}-{row['newest']}" if row["newest"] else "no posts yet,"
        parts.append(f"{ids} {complete}")
    if row["push_delay"] is not None:
        parts.append(f"pushed after {row['push_delay']} s")
    for key, says in (
        ("found_by_listing", "found by listing"),
        ("missed_by_push", "seen first by the preview"),
    ):
        if row[key]:
            parts.append(f"{row[key]} {says}")
    hint = f"\n    {row['hint']}" if row["hint"] else ""
    return f"{head}  {', '.join(parts)}{hint}"


def _ago(at: object, now: datetime) -> str:
    """A time as a person counts it back."""
    if not at:
        return "-"
    seconds = max(0.0, (now - datetime.fromisoformat(str(at))).total_seconds())
    for unit, length in (("d", 86_400), ("h", HOUR), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"


def account_lines(chosen: Settings, now: Known, moment: datetime) -> list[str]:
    """Each account: how it is, what of its budgets is used, and when it is able again."""
    told = now.answer.get("accounts")
    health = {one["account"]: one for one in told} if isinstance(told, list) else {}
    lines = []
    for account in chosen.telegram.accounts:
        its = health.get(account.name, {})
        state = f"{its.get('state', 'not running')}, {its.get('channels', 0)} channels"
        lines.append(f"account {account.name}: {state}" + _why(its))
        spent = budget.decode(now.cursors.get(f"telegram-budget/{account.name}"))
        lines += [f"  {line}" for line in _budget_lines(spent, moment)]
    return lines


def _why(its: Mapping[str, object]) -> str:
    hint = f"  {its['hint']}" if its.get("hint") else ""
    return hint + (f"; its channels are read: {its['moved']}" if its.get("moved") else "")


def _budget_lines(spent: budget.Budget, moment: datetime) -> list[str]:
    lines = []
    for one in budget.usage(spent, moment.timestamp()):
        able = datetime.fromtimestamp(moment.timestamp() + one.free_in, UTC)
        says = _DONE.get(one.method)
        if says and one.calls:
            hours = one.seconds / HOUR
            window = f"{hours:.0f} h" if hours >= 1 else f"{one.seconds:.0f} s"
            lines.append(f"{says}: {one.calls} of {one.of} in {window}")
        if one.free_in > 0:
            why = "Telegram forbids it" if one.flood else "its budget is used up"
            lines.append(f"{one.method} not before {able:%F %T} UTC: {why}")
    return lines
