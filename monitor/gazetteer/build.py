"""The compiled gazetteer of an installation: opened if it is up to date, else made again.

The world that comes with the product is compiled once for an installation, beside its libraries
(`make` does it, or the first use), or in the state folder where that is not writable. What was
imported is compiled apart, in the state folder, when it is imported. A folder's name says what it
was made from, so that nothing stale is ever opened.
"""

import contextlib
import fcntl
import functools
import gc
import hashlib
import importlib.metadata
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from monitor.gazetteer import world
from monitor.gazetteer.compiled import Compiled, Keys, Layers, Progress, keys_of, write
from monitor.mistake import Mark, Mistake, MistakesError
from monitor.place import Place

FOLDER = "gazetteer"
IMPORTS = "imports"
KEPT = 12
"""So many compiled worlds stay beside each other: of other versions, other checkouts."""
_DICTIONARIES = ("pymorphy3", "pymorphy3-dicts-ru", "pymorphy3-dicts-uk")
_MADE_BY = ("gazetteer", "lexicon", "text", "place.py")
"""What decides of names and forms: when it changes, everything is compiled again."""


def silent(_done: int, _all: int) -> None:
    """Tell nobody."""


def installed() -> Path:
    """Where an installation keeps its world: in its virtual environment."""
    return Path(sys.prefix) / "share" / "monitor" / FOLDER


def open_world(state: Path, progress: Progress = silent) -> Layers:
    """The gazetteer of a state folder: its imports over the world, compiled first if need be.

    Raises:
        MistakesError: neither the installation nor the state folder can be written.
    """
    imported = sorted((state / FOLDER / IMPORTS).glob("*.msgpack"))
    built_in = _built_in(state / FOLDER, progress)
    if not imported:
        return Layers((built_in,))
    version = _named("imports", *(f"{one.name} {_stamp(one)}" for one in imported))
    made = _demanded(
        state / FOLDER / version, lambda folder: _compile_imports(folder, imported, progress)
    )
    return Layers((made, built_in))


def compile_installed(progress: Progress = silent) -> Path:
    """Compile the world beside the libraries, if it is not yet; where it lies.

    Raises:
        MistakesError: that place cannot be written.
    """
    return _demanded(installed() / _world_version(), _world_maker(progress)).folder


def _built_in(state: Path, progress: Progress) -> Compiled:
    version, make = _world_version(), _world_maker(progress)
    for folder in (installed() / version, state / version):
        with contextlib.suppress(OSError, ValueError, KeyError):
            return _there(folder)
    if sys.prefix != sys.base_prefix:  # not into the system's own folders, unless told to
        with contextlib.suppress(OSError):
            return _opened(installed() / version, make)
    return _demanded(state / version, make)


def _world_maker(progress: Progress) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        places = list(world.world_places())
        write(folder, places, folder.name, {"built in": len(places)}, _keys(places, progress))

    return make


def _demanded(folder: Path, make: Callable[[Path], None]) -> Compiled:
    try:
        return _opened(folder, make)
    except OSError as error:
        what = f"the gazetteer cannot be written: {error.strerror or error}"
        hint = "make the state folder writable, or name another as `state`"
        raise MistakesError([Mistake(Mark(str(folder), 1, 1), what, hint)]) from error


def _opened(folder: Path, make: Callable[[Path], None]) -> Compiled:
    """A compiled folder; made if it is missing, damaged or of another format, by one process.

    Raises:
        OSError: it cannot be made.
    """
    with contextlib.suppress(OSError, ValueError, KeyError):
        return _there(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with contextlib.suppress(OSError, ValueError, KeyError):
            return _there(folder)  # somebody else has made it meanwhile
        make(folder)
        _clear(folder)
    return Compiled(folder)


def _there(folder: Path) -> Compiled:
    found = Compiled(folder)
    if found.version != folder.name:
        raise ValueError("the manifest is damaged")
    return found


def _clear(folder: Path) -> None:
    """Remove the oldest of its kind, and what a process that died left unfinished."""
    kind = folder.name.partition("-")[0]
    of_kind = [one for one in folder.parent.glob(f"{kind}-*") if one != folder and one.is_dir()]
    of_kind.sort(key=lambda one: -one.stat().st_mtime)
    for kept, one in enumerate(of_kind, start=1):
        if "." in one.name or kind == "imports" or kept >= KEPT:
            shutil.rmtree(one, ignore_errors=True)


def _compile_imports(folder: Path, imported: Sequence[Path], progress: Progress) -> None:
    places: dict[str, Place] = {}
    sources: dict[str, int] = {}
    for path in imported:
        more = list(read_import(path))
        sources[path.stem] = len(more)
        places.update((place.id, place) for place in more)
    every = list(places.values())
    write(folder, every, folder.name, sources, _keys(every, progress))


def _keys(places: Sequence[Place], progress: Progress) -> Iterator[Keys]:
    """The keys of each place, in order."""
    collecting = gc.isenabled()
    gc.disable()  # it would look through all places again and again: a fifth of the time
    try:
        for number, place in enumerate(places):
            if number % 500 == 0:
                progress(number, len(places))
            yield keys_of(place)
    finally:
        if collecting:
            gc.enable()
    progress(len(places), len(places))


def read_import(path: Path) -> Iterator[Place]:
    """The places of a file that `save_import` wrote."""
    yield from msgspec.msgpack.decode(path.read_bytes(), type=list[Place])


def save_import(state: Path, name: str, places: list[Place]) -> Path:
    """Keep imported places beside the state; the next `open_world` compiles them."""
    folder = state / FOLDER / IMPORTS
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.msgpack"
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.msgpack.encode(places))
    fresh.rename(path)
    return path


@functools.cache
def _world_version() -> str:
    return _named("world")


def _named(kind: str, *of: str) -> str:
    """A folder's name: what lies in it, and a digest of everything that it depends on."""
    everything = [world.version(), _code(), sys.byteorder, *of]
    everything += [f"{name} {importlib.metadata.version(name)}" for name in _DICTIONARIES]
    return f"{kind}-{hashlib.sha256(chr(0).join(everything).encode()).hexdigest()[:16]}"


@functools.cache
def _code() -> str:
    """A digest of the modules and tables that make names and forms."""
    root = Path(__file__).parent.parent
    found = hashlib.sha256()
    for part in _MADE_BY:
        of_part = [root / part] if part.endswith(".py") else sorted((root / part).rglob("*.*"))
        for path in of_part:
            if path.suffix != ".pyc":
                found.update(path.name.encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def _stamp(path: Path) -> str:
    """What changes with a file's content, without reading it."""
    found = path.stat()
    return f"{found.st_size} {found.st_mtime_ns}"
