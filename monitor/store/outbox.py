"""The outbox: alerts in order, how far each sink has come, what became of each delivery."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import islice
from typing import Concatenate, ParamSpec, TypeVar

import msgspec

from monitor.action import Action
from monitor.alert import Alert, from_json
from monitor.store.actions import act
from monitor.store.attempts import Attempt, note_attempts
from monitor.store.database import Database
from monitor.store.deliveries import (
    PUT_DELIVERY,
    Delivery,
    deliveries_of,
    delivery_rows,
    last_delivery,
    redeliver,
)
from monitor.store.head import newest_alert
from monitor.store.moments import to_ms
from monitor.store.seal import check, seal
from monitor.store.writer import Writer

P = ParamSpec("P")
T = TypeVar("T")

FRESH = 200
"""So many of the newest alerts are kept at hand for the sinks."""

# --- plain functions on a database: used by the facade below and by commands that only read


def alerts_after(db: Database, sequence: int, limit: int) -> tuple[Alert, ...]:
    """At most `limit` alerts behind `sequence`, in order.

    Raises:
        DamagedError: a row is not what was written.
    """
    return _alerts(db, "sequence > ? ORDER BY sequence LIMIT ?", (sequence, limit))


def alerts_of(db: Database, incident: str) -> tuple[Alert, ...]:
    """The alerts of an incident that have not expired, in order."""
    return _alerts(db, "incident = ? ORDER BY sequence", (incident,))


def newest_of(db: Database, beginning: str) -> Alert | None:
    """The newest alert of the incidents whose ids begin so and end in letters or digits."""
    among = (beginning, beginning + "~")
    found = _alerts(db, "incident > ? AND incident < ? ORDER BY sequence DESC LIMIT 1", among)
    return found[0] if found else None


def alert(db: Database, id_: str) -> Alert | None:
    """One alert by its id; None if it is unknown or has expired."""
    found = _alerts(db, "id = ?", (id_,))
    return found[0] if found else None


def latest_of(db: Database, incident: str) -> Alert | None:
    """The newest alert of an incident that has not expired; None if there is none."""
    found = _alerts(db, "incident = ? ORDER BY sequence DESC LIMIT 1", (incident,))
    return found[0] if found else None


def standing(db: Database) -> tuple[Alert, ...]:
    """The newest alert of every open incident, in order."""
    newest_of_open = (
        "SELECT max(a.sequence) FROM incidents i JOIN alerts a ON a.incident = i.id "
        "WHERE i.open GROUP BY i.id"
    )
    return _alerts(db, f"sequence IN ({newest_of_open}) ORDER BY sequence", ())


def _alerts(db: Database, where: str, values: Sequence[object]) -> tuple[Alert, ...]:
    found: list[Alert] = []
    for sequence, id_, incident, body, mark in db.rows(
        f"SELECT sequence, id, incident, body, seal FROM alerts WHERE {where}",
        values,
    ):
        check(mark, f"alert {sequence}", sequence, id_, incident, body)
        found.append(from_json(body))
    return tuple(found)


def newest(db: Database) -> int:
    """The sequence of the last alert ever stored, expired or not; 0 before the first."""
    return db.read(newest_alert)


def newest_about_the_world(db: Database) -> Alert | None:
    """The newest alert that is not about the monitor itself; None if there is none."""
    found = _alerts(db, "incident IN (SELECT id FROM incidents) ORDER BY sequence DESC LIMIT 1", ())
    return found[0] if found else None


def first_since(db: Database, moment: datetime) -> int:
    """The sequence before the first alert created at or after `moment`; `newest` if none was."""
    last = newest(db)  # asked first: an alert that is stored meanwhile must not be taken for known
    ((first,),) = db.rows("SELECT min(sequence) FROM alerts WHERE created_at >= ?", [to_ms(moment)])
    return last if first is None else int(first) - 1


def position(db: Database, sink: str) -> tuple[int, dict[str, object]] | None:
    """How far a sink has come without a hole, and its own state; None before its first record."""
    return _positions(db).get(sink)


def positions(db: Database) -> dict[str, int]:
    """How far every sink has come, by its name."""
    return {sink: sequence for sink, (sequence, _) in _positions(db).items()}


def _positions(db: Database) -> dict[str, tuple[int, dict[str, object]]]:
    """All are read and checked even for one: a damaged name must not look like a new sink."""
    found: dict[str, tuple[int, dict[str, object]]] = {}
    for sink, sequence, state, mark in db.rows("SELECT * FROM sinks ORDER BY sink"):
        check(mark, f"the position of sink {sink}", sink, sequence, state)
        found[sink] = sequence, msgspec.json.decode(state, type=dict[str, object])
    return found


def record(
    db: Database,
    sink: str,
    sequence: int,
    deliveries: Sequence[Delivery],
    state: Mapping[str, object] | None = None,
) -> None:
    """Store a sink's position and what became of some alerts, in one transaction.

    `state` None keeps the sink's state as it is. A delivery replaces the sink's earlier one of the
    same alert.

    Raises:
        DiskFullError: not even the ballast was room enough; nothing was stored, try again.
    """
    known = position(db, sink)
    kept = dict(state) if state is not None else known[1] if known else {}
    packed = msgspec.json.encode(kept)
    rows = delivery_rows(sink, deliveries)

    def body(connection: object) -> None:
        del connection
        db.connection.execute(
            "INSERT OR REPLACE INTO sinks VALUES (?, ?, ?, ?)",
            (sink, sequence, packed, seal(sink, sequence, packed)),
        )
        db.connection.executemany(PUT_DELIVERY, rows)

    db.write(body, name="record", emergency=True)


class Outbox:
    """The sinks' door to the store: reads on a connection of its own, writes through the writer.

    Whoever commits alerts calls `committed` (or `stored`, with the alerts) afterwards, in the event
    loop's thread.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store-reader")
        self._reader: Database | None = None
        self._newest = -1
        self._fresh: deque[Alert] = deque(maxlen=FRESH)
        self._news = asyncio.Event()
        self._closed = False

    async def after(self, sequence: int, limit: int) -> Sequence[Alert]:
        """At most `limit` alerts behind `sequence`, in order."""
        fresh = self._fresh
        if fresh and fresh[0].sequence - 1 <= sequence < fresh[-1].sequence:
            first = sequence + 1 - fresh[0].sequence
            return tuple(islice(fresh, first, first + limit))
        return await self._read(alerts_after, sequence, limit)

    async def newest(self) -> int:
        """The sequence of the last alert ever stored; 0 before the first."""
        return await self._read(newest)

    async def first_since(self, moment: datetime) -> int:
        """The sequence before the first alert created at or after `moment`."""
        return await self._read(first_since, moment)

    async def wait_beyond(self, sequence: int) -> None:
        """Return as soon as there is an alert behind `sequence`."""
        if self._newest < 0:
            stored = await self.newest()
            self._newest = max(self._newest, stored)
        while self._newest <= sequence:
            await self._news.wait()

    def stored(self, alerts: Sequence[Alert]) -> None:
        """These alerts are committed: sinks that wait are handed them without asking the disk."""
        if not alerts:
            return
        if self._fresh and self._fresh[-1].sequence + 1 != alerts[0].sequence:
            self._fresh.clear()  # others stored alerts in between: those are read
        self._fresh.extend(alerts)
        self.committed(alerts[-1].sequence)

    def committed(self, newest_sequence: int) -> None:
        """Alerts up to here are committed: wake the sinks that wait."""
        if newest_sequence > self._newest:
            self._newest = newest_sequence
            self._news.set()
            self._news = asyncio.Event()

    async def position(self, sink: str) -> tuple[int, dict[str, object]] | None:
        """How far a sink has come without a hole, and its own state."""
        return await self._read(position, sink)

    async def record(
        self,
        sink: str,
        sequence: int,
        deliveries: Sequence[Delivery],
        state: Mapping[str, object] | None = None,
    ) -> None:
        """Store a sink's position and what became of some alerts, durably, at once."""
        await self._writer.do(record, sink, sequence, deliveries, state)

    async def last_delivery(self, sink: str, incident: str) -> Delivery | None:
        """The newest delivery of an incident by a sink that has a reference."""
        return await self._read(last_delivery, sink, incident)

    async def attempted(self, sink: str, attempts: Sequence[Attempt]) -> None:
        """Write down tries that failed; the deliveries themselves are still to come."""
        await self._writer.do(note_attempts, sink, attempts)

    async def note(self, action: Action) -> None:
        """Write down what a person did with alerts."""
        await self._writer.do(act, action)

    async def latest_of(self, incident: str) -> Alert | None:
        """The newest alert of an incident that has not expired."""
        return await self._read(latest_of, incident)

    async def alert(self, id_: str) -> Alert | None:
        """One alert by its id; None if it is unknown or has expired."""
        return await self._read(alert, id_)

    async def deliveries_of(self, alert_id: str) -> tuple[tuple[str, Delivery], ...]:
        """What every sink did with an alert: (sink, delivery), by sink."""
        return await self._read(deliveries_of, alert_id)

    async def redeliver(self, sink: str, deliveries: Sequence[Delivery]) -> None:
        """Store what became of alerts that were sent again; the sink's position stays."""
        await self._writer.do(redeliver, sink, deliveries)

    async def ask(
        self, function: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """What a reading function says of the store, on the outbox's own connection."""
        return await self._read(function, *args, **kwargs)

    async def _read(
        self, function: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        if self._closed:
            raise RuntimeError("the outbox is closed")

        def work() -> T:
            if self._reader is None:
                self._reader = Database.open(self._writer.database.folder, readonly=True)
            return function(self._reader, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def aclose(self) -> None:
        """Close the reading connection; call it before the writer's aclose. Again is harmless."""
        if self._closed:
            return
        self._closed = True
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._close_reader)
        self._thread.shutdown(wait=False)

    def _close_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
