"""The tests' side of the double: write its ledger, break things, read its record of calls.

async with started(key) as telegram:
    account = await telegram.create_account("+79990000001")
    channel = await telegram.create_channel("Сводка", "svodka", members=[account.id])
    await telegram.post(channel, "Первый пост")
"""

import asyncio
import atexit
import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypedDict, Unpack

ROOT = Path(__file__).parents[3]
LONGEST_LINE = 64 * 1024 * 1024
READY_WITHIN = 20.0


class Key(NamedTuple):
    """The server's RSA key of this test run, as PEM files."""

    private: Path
    public: Path


class PostFields(TypedDict, total=False):
    """What a post may have beside its text; see ledger.Post."""

    id: int
    date: int
    entities: list[dict[str, Any]]
    media: dict[str, Any]
    forward: dict[str, Any]
    reply_to: int
    author: str
    views: int


class AccountFields(TypedDict, total=False):
    """What an account may have beside its phone number; see ledger.Account."""

    code: str
    password: str
    name: str
    username: str
    folders: list[dict[str, Any]]


class ChannelFields(TypedDict, total=False):
    """What a channel may have beside its title and name; see ledger.Channel."""

    about: str
    subscribers: int
    too_long_after: int
    poll_timeout: int
    members: list[int]


class FaultFields(TypedDict, total=False):
    """Whom a fault meets and how often; see faults.CallFault and faults.PushFault."""

    account: int | None
    channel: int | None
    times: int | None
    seconds: float
    code: int
    error: str


@dataclass(frozen=True)
class MadeAccount:
    """An account as created."""

    id: int
    phone: str
    code: str
    password: str | None


class Recorded(NamedTuple):
    """One call that a client made: when (server time), who, what, and how it was answered."""

    at: float
    account: int | None
    method: str
    channel: int | None
    arguments: dict[str, Any]
    answer: str


class ControlError(Exception):
    """The double could not do what the test asked of it."""


