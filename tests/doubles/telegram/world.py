"""The server's state: ledger, agreed keys, open lines, faults and the record of calls."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.doubles.telegram import render
from tests.doubles.telegram.cipher import AuthKey, ServerKey
from tests.doubles.telegram.faults import Faults
from tests.doubles.telegram.ledger import Account, Channel, Event, Ledger, access_hash

POLLED_AT_MOST = 10  # channels pushed without membership, core.telegram.org/api/updates


class RefusedError(Exception):
    """A call is answered with an RPC error."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message


class Line(Protocol):
    """What the world knows of one TCP connection (line.py)."""

    key: AuthKey | None
    wants_updates: bool
    polled: dict[int, float]
    """Channel id -> when its pushes to this connection end, if the account is no member."""

    def push(self, channel: int, body: bytes) -> None:
        """Send an update, or what its fault makes of it."""

    def push_together(self, bodies: Sequence[bytes]) -> None:
        """Send updates in one container, whatever the faults are."""

    def send_later(self, body: bytes) -> None:
        """Send a notification that is no channel's push."""

    def reset(self) -> None:
        """End the connection with a TCP reset."""

    def lift(self) -> None:
        """Send what a black hole held back."""

    def forget_time(self) -> None:
        """Message ids may start again: the server's clock was set."""


@dataclass
class World:
    """One loopback Telegram."""

    server_key: ServerKey
    port: int = 0
    ledger: Ledger = field(default_factory=Ledger)
    faults: Faults = field(default_factory=Faults)
    keys: dict[bytes, AuthKey] = field(default_factory=dict)
    lines: set[Line] = field(default_factory=set)
    accepted: list[int] = field(default_factory=list)
    """The clients' ports of all connections ever made."""
    journal: list[dict[str, Any]] = field(default_factory=list)
    light: asyncio.Event = field(default_factory=asyncio.Event)
    codes: dict[str, int] = field(default_factory=dict)
    """phone_code_hash -> the account it was sent to."""
    skew: float = 0.0
    unlucky_keys: int = 0
    """So many of the next connections have to agree upon a key anew, if they agree upon one."""
    streams: set["asyncio.Task[None]"] = field(default_factory=set)
    """What writes posts by itself."""

    def now(self) -> float:
        """The server's idea of the time."""
        return time.time() + self.skew

    def unlucky(self) -> bool:
        """Whether the next connection's key exchange fails."""
        self.unlucky_keys -= 1
        return self.unlucky_keys >= 0

    def push(self, channel: Channel, events: Sequence[Event]) -> int:
        """Push events of a channel to who listens; the number of lines it went to."""
        bodies: dict[int, bytes] = {}
        reached = 0
        for line in list(self.lines):
            account = self.listener(line, channel)
            if account is None:
                continue
            if account not in bodies:
                made = render.updates(self.ledger, channel, events, account, self.now())
                bodies[account] = bytes(made)
            line.push(channel.id, bodies[account])
            reached += 1
        return reached

    def push_together(self, told: Sequence[tuple[Channel, Event]]) -> None:
        """Push events of many channels, to each who listens in one container."""
        for line in list(self.lines):
            bodies = [
                bytes(render.updates(self.ledger, channel, [event], account, self.now()))
                for channel, event in told
                if (account := self.listener(line, channel)) is not None
            ]
            line.push_together(bodies)

    def listener(self, line: Line, channel: Channel) -> int | None:
        """The account of a line, if it is pushed this channel's events."""
        account = line.key.account if line.key else None
        if account is None or not line.wants_updates or not channel.readable(account):
            return None
        if account in channel.members or line.polled.get(channel.id, 0.0) > self.now():
            return account
        return None

    def tell_changed(self, channel: Channel, accounts: Sequence[int] | None = None) -> None:
        """Push updateChannel: something about the channel itself changed."""
        for line in list(self.lines):
            account = line.key.account if line.key else None
            if account is None or not line.wants_updates:
                continue
            if account in (channel.members if accounts is None else accounts):
                line.send_later(bytes(render.changed(channel, account, self.now())))

    def revoke(self, account: int | None, error: str) -> None:
        """From now on every call with the keys of an account (None = all) is refused with 401."""
        for key in self.keys.values():
            if account in (None, key.account):
                key.refusal = error

    def forget_keys(self, account: int | None) -> None:
        """Forget the keys of an account (None = all); its lines end."""
        for name, key in list(self.keys.items()):
            if account in (None, key.account):
                del self.keys[name]
        self.reset(account)

    def reset(self, account: int | None) -> int:
        """Reset the connections of an account (None = all); how many there were."""
        hit = [
            line
            for line in self.lines
            if account is None or (line.key is not None and line.key.account == account)
        ]
        for line in hit:
            line.reset()
        return len(hit)


@dataclass
class Call:
    """One RPC: the request without its wrappers, and who asks."""

    world: World
    line: Line
    request: Any
    method: str
    too_long: bool = False

    @property
    def account(self) -> Account:
        """Who asks.

        Raises:
            RefusedError: nobody is signed in with this key.
        """
        key = self.key
        if key.refusal:
            raise RefusedError(401, key.refusal)
        if key.account is None:
            raise RefusedError(401, "AUTH_KEY_UNREGISTERED")
        return self.world.ledger.accounts[key.account]

    @property
    def key(self) -> AuthKey:
        """The key of the connection."""
        key = self.line.key
        if key is None:
            raise RefusedError(401, "AUTH_KEY_UNREGISTERED")
        return key

    def channel(self, reference: Any) -> Channel:
        """The channel that an InputChannel or InputPeerChannel names, if it may be read.

        Raises:
            RefusedError: no such channel, a wrong access hash, or a private channel.
        """
        number = getattr(reference, "channel_id", 0)
        channel = self.world.ledger.channels.get(number)
        account = self.account.id
        if channel is None or reference.access_hash != access_hash(account, number):
            raise RefusedError(400, "CHANNEL_INVALID")
        if not channel.readable(account):
            raise RefusedError(406, "CHANNEL_PRIVATE")
        return channel
