"""How often each method may be called, and until when the server forbids it. Pure.

Telegram publishes no limits; these stay below what operators report to be safe (see
docs/telegram-double.md for what nobody can test). The state is persisted, so that a restart does
not start a storm. Times are Unix seconds and come in as arguments.
"""

from collections.abc import Iterable, Mapping

import msgspec


class Rate(msgspec.Struct, frozen=True):
    """At most `calls` in any `seconds`."""

    calls: int
    seconds: float


RATES: Mapping[str, tuple[Rate, ...]] = {
    "messages.getHistory": (Rate(20, 30),),
    "channels.getMessages": (Rate(20, 30),),
    "messages.getPeerDialogs": (Rate(20, 60),),
    "messages.getDialogs": (Rate(10, 600),),
    "contacts.resolveUsername": (Rate(10, 60), Rate(150, 86_400)),
    "channels.joinChannel": (Rate(1, 600), Rate(40, 86_400)),
    "channels.getFullChannel": (Rate(10, 60),),
    "updates.getChannelDifference": (Rate(60, 60),),
    "upload.getFile": (Rate(60, 60),),
}
USUAL = (Rate(30, 60),)
LATEST = 60.0
"""Seconds by which a call that was not answered may arrive late, at most."""


class Usage(msgspec.Struct, frozen=True):
    """How far a method's budget is used: `calls` of `of` in the last `seconds`.

    `free_in` is how many seconds until it may be called again, 0 = now; `flood` whether Telegram
    says so, and not our own budget.
    """

    method: str
    calls: int
    of: int
    seconds: float
    free_in: float
    flood: bool


class Budget(msgspec.Struct, frozen=True):
    """The calls of late by method, and the ends of flood waits.

    When a call reaches the server we do not know, only that it is after it was begun and before it
    was answered. So it counts from its answer on, and while it is `under_way` as made now: then no
    delay on the way, and no kill in the middle of it, brings more calls than allowed to the server.
    One that is not answered may still arrive: it counts some seconds longer as made now, which is
    written as a time to come.
    """

    calls: dict[str, tuple[float, ...]] = {}
    floods: dict[str, float] = {}
    under_way: dict[str, int] = {}


def wait(budget: Budget, method: str, now: float) -> float:
    """Seconds until a method may be called; 0 = now.

    Calls that lie in the future (the clock was set back) count as made now.
    """
    due = [budget.floods.get(method, 0.0) - now]
    made = _made(budget, method, now)
    for rate in RATES.get(method, USUAL):
        recent = [at for at in made if at > now - rate.seconds]
        if len(recent) >= rate.calls:
            due.append(recent[-rate.calls] + rate.seconds - now)
    return max(0.0, *due)


def _made(budget: Budget, method: str, now: float) -> list[float]:
    made = sorted(min(at, now) for at in budget.calls.get(method, ()))
    return made + [now] * budget.under_way.get(method, 0)


def barred(budget: Budget, methods: Iterable[str], now: float) -> float:
    """Seconds for which the server forbids one of these methods; 0 = none."""
    return max((budget.floods.get(one, now) - now for one in methods), default=0.0)


def finished(budget: Budget, method: str, calls: int, now: float) -> float:
    """Seconds until so many calls could have been made, each as early as it may be."""
    moment = now
    for _ in range(calls):
        moment += wait(budget, method, moment)
        budget = spent(budget, method, moment)
    return moment - now


def usage(budget: Budget, now: float) -> tuple[Usage, ...]:
    """How far every method's budget is used, by its longest window; those never called left out."""
    found = []
    for method in sorted(budget.calls.keys() | budget.floods.keys() | budget.under_way.keys()):
        longest = max(RATES.get(method, USUAL), key=lambda rate: rate.seconds)
        made = [at for at in _made(budget, method, now) if at > now - longest.seconds]
        free_in = wait(budget, method, now)
        flood = budget.floods.get(method, 0.0) > now
        found.append(Usage(method, len(made), longest.calls, longest.seconds, free_in, flood))
    return tuple(found)


def begun(budget: Budget, method: str) -> Budget:
    """The budget when a call is about to be made."""
    under_way = {**budget.under_way, method: budget.under_way.get(method, 0) + 1}
    return msgspec.structs.replace(budget, under_way=under_way)


def ended(budget: Budget, method: str, now: float, late: float = 0.0) -> Budget:
    """The budget after a call under way was answered, or given up: it may arrive `late`."""
    left = budget.under_way.get(method, 0) - 1
    others = {name: count for name, count in budget.under_way.items() if name != method}
    under_way = {**others, method: left} if left > 0 else others
    return spent(msgspec.structs.replace(budget, under_way=under_way), method, now, late)


def resumed(budget: Budget, now: float, late: float = 0.0) -> Budget:
    """The budget of a new connection: what was under way on the last one has ended, or never will.

    However long ago it was stored: the process may have been killed at any moment since.
    """
    for method, count in budget.under_way.items():
        for _ in range(count):
            budget = ended(budget, method, now, late)
    return budget


def spent(budget: Budget, method: str, now: float, late: float = 0.0) -> Budget:
    """The budget after a call that was made and answered now, or arrives in `late` seconds."""
    longest = max(rate.seconds for rate in RATES.get(method, USUAL))
    most = max(rate.calls for rate in RATES.get(method, USUAL))
    made = [at for at in budget.calls.get(method, ()) if at > now - longest]
    latest = now + max(late, LATEST)  # beyond that the clock was set back
    calls = {
        **budget.calls,
        method: (*sorted((*(min(at, latest) for at in made), now + late)),)[-most:],
    }
    return msgspec.structs.replace(budget, calls=calls)


def flooded(budget: Budget, method: str, seconds: float, now: float) -> Budget:
    """The budget after the server said to wait; a longer wait already known stays."""
    until = max(now + seconds, budget.floods.get(method, 0.0))
    floods = {name: end for name, end in budget.floods.items() if end > now}
    return msgspec.structs.replace(budget, floods={**floods, method: until})


def encode(budget: Budget) -> str:
    """The budget as a cursor's value."""
    return msgspec.json.encode(budget).decode()


def decode(text: str | None) -> Budget:
    """A cursor's value as a budget; a new one when there is none or it is unreadable.

    An unreadable budget is no reason to stop: the rates bound what a fresh one can do.
    """
    try:
        return msgspec.json.decode(text or "{}", type=Budget)
    except msgspec.MsgspecError:
        return Budget()
