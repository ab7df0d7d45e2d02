"""Clues as values: none of them changes, however one goes back and forth among them."""

import random
from datetime import UTC, datetime, timedelta

from monitor.correlation.noted import Noted, PostKey, hour
from monitor.watch import Clue, in_order

START = datetime(2023, 5, 22, tzinfo=UTC)


def _clue(draw: random.Random) -> Clue:
    at = START + timedelta(minutes=draw.randrange(200))
    return Clue(
        watch="w", group=(str(draw.randrange(3)),), name="raid", source="telegram:a",
        id=str(draw.randrange(30)), version=1, exercise=False, rule=f"r{draw.randrange(3)}",
        at=at, until=at + timedelta(hours=3), family="a", affiliation="ua", role="media",
    )  # fmt: skip


def _contents(
    noted: Noted,
) -> tuple[dict[str, tuple[Clue, ...]], dict[PostKey, tuple[Clue, ...]], int]:
    """All that a value holds, copied."""
    table = noted.table
    for group in table.groups.values():
        assert group == sorted(group, key=in_order)
        assert all(one.file in table.ends[hour(one.until)] for one in group)
    groups = {file: tuple(group) for file, group in table.groups.items()}
    return groups, dict(table.posts), table.size


def test_no_value_changes() -> None:
    """Each value holds the same when it is asked again, after and before any others."""
    draw = random.Random(6)
    values = [Noted()]
    seen = [_contents(values[0])]
    for _ in range(600):
        base = draw.choice(values[-5:]) if draw.random() < 0.8 else draw.choice(values)
        there = [one for group in base.table.groups.values() for one in group]
        if there and draw.random() < 0.4:
            one = draw.choice(there)
            values.append(base.drop(one.file, one))
        else:
            one = _clue(draw)
            values.append(base.put(one.file, hour(one.until), one))
        seen.append(_contents(values[-1]))
    order = list(range(len(values)))
    draw.shuffle(order)
    for at in order:
        assert _contents(values[at]) == seen[at]


def test_what_is_noted_anew_is_the_same() -> None:
    """A value that was made of another one's clues, as after a restart, finds the same."""
    draw = random.Random(7)
    noted = Noted()
    for _ in range(200):
        one = _clue(draw)
        noted = noted.put(one.file, hour(one.until), one)
    groups, posts, size = _contents(noted)
    again = Noted(one for group in noted.table.groups.values() for one in group)
    assert _contents(again)[0] == groups
    assert again.table.size == size
    assert {key: set(of) for key, of in again.table.posts.items()} == {
        key: set(of) for key, of in posts.items()
    }
