"""What watches may count, and the clue that each makes of it."""

from datetime import datetime

from monitor.hit import Hit
from monitor.place import Place
from monitor.post import PostName
from monitor.source import UNKNOWN
from monitor.watch import Clue, Entry

LONGEST_VALUE = 100
"""Characters of a captured value that tell it from others."""


class Happening:
    """What watches may count: a hit, a post, or an incident that opened, and in whose voice.

    Its place has no names. `values` are what it is grouped and counted by (monitor/watch.py names
    them), None what it has not.
    """

    __slots__ = (
        "affiliation", "at_home", "family", "hit", "incident", "place", "role", "rule", "values",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913, PLR0917 - what is known of it
        self,
        source: str,
        rule: str,
        place: Place | None,
        family: str,
        affiliation: str,
        role: str,
        at_home: bool,  # noqa: FBT001 - as a clue has it
        incident: str,
        hit: Hit | None = None,
    ) -> None:
        self.rule, self.place, self.incident, self.hit = rule, place, incident, hit
        self.family, self.affiliation, self.role, self.at_home = family, affiliation, role, at_home
        self.values: dict[str, str | None] = {
            "place": place.id if place else None,
            "admin1": place.admin1 if place else None,
            "source": source,
            "family": family,
            "affiliation": None if affiliation == UNKNOWN else affiliation,
            "role": role,
            "rule": rule or None,
            "incident": incident or None,
        }

    def value_of(self, field: str) -> str | None:
        """What it is grouped or counted by; None if it has no such thing."""
        if field not in self.values:
            value = self.hit.captured.get(field) if self.hit is not None else None
            self.values[field] = None if value is None else str(value)[:LONGEST_VALUE]
        return self.values[field]


def clue_of(post: PostName, at: datetime, entry: Entry, happening: Happening) -> Clue | None:
    """The clue that a happening is for a watch, unless it lacks what the watch groups by."""
    watch = entry.watch
    group: list[str] = []
    for field in entry.fields:
        named = happening.value_of(field)
        if named is None:
            return None
        group.append(named)
    value = happening.value_of(watch.field) if watch.field else ""
    if value is None:
        return None
    if not value and watch.count == "incidents":
        value = happening.incident
    return Clue(
        watch=watch.key,
        group=tuple(group),
        name=entry.name,
        source=post.source,
        id=post.id,
        version=post.version,
        exercise=post.exercise,
        rule=happening.rule,
        at=at,
        until=at + entry.keeps,
        family=happening.family,
        affiliation=happening.affiliation,
        role=happening.role,
        at_home=happening.at_home,
        place=happening.place,
        value=value,
        incident=happening.incident,
        waits=entry.waits,
    )
