"""Which receivers an alert is for, and why not the others. Pure: values in, reasons out.

Read top down: what an alert is called (`words`), whether a matcher holds, which ways through the
tree of routes an alert takes, whether a way is paused, and whether another incident holds it back.
A pause for lower levels never holds back a higher one: intervals let critical alerts pass, and an
incident holds back only what is not worse than itself.
"""

import calendar
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import NamedTuple
from zoneinfo import ZoneInfo

from monitor.alert import Alert
from monitor.routes import (
    DAYS,
    MONTHS,
    Escalation,
    Inhibition,
    Route,
    TimeInterval,
    TimePart,
    bounds,
    matcher,
    minutes,
    walk,
)
from monitor.rule import LEVELS
from monitor.settings import Settings

Words = Mapping[str, frozenset[str]]
"""What matchers ask of -> the alert's values; an alert of many posts has many sources."""


class Routing(NamedTuple):
    """The settings' routes, intervals and inhibitions, and the names of all receivers."""

    receivers: tuple[str, ...]
    route: Route | None = None
    intervals: tuple[TimeInterval, ...] = ()
    inhibitions: tuple[Inhibition, ...] = ()


def routing(settings: Settings) -> Routing:
    """Who gets what, as the settings say it."""
    return Routing(
        tuple(one.name for one in settings.receivers),
        settings.route,
        settings.time_intervals,
        settings.inhibit_rules,
    )


class Gather(NamedTuple):
    """What is told together: the group's name, how long its first and its later alerts wait.

    `together` if several incidents can be in it.
    """

    group: str
    wait: timedelta
    interval: timedelta
    together: bool = False


class Way(NamedTuple):
    """One way through the tree: the routes taken, whom it leads to, why it is paused or quiet now.

    `escalate` says who is told as well while nobody acknowledges, `gather` what is told together,
    `repeat` after how long an incident that nobody acknowledges is called to mind.
    """

    path: tuple[str, ...]
    receivers: tuple[str, ...]
    paused: str | None
    quiet: str | None = None
    escalate: tuple[Escalation, ...] = ()
    gather: Gather | None = None
    repeat: timedelta | None = None

    def __str__(self) -> str:
        return " > ".join(self.path)


def words(alert: Alert) -> Words:
    """An alert as matchers see it; what it has not is the empty text, as in Alertmanager."""
    what, place, posts = alert.incident, alert.incident.place, alert.posts
    late = bool(posts) and all(post.late for post in posts)
    values: dict[str, Iterable[str | None]] = {
        "rule": (what.rule,),
        "level": (what.level,),
        "event": (what.event,),
        "place": (place.id, place.name) if place else (),
        "admin1": (place.admin1,) if place else (),
        "country": (place.country,) if place else (),
        "role": [post.role for post in posts],
        "affiliation": [*what.affiliations, *(post.affiliation for post in posts)],
        "family": [post.family for post in posts],
        "source": [post.source for post in posts],
        "status": (what.status,),
        "kind": (alert.kind,),
        "exercise": ("true" if alert.exercise else "false",),
        "late": ("true" if late else "false",),
    }
    return {
        word: frozenset(one for one in given if one) or frozenset(("",))
        for word, given in values.items()
    }


def level_rank(level: str) -> int:
    """How bad, 0 the least."""
    return [str(one) for one in LEVELS].index(level)


def holds(text: str, alert_words: Words) -> bool:
    """Whether one matcher holds; a negative one holds if no value is meant."""
    wanted = matcher(text)
    values = alert_words[wanted.word]
    if wanted.operator in {"=", "!="}:
        return (wanted.value in values) == (wanted.operator == "=")
    if wanted.operator in {"=~", "!~"}:
        choices = wanted.value.split("|")
        found = any(fnmatchcase(value, one) for value in values for one in choices)
        return found == (wanted.operator == "=~")
    limit = level_rank(wanted.value)
    given = [level_rank(value) for value in values]
    compared = {
        ">=": [one >= limit for one in given],
        "<=": [one <= limit for one in given],
        ">": [one > limit for one in given],
        "<": [one < limit for one in given],
    }
    return all(compared[wanted.operator])


