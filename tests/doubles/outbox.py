"""An outbox in memory with the store's interface, and alerts to put into it."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from monitor.alert import Alert, AlertIncident, AlertKind, AlertPlace, AlertPost
from monitor.rule import Level
from monitor.store.attempts import Attempt
from monitor.store.deliveries import Delivery
from tests.patience import PATIENCE


class MemoryOutbox:
    """Keeps alerts and what sinks record of them."""

    def __init__(self) -> None:
        self.alerts: list[Alert] = []
        self.positions: dict[str, tuple[int, dict[str, object]]] = {}
        self.deliveries: dict[tuple[str, int], Delivery] = {}
        self.attempts: dict[str, list[Attempt]] = {}
        self.records = 0
        self._grown = asyncio.Condition()

    async def add(self, *alerts: Alert) -> list[Alert]:
        """Store alerts as a commit does: with a sequence and the time."""
        stored = []
        for alert in alerts:
            sequence = len(self.alerts) + 1
            moment = alert.sent_at or datetime.now(UTC)
            stored.append(msgspec.structs.replace(alert, sequence=sequence, sent_at=moment))
            self.alerts.append(stored[-1])
        async with self._grown:
            self._grown.notify_all()
        return stored

    async def after(self, sequence: int, limit: int) -> Sequence[Alert]:
        """As the store's."""
        return self.alerts[sequence : sequence + limit]

    async def newest(self) -> int:
        """As the store's."""
        return len(self.alerts)

    async def first_since(self, moment: datetime) -> int:
        """As the store's."""
        for alert in self.alerts:
            if alert.sent_at is not None and alert.sent_at >= moment:
                return alert.sequence - 1
        return len(self.alerts)

    async def wait_beyond(self, sequence: int) -> None:
        """As the store's."""
        async with self._grown:
            await self._grown.wait_for(lambda: len(self.alerts) > sequence)

    async def position(self, sink: str) -> tuple[int, dict[str, object]] | None:
        """As the store's."""
        return self.positions.get(sink)

    async def record(
        self,
        sink: str,
        sequence: int,
        deliveries: Sequence[Delivery],
        state: Mapping[str, object] | None = None,
    ) -> None:
        """As the store's, after a moment, as a real commit."""
        await asyncio.sleep(0.001)
        self.records += 1
        notes = dict(state) if state is not None else self.positions.get(sink, (0, {}))[1]
        assert sequence >= self.positions.get(sink, (0, {}))[0], "a position never goes back"
        self.positions[sink] = (sequence, notes)
        for one in deliveries:
            self.deliveries[sink, one.sequence] = one

    async def last_delivery(self, sink: str, incident: str) -> Delivery | None:
        """As the store's."""
        found = [
            one
            for (name, _), one in self.deliveries.items()
            if name == sink and one.incident == incident and one.reference is not None
        ]
        return max(found, key=lambda one: one.sequence, default=None)

    async def attempted(self, sink: str, attempts: Sequence[Attempt]) -> None:
        """As the store's."""
        self.attempts.setdefault(sink, []).extend(attempts)

    async def latest_of(self, incident: str) -> Alert | None:
        """As the store's."""
        return next((one for one in self.alerts[::-1] if one.incident.id == incident), None)

    async def wait_recorded(self, sink: str, sequence: int, seconds: float = PATIENCE) -> None:
        """Return when the sink's position has come to `sequence`."""
        async with asyncio.timeout(seconds):
            while self.positions.get(sink, (0, {}))[0] < sequence:  # noqa: ASYNC110 - a double polls
                await asyncio.sleep(0.01)

    def states(self, sink: str) -> dict[int, str]:
        """Sequence -> state of what a sink recorded."""
        return {
            number: one.state for (name, number), one in self.deliveries.items() if name == sink
        }


RNG = random.Random(1)
MOMENT = datetime(2026, 11, 20, 9, 14, tzinfo=UTC)
KOZINKA = AlertPlace(
    id="kozinka", name="Козинка", country="RU", admin1="RU-BEL",
    lat=50.42, lon=35.54, precision_km=2.0,
)  # fmt: skip


def make_post(text: str = "ДРГ зашла в Козинку", source: str = "telegram:vvgladkov") -> AlertPost:
    """A post of the governor with its first word found."""
    return AlertPost(
        source=source, id="4711", url="https://t.me/vvgladkov/4711", published_at=MOMENT,
        text=text, spans=((0, 3),) if len(text) > 2 else (), role="official",
        affiliation="ru-state", family="governor", late=False, echo_of=None,
    )  # fmt: skip


def make_alert(
    number: int,
    incident: int = 1,
    *,
    kind: AlertKind = "opened",
    level: Level = "critical",
    **changes: object,
) -> Alert:
    """The n-th alert of an incident, ready to be stored."""
    what = AlertIncident(
        id=f"incident-{incident}", title="Armed incursion across the border",
        rule="border-incursion", event="battles/armed-clash", level=level, status="unconfirmed",
        opened_at=MOMENT, updated_at=MOMENT, place=KOZINKA, families=1,
        affiliations=("ru-state",), posts=1,
    )  # fmt: skip
    alert = Alert(
        id=f"alert-{incident}-{number}", kind=kind, reason="first post", exercise=False,
        incident=what, posts=(make_post(),),
    )  # fmt: skip
    return msgspec.structs.replace(alert, **changes)
