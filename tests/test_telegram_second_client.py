"""A second client library, with its own TL generator and cryptography, speaks to the double too.

Optional: runs where `pip install kurigram` was done (LGPL, so no dependency of ours). It guards
against a double and a client that agree only because both are built on Telethon's TL classes.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from telethon.crypto import rsa as telethon_rsa

from tests.doubles.telegram.cipher import read_server_key
from tests.doubles.telegram.client import run_key
from tests.doubles.telegram.control import MadeAccount, Telegram, started
from tests.patience import PATIENCE

pyrogram = pytest.importorskip("pyrogram", reason="optional: needs `pip install kurigram`")


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    """A running double whose key the second library knows."""
    private = read_server_key(run_key().private)
    known = pyrogram.crypto.rsa
    known.server_public_keys[private.fingerprint] = known.PublicKey(private.n, private.e)
    async with started(run_key()) as running:
        yield running


@pytest.fixture
async def account(telegram: Telegram) -> MadeAccount:
    """An account with a two-step password."""
    return await telegram.create_account("+79990000001", password="вторая ступень")  # noqa: S106 - of the double


@pytest.fixture
async def client(telegram: Telegram, account: MadeAccount, tmp_path: Path) -> AsyncIterator[Any]:
    """The second library's client, signed in, its connections led to the double."""
    original = pyrogram.connection.Connection
    here = {"server_address": telegram.host, "port": telegram.port}

    def lead(**options: Any) -> Any:
        return original(**{**options, **here})

    made = pyrogram.Client(
        "second",
        api_id=4242,
        api_hash="0123456789abcdef0123456789abcdef",
        workdir=tmp_path,
        phone_number=account.phone,
        phone_code=account.code,
        password=account.password,
        hide_password=False,
        connection_factory=lead,
        sleep_threshold=0,
    )
    await made.start()
    yield made
    await made.stop()


def test_both_libraries_name_the_key_alike() -> None:
    """Our fingerprint of the RSA key is the one Telethon computes."""
    assert read_server_key(run_key().private).fingerprint in telethon_rsa._server_keys


async def test_reads_and_is_pushed(telegram: Telegram, account: MadeAccount, client: Any) -> None:
    """Resolve, history, heads and pushes look to the second library as to the first."""
    channel = await telegram.create_channel("Сводка", "svodka", members=[account.id])
    await telegram.post_many(channel, [{"text": str(number)} for number in range(1, 131)])
    chat = await client.get_chat("svodka")
    assert (chat.title, chat.id) == ("Сводка", -1_000_000_000_000 - channel)
    history = [message.id async for message in client.get_chat_history("svodka")]
    assert history == list(range(130, 0, -1))
    seen: list[Any] = []

    async def keep(_client: Any, message: Any) -> None:
        seen.append(message)

    client.add_handler(pyrogram.handlers.MessageHandler(keep))
    await telegram.post(channel, "толчок")
    async with asyncio.timeout(PATIENCE):
        while not seen:  # noqa: ASYNC110 - the library sets no event
            await asyncio.sleep(0.01)
    assert seen[0].text == "толчок"


async def test_errors_are_understood(telegram: Telegram, client: Any) -> None:
    """FLOOD_WAIT reaches the second library as its own error with the seconds in it."""
    await telegram.create_channel("Сводка", "svodka")
    await telegram.flood("messages.getHistory", 77)
    with pytest.raises(pyrogram.errors.FloodWait) as caught:
        await anext(client.get_chat_history("svodka", limit=1))
    assert caught.value.value == 77
