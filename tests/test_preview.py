"""The preview reader against a t.me of our own: every post once, and no ban taken for the truth."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise

import msgspec
import pytest
from structlog.testing import capture_logs

from monitor.source import SourceInfo
from monitor.sources.fetch import Fetch, Limits
from monitor.sources.preview import PreviewOptions, PreviewReader
from monitor.sources.roster import Roster
from monitor.sources.telegram.coverage import began
from monitor.sources.telegram.known import Known
from tests.doubles.intake import Board, Ledger, ManualClock
from tests.doubles.preview_server import PreviewServer
from tests.patience import PATIENCE, ends


class Bench:
    """A reader, what it reads from and what it writes to."""

    def __init__(self, server: PreviewServer, *names: str) -> None:
        self.server = server
        self.names = names
        self.clock = ManualClock()
        self.board = Board()
        self.ledger = Ledger()
        self.reader = self.made()

    def made(self) -> PreviewReader:
        """A reader that starts from the stored cursors, as after a restart."""
        self.fetch = Fetch(self.clock, allow_private=True)
        reader = PreviewReader(
            [SourceInfo(id=f"telegram:{name}") for name in self.names],
            fetch=self.fetch,
            clock=self.clock,
            roster=Roster((), (), self.board),
            rng=random.Random(3),
            options=PreviewOptions(base_url=self.server.base_url, canary="canary"),
        )
        reader.resume(self.ledger)
        return reader

    async def steps(self, count: int) -> None:
        """So many visits."""
        for _ in range(count):
            await self.reader.step(self.ledger)

    async def restart(self) -> None:
        """Forget everything but what is stored."""
        await self.fetch.aclose()
        self.reader = self.made()

    def state(self, name: str = "one") -> str:
        """A channel's state as shown."""
        return self.board.last[f"telegram:{name}"].state


@contextlib.asynccontextmanager
async def bench(*names: str) -> AsyncIterator[Bench]:
    """A bench for these channels; @canary always exists."""
    async with PreviewServer() as server:
        server.channel("canary", posts=3)
        made = Bench(server, *(names or ("one",)))
        try:
            yield made
        finally:
            await made.fetch.aclose()


async def test_first_read_is_history_then_posts_ring() -> None:
    """What is found on the first read is history; what comes later is not."""
    async with bench() as b:
        channel = b.server.channel("One", 4711, posts=30)
        await b.steps(1)
        assert b.ledger.kinds() == [("new", str(n)) for n in range(11, 31)]
        assert all(received.history for received in b.ledger.received())
        channel.post("строка\nдругая", at=b.clock.now())
        await b.steps(1)
        last = b.ledger.received()[-1]
        assert not last.history
        assert last.channel_id == 4711
        assert last.post.source == "telegram:one"
        assert last.post.url == "https://t.me/One/31"
        assert last.post.text == "строка\nдругая"
        assert last.post.edited_at is None
        assert b'data-post="One/31"' in last.raw
        assert b.state() == "ok"


async def test_edits_deletions_and_albums() -> None:
    """A changed text is an edit, an id missed twice a deletion, an album one post."""
    async with bench() as b:
        channel = b.server.channel("one", posts=10)
        await b.steps(1)
        channel.edit(7, "changed")
        channel.delete(4)
        album = channel.post("album", pictures=3)
        before = len(b.ledger.posts())
        await b.steps(1)
        assert b.ledger.kinds()[before:] == [("edit", "7"), ("new", str(album))]
        await b.steps(3)
        assert b.ledger.kinds()[before + 2 :] == [("delete", "4")]
        edit, gone = b.ledger.posts()[before], b.ledger.posts()[-1]
        assert (edit.text, edit.edited_at, edit.observed_at is not None) == ("changed", None, True)
        assert gone.observed_at == gone.published_at
        assert gone.observed_at is not None


async def test_a_gap_is_filled_upward_across_a_restart() -> None:
    """Ninety posts during an absence are read by pages from the cursor up, each once, in order."""
    async with bench() as b:
        channel = b.server.channel("one", posts=5)
        await b.steps(1)
        for _ in range(90):
            channel.post()
        await b.restart()
        await b.steps(3)
        await b.restart()
        await b.steps(6)
        assert b.ledger.kinds() == [("new", str(n)) for n in range(1, 96)]
        assert "/s/one?after=5" in b.server.asked


