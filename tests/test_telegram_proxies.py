"""Accounts behind a proxy: through it or not at all, never directly."""

import gc
import importlib.util
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.secret import Secret
from monitor.sources.telegram.session import _way
from monitor.sources.telegram.trouble import AccountLostError
from monitor.telegram_settings import Proxy
from tests.doubles.telegram.bench import Bench, signed_in
from tests.doubles.telegram.client import run_key
from tests.doubles.telegram.control import started
from tests.doubles.telegram.proxies import (
    PASSWORD,
    SECRET,
    USER,
    HttpConnect,
    LittleProxy,
    MtProxy,
    Socks5,
)

# the client library leaves its socket to the garbage collector when it is cancelled in a handshake
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

KINDS: dict[str, type[LittleProxy]] = {"socks5": Socks5, "http": HttpConnect, "mtproxy": MtProxy}


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Let the garbage collector close such sockets here, and not in another test."""
    yield
    gc.collect()


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """A running double, and an account signed in that has joined one channel."""
    async with started(run_key()) as telegram:
        yield await signed_in(telegram, tmp_path)


def way(kind: str, port: int, password: str) -> Proxy:
    """The settings of a proxy; the password is the secret of an mtproxy."""
    hidden = Secret("env:PROXY", password)
    fields: dict[str, Any] = dict.fromkeys(("username", "password", "secret"))
    fields |= {"secret": hidden} if kind == "mtproxy" else {"username": USER, "password": hidden}
    fields |= {"kind": kind, "host": "127.0.0.1", "port": port}
    return Proxy.model_construct(**fields)


async def direct(bench: Bench, before: set[int], proxy: LittleProxy) -> set[int]:
    """The connections to Telegram, since `before`, that did not come through the proxy."""
    return set(await bench.telegram.accepted()) - before - proxy.used


@pytest.mark.parametrize("kind", KINDS)
async def test_everything_goes_through_the_proxy(bench: Bench, kind: str) -> None:
    """Posts are pushed and listed through it, also after a reset; nothing goes directly."""
    before = set(await bench.telegram.accepted())
    async with KINDS[kind](bench.telegram.port) as proxy:
        right = SECRET if kind == "mtproxy" else PASSWORD
        bench.proxy = way(kind, proxy.port, right)
        async with bench.collecting():
            await bench.ready()
            await bench.telegram.post(bench.channel, "через прокси")
            await bench.until(["через прокси"])
            await bench.telegram.reset()
            await bench.telegram.post(bench.channel, "и снова")
            await bench.until(["и снова"])
        assert len(proxy.used) >= 2
        assert not await direct(bench, before, proxy)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_proxy_that_refuses_is_no_way_around(bench: Bench, kind: str) -> None:
    """With a wrong password or secret nothing is sent: trouble is told, and tried again there."""
    before = set(await bench.telegram.accepted())
    async with KINDS[kind](bench.telegram.port) as proxy:
        bench.proxy = way(kind, proxy.port, "f" * 32)
        async with bench.collecting():
            await bench.until(lambda: bench.state() == "unreachable")
            await bench.until(lambda: proxy.asked >= 2)
        assert not proxy.used
    assert set(await bench.telegram.accepted()) == before


@pytest.mark.parametrize("kind", KINDS)
async def test_a_proxy_that_is_gone_is_no_way_around(bench: Bench, kind: str) -> None:
    """A proxy that nobody answers at means no connection at all, and the account says so."""
    before = set(await bench.telegram.accepted())
    async with KINDS[kind](bench.telegram.port) as proxy:
        port = proxy.port
    bench.proxy = way(kind, port, SECRET)
    async with bench.collecting():
        await bench.until(lambda: bench.state() == "unreachable")
    assert set(bench.board.account) == {"unreachable"}
    assert set(await bench.telegram.accepted()) == before


async def test_without_its_library_nothing_starts(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client library would then ignore the proxy with a warning; we stop with a hint."""
    before = set(await bench.telegram.accepted())
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "python_socks" else found(name)
    )
    bench.proxy = way("socks5", 1, PASSWORD)
    with pytest.raises(AccountLostError, match="install python-socks"):
        _way(bench.proxy)
    async with bench.collecting() as task:
        await task
    assert bench.state() == "failed"
    assert set(await bench.telegram.accepted()) == before
