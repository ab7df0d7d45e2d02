"""The Telegram collector against the loopback Telegram: every post once, whatever goes wrong."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.doubles.intake import Ledger
from tests.doubles.telegram.bench import STEADY, Bench, signed_in
from tests.doubles.telegram.budgets import over_budget
from tests.doubles.telegram.client import run_key
from tests.doubles.telegram.control import started
from tests.patience import PATIENCE


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """A running double, and an account signed in that has joined one channel."""
    async with started(run_key()) as telegram:
        yield await signed_in(telegram, tmp_path)


async def test_first_contact_is_history_and_pushes_ring(bench: Bench) -> None:
    """Old posts are stored as history, pushed ones as new, each once, within a second."""
    took: list[float] = []
    async with bench.collecting():
        await bench.ready()
        while not took or (took[-1] >= 1 and len(took) < 5):  # a busy machine may have its own
            started = time.monotonic()
            await bench.telegram.post(bench.channel, f"свежее {len(took)}")
            await bench.until([f"свежее {len(took)}"])
            took.append(time.monotonic() - started)
    stored = bench.intake.received()
    assert [one.post.text for one in stored if one.history] == [f"старое {n}" for n in range(3)]
    assert {one.channel_id for one in stored} == {bench.channel}
    assert len(stored) == 3 + len(took)
    assert min(took) < 1


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


async def test_repeated_and_overtaken_pushes_change_nothing(bench: Bench) -> None:
    """A push that comes twice is one post; one that comes after its edit does not undo it."""
    async with bench.collecting():
        await bench.ready()
        await bench.telegram.fail_push("repeat")
        await bench.telegram.post(bench.channel, "дважды")
        await bench.telegram.fail_push("delay", seconds=0.3)
        number = await bench.telegram.post(bench.channel, "до правки")
        await bench.telegram.edit(bench.channel, number, text="после правки")
        await bench.faithful()
        await asyncio.sleep(0.5)
        assert not await bench.differences()
    assert [post.text for post in bench.intake.posts()][-2:] == ["дважды", "после правки"]


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
    assert not bench.twice()
    assert not await bench.differences()


async def test_a_flood_wait_is_kept_over_a_restart(bench: Bench) -> None:
    """After FLOOD_WAIT the method is not called again before its time, restart or not."""
    async with bench.collecting():
        await bench.ready()
        await bench.telegram.flood("messages.getHistory", 300)
        two = [{"text": "позже"}, {"text": "позже второй"}]  # one alone would come with the head
        await bench.telegram.post_many(bench.channel, two, push=False)
        await bench.until(lambda: bench.state() == "throttled")
    before = len(await bench.telegram.calls("messages.getHistory"))
    async with bench.collecting():
        await bench.listened_to()
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
        async with asyncio.timeout(PATIENCE):
            await task
    health = bench.board.last["telegram:svodka"]
    assert health.state == "failed"
    assert "monitor login telegram" in health.hint or "another one" in health.hint


async def test_forgotten_keys_stop_clearly(bench: Bench) -> None:
    """A session that the server no longer knows ends this source with a hint."""
    async with bench.collecting() as task:
        await bench.ready()
        await bench.telegram.forget_keys()
        async with asyncio.timeout(PATIENCE):
            await task
    assert "monitor login telegram" in bench.board.last["telegram:svodka"].hint


async def test_an_open_session_file_is_refused(bench: Bench) -> None:
    """A session file that others can read is not used."""
    os.chmod(bench.file, 0o644)  # noqa: PTH101 - the same as the hint tells
    async with bench.collecting() as task, asyncio.timeout(PATIENCE):
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
        await bench.until(lambda: len(bench.texts()) >= 1800)
        await asyncio.sleep(1.5)  # the budget is spent: nothing more comes
    calls = await bench.telegram.calls()
    assert not over_budget(calls)


async def test_channels_that_are_not_joined_are_swept(bench: Bench) -> None:
    """A public channel that the account has not joined is read by the sweep alone."""
    other = await bench.telegram.create_channel("Чужой", "foreign_one")
    await bench.telegram.post(other, "старое")
    bench.names.append("foreign_one")
    async with bench.collecting():
        await bench.ready()
        await bench.telegram.post(other, "новое")
        await bench.until(["новое"])
    assert not await bench.telegram.calls("channels.joinChannel")


async def test_a_name_is_resolved_once_for_ever(bench: Bench) -> None:
    """Restarts do not resolve again; a name that nobody has is told and not asked for again."""
    bench.names.append("nobody_here")
    for _ in range(2):
        async with bench.collecting():
            await bench.until(lambda: bench.state() == "ok")
            await bench.until(lambda: bench.state("nobody_here") == "not_found")
            await asyncio.sleep(1.2)
    asked = await bench.telegram.calls("contacts.resolveUsername")
    assert [call.arguments["username"] for call in asked].count("svodka") == 1


async def test_a_post_of_nothing_but_marks_is_bounded(bench: Bench) -> None:
    """4,096 combining marks are stored cut, and what follows is stored too."""
    async with bench.collecting():
        await bench.ready()
        await bench.telegram.post(bench.channel, "z" + "\u0301" * 4095)
        await bench.telegram.push_garbage("malformed")
        await bench.telegram.push_garbage("unknown")
        await bench.telegram.post(bench.channel, "дальше")
        await bench.until(["дальше"])
    marks = bench.intake.received()[-2]
    assert marks.truncated
    assert len(marks.post.text) < 100


@pytest.mark.parametrize("ahead", [600, -600])
async def test_a_wrong_clock_is_survived(bench: Bench, ahead: float) -> None:
    """With the server's clock ten minutes off posts are stored as ever."""
    await bench.telegram.set_clock(ahead)
    async with bench.collecting():
        await bench.ready()
        await bench.telegram.post(bench.channel, "вовремя")
        await bench.until(["вовремя"])
    assert not bench.twice()


