"""What ails the monitor itself, decided from how its accounts and sources are. Pure.

A trouble is told to the operators as an alert when it begins and when it ends (troubles.py). Here
is decided what counts as one: an account that cannot read, a channel that was read and is gone or
handed over, a channel that is silent against its habit.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from monitor.rule import Level
from monitor.source import SourceHealth


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is wrong, from `since` on. `key` names what it is about, `event` the kind."""

    key: str
    event: str
    title: str
    reason: str
    level: Level
    since: datetime


class AccountState(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be known of an account: its state, why, and who reads its channels meanwhile."""

    account: str
    state: str
    hint: str = ""
    moved: str = ""


_OF_SOURCE: Mapping[str, tuple[str, Level]] = {
    "silent": ("is silent", "medium"),
    "handed_over": ("has another owner", "high"),
    "not_found": ("cannot be read any more", "high"),
}
"""State of a source -> the title's words and the level."""

_AT_ONCE = {"silent", "handed_over"}
_UNDECIDED = {"starting", "unreachable", "throttled", "broken_markup"}
"""States that neither begin nor end a source's trouble: nothing is known of the channel itself."""


def account_troubles(accounts: Iterable[AccountState], now: datetime) -> dict[str, Trouble | None]:
    """Each account's key with its trouble, or None if it is well; those that start are left out."""
    found: dict[str, Trouble | None] = {}
    for one in accounts:
        key = f"account/{one.account}"
        if one.state == "running":
            found[key] = None
        elif one.state in {"lost", "flooded"}:
            word = "is lost" if one.state == "lost" else "has to wait"
            found[key] = Trouble(
                key=key,
                event="monitor/account",
                title=f"Telegram account {one.account} {word}",
                reason=f"{one.hint}; its channels are read: {one.moved}"[:1000],
                level="high",
                since=now,
            )
    return found


def source_troubles(sources: Iterable[SourceHealth], now: datetime) -> dict[str, Trouble | None]:
    """Each source's key with its trouble, or None if it is well; the undecided are left out.

    A channel that never was there is a matter of the sources file and no trouble.
    """
    found: dict[str, Trouble | None] = {}
    for one in sources:
        key = f"source/{one.source}"
        words = _OF_SOURCE.get(one.state)
        if words is None:
            if one.state not in _UNDECIDED:
                found[key] = None
        elif one.state in _AT_ONCE or one.last_read is not None:
            found[key] = Trouble(
                key=key,
                event="monitor/source",
                title=f"{one.source} {words[0]}",
                reason=one.hint[:1000] or one.state,
                level=words[1],
                since=now,
            )
    return found
