"""The one outgoing HTTP client: says who it is, and cannot be made to reach what it should not.

The address is checked when the connection is made (monitor/sources/address.py), on every hop of a
redirect. Bodies are read as a stream and given up when too large, also when a small body unpacks
to a large one. Nothing is retried here: an error says whether another try can help.
"""

import asyncio
import socket
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Self

import msgspec
from yarl import URL

from monitor import __version__
from monitor.clock import Clock
from monitor.sources.address import is_public

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession
    from aiohttp.abc import AbstractResolver
    from aiohttp.connector import AddrInfoType

MAX_BYTES = 5_000_000
MAX_RATIO = 100
MAX_REDIRECTS = 5
MAX_URL = 2048
# A small body may be all blanks: the ratio counts only beyond this.
RATIO_FREE_BYTES = 100_000
MAX_RETRY_AFTER = 24 * 3600.0
KEPT_HEADERS = ("content-type", "etag", "last-modified", "location", "retry-after")
_WRITE_IT = "write it as https://host/path"
REDIRECTS = frozenset({301, 302, 303, 307, 308})


class FetchError(Exception):
    """A request that brought nothing. `retry`: another try may help; `hint`: what a person can do.

    Attributes:
        retry: whether the same request may succeed later; if not, the address is to be changed.
    """

    retry = True

    def __init__(self, message: str, hint: str) -> None:
        self.hint = hint
        super().__init__(message)


class UnreachableError(FetchError):
    """No answer: no such name, no connection, a broken or unfinished answer, too slow."""


class RefusedError(FetchError):
    """We do not make this request: the address, the scheme or the redirects are not allowed."""

    retry = False


class TooLargeError(FetchError):
    """The answer is larger than we read."""

    retry = False


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """An answer. `url` is the address that gave it; `retry_after` is seconds, if the server asks.

    `headers` are those of KEPT_HEADERS, names in lower case.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    retry_after: float | None = None


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one request; times in seconds."""

    connect: float = 10.0
    total: float = 30.0
    max_bytes: int = MAX_BYTES


class ForbiddenAddressError(OSError):
    """Raised where a socket would be made; never leaves this module."""


