"""`monitor sources accept @name`: read whoever has a channel's name now, after it changed hands."""

import sys
from datetime import UTC, datetime

from monitor import habit
from monitor.control import ask
from monitor.settings import Settings
from monitor.store.commit import Work, commit
from monitor.store.database import Database
from monitor.store.incidents import cursors

OF_SOURCE = ("telegram/{}", "preview/{}")


def accept(chosen: Settings, source: str) -> int:
    """Forget which channel had the name; exit code 0 if there was something to forget.

    What it wrote stays stored as the former channel's; the new owner is met as a new channel is.
    """
    if not chosen.state.is_dir():
        print(f"nothing was ever read of {source}: there is nothing to accept", file=sys.stderr)
        return 1
    if ask(chosen.state, "status") is not None:
        hint = "stop it, accept, and start it again"
        print(f"monitor is running and would go on with what it knows - {hint}", file=sys.stderr)
        return 1
    db = Database.open(chosen.state)
    try:
        names = [form.format(source) for form in OF_SOURCE] + [habit.cursor(source)]
        stored = cursors(db)
        found = [one for one in stored if one in names or _addresses(one, source)]
        known = [one for one in found if stored[one]]
        db.write(lambda connection: db.channels.release(connection, (source, False)))
        commit(db, Work(cursors=dict.fromkeys(known, "")), datetime.now(UTC))
    finally:
        db.close()
    if not known:
        print(f"nothing was ever read of {source}: there is nothing to accept", file=sys.stderr)
        return 1
    print(f"{source}: whoever has the name now is read from the next start on, as a new channel")
    print(
        "Look at its entry in the sources file: role, affiliation and family were the old owner's."
    )
    return 0


def _addresses(cursor: str, source: str) -> bool:
    """Whether a cursor holds how an account addresses the channel."""
    kind, _, name = cursor.partition("/")
    return kind.startswith("telegram-peer-") and name == source
