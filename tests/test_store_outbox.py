"""The outbox as the sinks see it, and the thread that writes."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from monitor.store.archive import find, outcomes, stored_after, verify_chain
from monitor.store.commit import Work, commit
from monitor.store.database import Database
from monitor.store.deliveries import Delivery, DeliveryState, dead_letters, deliveries_of
from monitor.store.head import newest_alert
from monitor.store.incidents import open_incidents
from monitor.store.outbox import Outbox, first_since, position
from monitor.store.posts import admit
from monitor.store.retention import Expired, expire
from monitor.store.trouble import DiskFullError
from monitor.store.writer import Writer
from tests.patience import PATIENCE
from tests.storing import Keep, alert, at, incident, received, store, support


@pytest.fixture
async def writer(tmp_path: Path) -> AsyncIterator[Writer]:
    """A writer on a fresh store."""
    writer = Writer(Database.open(tmp_path / "state", ballast=0))
    yield writer
    await writer.aclose()


@pytest.fixture
async def outbox(writer: Writer) -> AsyncIterator[Outbox]:
    """The outbox of that store."""
    outbox = Outbox(writer)
    yield outbox
    await outbox.aclose()


async def put(writer: Writer, outbox: Outbox, ordinal: int, minute: float = 0) -> int:
    """Commit one alert and tell the outbox."""
    (stored,) = await writer.do(commit, Work(alerts=(alert(ordinal),)), at(minute))
    outbox.committed(stored.sequence)
    return stored.sequence


async def test_after_and_newest(writer: Writer, outbox: Outbox) -> None:
    """A sink reads what is behind its position, in order, at most as many as it asks for."""
    assert (await outbox.newest(), list(await outbox.after(0, 10))) == (0, [])
    for ordinal in range(1, 6):
        await put(writer, outbox, ordinal)
    assert [one.sequence for one in await outbox.after(2, 2)] == [3, 4]
    assert await outbox.newest() == 5


def test_a_new_sink_skips_nothing_that_is_stored_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An alert that is committed while a sink asks where to begin lies behind that point."""
    db = Database.open(tmp_path / "s", ballast=0)
    asked = db.rows

    def rows(sql: str, values: Sequence[object] = ()) -> list[Any]:
        found = asked(sql, values)
        if "min(sequence)" in sql:
            commit(db, Work(alerts=(alert(1),)), at(0))
        return found

    monkeypatch.setattr(db, "rows", rows)
    assert first_since(db, at(-1)) == 0
    db.close()


async def test_what_was_just_stored_is_handed_over_without_asking_the_disk(
    writer: Writer, outbox: Outbox
) -> None:
    """Alerts told with their commit are what a reader finds; others stored in between are read."""
    first = await writer.do(commit, Work(alerts=(alert(1), alert(2))), at(1))
    outbox.stored(first)
    assert (await outbox.after(1, 10))[0] is first[1]
    assert await outbox.after(0, 1) == first[:1]
    await put(writer, outbox, 3)  # somebody who tells only how far
    assert [one.sequence for one in await outbox.after(2, 10)] == [3]
    last = await writer.do(commit, Work(alerts=(alert(4),)), at(4))
    outbox.stored(last)
    assert (await outbox.after(3, 10))[0] is last[0]
    read = await outbox.after(0, 10)
    assert [one.sequence for one in read] == [1, 2, 3, 4]
    assert (read[:2], read[3:]) == (first, last)


async def test_first_since(writer: Writer, outbox: Outbox) -> None:
    """The sequence before the first alert created at or after a moment; the newest if none was."""
    for ordinal in range(1, 4):
        await put(writer, outbox, ordinal, ordinal * 10)
    assert await outbox.first_since(at(0)) == 0
    assert await outbox.first_since(at(20)) == 1
    assert await outbox.first_since(at(20.5)) == 2
    assert await outbox.first_since(at(31)) == 3


async def test_waiting(writer: Writer, outbox: Outbox) -> None:
    """A waiting sink wakes as soon as an alert behind its position is committed, not before."""
    await put(writer, outbox, 1)
    await asyncio.wait_for(outbox.wait_beyond(0), PATIENCE)
    waiting = [asyncio.create_task(outbox.wait_beyond(place)) for place in (1, 1, 2)]
    await asyncio.sleep(0.05)
    assert not any(task.done() for task in waiting)
    await put(writer, outbox, 2)
    await asyncio.wait_for(asyncio.gather(*waiting[:2]), PATIENCE)
    assert not waiting[2].done()
    await put(writer, outbox, 3)
    await asyncio.wait_for(waiting[2], PATIENCE)


