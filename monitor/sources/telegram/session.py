"""The session file, which is the account: only its owner may read it, or nothing starts."""

import logging
import os
import stat
from pathlib import Path

import msgspec
from telethon import TelegramClient
from telethon.crypto import rsa
from telethon.sessions import SQLiteSession

from monitor.secret import Secret
from monitor.sources.telegram.trouble import AccountLostError

DATA_CENTRE = 2


class Server(msgspec.Struct, frozen=True):
    """Another server than Telegram's own, for tests: address and RSA key (PKCS#1 PEM)."""

    host: str
    port: int
    public_key: Path


class AccountSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One account: its name, session file, and the application it signs in as."""

    name: str
    session: Path
    api_id: int
    api_hash: Secret
    server: Server | None = None


def check_session_file(path: Path) -> None:
    """See that nobody else can read the session.

    Raises:
        AccountLostError: the file is missing, or it or its folder is open to others.
    """
    if not path.exists():
        raise AccountLostError(f"no session file {path}", "sign in first: monitor login telegram")
    for place, mode in ((path.parent, 0o700), (path, 0o600)):
        open_to = stat.S_IMODE(place.stat().st_mode) & 0o077
        if open_to:
            raise AccountLostError(
                f"{place} can be read by others, and whoever reads it has the account",
                f"chmod {mode:o} {place}",
            )


def create_session_file(path: Path) -> None:
    """Make an empty session file that only its owner may read, in a folder of the same kind."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def open_client(settings: AccountSettings, connect_timeout: float) -> TelegramClient:
    """A client on the account's session file, not yet connected.

    It waits out no flood, repeats no call and makes no new connection by itself: all of that is
    decided, budgeted and shown by us.
    """
    check_session_file(settings.session)
    logging.getLogger("telethon").setLevel(logging.CRITICAL)  # we say ourselves what matters
    session = SQLiteSession(str(settings.session))
    if settings.server is not None:
        rsa.add_key(settings.server.public_key.read_bytes(), old=False)
        session.set_dc(DATA_CENTRE, settings.server.host, settings.server.port)
    return TelegramClient(
        session,
        settings.api_id,
        settings.api_hash.reveal(),
        timeout=connect_timeout,
        connection_retries=0,
        auto_reconnect=False,
        request_retries=1,
        raise_last_call_error=True,
        flood_sleep_threshold=0,
        sequential_updates=True,
        catch_up=True,
    )
