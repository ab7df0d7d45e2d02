"""What is due when, as a value: none changes, however one goes back and forth among them."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.correlation.calendar import Calendar, Due, enter, is_quiet, passed, strike

START = datetime(2023, 5, 22, tzinfo=UTC)
CHANGES = st.lists(
    st.tuples(st.booleans(), st.integers(0, 400), st.sampled_from("abc")), max_size=25
)


def _due(calendar: Calendar, minutes: float) -> list[Due]:
    """Everything due within so many minutes after the start."""
    return passed(calendar, START + timedelta(minutes=minutes))[1]


@given(CHANGES, st.data())
@settings(max_examples=200)
def test_no_calendar_changes(changes: list[tuple[bool, int, str]], data: st.DataObject) -> None:
    """Whichever calendar is changed or asked, in any order, each shows what was entered in it."""
    made: list[tuple[Calendar, frozenset[Due]]] = [(Calendar(), frozenset())]
    for there, seconds, name in changes:
        before, plain = data.draw(st.sampled_from(made))
        due = START + timedelta(seconds=20 * seconds)
        if there:
            made.append((enter(before, due, name), plain | {(due, name)}))
        else:
            made.append((strike(before, due, name), plain - {(due, name)}))
    for calendar, plain in data.draw(st.permutations(made)):
        assert _due(calendar, 1e6) == sorted(plain)
        assert _due(calendar, 60) == sorted(
            one for one in plain if one[0] <= START + timedelta(minutes=60)
        )


def test_after_what_has_passed_the_first_is_known_again() -> None:
    """Struck out, the first one is still looked for once; then it is quiet until the next."""
    first, next_ = START + timedelta(minutes=3), START + timedelta(minutes=90)
    calendar = strike(enter(enter(Calendar(), first, "a"), next_, "b"), first, "a")
    assert not is_quiet(calendar, first)
    calendar, found = passed(calendar, first)
    assert found == []
    assert is_quiet(calendar, next_ - timedelta(seconds=1))
    assert passed(calendar, next_)[1] == [(next_, "b")]