class Fetch:
    """The client. Open it with `async with`, one for the whole process."""

    def __init__(
        self,
        clock: Clock,
        *,
        contact: str | None = None,
        allow_private: bool = False,
        limits: Limits | None = None,
        resolver: "AbstractResolver | None" = None,
    ) -> None:
        self._clock = clock
        self._allow_private = allow_private
        self._limits = limits or Limits()
        self._resolver = resolver
        self._session: ClientSession | None = None
        self._loaded = False
        about = f"+{contact}" if contact else "reads public posts; no contact configured"
        self.user_agent = f"monitor/{__version__} ({about})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def get(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        follow: bool = True,
    ) -> Fetched:
        """Fetch an address; any status is an answer, also 304, 404 and 503.

        Args:
            url: http or https, without user and password.
            etag: the ETag of the copy we have; the answer is then 304 when it is unchanged.
            last_modified: the Last-Modified of the copy we have.
            follow: whether to follow redirects (at most MAX_REDIRECTS); if not, they are answers.

        Raises:
            UnreachableError: no answer; try later.
            RefusedError: not allowed; change the address.
            TooLargeError: more than the limit.
        """
        conditions = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        headers = {name: value for name, value in conditions.items() if value}
        await self._load()
        import aiohttp  # noqa: PLC0415 - 15 MB, and 0.1 s: nothing is fetched before the start

        hint = "check the network and the address; it is tried again with growing pauses"
        try:
            async with asyncio.timeout(self._limits.total):
                return await self._hops(checked(url), headers, follow=follow)
        except TimeoutError as error:
            raise UnreachableError(f"no full answer in {self._limits.total:g} s", hint) from error
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, ForbiddenAddressError):
                raise RefusedError(
                    f"{url[:200]} leads to an address that is not public",
                    "use a public address, or set http: allow_private: true for your own network",
                ) from error
            raise UnreachableError(f"no connection: {error}", hint) from error
        except aiohttp.InvalidURL as error:
            raise RefusedError(f"not a web address: {url[:200]!r}", _WRITE_IT) from error
        except (aiohttp.ClientError, OSError, UnicodeError, ValueError) as error:
            raise UnreachableError(f"{type(error).__name__}: {str(error)[:300]}", hint) from error

    async def _load(self) -> None:
        """Load the client beside the loop, which it would hold up for 0.1 s."""
        if not self._loaded:
            await asyncio.to_thread(import_module, "aiohttp")
            self._loaded = True

    async def _hops(self, url: URL, headers: dict[str, str], *, follow: bool) -> Fetched:
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._one(url, headers)
            location = answer.headers.get("location")
            if not (follow and answer.status in REDIRECTS and location):
                return answer
            url = checked(location, base=url)
        raise RefusedError(
            f"more than {MAX_REDIRECTS} redirects", "use the address where they are to end"
        )

    async def _one(self, url: URL, headers: dict[str, str]) -> Fetched:
        async with self._opened().get(url, headers=headers, allow_redirects=False) as response:
            body = b"" if response.status in REDIRECTS else await self._body(response)
            kept = {
                name: response.headers[name] for name in KEPT_HEADERS if name in response.headers
            }
            return Fetched(
                url=str(url),
                status=response.status,
                headers=kept,
                body=body,
                retry_after=retry_after(kept.get("retry-after"), self._clock.now()),
            )

    async def _body(self, response: "ClientResponse") -> bytes:
        unpacker = unpacker_for(response.headers.get("Content-Encoding", ""))
        body = bytearray()
        received = 0
        limit = self._limits.max_bytes
        async for chunk in response.content.iter_chunked(65_536):
            received += len(chunk)
            body += unpacker.decompress(chunk, limit + 1 - len(body)) if unpacker else chunk
            if len(body) > limit:
                raise TooLargeError(
                    f"more than {limit:,} bytes", "use an address with a smaller answer"
                )
            if len(body) > max(RATIO_FREE_BYTES, MAX_RATIO * received):
                raise TooLargeError(
                    f"unpacks to more than {MAX_RATIO} times its size",
                    "the answer looks like a bomb; check who runs the address",
                )
        if unpacker and received and not unpacker.eof:
            raise UnreachableError(
                "the packed answer is not complete", "it is tried again with growing pauses"
            )
        return bytes(body)

    def _opened(self) -> "ClientSession":
        if self._session is None:
            import aiohttp  # noqa: PLC0415 - as in `get`

            from monitor.sources.resolver import DaemonResolver  # noqa: PLC0415 - as in `get`

            connector = aiohttp.TCPConnector(
                resolver=self._resolver or DaemonResolver(),
                socket_factory=self._socket,
                use_dns_cache=False,
                limit_per_host=4,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(
                    total=self._limits.total, sock_connect=self._limits.connect
                ),
                headers={"User-Agent": self.user_agent, "Accept-Encoding": "gzip"},
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session

    def _socket(self, target: "AddrInfoType") -> socket.socket:
        """Make the socket for one address, or refuse: the last moment before connecting."""
        family, kind, protocol, _, address = target
        if not (self._allow_private or is_public(str(address[0]))):
            # One text for all: several refused addresses then stay this error.
            raise ForbiddenAddressError("address is not public")
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        return made


def checked(url: str, *, base: URL | None = None) -> URL:
    """The address as a URL, or RefusedError: http and https only, no user, not too long."""
    if len(url) > MAX_URL or any(letter <= " " for letter in url):
        raise RefusedError("the address is too long or holds blanks", _WRITE_IT)
    try:
        parsed = base.join(URL(url)) if base else URL(url)
    except (ValueError, UnicodeError) as error:
        raise RefusedError(f"not a web address: {url[:200]!r}", _WRITE_IT) from error
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise RefusedError(f"not a web address: {url[:200]!r}", _WRITE_IT)
    if parsed.user is not None or parsed.password is not None:
        raise RefusedError("a user or password stands in the address", _WRITE_IT)
    return parsed


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header (seconds or a date), 0 to a day; None = not said."""
    if not value:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), MAX_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError, TypeError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), MAX_RETRY_AFTER)


def unpacker_for(encoding: str) -> "zlib._Decompress | None":
    """What unpacks a body sent with this Content-Encoding; None = it is not packed."""
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip" | "deflate":
            return zlib.decompressobj(zlib.MAX_WBITS | 32)
        case other:
            raise UnreachableError(
                f"the answer is packed as {other[:40]!r}, which we did not ask for",
                "the server is misconfigured; tell its owner",
            )
