"""What the answering desk works with: the daemon's own hands and eyes, and its seats in chats."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from monitor.clock import Clock
from monitor.control import Answer
from monitor.matching.evaluate import Matcher
from monitor.receivers import Language, Reader
from monitor.silencing import Silencing
from monitor.sinks.dispatch import Dispatch
from monitor.sinks.look import Look
from monitor.sinks.room import Room
from monitor.sinks.speech import language_of, say
from monitor.sinks.wording import time_of_day
from monitor.store.outbox import Outbox
from monitor.store.writer import Writer


class Office(NamedTuple):
    """The running daemon as the desk sees it. `status` answers as `monitor status` is answered."""

    writer: Writer
    outbox: Outbox
    clock: Clock
    silencing: Silencing
    dispatch: Dispatch
    matcher: Callable[[], Matcher]
    status: Callable[[], Answer]


class Seat(NamedTuple):
    """One chat in which people may answer: its receiver's name, and who they are by number."""

    receiver: str
    room: Room
    look: Look
    people: Mapping[int, Reader]


class Voice(NamedTuple):
    """Somebody who may: where they sit, what they are called, and in which language to answer."""

    office: Office
    seat: Seat
    name: str
    language: Language

    def say(self, phrase: str, **values: object) -> str:
        """A phrase in their language."""
        return say(phrase, self.language, **values)

    def when(self, moment: datetime) -> str:
        """A moment in their time zone."""
        return time_of_day(moment, self.office.clock.now(), self.seat.look.zone, self.language)


def voice(office: Office, seat: Seat, number: int, tag: str | None) -> Voice | None:
    """Who that user is at that seat; None if they may not answer there."""
    person = seat.people.get(number)
    if person is None:
        return None
    language = person.language or language_of(tag, seat.look.language)
    return Voice(office, seat, person.name, language)
