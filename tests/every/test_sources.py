"""What every collector promises, each run against the real thing on loopback or a real file."""

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Protocol, get_args

import msgspec
import pytest
from aiohttp import web

from monitor.clock import SystemClock
from monitor.source import Intake, SourceInfo, SourceState
from monitor.sources import SOURCES
from monitor.sources.feed import FeedOptions, FeedReader
from monitor.sources.fetch import Fetch
from monitor.sources.preview import PreviewOptions, PreviewReader
from monitor.sources.recording import Playback, Recording
from monitor.sources.roster import Roster
from tests.doubles.intake import Board, Ledger, ManualClock
from tests.doubles.preview_server import PreviewServer
from tests.patience import PATIENCE, ends

HOSTILE = [
    "a\0b",
    "\u202egnirts \u2066x\u2069",
    "e" + "\u0301" * 100_000,
    "\ufdfa" * 100_000,
    "<a " * 20_000,
    "<script>alert(1)</script> & ]]> <!-- {{7*7}} ${x} '; DROP TABLE posts; --",
    "x" * 1_000_000,
    "\U0001f469\u200d\U0001f467 \U0001f3f4\U000e0067 \u03a9\u2248\u00e7\u221a \u2066",
    "   ",
    "ДРГ в Грайвороне",
]


class Source(Protocol):
    """What the tests need of a collector."""

    name: str

    async def run(self, intake: Intake) -> None:
        """Run until cancelled or finished."""


@dataclass
class Rig:
    """A collector's world: `made` builds it anew as after a restart, `truth` is what it must find.

    `before` are the cursors with which it starts; `board` hears its health.
    """

    made: Callable[[], Source]
    truth: list[str]
    board: Board
    before: dict[str, str]


Build = Callable[[Path, Sequence[str]], AbstractAsyncContextManager[Rig]]


