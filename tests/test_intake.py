"""The collectors' door: group commit, errors to whom they belong, one bad post alone."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor import intake
from monitor.alert import Alert
from monitor.clock import SystemClock
from monitor.correlation.windows import Memory
from monitor.intake import Gate, Waiting, overtaking
from monitor.matching.evaluate import Matcher
from monitor.pipeline import Pipeline
from monitor.post import Post, Received
from monitor.rulebook.book import Rulebook
from monitor.source import Arrival
from monitor.store.archive import find, outcomes
from monitor.store.database import Database
from monitor.store.trouble import DiskFullError
from monitor.store.writer import Writer
from tests.doubles.outbox import make_alert
from tests.patience import PATIENCE

NOW = datetime(2023, 5, 22, 9, 0, tzinfo=UTC)


class Watched(Pipeline):
    """A pipeline that notes its batches and breaks where a test wants it to."""

    def __init__(self) -> None:
        super().__init__(Matcher(Rulebook(hash="x")), Memory())
        self.batches: list[int] = []
        self.looked_at = 0
        self.began, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()
        self.full = 0
        self.alerts: tuple[Alert, ...] = ()

    def may_ring(self, received: Received) -> bool:
        """A post that says alarm may."""
        self.looked_at += 1
        return "alarm" in received.post.text

    def process(
        self,
        db: Database,
        arrivals: Sequence[Arrival],
        now: datetime,
        *,
        suspects: Sequence[Received] = (),  # type: ignore[override]  # narrower is enough here
    ) -> tuple[Alert, ...]:
        """As ever, but a post that says poison breaks its whole batch."""
        posts = [one for arrival in arrivals for one in arrival.posts]
        self.batches.append(len(posts))
        self.began.set()
        self.go_on.wait(10)
        if self.full:
            self.full -= 1
            raise DiskFullError(db.folder)
        if any(one.post.text == "poison" for one in posts) and not suspects:
            raise ValueError("this post breaks its batch")
        super().process(db, arrivals, now, suspects=suspects)
        return self.alerts if any("alarm" in one.post.text for one in posts) else ()


class Door:
    """A gate, its pipeline and its database, running."""

    def __init__(self, folder: Path) -> None:
        self.db = Database.open(folder)
        self.writer = Writer(self.db)
        self.pipeline = Watched()
        self.gate = Gate(
            self.pipeline, self.writer, SystemClock(), cursors={}, committed=lambda _: None
        )
        self.task = asyncio.create_task(self.gate.run())

    async def close(self) -> None:
        """Stop it."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.writer.aclose()


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    """A running gate."""
    one = Door(tmp_path)
    yield one
    await one.close()


def arrival(number: int, *texts: str, source: str = "telegram:some") -> Arrival:
    """Posts with a cursor of their own."""
    posts = tuple(
        Received(
            post=Post(
                source=source, id=f"{number}-{place}", published_at=NOW, observed_at=NOW,
                text=text,
            )
        )
        for place, text in enumerate(texts)
    )  # fmt: skip
    return Arrival(posts=posts, cursors={f"c{number}": str(len(texts))})


async def test_what_has_queued_is_committed_together(door: Door) -> None:
    """Arrivals that come while a batch is written share the next commit."""
    await asyncio.gather(*(door.gate.deliver(arrival(number, "text")) for number in range(50)))
    assert sum(door.pipeline.batches) == 50
    assert len(door.pipeline.batches) < 10
    assert door.gate.cursor("c49") == "1"


async def test_a_full_disk_goes_back_to_the_collector(door: Door) -> None:
    """An arrival without room raises and moves no cursor; handed over again it is stored."""
    door.pipeline.full = 1
    with pytest.raises(DiskFullError):
        await door.gate.deliver(arrival(1, "text"))
    assert door.gate.cursor("c1") is None
    assert door.gate.disk_full.is_set()
    await door.gate.deliver(arrival(1, "text"))
    assert door.gate.cursor("c1") == "1"


async def test_a_post_that_breaks_its_batch_is_found_and_quarantined(door: Door) -> None:
    """The batch's other posts are stored as if it were not there, the cursors move on."""
    await asyncio.gather(
        door.gate.deliver(arrival(1, "good", "poison", "also good")),
        door.gate.deliver(arrival(2, "fine")),
    )
    ended = await door.writer.do(outcomes)
    assert (ended["quarantined"], ended["unmatched"]) == (1, 3)
    bad = await door.writer.do(find, "telegram:some/1-1")
    assert bad is not None
    assert bad.reason == "it broke the batch it came in"
    assert (door.gate.cursor("c1"), door.gate.cursor("c2")) == ("3", "1")


