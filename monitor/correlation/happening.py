"""What watches may count, and the clue that each makes of it."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from monitor.hit import Hit
from monitor.place import Place
from monitor.post import PostName
from monitor.source import UNKNOWN
from monitor.watch import Clue, Entry

WAITING = ("absence", "flatline")
"""Types that tell of a silence."""

LONGEST_VALUE = 100
"""Characters of a captured value that tell it from others."""


class Happening(NamedTuple):
    """What watches may count: a hit, a post, or an incident that opened, and in whose voice.

    Its place has no names.
    """

    rule: str
    place: Place | None
    family: str
    affiliation: str
    role: str
    at_home: bool
    incident: str
    hit: Hit | None = None


def clue_of(post: PostName, at: datetime, entry: Entry, happening: Happening) -> Clue | None:
    """The clue that a happening is for a watch, unless it lacks what the watch groups by."""
    watch = entry.watch
    group = tuple([value_of(post.source, happening, field) for field in watch.group_by])
    value = value_of(post.source, happening, watch.field) if watch.field else ""
    if None in group or value is None:
        return None
    values: tuple[str, ...] = group  # type: ignore[assignment]  # no None in it
    if watch.type == "new_term":
        values = (*values, value)
    if not value and watch.count == "incidents":
        value = happening.incident
    return Clue(
        watch=watch.key,
        group=values,
        name=entry.name,
        source=post.source,
        id=post.id,
        version=post.version,
        exercise=post.exercise,
        rule=happening.rule,
        at=at,
        until=at + watch.keeps,
        family=happening.family,
        affiliation=happening.affiliation,
        role=happening.role,
        at_home=happening.at_home,
        place=happening.place,
        value=value,
        incident=happening.incident,
        waits=watch.type in WAITING and entry.name not in watch.without,
    )


def value_of(source: str, happening: Happening, field: str) -> str | None:
    """What a happening is grouped or counted by; None if it has no such thing."""
    of = OF_HITS.get(field)
    if of is not None:
        return of(source, happening)
    value = happening.hit.captured.get(field) if happening.hit is not None else None
    return None if value is None else str(value)[:LONGEST_VALUE]


OF_HITS: dict[str, Callable[[str, Happening], str | None]] = {
    "place": lambda _, one: one.place.id if one.place else None,
    "admin1": lambda _, one: one.place.admin1 if one.place else None,
    "source": lambda source, _: source,
    "family": lambda _, one: one.family,
    "affiliation": lambda _, one: None if one.affiliation == UNKNOWN else one.affiliation,
    "role": lambda _, one: one.role,
    "rule": lambda _, one: one.rule or None,
    "incident": lambda _, one: one.incident or None,
}
"""What every hit has (monitor/watch.py names them), from its source and what happened."""
