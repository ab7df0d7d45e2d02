"""What a batch has changed so far, in memory: nothing of it is true before the commit."""

from collections.abc import Sequence
from datetime import UTC, datetime

from monitor.alert import Alert
from monitor.correlation.changes import Book
from monitor.correlation.decide import Decision, Event, advance, decide, tick
from monitor.correlation.windows import Memory, Past, remember
from monitor.incident import Incident, Support
from monitor.post import PostName
from monitor.store.commit import Judged
from monitor.store.database import Database
from monitor.store.incidents import facts, open_incidents, recent_supports

FLOORS: dict[bool, str] = {False: "repeats/real", True: "repeats/exercise"}
"""Under which fact it is written how far back posts are known for their copies, by realm."""


def remembered(db: Database) -> Memory:
    """The memory after a restart: exactly what it was after the last commit.

    Raises:
        StateError: the store cannot be read.
    """
    known = facts(db)
    floors = {realm: int(known.get(name, 0)) for realm, name in FLOORS.items()}
    since = datetime.fromtimestamp(min(floors.values()) * 3600, UTC)
    past = (Past(topic, support) for topic, support in recent_supports(db, since))
    return remember(*open_incidents(db), past, floors)


class Batch:
    """The decisions of one batch, on top of the memory it began with."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self._before = memory
        self.judged: list[Judged] = []
        self.incidents: dict[str, Incident] = {}
        self._by_post: dict[tuple[str, str, bool], dict[str, Support]] = {}
        self.alerts: list[Alert] = []

    @property
    def supports(self) -> tuple[Support, ...]:
        """Every support in its newest form."""
        return tuple(one for backed in self._by_post.values() for one in backed.values())

    @property
    def facts(self) -> dict[str, str]:
        """The floors that have risen."""
        floors = {
            realm: (self._before.of(exercise=realm).repeats, self.memory.of(exercise=realm).repeats)
            for realm in FLOORS
        }
        return {
            FLOORS[realm]: str(after.floor)
            for realm, (before, after) in floors.items()
            if after.floor > before.floor
        }

    def tick(self, now: datetime, *, exercise: bool) -> None:
        """Let time pass in one realm: windows close."""
        state, closed, alerts = tick(self.memory.of(exercise=exercise), now)
        self.memory = self.memory.replace(advance(state, now), exercise=exercise)
        self.incidents.update((incident.id, incident) for incident in closed)
        self.alerts.extend(alerts)

    def decide(self, event: Event, book: Book) -> Decision:
        """Take one decision in."""
        exercise = event.name.exercise
        state, decision = decide(self.memory.of(exercise=exercise), event, book)
        self.memory = self.memory.replace(state, exercise=exercise)
        self.incidents.update((incident.id, incident) for incident in decision.incidents)
        for one in decision.supports:
            post = (one.source, one.id, one.exercise)
            self._by_post.setdefault(post, {})[one.incident] = one
        self.alerts.extend(decision.alerts)
        return decision

    def newest(
        self, post: PostName, stored: Sequence[tuple[Support, Incident]]
    ) -> tuple[tuple[Support, Incident], ...]:
        """What a post supports in closed incidents: as stored, and as this batch has left them."""
        still_open = self.memory.of(exercise=post.exercise).incidents
        backed = {incident.id: (support, incident) for support, incident in stored}
        for support in self._by_post.get((post.source, post.id, post.exercise), {}).values():
            # whatever changed a support in this batch has put its incident there too
            backed[support.incident] = (support, self.incidents[support.incident])
        return tuple(
            (support, self.incidents.get(incident.id, incident))
            for support, incident in (backed[name] for name in sorted(backed))
            if incident.id not in still_open
        )