def ways(routing: Routing, alert: Alert, now: datetime) -> tuple[Way, ...]:
    """Every way that the alert takes through the tree; at least one."""
    if routing.route is None:
        return (Way(("all receivers",), routing.receivers, None),)
    intervals = {one.name: one for one in routing.intervals}
    found: list[Way] = []
    own = words(alert)
    for path, route, receivers in _leaves(routing.route, own, (), routing.receivers):
        paused = quiet = None
        if alert.incident.level != "critical":
            paused = _paused(route, intervals, now)
            quiet = _inside(route.silent_time_intervals, intervals, now)
        gather = _gather(route, path, alert, own)
        way = Way(path, receivers, paused, quiet, route.escalate, gather, route.repeat_interval)
        found.append(way)
    return tuple(found)


def _gather(route: Route, path: tuple[str, ...], alert: Alert, own: Words) -> Gather | None:
    """The group of an alert on a route; exercises are never in one with what is real."""
    if route.group_wait is None and route.group_interval is None:
        return None
    group = alert.incident.id
    if route.group_by:
        values = [f"{word}={'|'.join(sorted(own[word]))}" for word in route.group_by]
        group = " ".join((" > ".join(path), *values, *(["EXERCISE"] if alert.exercise else [])))
    none = timedelta()
    wait, interval = route.group_wait or none, route.group_interval or none
    return Gather(group, wait, interval, bool(route.group_by))


def _leaves(
    route: Route, alert_words: Words, path: tuple[str, ...], receivers: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Route, tuple[str, ...]]]:
    """The routes where an alert that is already in `route` ends."""
    path = (*path, ", ".join(route.matchers) or ("everything else" if path else "root"))
    receivers = receivers if route.receiver is None else route.receiver
    taken = False
    for child in route.routes:
        if all(holds(one, alert_words) for one in child.matchers):
            taken = True
            yield from _leaves(child, alert_words, path, receivers)
            if not child.continue_:
                return
    if not taken:
        yield path, route, receivers


def _paused(route: Route, intervals: Mapping[str, TimeInterval], now: datetime) -> str | None:
    if muted := _inside(route.mute_time_intervals, intervals, now):
        return muted
    active = route.active_time_intervals
    if active and not any(during(intervals[name], now) for name in active):
        return f"it is not {' or '.join(active)}"
    return None


def _inside(
    names: Sequence[str], intervals: Mapping[str, TimeInterval], now: datetime
) -> str | None:
    return next((f"it is {name}" for name in names if during(intervals[name], now)), None)


def during(interval: TimeInterval, now: datetime) -> bool:
    """Whether a moment lies in a time interval."""
    return any(_during(part, now) for part in interval.time_intervals)


def _during(part: TimePart, now: datetime) -> bool:
    there = now.astimezone(ZoneInfo(part.location))
    if not part.times:
        return _on(part, there)
    minute = there.hour * 60 + there.minute
    yesterday = there - timedelta(days=1)
    for one in part.times:
        start, end = minutes(one.start_time), minutes(one.end_time)
        over_midnight = end <= start
        evening = start <= minute and (over_midnight or minute < end)
        if evening and _on(part, there):
            return True
        if over_midnight and minute < end and _on(part, yesterday):
            return True
    return False


def _on(part: TimePart, day: datetime) -> bool:
    """Whether the calendar day is meant."""
    length = calendar.monthrange(day.year, day.month)[1]
    return (
        _among(day.isoweekday(), part.weekdays, DAYS)
        and _among(day.month, part.months, MONTHS)
        and _among(day.year, part.years, ())
        and _among_days(day.day, length, part.days_of_month)
    )


