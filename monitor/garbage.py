"""Collecting garbage without holding everybody up.

Python stops every thread while it looks for rings of objects that nobody refers to, and looks
through everything for them: rules, places, open incidents, half a microsecond an object (measured:
100 to 160 ms). None of that is garbage. So what has lived through a collection that took long is
set aside, and the next ones look only at what came since. What is set aside goes as ever when
nobody refers to it any more, unless it is in a ring: what lives long is not (monitor/loosely.py).
"""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager

LONG = 0.003
"""Seconds of the processor: what a collection of everything took so long for is set aside."""
OFTEN = (700, 4, 1)
"""Python's thresholds, lower: never more than some 7,000 new objects until the next collection."""


SELDOM = (50_000, 10, 10)
"""The same, for work that nobody waits for: some megabytes of garbage may gather."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Set aside what exists, and look seldom: what counts is when all of the work is done.

    A batch of posts is some thousand objects that all go at its end; looked through meanwhile, they
    took up to a tenth of a replay's time.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


@contextmanager
def short_collections() -> Iterator[None]:
    """Set aside what exists, and whatever would make collections long."""
    begun = 0.0

    def timed(phase: str, info: dict[str, int]) -> None:
        nonlocal begun
        if phase == "start":
            begun = time.thread_time()
        elif info["generation"] == len(OFTEN) - 1 and time.thread_time() - begun > LONG:
            gc.freeze()

    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*OFTEN)
    gc.callbacks.append(timed)
    try:
        yield
    finally:
        gc.callbacks.remove(timed)
        gc.set_threshold(*before)
