"""A command that reads for a minute steps aside for the daemon beside it."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NICE = 19
"""As nice as a process can be."""

SESSION = Path("/proc/self/autogroup")
"""How nice the session is. Where the kernel has it, it first divides the processor among sessions
(a terminal, a service), and niceness counts only within one: sched(7), "The autogroup feature"."""

SOON = 0.15
"""Seconds after which a kernel that has just changed a session's niceness does it again."""


@contextmanager
def aside() -> Iterator[None]:
    """As nice as can be; so is the session until the end, for it is what the daemon competes with.

    Where the kernel does not have that, or does not allow it, the process alone is nice.
    """
    os.nice(max(0, NICE - os.nice(0)))
    before = _niceness()
    if before is None or not _set(NICE):
        yield
        return
    try:
        yield
    finally:
        _set(before)


def _niceness() -> int | None:
    """Of the session; None: the kernel does not tell."""
    with suppress(OSError, ValueError):
        return int(SESSION.read_text("ascii").split()[-1])
    return None


def _set(niceness: int) -> bool:
    for pause in (SOON, 0):
        with suppress(OSError):
            SESSION.write_text(f"{niceness}\n", "ascii")
            return True
        time.sleep(pause)
    return False
