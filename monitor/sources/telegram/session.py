"""The session file, which is the account: only its owner may read it, or nothing starts."""

import importlib.util
import logging
import os
from pathlib import Path
from typing import Any

import msgspec
from telethon import TelegramClient
from telethon.crypto import rsa
from telethon.network.connection import ConnectionTcpMTProxyRandomizedIntermediate
from telethon.sessions import SQLiteSession

from monitor.secret import Secret
from monitor.sources.telegram.trouble import AccountLostError
from monitor.telegram_settings import Proxy, open_to_others

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
    proxy: Proxy | None = None


def check_session_file(path: Path) -> None:
    """See that nobody else can read the session.

    Raises:
        AccountLostError: the file is missing, or it or its folder is open to others.
    """
    if not path.exists():
        raise AccountLostError(f"no session file {path}", "sign in first: monitor login telegram")
    problem = open_to_others(path)
    if problem is not None:
        raise AccountLostError(*problem)


def create_session_file(path: Path) -> None:
    """Make an empty session file that only its owner may read; new folders are of the same kind."""
    for folder in reversed(path.parents):
        if not folder.exists():
            folder.mkdir(mode=0o700)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def open_client(
    settings: AccountSettings,
    connect_timeout: float,
    kind: type[TelegramClient] = TelegramClient,
    *,
    repeats: int = 0,
) -> TelegramClient:
    """A client on the account's session file, not yet connected.

    It waits out no flood, repeats no call and makes no new connection by itself: all of that is
    decided, budgeted and shown by us. Signing in lets it repeat a call once, at the data centre
    that Telegram names.
    """
    check_session_file(settings.session)
    logging.getLogger("telethon").setLevel(logging.CRITICAL)  # we say ourselves what matters
    session = SQLiteSession(str(settings.session))
    if settings.server is not None:
        rsa.add_key(settings.server.public_key.read_bytes(), old=False)
        session.set_dc(DATA_CENTRE, settings.server.host, settings.server.port)
    return kind(
        session,
        settings.api_id,
        settings.api_hash.reveal(),
        timeout=connect_timeout,
        connection_retries=0,
        auto_reconnect=False,
        request_retries=repeats,
        raise_last_call_error=True,
        flood_sleep_threshold=0,
        sequential_updates=True,
        catch_up=True,
        **_way(settings.proxy),
    )


def _way(proxy: Proxy | None) -> dict[str, Any]:
    """The client's options for a proxy. Names are resolved by the proxy, not here.

    Raises:
        AccountLostError: its library is missing; the client would then go the direct way, unasked.
    """
    if proxy is None:
        return {}
    if proxy.kind == "mtproxy":
        # the client cuts off a leading dd, even one that is the secret's own first byte
        secret = "dd" + (proxy.secret.reveal() if proxy.secret else "")[-32:]
        return {
            "connection": ConnectionTcpMTProxyRandomizedIntermediate,
            "proxy": (proxy.host, proxy.port, secret),
        }
    if importlib.util.find_spec("python_socks") is None:
        raise AccountLostError("the proxy's library is missing", "install python-socks")
    return {
        "proxy": {
            "proxy_type": proxy.kind,
            "addr": proxy.host,
            "port": proxy.port,
            "username": proxy.username,
            "password": proxy.password.reveal() if proxy.password else None,
            "rdns": True,
        }
    }
