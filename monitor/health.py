"""How the daemon is: the state of every source and counters, as `status` and the bus show them."""

import asyncio

from monitor.clock import Clock
from monitor.source import SourceHealth


class Board:
    """The HealthBoard: collectors write, readers take snapshots or wait for changes."""

    def __init__(self, clock: Clock) -> None:
        self._started = clock.now()
        self._sources: dict[str, SourceHealth] = {}
        self._changed = asyncio.Event()

    def source(self, health: SourceHealth) -> None:
        """Replace what is known of one source."""
        if self._sources.get(health.source) == health:
            return
        self._sources[health.source] = health
        self._changed.set()

    def snapshot(self) -> tuple[SourceHealth, ...]:
        """Every source's health, by source id."""
        return tuple(self._sources[name] for name in sorted(self._sources))

    async def changed(self) -> None:
        """Wait until something has changed since the last call."""
        await self._changed.wait()
        self._changed.clear()

    @property
    def started(self) -> str:
        """When the daemon started, ISO 8601 UTC."""
        return self._started.isoformat().replace("+00:00", "Z")