class Telegram:
    """A running double; each method is one verb of verbs.py."""

    def __init__(
        self,
        port: int,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        self.host = "127.0.0.1"
        self.port = port
        self._reader, self._writer = streams
        self._turn = asyncio.Lock()

    async def ask(self, verb: str, **given: object) -> Any:
        """Say one verb; its answer.

        Raises:
            ControlError: the verb or its arguments are wrong, or the double is gone.
        """
        async with self._turn:
            self._writer.write(json.dumps({"verb": verb, **given}).encode() + b"\n")
            await self._writer.drain()
            answer = json.loads(await self._reader.readline() or b'{"error": "it is gone"}')
        if "error" in answer:
            raise ControlError(answer["error"])
        return answer["ok"]

    async def create_account(self, phone: str, **fields: Unpack[AccountFields]) -> MadeAccount:
        """Add a user that clients may sign in as (code 12345 unless given)."""
        made = await self.ask("create_account", phone=phone, fields=fields)
        return MadeAccount(made["id"], made["phone"], made["code"], made["password"])

    async def create_channel(
        self, title: str, username: str | None = None, **fields: Unpack[ChannelFields]
    ) -> int:
        """Add a channel; its numeric id."""
        members = fields.pop("members", [])
        made = await self.ask(
            "create_channel", title=title, members=members, fields={"username": username, **fields}
        )
        return int(made["id"])

    async def post(
        self, channel: int, text: str, *, push: bool = True, **fields: Unpack[PostFields]
    ) -> int:
        """Publish a post (push=False: its push is lost); its id."""
        ids = await self.post_many(channel, [{"text": text, **fields}], push=push)
        return ids[0]

    async def post_many(
        self, channel: int, posts: Sequence[dict[str, Any]], *, push: bool = True
    ) -> list[int]:
        """Publish posts, mappings of ledger.Post's fields; their ids."""
        made = await self.ask("post", channel=channel, posts=list(posts), push=push)
        return [int(number) for number in made["ids"]]

    async def album(
        self, channel: int, posts: Sequence[dict[str, Any]], *, push: bool = True
    ) -> list[int]:
        """Publish posts as one album; their ids."""
        made = await self.ask("album", channel=channel, posts=list(posts), push=push)
        return [int(number) for number in made["ids"]]

    async def edit(self, channel: int, post: int, *, push: bool = True, **fields: object) -> None:
        """Change a post's fields (text, entities, media ...)."""
        await self.ask("edit", channel=channel, post=post, fields=fields, push=push)

    async def react(self, channel: int, post: int, *, push: bool = True) -> None:
        """React to a post: clients see an edit with edit_hide."""
        await self.ask("react", channel=channel, post=post, push=push)

    async def delete(self, channel: int, ids: Sequence[int], *, push: bool = True) -> None:
        """Delete posts."""
        await self.ask("delete", channel=channel, ids=list(ids), push=push)

    async def rename(self, channel: int, title: str) -> None:
        """Change a channel's title."""
        await self.ask("rename", channel=channel, title=title)

    async def set_username(self, channel: int, username: str | None) -> None:
        """Give a name to a channel; who had it loses it."""
        await self.ask("set_username", channel=channel, username=username)

    async def close_channel(self, channel: int) -> None:
        """Make a channel unreadable: private without us, or gone."""
        await self.ask("close_channel", channel=channel)

    async def set_channel(self, channel: int, **fields: object) -> None:
        """Change fields of ledger.Channel silently."""
        await self.ask("set_channel", channel=channel, fields=fields)

    async def truth(self, channel: int | None = None) -> list[dict[str, Any]]:
        """The ledger: a channel, or all, with every post ever written."""
        found: list[dict[str, Any]] = await self.ask("truth", channel=channel)
        return found

    async def calls(self, method: str | None = None, since: int = 0) -> list[Recorded]:
        """The calls clients made, oldest first."""
        found = await self.ask("calls", method=method, since=since)
        return [Recorded(**{name: entry[name] for name in Recorded._fields}) for entry in found]

    async def lines(self) -> list[dict[str, Any]]:
        """The open connections."""
        found: list[dict[str, Any]] = await self.ask("lines")
        return found

    async def accepted(self) -> list[int]:
        """The clients' ports of all connections ever made."""
        return [int(port) for port in await self.ask("accepted")]

    async def fail_call(self, method: str, action: str, **fields: Unpack[FaultFields]) -> None:
        """Script a fault of calls: error, slow, silent, reset, malformed, unknown, too_long."""
        await self.ask("fail_call", method=method, action=action, **fields)

    async def flood(self, method: str, seconds: int, times: int | None = 1) -> None:
        """Answer calls of a method with FLOOD_WAIT."""
        error = f"FLOOD_WAIT_{seconds}"
        await self.fail_call(method, "error", code=420, error=error, times=times)

    async def fail_push(self, action: str, **fields: Unpack[FaultFields]) -> None:
        """Script a fault of pushes: drop, repeat, reorder, delay, malformed, unknown."""
        await self.ask("fail_push", action=action, **fields)

    async def limit(self, method: str, calls: int, seconds: float, wait: int) -> None:
        """Answer FLOOD_WAIT to more than so many calls in so many seconds."""
        await self.ask("limit", method=method, calls=calls, seconds=seconds, wait=wait)

    async def clear_faults(self) -> None:
        """Nothing goes wrong any more."""
        await self.ask("clear_faults")

    async def reset(self, account: int | None = None) -> int:
        """Reset connections; how many there were."""
        return int(await self.ask("reset", account=account))

    async def black_hole(self, *, on: bool) -> None:
        """Hold back every byte in both directions, or let all of it through."""
        await self.ask("black_hole", on=on)

    async def listen(self, *, on: bool) -> None:
        """Refuse connections (and reset the open ones), or accept them again."""
        await self.ask("listen", on=on)

    async def forget_keys(self, account: int | None = None) -> None:
        """Forget auth keys: the transport answers -404."""
        await self.ask("forget_keys", account=account)

    async def revoke(self, error: str, account: int | None = None) -> None:
        """Refuse every call of an account's sessions with this error."""
        await self.ask("revoke", error=error, account=account)

    async def set_clock(self, ahead: float) -> None:
        """Put the server's clock ahead of the machine's."""
        await self.ask("set_clock", ahead=ahead)

    async def unlucky_keys(self, connections: int) -> None:
        """Let the key exchange of so many of the next connections fail, as it does by chance."""
        await self.ask("unlucky_keys", connections=connections)

    async def change_salt(self) -> None:
        """Change the salts: clients get bad_server_salt once."""
        await self.ask("change_salt")

    async def push_garbage(self, kind: str) -> None:
        """Push malformed or unknown TL to everyone."""
        await self.ask("push_garbage", kind=kind)

    async def push_too_long(self, channel: int) -> None:
        """Push updateChannelTooLong."""
        await self.ask("push_too_long", channel=channel)

    async def scan_login_token(self, token: bytes, account: int) -> bool:
        """Scan a QR code with a phone that the account is signed in on."""
        return bool(await self.ask("scan_login_token", token=token.hex(), account=account))

    async def close(self) -> None:
        """Say no more; the process stays for the next test."""
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


class Process(NamedTuple):
    """A double as a process of its own, and where it listens."""

    popen: subprocess.Popen[bytes]
    port: int
    control: int

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.popen.poll() is None

    def end(self) -> None:
        """End it: it leaves when its standard input does."""
        with self.popen as process:
            try:
                if process.stdin is not None:
                    process.stdin.close()
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


def _start(key: Key, port: int) -> Process:
    popen = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.doubles.telegram"),
            *("--key", str(key.private), "--port", str(port)),
        ],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    line = popen.stdout.readline() if popen.stdout is not None else b""
    if not line:
        raise ControlError("the double ended before it was ready: its errors stand above")
    ready = json.loads(line)
    return Process(popen, ready["port"], ready["control"])


_shared: dict[Path, Process] = {}


async def _of_this_run(key: Key) -> Process:
    """The one double of a test run: starting one takes longer than most tests."""
    process = _shared.get(key.private)
    if process is None or not process.alive:
        async with asyncio.timeout(READY_WITHIN):
            process = await asyncio.to_thread(_start, key, 0)
        _shared[key.private] = process
        atexit.register(process.end)
    return process


@asynccontextmanager
async def started(key: Key) -> AsyncIterator[Telegram]:
    """A double in which nothing has happened yet, ready to be connected to."""
    process = await _of_this_run(key)
    streams = await asyncio.open_connection("127.0.0.1", process.control, limit=LONGEST_LINE)
    telegram = Telegram(process.port, streams)
    try:
        await telegram.ask("begin")
        yield telegram
    finally:
        await telegram.close()
