"""The outgoing client: bounded, honest about who it is, and never led inside."""

import asyncio
import contextlib
import gzip
import socket
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from monitor.clock import SystemClock
from monitor.sources.address import is_public
from monitor.sources.fetch import (
    Fetch,
    FetchError,
    Limits,
    RefusedError,
    TooLargeError,
    UnreachableError,
    retry_after,
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@contextlib.asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[str]:
    """A server on a free loopback port that answers everything with the handler."""
    server = web.Server(handler)  # type: ignore[arg-type] # every request is a web.Request here
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class Rebinding(AbstractResolver):
    """A name server under an attacker's hand: each name leads to the given address."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The next address, whatever the name."""
        del family  # as told, whatever was asked for
        address = self._addresses[min(self.asked, len(self._addresses) - 1)]
        self.asked += 1
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [
            ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=0)
        ]

    async def close(self) -> None:
        """Nothing is held."""


def fetch(**options: object) -> Fetch:
    """A client; loopback is allowed unless said otherwise."""
    options.setdefault("allow_private", True)
    return Fetch(SystemClock(), **options)  # type: ignore[arg-type] # each test names real options


FIRST = """
import asyncio, sys, threading

class Loader:
    def find_spec(self, name, *_):
        if name == "aiohttp":
            print(threading.current_thread() is threading.main_thread())

async def main():
    async with Fetch(SystemClock()) as fetch:
        tries = (fetch.get("http://127.0.0.1/") for _ in range(3))
        for error in await asyncio.gather(*tries, return_exceptions=True):
            print(type(error).__name__)

from monitor.clock import SystemClock
from monitor.sources.fetch import Fetch
sys.meta_path.insert(0, Loader())
asyncio.run(main())
"""


def test_the_first_fetch_holds_nobody_up() -> None:
    """The client's modules are loaded beside the loop, once, however many begin together."""
    said = subprocess.run(
        [sys.executable, "-c", FIRST], capture_output=True, text=True, check=True
    ).stdout.split()
    assert said == ["False", "RefusedError", "RefusedError", "RefusedError"]


INSIDE = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://127.255.255.254:8080/x",
    "http://0x7f.1/",
    "http://0x7f000001/",
    "http://2130706433/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://0/",
    "http://0.0.0.0/",
    "http://localhost/",
    "http://LOCALHOST:6379/",
    "https://127.0.0.1/",
    "http://10.0.0.1/",
    "http://10.255.255.255/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.0.1/",
    "http://192.168.1.1:80/router",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.0.1/",
    "http://192.0.0.1/",
    "http://192.0.2.1/",
    "http://198.18.0.1/",
    "http://198.51.100.1/",
    "http://203.0.113.1/",
    "http://224.0.0.1/",
    "http://239.255.255.250:1900/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::127.0.0.1]/",
    "http://[::ffff:0:127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[64:ff9b:1::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a9fe:a9fe::1]/",
    "http://[2001:0:7f00:1::]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25lo]/",
    "http://[fc00::1]/",
    "http://[fd12:3456:789a::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://[100::1]/",
]
NO_WEB_ADDRESS = [
    "file:///etc/passwd",
    "ftp://example.org/",
    "gopher://127.0.0.1:25/",
    "data:text/plain,hello",
    "http:///path",
    "http://user@example.org/",
    "http://user:password@example.org/",
    "http://example.org@127.0.0.1/",
    "//example.org/",
    "/etc/passwd",
    "",
    "http://exa mple.org/",
    "http://example.org/\r\nHost: inside",
    "http://[::1",
    "http://example.org/" + "x" * 3000,
    "unix:///run/docker.sock",
]


@pytest.mark.parametrize("url", INSIDE + NO_WEB_ADDRESS)
async def test_inside_addresses_are_refused(url: str) -> None:
    """However it is written, an address inside is refused, once and for all, with a hint."""
    async with fetch(allow_private=False) as client:
        with pytest.raises(RefusedError) as refused:
            await client.get(url)
    assert not refused.value.retry
    assert refused.value.hint


@pytest.mark.parametrize("url", NO_WEB_ADDRESS)
async def test_the_switch_opens_addresses_only(url: str) -> None:
    """`allow_private` opens private addresses, no other scheme and no passwords."""
    async with fetch() as client:
        with pytest.raises(RefusedError):
            await client.get(url)


def test_public_addresses_are_public() -> None:
    """The check does not shut out the Internet."""
    for address in ("149.154.167.99", "1.1.1.1", "2001:67c:4e8:f004::9", "64:ff9b::101:101"):
        assert is_public(address)
    assert not is_public("no address")


async def test_a_name_that_leads_inside_is_refused() -> None:
    """The resolved address counts, each time a connection is made: rebinding does not help."""
    for inside in ("127.0.0.1", "::ffff:10.0.0.1", "169.254.169.254"):
        resolver = Rebinding(inside)
        async with fetch(allow_private=False, resolver=resolver) as client:
            with pytest.raises(RefusedError):
                await client.get("http://public.example/")
            with pytest.raises(RefusedError):
                await client.get("http://public.example/")
        assert resolver.asked == 2


