"""What goes wrong in the loopback Telegram, and what Telethon alone makes of it.

Each test shows one fault and Telethon's own answer: where it loses posts, that loss is the promise
that the collector's reconciling has to make up for.
"""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from telethon import errors, events, functions

from tests.doubles.telegram.client import connected, run_key, sign_in, until, watch
from tests.doubles.telegram.control import MadeAccount, Telegram, started
from tests.patience import PATIENCE


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    """A running double."""
    async with started(run_key()) as running:
        yield running


@pytest.fixture
async def account(telegram: Telegram) -> MadeAccount:
    """An account to sign in as."""
    return await telegram.create_account("+79990000001")


@pytest.fixture
async def channel(telegram: Telegram, account: MadeAccount) -> int:
    """A channel that the account has joined, with one old post."""
    number = await telegram.create_channel("Сводка", "svodka", members=[account.id])
    await telegram.post(number, "старое")
    return number


@pytest.fixture
async def client(telegram: Telegram, account: MadeAccount, tmp_path: Path) -> AsyncIterator[Any]:
    """A client signed in as the account, quick to reconnect."""
    options = {"retry_delay": 0.05, "connection_retries": None, "flood_sleep_threshold": 0}
    async with connected(telegram, tmp_path / "one", **options) as made:
        await sign_in(made, account)
        yield made


async def until_calls(telegram: Telegram, method: str, count: int) -> None:
    """Wait until so many calls of a method were made."""
    async with asyncio.timeout(PATIENCE):
        while len(await telegram.calls(method)) < count:  # noqa: ASYNC110 - another process counts
            await asyncio.sleep(0.02)


def texts(seen: list[Any]) -> list[str]:
    """The texts of events."""
    return [event.raw_text for event in seen]


async def test_lost_push_with_known_pts_is_filled_by_the_next(
    telegram: Telegram, channel: int, client: Any
) -> None:
    """A lost push comes back by getChannelDifference once the channel's next push arrives."""
    seen = watch(client)
    await telegram.post(channel, "первое")
    await until(lambda: seen)
    await telegram.fail_push("drop", channel=channel)
    await telegram.post(channel, "потеряно")
    await asyncio.sleep(0.3)
    assert texts(seen) == ["первое"]
    await telegram.post(channel, "третье")
    await until(lambda: len(seen) == 3)
    assert sorted(texts(seen)) == ["первое", "потеряно", "третье"]
    assert await telegram.calls("updates.getChannelDifference")


async def test_first_lost_push_of_a_channel_is_lost_for_ever(
    telegram: Telegram, channel: int, client: Any
) -> None:
    """Without a known pts Telethon never asks for what it missed, TooLong or not."""
    seen = watch(client)
    await telegram.post(channel, "потеряно", push=False)
    await telegram.push_too_long(channel)
    await telegram.post(channel, "второе")
    await until(lambda: seen)
    await asyncio.sleep(0.7)
    assert texts(seen) == ["второе"]
    assert not await telegram.calls("updates.getChannelDifference")


async def test_dialogs_make_the_pts_known(telegram: Telegram, channel: int, client: Any) -> None:
    """After iter_dialogs even the first push of a channel may be lost without harm."""
    seen = watch(client)
    assert len([one async for one in client.iter_dialogs()]) == 1
    await telegram.post(channel, "потеряно", push=False)
    await telegram.push_too_long(channel)
    await until(lambda: seen)
    assert texts(seen) == ["потеряно"]


async def test_repeated_and_reordered_pushes_arrive_once(
    telegram: Telegram, channel: int, client: Any
) -> None:
    """Telethon drops a repeated push by its pts and puts two swapped ones in order."""
    seen = watch(client)
    assert len([one async for one in client.iter_dialogs()]) == 1
    await telegram.fail_push("repeat")
    await telegram.post(channel, "дважды")
    await telegram.fail_push("reorder")
    await telegram.post(channel, "раньше")
    await telegram.post(channel, "позже")
    await until(lambda: len(seen) == 3)
    await asyncio.sleep(0.2)
    assert texts(seen) == ["дважды", "раньше", "позже"]


