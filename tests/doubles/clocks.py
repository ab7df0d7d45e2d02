"""Clocks for tests in which a minute's limits would take a minute."""

import asyncio

from monitor.clock import SystemClock


class QuickClock(SystemClock):
    """So many times faster than the machine's: at 50, a minute's pacing in a second."""

    def __init__(self, times: int = 50) -> None:
        self._times = times

    def monotonic(self) -> float:
        """Fast seconds."""
        return super().monotonic() * self._times

    async def sleep(self, seconds: float) -> None:
        """Sleep a fraction of it."""
        await asyncio.sleep(seconds / self._times)


class SteadyClock(SystemClock):
    """Fifty times faster, in the event loop's own time: a turn that took long counts for 20 ms.

    Sink and double count in it, so that a call which this process had no time to pass on comes
    neither late nor too early after others.
    """

    def __init__(self) -> None:
        self.time = 0.0

    async def run(self) -> None:
        """Let time pass."""
        loop = asyncio.get_running_loop()
        last = loop.time()
        while True:
            await asyncio.sleep(0.005)
            self.time += min(loop.time() - last, 0.02)
            last = loop.time()

    def monotonic(self) -> float:
        """Fast seconds."""
        return self.time * 50

    async def sleep(self, seconds: float) -> None:
        """Sleep a fiftieth."""
        until = self.time + seconds / 50
        while self.time < until:  # noqa: ASYNC110 - time has no event
            await asyncio.sleep(0.005)
