"""Budgets of calls: never more than allowed in any window, floods remembered over restarts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.sources.telegram import budget as b

START = 1_684_746_000.0


def test_a_method_waits_when_its_calls_are_used_up() -> None:
    """The call beyond the rate waits until the oldest one is old enough."""
    used = b.Budget()
    for second in range(10):
        assert b.wait(used, "contacts.resolveUsername", START + second) == 0
        used = b.spent(used, "contacts.resolveUsername", START + second)
    assert b.wait(used, "contacts.resolveUsername", START + 10) == 50
    assert b.wait(used, "messages.getHistory", START + 10) == 0


def test_a_day_has_its_own_limit() -> None:
    """150 resolves a day, however slowly they are made."""
    used, now = b.Budget(), START
    for _ in range(150):
        now += 60
        assert b.wait(used, "contacts.resolveUsername", now) == 0
        used = b.spent(used, "contacts.resolveUsername", now)
    assert b.wait(used, "contacts.resolveUsername", now + 60) == 86_400 - 150 * 60


def test_a_flood_wait_outlives_a_restart() -> None:
    """The deadline is part of the cursor; a shorter wait does not shorten it."""
    used = b.flooded(b.Budget(), "messages.getHistory", 500, START)
    again = b.decode(b.encode(b.flooded(used, "messages.getHistory", 5, START + 1)))
    assert b.wait(again, "messages.getHistory", START + 100) == 400
    assert b.wait(again, "messages.getHistory", START + 500) == 0


def test_an_unreadable_budget_is_a_new_one() -> None:
    """A damaged cursor costs the memory of calls, not the source."""
    assert b.decode("{") == b.Budget()
    assert b.decode(None) == b.Budget()


def test_a_clock_set_back_does_not_block() -> None:
    """Calls that seem to lie in the future hold a method back no longer than its window."""
    used = b.Budget()
    for _ in range(20):
        used = b.spent(used, "messages.getHistory", START + 3600)
    assert b.wait(used, "messages.getHistory", START) <= 30


@given(st.lists(st.floats(0, 20), max_size=120))
def test_no_window_holds_more_than_its_calls(pauses: list[float]) -> None:
    """A caller that waits as told never makes more than 20 history calls in any 30 seconds."""
    used, now, made = b.Budget(), START, []
    for pause in pauses:
        now += pause
        now += b.wait(used, "messages.getHistory", now)
        used = b.spent(used, "messages.getHistory", now)
        made.append(now)
    for index, at in enumerate(made):
        assert sum(at <= other < at + 29.999 for other in made[index:]) <= 20


def test_a_call_counts_from_its_answer_on() -> None:
    """It reached the server at any moment before: while it is under way it counts as made now."""
    method = "messages.getHistory"
    state = b.Budget()
    for _ in range(20):
        state = b.begun(state, method)
    assert b.wait(state, method, 500.0) == pytest.approx(30.0)
    for at in range(20):
        state = b.ended(state, method, 510.0 + at)
    assert b.wait(state, method, 530.0) == pytest.approx(10.0)
    assert not state.under_way


def test_a_killed_call_counts_from_the_restart_on() -> None:
    """What was under way when the process was killed may have reached the server until then."""
    method = "messages.getHistory"
    state = b.Budget()
    for _ in range(20):
        state = b.begun(state, method)
    again = b.resumed(b.decode(b.encode(state)), 700.0)
    assert not again.under_way
    assert b.wait(again, method, 710.0) == pytest.approx(20.0)
