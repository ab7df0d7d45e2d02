"""Hot reload: a saved change of rules or sources is live within two seconds, or refused whole.

The files are looked at twenty times a second; what has changed is made ready in the workshop while
it settles; only if all of it is right does it take the place of the running rules, between two
batches. Otherwise the running rules stay, the receivers are told of the first mistake, and the log
and `monitor status` name every one.
"""

import asyncio
import math
import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime

import structlog

from monitor.clock import Clock
from monitor.document import is_folder, shown
from monitor.health import Board, RulesHealth
from monitor.matching.evaluate import Matcher
from monitor.mistake import Mark, Mistake, MistakesError
from monitor.notices import Notices
from monitor.rulebook.files import ENDINGS
from monitor.workshop import LONGEST, Material, Workshop, WorkshopError

log = structlog.get_logger(__name__)

LOOK_EVERY = 0.05
SETTLE = 0.1
"""Seconds without a change before a save counts as complete."""
DOUBT = 1.0
"""The same, if something is wrong: half of a file is most often followed by the other half."""
READINGS = 10
"""So often files that change all the time are read until what they say counts, right or wrong."""
NAMED = 10
"""So many rules that are new, or gone, the log names."""
WARM_AFTER = 5.0
"""Seconds after the start until the workshop is warmed, and the files are compared once; and after
its child has died. Each time before a save succeeds it is twice as long."""
LONGEST_PAUSE = 600.0
SLOW = 10.0
"""Seconds until the log says what takes so long."""

TOPIC = "rules"
COMPILER = "the process that compiles the rules"
AGAIN = "is there memory enough? it is tried again by itself within ten minutes, or by a save"
_ENDINGS = tuple(ENDINGS)

Stamp = tuple[tuple[str, int, int, int, int], ...]
Made = Matcher | Sequence[Mistake] | WorkshopError


class Reload:
    """Watches the files of the rules; `swap` is given each set that is right."""

    def __init__(
        self,
        material: Material,
        running: Matcher,
        swap: Callable[[Matcher], Awaitable[None]],
        *,
        clock: Clock,
        board: Board,
        notices: Notices,
    ) -> None:
        self._material = material
        self._notices = notices
        self._hash = running.rulebook.hash
        self._ids = running.rulebook.ids
        self._swap = swap
        self._clock = clock
        self._board = board
        self._workshop = Workshop(running)
        self._asked = False
        self._pause = WARM_AFTER
        self._due = math.inf
        self._seen = stamp(material)
        self._health = RulesHealth(
            rulebook=running.rulebook.hash, rules=len(running.rulebook.rules), since=board.started
        )
        board.rules = self._health

    def ask(self) -> None:
        """Read the files again even if they look the same (SIGHUP)."""
        self._asked = True

    def use(self, material: Material) -> None:
        """Read other files from now on: the configuration names them."""
        self._material = material
        self._asked = True

    async def run(self) -> None:
        """Watch until cancelled."""
        await self._notices.mended(TOPIC, "the rules in force are those of the files")
        try:
            seen = self._seen
            self._due = self._clock.monotonic() + WARM_AFTER
            while True:
                await self._clock.sleep(LOOK_EVERY)
                now = await self._look()
                if why := self._workshop.found_ended():
                    _say_ended(why)
                    self._again()
                news = now != seen or self._asked
                if news or self._clock.monotonic() >= self._due:
                    self._asked, self._due = False, math.inf
                    seen = await self._try(now, quiet=not news)
        finally:
            await self._workshop.aclose()

    async def _look(self) -> Stamp:
        return await asyncio.to_thread(stamp, self._material)

    async def _look_until(self, end: float, seen: Stamp) -> Stamp:
        """How the files look at that time, or as soon as they look otherwise."""
        while (left := end - self._clock.monotonic()) > 0:
            await self._clock.sleep(min(left, LOOK_EVERY))
            now = await self._look()
            if now != seen:
                return now
        return await self._look()

    async def _try(self, seen: Stamp, *, quiet: bool) -> Stamp:
        """Make the files ready, put them in place or say what is wrong; how they looked then.

        What is saved meanwhile is made ready again: it may have been half of a save. `quiet` if
        nothing is new.
        """
        started = self._clock.monotonic()
        made = await self._made()
        for _ in range(READINGS):
            still = SETTLE if isinstance(made, Matcher) else DOUBT
            now = await self._look_until(started + still, seen)
            if now == seen:
                break
            seen, started = now, self._clock.monotonic()
            made = await self._made()
        if isinstance(made, Matcher):
            await self._put(made, self._clock.monotonic() - started, quiet=quiet)
        elif isinstance(made, WorkshopError):
            await self._put_off(made, quiet=quiet)
        else:
            await self._refuse(made, quiet=quiet)
        return seen

    async def _made(self) -> Made:
        """What the workshop makes of the files; a child that dies over it is replaced once."""
        made = await self._answer()
        if isinstance(made, WorkshopError):
            _say_ended(str(made))
            made = await self._answer()
        return made

    async def _answer(self) -> Made:
        slow = asyncio.get_running_loop().call_later(SLOW, _say_slow)
        try:
            return await self._workshop.prepare(self._material)
        except MistakesError as error:
            return error.mistakes
        except WorkshopError as error:
            return error
        finally:
            slow.cancel()

    def _again(self) -> None:
        """Come back to the files a while from now, as they are then."""
        self._due = self._clock.monotonic() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)

    async def _put_off(self, error: WorkshopError, *, quiet: bool) -> None:
        """Nothing could be made ready, twice: it is not the files' fault, and is tried again."""
        self._again()
        log.error("rules_not_compiled", why=f"{COMPILER} {error}", hint=AGAIN)
        if quiet:
            return  # nobody saved: what is in force, or was refused, is so still
        mark = Mark(shown(self._material.rules[0]) if self._material.rules else "rules", 1, 1)
        mistake = Mistake(mark, f"{COMPILER} {error}", AGAIN)
        if self._note((mistake,), quiet=True):
            await self._notices.wrong(TOPIC, "A change of the rules is not in force", str(mistake))

    async def _put(self, matcher: Matcher, seconds: float, *, quiet: bool) -> None:
        if quiet and matcher.rulebook.hash == self._hash and not self._health.mistakes:
            return
        self._pause = WARM_AFTER
        await self._swap(matcher)
        await self._notices.mended(TOPIC, "mended: what the files say is in force")
        before, self._ids = self._ids, matcher.rulebook.ids
        self._hash = matcher.rulebook.hash
        self._show(
            RulesHealth(
                rulebook=self._hash,
                rules=len(matcher.rulebook.rules),
                since=_text(self._clock.now()),
                reloads=self._health.reloads + 1,
                refusals=self._health.refusals,
            )
        )
        log.info(
            "rules_loaded",
            rules=len(matcher.rulebook.rules),
            sources=len(matcher.rulebook.sources),
            rulebook=self._hash[:12],
            seconds=round(seconds, 2),
            **_changes(before, self._ids),
        )

    async def _refuse(self, mistakes: Sequence[Mistake], *, quiet: bool) -> None:
        if not self._note(mistakes, quiet=quiet):
            return
        log.error(
            "rules_refused",
            mistakes=[str(mistake) for mistake in mistakes],
            running=self._hash[:12],
            hint="the rules from before stay; mend the files and save",
        )
        await self._notices.wrong(TOPIC, "A change of the rules is refused", in_short(mistakes))

    def _note(self, mistakes: Sequence[Mistake], *, quiet: bool) -> bool:
        """Show mistakes in the status; False if they stand there and nobody saved: `quiet`."""
        before, found = self._health, tuple(str(mistake) for mistake in mistakes)
        if quiet and found == before.mistakes:
            return False
        self._show(
            RulesHealth(
                rulebook=before.rulebook,
                rules=before.rules,
                since=before.since,
                reloads=before.reloads,
                refusals=before.refusals + 1,
                refused_since=before.refused_since or _text(self._clock.now()),
                mistakes=found,
            )
        )
        return True

    def _show(self, health: RulesHealth) -> None:
        self._health = self._board.rules = health


