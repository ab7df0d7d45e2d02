"""The collectors at work: they follow the list of sources while the daemon runs.

Accounts and the preview read many channels each and are told the new list; feeds are a part each,
started and stopped one by one. Who is in the old and in the new list is not disturbed.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Protocol, runtime_checkable

import structlog

from monitor.around import Around
from monitor.control import Answer
from monitor.parts import Collector, build_lasting, build_preview, build_single, previewed
from monitor.settings import Settings
from monitor.source import Intake, SourceInfo
from monitor.sources.roster import AccountHealth
from monitor.sources.telegram.budget import Usage, decode, usage
from monitor.supervise import Part, Supervisor
from monitor.trouble import AccountState, Trouble, account_troubles, source_troubles

log = structlog.get_logger(__name__)


@runtime_checkable
class Looks(Protocol):
    """A collector that can be asked about channels."""

    async def look(self, question: Mapping[str, object]) -> Answer | None:
        """The answer; None while it cannot say anything."""


class AccountNumbers(NamedTuple):
    """An account's health, and its budgets of calls."""

    health: AccountHealth
    budgets: tuple[Usage, ...]


class Collecting:
    """All collectors: those that last as long as the daemon, and one for each feed."""

    def __init__(self, settings: Settings, around: Around, supervisor: Supervisor) -> None:
        self._around = around
        self._supervisor = supervisor
        self._accounts = {one.name for one in settings.telegram.accounts}
        self._preview = build_preview(settings, around)
        self._lasting: list[Collector] = [*build_lasting(settings, around), self._preview]
        self._single = build_single(around)
        self._listed = dict(around.sources)
        self._warn_of_unknown()
        self._running: dict[str, tuple[SourceInfo, asyncio.Task[None]]] = {}
        self._changed = asyncio.Event()
        self._cursor: Callable[[str], str | None] = lambda _name: None

    def take(self, sources: Mapping[str, SourceInfo]) -> None:
        """Read these sources from now on, and no others."""
        before, self._listed = self._listed, dict(sources)
        if _read(self._listed.values()) == _read(before.values()):
            return
        self._warn_of_unknown()
        for id_ in before.keys() - sources.keys():
            self._around.board.forget(id_)
        self._preview.take(previewed(sources.values()))
        self._around.roster.take(sources.values())
        self._changed.set()
        added, removed = sources.keys() - before.keys(), before.keys() - sources.keys()
        log.info("sources_changed", added=len(added), removed=len(removed), sources=len(sources))

    async def run(self, intake: Intake) -> None:
        """Collect until cancelled."""
        self._running.clear()
        self._cursor = intake.cursor
        async with asyncio.TaskGroup() as group:
            for one in self._lasting:
                self._start(group, one, intake)
            while True:
                self._changed.clear()
                await self._stop_others()
                for id_, info in self._listed.items():
                    collector = None if id_ in self._running else self._single(info)
                    if collector is not None:
                        self._running[id_] = info, self._start(group, collector, intake)
                await self._changed.wait()

    def _warn_of_unknown(self) -> None:
        """An entry may name an account that there is not: then it is shared out like the others."""
        named = {one.account for one in self._listed.values()} - self._accounts - {""}
        if named:
            hint = "write `account` as under telegram.accounts, or leave it out"
            log.warning("unknown_accounts", accounts=sorted(named), hint=hint)

    def accounts(self) -> tuple[AccountNumbers, ...]:
        """How every account is doing, and how far its budgets of calls are used."""
        now = self._around.clock.now().timestamp()
        cursor = self._cursor
        return tuple(
            AccountNumbers(one, usage(decode(cursor(f"telegram-budget/{one.account}")), now))
            for one in self._around.roster.accounts()
        )

    def troubles(self) -> dict[str, Trouble | None]:
        """What ails accounts and sources now, for their operators."""
        now = self._around.clock.now()
        accounts = [
            AccountState(account=one.account, state=one.state, hint=one.hint, moved=one.moved)
            for one in self._around.roster.accounts()
        ]
        sources = source_troubles(self._around.board.snapshot(), now)
        return account_troubles(accounts, now) | sources

    def is_listed(self, key: str) -> bool:
        """Whether a trouble is about an account or source that there still is."""
        kind, _, name = key.partition("/")
        return name in (self._listed if kind == "source" else self._accounts)

    async def look(self, question: Answer) -> Answer:
        """`look`: what an account that is connected knows of a channel, folder or shared folder."""
        for one in self._lasting:
            answer = await one.look(question) if isinstance(one, Looks) else None
            if answer is not None:
                return answer
        return {"error": "no account is connected", "hint": "see monitor status; try again"}

    def _start(
        self, group: asyncio.TaskGroup, collector: Collector, intake: Intake
    ) -> "asyncio.Task[None]":
        part = Part(collector.name, lambda: collector.run(intake))
        return self._supervisor.start(group, part)

    async def _stop_others(self) -> None:
        """End the collectors of sources that are no longer listed, or are read otherwise now."""
        for id_, (info, task) in list(self._running.items()):
            wanted = self._listed.get(id_)
            if wanted is not None and (wanted.via, wanted.url) == (info.via, info.url):
                continue
            del self._running[id_]
            task.cancel()
            await asyncio.wait({task})
            self._supervisor.states.pop(task.get_name(), None)
            if wanted is None:
                self._around.board.forget(id_)
            log.info("source_stopped", source=id_)


def _read(sources: Iterable[SourceInfo]) -> set[tuple[object, ...]]:
    """What collectors know of the sources: who is read, and how."""
    return {(one.id, one.via, one.url, one.account, one.join) for one in sources}
