"""What each receiver is told: routes, inhibitions and silences over the alerts that pass by.

The bus does not ask here: it carries everything.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from monitor.alert import Alert
from monitor.clock import Clock
from monitor.routes import Escalation
from monitor.settings import Settings
from monitor.silence import Silence
from monitor.sinks.deliver import Mute
from monitor.sinks.grouping import Groups
from monitor.sinks.routing import (
    Routing,
    Way,
    escalations,
    gathering,
    held_back,
    not_routed,
    repeating,
    soonest_repeat,
    ways,
    without_sound,
)


def takes_exercises(settings: Settings) -> dict[str, bool]:
    """Receiver -> whether it takes exercises."""
    return {one.name: one.exercise for one in settings.receivers}


class Dispatch:
    """Remembers which incidents go on and which silences hold; one for all receivers.

    `exercises` says of every receiver whether it takes exercises. `standing` are the newest alerts
    of the open incidents when the daemon starts, `seen` the sequence up to which they are known.
    """

    def __init__(
        self,
        routing: Routing,
        exercises: Mapping[str, bool],
        standing: Iterable[Alert] = (),
        seen: int = 0,
    ) -> None:
        self._routing = routing
        self._exercises = exercises
        self._standing: dict[str, Alert] = {}
        self._groups = Groups()
        self.silences: tuple[Silence, ...] = ()
        self.escalated: dict[str, frozenset[str]] = {}
        """Incident -> who is told of it as well because nobody acknowledged it in time."""
        for alert in standing:
            self._keep(alert)
        self._seen = seen

    def saw(self, alert: Alert) -> None:
        """An alert passes by; one that a slower receiver reads later changes nothing."""
        if alert.sequence > self._seen:
            self._seen = alert.sequence
            self._keep(alert)

    def _keep(self, alert: Alert) -> None:
        if alert.about_itself:
            return
        if alert.kind == "closed" or alert.incident.status == "retracted":
            self._standing.pop(alert.incident.id, None)
            self._groups.over(alert.incident.id)
        else:
            self._standing[alert.incident.id] = alert

    def ways(self, alert: Alert, now: datetime) -> tuple[Way, ...]:
        """The ways that an alert takes through the routes."""
        return ways(self._routing, alert, now)

    def why_not(self, receiver: str, alert: Alert, now: datetime) -> str | None:
        """Why a receiver is not told of an alert now; None if it is."""
        if alert.exercise and not self._exercises[receiver]:
            return "takes no exercises"
        why = self._unrouted(receiver, alert, now)
        why = why or held_back(self._routing.inhibitions, alert, self._standing.values())
        if why:
            return why
        return self._silenced(receiver, alert, now, quietly=False)

    def why_quiet(self, receiver: str, alert: Alert, now: datetime) -> str | None:
        """Why a receiver is told of an alert without a sound; None if it may make one."""
        quiet = without_sound(self._routing, receiver, alert, now)
        if receiver in self.escalated.get(alert.incident.id, ()):
            quiet = None
        return quiet or self._silenced(receiver, alert, now, quietly=True)

    def put(self, routing: Routing, exercises: Mapping[str, bool]) -> None:
        """Other routes from now on; what stands, and the silences, stay."""
        self._routing = routing
        self._exercises = exercises
        self._groups.forget()

    def paused(self, receiver: str, alert: Alert, now: datetime) -> bool:
        """Whether a time interval holds an alert back from a receiver now."""
        why = not_routed(self._routing, receiver, alert, now)
        return why is not None and why.startswith("route ")

    def waits(self, receiver: str, alert: Alert, now: datetime) -> bool:
        """Whether an alert that waits for the digest of its group has to wait still."""
        way = gathering(self._routing, receiver, alert, now)
        return bool(way and way.gather and self._groups.quiet(receiver, way.gather.group, now))

    def soonest(self, now: datetime) -> datetime | None:
        """When the next group that has something waiting is due; None if none is."""
        return self._groups.soonest(now)

    def summed_up(self, receiver: str, alerts: Iterable[Alert], now: datetime) -> None:
        """A receiver was told of these alerts by a digest."""
        ways = ((one, gathering(self._routing, receiver, one, now)) for one in alerts)
        self._groups.summed_up(receiver, [(one, way) for one, way in ways if way], now)

    def _too_soon(self, receiver: str, alert: Alert, now: datetime) -> str | None:
        """Why an alert of an incident that goes on waits for the digest of its group."""
        if alert.incident.id not in self._standing:
            return None
        way = gathering(self._routing, receiver, alert, now)
        return self._groups.why_wait(receiver, alert, way, now) if way else None

    def to_repeat(self, receiver: str, now: datetime) -> tuple[tuple[Alert, timedelta], ...]:
        """Open incidents by their newest alerts, told to a receiver again after so long."""
        soonest = soonest_repeat(self._routing)
        if soonest is None:
            return ()
        old = [
            one for one in self._standing.values() if one.sent_at and now - one.sent_at >= soonest
        ]
        due = ((one, repeating(self._routing, receiver, one, now)) for one in old)
        return tuple(
            (one, after) for one, after in due if after and self.why_not(receiver, one, now) is None
        )

    def escalations(self, alert: Alert, now: datetime) -> tuple[Escalation, ...]:
        """Who is told as well, and when, if nobody acknowledges an alert that somebody gets."""
        told = any(self.why_not(one, alert, now) is None for one in self._routing.receivers)
        return escalations(self._routing, alert, now) if told else ()

    def _unrouted(self, receiver: str, alert: Alert, now: datetime) -> str | None:
        if alert.addressee is not None:
            return None if receiver == alert.addressee else f"for {alert.addressee} alone"
        if receiver in self.escalated.get(alert.incident.id, ()):
            return None
        return not_routed(self._routing, receiver, alert, now)

    def _silenced(self, receiver: str, alert: Alert, now: datetime, *, quietly: bool) -> str | None:
        reasons = (
            one.why_not(alert, now)
            for one in self.silences
            if one.quietly == quietly and one.meant_for(receiver)
        )
        return next((reason for reason in reasons if reason), None)

    def mute(self, receiver: str, clock: Clock) -> Mute:
        """What a receiver's sink asks before it sends."""

        def why(alert: Alert) -> str | None:
            self.saw(alert)
            now = clock.now()
            return self.why_not(receiver, alert, now) or self._too_soon(receiver, alert, now)

        return why

    def hush(self, receiver: str, clock: Clock) -> Mute:
        """What a receiver's sink asks before it makes a sound."""
        return lambda alert: self.why_quiet(receiver, alert, clock.now())
