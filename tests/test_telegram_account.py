"""The Telegram collector against the loopback Telegram: every post once, whatever goes wrong."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from monitor.clock import SystemClock
from monitor.secret import Secret
from monitor.source import SourceInfo
from monitor.sources.telegram.account import Pace, TelegramAccount
from monitor.sources.telegram.session import AccountSettings, Server, create_session_file
from tests.doubles.intake import Board, Ledger
from tests.doubles.telegram.client import API_HASH, API_ID, connected, run_key, sign_in
from tests.doubles.telegram.control import MadeAccount, Telegram, started

QUICK = Pace(
    sweep_every=1.0,
    gap_pause=0.1,
    ping_every=1.0,
    ping_timeout=1.0,
    call_timeout=2.0,
    connect_timeout=2.0,
    retry_first=0.05,
    retry_most=0.3,
)


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    """A running double."""
    async with started(run_key()) as running:
        yield running


class Bench:
    """One account with its channels, the store it fills, and ways to run its collector."""

    def __init__(self, telegram: Telegram, account: MadeAccount, channel: int, file: Path) -> None:
        self.telegram = telegram
        self.account = account
        self.channel = channel
        self.file = file
        self.intake = Ledger()
        self.board = Board()

    @asynccontextmanager
    async def collecting(self, pace: Pace = QUICK) -> AsyncIterator["asyncio.Task[None]"]:
        """Run the collector; cancelled on leaving."""
        server = Server(self.telegram.host, self.telegram.port, run_key().public)
        settings = AccountSettings(
            name="one",
            session=self.file,
            api_id=API_ID,
            api_hash=Secret("env:API_HASH", API_HASH),
            server=server,
        )
        infos = [SourceInfo(id="telegram:svodka", via=("account",))]
        source = TelegramAccount(settings, infos, SystemClock(), self.board, pace)
        task = asyncio.create_task(source.run(self.intake))
        try:
            yield task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def texts(self) -> list[str]:
        """The texts of what was stored as new and ringing, in order."""
        return [
            one.post.text
            for one in self.intake.received()
            if one.post.kind == "new" and not one.history
        ]

    def state(self) -> str:
        """How the channel is said to be doing."""
        health = self.board.last.get("telegram:svodka")
        return health.state if health else ""

    async def until(self, wanted: Any, within: float = 10.0) -> None:
        """Wait for a condition, or for these texts to be stored."""
        holds = wanted if callable(wanted) else lambda: set(wanted) <= set(self.texts())
        try:
            async with asyncio.timeout(within):
                while not holds():  # noqa: ASYNC110 - any condition
                    await asyncio.sleep(0.02)
        except TimeoutError:
            pytest.fail(f"not in {within} s; stored: {self.texts()}, state: {self.state()}")

    async def ready(self) -> None:
        """Wait until the channel was read to its head."""
        await self.until(lambda: self.state() == "ok")


@pytest.fixture
async def bench(telegram: Telegram, tmp_path: Path) -> Bench:
    """An account that is signed in and has joined one channel with three old posts."""
    account = await telegram.create_account("+79990000001")
    channel = await telegram.create_channel("Сводка", "svodka", members=[account.id])
    await telegram.post_many(channel, [{"text": f"старое {n}"} for n in range(3)])
    file = tmp_path / "account" / "one.session"
    create_session_file(file)
    async with connected(telegram, file) as client:
        await sign_in(client, account)
    return Bench(telegram, account, channel, file)


async def test_first_contact_is_history_and_pushes_ring(bench: Bench) -> None:
    """Old posts are stored as history, pushed ones as new, each once, within a second."""
    async with bench.collecting():
        await bench.ready()
        await bench.telegram.post(bench.channel, "свежее")
        await bench.until(["свежее"], within=1.0)
    stored = bench.intake.received()
    assert [one.post.text for one in stored if one.history] == [f"старое {n}" for n in range(3)]
    assert {one.channel_id for one in stored} == {bench.channel}
    assert len(stored) == 4


async def test_lost_pushes_are_found(bench: Bench) -> None:
    """A post whose push was lost is stored after the next push or the next sweep, once."""
    async with bench.collecting():
        await bench.ready()
        await bench.telegram.post(bench.channel, "потеряно 1", push=False)
        await bench.until(["потеряно 1"])
        await bench.telegram.fail_push("drop")
        await bench.telegram.post(bench.channel, "потеряно 2")
        await bench.telegram.post(bench.channel, "дошло")
        await bench.until(["потеряно 2", "дошло"])
        await asyncio.sleep(1.5)
    assert_once(bench)


async def test_counter_test_without_reconciling_posts_are_lost(bench: Bench) -> None:
    """With reconciling off the same fault loses the post: the tests above can fail."""
    async with bench.collecting():
        await bench.ready()
    off = Pace(**{**_fields(QUICK), "reconcile": False})
    async with bench.collecting(off):
        await asyncio.sleep(1.0)
        await bench.telegram.post(bench.channel, "потеряно", push=False)
        await asyncio.sleep(2.5)
        assert "потеряно" not in bench.texts()


async def test_a_reset_loses_nothing(bench: Bench) -> None:
    """Posts written while the connection was down are stored soon after it is back."""
    async with bench.collecting():
        await bench.ready()
        for number in range(3):
            await bench.telegram.reset()
            await bench.telegram.post(bench.channel, f"в разрыве {number}")
            await bench.until([f"в разрыве {number}"])
    assert_once(bench)


async def test_a_restart_loses_nothing(bench: Bench) -> None:
    """What was written while the collector was down is stored as new, in order of ids, once."""
    async with bench.collecting():
        await bench.ready()
    wanted = [f"ночью {number}" for number in range(350)]
    await bench.telegram.post_many(bench.channel, [{"text": text} for text in wanted])
    async with bench.collecting():
        await bench.until(wanted)
    assert_once(bench)
    assert [text for text in bench.texts() if text.startswith("ночью")] == wanted


async def test_too_long_loses_nothing(bench: Bench) -> None:
    """ChannelDifferenceTooLong costs Telethon every missed post, and us none."""
    async with bench.collecting():
        await bench.ready()
        await bench.telegram.set_channel(bench.channel, too_long_after=5)
        wanted = [f"много {number}" for number in range(20)]
        await bench.telegram.post_many(
            bench.channel, [{"text": text} for text in wanted], push=False
        )
        await bench.telegram.push_too_long(bench.channel)
        await bench.until(wanted)
    assert_once(bench)


async def test_edits_and_deletions_that_nobody_pushed_are_found(bench: Bench) -> None:
    """A hole in the channel's event numbers makes the recent posts be listed again."""
    async with bench.collecting():
        await bench.ready()
        number = await bench.telegram.post(bench.channel, "до правки")
        doomed = await bench.telegram.post(bench.channel, "удалят")
        await bench.until(["удалят"])
        await bench.telegram.edit(bench.channel, number, text="после правки", push=False)
        await bench.telegram.delete(bench.channel, [doomed], push=False)
        await bench.until(lambda: ("delete", str(doomed)) in bench.intake.kinds())
    edits = [post for post in bench.intake.posts() if post.kind == "edit"]
    assert [(post.id, post.text) for post in edits] == [(str(number), "после правки")]


