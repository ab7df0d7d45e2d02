"""The preview is asked politely, and each channel as often as it deserves."""

import random
from datetime import UTC, datetime, timedelta

from monitor.sources.preview_pace import Pace
from monitor.sources.rhythm import Pauses, interval
from tests.doubles.intake import ManualClock

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def seeded(seed: int) -> random.Random:
    """The jitter's source."""
    return random.Random(seed)


def every(minutes: float, count: int = 20) -> list[datetime]:
    """Posts at equal distances, the last one now."""
    return [NOON - timedelta(minutes=minutes * n) for n in range(count)]


async def test_requests_are_two_to_four_seconds_apart() -> None:
    """The distance is drawn between the bounds, the same for the same seed."""
    runs = []
    for _ in range(2):
        clock = ManualClock()
        pace = Pace(clock, seeded(7), (2, 4))
        times = []
        for _ in range(50):
            await pace.turn()
            times.append(clock.monotonic())
        runs.append(times)
    gaps = [b - a for a, b in zip(runs[0], runs[0][1:], strict=False)]
    assert min(gaps) >= 2
    assert max(gaps) <= 4
    assert len({round(gap, 3) for gap in gaps}) > 10
    assert runs[0] == runs[1]


async def test_holds_double_until_served() -> None:
    """Unsaid holds double to half an hour; a said one is obeyed; a good page starts over."""
    clock = ManualClock()
    pace = Pace(clock, seeded(1), (2, 4))
    assert [pace.hold() for _ in range(7)] == [60, 120, 240, 480, 960, 1800, 1800]
    pace.served()
    assert pace.hold() == 60
    clock.advance(10_000)
    assert pace.hold(17.0) == 17
    before = clock.monotonic()
    await pace.turn()
    assert clock.monotonic() - before == 17


def test_the_interval_follows_the_channels_rhythm() -> None:
    """Busy channels are read often, quiet ones seldom, within the bounds."""
    assert interval(every(0.2), NOON, 20, 1800) == 20
    assert interval(every(8), NOON, 20, 1800) == 120
    assert interval(every(24 * 60), NOON, 20, 1800) == 1800
    assert interval([], NOON, 20, 1800) == 1800
    assert interval([NOON], NOON, 20, 1800) == 1800


def test_a_burst_is_noticed_and_a_silence_forgotten() -> None:
    """Three quick posts shorten the interval at once; a long silence lengthens it again."""
    slow = [NOON - timedelta(hours=2 * n) for n in range(1, 15)]
    burst = [*slow, *(NOON - timedelta(seconds=30 * n) for n in range(3))]
    assert interval(burst, NOON, 20, 1800) == 20
    assert interval(burst, NOON + timedelta(hours=3), 20, 1800) == 1350


def test_pauses_grow_and_speak_seldom() -> None:
    """5 s to 5 min; failures 1, 4, 16, 64 are worth a line."""
    pauses = Pauses()
    said = []
    waits = []
    for count in range(1, 70):
        waits.append(pauses.longer())
        if pauses.worth_saying():
            said.append(count)
    assert waits[:8] == [5, 10, 20, 40, 80, 160, 300, 300]
    assert said == [1, 4, 16, 64]
    pauses.over()
    assert not pauses.worth_saying()
    assert pauses.longer() == 5
