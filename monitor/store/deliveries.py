"""What became of each alert at each sink: the delivery log."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from monitor.store.database import Database
from monitor.store.moments import from_ms, to_ms
from monitor.store.seal import check, seal

DeliveryState = Literal["delivered", "uncertain", "refused", "dead", "muted"]


class Delivery(msgspec.Struct, frozen=True):
    """What became of one alert at one sink.

    delivered: the receiver took it; uncertain: the answer was lost; refused: it never will be
    taken; dead: given up after `attempts`; muted: not sent on purpose. `reference` is the
    receiver's own id of it (a chat message id), `detail` says why, for people.
    """

    sequence: int
    alert: str
    incident: str
    state: DeliveryState
    attempts: int
    at: datetime
    reference: str | None = None
    detail: str = ""


PUT_DELIVERY = "INSERT OR REPLACE INTO deliveries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def delivery_rows(sink: str, deliveries: Sequence[Delivery]) -> list[tuple[object, ...]]:
    """What PUT_DELIVERY writes, a row each."""
    rows: list[tuple[object, ...]] = []
    for one in deliveries:
        fields = (
            sink, one.sequence, one.alert, one.incident, one.state, one.attempts, to_ms(one.at),
            one.reference, one.detail,
        )  # fmt: skip
        rows.append((*fields, seal(*fields)))
    return rows


def redeliver(db: Database, sink: str, deliveries: Sequence[Delivery]) -> None:
    """Store what became of alerts that were sent again; the sink's position stays.

    Raises:
        DiskFullError: not even the ballast was room enough; nothing was stored.
    """
    rows = delivery_rows(sink, deliveries)

    def body(connection: object) -> None:
        del connection
        db.connection.executemany(PUT_DELIVERY, rows)

    db.write(body, name="redeliver", emergency=True)


_DELIVERY = "sink, sequence, alert, incident, state, attempts, at, reference, detail, seal"


def _deliveries(
    db: Database, where: str, values: Sequence[object]
) -> tuple[tuple[str, Delivery], ...]:
    found: list[tuple[str, Delivery]] = []
    for row in db.rows(f"SELECT {_DELIVERY} FROM deliveries WHERE {where}", values):
        check(row[-1], f"the delivery of alert {row[1]} by {row[0]}", *row[:-1])
        sink, sequence, alert_id, incident, state, attempts, at, reference, detail, _ = row
        found.append((
            sink,
            Delivery(
                sequence, alert_id, incident, state, attempts, from_ms(at), reference, detail
            ),
        ))  # fmt: skip
    return tuple(found)


def last_delivery(db: Database, sink: str, incident: str) -> Delivery | None:
    """The newest delivery of an incident by a sink that has a reference."""
    found = _deliveries(
        db,
        "sink = ? AND incident = ? AND reference IS NOT NULL ORDER BY sequence DESC LIMIT 1",
        (sink, incident),
    )
    return found[0][1] if found else None


def incident_by_reference(db: Database, sink: str, reference: str) -> str | None:
    """The incident of a sink's delivery with this reference; None if none has it."""
    found = _deliveries(
        db, "sink = ? AND reference = ? ORDER BY sequence DESC LIMIT 1", (sink, reference)
    )
    return found[0][1].incident if found else None


def incident_of_message(db: Database, sink: str, chat: str, number: int) -> str | None:
    """The incident whose first or last message in a chat has this number; None if none has."""
    found = _deliveries(
        db,
        "sink = ? AND (reference GLOB ? OR reference GLOB ?) ORDER BY sequence DESC LIMIT 1",
        (sink, f"{chat}/{number}/*", f"{chat}/*/{number}/*"),
    )
    return found[0][1].incident if found else None


def deliveries_of(db: Database, alert_id: str) -> tuple[tuple[str, Delivery], ...]:
    """What every sink did with an alert: (sink, delivery), by sink."""
    return _deliveries(db, "alert = ? ORDER BY sink", (alert_id,))


def deliveries(
    db: Database,
    *,
    sink: str | None = None,
    alert_id: str | None = None,
    states: Collection[str] = (),
    limit: int = 1000,
) -> tuple[tuple[str, Delivery], ...]:
    """What became of alerts, newest first: (sink, delivery); what is not given is not asked."""
    asked: list[tuple[str, object]] = []
    if sink is not None:
        asked.append(("sink = ?", sink))
    if alert_id is not None:
        asked.append(("alert = ?", alert_id))
    conditions = [condition for condition, _ in asked]
    values = [value for _, value in asked]
    if states:
        conditions.append(f"state IN ({', '.join('?' * len(states))})")
        values += sorted(states)
    where = " AND ".join(conditions) or "TRUE"
    order = "ORDER BY at DESC, sequence DESC, sink LIMIT ?"
    return _deliveries(db, f"{where} {order}", [*values, limit])


def held_back(db: Database, sink: str, after: int, limit: int = 2000) -> tuple[Delivery, ...]:
    """What a sink did not send because its route was paused, behind a sequence, in order."""
    found = _deliveries(
        db,
        "sink = ? AND sequence > ? AND state = 'muted' AND detail LIKE 'route %'"
        " ORDER BY sequence LIMIT ?",
        (sink, after, limit),
    )
    return tuple(one for _, one in found)


def last_handled(db: Database, sink: str, incident: str) -> datetime | None:
    """When a sink last dealt with an alert of an incident, sent or not; None if never."""
    found = _deliveries(
        db, "sink = ? AND incident = ? ORDER BY sequence DESC LIMIT 1", (sink, incident)
    )
    return found[0][1].at if found else None


def told_since(db: Database, sink: str, incident: str, sequence: int) -> bool:
    """Whether a sink has sent something of an incident behind a sequence."""
    return bool(
        db.rows(
            "SELECT 1 FROM deliveries WHERE sink = ? AND incident = ? AND sequence > ?"
            " AND state IN ('delivered', 'uncertain') LIMIT 1",
            (sink, incident, sequence),
        )
    )


def dead_letters(db: Database, limit: int = 1000) -> tuple[tuple[str, Delivery], ...]:
    """What was given up or refused, newest first: (sink, delivery)."""
    return _deliveries(
        db, "state IN ('dead', 'refused') ORDER BY sequence DESC, sink LIMIT ?", (limit,)
    )
