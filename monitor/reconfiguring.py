"""A saved change of monitor.yaml: what can be is applied at once, the rest waits for a restart.

The file is looked at four times a second. A change that is wrong changes nothing; one that is right
is compared with what runs, key by key. Log, `monitor status` and the receivers say what was applied
and what a restart is needed for.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import structlog

from monitor import settings
from monitor.clock import Clock
from monitor.document import read_file
from monitor.health import Board, SettingsHealth
from monitor.mistake import MistakesError
from monitor.notices import Notices
from monitor.settings import Settings
from monitor.sinks.route_tests import failed

log = structlog.get_logger(__name__)

LOOK_EVERY = 0.25
SETTLE = 0.1
TOPIC = "settings"

Apply = Mapping[str, Callable[[Settings], None]]
"""Key of monitor.yaml -> what puts its new value in force."""


class ConfigFile(NamedTuple):
    """The configuration's file, and the state folder that was asked for instead of the file's."""

    path: Path
    state: Path | None = None

    def read(self) -> Settings:
        """What it says now.

        Raises:
            MistakesError: it is wrong, or one of its route tests fails.
        """
        chosen = settings.load(self.path, state=self.state)
        tests = failed(chosen, read_file(self.path)) if chosen.route_tests else []
        if any(tests):
            raise MistakesError([mistake for test in tests for mistake in test])
        return chosen


class Reconfiguring:
    """Watches the file; `apply` says what each key that needs no restart does."""

    def __init__(
        self,
        file: ConfigFile,
        running: Settings,
        apply: Apply,
        *,
        clock: Clock,
        board: Board,
        notices: Notices,
    ) -> None:
        self._file = file
        self._running = running
        self._apply = apply
        self._clock = clock
        self._board = board
        self._notices = notices
        self._seen = self._stamp()

    async def run(self) -> None:
        """Watch until cancelled."""
        await self._notices.mended(TOPIC, "started with what the file says")
        seen = self._seen
        while True:
            await self._clock.sleep(LOOK_EVERY)
            now = await asyncio.to_thread(self._stamp)
            if now == seen:
                continue
            await self._clock.sleep(SETTLE)
            seen = await asyncio.to_thread(self._stamp)
            if seen == now:
                await self._take()
            else:
                seen = ()  # still being written

    def _stamp(self) -> tuple[int, ...]:
        with suppress(OSError):
            one = self._file.path.stat()
            return (one.st_mtime_ns, one.st_ctime_ns, one.st_size, one.st_ino)
        return ()

    async def _take(self) -> None:
        """Compare the file with what runs, and put in force what can be."""
        try:
            wanted = await asyncio.to_thread(self._file.read)
        except MistakesError as error:
            mistakes = tuple(map(str, error.mistakes))
            await self._show(SettingsHealth(mistakes=mistakes))
            return
        changed = [key for key in Settings.model_fields if _differ(key, self._running, wanted)]
        applied = [key for key in changed if key in self._apply]
        for key in applied:
            self._apply[key](wanted)
        kept = {key: getattr(wanted, key) for key in applied}
        self._running = self._running.model_copy(update=kept)
        await self._show(
            SettingsHealth(restart_needed=tuple(key for key in changed if key not in applied)),
            applied,
        )

    async def _show(self, health: SettingsHealth, applied: list[str] | None = None) -> None:
        self._board.settings = health
        path = self._file.path.name
        if health.mistakes:
            log.error(
                "settings_refused",
                mistakes=list(health.mistakes),
                hint="the settings from before stay; mend the file and save",
            )
            more = len(health.mistakes) - 1
            first = f"{more + 1} mistakes, the first: " if more else ""
            await self._notices.wrong(
                TOPIC, f"A change of {path} is refused", first + health.mistakes[0]
            )
            return
        if applied:
            log.info("settings_applied", keys=applied)
        if health.restart_needed:
            waiting = ", ".join(health.restart_needed)
            log.warning("restart_needed", keys=list(health.restart_needed))
            await self._notices.wrong(TOPIC, f"A change of {path} waits", f"restart for: {waiting}")
        else:
            await self._notices.mended(TOPIC, "mended: what the file says is in force")


def _differ(key: str, running: Settings, wanted: Settings) -> bool:
    return bool(getattr(running, key) != getattr(wanted, key))