async def test_a_filling_channel_does_not_hold_up_others() -> None:
    """While one channel catches up, a due one is read in between."""
    async with bench("one", "two") as b:
        first, second = b.server.channel("one", posts=5), b.server.channel("two", posts=5)
        await b.steps(2)
        for _ in range(100):
            first.post()
        second.post("news", at=b.clock.now())
        b.clock.advance(1800)
        await b.steps(4)
        assert "news" in [post.text for post in b.ledger.posts()]
        assert len([1 for post in b.ledger.posts() if post.source == "telegram:one"]) < 100


async def test_an_empty_channel_starts_ringing_with_its_first_post() -> None:
    """A channel without posts, beside a living canary, is ok; its first post is no history."""
    async with bench() as b:
        channel = b.server.channel("one")
        await b.steps(1)
        assert b.state() == "ok"
        channel.post("first")
        await b.steps(1)
        assert [(r.post.text, r.history) for r in b.ledger.received()] == [("first", False)]


@pytest.mark.parametrize(
    ("fault", "everywhere", "state"),
    [
        ("ban", True, "throttled"),
        ("empty", True, "throttled"),
        ("empty", False, "throttled"),
        ("429", False, "throttled"),
        ("403", True, "throttled"),
        ("500", False, "unreachable"),
        ("404", False, "unreachable"),
        ("truncated", False, "unreachable"),
        ("slow", False, "unreachable"),
        ("reset", False, "unreachable"),
        ("garbage", False, "broken_markup"),
        ("ban", False, "not_found"),
    ],
)
async def test_faults_are_told_apart_and_cost_no_post(
    fault: str,
    everywhere: bool,  # noqa: FBT001 - a column of the table
    state: str,
) -> None:
    """Each fault has its state and a hint, deletes nothing, and ends when it ends."""
    async with bench() as b:
        channel = b.server.channel("one", posts=10)
        await b.steps(1)
        stored = len(b.ledger.posts())
        b.server.faults["" if everywhere else "one"] = fault
        if fault == "slow":
            b.fetch._limits = Limits(total=1.0)
        channel.post("meanwhile")
        await b.steps(3)
        assert b.state() == state
        assert b.board.last["telegram:one"].hint
        assert len(b.ledger.posts()) == stored
        b.server.faults.clear()
        b.fetch._limits = Limits()
        await b.steps(1)
        assert b.state() == "ok"
        assert b.ledger.kinds()[stored:] == [("new", "11")]


async def test_beside_an_account_the_preview_only_adds() -> None:
    """A post that is missing is told as a second reader's; an edit while standing in is its own."""
    async with bench() as b:
        channel = b.server.channel("one", posts=10)
        coverage = began(1, 9, range(1, 10))
        known = Known(number=channel.number, coverage=coverage, contacted=True)
        b.ledger.cursors["telegram/telegram:one"] = msgspec.json.encode(known).decode()
        await b.steps(1)
        channel.edit(10, "иначе")
        await b.steps(1)
        told = [(one.post.kind, one.post.id, one.beside) for one in b.ledger.received()]
    assert told == [("new", "10", True), ("edit", "10", False)]


async def test_missing_channels_are_told_apart() -> None:
    """No such channel, an impossible name and a switched-off preview are three states or hints."""
    async with bench("none", "1bad", "closed") as b:
        b.server.channel("closed", posts=3).preview = False
        await b.steps(3)
        assert b.state("none") == "not_found"
        assert b.state("1bad") == "not_found"
        assert "no channel can have this name" in b.board.last["telegram:1bad"].hint
        assert b.state("closed") == "preview_off"


async def test_retry_after_and_bans_hold_all_previews() -> None:
    """429 holds everything for as long as said, a ban for a minute and then longer."""
    async with bench("one", "two") as b:
        b.server.channel("one", posts=3)
        b.server.channel("two", posts=3)
        b.server.faults["one"] = "429"
        await b.steps(1)
        before = b.clock.monotonic()
        await b.steps(1)
        assert 7 <= b.clock.monotonic() - before < 8
        assert b.state("two") == "ok"
        b.server.faults[""] = "ban"
        b.server.faults["one"] = "ban"
        holds = []
        for _ in range(4):
            await b.steps(1)
            before = b.clock.monotonic()
            b.reader._canary_seen = None
            await b.reader._pace.turn()
            holds.append(round(b.clock.monotonic() - before))
        assert holds == [60, 120, 240, 480]


