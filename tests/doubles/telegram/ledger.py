"""The ground truth: accounts, channels, posts, and every event with its pts.

Everything the double tells a client is rendered from here, and tests compare a collector's store
with it. Times are Unix seconds and come in as arguments. Gap semantics (pts grows by one per new
or edited post, by the number of ids per deletion) follow core.telegram.org/api/updates.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

EventKind = Literal["new", "edit", "delete"]

FIRST_CHANNEL = 1_006_503_122
FIRST_ACCOUNT = 7_000_001


@dataclass
class Account:
    """A Telegram user that a client may sign in as."""

    id: int
    phone: str
    code: str = "12345"
    password: str | None = None
    name: str = "Watcher"
    username: str | None = None
    pts: int = 1  # zero would make Telethon forget the channels' states
    seq: int = 1
    folders: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Post:
    """The newest version of a post; `entities` name TL classes, `media` is read by media.py."""

    id: int
    date: int
    text: str = ""
    entities: list[dict[str, Any]] = field(default_factory=list)
    media: dict[str, Any] | None = None
    group: int | None = None
    forward: dict[str, Any] | None = None
    reply_to: int | None = None
    author: str | None = None
    service: str | None = None
    edit_date: int | None = None
    edit_hide: bool = False
    views: int = 1
    reactions: int = 0
    deleted: bool = False


@dataclass(frozen=True)
class Event:
    """One step of a channel's pts: posts `ids` appeared, changed or vanished at `at`."""

    pts: int
    count: int
    kind: EventKind
    ids: tuple[int, ...]
    at: float


@dataclass
class Channel:
    """A broadcast channel with its members (account ids) and its history."""

    id: int
    title: str
    username: str | None = None
    about: str = ""
    subscribers: int = 1000
    pts: int = 1
    too_long_after: int = 100_000
    poll_timeout: int = 1
    closed: bool = False  # nobody may read it: gone, or its members were removed
    members: set[int] = field(default_factory=set)
    posts: dict[int, Post] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def record(self, kind: EventKind, ids: Iterable[int], at: float) -> Event:
        """Append an event; the pts grows by one, for a deletion by the number of ids."""
        names = tuple(ids)
        count = len(names) if kind == "delete" else 1
        self.pts += count
        event = Event(self.pts, count, kind, names, at)
        self.events.append(event)
        return event

    def since(self, pts: int) -> list[Event]:
        """The events after a pts, oldest first."""
        found: list[Event] = []
        for event in reversed(self.events):
            if event.pts <= pts:
                break
            found.append(event)
        return found[::-1]

    def listed(self) -> list[Post]:
        """The posts a client may still read, newest first."""
        return [post for post in reversed(self.posts.values()) if not post.deleted]

    def top(self) -> Post | None:
        """The newest readable post."""
        return next((post for post in reversed(self.posts.values()) if not post.deleted), None)

    def readable(self, account: int) -> bool:
        """Whether an account may read it: public, or a member; never when closed."""
        return not self.closed and (self.username is not None or account in self.members)


class Ledger:
    """Everything that is true in the double's Telegram."""

    def __init__(self) -> None:
        self.accounts: dict[int, Account] = {}
        self.channels: dict[int, Channel] = {}
        self._groups = 13_000_000_000

    def create_account(self, phone: str, fields: Mapping[str, Any]) -> Account:
        """Add a user; `fields` are those of Account."""
        account = Account(id=FIRST_ACCOUNT + len(self.accounts), phone=phone, **fields)
        self.accounts[account.id] = account
        return account

    def account_of_phone(self, phone: str) -> Account | None:
        """The account of a phone number, written with or without a plus sign."""
        digits = phone.lstrip("+")
        found = (one for one in self.accounts.values() if one.phone.lstrip("+") == digits)
        return next(found, None)

    def create_channel(self, title: str, fields: Mapping[str, Any]) -> Channel:
        """Add a channel; `fields` are those of Channel."""
        channel = Channel(id=FIRST_CHANNEL + len(self.channels), title=title, **fields)
        self.channels[channel.id] = channel
        return channel

    def channel_of_name(self, username: str) -> Channel | None:
        """The channel that has a username now, in any case of letters."""
        name = username.lower()
        found = (one for one in self.channels.values() if (one.username or "").lower() == name)
        return next(found, None)

    def publish(self, channel: Channel, fields: Mapping[str, Any], now: float) -> Event:
        """Write a post; `fields` are those of Post but for the id (the next one)."""
        values = {"date": int(now), **fields}
        number = int(values.pop("id", next(reversed(channel.posts), 0) + 1))
        channel.posts[number] = Post(id=number, **values)
        return channel.record("new", [number], now)

    def album(
        self, channel: Channel, posts: Iterable[Mapping[str, Any]], now: float
    ) -> list[Event]:
        """Write posts that one grouped id makes an album."""
        self._groups += 1
        return [self.publish(channel, {**post, "group": self._groups}, now) for post in posts]

    def edit(self, channel: Channel, number: int, fields: Mapping[str, Any], now: float) -> Event:
        """Change a post: an edit of its content shows an edit date and no edit_hide."""
        post = channel.posts[number]
        for key, value in {"edit_date": int(now), "edit_hide": False, **fields}.items():
            if not hasattr(post, key):
                raise KeyError(key)
            setattr(post, key, value)
        return channel.record("edit", [number], now)

    def react(self, channel: Channel, number: int, now: float) -> Event:
        """Add a reaction: clients see an edit with edit_hide, the content stays."""
        reactions = channel.posts[number].reactions + 1
        hidden = {"reactions": reactions, "edit_hide": True}
        return self.edit(channel, number, hidden, now)

    def delete(self, channel: Channel, numbers: Iterable[int], now: float) -> Event:
        """Delete posts; they stay in the ledger, marked."""
        ids = [number for number in numbers if not channel.posts[number].deleted]
        for number in ids:
            channel.posts[number].deleted = True
        return channel.record("delete", ids, now)

    def rename(self, channel: Channel, title: str, now: float) -> Event:
        """Change the title; Telegram writes a service message about it."""
        channel.title = title
        return self.publish(channel, {"service": title}, now)

    def truth(self, channel: Channel) -> dict[str, Any]:
        """A channel as JSON, every post ever written included."""
        facts = {**vars(channel), "members": sorted(channel.members)}
        facts["posts"] = [dict(vars(post)) for post in channel.posts.values()]
        del facts["events"]
        return facts


def access_hash(account: int, thing: int) -> int:
    """The access hash of a channel or file for one account; another account's does not work."""
    digest = hashlib.sha256(f"{account}:{thing}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1
