"""A map as a value, whichever version of it is asked."""

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.correlation.kept import Kept

CHANGES = st.lists(st.tuples(st.integers(0, 5), st.none() | st.integers(0, 3)), max_size=20)


@given(CHANGES, st.data())
@settings(max_examples=200)
def test_every_map_of_a_history_stays_as_it_was(
    changes: list[tuple[int, int | None]], data: st.DataObject
) -> None:
    """Whichever map is changed or asked, in any order, each shows what it was made of."""
    made: list[tuple[Kept[int, int], dict[int, int]]] = [(Kept(), {})]
    for key, value in changes:
        before, plain = data.draw(st.sampled_from(made))
        after = before.discard(key) if value is None else before.insert(key, value)
        left = {one: of for one, of in plain.items() if one != key}
        made.append((after, left if value is None else left | {key: value}))
    for kept, plain in data.draw(st.permutations(made)):
        assert kept == plain
        assert (len(kept), set(kept), sorted(kept.values())) == (
            len(plain), set(plain), sorted(plain.values()),
        )  # fmt: skip
        assert dict(kept.items()) == plain
        for key in range(7):
            assert kept.get(key, "none") == plain.get(key, "none")
            assert (key in kept) == (key in plain)


def test_a_long_history_is_gone_back_without_recursion() -> None:
    """A map asked again after 100,000 changes is as it was, and letting them go is harmless."""
    first: Kept[int, int] = Kept({-1: 1})
    last = first
    for number in range(100_000):
        last = last.insert(number % 1000, number)
    assert dict(first.items()) == {-1: 1}
    assert len(last) == 1001
    del first, last
