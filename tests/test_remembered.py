"""What a start reads of what is over: the days that can still be repeated, nothing older."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.batch import FLOORS, FLOORS_IN_HOURS, remembered
from monitor.correlation.windows import Past
from monitor.incident import Support
from monitor.store.database import Database
from tests.storing import START, at, incident, received, store, support


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """A state with an incident of long ago and one of today, both over."""
    opened = Database.open(tmp_path / "state", ballast=0)
    old = START - timedelta(days=30)
    store(
        opened,
        received("1"),
        received("2"),
        incidents=(
            incident("i1", open=False, updated_at=old),
            incident("i2", open=False),
        ),
        supports=(support("i1", "1", published_at=old), support("i2", "2")),
    )
    yield opened
    opened.close()


def known(db: Database) -> list[str]:
    """Which posts a start knows for their copies."""
    table = remembered(db).real.repeats.table
    return sorted(one.support.id for one in table.known.values())


def read_of_the_past(db: Database, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which posts of what is over a start reads from the disk."""
    read: list[str] = []

    def past(topic: str, one: Support) -> Past:
        read.append(one.id)
        return Past(topic, one)

    monkeypatch.setattr("monitor.batch.Past", past)
    remembered(db)
    return sorted(read)


def minutes() -> int:
    """The floor of a daemon that runs at the start of the scenario: two days before."""
    return int((at(0) - timedelta(days=2)).timestamp() // 60)


def test_only_the_last_days_are_read_whatever_the_exercises_have_seen(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A state that has never had an exercise reads no more of what is over than its real days."""
    assert read_of_the_past(db, monkeypatch) == ["1", "2"]
    store(db, facts={FLOORS[False]: str(minutes())})
    assert read_of_the_past(db, monkeypatch) == ["2"]
    assert known(db) == ["2"]


def test_an_older_state_s_floor_is_understood(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A floor in hours, as states had it before, is that moment until there is one in minutes."""
    store(db, facts={FLOORS_IN_HOURS[False]: str(minutes() // 60)})
    assert remembered(db).real.repeats.floor == minutes() // 60 * 60
    assert read_of_the_past(db, monkeypatch) == ["2"]
    store(db, facts={FLOORS[False]: str(minutes() + 7)})
    assert remembered(db).real.repeats.floor == minutes() + 7
