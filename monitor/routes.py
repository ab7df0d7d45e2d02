"""Who gets which alert, as monitor.yaml says it: routes, time intervals and inhibitions.

The shape is Alertmanager's (a tree of routes with matchers). What is not taken over: regular
expressions, in whose place `a|b` and `*` stand, and children that inherit more than a receiver.
Without `group_by` each incident is a group.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Annotated, NamedTuple, get_args
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StrictBool, model_validator

from monitor.alert import AlertKind
from monitor.document import Node, named
from monitor.form import Duration, Form, OneOrMany, Spelled, did_you_mean, find, wrong
from monitor.incident import Status
from monitor.mistake import Mistake
from monitor.rule import LEVELS, Level

WORDS: Mapping[str, tuple[str, ...] | None] = {
    "rule": None, "level": LEVELS, "event": None, "place": None, "admin1": None, "country": None,
    "role": None, "affiliation": None, "family": None, "source": None,
    "status": get_args(Status), "kind": get_args(AlertKind), "exercise": ("true", "false"),
    "late": ("true", "false"),
}  # fmt: skip
"""What a matcher may ask of an alert -> the values there are, None if that is open."""

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip

_MATCHER = re.compile(r"([A-Za-z0-9_]+)\s*(=~|!~|!=|>=|<=|=|>|<)\s*(.*)", re.DOTALL)
_ORDERED = {">=", "<=", ">", "<"}
_NO_REGEX = re.compile(r"[\\^$+?()\[\]{}]|\.\*")


class Matcher(NamedTuple):
    """One condition: `level >= high`."""

    word: str
    operator: str
    value: str


@lru_cache(maxsize=4096)
def matcher(text: str) -> Matcher:
    """A matcher as written.

    Raises:
        PydanticCustomError: it cannot hold of anything, with a hint.
    """
    found = _MATCHER.fullmatch(text.strip())
    if found is None:
        raise wrong(f"{named(text)} is not a matcher", "write `level >= high` or `rule = my-rule`")
    word, operator, value = found[1], found[2], found[3].strip()
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1]
    if word not in WORDS:
        raise wrong(f"alerts have no {named(word)}", did_you_mean(word, WORDS))
    if operator in _ORDERED and word != "level":
        raise wrong(f"{named(word)} has no order", "only `level` is compared; use = or !=")
    if operator in {"=~", "!~"}:
        if _NO_REGEX.search(value):
            raise wrong("no regular expressions here", "write alternatives as a|b and * for any")
    elif (known := WORDS[word]) is not None and value not in known:
        raise wrong(f"{named(value)} is no {word}", did_you_mean(value, known))
    return Matcher(word, operator, value)


def _usable(text: str) -> str:
    matcher(text)
    return text


def _some(given: tuple[object, ...]) -> tuple[object, ...]:
    if not given:
        raise wrong("an empty list", "write at least one")
    return given


Some = AfterValidator(_some)
MatcherText = Annotated[str, AfterValidator(_usable)]
Matchers = Annotated[tuple[MatcherText, ...], OneOrMany()]


def minutes(text: str) -> int:
    """Minutes since midnight of `HH:MM`; 24:00 is the end of the day."""
    return int(text[:2]) * 60 + int(text[3:])


TimeOfDay = Annotated[
    str, Spelled("([01][0-9]|2[0-3]):[0-5][0-9]|24:00", 'write "22:00", in quotes', longest=5)
]


def bounds(text: str, names: Sequence[str] = ()) -> tuple[int, int]:
    """The first and last of `monday:friday`, `1:5`, `-3:-1`, `may`; names count from 1.

    Raises:
        ValueError: it is none of these.
    """
    first, colon, last = text.partition(":")
    return _number(first, names), _number(last if colon else first, names)


def _number(text: str, names: Sequence[str]) -> int:
    word = text.strip().lower()
    return names.index(word) + 1 if word in names else int(word)


def _ranged(names: Sequence[str], low: int, high: int, hint: str) -> AfterValidator:
    def check(text: str) -> str:
        try:
            both = bounds(text, names)
        except ValueError:
            raise wrong(f"{named(text)} is not usable here", hint) from None
        if not all(low <= one <= high and (one or low > 0) for one in both):
            raise wrong(f"{named(text)} is out of range", hint)
        return text

    return AfterValidator(check)


Weekdays = Annotated[str, _ranged(DAYS, 1, 7, "write monday:friday or saturday")]
DaysOfMonth = Annotated[str, _ranged((), -31, 31, 'write "1:5", or "-3:-1" for the last three')]
Months = Annotated[str, _ranged(MONTHS, 1, 12, "write june:august or may")]
Years = Annotated[str, _ranged((), 1970, 9999, 'write "2026" or "2026:2027"')]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        hint = "write one like Europe/Kyiv; if it is right, install the package `tzdata`"
        raise wrong(f"no time zone {named(name)}", hint) from None
    return name


TimeZone = Annotated[str, AfterValidator(_zone)]


class TimeRange(Form):
    """From one time of the day to another; past midnight if the end is the smaller."""

    start_time: TimeOfDay = Field(description="When it begins, as `22:00`.")
    end_time: TimeOfDay = Field(description="When it has ended; may lie on the next day.")


class TimePart(Form):
    """All that is said here must hold; what is left out holds always."""

    times: tuple[TimeRange, ...] = Field((), description="Times of the day.")
    weekdays: tuple[Weekdays, ...] = Field(
        (), description="`monday:friday`, `sunday`; a night belongs to the day it began on."
    )
    days_of_month: tuple[DaysOfMonth, ...] = Field(
        (), description="`1:5`; `-1` is the last day of the month."
    )
    months: tuple[Months, ...] = Field((), description="`june:august` or `6:8`.")
    years: tuple[Years, ...] = Field((), description="`2026` or `2026:2027`.")
    location: TimeZone = Field("UTC", description="The time zone of all of it, as `Europe/Kyiv`.")


class TimeInterval(Form):
    """A named interval that routes refer to."""

    name: str = Field(min_length=1, max_length=64, description="What routes call it.")
    time_intervals: Annotated[tuple[TimePart, ...], Some] = Field(
        description="It holds when one of these does."
    )


_PAUSES = ("mute_time_intervals", "active_time_intervals")
_GROUPED_BY = ("rule", "level", "event", "place", "admin1", "country")
Receivers = Annotated[tuple[str, ...], OneOrMany()]
Names = Annotated[tuple[str, ...], OneOrMany()]


def _grouped_by(word: str) -> str:
    if word not in _GROUPED_BY:
        raise wrong(f"no groups by {named(word)}", did_you_mean(word, _GROUPED_BY))
    return word


GroupWord = Annotated[str, AfterValidator(_grouped_by)]


class Escalation(Form):
    """Who is told as well when nobody acknowledges an incident in time."""

    after: Duration = Field(description="So long after it rang, as `10m`.")
    receiver: Annotated[Receivers, Some] = Field(description="Whom it goes to then as well.")


class Route(Form):
    """A node of the tree: the first child whose matchers hold takes the alert."""

    receiver: Receivers | None = Field(
        None, description="Whom it goes to; the parent's if left out, at the root all receivers."
    )
    matchers: Matchers = Field(
        (), description="All must hold: `level >= high`, `rule = x`, `event =~ battles/*`."
    )
    continue_: StrictBool = Field(
        False, alias="continue", description="Also try the routes after this one."
    )
    mute_time_intervals: Names = Field(
        (), description="Hold back during these; critical alerts pass."
    )
    active_time_intervals: Names = Field(
        (), description="Hold back outside of these; critical alerts pass."
    )
    silent_time_intervals: Names = Field(
        (), description="Deliver without a sound during these; critical alerts sound."
    )
    group_by: Annotated[tuple[GroupWord, ...], OneOrMany()] = Field(
        (), description="Alerts that are the same in these are one group; else each incident."
    )
    group_wait: Duration | None = Field(
        None, description="A group's first alerts wait so long for one digest; critical ones pass."
    )
    group_interval: Duration | None = Field(
        None, description="A group's updates at most so often, the others as one digest."
    )
    repeat_interval: Duration | None = Field(
        None, description="Call an open incident to mind after so long unless acknowledged."
    )
    escalate: Annotated[tuple[Escalation, ...], OneOrMany()] = Field(
        (), description="Whom to tell as well while nobody acknowledges."
    )
    routes: "tuple[Route, ...]" = Field((), description="The children, each a route like this.")

    @model_validator(mode="after")
    def _waiting(self) -> "Route":
        if self.group_by and self.group_wait is None and self.group_interval is None:
            raise wrong("`group_by` alone holds nothing", "add `group_wait` or `group_interval`")
        return self


class Inhibition(Form):
    """While one incident stands, alerts of others of the same or a lower level are held back."""

    source_matchers: Annotated[Matchers, Some] = Field(description="The incident that holds back.")
    target_matchers: Annotated[Matchers, Some] = Field(description="The alerts that are held back.")
    equal: Names = Field((), description="What must be the same in both, as `place`.")

    @model_validator(mode="after")
    def _known(self) -> "Inhibition":
        for word in self.equal:
            if word not in WORDS:
                raise wrong(f"alerts have no {named(word)}", did_you_mean(word, WORDS))
        return self


def _moment(text: str) -> str:
    try:
        aware = datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        aware = False
    if not aware:
        hint = "write it like 2026-11-22T03:00:00+02:00"
        raise wrong(f"{named(text)} is no time with an offset", hint)
    return text


class SuchAn(Form):
    """An alert to test routes with: what is left out it has not."""

    rule: str = Field("", description="The rule's id.")
    title: str = Field("", description="What the incident is called.")
    level: Level = Field("medium", description="How bad it is.")
    status: Status = Field("unconfirmed", description="How sure it is.")
    kind: AlertKind = Field("opened", description="What happened to the incident.")
    event: str = Field("", description="The kind of event, as `battles/armed-clash`.")
    place: str = Field("", description="The place's id or name.")
    admin1: str = Field("", description="Its region, as `RU-BEL`.")
    country: str = Field("", description="Its country, as `RU`.")
    role: str = Field("unknown", description="The publisher's role.")
    affiliation: str = Field("unknown", description="The publisher's side.")
    family: str = Field("", description="The publisher's family.")
    source: str = Field("", description="The source's id.")
    exercise: StrictBool = Field(False, description="Whether it is an exercise.")
    late: StrictBool = Field(False, description="Whether its post came late.")


class RouteTest(Form):
    """What must become of an alert: `monitor test` checks it, and so does every reload."""

    name: str = Field(min_length=1, max_length=200, description="What it is called.")
    at: Annotated[str, AfterValidator(_moment)] = Field(
        "2026-01-07T12:00:00+00:00", description="When; with an offset."
    )
    alert: SuchAn = Field(SuchAn(), description="The alert.")
    receivers: Receivers = Field(description="Exactly who is told.")
    silently: Receivers | None = Field(
        None, description="Exactly who of them hears no sound; not asked if left out."
    )
    escalates: Receivers | None = Field(
        None, description="Exactly who is told later unless somebody acknowledges it."
    )


def walk(route: Route, at: tuple[int | str, ...]) -> Iterator[tuple[tuple[int | str, ...], Route]]:
    """Every route of a tree with its path in the document, the root first."""
    yield at, route
    for number, child in enumerate(route.routes):
        yield from walk(child, (*at, "routes", number))


def disagreements(
    route: Route | None, intervals: Sequence[TimeInterval], receivers: Sequence[str], node: Node
) -> list[Mistake]:
    """What is wrong between routes, intervals and receivers that are each right."""
    mistakes: list[Mistake] = []
    seen: list[str] = []
    for number, one in enumerate(intervals):
        if one.name in seen:
            mark = find(node, ["time_intervals", number, "name"]).mark
            message = f"a second time interval is called {named(one.name)}"
            mistakes.append(Mistake(mark, message, "give each a name of its own"))
        seen.append(one.name)
    if route is None:
        return mistakes
    for key in ("matchers", *_PAUSES):
        if getattr(route, key):
            mark = find(node, ["route", key]).mark
            mistakes.append(
                Mistake(mark, f"`{key}` at the root", "the root takes every alert: put it below")
            )
    for at, child in walk(route, ("route",)):
        mistakes += _names_nobody(child, at, seen, receivers, node)
    return mistakes


def _names_nobody(
    route: Route, at: tuple[int | str, ...], intervals: Sequence[str], receivers: Sequence[str],
    node: Node,
) -> list[Mistake]:  # fmt: skip
    """Receivers and intervals that one route names and that do not exist."""
    mistakes: list[Mistake] = []
    known = {
        "receiver": ("receiver", receivers),
        **dict.fromkeys((*_PAUSES, "silent_time_intervals"), ("time interval", intervals)),
    }
    for key, (what, names) in known.items():
        for number, name in enumerate(getattr(route, key) or ()):
            if name not in names:
                mark = find(node, [*at, key, number]).mark
                hint = did_you_mean(name, names) if names else f"there is no {what} yet"
                mistakes.append(Mistake(mark, f"no {what} is called {named(name)}", hint))
    for number, step in enumerate(route.escalate):
        mistakes += unknown(step.receiver, receivers, find(node, [*at, "escalate", number]))
    return mistakes


def unknown_receivers(
    tests: Sequence[RouteTest], receivers: Sequence[str], node: Node
) -> list[Mistake]:
    """What route tests name that is no receiver."""
    mistakes: list[Mistake] = []
    for number, test in enumerate(tests):
        names = (*test.receivers, *(test.silently or ()), *(test.escalates or ()))
        mistakes += unknown(names, receivers, find(node, ["route_tests", number]))
    return mistakes


def unknown(names: Sequence[str], receivers: Sequence[str], node: Node) -> list[Mistake]:
    """Which names are no receiver's."""
    hints = {
        name: did_you_mean(name, receivers) if receivers else "there is no receiver yet"
        for name in names
        if name not in receivers
    }
    return [
        Mistake(node.mark, f"no receiver is called {named(name)}", hint)
        for name, hint in hints.items()
    ]