def _among(number: int, ranges: Sequence[str], names: Sequence[str]) -> bool:
    """Whether a number is in one of the ranges, which may go round (`friday:monday`)."""
    for text in ranges:
        first, last = bounds(text, names)
        inside = first <= number <= last
        if inside or (first > last and (number >= first or number <= last)):
            return True
    return not ranges


def _among_days(day: int, length: int, ranges: Sequence[str]) -> bool:
    for text in ranges:
        first, last = (one if one > 0 else length + 1 + one for one in bounds(text))
        if first <= day <= last:
            return True
    return not ranges


def not_routed(routing: Routing, receiver: str, alert: Alert, now: datetime) -> str | None:
    """Why no way leads to a receiver now; None if one does."""
    leading = [way for way in ways(routing, alert, now) if receiver in way.receivers]
    if not leading:
        return "no route leads here"
    paused = [way for way in leading if way.paused]
    return None if len(paused) < len(leading) else f"route {paused[0]}: {paused[0].paused}"


def without_sound(routing: Routing, receiver: str, alert: Alert, now: datetime) -> str | None:
    """Why every way that leads to a receiver now is without a sound; None if one is not."""
    leading = [
        way for way in ways(routing, alert, now) if receiver in way.receivers and not way.paused
    ]
    if not leading or any(way.quiet is None for way in leading):
        return None
    return f"route {leading[0]}: {leading[0].quiet}"


def gathering(routing: Routing, receiver: str, alert: Alert, now: datetime) -> Way | None:
    """The way on which an alert waits least; None if a way to the receiver lets it pass."""
    leading = [
        way for way in ways(routing, alert, now) if receiver in way.receivers and not way.paused
    ]
    if any(way.gather is None for way in leading):
        return None
    return min(leading, key=lambda way: way.gather[1:3] if way.gather else (), default=None)


def soonest_repeat(routing: Routing) -> timedelta | None:
    """The shortest `repeat_interval` of all routes; None if there is none."""
    routes = walk(routing.route, ()) if routing.route else ()
    return min((one.repeat_interval for _, one in routes if one.repeat_interval), default=None)


def repeating(routing: Routing, receiver: str, alert: Alert, now: datetime) -> timedelta | None:
    """After how long a receiver is told again of what its routes lead to it; None if never."""
    open_ways = [way for way in ways(routing, alert, now) if not way.paused]
    return min(
        (way.repeat for way in open_ways if receiver in way.receivers and way.repeat), default=None
    )


def escalations(routing: Routing, alert: Alert, now: datetime) -> tuple[Escalation, ...]:
    """Who is told as well, and when, if nobody acknowledges what now goes its ways."""
    open_ways = [way for way in ways(routing, alert, now) if not way.paused]
    return tuple(step for way in open_ways for step in way.escalate)


def held_back(
    inhibitions: Sequence[Inhibition], alert: Alert, standing: Iterable[Alert]
) -> str | None:
    """The incident that holds this alert back, as a reason; None if none does.

    `standing` are the newest alerts of incidents that go on. Exercises and real incidents never
    touch each other, and nothing worse than the source is ever held back.
    """
    own: Words | None = None
    for rule in inhibitions:
        own = own or words(alert)
        if not all(holds(one, own) for one in rule.target_matchers):
            continue
        for other in standing:
            if _holds_back(rule, other, alert, own):
                return f"held back by incident {other.incident.id} ({other.incident.title})"
    return None


def _holds_back(rule: Inhibition, other: Alert, alert: Alert, own: Words) -> bool:
    if other.incident.id == alert.incident.id or other.exercise != alert.exercise:
        return False
    if level_rank(other.incident.level) < level_rank(alert.incident.level):
        return False
    theirs = words(other)
    if not all(holds(one, theirs) for one in rule.source_matchers):
        return False
    both = all(holds(one, own) for one in rule.source_matchers) and all(
        holds(one, theirs) for one in rule.target_matchers
    )
    return not both and all(own[word] & theirs[word] for word in rule.equal)
