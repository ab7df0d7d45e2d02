"""When a chat may be called next: its limits are planned for, not run into.

The Bot API's documented limits: about one message a second to a chat, 20 a minute to a group or
channel, 30 a second from one bot; more is answered 429 with the seconds to wait. Calls are counted
when they are made, whatever came of them. Pure: the present comes in as monotonic seconds.
"""

from collections import deque
from enum import IntEnum

CHAT_INTERVAL = 1.05
GROUP_SECONDS = 61.0
GROUP_CALLS = 20
YIELD = 0.2
BOT_SECOND = 1.05
BOT_CALLS = 30


class Urgency(IntEnum):
    """How much of a group's minute a call may use."""

    EVIDENCE = 0
    EDIT = 1
    REPLY = 2
    RING = 3
    CRITICAL = 4


SHARES = {
    Urgency.EVIDENCE: 5, Urgency.EDIT: 9, Urgency.REPLY: 11, Urgency.RING: 14,
    Urgency.CRITICAL: GROUP_CALLS,
}  # fmt: skip
"""Calls in a minute after which each kind must wait. Six are kept for criticals: five at once, and
the overview that names them first. What more rings than 14 a minute is in an overview too."""


class Overall:
    """The budget of one bot, whatever the chat."""

    def __init__(self) -> None:
        self._calls: deque[float] = deque(maxlen=BOT_CALLS)

    def ready(self, now: float) -> float:
        """The moment from which a call may be made."""
        return now if len(self._calls) < BOT_CALLS else self._calls[0] + BOT_SECOND

    def called(self, now: float) -> None:
        """A call is being made."""
        self._calls.append(now)


class Pacing:
    """The budget of one chat, within its bot's."""

    def __init__(self, *, group: bool, overall: Overall | None = None) -> None:
        self._group = group
        self._overall = overall or Overall()
        self._calls: deque[float] = deque(maxlen=GROUP_CALLS)
        self._held_until = self._last = float("-inf")
        self.asking = 0
        """Answers to people that wait for their turn: only critical alerts go before them."""

    def wait(self, urgency: Urgency, now: float) -> float:
        """Seconds until a call of this urgency may be made; 0 = now."""
        ready = max(self._held_until, self._overall.ready(now))
        ready = max(ready, self._last + CHAT_INTERVAL)
        share = SHARES[urgency]
        if self._group and len(self._calls) >= share:
            ready = max(ready, self._calls[-share] + GROUP_SECONDS)
        if self.asking and urgency not in {Urgency.REPLY, Urgency.CRITICAL}:
            ready = max(ready, now + YIELD)
        return max(0.0, ready - now)

    def called(self, now: float) -> None:
        """A call is being made."""
        self._calls.append(now)
        self._last = now
        self._overall.called(now)

    def answered(self, now: float) -> None:
        """A call has come back: the next counts from here, because it was slow on its way there."""
        self._last = max(self._last, now)

    def hold(self, until: float) -> None:
        """The chat asked for silence until then."""
        self._held_until = max(self._held_until, until)
