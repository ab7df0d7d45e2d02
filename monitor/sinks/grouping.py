"""Which alerts a receiver is told of together: the groups of its routes, and how long they wait.

Only what waits is decided here. What waited stands among the deliveries, from where the digest
takes it (`monitor/digests.py`): after a restart no group is known, and what waited is told at once.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from monitor.alert import Alert
from monitor.rule import LEVELS
from monitor.sinks.routing import Way

WAITED = "gathered until"
"""Stands in the reason of what waits for its group, and in no other."""
CAN_WAIT = {"opened", "updated"}


class _Group(NamedTuple):
    """A group that goes on: until when it is quiet, whether alerts wait, and the worst of it."""

    until: datetime
    waits: bool
    worst: int
    told: int
    """The sequence of the last alert that was told by itself; 0 for none."""
    incidents: frozenset[str]


class Groups:
    """The groups of all receivers. A group ends with the last of its incidents."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], _Group] = {}

    def why_wait(self, receiver: str, alert: Alert, way: Way, now: datetime) -> str | None:
        """Why an alert that goes this way waits for the digest of its group; None if it does not.

        Only what opens and updates waits, never behind what is not as bad, and critical alerts
        wait only as updates of their own incident, which has been told.
        """
        gather = way.gather
        if gather is None:
            return None
        key, rank = (receiver, gather.group), LEVELS.index(alert.incident.level)
        known = self._known.get(key)
        incidents = (known.incidents if known else frozenset()) | {alert.incident.id}
        if _waits(alert, way, known, now):
            until = known.until if known else now + gather.wait
            worst = max(rank, known.worst) if known else rank
            told = known.told if known else 0
            self._known[key] = _Group(until, True, worst, told, incidents)
            return f"route {way}: {WAITED} {until:%H:%M:%S} UTC"
        if known and known.told == alert.sequence:
            return None
        if known and known.waits and gather.together:
            self._known[key] = known._replace(told=alert.sequence, incidents=incidents)
        else:
            until = now + gather.interval
            self._known[key] = _Group(until, False, rank, alert.sequence, incidents)
        return None

    def quiet(self, receiver: str, group: str, now: datetime) -> bool:
        """Whether what waits in a group has to wait still."""
        known = self._known.get((receiver, group))
        return known is not None and now < known.until

    def summed_up(self, receiver: str, told: Iterable[tuple[Alert, Way]], now: datetime) -> None:
        """A digest has told these alerts: what comes now waits for the next."""
        worst: dict[tuple[str, str], tuple[int, timedelta]] = {}
        for alert, way in told:
            if way.gather is not None:
                key, rank = (receiver, way.gather.group), LEVELS.index(alert.incident.level)
                worst[key] = max(rank, worst.get(key, (0,))[0]), way.gather.interval
        for key, (rank, interval) in worst.items():
            if known := self._known.get(key):
                self._known[key] = known._replace(until=now + interval, waits=False, worst=rank)

    def over(self, incident: str) -> None:
        """An incident has ended."""
        for key, known in tuple(self._known.items()):
            if incident in known.incidents:
                left = known.incidents - {incident}
                if left:
                    self._known[key] = known._replace(incidents=left)
                else:
                    del self._known[key]

    def soonest(self, now: datetime) -> datetime | None:
        """When the next group that has something waiting is due; None if none is."""
        waiting = (one.until for one in self._known.values() if one.waits and one.until > now)
        return min(waiting, default=None)

    def forget(self) -> None:
        """Other routes, other groups: what waits is told."""
        self._known.clear()


def _waits(alert: Alert, way: Way, known: _Group | None, now: datetime) -> bool:
    gather, critical = way.gather, alert.incident.level == LEVELS[-1]
    if gather is None or alert.kind not in CAN_WAIT:
        return False
    if known is None:
        return bool(gather.wait) and not critical
    if known.told == alert.sequence or LEVELS.index(alert.incident.level) > known.worst:
        return False
    if critical and gather.together:
        return False
    return now < known.until or (known.waits and gather.together)
