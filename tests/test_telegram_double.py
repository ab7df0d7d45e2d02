"""The loopback Telegram speaks MTProto: unmodified Telethon signs in, reads and is pushed."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from telethon import errors, events, functions, types

from tests.doubles.telegram.client import connected, run_key, sign_in, until, watch
from tests.doubles.telegram.control import ControlError, MadeAccount, Telegram, started
from tests.doubles.telegram.ledger import Channel, Post
from tests.doubles.telegram.media import content_of, file_id
from tests.patience import PATIENCE

PHRASE = "ключ от 3 дверей"


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    """A running double."""
    async with started(run_key()) as running:
        yield running


@pytest.fixture
async def account(telegram: Telegram) -> MadeAccount:
    """An account to sign in as."""
    return await telegram.create_account("+79990000001", name="Наблюдатель")


@pytest.fixture
async def client(telegram: Telegram, account: MadeAccount, tmp_path: Path) -> AsyncIterator[Any]:
    """A client signed in as the account."""
    async with connected(telegram, tmp_path / "one") as made:
        await sign_in(made, account)
        yield made


async def test_phone_and_code_sign_in(telegram: Telegram, tmp_path: Path) -> None:
    """A right code signs in, a wrong one and an unknown number are refused as Telegram does."""
    account = await telegram.create_account("+79990000001", code="54321")
    async with connected(telegram, tmp_path / "one") as client:
        assert await client.get_me() is None
        with pytest.raises(errors.PhoneNumberInvalidError):
            await client.send_code_request("+70000000000")
        await client.send_code_request(account.phone)
        with pytest.raises(errors.PhoneCodeInvalidError):
            await client.sign_in(account.phone, "11111")
        me = await client.sign_in(account.phone, "54321")
    assert (me.id, me.phone) == (account.id, "79990000001")


async def test_two_step_password(telegram: Telegram, tmp_path: Path) -> None:
    """The second step takes the right password by SRP and refuses another."""
    account = await telegram.create_account("+79990000001", password=PHRASE)
    async with connected(telegram, tmp_path / "one") as client:
        await client.send_code_request(account.phone)
        with pytest.raises(errors.SessionPasswordNeededError):
            await client.sign_in(account.phone, account.code)
        with pytest.raises(errors.PasswordHashInvalidError):
            await client.sign_in(password=PHRASE[:-1])
        me = await client.sign_in(password=PHRASE)
    assert me.id == account.id


async def test_qr_sign_in(telegram: Telegram, account: MadeAccount, tmp_path: Path) -> None:
    """A scanned QR code signs the waiting client in."""
    async with connected(telegram, tmp_path / "one") as client:
        shown = await client.qr_login()
        waiting = asyncio.create_task(shown.wait(PATIENCE))
        await asyncio.sleep(0.05)
        assert await telegram.scan_login_token(shown.token, account.id)
        me = await waiting
    assert me.id == account.id


async def test_session_survives_a_restart(
    telegram: Telegram, account: MadeAccount, tmp_path: Path
) -> None:
    """A second client on the same session file is signed in without a code."""
    async with connected(telegram, tmp_path / "one") as first:
        await sign_in(first, account)
    async with connected(telegram, tmp_path / "one") as second:
        assert (await second.get_me()).id == account.id
    assert len(await telegram.calls("auth.signIn")) == 1


async def test_accounts_have_their_own_access_hashes(
    telegram: Telegram, client: Any, tmp_path: Path
) -> None:
    """A hash resolved by one account is refused when another account uses it."""
    await telegram.create_channel("Сводка", "svodka")
    other = await telegram.create_account("+79990000002")
    mine = await client.get_input_entity("svodka")
    async with connected(telegram, tmp_path / "two") as second:
        await sign_in(second, other)
        stolen = types.InputPeerChannel(mine.channel_id, mine.access_hash)
        with pytest.raises(errors.ChannelInvalidError):
            await second.get_messages(stolen, limit=1)


async def test_resolve_join_leave(telegram: Telegram, client: Any) -> None:
    """A public channel is resolved, joined and left; unknown names are refused."""
    number = await telegram.create_channel("Сводка", "svodka", about="о нас", subscribers=77)
    found = await client.get_entity("Svodka")
    assert (found.id, found.title, found.left) == (number, "Сводка", True)
    await client(functions.channels.JoinChannelRequest(found))
    assert [one.entity.id async for one in client.iter_dialogs()] == [number]
    full = await client(functions.channels.GetFullChannelRequest(found))
    assert (full.full_chat.about, full.full_chat.participants_count) == ("о нас", 77)
    await client(functions.channels.LeaveChannelRequest(found))
    assert [one async for one in client.iter_dialogs()] == []
    with pytest.raises(ValueError, match="No user has"):
        await client.get_entity("nobody_here")


async def test_pushes_of_new_edited_and_deleted(
    telegram: Telegram, account: MadeAccount, client: Any
) -> None:
    """A member is pushed new posts, edits and deletions, in order."""
    channel = await telegram.create_channel("Сводка", "svodka", members=[account.id])
    new, edited = watch(client), watch(client, events.MessageEdited)
    deleted = watch(client, events.MessageDeleted)
    numbers = [await telegram.post(channel, f"пост {number}") for number in range(3)]
    await telegram.edit(channel, numbers[1], text="поправлено")
    await telegram.delete(channel, numbers[:1])
    await until(lambda: deleted)
    assert [event.raw_text for event in new] == ["пост 0", "пост 1", "пост 2"]
    assert [(event.id, event.raw_text) for event in edited] == [(numbers[1], "поправлено")]
    assert (deleted[0].deleted_ids, deleted[0].chat_id) == (numbers[:1], -1000000000000 - channel)


async def test_a_reaction_is_an_edit_that_hides(
    telegram: Telegram, account: MadeAccount, client: Any
) -> None:
    """A reaction arrives as an edit with edit_hide and the same text."""
    channel = await telegram.create_channel("Сводка", members=[account.id])
    edited = watch(client, events.MessageEdited)
    number = await telegram.post(channel, "как есть")
    await telegram.react(channel, number)
    await until(lambda: edited)
    message = edited[0].message
    assert (message.edit_hide, message.message) == (True, "как есть")
    assert message.reactions.results[0].count == 1


async def test_strangers_are_pushed_only_while_they_poll(telegram: Telegram, client: Any) -> None:
    """A public channel that is not joined is pushed after getChannelDifference, not before."""
    channel = await telegram.create_channel("Сводка", "svodka", poll_timeout=30)
    new = watch(client)
    entity = await client.get_input_entity("svodka")
    await telegram.post(channel, "мимо")
    empty = types.ChannelMessagesFilterEmpty()
    poll = functions.updates.GetChannelDifferenceRequest(entity, empty, pts=2, limit=100)
    assert isinstance(await client(poll), types.updates.ChannelDifferenceEmpty)
    await telegram.post(channel, "услышано")
    await until(lambda: new)
    assert [event.raw_text for event in new] == ["услышано"]


async def test_history_pages(telegram: Telegram, client: Any) -> None:
    """History is paged both ways, bounded by ids, without deleted posts."""
    channel = await telegram.create_channel("Сводка", "svodka")
    await telegram.post_many(channel, [{"text": str(number)} for number in range(1, 251)])
    await telegram.delete(channel, [120, 121])
    kept = [number for number in range(1, 251) if number not in (120, 121)]
    backwards = [one.id async for one in client.iter_messages("svodka")]
    assert backwards == kept[::-1]
    forwards = [one.id async for one in client.iter_messages("svodka", reverse=True, min_id=100)]
    assert forwards == [number for number in kept if number > 100]
    between = [one.id async for one in client.iter_messages("svodka", min_id=117, max_id=124)]
    assert between == [123, 122, 119, 118]
    found = await client.get_messages("svodka", ids=[119, 120, 250])
    assert [one.id if one else None for one in found] == [119, None, 250]


async def test_heads_of_many_channels_in_one_call(telegram: Telegram, client: Any) -> None:
    """messages.getPeerDialogs tells newest post and pts of joined and public channels."""
    channels = [await telegram.create_channel(f"К{n}", f"channel_{n}") for n in range(5)]
    for number, channel in enumerate(channels):
        await telegram.post_many(channel, [{"text": "x"}] * number)
    peers = [await client.get_input_entity(f"channel_{n}") for n in range(5)]
    asked = [types.InputDialogPeer(peer) for peer in peers]
    heads = await client(functions.messages.GetPeerDialogsRequest(asked))
    assert [(one.top_message, one.pts) for one in heads.dialogs] == [
        (number, number + 1) for number in range(5)
    ]


async def test_what_posts_carry(telegram: Telegram, client: Any) -> None:
    """Entities, forwards, replies, polls, albums and media arrive as the TL the ledger means."""
    origin = await telegram.create_channel("Исток", "istok")
    channel = await telegram.create_channel("Сводка", "svodka")
    link = {"_": "TextUrl", "offset": 0, "length": 5, "url": "https://example.org/"}
    first = await telegram.post(channel, "сюда смотри", entities=[link], author="Дежурный")
    forward = {"channel": origin, "post": 9}
    await telegram.post(channel, "чужое", forward=forward, reply_to=first)
    poll = {"kind": "poll", "question": "Едем?", "answers": ["да", "нет"]}
    await telegram.post(channel, "", media=poll)
    await telegram.album(channel, [{"media": {"kind": "photo"}}, {"media": {"kind": "video"}}])
    found = await client.get_messages("svodka", limit=10)
    video, photo, asked, chained, linked = found
    assert linked.entities[0].url == "https://example.org/"
    assert linked.post_author == "Дежурный"
    assert (chained.fwd_from.from_id.channel_id, chained.fwd_from.channel_post) == (origin, 9)
    assert (chained.forward.chat.title, chained.reply_to_msg_id) == ("Исток", first)
    assert asked.poll.poll.question.text == "Едем?"
    assert photo.grouped_id == video.grouped_id
    assert (photo.photo is not None, video.video is not None) == (True, True)


async def test_files_download(telegram: Telegram, client: Any) -> None:
    """A photo and a file of several parts download to the bytes the ledger has."""
    channel = await telegram.create_channel("Сводка", "svodka")
    photo = await telegram.post(channel, "", media={"kind": "photo", "size": 70_000})
    spec = {"kind": "document", "name": "список.pdf", "size": 1_300_001}
    document = await telegram.post(channel, "", media=spec)
    for number, size in ((photo, 70_000), (document, 1_300_001)):
        message = await client.get_messages("svodka", ids=number)
        got = await client.download_media(message, bytes)
        wanted = content_of(file_id(Channel(channel, ""), Post(number, 0)), {"size": size})
        assert hashlib.sha256(got).digest() == hashlib.sha256(wanted).digest()


async def test_renamed_handed_over_and_closed(
    telegram: Telegram, account: MadeAccount, client: Any
) -> None:
    """A new title, a name that changes hands, and a closed channel look as Telegram shows them."""
    channel = await telegram.create_channel("Сводка", "svodka", members=[account.id])
    heir = await telegram.create_channel("Наследник", "heir_of_it")
    await telegram.rename(channel, "Сводка 2.0")
    service = (await client.get_messages("svodka", limit=1))[0]
    assert service.action.title == "Сводка 2.0"
    await telegram.set_username(heir, "svodka")
    resolved = await client(functions.contacts.ResolveUsernameRequest("svodka"))
    assert resolved.chats[0].id == heir
    peer = await client.get_input_entity(types.PeerChannel(channel))
    await telegram.close_channel(channel)
    with pytest.raises(errors.ChannelPrivateError):
        await client.get_messages(peer, limit=1)


async def test_folders(telegram: Telegram, tmp_path: Path) -> None:
    """A folder of an account lists its channels."""
    channel = await telegram.create_channel("Сводка", "svodka")
    folder = {"title": "Граница", "channels": [channel]}
    account = await telegram.create_account("+79990000001", folders=[folder])
    async with connected(telegram, tmp_path / "one") as client:
        await sign_in(client, account)
        answer = await client(functions.messages.GetDialogFiltersRequest())
    assert answer.filters[0].title.text == "Граница"
    assert [one.channel_id for one in answer.filters[0].include_peers] == [channel]


async def test_every_call_is_recorded(
    telegram: Telegram, account: MadeAccount, client: Any
) -> None:
    """The record tells when, by whom, what was asked with which arguments, and the answer."""
    channel = await telegram.create_channel("Сводка", "svodka")
    await client.get_messages("svodka", limit=3)
    asked = (await telegram.calls("messages.getHistory"))[-1]
    assert (asked.account, asked.channel, asked.answer) == (account.id, channel, "ok")
    assert asked.arguments["limit"] == 3
    with pytest.raises(ControlError, match="KeyError"):
        await telegram.post(1, "в никуда")
