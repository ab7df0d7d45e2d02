"""Whether a record of calls keeps within the budgets that the collector promises."""

from collections.abc import Iterable

from monitor.sources.telegram.budget import RATES
from tests.doubles.telegram.control import Recorded

SLACK = 0.01
"""Seconds by which two processes read the clock apart."""


def over_budget(calls: Iterable[Recorded]) -> list[str]:
    """Every stretch of time in which an account called a method more often than it may."""
    times: dict[tuple[int | None, str], list[float]] = {}
    for call in calls:
        times.setdefault((call.account, call.method), []).append(call.at)
    found = []
    for (account, method), made in times.items():
        for rate in RATES.get(method, ()):
            for first, last in zip(made, made[rate.calls :], strict=False):
                if last - first < rate.seconds - SLACK:
                    found.append(f"{account}: {method}: {rate.calls + 1} in {last - first:.1f} s")
    return found