async def test_a_redirect_inside_is_refused() -> None:
    """Each hop is checked like the first: scheme, user and the address connected to."""
    targets = iter(["file:///etc/passwd", "http://a:b@localhost/", "//[::1", "http://[::1]:1/"])

    async def lead(_: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": next(targets)})

    async with served(lead) as base, fetch() as client:
        for _ in range(3):
            with pytest.raises(RefusedError):
                await client.get(base)
        with pytest.raises(UnreachableError):  # allowed by the switch, but nobody is there
            await client.get(base)


async def test_redirects_end() -> None:
    """Five redirects are followed, a sixth is refused; unfollowed, a redirect is the answer."""

    async def count_down(request: web.Request) -> web.Response:
        left = int(request.path[1:])
        if left == 0:
            return web.Response(text="there")
        return web.Response(status=302, headers={"Location": f"/{left - 1}"})

    async with served(count_down) as base, fetch() as client:
        answer = await client.get(f"{base}/5")
        assert (answer.status, answer.body, answer.url) == (200, b"there", f"{base}/0")
        with pytest.raises(RefusedError):
            await client.get(f"{base}/6")
        first = await client.get(f"{base}/6", follow=False)
        assert (first.status, first.headers["location"]) == (302, "/5")


async def test_we_say_who_we_are_and_what_we_have() -> None:
    """User-Agent with the contact; If-None-Match and If-Modified-Since; 304 is an answer."""
    seen: list[dict[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append({name.lower(): value for name, value in request.headers.items()})
        known = request.headers.get("If-None-Match") == '"v1"'
        return web.Response(status=304 if known else 200, headers={"ETag": '"v1"'}, text="")

    async with served(answer) as base, fetch(contact="https://desk.example/bot") as client:
        first = await client.get(base)
        second = await client.get(
            base, etag=first.headers["etag"], last_modified="Mon, 22 May 2023 09:14:00 GMT"
        )
    assert (first.status, second.status, second.body) == (200, 304, b"")
    assert seen[0]["user-agent"].startswith("monitor/")
    assert "https://desk.example/bot" in seen[0]["user-agent"]
    assert "if-none-match" not in seen[0]
    assert seen[1]["if-modified-since"] == "Mon, 22 May 2023 09:14:00 GMT"
    assert not any("cookie" in headers for headers in seen)


def packed(body: bytes, encoding: str = "gzip", cut: int | None = None) -> Handler:
    """A handler that sends a body packed, perhaps cut."""

    async def send(_: web.Request) -> web.Response:
        pack: dict[str, Callable[[bytes], bytes]] = {
            "gzip": gzip.compress,
            "deflate": zlib.compress,
        }
        data = pack.get(encoding, bytes)(body)
        return web.Response(body=data[:cut], headers={"Content-Encoding": encoding})

    return send


async def test_packed_bodies_are_unpacked_within_bounds() -> None:
    """Packed by gzip or deflate, a body is read; a cut one is worth another try; a bomb is not."""
    text = b"".join(b"%d," % n for n in range(100_000))
    for encoding in ("gzip", "deflate"):
        async with served(packed(text, encoding)) as base, fetch() as client:
            assert (await client.get(base)).body == text
    async with served(packed(text, cut=5000)) as base, fetch() as client:
        with pytest.raises(UnreachableError) as broken:
            await client.get(base)
        assert broken.value.retry
    async with served(packed(b"\0" * 4_000_000)) as base, fetch() as client:
        with pytest.raises(TooLargeError, match="times its size"):
            await client.get(base)
    async with served(packed(b"text", "br")) as base, fetch() as client:
        with pytest.raises(UnreachableError, match="did not ask"):
            await client.get(base)
    async with served(packed(b"no gzip", "identity")) as base, fetch() as client:
        assert (await client.get(base)).body == b"no gzip"


async def test_a_large_body_is_given_up_early() -> None:
    """An endless answer is given up at the limit, not at the memory's end."""
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while sent < 100_000_000:
                await response.write(b"x" * 65_536)
                sent += 65_536
        return response

    async with served(endless) as base, fetch() as client:
        with pytest.raises(TooLargeError) as large:
            await client.get(base)
    assert not large.value.retry
    assert sent < 20_000_000


async def test_slow_answers_and_dead_servers_are_worth_another_try() -> None:
    """Nobody there, a reset, a body cut short, silence: UnreachableError with a hint, in time."""

    async def silent(_: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    async def reset(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def short(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"x")
        assert request.transport is not None
        request.transport.close()
        return response

    for handler in (silent, reset, short):
        limits = Limits(total=0.3)
        async with served(handler) as base, fetch(limits=limits) as client:
            with pytest.raises(UnreachableError) as unreachable:
                await client.get(base)
            assert unreachable.value.retry
            assert unreachable.value.hint
    async with fetch() as client:
        with pytest.raises(UnreachableError):
            await client.get(base)


async def test_a_name_that_does_not_exist_is_unreachable() -> None:
    """No such name is an error to try again, not a crash; also with odd letters in it."""
    async with fetch() as client:
        for url in ("http://none.invalid/", "http://ex..ample.invalid/", "http://ы.invalid/"):
            with pytest.raises(FetchError):
                await client.get(url)


def test_retry_after_is_read_in_both_forms() -> None:
    """Seconds and dates, bounded to a day, never negative; anything else is not said."""
    now = datetime(2026, 5, 1, 12, tzinfo=UTC)
    assert retry_after("120", now) == 120
    assert retry_after("Fri, 01 May 2026 12:01:00 GMT", now) == 60
    assert retry_after("Fri, 01 May 2026 11:00:00 GMT", now) == 0
    assert retry_after("99999999999999", now) == 24 * 3600
    for value in (None, "", "soon", "-5", "1.5", "²"):
        assert retry_after(value, now) is None


async def test_retry_after_is_in_the_answer() -> None:
    """A 429 is an answer that says how long to wait."""

    async def busy(_: web.Request) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "17"})

    async with served(busy) as base, fetch() as client:
        answer = await client.get(base)
    assert (answer.status, answer.retry_after) == (429, 17)