async def test_a_position_and_its_deliveries(writer: Writer, outbox: Outbox) -> None:
    """A sink's position, state and deliveries are stored together; state None keeps the old one."""
    assert await outbox.position("chat") is None
    first = Delivery(1, "a1", "i1", "delivered", 2, at(1), "77", "ok")
    await outbox.record("chat", 1, [first], {"epoch": 2, "seen": [1, 2]})
    await outbox.record("chat", 3, [Delivery(3, "a3", "i1", "uncertain", 1, at(3))])
    assert await outbox.position("chat") == (3, {"epoch": 2, "seen": [1, 2]})
    assert await outbox.last_delivery("chat", "i1") == first
    assert await outbox.last_delivery("chat", "i2") is None
    again = Delivery(3, "a3", "i1", "delivered", 2, at(4), "78")
    await outbox.record("chat", 3, [again])
    assert await outbox.last_delivery("chat", "i1") == again
    assert await writer.do(deliveries_of, "a3") == (("chat", again),)
    assert await outbox.position("bus") is None


async def test_dead_letters(writer: Writer, outbox: Outbox) -> None:
    """What was refused or given up is listed, newest first."""
    states: tuple[DeliveryState, ...] = (
        "delivered",
        "dead",
        "muted",
        "refused",
        "uncertain",
    )
    for number, state in enumerate(states, 1):
        delivery = Delivery(number, f"a{number}", "i", state, 1, at(number))
        await outbox.record("chat", number, [delivery])
    letters = await writer.do(dead_letters)
    assert [(sink, one.sequence, one.state) for sink, one in letters] == [
        ("chat", 4, "refused"), ("chat", 2, "dead"),
    ]  # fmt: skip


async def test_order_and_errors_of_the_writer(writer: Writer) -> None:
    """Functions run one at a time, in order, in one thread, and their errors come back."""
    ran: list[tuple[int, int]] = []

    def note(db: Database, number: int) -> int:
        del db
        time.sleep(0.001)
        ran.append((number, threading.get_ident()))
        return number

    def fail(db: Database) -> None:
        del db
        raise KeyError("gone")

    numbers = await asyncio.gather(*(writer.do(note, number) for number in range(20)))
    assert numbers == [number for number, _ in ran] == list(range(20))
    assert {thread for _, thread in ran} == {ran[0][1]} != {threading.get_ident()}
    with pytest.raises(KeyError, match="gone"):
        await writer.do(fail)
    assert await writer.do(note, 99) == 99


async def test_the_loop_is_never_blocked(writer: Writer) -> None:
    """While the disk is slow, the event loop goes on turning."""
    slow = threading.Event()
    writing = asyncio.create_task(writer.do(lambda _: slow.wait(PATIENCE)))
    for _ in range(100):
        await asyncio.sleep(0.001)
    assert not writing.done()
    slow.set()
    assert await writing


async def test_a_stop_finishes_what_was_handed_over(tmp_path: Path) -> None:
    """A stop lets the queue run out, closes the database and lets go of the lock."""
    writer = Writer(Database.open(tmp_path / "state", ballast=0))
    slow = asyncio.create_task(writer.do(lambda _: time.sleep(0.1)))
    last = asyncio.create_task(writer.do(commit, Work(cursors={"a": "1"}), at(0)))
    await asyncio.sleep(0.01)
    await writer.aclose()
    await writer.aclose()
    await asyncio.gather(slow, last)
    with pytest.raises(RuntimeError, match="closed"):
        await writer.do(open_incidents)
    db = Database.open(tmp_path / "state", ballast=0)
    assert db.rows("SELECT value FROM cursors") == [("1",)]
    db.close()


async def test_a_failed_commit_shows_nothing(writer: Writer, outbox: Outbox) -> None:
    """While a commit fails no reader sees any of it; handed over again it is stored once."""
    db = writer.database
    broken = True

    def hook(step: str) -> None:
        if step == "commit" and broken:
            raise DiskFullError(db.folder)

    db.on_step = hook
    admitted = await writer.do(admit, [received("1")], at(0))
    assert len(admitted) == 1
    work = Work(alerts=(alert(1),), cursors={"c": "1"})
    for _ in range(3):
        with pytest.raises(DiskFullError):
            await writer.do(commit, work, at(1))
        assert await outbox.newest() == 0
        assert list(await outbox.after(0, 5)) == []
    broken = False
    (stored,) = await writer.do(commit, work, at(2))
    assert (stored.sequence, await outbox.newest()) == (1, 1)


def slices(db: Database, days: float, sinks: tuple[str, ...] | None = None) -> Expired:
    """Everything that is due after some days, slice by slice."""
    total = Expired()
    while True:
        gone = expire(db, at(days * 24 * 60), Keep(), sinks)
        total.posts += gone.posts
        total.alerts += gone.alerts
        total.deliveries += gone.deliveries
        total.incidents += gone.incidents
        if not gone.more:
            return total


