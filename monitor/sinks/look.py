"""How one chat is shown an incident: in whose time and language, with which buttons."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

from monitor.alert import Alert, AlertPlace, AlertPost
from monitor.receivers import Language
from monitor.rule import Level
from monitor.sinks.buttons import Buttons, Keyboard
from monitor.sinks.chat_message import ChatMessage, chat_message, message_of
from monitor.sinks.handling import Handling
from monitor.sinks.speech import say
from monitor.sinks.styled import inert, visible
from monitor.sinks.wording import (
    Manner,
    evidence,
    one_line,
    overview,
    time_of_day,
    told_after,
)

MOST_EVIDENCE = 5

Draw = Callable[[AlertPlace, Level], bytes]
"""Makes a PNG of a place with a point; takes a tenth of a second."""


def nowhere(_place: AlertPlace, _language: Language) -> str:
    """No town is known."""
    return ""


class Look(NamedTuple):
    """What a chat's messages depend on besides the alert. Without `buttons` there are none.

    `near` says where a place lies from a known town, or nothing; `draw` makes a map of it, or is
    None if there are to be none.
    """

    zone: tzinfo = UTC
    name_of: Callable[[str], str] = str
    language: Language = "en"
    buttons: Buttons | None = None
    handling: Handling = Handling()
    near: Callable[[AlertPlace, Language], str] = nowhere
    draw: Draw | None = None

    def message(self, alert: Alert, now: datetime, *, repeated: bool = False) -> ChatMessage:
        """The incident as it stands with this alert."""
        place = alert.incident.place
        manner = self._manner(now)._replace(
            repeated=repeated,
            handled=self.handled(alert.incident.id, now),
            near=self.near(place, self.language) if place else "",
        )
        return chat_message(alert, manner)

    def overview(self, alerts: Sequence[Alert]) -> ChatMessage:
        """Many incidents in one message, a line each; their own messages follow."""
        return message_of(overview(alerts, self.language))

    def caption(self, alert: Alert) -> str:
        """What stands under the map."""
        place = alert.incident.place
        assert place is not None  # noqa: S101 - only asked for what has one
        exercise = say("exercise", self.language) if alert.exercise else ""
        where = [exercise, place.name, place.admin1 or "", self.near(place, self.language)]
        return inert(visible(" · ".join(one_line(one) for one in where if one)))

    def evidence(self, posts: Sequence[AlertPost], now: datetime) -> ChatMessage:
        """More posts, for an answer under the incident's message."""
        return message_of(evidence(posts[:MOST_EVIDENCE], self._manner(now)._replace(quote=500)))

    def _manner(self, now: datetime) -> Manner:
        return Manner(
            self.name_of,
            lambda moment: told_after(moment, now, self.zone, self.language),
            signs=True,
            language=self.language,
        )

    def keyboard(self, receiver: str, alert: Alert) -> Keyboard | None:
        """The buttons under it; None if nobody could press them."""
        if self.buttons is None:
            return None
        handled = self.handling.of(alert.incident.id)
        drawn = self.draw is not None
        return self.buttons.keyboard(alert, receiver, handled, self.language, drawn=drawn)

    def handled(self, incident: str, now: datetime) -> str:
        """Who acknowledged it, or called it a false alarm; empty if nobody has."""
        action = self.handling.of(incident)
        if action is None:
            return ""
        when = time_of_day(action.at, now, self.zone, self.language)
        return say(f"by_{action.did}", self.language, who=action.who, when=when)