def _changes(before: tuple[str, ...], now: tuple[str, ...]) -> dict[str, str]:
    """Which rules are new, and which are gone: whoever deleted a file by mistake sees it here."""
    if now == before:
        return {}
    found = {"added": sorted(set(now) - set(before)), "removed": sorted(set(before) - set(now))}
    return {
        key: ", ".join(ids[:NAMED]) + (f" and {len(ids) - NAMED} more" if ids[NAMED:] else "")
        for key, ids in found.items()
        if ids
    }


def _say_ended(why: str) -> None:
    hint = "nothing is lost: another process compiles them; those in force stay meanwhile"
    log.warning("rules_compiler_ended", why=f"{COMPILER} {why}", hint=hint)


def _say_slow() -> None:
    hint = f"those in force stay until it has ended; after {LONGEST:.0f} s another one begins"
    log.warning("rules_slow", why=f"{COMPILER} has worked for {SLOW:.0f} s", hint=hint)


def in_short(mistakes: Sequence[Mistake]) -> str:
    """The first mistake, and how many there are."""
    if len(mistakes) == 1:
        return str(mistakes[0])
    return f"{len(mistakes)} mistakes, the first: {mistakes[0]}"


def stamp(material: Material) -> Stamp:
    """What changes whenever one of the files does: names, times, sizes."""
    found = []
    for path in (*material.rules, *material.sources, *material.places):
        with suppress(OSError):
            for file in _files(str(path)) if is_folder(path) else (str(path),):
                one = os.stat(file)  # noqa: PTH116 - no Path for each
                found.append((file, one.st_mtime_ns, one.st_ctime_ns, one.st_size, one.st_ino))
    found.sort()
    return tuple(found)


def _files(folder: str) -> Iterator[str]:
    """As `rule_files` finds them, at a fraction of the cost: this is asked all the time."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.name.endswith(_ENDINGS) and not entry.is_dir(follow_symlinks=False):
                yield entry.path
            elif entry.is_dir(follow_symlinks=False):
                yield from _files(entry.path)


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
