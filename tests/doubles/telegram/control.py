"""The tests' side: start the double as a process, write its ledger, break things, read the record.

async with started(key) as telegram:
    account = await telegram.create_account("+79990000001")
    channel = await telegram.create_channel("Сводка", "svodka", members=[account.id])
    await telegram.post(channel, "Первый пост")
"""

import asyncio
import json
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
        process: asyncio.subprocess.Process,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        self.host = "127.0.0.1"
        self.port = port
        self._process = process
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
        """End the double."""
        self._writer.close()
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), 5)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def started(key: Key, port: int = 0) -> AsyncIterator[Telegram]:
    """A double on a free port (or the one given), ready to be connected to; ended on leaving."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.doubles.telegram", "--key", str(key.private),
        "--port", str(port),
        cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    telegram: Telegram | None = None
    try:
        if process.stdout is None:
            raise ControlError("the double has no output")
        line = await asyncio.wait_for(process.stdout.readline(), READY_WITHIN)
        if not line:
            raise ControlError("the double ended before it was ready: its errors stand above")
        ready = json.loads(line)
        streams = await asyncio.open_connection("127.0.0.1", ready["control"], limit=LONGEST_LINE)
        telegram = Telegram(ready["port"], process, streams)
        yield telegram
    finally:
        if telegram is not None:
            await telegram.close()
        elif process.returncode is None:
            process.kill()
            await process.wait()