async def test_texts_expire_and_keys_stay(writer: Writer) -> None:
    """Unmatched texts go after 14 days, matched ones after 90; re-read they are not new."""
    db = writer.database
    store(db, received("1", "шум", raw=b"raw"), received("2", "шум 2", observed=60 * 24))
    store(db, received("3"), outcome="alerted")
    assert slices(db, 13).posts == 0
    assert slices(db, 14.5).posts == 1
    assert slices(db, 89).posts == 1
    one, _, three = stored_after(db, 0)
    assert one.expired
    assert three.post is not None
    kept = find(db, "telegram:vvgladkov/1")
    assert kept is not None
    assert (kept.expired, kept.name.version) == (True, 1)
    assert admit(db, [received("1", "шум")], at(1)) == []
    (edit,) = admit(db, [received("1", "другое", observed=99)], at(1))
    assert (edit.name.version, edit.previous) == (2, None)
    assert edit.previous_name is not None
    assert slices(db, 91).posts == 1
    assert verify_chain(db) is None


async def test_no_sink_loses_what_it_has_not_passed(writer: Writer, outbox: Outbox) -> None:
    """Alerts expire after 7 days, but only behind the slowest sink; no sequence is given twice."""
    db = writer.database
    for ordinal in range(1, 5):
        await put(writer, outbox, ordinal)
    await outbox.record("bus", 4, [])
    await outbox.record("chat", 2, [])
    assert slices(db, 6).alerts == 0
    assert slices(db, 8, ("bus", "chat", "new")).alerts == 0
    assert slices(db, 8).alerts == 2
    assert [one.sequence for one in await outbox.after(0, 9)] == [3, 4]
    assert slices(db, 8, ("bus",)).alerts == 2
    assert await outbox.newest() == 4
    await writer.aclose()
    fresh = Database.open(db.folder, ballast=0)
    assert commit(fresh, Work(alerts=(alert(9),)), at(9))[0].sequence == 5
    fresh.close()


async def test_open_incidents_outlive_everything(writer: Writer, outbox: Outbox) -> None:
    """An open incident, its supports and its chat message stay; a closed one's go."""
    db = writer.database
    work = Work(
        incidents=(incident("i1"), incident("i2", open=False)),
        supports=(support("i1", "1"), support("i2", "2")),
        alerts=(alert(1, "i1"), alert(1, "i2")),
    )
    commit(db, work, at(0))
    for number, name in ((1, "i1"), (2, "i2")):
        delivery = Delivery(number, f"a{number}", name, "delivered", 1, at(1), str(number))
        await outbox.record("chat", 2, [delivery])
    gone = slices(db, 100)
    assert (gone.alerts, gone.deliveries, gone.incidents) == (2, 1, 1)
    assert open_incidents(db) == ((incident("i1"),), (support("i1", "1"),))
    last = await outbox.last_delivery("chat", "i1")
    assert last is not None
    assert last.reference == "1"
    assert await outbox.last_delivery("chat", "i2") is None
    assert position(db, "chat") == (2, {})


async def test_expiry_is_done_in_slices(writer: Writer) -> None:
    """Many posts expire in several short transactions, between which others can write."""
    db = writer.database
    text = "слово " * 400
    for start in range(0, 12000, 1000):
        batch = [
            received(str(n), f"{text}{n}", raw=b"x" * 3000) for n in range(start, start + 1000)
        ]
        store(db, *batch)
    more = True
    while more:
        gone = expire(db, at(0) + timedelta(days=30), Keep())
        assert sum(outcomes(db).values()) == 12000
        assert gone.total <= 200
        more = gone.more
    assert all(one.expired for one in stored_after(db, 0, 12000))


def test_a_commit_between_two_questions_is_no_damage(tmp_path: Path) -> None:
    """A reader that asks while an alert is being committed does not take the state for damaged."""
    db = Database.open(tmp_path)
    reader = Database.open(tmp_path, readonly=True)

    class Asking:
        """Commits an alert right after the first question."""

        asked = 0

        def execute(self, sql: str, values: Sequence[object] = ()) -> Any:
            found = reader.connection.execute(sql, values).fetchall()
            self.asked += 1
            if self.asked == 1:
                store(db, received("1"), alerts=(alert(),))
            return SimpleNamespace(fetchone=lambda: found[0] if found else None)

    asking: Any = Asking()
    assert newest_alert(asking) in {0, 1}
    assert asking.asked == 2
    reader.close()
    db.close()