async def test_requests_are_never_closer_than_the_pace() -> None:
    """Over many visits, failures and canaries included, two requests are 2 s apart or more."""
    async with bench("one", "two", "none") as b:
        b.server.channel("one", posts=50)
        b.server.channel("two", posts=3)
        times: list[float] = []
        original = b.fetch.get

        async def noted(*args: object, **options: object) -> object:
            times.append(b.clock.monotonic())
            return await original(*args, **options)  # type: ignore[arg-type] # passed on as given

        b.fetch.get = noted  # type: ignore[method-assign,assignment] # a spy
        await b.steps(25)
        assert len(times) >= 25
        assert min(later - sooner for sooner, later in pairwise(times)) >= 2


async def test_a_hand_over_stops_only_that_source() -> None:
    """Another numeric id under the name stops the source, also after a restart; others go on."""
    async with bench("one", "two") as b:
        channel = b.server.channel("one", 77, posts=5)
        b.server.channel("two", posts=5)
        await b.steps(2)
        stored = len(b.ledger.posts())
        channel.number = 78
        channel.post("by someone else")
        await b.steps(4)
        assert b.state("one") == "handed_over"
        assert "77" in b.board.last["telegram:one"].hint
        assert "78" in b.board.last["telegram:one"].hint
        assert len(b.ledger.posts()) == stored
        asked = b.server.asked.count("/s/one")
        await b.steps(3)
        assert b.server.asked.count("/s/one") == asked
        await b.restart()
        await b.steps(2)
        assert b.state("one") == "handed_over"
        assert len(b.ledger.posts()) == stored


async def test_no_network_is_one_line_a_source() -> None:
    """Without a network each source says so once, tries again with growing pauses to 5 minutes."""
    async with bench("one", "two") as b:
        address = b.server.base_url
        b.server.base_url = "http://127.0.0.1:1"
        await b.restart()
        with capture_logs() as logs:
            begin = b.clock.monotonic()
            await b.steps(16)
        assert b.clock.monotonic() - begin > 600
        lines = [entry["source"] for entry in logs if entry["event"] == "source_unreachable"]
        assert sorted(lines) == ["telegram:one"] * 2 + ["telegram:two"] * 2
        assert all(entry["hint"] for entry in logs)
        b.server.base_url = address


async def test_a_defect_harms_one_channel() -> None:
    """An error of ours in one channel is logged and tried again; the other channels go on."""
    async with bench("one", "two") as b:
        b.server.channel("one", posts=3)
        b.server.channel("two", posts=3)
        b.reader._channels[0].known = "broken"  # type: ignore[assignment] # the defect
        with capture_logs() as logs:
            await b.steps(2)
        assert b.state("one") == "failed"
        assert b.state("two") == "ok"
        assert [entry["log_level"] for entry in logs if entry["event"] == "preview_failed"]


async def test_quiet_channels_are_not_written() -> None:
    """A read that tells nothing new commits nothing."""
    async with bench() as b:
        b.server.channel("one", posts=5)
        await b.steps(6)
        assert len(b.ledger.arrivals) == 1
        assert b.server.asked.count("/s/one") == 6


async def test_busy_channels_are_read_more_often() -> None:
    """Over an hour a busy channel is asked many times, a dead one a few."""
    async with bench("busy", "dead") as b:
        busy, dead = b.server.channel("busy"), b.server.channel("dead")
        for n in range(20):
            busy.post(at=b.clock.now() - timedelta(minutes=20 - n))
            dead.post(at=b.clock.now() - timedelta(days=40 - n))
        end = b.clock.monotonic() + 3600
        while b.clock.monotonic() < end:
            await b.steps(1)
            busy.post(at=b.clock.now())
        assert b.server.asked.count("/s/busy") > 50
        assert b.server.asked.count("/s/dead") <= 4


async def test_run_goes_on_until_cancelled() -> None:
    """`run` reads by itself and stops at once when cancelled, also in the middle of a request."""
    async with bench() as b:
        b.server.channel("one", posts=5)
        task = asyncio.create_task(b.reader.run(b.ledger))
        await asyncio.wait_for(b.ledger.changed.wait(), PATIENCE)
        b.server.faults["one"] = "slow"
        await asyncio.sleep(0.05)
        task.cancel()
        assert await ends(task, 1)
        assert task.cancelled()
        assert len(b.ledger.posts()) == 5
