"""Alerts on standard output, as a person wants to read them."""

import asyncio
import os
import queue
import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import NamedTuple

from monitor.alert import Alert
from monitor.clock import Clock
from monitor.rule import Level
from monitor.sinks.deliver import (
    Backoff,
    Mute,
    Outbox,
    RetryError,
    Sent,
    Stream,
    begin_at,
    deliver,
    nothing_muted,
)
from monitor.sinks.styled import Line, Span, clusters, columns, merged
from monitor.sinks.wording import Manner, age, compose

NARROWEST, WIDEST = 40, 100

_INDENT = {
    "banner": ("", ""), "head": ("", "   "), "fact": ("   ", "   "), "who": ("   ", "     "),
    "quote": ("   │ ", "   │ "), "link": ("   ", "   "), "menu": ("   ", "   "),
    "foot": ("   ", "   "),
}  # fmt: skip

_SGR = {"bold": "1", "word": "1;33", "faint": "2", "alarm": "1;37;45"}
_LEVEL_SGR: dict[Level, str] = {
    "informational": "1", "low": "1;34", "medium": "1;33", "high": "1;31", "critical": "1;37;41",
}  # fmt: skip

Write = Callable[[bytes], None]
"""Writes everything or raises OSError; may block for as long as nobody reads."""


class Screen(NamedTuple):
    """What the output can show."""

    colour: bool
    width: int


def screen(descriptor: int, environment: Mapping[str, str]) -> Screen:
    """What stands behind a file descriptor: colours only for a terminal that wants them."""
    tty = os.isatty(descriptor)
    try:
        wide = os.get_terminal_size(descriptor).columns
    except OSError:
        wide = WIDEST
    dumb = environment.get("TERM") == "dumb"
    colour = tty and not environment.get("NO_COLOR") and not dumb
    return Screen(colour, min(max(wide, NARROWEST), WIDEST))


def render(lines: Sequence[Line], level: Level, shown: Screen) -> str:
    """A message as terminal text: wrapped, coloured if `shown.colour`, one blank line at the end.

    Without colours the words that were found stand between asterisks.
    """
    rendered: list[str] = []
    for line in lines:
        first, further = _INDENT[line.role]
        indent = first
        for row in _rows(line, shown.width - columns(first)):
            text = "".join(_dressed(one, level, colour=shown.colour) for one in merged(row))
            rendered.append(f"{indent}{text}".rstrip())
            indent = further
    return "\n".join(rendered) + "\n\n"


def _dressed(one: Span, level: Level, *, colour: bool) -> str:
    if not colour:
        return f"*{one.text}*" if "word" in one.styles and one.text.strip() else one.text
    codes = [_SGR[style] for style in sorted(one.styles) if style != "level"]
    if "level" in one.styles:
        codes = [_LEVEL_SGR[level]]
    return f"\x1b[{';'.join(codes)}m{one.text}\x1b[0m" if codes else one.text


def _rows(line: Line, room: int) -> Iterator[list[Span]]:
    """The line broken at blanks into rows of `room` columns; an address is never broken."""
    if line.role == "link":
        yield list(line.spans)
        return
    row: list[Span] = []
    used = 0
    for word, blank in _words(line.spans):
        needed = sum(columns(piece.text) for piece in word)
        if row and used + needed > room:
            yield row
            row, used = [], 0
        if needed > room:
            *whole, last = _broken(word, room)
            yield from whole
            word, needed = last, sum(columns(piece.text) for piece in last)  # noqa: PLW2901 - its end goes on
        row += word
        used += needed
        if blank is not None:
            row.append(blank)
            used += 1
    if row:
        yield row


def _words(spans: Sequence[Span]) -> Iterator[tuple[list[Span], Span | None]]:
    """Words, which may change style inside, each with the blank behind it."""
    word: list[Span] = []
    for one in spans:
        parts = one.text.split(" ")
        for place, part in enumerate(parts):
            if part:
                word.append(one._replace(text=part))
            if place < len(parts) - 1:
                yield word, one._replace(text=" ")
                word = []
    if word:
        yield word, None


def _broken(word: Sequence[Span], room: int) -> list[list[Span]]:
    """A word longer than a row, broken between grapheme clusters."""
    rows: list[list[Span]] = [[]]
    used = 0
    for one in word:
        for cluster in clusters(one.text):
            wide = columns(cluster)
            if used + wide > room:
                rows.append([])
                used = 0
            rows[-1].append(one._replace(text=cluster))
            used += wide
    return rows


class _Writer:
    """Writes in a thread of its own: nobody may read our output for hours."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._orders: queue.SimpleQueue[tuple[bytes, Callable[[OSError | None], None]] | None]
        self._orders = queue.SimpleQueue()
        # A daemon thread, so that a reader who never reads cannot keep the process from ending.
        threading.Thread(target=self._work, name="terminal", daemon=True).start()

    def _work(self) -> None:
        while (order := self._orders.get()) is not None:
            data, tell = order
            try:
                self._write(data)
            except OSError as error:
                tell(error)
            else:
                tell(None)

    def close(self) -> None:
        """Let the thread end when it has written what it was given."""
        self._orders.put(None)

    def write(self, data: bytes) -> "asyncio.Future[Sent]":
        """Write; the future becomes a Sent, or raises RetryError."""
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[Sent] = loop.create_future()

        def tell(error: OSError | None) -> None:
            loop.call_soon_threadsafe(_settle, outcome, error)

        self._orders.put((data, tell))
        return outcome


def _settle(outcome: "asyncio.Future[Sent]", error: OSError | None) -> None:
    if outcome.done():
        return
    if error is None:
        outcome.set_result(Sent())
    else:
        hint = "the program that read the output has ended: start again, or take the terminal away"
        outcome.set_exception(RetryError(f"cannot write: {error.strerror}", hint=hint))


class TerminalSink:
    """Shows every alert on a file descriptor (1 = standard output)."""

    def __init__(  # noqa: PLR0913 - what it shows, where, and its surroundings
        self, *, clock: Clock, rng: random.Random, zone: tzinfo, descriptor: int = 1,
        name_of: Callable[[str], str] = str, mute: Mute = nothing_muted, name: str = "terminal",
        environment: Mapping[str, str] = os.environ,
    ) -> None:  # fmt: skip
        self.name = name
        self._clock = clock
        self._rng = rng
        self._zone = zone
        self._descriptor = descriptor
        self._name_of = name_of
        self._mute = mute
        self._environment = environment

    async def run(self, outbox: Outbox) -> None:
        """Show alerts until cancelled."""
        writer = _Writer(self._write)

        async def begin(alert: Alert) -> "asyncio.Future[Sent]":
            outcome = writer.write(self.shown(alert).encode("utf-8", "replace"))
            await asyncio.wait([outcome])
            return outcome

        stream = Stream(outbox, self.name, begin, self._clock, mute=self._mute)
        try:
            after, _ = await begin_at(outbox, self.name, self._clock.now())
            await deliver(stream, after, self._clock, Backoff(self._rng))
        finally:
            writer.close()

    def shown(self, alert: Alert) -> str:
        """The alert as it appears now."""
        now = self._clock.now()
        manner = Manner(self._name_of, lambda moment: age(moment, now, self._zone))
        lines = compose(alert, manner)
        return render(lines, alert.incident.level, screen(self._descriptor, self._environment))

    def _write(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            left = left[os.write(self._descriptor, left) :]
