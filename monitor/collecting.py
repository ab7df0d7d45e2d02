"""The collectors at work: they follow the list of sources while the daemon runs.

Accounts and the preview read many channels each and are told the new list; feeds are a part each,
started and stopped one by one. Who is in the old and in the new list is not disturbed.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence

import structlog

from monitor.parts import Collector
from monitor.source import Intake, SourceInfo
from monitor.supervise import Part, Supervisor

log = structlog.get_logger(__name__)

Single = Callable[[SourceInfo], Collector | None]
"""Builds the collector of one source; None if no part of its own reads it."""


class Collecting:
    """All collectors: the `lasting` ones, and one for each source that needs its own.

    `gone` is told the id of each source whose own collector has ended.
    """

    def __init__(
        self,
        lasting: Sequence[Collector],
        single: Single,
        supervisor: Supervisor,
        *,
        gone: Callable[[str], None],
    ) -> None:
        self._lasting = lasting
        self._single = single
        self._supervisor = supervisor
        self._gone = gone
        self._wanted: dict[str, SourceInfo] = {}
        self._running: dict[str, tuple[SourceInfo, asyncio.Task[None]]] = {}
        self._changed = asyncio.Event()

    def take(self, sources: Iterable[SourceInfo]) -> None:
        """Run the collectors of these sources from now on, and no others."""
        self._wanted = {one.id: one for one in sources}
        self._changed.set()

    async def run(self, intake: Intake) -> None:
        """Collect until cancelled."""
        self._running.clear()
        async with asyncio.TaskGroup() as group:
            for one in self._lasting:
                self._start(group, one, intake)
            while True:
                self._changed.clear()
                await self._stop_others()
                for id_, info in self._wanted.items():
                    collector = None if id_ in self._running else self._single(info)
                    if collector is not None:
                        self._running[id_] = info, self._start(group, collector, intake)
                await self._changed.wait()

    def _start(
        self, group: asyncio.TaskGroup, collector: Collector, intake: Intake
    ) -> "asyncio.Task[None]":
        part = Part(collector.name, lambda: collector.run(intake))
        return group.create_task(self._supervisor.keep(part), name=collector.name)

    async def _stop_others(self) -> None:
        """End the collectors of sources that are no longer listed, or are read otherwise now."""
        for id_, (info, task) in list(self._running.items()):
            wanted = self._wanted.get(id_)
            if wanted is not None and (wanted.via, wanted.url) == (info.via, info.url):
                continue
            del self._running[id_]
            task.cancel()
            await asyncio.wait({task})
            self._supervisor.states.pop(task.get_name(), None)
            if wanted is None:
                self._gone(id_)
            log.info("source_stopped", source=id_)
