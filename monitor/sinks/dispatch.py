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
from monitor.sinks.routing import (
    Routing,
    Way,
    escalations,
    gathering,
    held_back,
    not_routed,
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
        self._told: dict[str, dict[str, tuple[int, datetime]]] = {}
        """Incident -> receiver -> the last alert that it was told, and when."""
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
            self._told.pop(alert.incident.id, None)
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

    def paused(self, receiver: str, alert: Alert, now: datetime) -> bool:
        """Whether a time interval holds an alert back from a receiver now."""
        why = not_routed(self._routing, receiver, alert, now)
        return why is not None and why.startswith("route ")

    def gathers(self, receiver: str, alert: Alert, now: datetime) -> timedelta:
        """How long a receiver's routes gather updates of an incident; 0 if they do not."""
        way = gathering(self._routing, receiver, alert, now)
        return (way.gather if way else None) or timedelta()

    def summed_up(self, receiver: str, incidents: Iterable[str], now: datetime) -> None:
        """A receiver was told of these incidents by a digest."""
        for incident in self._standing.keys() & set(incidents):
            self._told.setdefault(incident, {})[receiver] = (0, now)

    def _too_soon(self, receiver: str, alert: Alert, now: datetime) -> str | None:
        """Why an update waits for the digest: its incident was told a short while ago."""
        way = gathering(self._routing, receiver, alert, now)
        if way is None or way.gather is None or alert.incident.id not in self._standing:
            return None
        known = self._told.setdefault(alert.incident.id, {})
        last, at = known.get(receiver, (alert.sequence, now))
        if alert.kind == "updated" and last != alert.sequence and now - at < way.gather:
            return f"route {way}: told at {at:%H:%M} UTC, again after {way.gather}"
        known[receiver] = (alert.sequence, now)
        return None

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