async def test_pushed_edits_and_deletions(bench: Bench) -> None:
    """Edits and deletions arrive as such; an edited album keeps all its media."""
    async with bench.collecting():
        await bench.ready()
        pieces: list[dict[str, Any]] = [{"media": {"kind": "photo"}}, {"media": {"kind": "video"}}]
        first, second = await bench.telegram.album(bench.channel, pieces)
        await bench.until(lambda: ("new", str(first)) in bench.intake.kinds())
        await bench.telegram.edit(bench.channel, second, text="подпись")
        await bench.until(lambda: ("edit", str(first)) in bench.intake.kinds())
        await bench.telegram.delete(bench.channel, [first, second])
        await bench.until(lambda: ("delete", str(first)) in bench.intake.kinds())
        await asyncio.sleep(0.3)
    album = next(post for post in bench.intake.posts() if post.kind == "edit")
    assert (album.text, [one.kind for one in album.media]) == ("подпись", ["photo", "video"])
    assert str(second) not in {post.id for post in bench.intake.posts()}


async def test_a_store_that_refuses_loses_nothing(bench: Bench) -> None:
    """While commits fail pushes wait; afterwards each is stored once."""
    broken = False
    bench.intake = Ledger(fail=lambda: broken)
    async with bench.collecting():
        await bench.ready()
        broken = True
        await bench.telegram.post(bench.channel, "в сбой")
        await bench.until(lambda: bench.intake.refused > 0)
        await bench.telegram.post(bench.channel, "следом")
        broken = False
        await bench.until(["в сбой", "следом"])
    assert_once(bench)


async def test_a_black_hole_is_noticed(bench: Bench) -> None:
    """A silent line is given up after ping and timeout; posts meanwhile arrive afterwards."""
    async with bench.collecting():
        await bench.ready()
        await bench.telegram.black_hole(on=True)
        await bench.telegram.post(bench.channel, "в темноте")
        await bench.until(lambda: bench.state() == "unreachable", within=15)
        await bench.telegram.black_hole(on=False)
        await bench.until(["в темноте"], within=20)
    assert_once(bench)