async def test_reset_loses_the_tail_until_catch_up(
    telegram: Telegram, channel: int, client: Any
) -> None:
    """After a TCP reset Telethon reconnects without asking what it missed; catch_up() asks."""
    seen = watch(client)
    assert len([one async for one in client.iter_dialogs()]) == 1
    before = len(await telegram.calls("users.getUsers"))
    assert await telegram.reset() == 1
    await telegram.post(channel, "в разрыве")
    await until_calls(telegram, "users.getUsers", before + 1)
    await asyncio.sleep(0.5)
    assert texts(seen) == []
    await client.catch_up()
    await until(lambda: seen)
    assert texts(seen) == ["в разрыве"]


async def test_restart_recovers_only_with_catch_up(
    telegram: Telegram, account: MadeAccount, channel: int, tmp_path: Path
) -> None:
    """What was posted while the client was down arrives with catch_up=True, never without."""
    async with connected(telegram, tmp_path / "one") as first:
        await sign_in(first, account)
        assert len([one async for one in first.iter_dialogs()]) == 1
    await telegram.post(channel, "ночью")
    shutil.copy(tmp_path / "one.session", tmp_path / "two.session")
    for name, catch_up, wanted in (("one", False, []), ("two", True, ["ночью"])):
        async with connected(telegram, tmp_path / name, catch_up=catch_up) as client:
            seen = watch(client)
            await (until(partial(texts, seen)) if wanted else asyncio.sleep(1.0))
            assert texts(seen) == wanted


async def test_difference_too_long_drops_everything(
    telegram: Telegram, channel: int, client: Any
) -> None:
    """ChannelDifferenceTooLong moves Telethon's pts and delivers none of the missed posts."""
    seen = watch(client)
    assert len([one async for one in client.iter_dialogs()]) == 1
    await telegram.set_channel(channel, too_long_after=5)
    await telegram.post_many(channel, [{"text": "x"}] * 11, push=False)
    await telegram.push_too_long(channel)
    await until_calls(telegram, "updates.getChannelDifference", 1)
    await asyncio.sleep(0.3)
    await telegram.post(channel, "после")
    await until(lambda: seen)
    assert texts(seen) == ["после"]


async def test_difference_in_slices(telegram: Telegram, channel: int, client: Any) -> None:
    """More than one slice of missed posts is fetched slice by slice, each post once."""
    seen = watch(client)
    assert len([one async for one in client.iter_dialogs()]) == 1
    wanted = [str(number) for number in range(250)]
    await telegram.post_many(channel, [{"text": text} for text in wanted], push=False)
    await telegram.push_too_long(channel)
    await until(lambda: len(seen) == 250)
    assert texts(seen) == wanted
    assert len(await telegram.calls("updates.getChannelDifference")) >= 3


async def test_edits_missed_in_a_gap_never_arrive(
    telegram: Telegram, channel: int, client: Any
) -> None:
    """Telethon drops the edits and deletions that a channel difference lists beside new posts."""
    seen = watch(client)
    edited, deleted = watch(client, events.MessageEdited), watch(client, events.MessageDeleted)
    assert len([one async for one in client.iter_dialogs()]) == 1
    number = await telegram.post(channel, "до правки")
    await until(lambda: seen)
    await telegram.edit(channel, number, text="после правки", push=False)
    await telegram.delete(channel, [1], push=False)
    await telegram.post(channel, "третье")
    await until(lambda: len(seen) == 2)
    await asyncio.sleep(0.3)
    assert (edited, deleted) == ([], [])


@pytest.mark.usefixtures("channel")
async def test_flood_wait_blocks_the_whole_method(telegram: Telegram, client: Any) -> None:
    """After FLOOD_WAIT Telethon refuses the method itself, for any channel, until it is due."""
    await telegram.create_channel("Другой", "another")
    mine, other = [await client.get_input_entity(name) for name in ("svodka", "another")]
    await telegram.flood("messages.getHistory", 100)
    for peer in (mine, other):
        with pytest.raises(errors.FloodWaitError) as caught:
            await client.get_messages(peer, limit=1)
        assert 30 < caught.value.seconds <= 100
    assert len(await telegram.calls("messages.getHistory")) == 1


