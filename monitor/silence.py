"""A silence: somebody asked that some alerts be held back for a while, and answers for it."""

from datetime import datetime, timedelta

import msgspec

from monitor.alert import Alert
from monitor.rule import LEVELS, Level

LONGEST = timedelta(days=30)
REMIND = timedelta(minutes=10)
"""So long before its end a silence is remembered; a short one in its last tenth."""


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """What is held back: everything that is named must hold; at least one thing is.

    `level` means this level and the lower ones. `receiver` limits it to one of them; `quietly`
    means that nothing is held back, only the sound. `ended_at` and `ended_by` say who took it back
    before its time; `reminded` and `told` what people have been told of it.
    """

    id: str
    rule: str | None = None
    place: str | None = None
    source: str | None = None
    level: Level | None = None
    receiver: str | None = None
    quietly: bool = False
    made_at: datetime
    ends_at: datetime
    by: str
    why: str = ""
    ended_at: datetime | None = None
    ended_by: str | None = None
    reminded: bool = False
    told: bool = False

    @property
    def over_at(self) -> datetime:
        """When it ends, or was ended."""
        return self.ended_at or self.ends_at

    @property
    def remind_at(self) -> datetime:
        """When its end is announced."""
        return self.ends_at - min(REMIND, (self.ends_at - self.made_at) / 10)

    @property
    def what(self) -> str:
        """What it holds back, in words."""
        named = {"rule": self.rule, "place": self.place, "source": self.source}
        parts = [f"{key} {value}" for key, value in named.items() if value]
        if self.level:
            parts.append(f"level {self.level} and lower")
        if self.receiver:
            parts.append(f"receiver {self.receiver}")
        if self.quietly:
            parts.append("without a sound")
        return ", ".join(parts)

    def meant_for(self, receiver: str) -> bool:
        """Whether it holds for this receiver."""
        return self.receiver in {None, receiver}

    def covers(self, alert: Alert) -> bool:
        """Whether it speaks of this alert; a source only if all posts of the alert are its.

        What the monitor tells about itself is never silenced.
        """
        if alert.about_itself:
            return False
        what, place = alert.incident, alert.incident.place
        return (
            self.rule in {None, what.rule}
            and (self.place is None or (place is not None and self.place in _names(alert)))
            and (self.source is None or {post.source for post in alert.posts} == {self.source})
            and (self.level is None or LEVELS.index(what.level) <= LEVELS.index(self.level))
        )

    def why_not(self, alert: Alert, now: datetime) -> str | None:
        """The reason to hold an alert back now; None if there is none."""
        if not self.made_at <= now < self.over_at or not self.covers(alert):
            return None
        because = f": {self.why}" if self.why else ""
        until = f"{self.ends_at:%Y-%m-%d %H:%M} UTC"
        return f"silence {self.id} of {self.by} until {until} ({self.what}){because}"


def _names(alert: Alert) -> set[str | None]:
    place = alert.incident.place
    return {place.id, place.name, place.admin1} if place else set()