async def test_unreachable_and_back(bench: Bench) -> None:
    """Refused connections are tried again for ever; the bound after the return is seconds."""
    async with bench.collecting():
        await bench.ready()
        await bench.telegram.listen(on=False)
        await bench.until(lambda: bench.state() == "unreachable")
        await bench.telegram.post(bench.channel, "пока нет связи")
        await asyncio.sleep(1.0)
        await bench.telegram.listen(on=True)
        await bench.until(["пока нет связи"])
    assert_once(bench)


async def test_a_slow_call_is_not_waited_for(bench: Bench) -> None:
    """A call without an answer ends after its timeout, and the gap is listed all the same."""
    async with bench.collecting():
        await bench.ready()
        await bench.telegram.fail_call("messages.getHistory", "silent")
        await bench.telegram.post(bench.channel, "медленно", push=False)
        await bench.until(["медленно"])
    assert_once(bench)


async def test_a_flood_wait_is_kept_over_a_restart(bench: Bench) -> None:
    """After FLOOD_WAIT the method is not called again before its time, restart or not."""
    async with bench.collecting():
        await bench.ready()
        await bench.telegram.flood("messages.getHistory", 300)
        await bench.telegram.post(bench.channel, "позже", push=False)
        await bench.until(lambda: bench.state() == "throttled")
    before = len(await bench.telegram.calls("messages.getHistory"))
    async with bench.collecting():
        await bench.telegram.post(bench.channel, "толчок")
        await bench.until(["толчок"])
        await asyncio.sleep(1.5)
        assert len(await bench.telegram.calls("messages.getHistory")) == before
        assert bench.state() == "throttled"


@pytest.mark.parametrize(
    "error", ["AUTH_KEY_UNREGISTERED", "SESSION_REVOKED", "USER_DEACTIVATED_BAN"]
)
async def test_a_lost_account_stops_clearly(bench: Bench, error: str) -> None:
    """A revoked session ends this source with a hint and nothing else."""
    async with bench.collecting() as task:
        await bench.ready()
        await bench.telegram.revoke(error)
        async with asyncio.timeout(10):
            await task
    health = bench.board.last["telegram:svodka"]
    assert health.state == "failed"
    assert "monitor login telegram" in health.hint or "another one" in health.hint


async def test_forgotten_keys_stop_clearly(bench: Bench) -> None:
    """A session that the server no longer knows ends this source with a hint."""
    async with bench.collecting() as task:
        await bench.ready()
        await bench.telegram.forget_keys()
        async with asyncio.timeout(10):
            await task
    assert "monitor login telegram" in bench.board.last["telegram:svodka"].hint


async def test_an_open_session_file_is_refused(bench: Bench) -> None:
    """A session file that others can read is not used."""
    os.chmod(bench.file, 0o644)  # noqa: PTH101 - the same as the hint tells
    async with bench.collecting() as task, asyncio.timeout(5):
        await task
    assert "chmod 600" in bench.board.last["telegram:svodka"].hint
    assert not await bench.telegram.calls("updates.getState", since=10)


async def test_a_handed_over_name_stops_the_source(bench: Bench) -> None:
    """When another channel takes the name, the source stops and says so."""
    async with bench.collecting():
        await bench.ready()
        heir = await bench.telegram.create_channel("Наследник", "heir_of_it")
        await bench.telegram.set_username(heir, "svodka")
        await bench.until(lambda: bench.state() == "handed_over")


async def test_a_channel_that_closed_is_told(bench: Bench) -> None:
    """A channel that became private stops alone, with a hint."""
    async with bench.collecting():
        await bench.ready()
        await bench.telegram.close_channel(bench.channel)
        await bench.until(lambda: bench.state() == "not_found")


async def test_calls_keep_within_the_budget(bench: Bench) -> None:
    """Listing a long absence makes no more history calls than 20 in any 30 seconds."""
    async with bench.collecting():
        await bench.ready()
        await bench.telegram.post_many(bench.channel, [{"text": "x"}] * 2500, push=False)
        await asyncio.sleep(6)
    times = [call.at for call in await bench.telegram.calls("messages.getHistory")]
    assert len(times) >= 15
    for index, at in enumerate(times):
        assert sum(at <= other < at + 29.9 for other in times[index:]) <= 20


def assert_once(bench: Bench) -> None:
    """Every post of the ledger is stored once, in order of what was stored."""
    counted = Counter(post.id for post in bench.intake.posts() if post.kind == "new")
    assert not {name: count for name, count in counted.items() if count > 1}


def _fields(pace: Pace) -> dict[str, Any]:
    return {name: getattr(pace, name) for name in pace.__struct_fields__}
