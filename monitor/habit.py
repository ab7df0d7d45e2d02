"""How often a source posts, by its own habit, and when its silence is none of its habit. Pure.

A habit is counted from the times of its posts: how many in each hour of the last two weeks, and the
longest silence of each day. A silence is unusual when the hours that have passed would usually have
brought many posts and no silence of the last two weeks was nearly as long: a channel that sleeps at
night or rests on Sundays is not reported each night and Sunday.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import msgspec

HOURS = 336
"""Two weeks."""
ENOUGH_DAYS = 7.0
ENOUGH_POSTS = 40
EXPECTED = 8.0
"""So many posts must be missing ..."""
LONGER = 1.5
"""... in a silence so many times longer than the longest known one."""

_HOUR = 3600.0


class Habit(msgspec.Struct, frozen=True):
    """When a source posted; times are Unix seconds.

    `counts` has the posts of each hour from `first_hour` on (hours since 1970), `since` is the
    oldest post counted, `last` the newest. `silences` maps a day (days since 1970, when it ended)
    to the seconds of the longest silence.
    """

    since: float
    last: float
    first_hour: int
    counts: tuple[int, ...] = ()
    silences: dict[int, float] = {}


class Silence(msgspec.Struct, frozen=True):
    """A silence that is unusual, with what speaks for it in words."""

    since: datetime
    reason: str


def counted(habit: Habit | None, times: Iterable[float], now: float) -> Habit | None:
    """The habit with more posts; times in the future count as now."""
    for at in sorted(min(one, now) for one in times):
        habit = _with(habit, at)
    return habit


def _with(habit: Habit | None, at: float) -> Habit:
    hour = int(at // _HOUR)
    if habit is None:
        return Habit(at, at, hour, (1,))
    newest = max(hour, int(habit.last // _HOUR))
    first = max(min(habit.first_hour, hour), newest - HOURS + 1)
    if hour < first:
        return habit
    before, after = habit.first_hour - first, newest - habit.first_hour - len(habit.counts) + 1
    counts = [*[0] * before, *habit.counts, *[0] * after][first - newest - 1 :]
    counts[hour - first] += 1
    silences = habit.silences
    if at > habit.last:
        day = int(at // 86_400)
        longest = max(at - habit.last, silences.get(day, 0.0))
        oldest = day - HOURS // 24
        silences = {one: long for one, long in silences.items() if one > oldest} | {day: longest}
    return Habit(min(habit.since, at), max(habit.last, at), first, tuple(counts), silences)


def rate(habit: Habit, now: float) -> float:
    """Posts per hour of late: over the last day, or as long as it is known."""
    hours = min(24.0, max(1.0, (now - max(habit.since, habit.first_hour * _HOUR)) / _HOUR))
    begin = int((now - hours * _HOUR) // _HOUR) - habit.first_hour + 1
    return sum(habit.counts[max(begin, 0) :]) / hours


def hottest(rates: Mapping[str, float], most: int) -> tuple[str, ...]:
    """The few sources that post most often, most often first; never one that does not post."""
    ranked = sorted((name for name in rates if rates[name] > 0), key=lambda one: (-rates[one], one))
    return tuple(ranked[:most])


def silence(habit: Habit | None, now: float) -> Silence | None:
    """The silence that is unusual now; None if it is not, or too little is known to say so."""
    if habit is None or now <= habit.last:
        return None
    lasted = now - habit.last
    longest = max(habit.silences.values(), default=0.0)
    if lasted < LONGER * longest:  # most often so, and cheap to see
        return None
    known_since = max(habit.since, habit.first_hour * _HOUR)
    days = (habit.last - known_since) / 86_400
    posts = sum(habit.counts)
    if days < ENOUGH_DAYS or posts < ENOUGH_POSTS:
        return None
    missing = expected(habit, habit.last, now)
    if missing < EXPECTED:
        return None
    reason = (
        f"no post for {_length(lasted)}; by its habit of {days:.0f} days ({posts} posts)"
        f" {missing:.0f} were due, and its longest silence was {_length(longest)}"
    )
    return Silence(datetime.fromtimestamp(habit.last, UTC), reason)


def expected(habit: Habit, begin: float, end: float) -> float:
    """How many posts the hours between two times usually bring, each hour of the day by itself."""
    usual = _by_hour_of_day(habit)
    found, at = 0.0, begin
    while at < end and found < 1000:  # noqa: PLR2004 - enough of them to decide anything
        edge = min((at // _HOUR + 1) * _HOUR, end)
        found += usual[int(at // _HOUR) % 24] * (edge - at) / _HOUR
        at = edge
    return found


def _by_hour_of_day(habit: Habit) -> tuple[float, ...]:
    """Posts in each hour of the day (UTC), on average over the days that are known."""
    posts, hours = [0] * 24, [0] * 24
    last = int(habit.last // _HOUR)
    for offset, count in enumerate(habit.counts[: last - habit.first_hour + 1]):
        hour = (habit.first_hour + offset) % 24
        posts[hour] += count
        hours[hour] += 1
    return tuple(made / seen if seen else 0.0 for made, seen in zip(posts, hours, strict=True))


def _length(seconds: float) -> str:
    minutes = int(seconds // 60)
    if minutes < 120:  # noqa: PLR2004 - two hours
        return f"{minutes} min"
    if minutes < 72 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} days"


def encode(habit: Habit) -> str:
    """The habit as a cursor's value."""
    return msgspec.json.encode(habit).decode()


def decode(text: str | None) -> Habit | None:
    """A cursor's value as a habit; None if there is none or it is unreadable: counted anew."""
    try:
        return msgspec.json.decode(text, type=Habit) if text else None
    except msgspec.MsgspecError:
        return None


def cursor(source: str) -> str:
    """The name of the cursor that holds a source's habit."""
    return f"habit/{source}"
