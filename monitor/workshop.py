"""Where rules are made ready: read, compiled and rehearsed, in a process of their own.

`prepare` does it; `Workshop` has it done by a child that stays warm (dictionaries loaded), so that
the daemon's event loop never waits for it. What comes back is a pickle from our own child, or the
mistakes. The child ends when its standard input does.
"""

import asyncio
import contextlib
import gc
import os
import pickle
import struct
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from monitor.gazetteer.build import open_world, silent
from monitor.gazetteer.compiled import Progress
from monitor.gazetteer.lookup import Gazetteer
from monitor.matching.evaluate import Matcher
from monitor.matching.rehearse import rehearse
from monitor.mistake import Mistake, MistakesError
from monitor.rulebook.book import Rulebook
from monitor.rulebook.load import load
from monitor.rulebook.where import wheres_in
from monitor.timeline import run_timeline

LONGEST = 120.0
"""Seconds a preparation may take before the child counts as hung."""
_SIZE = struct.Struct(">Q")
_PROGRAM = "from monitor.workshop import serve; serve()"


class Material(NamedTuple):
    """The files that rules are made of, and the state folder where the gazetteer is compiled."""

    rules: tuple[Path, ...]
    sources: tuple[Path, ...]
    places: tuple[Path, ...] = ()
    state: Path | None = None


class WorkshopError(Exception):
    """The child died or hung; the next order starts another one."""


def prepare(material: Material, progress: Progress = silent) -> Matcher:
    """Rules that are ready to judge; `progress` hears of a gazetteer that has to be compiled.

    Raises:
        MistakesError: every mistake of the files; if there is none, every example and every test
            over time that fails.
        StateError: there is no room for the tests' throw-away stores.
    """
    rulebook = load(material.rules, material.sources, place_paths=material.places)
    matcher = matcher_of(rulebook, material.state, progress)
    mistakes = [*rehearse(rulebook, matcher)]
    for timeline in rulebook.timelines:
        mistakes += run_timeline(matcher, timeline)
    if mistakes:
        raise MistakesError(mistakes)
    return matcher


def matcher_of(rulebook: Rulebook, state: Path | None, progress: Progress = silent) -> Matcher:
    """The rulebook's matcher; if rules ask where, over the gazetteer of the state folder.

    Without a state folder only the rulebook's own places are known.

    Raises:
        MistakesError: a term that cannot be used.
    """
    asks = any(True for rule in rulebook.rules for _ in wheres_in(rule.when))
    if not asks or state is None:
        return Matcher(rulebook)
    world = open_world(state, progress)
    return Matcher(rulebook, gazetteer=Gazetteer(rulebook.places, rulebook.areas, world))


class Workshop:
    """The child process, started with the first order. One order at a time."""

    def __init__(self) -> None:
        self._child: asyncio.subprocess.Process | None = None

    async def prepare(self, material: Material) -> Matcher:
        """As `prepare`, elsewhere: the event loop goes on meanwhile.

        Raises:
            MistakesError: as `prepare`.
            WorkshopError: nothing came back.
        """
        try:
            async with asyncio.timeout(LONGEST):
                answer = await self._ask(pickle.dumps(material))
        except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
            code = self._child.returncode if self._child else None
            await self.aclose()
            why = "took too long" if isinstance(error, TimeoutError) else f"ended (exit {code})"
            raise WorkshopError(f"the process that compiles the rules {why}") from error
        except asyncio.CancelledError:
            await self.aclose()  # its answer would be taken for that of the next order
            raise
        made = await asyncio.to_thread(_unpacked, answer)
        if isinstance(made, Matcher):
            return made
        raise MistakesError(made)

    async def _ask(self, order: bytes) -> bytes:
        if self._child is None or self._child.returncode is not None:
            self._child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                _PROGRAM,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                start_new_session=True,  # a Ctrl-C is the daemon's to answer
            )
        stdin, stdout = self._child.stdin, self._child.stdout
        assert stdin is not None  # noqa: S101 - both are pipes, as asked for above
        assert stdout is not None  # noqa: S101 - the same
        stdin.write(_SIZE.pack(len(order)) + order)
        await stdin.drain()
        (size,) = _SIZE.unpack(await stdout.readexactly(_SIZE.size))
        return await stdout.readexactly(size)

    async def aclose(self) -> None:
        """End the child, if there is one."""
        child, self._child = self._child, None
        if child is None:
            return
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
        if child.stdin is not None:
            child.stdin.close()


def _unpacked(answer: bytes) -> Matcher | tuple[Mistake, ...]:
    """The answer as objects, in a thread.

    Collecting garbage among the many new objects would hold up every thread (measured: 200 ms), so
    it waits, and they are set aside for good: they live until the next rules come.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        made: Matcher | tuple[Mistake, ...] = pickle.loads(answer)  # noqa: S301 - from our child
        gc.freeze()
    finally:
        if collecting:
            gc.enable()
    return made


def serve() -> None:
    """The child: answers orders until its standard input ends."""
    orders, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not be taken for an answer
    gc.disable()  # it would look through all that grows, again and again: a third of the time
    while order := _received(orders):
        answer = pickle.dumps(_made(pickle.loads(order)), pickle.HIGHEST_PROTOCOL)  # noqa: S301 - from our parent
        answers.write(_SIZE.pack(len(answer)) + answer)
        answers.flush()
        gc.collect()


def _received(orders: BinaryIO) -> bytes:
    head = orders.read(_SIZE.size)
    return orders.read(*_SIZE.unpack(head)) if len(head) == _SIZE.size else b""


def _made(material: Material) -> Matcher | Sequence[Mistake]:
    try:
        return prepare(material)
    except MistakesError as error:
        return error.mistakes
