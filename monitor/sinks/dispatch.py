"""What each receiver is told: routes, inhibitions and silences over the alerts that pass by.

The bus does not ask here: it carries everything.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from monitor.alert import Alert
from monitor.clock import Clock
from monitor.silence import Silence
from monitor.sinks.deliver import Mute
from monitor.sinks.routing import Routing, Way, held_back, not_routed, ways


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
        self.silences: tuple[Silence, ...] = ()
        for alert in standing:
            self._keep(alert)
        self._seen = seen

    def saw(self, alert: Alert) -> None:
        """An alert passes by; one that a slower receiver reads later changes nothing."""
        if alert.sequence > self._seen:
            self._seen = alert.sequence
            self._keep(alert)

    def _keep(self, alert: Alert) -> None:
        if alert.kind == "closed" or alert.incident.status == "retracted":
            self._standing.pop(alert.incident.id, None)
        else:
            self._standing[alert.incident.id] = alert

    def ways(self, alert: Alert, now: datetime) -> tuple[Way, ...]:
        """The ways that an alert takes through the routes."""
        return ways(self._routing, alert, now)

    def why_not(self, receiver: str, alert: Alert, now: datetime) -> str | None:
        """Why a receiver is not told of an alert now; None if it is."""
        if alert.exercise and not self._exercises[receiver]:
            return "takes no exercises"
        why = not_routed(self._routing, receiver, alert, now)
        why = why or held_back(self._routing.inhibitions, alert, self._standing.values())
        if why:
            return why
        return self._silenced(receiver, alert, now, quietly=False)

    def why_quiet(self, receiver: str, alert: Alert, now: datetime) -> str | None:
        """Why a receiver is told of an alert without a sound; None if it may make one."""
        return self._silenced(receiver, alert, now, quietly=True)

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
            return self.why_not(receiver, alert, clock.now())

        return why

    def hush(self, receiver: str, clock: Clock) -> Mute:
        """What a receiver's sink asks before it makes a sound."""
        return lambda alert: self.why_quiet(receiver, alert, clock.now())
