"""A compiled gazetteer on disk: many places, mapped into memory, looked into name by name.

Three files: `names.marisa` (key -> number of a place and flags), `places.bin` (one encoded place
after another) with `places.idx` (where each begins), and `manifest.json` with versions and SHA-256
of the others. It is written beside and renamed, so a reader never sees half of one.
"""

import hashlib
import json
import mmap
import os
import shutil
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import marisa_trie
import msgspec

from monitor.gazetteer.lookup import Candidate
from monitor.gazetteer.names import ways
from monitor.place import Place

FORMAT = 1
NAMES, PLACES, INDEX, MANIFEST = "names.marisa", "places.bin", "places.idx", "manifest.json"
_RECORD = "<IB"
_ID = "#"

Progress = Callable[[int, int], None]
"""Told how many places of how many are done."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Place)


class Compiled:
    """A compiled gazetteer, opened read-only."""

    def __init__(self, folder: Path) -> None:
        """Open a folder that `write` made.

        Raises:
            OSError, ValueError: it is not there, damaged, or of another version.
        """
        self.folder = folder
        manifest = json.loads((folder / MANIFEST).read_bytes())
        if manifest["format"] != FORMAT or manifest["byteorder"] != sys.byteorder:
            raise ValueError("compiled by another version")
        for name, expected in manifest["sha256"].items():
            if _sha256(folder / name) != expected:
                raise ValueError(f"{name} is damaged")
        self.version: str = manifest["version"]
        self.sources: dict[str, int] = manifest["sources"]
        self._trie = marisa_trie.RecordTrie(_RECORD)
        self._trie.mmap(str(folder / NAMES))
        self._starts = array("Q", (folder / INDEX).read_bytes())
        with (folder / PLACES).open("rb") as file:
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.find = lru_cache(maxsize=65536)(self._find)
        self.place = lru_cache(maxsize=16384)(self._place)

    def __reduce__(self) -> tuple[type["Compiled"], tuple[Path]]:
        """Another process opens the folder itself: the pages are shared."""
        return Compiled, (self.folder,)

    def __iter__(self) -> Iterator[Place]:
        """Every place, not remembered."""
        return (self._place(number) for number in range(len(self)))

    def __len__(self) -> int:
        return len(self._starts) - 1

    def _find(self, name: str) -> tuple[Candidate, ...]:
        records = self._trie.get(name) or ()
        return tuple(Candidate(self.place(number), flags) for number, flags in records)

    def continues(self, name: str) -> bool:
        """Whether a longer key begins with these words."""
        return next(self._trie.iterkeys(name + " "), None) is not None

    def get(self, identity: str) -> Place | None:
        """A place by its id."""
        records = self._trie.get(_ID + identity)
        return self.place(records[0][0]) if records else None

    def _place(self, number: int) -> Place:
        return _decoder.decode(self._bytes[self._starts[number] : self._starts[number + 1]])


def write(
    folder: Path,
    places: Sequence[Place],
    version: str,
    sources: dict[str, int],
    progress: Progress = lambda _done, _all: None,
) -> None:
    """Compile places into a folder, which is replaced as a whole."""
    fresh = folder.with_name(f"{folder.name}.new{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    starts = array("Q", [0])
    with (fresh / PLACES).open("wb") as file:
        for place in places:
            starts.append(starts[-1] + file.write(_encoder.encode(place)))
    (fresh / INDEX).write_bytes(starts.tobytes())
    trie = marisa_trie.RecordTrie(_RECORD, _records(places, progress))
    trie.save(str(fresh / NAMES))
    manifest = {
        "format": FORMAT,
        "byteorder": sys.byteorder,
        "version": version,
        "places": len(places),
        "sources": sources,
        "sha256": {name: _sha256(fresh / name) for name in (NAMES, PLACES, INDEX)},
    }
    (fresh / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    old = folder.with_name(f"{folder.name}.old{os.getpid()}")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _records(places: Sequence[Place], progress: Progress) -> Iterable[tuple[str, tuple[int, int]]]:
    for number, place in enumerate(places):
        if number % 500 == 0:
            progress(number, len(places))
        yield _ID + place.id, (number, 0)
        for name, flags in ways(place, quick=True).items():
            yield name, (number, flags)
    progress(len(places), len(places))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