async def test_limits_are_enforced_per_account(telegram: Telegram, client: Any) -> None:
    """A scripted rate limit answers FLOOD_WAIT to the call that is one too many."""
    await telegram.create_channel("Другой", "another")
    await telegram.limit("contacts.resolveUsername", calls=2, seconds=60, wait=33)
    resolve = functions.contacts.ResolveUsernameRequest("another")
    await client(resolve)
    await client(resolve)
    with pytest.raises(errors.FloodWaitError):
        await client(resolve)


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        ("AUTH_KEY_UNREGISTERED", errors.AuthKeyUnregisteredError),
        ("SESSION_REVOKED", errors.SessionRevokedError),
        ("USER_DEACTIVATED_BAN", errors.UserDeactivatedBanError),
    ],
)
async def test_revoked_sessions(
    telegram: Telegram, client: Any, error: str, raised: type[Exception]
) -> None:
    """A revoked session raises its own error in a call, and Telethon stays connected."""
    await telegram.revoke(error)
    with pytest.raises(raised):
        await client(functions.updates.GetStateRequest())
    assert client.is_connected()


async def test_forgotten_keys_end_the_client(telegram: Telegram, client: Any) -> None:
    """A key that the server forgot (transport error -404) ends the client with its own error."""
    await telegram.forget_keys()
    with pytest.raises(errors.AuthKeyNotFound):
        await asyncio.wait_for(client.run_until_disconnected(), PATIENCE)


@pytest.mark.usefixtures("channel")
async def test_unreachable_and_back(telegram: Telegram, client: Any) -> None:
    """While connections are refused calls wait; once accepted again they are answered."""
    await telegram.listen(on=False)
    waiting = asyncio.create_task(client.get_messages("svodka", limit=1))
    await asyncio.sleep(0.5)
    assert not waiting.done()
    await telegram.listen(on=True)
    assert (await asyncio.wait_for(waiting, PATIENCE))[0].raw_text == "старое"


@pytest.mark.usefixtures("channel")
async def test_black_hole_holds_bytes_back(telegram: Telegram, client: Any) -> None:
    """A black hole answers nothing and closes nothing; afterwards the held bytes arrive."""
    await telegram.black_hole(on=True)
    waiting = asyncio.create_task(client.get_messages("svodka", limit=1))
    await asyncio.sleep(0.5)
    assert not waiting.done()
    assert client.is_connected()
    await telegram.black_hole(on=False)
    assert (await asyncio.wait_for(waiting, PATIENCE))[0].id == 1


@pytest.mark.usefixtures("channel")
async def test_slow_and_silent_answers(telegram: Telegram, client: Any) -> None:
    """A slow answer comes late, a silent call never; Telethon itself has no timeout."""
    await telegram.fail_call("messages.getHistory", "slow", seconds=0.4)
    started_at = time.monotonic()
    await client.get_messages("svodka", limit=1)
    assert time.monotonic() - started_at >= 0.4
    await telegram.fail_call("messages.getHistory", "silent")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await client.get_messages("svodka", limit=1)


async def test_unreadable_pushes_are_survived(
    telegram: Telegram, channel: int, client: Any
) -> None:
    """Unknown constructors and malformed TL are skipped; the next push arrives."""
    seen = watch(client)
    await telegram.push_garbage("unknown")
    await telegram.push_garbage("malformed")
    await asyncio.sleep(0.3)
    await telegram.post(channel, "живы")
    await until(lambda: seen)
    assert texts(seen) == ["живы"]


@pytest.mark.usefixtures("channel")
async def test_unreadable_answers(telegram: Telegram, client: Any) -> None:
    """An answer of an unknown constructor raises in the call that waits for it."""
    await telegram.fail_call("messages.getHistory", "unknown")
    with pytest.raises(errors.TypeNotFoundError):
        await client.get_messages("svodka", limit=1)


async def test_wrong_clock_is_corrected(
    telegram: Telegram, account: MadeAccount, tmp_path: Path
) -> None:
    """A client whose clock is ten minutes off signs in and is pushed all the same."""
    await telegram.set_clock(600)
    channel = await telegram.create_channel("Сводка", members=[account.id])
    async with connected(telegram, tmp_path / "one") as client:
        await sign_in(client, account)
        seen = watch(client)
        await telegram.set_clock(-600)
        assert (await client.get_me()).id == account.id
        await telegram.post(channel, "вовремя")
        await until(lambda: seen)


@pytest.mark.usefixtures("channel")
async def test_changed_salt_is_taken_up(telegram: Telegram, client: Any) -> None:
    """bad_server_salt is answered with the new salt and the call is repeated unseen."""
    await telegram.change_salt()
    assert (await client.get_messages("svodka", limit=1))[0].id == 1