async def test_the_daily_look_finds_what_nobody_told(bench: Bench) -> None:
    """Listing recent posts again finds edits and deletions even without a hole in the events."""
    number = await bench.telegram.post(bench.channel, "до правки")
    doomed = await bench.telegram.post(bench.channel, "удалят")
    async with bench.collecting():
        await bench.ready()
    await bench.telegram.edit(bench.channel, number, text="после правки", push=False)
    await bench.telegram.delete(bench.channel, [doomed], push=False)
    async with bench.collecting(msgspec.structs.replace(STEADY, relist_every=0.5)):
        await bench.faithful()


async def test_albums_that_pages_cut_stay_whole(bench: Bench) -> None:
    """An album at the edge of a page, or older than the first page, is one post or none."""
    pieces: list[dict[str, Any]] = [{"media": {"kind": "photo"}}] * 10
    for _ in range(12):
        await bench.telegram.album(bench.channel, pieces)
        await bench.telegram.post(bench.channel, "между")
    async with bench.collecting():
        await bench.ready()
    for _ in range(12):
        await bench.telegram.album(bench.channel, pieces)
        await bench.telegram.post(bench.channel, "между")
    async with bench.collecting():
        await bench.until(lambda: bench.texts().count("между") == 12)
    stored = [post for post in bench.intake.posts() if post.group_id]
    assert {len(post.media) for post in stored} == {10}
    assert len([one for one in bench.intake.received() if one.post.group_id]) == 12 + 9


async def two_that_miss_posts(bench: Bench, method: str, action: str) -> None:
    """A second channel's calls go wrong, and it misses fewer posts than the first, which comes."""
    (other,) = [one["id"] for one in await bench.telegram.truth() if one["id"] != bench.channel]
    fault = {"channel": other, "times": None, "code": 500, "error": "HISTORY_GET_FAILED"}
    await bench.telegram.ask("fail_call", method=method, action=action, **fault)
    for channel, number in ((other, 2), (bench.channel, 5)):
        posts = [{"text": f"{channel} {n}"} for n in range(number)]
        await bench.telegram.post_many(channel, posts, push=False)
    await bench.until([f"{bench.channel} {n}" for n in range(5)])


