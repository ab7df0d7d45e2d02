"""A process that collects into a real store: `python -m tests.doubles.telegram.collector OPTIONS`.

OPTIONS is a JSON object: state, session, key, port, sources, reconcile (whether to). It is made to
be killed at any moment: what its database holds afterwards is what the promises are about.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from monitor.clock import SystemClock
from monitor.secret import Secret
from monitor.source import Arrival, SourceInfo
from monitor.sources.telegram.account import TelegramAccount
from monitor.sources.telegram.session import AccountSettings, Server
from monitor.store.commit import Judged, Work, commit
from monitor.store.database import Database
from monitor.store.incidents import cursors
from monitor.store.posts import admit
from tests.doubles.intake import Board
from tests.doubles.telegram.bench import QUICK
from tests.doubles.telegram.client import API_HASH, API_ID


class Direct:
    """An Intake that commits each arrival at once, judged as matching nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cursors = cursors(database)

    async def deliver(self, arrival: Arrival) -> None:
        """Commit, or raise."""
        now = SystemClock().now()
        judged = [
            Judged(one, "unmatched", "no rules")
            for one in admit(self._database, arrival.posts, now)
        ]
        commit(self._database, Work(judged=judged, cursors=arrival.cursors, rulebook="none"), now)
        self._cursors.update(arrival.cursors)

    def cursor(self, name: str) -> str | None:
        """The last committed value of a cursor."""
        return self._cursors.get(name)


def main(options: dict[str, Any]) -> None:
    """Collect until killed."""
    database = Database.open(Path(options["state"]), ballast=0)
    settings = AccountSettings(
        name="one",
        session=Path(options["session"]),
        api_id=API_ID,
        api_hash=Secret("env:API_HASH", API_HASH),
        server=Server("127.0.0.1", options["port"], Path(options["key"])),
    )
    infos = [SourceInfo(id=f"telegram:{name}", via=("account",)) for name in options["sources"]]
    pace = msgspec.structs.replace(QUICK, reconcile=options["reconcile"])
    source = TelegramAccount(settings, infos, SystemClock(), Board(), pace)
    asyncio.run(source.run(Direct(database)))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
