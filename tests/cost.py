"""What work costs the processor, whatever else the machine and this process do meanwhile."""

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
