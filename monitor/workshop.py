"""Where rules are made ready: read, compiled and rehearsed, in a process of their own.

`prepare` does it; `Workshop` has it done by a child that stays warm (dictionaries loaded), so that
the daemon's event loop never waits for it. What comes back is a pickle from our own child, or the
mistakes. The child ends when its standard input does.
"""

import asyncio
import contextlib
import os
import pickle
import signal
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, cast

from monitor import readymade
from monitor.gazetteer.build import FOLDER, IMPORTS, open_world, silent
from monitor.gazetteer.compiled import Progress
from monitor.gazetteer.lookup import Gazetteer
from monitor.hands import Copy, Hands, alone
from monitor.matching.evaluate import Matcher
from monitor.matching.layered import Change
from monitor.mistake import Mistake, MistakesError
from monitor.rulebook.book import Rulebook
from monitor.rulebook.compile import Forms
from monitor.rulebook.files import rule_files
from monitor.rulebook.where import wheres_in

LONGEST = 120.0
"""Seconds a preparation may take before the child counts as hung."""
ENDING = 1.0
"""Seconds until a child that has closed its pipe is killed: how it ended is worth knowing."""
SIZE = struct.Struct(">Q")
_PROGRAM = "from monitor.changing import serve; serve()"


class Material(NamedTuple):
    """The files that rules are made of, and the state folder where the gazetteer is compiled."""

    rules: tuple[Path, ...]
    sources: tuple[Path, ...]
    places: tuple[Path, ...] = ()
    state: Path | None = None


class Order(NamedTuple):
    """What to make ready; `running`: the hash of the rules in force, if what changed is enough."""

    material: Material
    running: str = ""


class WorkshopError(Exception):
    """The child died or hung, which the message says; the next order starts another one."""


def prepare(
    material: Material, progress: Progress = silent, rulebook: Rulebook | None = None
) -> Matcher:
    """Rules that are ready to judge; `progress` hears of a gazetteer that has to be compiled.

    `rulebook` is what the files say, if they were read already.

    Raises:
        MistakesError: every mistake of the files; if there is none, every example and every test
            over time that fails.
        StateError: there is no room for the tests' throw-away stores.
    """
    name = _key(material)
    made = readymade.fetch(material.state, name)
    if made is not None:
        return made
    # Reading rules takes 0.2 s to load, which a start with rules made ready has no use for.
    from monitor.matching.rehearse import rehearse  # noqa: PLC0415 - as said
    from monitor.rulebook.load import load  # noqa: PLC0415 - the same
    from monitor.timeline import run_timeline  # noqa: PLC0415 - the same

    rules, sources, places, state = material
    with Hands() as hands:
        rulebook = rulebook or load(rules, sources, place_paths=places, heard=hands.give)
        matcher = made_of(rulebook, state, progress, hands.forms)
    with readymade.keeping(state, keys(rulebook, material), matcher):
        mistakes = [*rehearse(rulebook, matcher)]
        for timeline in rulebook.timelines:
            mistakes += run_timeline(matcher, timeline)
        if mistakes:
            raise MistakesError(mistakes)
    return matcher


def keys(rulebook: Rulebook, material: Material) -> tuple[str, str]:
    """The names that rules are kept under: by what they say, and by their files."""
    return name_of_rules(rulebook.hash, material.state), _key(material)


def ready(
    material: Material,
    progress: Progress = silent,
    meanwhile: Callable[[], object] = lambda: None,
) -> Matcher:
    """As `prepare`; what has to be made is made by a child that ends, while `meanwhile` is done.

    The dictionaries that words are inflected with take as much memory as all the rest: this
    process, which stays, never loads them.
    """
    made = readymade.fetch(material.state, _key(material))
    if made is not None:
        return made
    if material.state is None or not material.state.is_dir() or not alone():
        return prepare(material, progress)

    alive: list[object] = []  # what the child has made: to free it one by one takes 0.1 s

    def make() -> bytes:
        from monitor.changing import once  # noqa: PLC0415 - what the child alone needs

        answer, made = once(material, progress)
        alive.append(made)
        return answer

    child, answer = Copy.answering(make)  # nothing is loaded twice
    meanwhile()
    with answer:
        content = answer.read()
    made = readymade.fetch(material.state, _key(material))  # meanwhile its memory is given back
    found = readymade.unpacked(content) if child.done() and made is None else made
    if found is None:  # it was killed: what is wrong is told here
        return prepare(material, progress)
    return _judged(found)


def is_kept(material: Material) -> bool:
    """Whether the rules that these files make are in the state folder."""
    state = material.state
    return state is not None and (state / readymade.FOLDER / _key(material)).is_file()


def _key(material: Material) -> str:
    """Names the rules that these files make."""
    files = [*rule_files(material.rules, []), *material.sources, *material.places]
    lists = ("rules", *map(str, material.rules), "sources", *map(str, material.sources))
    return readymade.key("files", *lists, *imported(material.state), files=files)


