"""The compiled gazetteer of an installation: opened if it is up to date, else made again.

It lies in the state folder: the world that comes with the product, and whatever was imported.
"""

import hashlib
import importlib.metadata
from collections.abc import Iterator
from pathlib import Path

import msgspec

from monitor.gazetteer import world
from monitor.gazetteer.compiled import Compiled, Progress, write
from monitor.mistake import Mark, Mistake, MistakesError
from monitor.place import Place

FOLDER = "gazetteer"
IMPORTS = "imports"
COMPILED = "compiled"
_DICTIONARIES = ("pymorphy3", "pymorphy3-dicts-ru", "pymorphy3-dicts-uk")


def silent(_done: int, _all: int) -> None:
    """Tell nobody."""


def open_world(state: Path, progress: Progress = silent) -> Compiled:
    """The gazetteer of a state folder; compiled first (a minute at most) if it is not, or is old.

    Raises:
        MistakesError: the folder cannot be written.
    """
    folder = state / FOLDER
    imported = sorted((folder / IMPORTS).glob("*.msgpack"))
    version = _version(imported)
    try:
        found = Compiled(folder / COMPILED)
    except (OSError, ValueError, KeyError):
        found = None
    if found is not None and found.version == version:
        return found
    places = {place.id: place for place in world.world_places()}
    sources = {"built in": len(places)}
    for path in imported:
        more = list(read_import(path))
        sources[path.stem] = len(more)
        places.update((place.id, place) for place in more)
    try:
        write(folder / COMPILED, list(places.values()), version, sources, progress)
    except OSError as error:
        what = f"the gazetteer cannot be written: {error.strerror or error}"
        hint = "make the state folder writable, or name another as `state`"
        raise MistakesError([Mistake(Mark(str(folder), 1, 1), what, hint)]) from error
    return Compiled(folder / COMPILED)


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


def _version(imported: list[Path]) -> str:
    """What the compiled file depends on: the built-in world, the dictionaries, the imports."""
    dictionaries = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _DICTIONARIES)
    contents = hashlib.sha256()
    for path in imported:
        contents.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return f"world {world.version()}; {dictionaries}; imports {contents.hexdigest()[:16]}"
