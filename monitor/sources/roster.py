"""Who reads which channel: an account, or the web preview in its stead.

The preview takes over a channel while no account proves that it reads it: logged out, banned, made
to wait, not there yet, or none has room. Otherwise it only bears witness, seldom. A channel has a
home, the account that reads it when all are well: the one the sources file names, else one by a
hash of both names, so that a longer list moves no other channel (each account would have to look a
moved one up anew).
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Literal, Protocol

import msgspec
import structlog

from monitor.source import HealthBoard, SourceHealth, SourceInfo

log = structlog.get_logger(__name__)

MOST = 450
"""Channels per account: Telegram lets a user be in 500."""

Move = Callable[[Sequence[SourceInfo]], None]
"""Tells an account which channels it reads from now on."""

AccountState = Literal["starting", "running", "unreachable", "flooded", "lost"]


_ABLE = {"starting", "running", "unreachable"}
"""What an account's channels stay with: it reads them, or will in a moment."""


class AccountHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How an account is doing; `hint` says what a person can do.

    `lost` = until a person helps, `flooded` = Telegram makes it wait, until `until` (ISO 8601),
    `unreachable` = no connection to Telegram: it is tried again and keeps its channels.
    `moved` says who reads its channels meanwhile.
    """

    account: str
    state: AccountState = "starting"
    channels: int = 0
    hint: str = ""
    until: str | None = None
    moved: str = ""


class RosterBoard(HealthBoard, Protocol):
    """A board from which a source can be taken."""

    def forget(self, source: str) -> None:
        """A source is watched no more."""


class Roster:
    """The channels of all accounts, what was said of each, and who reads it now."""

    def __init__(
        self, sources: Iterable[SourceInfo], accounts: Sequence[str], board: RosterBoard
    ) -> None:
        self._board = board
        self._infos = {one.id: one for one in sources if "account" in one.via}
        self._accounts = {name: AccountHealth(account=name) for name in accounts}
        self._moves: dict[str, Move] = {}
        self._of: dict[str, str] = {}
        self._told: dict[str, SourceHealth] = {}
        self._previewed: dict[str, SourceHealth] = {}
        self._missed: dict[str, int] = {}
        self._changed = asyncio.Event()
        self._share_out()

    def take(self, sources: Iterable[SourceInfo]) -> None:
        """Share out another list of channels; those in both stay where they are."""
        listed = {one.id: one for one in sources}
        for id_ in (
            self._told.keys() | self._previewed.keys() | self._infos.keys()
        ) - listed.keys():
            for known in (self._told, self._previewed, self._missed, self._of):
                known.pop(id_, None)
            self._board.forget(id_)
        before = self._infos
        self._infos = {id_: one for id_, one in listed.items() if "account" in one.via}
        for id_ in before.keys() - self._infos.keys():
            self._told.pop(id_, None)
            self._of.pop(id_, None)
            if id_ in self._previewed:
                self._show(id_)
        self._share_out()
        for name in self._able():  # an entry may name another account now
            self._go_home(name)
        for name in self._accounts:
            self._move(name)
        self._changed.set()

    def share(self, account: str, move: Move | None = None) -> tuple[SourceInfo, ...]:
        """The channels of an account; `move` is called when they become others."""
        if move is not None:
            self._moves[account] = move
        return tuple(info for id_, info in self._infos.items() if self._of.get(id_) == account)

    def reader(self, source: str) -> str | None:
        """The account that reads a channel, or tries to."""
        return self._of.get(source)

    def by_account(self, source: str) -> bool:
        """Whether an account proves that it reads a channel."""
        told = self._told.get(source)
        return source in self._of and told is not None and told.state == "ok"

    async def changed(self) -> None:
        """Wait until the preview has to take over another channel, or gives one back."""
        await self._changed.wait()
        self._changed.clear()

    def accounts(self) -> tuple[AccountHealth, ...]:
        """How every account is doing, with how many channels it has."""
        counts = Counter(self._of.values())
        return tuple(
            msgspec.structs.replace(one, channels=counts[name])
            for name, one in self._accounts.items()
        )

    def lose(self, account: str, reason: str, hint: str) -> None:
        """An account is gone until a person helps: its channels move. Said once."""
        if self._accounts[account].state == "lost":
            return
        moving = [id_ for id_, of in self._of.items() if of == account]
        moved = self._move_away(account, "lost", f"{reason} - {hint}")
        log.error(
            "telegram_account_lost",
            account=account,
            problem=reason,
            hint=hint,
            channels=len(moving),
            to_accounts=sum(id_ in self._of for id_ in moving),
            to_preview=sum(
                "preview" in self._infos[id_].via for id_ in moving if id_ not in self._of
            ),
            read_by=moved,
        )

    def flood(self, account: str, reason: str, until: datetime) -> None:
        """Telegram makes an account wait for long: others read its channels, if they have room.

        What nobody takes stays its own: pushes may still come, and the preview reads it too.
        """
        before = self._accounts[account]
        if before.state == "flooded":
            self._accounts[account] = msgspec.structs.replace(before, until=until.isoformat())
            return
        hint = f"{reason}; it takes its channels back afterwards, nothing is to be done"
        moved = self._move_away(account, "flooded", hint, until)
        log.error(
            "telegram_account_flooded",
            account=account,
            problem=reason,
            until=until.isoformat(),
            read_by=moved,
        )

    def well(self, account: str) -> None:
        """An account works: its channels come back to it."""
        before = self._accounts[account]
        if before.state == "running":
            return
        self._accounts[account] = AccountHealth(account=account, state="running")
        if before.state in {"starting", "unreachable"}:
            return
        back = self._go_home(account)
        log.warning("telegram_account_well", account=account, channels=back)

    def unreachable(self, account: str, reason: str) -> None:
        """An account has no connection; its channels stay its own, for it is tried again."""
        before = self._accounts[account]
        if before.state in _ABLE:
            self._accounts[account] = msgspec.structs.replace(
                before, state="unreachable", hint=f"{reason}; tried again every few seconds"
            )

    def missed(self, source: str, posts: int) -> None:
        """The preview showed posts that the account should have had."""
        self._missed[source] = self._missed.get(source, 0) + posts
        log.warning("push_missed_seen_by_preview", source=source, posts=posts)
        self._show(source)

    def told_by_account(self, health: SourceHealth) -> None:
        """What an account says of a channel of its own."""
        if health.source not in self._infos:
            return
        before = self.by_account(health.source)
        self._told[health.source] = health
        if self.by_account(health.source) != before:
            self._changed.set()
        self._show(health.source)

    def told_by_preview(self, health: SourceHealth) -> None:
        """What the preview says of any channel."""
        self._previewed[health.source] = health
        if health.source not in self._infos or not self.by_account(health.source):
            self._show(health.source)

    def _home(self, id_: str, accounts: Sequence[str]) -> list[str]:
        """The accounts, the one where a channel is at home first."""
        wanted = self._infos[id_].account

        def rank(account: str) -> tuple[bool, bytes]:
            digest = hashlib.sha256(f"{account}\n{id_}".encode()).digest()
            return account != wanted, digest

        return sorted(accounts, key=rank)

    def _move_away(
        self, account: str, state: AccountState, hint: str, until: datetime | None = None
    ) -> str:
        """Give an account's channels to others; who reads them now, in words."""
        moving = [id_ for id_, of in self._of.items() if of == account]
        self._accounts[account] = AccountHealth(
            account=account, state=state, hint=hint, until=until.isoformat() if until else None
        )
        for id_ in moving:
            del self._of[id_]
            self._told.pop(id_, None)
        self._share_out()
        if state == "flooded":
            self._of.update({id_: account for id_ in moving if id_ not in self._of})
        self._move(account)
        to = Counter(self._of.get(id_, "preview") for id_ in moving)
        alone = sum("preview" not in self._infos[id_].via for id_ in moving if id_ not in self._of)
        to["preview"] -= alone
        named = [f"{count} by {name}" for name, count in sorted(to.items()) if count > 0]
        moved = ", ".join([*named, f"{alone} by nobody"] if alone else named) or "no channels"
        self._accounts[account] = msgspec.structs.replace(self._accounts[account], moved=moved)
        for id_ in moving:
            self._show(id_)
        self._changed.set()
        return moved

    def _go_home(self, account: str) -> int:
        """Move the channels that are at home with an account to it; how many those were."""
        running = self._able()
        room = MOST - len(self.share(account))
        coming = [
            id_
            for id_ in self._infos
            if self._of.get(id_) != account and self._home(id_, running)[:1] == [account]
        ][: max(room, 0)]
        left = {self._of[id_] for id_ in coming if id_ in self._of}
        for id_ in coming:
            self._of[id_] = account
            self._told.pop(id_, None)
        self._share_out()
        for name in (*left, account):
            self._move(name)
        self._changed.set()
        return len(coming)

    def _able(self) -> list[str]:
        """The accounts that can read channels."""
        return [name for name, one in self._accounts.items() if one.state in _ABLE]

    def _share_out(self) -> None:
        """Give each channel without an account to its home, or to the next one with room."""
        able = self._able()
        counts = Counter(self._of.values())
        taking = set()
        for id_ in [one for one in self._infos if one not in self._of] if able else ():
            for name in self._home(id_, able):
                if counts[name] < MOST:
                    self._of[id_] = name
                    counts[name] += 1
                    taking.add(name)
                    break
        for name in taking:
            self._move(name)
        self._say_unread()

    def _move(self, account: str) -> None:
        if account in self._moves:
            self._moves[account](self.share(account))

    def _say_unread(self) -> None:
        """Channels that nobody reads: no account has room, and the preview may not."""
        for id_, info in self._infos.items():
            if id_ in self._of or "preview" in info.via:
                continue
            hint = "no account can read it: add one under telegram.accounts, or `preview` to `via`"
            self._board.source(SourceHealth(source=id_, state="failed", via="account", hint=hint))

    def _show(self, source: str) -> None:
        """Put on the board what the one says who reads the channel now."""
        told, previewed = self._told.get(source), self._previewed.get(source)
        mine = source in self._of
        shown = told if mine and (self.by_account(source) or not previewed) else previewed
        if shown is None:
            return
        hint = shown.hint
        if shown is previewed and told is not None and mine and told.state != "starting":
            hint = hint or f"read by the preview; its account: {told.hint or told.state}"
        elif shown is previewed and source in self._infos and self._accounts and not mine:
            hint = hint or "read by the preview: no account has room for it"
        self._board.source(
            msgspec.structs.replace(shown, hint=hint, missed_by_push=self._missed.get(source, 0))
        )
