"""How far a long command has come: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from collections.abc import Callable

WIDTH = 30
EVERY = 0.1
LINE_EVERY = 10.0
"""Seconds between two lines where there is no terminal: short commands say nothing."""


def bar(total: int, what: str) -> Callable[[int], None]:
    """A function that is told how much is done; shows it on standard error."""
    if not total:
        return lambda _: None
    return _drawn(total, what) if sys.stderr.isatty() else _lines(total, what)


def _drawn(total: int, what: str) -> Callable[[int], None]:
    drawn, full = 0.0, False

    def draw(done: int) -> None:
        nonlocal drawn, full
        now, share = time.monotonic(), min(1.0, done / total)
        if full or (share < 1 and now - drawn < EVERY):
            return
        drawn, full = now, share == 1
        filled = "#" * round(share * WIDTH)
        end = "\n" if full else ""
        line = f"\r[{filled:<{WIDTH}}] {share:4.0%} {done:,} of {total:,} {what}"
        print(line, end=end, file=sys.stderr, flush=True)

    return draw


def _lines(total: int, what: str) -> Callable[[int], None]:
    said = time.monotonic()

    def say(done: int) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said >= LINE_EVERY:
            said = now
            share = min(1.0, done / total)
            print(f"{done:,} of {total:,} {what} ({share:.0%})", file=sys.stderr, flush=True)

    return say


def compiling(done: int, of: int) -> None:
    """One line on standard error while names are compiled, if somebody looks."""
    if sys.stderr.isatty() or done in {0, of}:
        end = "\n" if done == of or not sys.stderr.isatty() else "\r"
        print(f"compiling the gazetteer: {done:,} of {of:,} places", end=end, file=sys.stderr)
