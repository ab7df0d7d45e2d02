"""How one chat is shown an incident: in whose time and language, with which buttons."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

from monitor.alert import Alert, AlertPlace, AlertPost
from monitor.receivers import Language
from monitor.sinks.buttons import Buttons, Keyboard
from monitor.sinks.chat_message import ChatMessage, chat_message, message_of
from monitor.sinks.handling import Handling
from monitor.sinks.speech import say
from monitor.sinks.wording import Manner, evidence, overview, time_of_day, told_after

MOST_EVIDENCE = 5


def nowhere(_place: AlertPlace) -> str:
    """No town is known."""
    return ""


class Look(NamedTuple):
    """What a chat's messages depend on besides the alert. Without `buttons` there are none.

    `near` says where a place lies from a known town, or nothing.
    """

    zone: tzinfo = UTC
    name_of: Callable[[str], str] = str
    language: Language = "en"
    buttons: Buttons | None = None
    handling: Handling = Handling()
    near: Callable[[AlertPlace], str] = nowhere

    def message(self, alert: Alert, now: datetime, *, repeated: bool = False) -> ChatMessage:
        """The incident as it stands with this alert."""
        place = alert.incident.place
        manner = self._manner(now)._replace(
            repeated=repeated,
            handled=self.handled(alert.incident.id, now),
            near=self.near(place) if place else "",
        )
        return chat_message(alert, manner)

    def overview(self, alerts: Sequence[Alert]) -> ChatMessage:
        """Many incidents in one message, a line each; their own messages follow."""
        return message_of(overview(alerts))

    def evidence(self, posts: Sequence[AlertPost], now: datetime) -> ChatMessage:
        """More posts, for an answer under the incident's message."""
        return message_of(evidence(posts[:MOST_EVIDENCE], self._manner(now)._replace(quote=500)))

    def _manner(self, now: datetime) -> Manner:
        return Manner(self.name_of, lambda moment: told_after(moment, now, self.zone))

    def keyboard(self, receiver: str, alert: Alert) -> Keyboard | None:
        """The buttons under it; None if nobody could press them."""
        if self.buttons is None:
            return None
        handled = self.handling.of(alert.incident.id)
        return self.buttons.keyboard(alert, receiver, handled, self.language)

    def handled(self, incident: str, now: datetime) -> str:
        """Who acknowledged it, or called it a false alarm; empty if nobody has."""
        action = self.handling.of(incident)
        if action is None:
            return ""
        when = time_of_day(action.at, now, self.zone)
        return say(f"by_{action.did}", self.language, who=action.who, when=when)
