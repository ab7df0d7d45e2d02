"""Real Telethon clients for the double: pointed at it, signed in, and ended with the test."""

import asyncio
import atexit
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

from telethon import TelegramClient, events
from telethon.crypto import rsa
from telethon.sessions import SQLiteSession

from tests.doubles.telegram.cipher import make_server_key
from tests.doubles.telegram.control import Key, MadeAccount, Telegram
from tests.doubles.telegram.media import DC
from tests.patience import PATIENCE

API_ID, API_HASH = 4242, "0123456789abcdef0123456789abcdef"


@cache
def run_key() -> Key:
    """The one RSA key of this test run; Telethon knows its public half from now on."""
    folder = Path(tempfile.mkdtemp(prefix="telegram-double-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    key = Key(folder / "private.pem", folder / "public.pem")
    make_server_key(key.private, key.public)
    rsa.add_key(key.public.read_bytes(), old=False)
    return key


def session_at(telegram: Telegram, file: Path) -> Any:
    """A session file whose data centre is the double."""
    session = SQLiteSession(str(file))
    session.set_dc(DC, telegram.host, telegram.port)
    return session


@asynccontextmanager
async def connected(telegram: Telegram, file: Path, **options: Any) -> AsyncIterator[Any]:
    """A connected client on a session file; disconnected on leaving."""
    client = TelegramClient(session_at(telegram, file), API_ID, API_HASH, **options)
    try:
        await client.connect()
        yield client
    finally:
        await client.disconnect()


async def sign_in(client: Any, account: MadeAccount) -> None:
    """Sign in with phone and code, and the two-step password if there is one."""
    await client.send_code_request(account.phone)
    if account.password is None:
        await client.sign_in(account.phone, account.code)
        return
    try:
        await client.sign_in(account.phone, account.code)
    except Exception as error:
        if type(error).__name__ != "SessionPasswordNeededError":
            raise
        await client.sign_in(password=account.password)


async def until(holds: Callable[[], object], within: float = PATIENCE) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(within):
        while not holds():  # noqa: ASYNC110 - any condition may be waited for
            await asyncio.sleep(0.01)


def watch(client: Any, kind: Any = events.NewMessage) -> list[Any]:
    """Every event of a kind from now on, in the order of arrival."""
    seen: list[Any] = []

    async def keep(event: Any) -> None:
        seen.append(event)

    client.add_event_handler(keep, kind())
    return seen
