"""Who gets which alert, as monitor.yaml says it: routes, time intervals and inhibitions.

The shape is Alertmanager's (a tree of routes with matchers). What is not taken over: `group_by`,
`group_wait`, `group_interval` and `repeat_interval`, because incidents are the groups here, told
once and then kept up to date; and regular expressions, in whose place `a|b` and `*` stand.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Annotated, NamedTuple, get_args
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StrictBool, model_validator

from monitor.alert import AlertKind
from monitor.document import Node, named
from monitor.form import Form, OneOrMany, Spelled, did_you_mean, find, wrong
from monitor.incident import Status
from monitor.mistake import Mistake
from monitor.rule import LEVELS

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


_GROUPING = ("group_by", "group_wait", "group_interval", "repeat_interval")
Receivers = Annotated[tuple[str, ...], OneOrMany()]
Names = Annotated[tuple[str, ...], OneOrMany()]


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
    routes: "tuple[Route, ...]" = Field((), description="The children, each a route like this.")

    @model_validator(mode="before")
    @classmethod
    def _ungrouped(cls, given: object) -> object:
        for key in _GROUPING:
            if isinstance(given, dict) and key in given:
                hint = "incidents are the groups: set `window` or `story` in the rules"
                raise wrong(f"`{key}` is not used here", hint)
        return given


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
    for key in ("matchers", "mute_time_intervals", "active_time_intervals"):
        if getattr(route, key):
            mark = find(node, ["route", key]).mark
            mistakes.append(
                Mistake(mark, f"`{key}` at the root", "the root takes every alert: put it below")
            )
    known = {
        "receiver": ("receiver", receivers),
        "mute_time_intervals": ("time interval", seen),
        "active_time_intervals": ("time interval", seen),
    }
    for at, one_route in walk(route, ("route",)):
        for key, (what, names) in known.items():
            for number, name in enumerate(getattr(one_route, key) or ()):
                if name not in names:
                    mark = find(node, [*at, key, number]).mark
                    hint = did_you_mean(name, names) if names else f"there is no {what} yet"
                    mistakes.append(Mistake(mark, f"no {what} is called {named(name)}", hint))
    return mistakes
