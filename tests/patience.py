"""How long tests wait: a machine that is busy with other things is no mistake."""

import asyncio
from collections.abc import Callable
from typing import Any

PATIENCE = 60.0
"""Seconds after which what has not come is held to be lost. No promise of the product: waiting
longer costs only those runs time that fail."""

TURN = 0.01


async def comes(holds: Callable[[], object], within: float) -> bool:
    """Whether something becomes true within so many seconds of the event loop's own time.

    Its turns are counted, at most 10 ms each: seconds in which this process had no processor are
    not, whatever the clock says.
    """
    for _ in range(round(within / TURN)):
        if holds():
            return True
        await asyncio.sleep(TURN)
    return bool(holds())


async def turned(seconds: float) -> None:
    """Let the others work for so many seconds of the event loop's own time."""
    await comes(lambda: False, seconds)


async def ends(task: "asyncio.Future[Any]", within: float) -> bool:
    """Whether a task ends within so many seconds of the event loop's own time."""
    return await comes(task.done, within)
