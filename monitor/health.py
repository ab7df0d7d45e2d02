"""How the daemon is: the state of every source and counters, as `status` and the bus show them."""

import asyncio

import msgspec

from monitor.clock import Clock
from monitor.source import SourceHealth


class RulesHealth(msgspec.Struct, frozen=True, kw_only=True):
    """Which rules are running, and whether a change of them waits for a person.

    `since` is when they came into force, ISO 8601 UTC; `reloads` and `refusals` count changes since
    the start of the daemon. While `refused_since` is set, the files say something else than what
    runs: `mistakes` name why, as file:line:column.
    """

    rulebook: str = ""
    rules: int = 0
    since: str = ""
    reloads: int = 0
    refusals: int = 0
    refused_since: str | None = None
    mistakes: tuple[str, ...] = ()


class SettingsHealth(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the configuration file says something else than what runs.

    `restart_needed` names the keys that only a restart puts in force, `mistakes` why it is refused.
    """

    restart_needed: tuple[str, ...] = ()
    mistakes: tuple[str, ...] = ()


class Board:
    """The HealthBoard: collectors write, readers take snapshots or wait for changes."""

    def __init__(self, clock: Clock) -> None:
        self._started = clock.now()
        self._sources: dict[str, SourceHealth] = {}
        self._quiet: dict[str, str] = {}
        self._changed = asyncio.Event()
        self.rules = RulesHealth()
        self.settings = SettingsHealth()

    def source(self, health: SourceHealth) -> None:
        """Replace what is known of one source."""
        if self._sources.get(health.source) == health:
            return
        self._sources[health.source] = health
        self._changed.set()

    def quiet(self, source: str, reason: str | None) -> None:
        """Say that a source is silent against its habit, or (None) that it is not."""
        if self._quiet.get(source) == reason:
            return
        if reason is None:
            del self._quiet[source]
        else:
            self._quiet[source] = reason
        self._changed.set()

    def forget(self, source: str) -> None:
        """A source is watched no more."""
        self._quiet.pop(source, None)
        if self._sources.pop(source, None) is not None:
            self._changed.set()

    def snapshot(self) -> tuple[SourceHealth, ...]:
        """Every source's health, by source id."""
        return tuple(self._judged(self._sources[name]) for name in sorted(self._sources))

    def _judged(self, health: SourceHealth) -> SourceHealth:
        """Silent is only what is read well: else its own state says why nothing comes."""
        reason = self._quiet.get(health.source)
        if reason is None or health.state != "ok" or health.last_read is None:
            return health
        return msgspec.structs.replace(health, state="silent", hint=reason)

    async def changed(self) -> None:
        """Wait until something has changed since the last call."""
        await self._changed.wait()
        self._changed.clear()

    @property
    def started(self) -> str:
        """When the daemon started, ISO 8601 UTC."""
        return self._started.isoformat().replace("+00:00", "Z")
