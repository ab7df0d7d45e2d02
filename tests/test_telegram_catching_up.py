"""Whose page is listed next, and when what nobody told counts as found."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from monitor.clock import SystemClock
from monitor.source import SourceInfo
from monitor.sources.telegram.catching_up import CatchingUp
from monitor.sources.telegram.coverage import Coverage, gaps, listed
from monitor.sources.telegram.known import NEAR, Known, searched, sought
from monitor.sources.telegram.listing import PAGE, Lister
from monitor.sources.telegram.register import Register, Step, Watched
from tests.doubles.intake import Board, Ledger
from tests.doubles.telegram.bench import STEADY, Bench, signed_in
from tests.doubles.telegram.campaign import Collector
from tests.doubles.telegram.client import run_key
from tests.doubles.telegram.control import started
from tests.patience import PATIENCE

NAMES = ("one", "two", "three")
SOUGHT = (1200, 1000)
"""The newest event and id that the server told."""
READ = Known(
    number=1,
    coverage=Coverage(floor=1, head=1000, covered=((1, 1000),)),
    contacted=True,
    events=((1, 900),),
    settled=800,
    relisted_at=1e12,
)


class Pages(Lister):
    """A lister that knows what so many pages say, and keeps who was asked for which."""

    def __init__(self, register: Register, pages: int) -> None:
        self._register = register
        self._pages = pages
        self.asked: list[tuple[str, str]] = []
        self.done = asyncio.Event()

    async def _ask(self, what: str, watched: Watched) -> None:
        if len(self.asked) == self._pages:
            self.done.set()
            await asyncio.Event().wait()
        self.asked.append((what, watched.name))

    async def fill(self, watched: Watched) -> int:
        """The next hundred ids of the oldest gap."""
        await self._ask("fill", watched)
        first, last = gaps(watched.coverage or READ.coverage)[0]
        span = (first, min(last, first + PAGE - 1))

        def change(before: Coverage | None) -> Coverage:
            return listed(before or READ.coverage, span, ())

        await self._register.keep([Step(watched, (), change, listed_at=time.time())])
        return 0

    async def search(self, watched: Watched) -> bool:
        """All that was left."""
        await self._ask("search", watched)
        step = Step(watched, (), _same, told=SOUGHT, read=(1, 1000), as_of=SOUGHT[0])
        await self._register.keep([step])
        return True


async def caught_up(intake: Ledger, known: dict[str, Known], pages: int) -> list[tuple[str, str]]:
    """The first pages that a connection asks for; channels are known as stored, or as given."""
    infos = [SourceInfo(id=f"telegram:{name}", via=("account",)) for name in NAMES]
    register = Register("one", infos, intake, SystemClock(), Board())
    for watched in register.channels:
        watched.known = known.get(watched.name, watched.known)
        watched.pts, watched.told = SOUGHT
    lister = Pages(register, pages)
    catching_up = CatchingUp(lister, register, SystemClock(), _plainly, again=(1e12, 1.0))
    for watched in register.channels:
        catching_up.add(watched)
    running = asyncio.create_task(catching_up.run())
    async with asyncio.timeout(PATIENCE):
        await lister.done.wait()
    running.cancel()
    await asyncio.wait([running])
    return lister.asked


async def test_gaps_come_before_the_search_for_edits() -> None:
    """No edit is searched for while a post is missing; who was listed longest ago comes first."""
    asked = await caught_up(
        Ledger(),
        {
            "one": READ,
            "two": missing(250, listed_at=9.0),
            "three": missing(1, listed_at=8.0),
        },
        pages=5,
    )
    assert asked[:4] == [("fill", "three"), *[("fill", "two")] * 3]
    assert asked[4][0] == "search"


async def test_who_misses_much_gets_its_turn() -> None:
    """Two channels with gaps are listed in turn, whichever misses less."""
    asked = await caught_up(Ledger(), {"two": missing(900), "three": missing(200)}, pages=4)
    assert sorted(asked[:2]) == sorted(asked[2:]) == [("fill", "three"), ("fill", "two")]


async def test_a_restart_goes_on_with_who_has_waited() -> None:
    """A collector that is killed after every page still lists every channel."""
    intake = Ledger()
    known = {name: missing(900) for name in NAMES}
    asked = []
    for _ in NAMES:
        asked += await caught_up(intake, known, pages=1)
        known = {
            name: kept
            for name, kept in known.items()
            if intake.cursor(f"telegram/telegram:{name}") is None
        }
    assert {name for _, name in asked} == set(NAMES)


def missing(posts: int, listed_at: float = 0.0) -> Known:
    """A channel that misses its newest so many posts."""
    coverage = Coverage(floor=1, head=1000, covered=((1, 1000 - posts),))
    return msgspec.structs.replace(READ, coverage=coverage, listed_at=listed_at)


def test_a_hole_is_closed_when_all_was_read() -> None:
    """Every id since there was no hole has to be told as of the missing event; over restarts."""
    began = searched(READ, SOUGHT, None, 0)
    assert began.search is not None
    assert began.search.left == ((800 - NEAR, 1000),)
    stale = searched(began, (0, 0), (1, 1000), SOUGHT[0] - 1)
    assert stale == began
    half = searched(began, (0, 0), (700, 899), SOUGHT[0])
    assert (half.settled, half.events) == (READ.settled, READ.events)
    again = msgspec.json.decode(msgspec.json.encode(half), type=Known)
    done = searched(again, (1300, 1050), (900, 1000), SOUGHT[0] + 40)
    assert (done.settled, done.events, done.search) == (1000, ((1, 1200),), None)
    assert sought(done, (1300, 1050)) is not None


def test_pushes_that_come_late_end_a_search() -> None:
    """When the missing events are told after all, nothing is left to be searched."""
    began = searched(READ, SOUGHT, None, 0)
    told = searched(msgspec.structs.replace(began, events=((1, 1200),)), (0, 0), None, 0)
    assert (told.search, told.settled) == (None, 1000)


def test_a_channel_that_was_empty_is_searched_from_its_beginning() -> None:
    """Where there never was a time without a hole, all that is watched may have changed."""
    search = sought(msgspec.structs.replace(READ, settled=0), SOUGHT)
    assert search is not None
    assert search.left == ((1, 1000),)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """A running double, and an account signed in."""
    async with started(run_key()) as telegram:
        yield await signed_in(telegram, tmp_path)


async def test_edits_far_back_are_found_after_a_restart(bench: Bench) -> None:
    """An edit, and thirty deletions, that nobody pushed, in a channel that was empty when met."""
    telegram = bench.telegram
    channel = await telegram.create_channel("Пусто", "empty", members=[bench.account.id])
    bench.names = ["empty"]
    async with bench.collecting(msgspec.structs.replace(STEADY, sweep_every=600.0)):
        await bench.ready()
        await telegram.post_many(channel, [{"text": f"до правки {n}"} for n in range(350)])
        await bench.until(["до правки 349"])
        await telegram.edit(channel, 5, text="после правки", push=False)
        await telegram.delete(channel, list(range(20, 50)), push=False)
    async with bench.collecting():
        await bench.until(lambda: ("delete", "49") in bench.intake.kinds())
        await bench.until(lambda: ("edit", "5") in bench.intake.kinds())
    assert sum(kind == "delete" for kind, _ in bench.intake.kinds()) == 30


def _same(before: Coverage | None) -> Coverage:
    return before or READ.coverage


async def _plainly(watched: Watched, do: Callable[[Watched], Awaitable[None]]) -> None:
    await do(watched)


async def test_a_reaction_hides_no_edit(tmp_path: Path) -> None:
    """Edits before and after a reaction are stored, though it makes the post look unedited.

    And though the server's clock is behind ours: edits are ordered by its time alone.
    """
    async with started(run_key()) as telegram:
        bench = await signed_in(telegram, tmp_path)
        await telegram.set_clock(ahead=-30)
        collector = Collector(telegram, tmp_path, bench.file, bench.names)
        await collector.start()
        async with asyncio.timeout(PATIENCE):
            while not any(one["updates"] for one in await telegram.lines()):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
            number = await telegram.post(bench.channel, "первое")
            await telegram.edit(bench.channel, number, text="второе", push=False)
            await telegram.react(bench.channel, number)
            await _holds(collector, number, "второе")
            await telegram.edit(bench.channel, number, text="третье")
            await _holds(collector, number, "третье")
        await collector.kill()


async def _holds(collector: Collector, number: int, text: str) -> None:
    """Wait until a post is stored with a text."""
    texts: list[str] = []
    while text not in texts:
        await asyncio.sleep(0.05)
        texts = [one.text for (_, name), one in collector.stored().items() if name == str(number)]
