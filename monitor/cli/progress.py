"""How far a long command has come: a bar on a terminal, nothing elsewhere."""

import sys
import time
from collections.abc import Callable

WIDTH = 30
EVERY = 0.1


def bar(total: int, what: str) -> Callable[[int], None]:
    """A function that is told how much is done; draws on standard error ten times a second."""
    if not sys.stderr.isatty() or not total:
        return lambda _: None
    drawn = 0.0

    def draw(done: int) -> None:
        nonlocal drawn
        now, share = time.monotonic(), min(1.0, done / total)
        if share < 1 and now - drawn < EVERY:
            return
        drawn = now
        filled = "#" * round(share * WIDTH)
        end = "\n" if share == 1 else ""
        line = f"\r[{filled:<{WIDTH}}] {share:4.0%} {done:,} of {total:,} {what}"
        print(line, end=end, file=sys.stderr, flush=True)

    return draw


def compiling(done: int, of: int) -> None:
    """One line on standard error while names are compiled, if somebody looks."""
    if sys.stderr.isatty() or done in {0, of}:
        end = "\n" if done == of or not sys.stderr.isatty() else "\r"
        print(f"compiling the gazetteer: {done:,} of {of:,} places", end=end, file=sys.stderr)
