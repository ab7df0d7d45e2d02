"""Where the logs end: what the next post, alert and rulebook are numbered after."""

import sqlite3

from monitor.store.chain import LINK_COLUMNS, check_link
from monitor.store.seal import check
from monitor.store.trouble import DamagedError

NEWEST_ALERT = "outbox/newest"
"""The fact that holds the sequence of the last alert ever stored: no sequence is given twice, even
when the alerts themselves have expired."""


class Head:
    """Last post's seq and chain, last alert's sequence, known rulebooks (hash -> number).

    Raises:
        DamagedError: an end is not what was written.
    """

    seq: int = 0
    chain: bytes = b""

    def __init__(self, connection: sqlite3.Connection) -> None:
        last = connection.execute(
            f"SELECT {LINK_COLUMNS}, chain FROM posts ORDER BY seq DESC LIMIT 2"
        ).fetchall()
        if last:
            *row, self.chain = last[0]
            self.seq = row[0]
            before = last[1][-1] if len(last) > 1 else b"" if self.seq == 1 else None
            check_link(before, row, self.chain)
        self.sequence = newest_alert(connection)
        rulebooks = connection.execute("SELECT hash, rulebook FROM rulebooks")
        self.rulebooks: dict[str, int] = dict(rulebooks.fetchall())


def newest_alert(connection: sqlite3.Connection) -> int:
    """The sequence of the last alert ever stored; 0 before the first.

    Raises:
        DamagedError: the fact is not what was written, or an alert stands behind it.
    """
    # Asked first: a commit between the two questions may only make the fact the newer one.
    (stored,) = connection.execute("SELECT max(sequence) FROM alerts").fetchone()
    sql = "SELECT value, seal FROM facts WHERE name = ?"
    row = connection.execute(sql, [NEWEST_ALERT]).fetchone()
    newest = 0
    if row is not None:
        check(row[1], f"facts: {NEWEST_ALERT}", NEWEST_ALERT, row[0])
        newest = int(row[0])
    if stored is not None and stored > newest:
        raise DamagedError(f"alert {stored} stands behind the last one given, {newest}")
    return newest
