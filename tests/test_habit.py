"""A source that falls silent against its own habit is told, with what speaks for it."""

import random
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from monitor import habit as h

START = datetime(2023, 5, 1, tzinfo=UTC).timestamp()  # a Monday
HOUR, DAY = 3600.0, 86_400.0


def posts(days: int, hours: range = range(6, 22), rest: tuple[int, ...] = ()) -> list[float]:
    """Two posts in each waking hour of each day; none on the weekdays of `rest` (0 = Monday)."""
    return [
        START + day * DAY + hour * HOUR + minute * 60
        for day in range(days)
        if day % 7 not in rest
        for hour in hours
        for minute in (10, 40)
    ]


def known(times: list[float]) -> h.Habit:
    """The habit that these posts make."""
    made = h.counted(None, times, max(times))
    assert made is not None
    return made


def test_nights_are_no_silence_and_a_missed_morning_is() -> None:
    """Eight hours of night say nothing; when the day's posts do not come either, that is told."""
    habit = known(posts(10))
    night_over = START + 10 * DAY + 6 * HOUR
    assert h.silence(habit, night_over) is None
    found = h.silence(habit, night_over + 8 * HOUR)
    assert found is not None
    assert "no post for 16 h 20 min" in found.reason
    assert "its longest silence was 8 h 30 min" in found.reason
    assert "17 were due" in found.reason


def test_a_post_ends_the_silence() -> None:
    """As soon as it posts again nothing is unusual."""
    habit = known(posts(10))
    later = START + 12 * DAY
    assert h.silence(habit, later)
    assert h.silence(h.counted(habit, [later], later), later + HOUR) is None


def test_weekends_are_a_habit_too() -> None:
    """A newsroom that rests at weekends is not reported on Sunday, but on Tuesday."""
    habit = known(posts(12, rest=(5, 6)))  # Monday to the second Friday
    assert h.silence(habit, START + 13 * DAY + 20 * HOUR) is None
    assert h.silence(habit, START + 15 * DAY + 20 * HOUR)


def test_too_little_history_says_nothing() -> None:
    """Six days, or few posts, are not enough to call anything a habit."""
    assert h.silence(known(posts(6)), START + 30 * DAY) is None
    rare = [START + day * DAY for day in range(13)]
    assert h.silence(known(rare), START + 60 * DAY) is None
    assert h.silence(None, START) is None


def test_only_two_weeks_are_kept() -> None:
    """What is kept is bounded, whatever the order in which years of posts come."""
    times = posts(400)
    forward = known(times)
    shuffled = list(times)
    random.Random(5).shuffle(shuffled)
    mixed = None
    for at in shuffled:
        mixed = h.counted(mixed, [at], times[-1])
    assert mixed is not None
    assert len(forward.counts) <= h.HOURS
    assert mixed.counts == forward.counts
    assert len(forward.silences) <= 15
    assert len(h.encode(forward)) < 2500
    assert h.decode(h.encode(forward)) == forward
    assert h.decode("{") is None


def test_the_hottest_are_chosen_by_rate() -> None:
    """Who posts most comes first, and who does not post never."""
    now = START + 3 * DAY
    busy = h.counted(None, [now - n * 60 for n in range(200)], now)
    calm = h.counted(None, [now - n * HOUR for n in range(30)], now)
    old = h.counted(None, [START], now)
    rates = {
        name: h.rate(one, now)
        for name, one in (("old", old), ("busy", busy), ("calm", calm))
        if one
    }
    assert h.hottest(rates, 2) == ("busy", "calm")
    assert h.hottest(rates, 5) == ("busy", "calm")


@given(st.lists(st.floats(START, START + 20 * DAY), min_size=1, max_size=80), st.floats(0, 20))
def test_any_times_make_a_habit(times: list[float], days: float) -> None:
    """Whatever comes, counts are never negative, and no more than the posts."""
    now = START + days * DAY
    habit = h.counted(None, times, now)
    assert habit is not None
    assert min(habit.counts) >= 0
    assert sum(habit.counts) <= len(times)
    assert habit.since <= habit.last <= max(now, START)
    h.silence(habit, now)