@pytest.mark.parametrize(
    ("method", "action"),
    [
        ("messages.getHistory", "unknown"),
        ("messages.getHistory", "error"),
        ("messages.getPeerDialogs", "malformed"),
    ],
)
async def test_a_channel_that_cannot_be_listed_harms_no_other(
    bench: Bench, method: str, action: str
) -> None:
    """Answers that nobody can read, or errors, ail one channel: the rest is listed on one line.

    It rests, says so, and is whole again when Telegram answers.
    """
    await bench.telegram.create_channel("Другой", "another", members=[bench.account.id])
    bench.names.append("another")
    async with bench.collecting(msgspec.structs.replace(STEADY, call_timeout=5.0)):
        await bench.ready()
        before = await bench.telegram.accepted()
        await two_that_miss_posts(bench, method, action)
        await bench.until(lambda: bench.board.last["telegram:another"].state == "unreachable")
        assert bench.state() == "ok"
        assert await bench.telegram.accepted() == before
        await bench.telegram.clear_faults()
        await bench.faithful()


async def test_a_channel_that_is_never_answered_keeps_no_other_waiting(bench: Bench) -> None:
    """Silence ends the connection, as the line may be dead; the second time that channel rests."""
    await bench.telegram.create_channel("Другой", "another", members=[bench.account.id])
    bench.names.append("another")
    async with bench.collecting(msgspec.structs.replace(STEADY, call_timeout=0.7)):
        await bench.ready()
        await two_that_miss_posts(bench, "messages.getHistory", "silent")
        await bench.telegram.clear_faults()
        await bench.faithful()


async def test_a_post_that_is_listed_and_then_pushed_hides_no_edit(bench: Bench) -> None:
    """Its event is counted once: the hole that an edit left, whose push was lost, stays one."""
    other = await bench.telegram.create_channel("Другой", "another", members=[bench.account.id])
    number = await bench.telegram.post(other, "до правки")
    bench.names.append("another")
    async with bench.collecting(msgspec.structs.replace(STEADY, sweep_every=600.0)):
        await bench.ready()
        await bench.telegram.edit(bench.channel, 3, text="правка", push=False)
        await bench.telegram.edit(other, number, text="после правки", push=False)
        await bench.telegram.fail_push("delay", channel=other, seconds=0.7)
        await bench.telegram.post(other, "сначала в списке")
        # the first channel is looked at again first, and that takes until the push has come
        await bench.telegram.fail_call(
            "messages.getHistory", "slow", channel=bench.channel, seconds=1.5
        )
        await bench.telegram.push_too_long(bench.channel)
        await bench.faithful()


async def test_an_edit_is_found_after_hundreds_of_posts(bench: Bench) -> None:
    """What was edited while nobody listened is found though neither page's end reaches it.

    The collector died when the gap was listed and its edits were not looked for yet.
    """
    texts = [{"text": f"пост {n}"} for n in range(450)]
    async with bench.collecting(msgspec.structs.replace(STEADY, sweep_every=0.5)):
        await bench.ready()
        await bench.telegram.post_many(bench.channel, texts[:150])
        await bench.until([texts[149]["text"]])
        await asyncio.sleep(1.0)
    await bench.telegram.edit(bench.channel, 120, text="после правки", push=False)
    await bench.telegram.post_many(bench.channel, texts[150:], push=False)
    async with bench.collecting(msgspec.structs.replace(STEADY, sweep_every=600.0)) as task:
        await bench.until([texts[-1]["text"]])
        task.cancel()
    await bench.telegram.post_many(bench.channel, [{"text": "ещё"}] * 30, push=False)
    async with bench.collecting():
        await bench.faithful()
