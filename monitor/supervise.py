"""Keeps the daemon's parts running: each restarts by itself, with growing pauses, and says so.

A part is a coroutine function that runs until cancelled. One that raises is started again; one that
raises `GaveUpError` stays down, loudly, while the others go on; a vital part that keeps failing
ends the daemon, so that the service manager sees it.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import structlog

from monitor.clock import Clock

log = structlog.get_logger(__name__)

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 300.0
HEALTHY_AFTER = 120.0
"""Seconds a part must run before its next failure counts as the first again."""
VITAL_FAILURES = 5
INSIST_EVERY = 1.0
INSIST_TIMES = 5
"""Seconds between, and number of, repeated requests to a part that does not stop when asked."""


class GaveUpError(Exception):
    """A part cannot go on until a person does something; `hint` says what."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class VitalPartError(Exception):
    """A part without which nothing works keeps failing: the daemon must end."""


class Part(msgspec.Struct, frozen=True):
    """Something that runs as long as the daemon: a source, a sink, the pipeline."""

    name: str
    run: Callable[[], Awaitable[None]]
    vital: bool = False


class Supervisor:
    """Runs parts until cancelled."""

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self._clock = clock
        self._rng = rng
        self.states: dict[str, str] = {}
        """Part -> running, restarting, finished or gave up; for `monitor status`."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, parts: Sequence[Part]) -> None:
        """Run all parts; returns when every one has finished.

        Raises:
            VitalPartError: in an ExceptionGroup, when a vital part keeps failing.
        """
        async with asyncio.TaskGroup() as group:
            for part in parts:
                self.start(group, part)

    async def end(self, *runs: "asyncio.Task[None]") -> None:
        """Cancel these runs and wait for their parts; a part that stays is asked again, by name.

        A library can lose a cancellation (Python 3.11's `asyncio.wait_for` does when its future is
        done at the same moment); asked once, such a part would hold up the stop for ever.
        """
        for run in runs:
            run.cancel()
        for _ in range(INSIST_TIMES):
            await asyncio.wait(runs, timeout=INSIST_EVERY)
            if all(run.done() for run in runs):
                break
            for task in tuple(self._tasks):
                if task.cancelling():
                    log.warning("part_asked_again", part=task.get_name(), at=_where(task))
                    task.cancel()
        for run in runs:
            if run.done() and not run.cancelled():
                run.exception()  # seen: whoever needs it asks the run itself

    def start(self, group: asyncio.TaskGroup, part: Part) -> "asyncio.Task[None]":
        """Run one more part in a group; its task ends when the part finishes or gives up.

        A vital part that keeps failing ends the group with VitalPartError.
        """
        task = group.create_task(self._keep(part), name=part.name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _keep(self, part: Part) -> None:
        pause, failures = FIRST_PAUSE, 0
        while True:
            started = self._clock.monotonic()
            self.states[part.name] = "running"
            try:
                await part.run()
            except GaveUpError as error:
                self.states[part.name] = "gave up"
                # no traceback: the hint is what a person needs here
                log.error(  # noqa: TRY400
                    "part_gave_up", part=part.name, error=str(error), hint=error.hint
                )
                return
            except Exception as error:
                if self._clock.monotonic() - started > HEALTHY_AFTER:
                    pause, failures = FIRST_PAUSE, 0
                failures += 1
                log.warning(
                    "part_failed",
                    part=part.name,
                    failures=failures,
                    restart_in=round(pause, 1),
                    exc_info=error,
                )
            else:
                self.states[part.name] = "finished"
                log.info("part_finished", part=part.name)
                return
            if part.vital and failures >= VITAL_FAILURES:
                raise VitalPartError(f"{part.name} failed {failures} times in a row")
            self.states[part.name] = "restarting"
            await self._clock.sleep(pause * (0.5 + self._rng.random()))
            pause = min(pause * 2, LONGEST_PAUSE)


def _where(task: "asyncio.Task[None]") -> str:
    """The line a task waits at: what a person needs to find a part that does not stop."""
    frames = task.get_stack(limit=1)
    return f"{frames[0].f_code.co_filename}:{frames[0].f_lineno}" if frames else "nowhere"
