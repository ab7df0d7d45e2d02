"""What a batch has changed so far, in memory: nothing of it is true before the commit."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from monitor.alert import Alert
from monitor.correlation.decide import Decision, Event, advance, decide, tick
from monitor.correlation.windows import Memory
from monitor.incident import Incident, Support
from monitor.source import SourceInfo
from monitor.store.commit import Judged


class Batch:
    """The decisions of one batch, on top of the memory it began with."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.judged: list[Judged] = []
        self.incidents: dict[str, Incident] = {}
        self.supports: dict[tuple[str, str, str, bool], Support] = {}
        self.alerts: list[Alert] = []

    def tick(self, now: datetime, *, exercise: bool) -> None:
        """Let time pass in one realm: windows close."""
        state, closed, alerts = tick(self.memory.of(exercise=exercise), now)
        self.memory = self.memory.replace(advance(state, now), exercise=exercise)
        self.incidents.update((incident.id, incident) for incident in closed)
        self.alerts.extend(alerts)

    def decide(self, event: Event, sources: Mapping[str, SourceInfo]) -> Decision:
        """Take one decision in."""
        exercise = event.name.exercise
        state, decision = decide(self.memory.of(exercise=exercise), event, sources)
        self.memory = self.memory.replace(state, exercise=exercise)
        self.incidents.update((incident.id, incident) for incident in decision.incidents)
        for one in decision.supports:
            self.supports[(one.incident, one.source, one.id, one.exercise)] = one
        self.alerts.extend(decision.alerts)
        return decision

    def newest(
        self, stored: Sequence[tuple[Support, Incident]], *, exercise: bool
    ) -> tuple[tuple[Support, Incident], ...]:
        """What a post supports in closed incidents, as this batch has left them."""
        still_open = self.memory.of(exercise=exercise).incidents
        return tuple(
            (
                self.supports.get((one.incident, one.source, one.id, one.exercise), one),
                self.incidents.get(incident.id, incident),
            )
            for one, incident in stored
            if incident.id not in still_open
        )