def name_of_rules(rulebook: str, state: Path | None) -> str:
    """The name that rules are kept under by what they say: the hash of their rulebook."""
    return readymade.key("book", rulebook, *imported(state))


def imported(state: Path | None) -> list[str]:
    """What changes whenever a gazetteer is imported."""
    files = sorted((state / FOLDER / IMPORTS).glob("*")) if state else []
    about = [(one.name, one.stat()) for one in files]
    return [f"{name} {found.st_size} {found.st_mtime_ns}" for name, found in about]


def matcher_of(rulebook: Rulebook, state: Path | None, progress: Progress = silent) -> Matcher:
    """The rulebook's matcher; if rules ask where, over the gazetteer of the state folder.

    Without a state folder only the rulebook's own places are known.

    Raises:
        MistakesError: a term that cannot be used.
    """
    name = name_of_rules(rulebook.hash, state)
    made = readymade.fetch(state, name)
    if made is not None:
        made.take(rulebook)
        return made
    with Hands() as hands:
        made = made_of(rulebook, state, progress, hands.forms)
    readymade.keep(state, (name,), made)
    return made


def made_of(
    rulebook: Rulebook, state: Path | None, progress: Progress, forms: Forms | None = None
) -> Matcher:
    """The rulebook's matcher, made now; `forms` makes the terms' surfaces."""
    asks = any(True for rule in rulebook.rules for _ in wheres_in(rule.when))
    if not asks or state is None:
        return Matcher(rulebook, forms=forms)
    world = open_world(state, progress)
    gazetteer = Gazetteer(rulebook.places, rulebook.areas, world)
    return Matcher(rulebook, forms=forms, gazetteer=gazetteer)


class Workshop:
    """The child process, started with the first order. One order at a time.

    Of rules that somebody has as a `whole` only what has changed is made, and laid over them.
    """

    def __init__(self, whole: Matcher | None = None) -> None:
        self._whole = whole
        self._child: asyncio.subprocess.Process | None = None

    async def prepare(self, material: Material) -> Matcher:
        """As `prepare`, elsewhere: the event loop goes on meanwhile.

        Raises:
            MistakesError: as `prepare`.
            WorkshopError: nothing came back.
        """
        whole = self._whole
        order = Order(material, whole.rulebook.hash if whole else "")
        try:
            async with asyncio.timeout(LONGEST):
                answer = await self._ask(pickle.dumps(order))
        except TimeoutError as error:
            await self.aclose()
            raise WorkshopError(f"took more than {LONGEST:.0f} s") from error
        except (OSError, asyncio.IncompleteReadError) as error:
            why = await self._ended() or f"could not be begun: {error}"
            raise WorkshopError(why) from error
        except asyncio.CancelledError:
            await self.aclose()  # its answer would be taken for that of the next order
            raise
        places = whole.gazetteer if whole else None
        try:
            made = await asyncio.to_thread(readymade.unpacked, answer, places)
        except Exception as error:  # a pickle of other code can fail in any way
            await self.aclose()
            why = f"answers otherwise than this one: {error!r}; was monitor updated? restart it"
            raise WorkshopError(why) from error
        if isinstance(made, Change) and whole is not None:
            return made.over(whole)
        matcher = _judged(made)
        if whole is not None:
            self._whole = matcher
        return matcher

    async def _ask(self, order: bytes) -> bytes:
        if self._child is None or self._child.returncode is not None:
            self._child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                _PROGRAM,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=_surroundings(),
                start_new_session=True,  # a Ctrl-C is the daemon's to answer
            )
        stdin, stdout = self._child.stdin, self._child.stdout
        assert stdin is not None  # noqa: S101 - both are pipes, as asked for above
        assert stdout is not None  # noqa: S101 - the same
        stdin.write(SIZE.pack(len(order)) + order)
        await stdin.drain()
        (size,) = SIZE.unpack(await stdout.readexactly(SIZE.size))
        return await stdout.readexactly(size)

    async def _ended(self) -> str:
        """How the child has ended that does not answer any more; empty if there was none."""
        if self._child is None:
            return ""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ENDING):
                await self._child.wait()
        why = self.found_ended() or "closed its pipe"
        await self.aclose()
        return why

    def found_ended(self) -> str:
        """How the child has ended since it was asked last; empty if it lives, or there is none."""
        if self._child is None or self._child.returncode is None:
            return ""
        code, self._child = self._child.returncode, None
        return f"was killed ({signal.Signals(-code).name})" if code < 0 else f"ended (exit {code})"

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


def _judged(made: object) -> Matcher:
    """A child's answer: the rules, or the mistakes."""
    if isinstance(made, Matcher):
        return made
    raise MistakesError(cast("tuple[Mistake, ...]", made))


def _surroundings() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