@contextlib.asynccontextmanager
async def recording(folder: Path, texts: Sequence[str]) -> AsyncIterator[Rig]:
    """A file of posts, delivered in small chunks."""
    path, board = folder / "r.jsonl", Board()
    moment = datetime(2026, 5, 1, tzinfo=UTC).isoformat()
    lines = [
        json.dumps({"source": "telegram:one", "id": str(n), "published_at": moment, "text": text})
        for n, text in enumerate(texts)
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    clock = ManualClock()

    def made() -> Recording:
        return Recording(path, Playback(chunk=7), clock=clock, board=board)

    yield Rig(made, [str(n) for n in range(len(texts))], board, {})


@contextlib.asynccontextmanager
async def preview(folder: Path, texts: Sequence[str]) -> AsyncIterator[Rig]:
    """A channel that was read once and has published the texts since: several pages."""
    del folder
    board, clock = Board(), ManualClock()
    async with PreviewServer() as server, Fetch(clock, allow_private=True) as fetch:
        server.channel("canary", posts=1)
        channel = server.channel("one", posts=5)
        options = PreviewOptions(base_url=server.base_url, canary="canary")

        def made() -> PreviewReader:
            infos = [SourceInfo(id="telegram:one")]
            rng = random.Random(1)
            return PreviewReader(
                infos,
                fetch=fetch,
                clock=clock,
                roster=Roster((), (), board),
                rng=rng,
                options=options,
            )

        first = Ledger()
        reader = made()
        reader.resume(first)
        await reader.step(first)
        truth = [str(channel.post(text)) for text in texts]
        yield Rig(made, truth, board, first.cursors)


@contextlib.asynccontextmanager
async def feed(folder: Path, texts: Sequence[str]) -> AsyncIterator[Rig]:
    """A feed with an entry for each text, as well as XML can hold it."""
    del folder
    items = "".join(
        f"<item><guid>{n}</guid><title>{n}</title><pubDate>"
        f"{(datetime(2026, 5, 1, tzinfo=UTC) + timedelta(minutes=n)):%a, %d %b %Y %H:%M:%S} GMT"
        f"</pubDate><description>{escape(escape(text))}</description></item>"
        for n, text in enumerate(texts)
    )
    body = f"<rss version='2.0'><channel><title>t</title>{items}</channel></rss>".encode()

    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=body)

    runner = web.ServerRunner(web.Server(answer), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    info = SourceInfo(id="feed:one", url=f"http://127.0.0.1:{runner.addresses[0][1]}/")
    board, clock = Board(), ManualClock()
    async with Fetch(clock, allow_private=True) as fetch:

        def made() -> FeedReader:
            return FeedReader(info, fetch=fetch, clock=clock, board=board, options=FeedOptions())

        yield Rig(made, [str(n) for n in range(len(texts))], board, {})
    await runner.cleanup()


RIGS: dict[str, Build] = {"recording": recording, "preview": preview, "feed": feed}
every_source = pytest.mark.parametrize("kind", RIGS)
TEXTS = [f"text {n}" for n in range(65)]


async def run_until(source: Source, ledger: Ledger, count: int) -> None:
    """Run it until so many posts are committed, and a little longer to see repeats."""
    task = asyncio.create_task(source.run(ledger))
    async with asyncio.timeout(PATIENCE):
        while len(ledger.posts()) < count:
            if task.done():
                break
            await asyncio.sleep(0.002)
    await asyncio.sleep(0.02)
    await stopped(task)


async def stopped(task: "asyncio.Task[None]") -> None:
    """Cancel it; it must end within a second."""
    task.cancel()
    assert await ends(task, 1)
    if not task.cancelled():
        task.result()


def ids(ledger: Ledger) -> list[str]:
    """The committed posts' ids in order."""
    return [post.id for post in ledger.posts()]


def test_every_source_is_tried() -> None:
    """A collector that is listed is also tested here."""
    assert set(RIGS) == set(SOURCES)


@every_source
async def test_everything_arrives_once_and_in_order(kind: str, tmp_path: Path) -> None:
    """What is there is committed, once, in the order of publication; each source says it is ok."""
    async with RIGS[kind](tmp_path, TEXTS) as rig:
        ledger = Ledger()
        ledger.cursors.update(rig.before)
        await run_until(rig.made(), ledger, len(rig.truth))
        assert ids(ledger) == rig.truth
        for health in rig.board.last.values():
            assert health.state in get_args(SourceState)
            assert health.since
            assert health.last_read
        assert any({"ok", "finished"} & set(states) for states in rig.board.states.values())


@every_source
async def test_a_refused_arrival_is_handed_over_again(kind: str, tmp_path: Path) -> None:
    """While the store refuses two of three commits, nothing is lost, repeated or reordered."""
    async with RIGS[kind](tmp_path, TEXTS) as rig:
        calls = iter(range(10_000))
        ledger = Ledger(fail=lambda: next(calls) % 3 != 2)
        ledger.cursors.update(rig.before)
        await run_until(rig.made(), ledger, len(rig.truth))
        assert ids(ledger) == rig.truth
        assert ledger.refused > 0


@every_source
async def test_each_cursor_says_exactly_what_was_stored(kind: str, tmp_path: Path) -> None:
    """From the state after any commit, a new run brings exactly what was not in it."""
    async with RIGS[kind](tmp_path, TEXTS) as rig:
        whole = Ledger()
        whole.cursors.update(rig.before)
        await run_until(rig.made(), whole, len(rig.truth))
        for count in range(len(whole.arrivals) + 1):
            part = Ledger()
            part.cursors.update(rig.before)
            for arrival in whole.arrivals[:count]:
                await part.deliver(arrival)
            await run_until(rig.made(), part, len(rig.truth))
            assert ids(part) == rig.truth


@every_source
@pytest.mark.parametrize("seed", range(5))
async def test_stopped_at_any_moment_it_carries_on(kind: str, seed: int, tmp_path: Path) -> None:
    """Cancelled again and again at random moments, in the end every post is there once."""
    rng = random.Random(seed)
    async with RIGS[kind](tmp_path, TEXTS) as rig:
        ledger = Ledger(fail=lambda: rng.random() < 0.2)
        ledger.cursors.update(rig.before)
        for _ in range(12):
            task = asyncio.create_task(rig.made().run(ledger))
            await asyncio.sleep(rng.random() * 0.02)
            await stopped(task)
        await run_until(rig.made(), ledger, len(rig.truth))
        assert ids(ledger) == rig.truth


@every_source
async def test_hostile_text_arrives_bounded(kind: str, tmp_path: Path) -> None:
    """Hostile posts are stored within 64 KiB as valid Unicode, and the one behind them as well."""
    async with RIGS[kind](tmp_path, HOSTILE) as rig:
        ledger = Ledger()
        ledger.cursors.update(rig.before)
        await run_until(rig.made(), ledger, len(rig.truth))
        assert ids(ledger) == rig.truth
        for received in ledger.received():
            msgspec.json.encode(received.post)
            assert len(received.post.text.encode()) <= 64 * 1024
            assert "\0" not in received.post.text
        assert "ДРГ в Грайвороне" in ledger.posts()[-1].text
        long = next(r for r in ledger.received() if r.post.text.endswith("x" * 60_000))
        assert long.truncated


@every_source
async def test_a_stop_is_prompt_while_the_store_is_down(kind: str, tmp_path: Path) -> None:
    """Waiting for a store that refuses everything, a collector still stops at once."""
    async with RIGS[kind](tmp_path, TEXTS) as rig:
        ledger = Ledger(fail=lambda: True)
        ledger.cursors.update(rig.before)
        source = rig.made()
        source._clock = SystemClock()  # type: ignore[attr-defined] # real pauses
        task = asyncio.create_task(source.run(ledger))
        await asyncio.wait_for(ledger.refusing.wait(), PATIENCE)
        await stopped(task)
        assert ledger.posts() == []
