"""What work costs the processor, whatever else the machine and this process do meanwhile."""

import gc
import time
from collections.abc import Callable


def least(work: Callable[[], object], enough: float) -> float:
    """CPU seconds of the cheapest of up to five runs; the first below `enough` ends them.

    One run alone would also measure what is not its own: a collection of the garbage of all tests
    before it (100 ms and more), or a neighbour that empties the processor's caches.
    """
    cheapest = float("inf")
    for _ in range(5):
        started = time.thread_time()
        work()
        cheapest = min(cheapest, time.thread_time() - started)
        if cheapest < enough:
            break
    return cheapest


def once(work: Callable[[], object]) -> float:
    """CPU seconds of work that cannot be repeated: the garbage of all tests before it waits."""
    gc.collect()
    gc.disable()
    try:
        started = time.thread_time()
        work()
        return time.thread_time() - started
    finally:
        gc.enable()
