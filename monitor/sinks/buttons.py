"""The buttons under a chat message: what they carry, and that nobody else made it.

A button carries at most 64 bytes: one letter for what it does, the incident, and a mark that only
this bot's owner can make for this receiver (HMAC-SHA256, cut to 72 bits). A client can send any
bytes as if a button had carried them: what does not bear the mark is not from us. Pure.
"""

import base64
import hmac
from collections.abc import Mapping
from typing import NamedTuple

from monitor.action import Action
from monitor.alert import Alert
from monitor.receivers import Language
from monitor.sinks.speech import say

LONGEST = 64
_MARK = 9

LETTERS: Mapping[str, str] = {
    "acknowledge": "a", "why": "w", "mute_rule": "r", "mute_place": "p", "false_alarm": "f",
    "venue": "v", "map": "m",
}  # fmt: skip
_DOES = {letter: does for does, letter in LETTERS.items()}

Keyboard = Mapping[str, object]
"""`reply_markup` as the Bot API takes it."""


class Pressed(NamedTuple):
    """What a button of ours asks for."""

    does: str
    incident: str


class Buttons:
    """Makes and reads what the buttons of one bot carry. `key` is derived from its token."""

    def __init__(self, token: str) -> None:
        self._key = hmac.digest(token.encode(), b"monitor: buttons, version 1", "sha256")

    def data(self, does: str, incident: str, receiver: str) -> str | None:
        """What a button carries; None if it would not fit."""
        plain = f"{LETTERS[does]}{incident}"
        text = f"{plain}.{self._mark(plain, receiver)}"
        return text if len(text.encode()) <= LONGEST else None

    def read(self, data: str, receiver: str) -> Pressed | None:
        """What a pressed button asks for; None if it is none of ours for this receiver."""
        plain, dot, mark = data.rpartition(".")
        if not dot or not hmac.compare_digest(mark.encode(), self._mark(plain, receiver).encode()):
            return None
        does = _DOES.get(plain[:1])
        return Pressed(does, plain[1:]) if does else None

    def _mark(self, plain: str, receiver: str) -> str:
        content = f"{receiver}\n{plain}".encode("utf-8", "surrogatepass")
        cut = hmac.digest(self._key, content, "sha256")[:_MARK]
        return base64.urlsafe_b64encode(cut).decode()

    def keyboard(
        self, alert: Alert, receiver: str, handled: Action | None, language: Language, *,
        drawn: bool = False,
    ) -> Keyboard | None:  # fmt: skip
        """The buttons under an incident's message; None for what the monitor says of itself.

        `drawn`: whether maps can be asked for.
        """
        if alert.about_itself:
            return None
        place = alert.incident.place
        rows = [
            ["acknowledge" if handled is None else "", "why"],
            ["mute_rule", "mute_place" if place else ""],
            [
                "" if handled is not None and handled.did == "false_alarm" else "false_alarm",
                "venue" if place and place.lat is not None else "",
                "map" if drawn and place and place.lat is not None else "",
            ],
        ]
        shown: list[list[dict[str, str]]] = []
        for row in rows:
            found = [
                {"text": say(f"button_{does}", language), "callback_data": data}
                for does in row
                if does and (data := self.data(does, alert.incident.id, receiver))
            ]
            if found:
                shown.append(found)
        return {"inline_keyboard": shown} if shown else None
