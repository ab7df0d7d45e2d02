"""What goes wrong on purpose: scripted faults of calls and of pushes, and rate limits.

Each fault waits for the calls or pushes that it names and is used up after `times` of them (None =
never). The oldest that fits comes first.
"""

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

CallAction = Literal["error", "slow", "silent", "reset", "malformed", "unknown", "too_long"]
PushAction = Literal["drop", "repeat", "reorder", "delay", "malformed", "unknown"]


@dataclass
class CallFault:
    """A fault of calls of `method` (`*` = any), by one account or all, about one channel or all.

    A call about several channels meets it if that one is among them.

    error: answer with `code` and `error`; slow: answer after `seconds`; silent: never answer;
    reset: end the connection instead; malformed, unknown: answer with TL nobody can read;
    too_long: updates.getChannelDifference says that too much was missed.
    """

    method: str
    action: CallAction
    code: int = 400
    error: str = ""
    seconds: float = 0.0
    account: int | None = None
    channel: int | None = None
    times: int | None = 1

    def fits(self, method: str, account: int | None, channels: Collection[int]) -> bool:
        """Whether a call is meant."""
        return (
            self.method in ("*", method)
            and self.account in (None, account)
            and (self.channel is None or self.channel in channels)
        )


@dataclass
class PushFault:
    """A fault of pushes to one account or all, of one channel or all.

    drop: not sent; repeat: sent twice; reorder: sent after the next push of that connection;
    delay: sent after `seconds`; malformed, unknown: TL nobody can read is sent instead.
    """

    action: PushAction
    seconds: float = 0.0
    account: int | None = None
    channel: int | None = None
    times: int | None = 1

    def fits(self, account: int | None, channel: int) -> bool:
        """Whether a push is meant."""
        return self.account in (None, account) and self.channel in (None, channel)


@dataclass
class Limit:
    """At most `calls` of a method per account in `seconds`; beyond it FLOOD_WAIT of `wait`."""

    method: str
    calls: int
    seconds: float
    wait: int
    _made: dict[int | None, deque[float]] = field(default_factory=dict)

    def exceeded(self, account: int | None, now: float) -> bool:
        """Count a call; True when it is one too many."""
        made = self._made.setdefault(account, deque())
        while made and made[0] <= now - self.seconds:
            made.popleft()
        made.append(now)
        return len(made) > self.calls


class Faults:
    """The faults that wait for their call or push."""

    def __init__(self) -> None:
        self.calls: list[CallFault] = []
        self.pushes: list[PushFault] = []
        self.limits: list[Limit] = []

    def of_call(
        self, method: str, account: int | None, channels: Collection[int], now: float
    ) -> CallFault | None:
        """The fault this call meets, used up by one."""
        for limit in self.limits:
            if limit.method == method and limit.exceeded(account, now):
                return CallFault(method, "error", 420, f"FLOOD_WAIT_{limit.wait}")
        fitting = [fault for fault in self.calls if fault.fits(method, account, channels)]
        return _use(self.calls, fitting)

    def of_push(self, account: int | None, channel: int) -> PushFault | None:
        """The fault this push meets, used up by one."""
        return _use(self.pushes, [fault for fault in self.pushes if fault.fits(account, channel)])

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self.calls.clear()
        self.pushes.clear()
        self.limits.clear()


Fault = TypeVar("Fault", CallFault, PushFault)


def _use(waiting: list[Fault], fitting: Sequence[Fault]) -> Fault | None:
    if not fitting:
        return None
    fault = fitting[0]
    if fault.times is not None:
        fault.times -= 1
        if fault.times <= 0:
            waiting.remove(fault)
    return fault
