"""Who reads which channel: an account, or the web preview in its stead.

The preview takes over a channel while no account proves that it reads it: logged out, banned, made
to wait, not there yet, or none has room. Otherwise it only bears witness, seldom.
"""

import asyncio
from collections.abc import Callable, Sequence

import msgspec
import structlog

from monitor.source import HealthBoard, SourceHealth, SourceInfo

log = structlog.get_logger(__name__)

MOST = 450
"""Channels per account: Telegram lets a user be in 500."""

Move = Callable[[Sequence[SourceInfo]], None]
"""Tells an account which channels it reads from now on."""


class AccountHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How an account is doing: `running` or `lost`; `hint` says what a person can do."""

    account: str
    state: str = "running"
    channels: int = 0
    hint: str = ""


class Roster:
    """The channels of all accounts, what was said of each, and who reads it now."""

    def __init__(
        self, sources: Sequence[SourceInfo], accounts: Sequence[str], board: HealthBoard
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

    def share(self, account: str, move: Move | None = None) -> tuple[SourceInfo, ...]:
        """The channels of an account; `move` is called when they become others."""
        if move is not None:
            self._moves[account] = move
        return tuple(info for id_, info in self._infos.items() if self._of.get(id_) == account)

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
        return tuple(
            msgspec.structs.replace(one, channels=sum(of == name for of in self._of.values()))
            for name, one in self._accounts.items()
        )

    def lose(self, account: str, reason: str, hint: str) -> None:
        """An account is gone until a person helps: its channels move. Said once."""
        before = self._accounts[account]
        if before.state == "lost":
            return
        moving = [id_ for id_, of in self._of.items() if of == account]
        lost = msgspec.structs.replace(before, state="lost", hint=f"{reason} - {hint}")
        self._accounts[account] = lost
        for id_ in moving:
            del self._of[id_]
        taken = self._share_out()
        log.error(
            "telegram_account_lost",
            account=account,
            problem=reason,
            hint=hint,
            channels=len(moving),
            to_accounts=len(taken),
            to_preview=sum("preview" in self._infos[id_].via for id_ in set(moving) - taken),
        )
        for id_ in moving:
            self._show(id_)
        self._changed.set()

    def missed(self, source: str, posts: int) -> None:
        """The preview showed posts that the account should have had."""
        self._missed[source] = self._missed.get(source, 0) + posts
        log.warning("push_missed_seen_by_preview", source=source, posts=posts)
        self._show(source)

    def told_by_account(self, health: SourceHealth) -> None:
        """What an account says of a channel of its own."""
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

    def _share_out(self) -> set[str]:
        """Give each channel without an account to the one with most room; those that got one."""
        running = [name for name, one in self._accounts.items() if one.state != "lost"]
        taken: dict[str, str] = {}
        for id_ in self._infos.keys() - self._of.keys() if running else ():
            counts = {name: list(self._of.values()).count(name) for name in running}
            name = min(running, key=lambda one: counts[one])
            if counts[name] < MOST:
                self._of[id_] = taken[id_] = name
        for name in set(taken.values()) & self._moves.keys():
            self._moves[name](self.share(name))
        self._say_unread()
        return set(taken)

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
