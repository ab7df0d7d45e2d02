"""How one chat is shown an incident: in whose time and language, with which buttons."""

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

from monitor.alert import Alert
from monitor.receivers import Language
from monitor.sinks.buttons import Buttons, Keyboard
from monitor.sinks.chat_message import ChatMessage, chat_message
from monitor.sinks.handling import Handling
from monitor.sinks.speech import say
from monitor.sinks.wording import Manner, time_of_day


class Look(NamedTuple):
    """What a chat's messages depend on besides the alert. Without `buttons` there are none."""

    zone: tzinfo = UTC
    name_of: Callable[[str], str] = str
    language: Language = "en"
    buttons: Buttons | None = None
    handling: Handling = Handling()

    def message(self, alert: Alert, now: datetime, *, repeated: bool = False) -> ChatMessage:
        """The incident as it stands with this alert."""
        manner = Manner(
            self.name_of,
            lambda moment: time_of_day(moment, now, self.zone),
            repeated=repeated,
            handled=self.handled(alert.incident.id, now),
        )
        return chat_message(alert, manner)

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