async def test_a_cancelled_collector_harms_nobody(door: Door) -> None:
    """A collector that is stopped while it waits leaves what it handed over, whole."""
    waiting = asyncio.create_task(door.gate.deliver(arrival(1, "text")))
    await asyncio.sleep(0)
    waiting.cancel()
    await door.gate.deliver(arrival(2, "text"))
    await door.gate.drained()
    assert door.gate.cursor("c1") == "1"


@pytest.fixture
def long_breath(monkeypatch: pytest.MonkeyPatch) -> None:
    """A breath that no test survives."""
    monkeypatch.setattr(intake, "BREATH", 1_000.0)


@pytest.mark.usefixtures("long_breath")
async def test_a_lone_source_never_waits(door: Door) -> None:
    """Posts that come one after the other are committed at once, whatever they say."""
    for number in range(5):
        await door.gate.deliver(arrival(number, "text"))
    assert door.pipeline.batches == [1] * 5


@pytest.mark.usefixtures("long_breath")
async def test_an_alarm_overtakes_the_posts_of_other_sources_only(door: Door) -> None:
    """In a stream an alarm is committed at once, behind its own source's posts, before others."""
    door.pipeline.go_on.clear()
    first = asyncio.create_task(door.gate.deliver(arrival(0, "text")))
    assert await asyncio.to_thread(door.pipeline.began.wait, PATIENCE)
    others = asyncio.create_task(door.gate.deliver(arrival(1, "text")))
    own = asyncio.create_task(door.gate.deliver(arrival(2, "text", source="telegram:own")))
    await asyncio.sleep(0.01)
    door.pipeline.go_on.set()
    await first
    await asyncio.sleep(0.05)
    assert not own.done()
    await door.gate.deliver(arrival(3, "alarm", source="telegram:own"))
    assert (own.done(), others.done()) == (True, False)
    await door.gate.drained()
    assert others.done()
    assert door.pipeline.batches == [1, 2, 1]


async def test_posts_wait_while_an_alarm_is_being_sent(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After alerts were stored, posts that nobody waits for leave the processor to the sinks."""
    monkeypatch.setattr(intake, "BREATH", 0.0)
    monkeypatch.setattr(intake, "AFTER_ALERTS", 1_000.0)
    door.pipeline.alerts = (make_alert(1),)
    door.pipeline.go_on.clear()
    first = asyncio.create_task(door.gate.deliver(arrival(0, "text")))
    assert await asyncio.to_thread(door.pipeline.began.wait, PATIENCE)
    others = asyncio.create_task(door.gate.deliver(arrival(1, "text")))
    alarm = asyncio.create_task(door.gate.deliver(arrival(2, "alarm", source="telegram:own")))
    await asyncio.sleep(0.01)
    door.pipeline.go_on.set()
    await asyncio.gather(first, alarm)
    await asyncio.sleep(0.05)
    assert not others.done()
    await door.gate.drained()
    assert others.done()


@pytest.mark.usefixtures("long_breath")
async def test_a_large_arrival_is_not_looked_at_and_does_not_wait(door: Door) -> None:
    """What a source catches up with is a batch by itself."""
    one = asyncio.create_task(door.gate.deliver(arrival(0, "text")))
    two = asyncio.create_task(door.gate.deliver(arrival(1, *["text"] * 50)))
    await asyncio.gather(one, two)
    assert door.pipeline.looked_at == 1


def test_whatever_overtakes_keeps_its_order() -> None:
    """What shares a source or a cursor with a post that hurries stays before it."""
    chains = ("ab", "c", "b", "a", "d", "a")
    queue = [
        Waiting(Arrival(cursors=dict.fromkeys(names, "1")), None, 0.0, number == 3)  # type: ignore[arg-type]  # nobody waits
        for number, names in enumerate(chains)
    ]
    ahead, rest = overtaking(queue)
    assert [queue.index(one) for one in ahead] == [0, 3]
    assert [queue.index(one) for one in rest] == [1, 2, 4, 5]
    ahead, rest = overtaking([one._replace(hurries=place == 2) for place, one in enumerate(queue)])
    assert ["".join(one.arrival.cursors) for one in ahead] == ["ab", "b"]
    assert ["".join(one.arrival.cursors) for one in rest] == ["c", "a", "d", "a"]
