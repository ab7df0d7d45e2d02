"""A compiled gazetteer on disk: many places, looked into name by name.

Three files: `names.marisa` (key -> number of a place and flags), `places.bin` (one encoded place
after another) with `places.idx` (where each begins), and `manifest.json` with versions and the
CRC-32 of the others. It is written beside and renamed, so a reader never sees half of one.
"""

import json
import os
import shutil
import struct
import sys
import weakref
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from math import floor
from pathlib import Path

import marisa_trie
import msgspec

from monitor.gazetteer.areas import Box
from monitor.gazetteer.lookup import Candidate
from monitor.gazetteer.names import ways
from monitor.loosely import loosely
from monitor.place import Place

FORMAT = 3
NAMES, PLACES, INDEX, MANIFEST = "names.marisa", "places.bin", "places.idx", "manifest.json"
_RECORD = "<IB"
_START, _SPAN = struct.Struct("=Q"), struct.Struct("=QQ")
_ID, _CODE, _CELL = "#", "@", "~"
"""What keys begin with that are no names: ids, what contains a place, cells of one degree."""
MOST_CELLS = 2_000
"""A larger box is looked through place by place."""

_CHUNK = 1 << 18
"""Bytes that are read at a time: so many stay in the second cache."""

Keys = tuple[str, list[tuple[str, int]]]
"""The id of a place, and its keys with their flags."""
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
        for name, expected in manifest["crc32"].items():
            if _checksum(folder / name) != expected:
                raise ValueError(f"{name} is damaged")
        self.version: str = manifest["version"]
        self.sources: dict[str, int] = manifest["sources"]
        self._trie = marisa_trie.RecordTrie(_RECORD)
        self._trie.mmap(str(folder / NAMES))
        # Read place by place: a mapped page that is looked at would bring fifteen others along.
        self._starts, self._places = self._opened(INDEX), self._opened(PLACES)
        self.place = lru_cache(maxsize=16384)(loosely(self._place))

    def _opened(self, name: str) -> int:
        """A file of the folder, open as long as this is used."""
        descriptor = os.open(self.folder / name, os.O_RDONLY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, descriptor)
        return descriptor

    def __reduce__(self) -> tuple[type["Compiled"], tuple[Path]]:
        """Another process opens the folder itself: the pages are shared."""
        return Compiled, (self.folder,)

    def __iter__(self) -> Iterator[Place]:
        """Every place, not remembered."""
        return (self._place(number) for number in range(len(self)))

    def within(self, code: str) -> Iterator[Place]:
        """The places of a region or country (ISO 3166), or that name an id as containing them."""
        return (self._place(number) for number, _ in self._trie.get(_CODE + code) or ())

    def around(self, box: Box) -> Iterator[Place]:
        """The places in a box of degrees, and some beside it."""
        south, west, north, east = (floor(one) for one in box)
        if (north - south + 1) * (east - west + 1) > MOST_CELLS:
            yield from (place for place in self if place.point is not None)
            return
        for lat in range(south, north + 1):
            for lon in range(west, east + 1):
                records = self._trie.get(f"{_CELL}{lat}:{(lon + 180) % 360 - 180}") or ()
                yield from (self._place(number) for number, _ in records)

    def __len__(self) -> int:
        return os.fstat(self._starts).st_size // _START.size - 1

    def find(self, name: str) -> tuple[Candidate, ...]:
        """The places of a key; who asks remembers them."""
        records = self._trie.get(name) or ()
        return tuple(Candidate(self.place(number), flags) for number, flags in records)

    def continues(self, name: str) -> bool:
        """Whether a longer key begins with these words."""
        return next(self._trie.iterkeys(name + " "), None) is not None

    def get(self, identity: str) -> Place | None:
        """A place by its id."""
        records = self._trie.get(_ID + identity)
        return self.place(records[0][0]) if records else None

    def holds(self, identity: str) -> bool:
        """Whether there is a place of that id."""
        return _ID + identity in self._trie

    def _place(self, number: int) -> Place:
        at = number * _START.size
        start, end = _SPAN.unpack(os.pread(self._starts, _SPAN.size, at))
        return _decoder.decode(os.pread(self._places, end - start, start))


class Layers:
    """Compiled gazetteers over each other: what a later one has by the same id is hidden."""

    def __init__(self, layers: Sequence[Compiled]) -> None:
        self.layers = tuple(layers)
        self.version = " ".join(one.version for one in layers)
        self.sources: dict[str, int] = {}
        for one in reversed(self.layers):
            self.sources |= one.sources
        self._above = {one: self.layers[:at] for at, one in enumerate(self.layers)}
        self.find = self.layers[0].find if len(self.layers) == 1 else loosely(self._find)

    def __reduce__(self) -> tuple[type["Layers"], tuple[tuple[Compiled, ...]]]:
        """Each layer is opened again."""
        return Layers, (self.layers,)

    def __iter__(self) -> Iterator[Place]:
        """Every place."""
        return self._visible(iter)

    def __len__(self) -> int:
        return sum(map(len, self.layers))

    def _find(self, name: str) -> tuple[Candidate, ...]:
        return tuple(
            found
            for layer in self.layers
            for found in layer.find(name)
            if not self._hidden(found.place.id, layer)
        )

    def continues(self, name: str) -> bool:
        """Whether a longer key begins with these words."""
        return any(one.continues(name) for one in self.layers)

    def get(self, identity: str) -> Place | None:
        """A place by its id."""
        return next((place for one in self.layers if (place := one.get(identity))), None)

    def within(self, code: str) -> Iterator[Place]:
        """As `Compiled.within`."""
        return self._visible(lambda layer: layer.within(code))

    def around(self, box: Box) -> Iterator[Place]:
        """As `Compiled.around`."""
        return self._visible(lambda layer: layer.around(box))

    def _visible(self, places: Callable[[Compiled], Iterator[Place]]) -> Iterator[Place]:
        for layer in self.layers:
            for place in places(layer):
                if not self._hidden(place.id, layer):
                    yield place

    def _hidden(self, identity: str, layer: Compiled) -> bool:
        return any(one.holds(identity) for one in self._above[layer])


def write(
    folder: Path, places: Sequence[Place], version: str, sources: dict[str, int],
    keys: Iterable[Keys],
) -> None:  # fmt: skip
    """Compile places into a folder, which is replaced as a whole; `keys` of each, in order."""
    fresh = folder.with_name(f"{folder.name}.new{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    starts = array("Q", [0])
    with (fresh / PLACES).open("wb") as file:
        for place in places:
            starts.append(starts[-1] + file.write(_encoder.encode(place)))
    (fresh / INDEX).write_bytes(starts.tobytes())
    trie = marisa_trie.RecordTrie(_RECORD, _records(places, keys))
    trie.save(str(fresh / NAMES))
    manifest = {
        "format": FORMAT,
        "byteorder": sys.byteorder,
        "version": version,
        "places": len(places),
        "sources": sources,
        "crc32": {name: _checksum(fresh / name) for name in (NAMES, PLACES, INDEX)},
    }
    (fresh / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    old = folder.with_name(f"{folder.name}.old{os.getpid()}")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def keys_of(place: Place) -> Keys:
    """Every way a place is written: what takes the time, so that it can be done elsewhere."""
    return place.id, list(ways(place, quick=True).items())


def _records(
    places: Sequence[Place], keys: Iterable[Keys]
) -> Iterator[tuple[str, tuple[int, int]]]:
    for number, (place, (identity, ways_of)) in enumerate(zip(places, keys, strict=True)):
        yield _ID + identity, (number, 0)
        for name, flags in ways_of:
            yield name, (number, flags)
        for code in dict.fromkeys((*place.within, place.admin1, place.country)):
            if code:
                yield _CODE + code, (number, 0)
        if place.point is not None:
            yield f"{_CELL}{floor(place.point[0])}:{floor(place.point[1])}", (number, 0)


def _checksum(path: Path) -> int:
    """The CRC-32 of a file: it finds every flipped bit, in a third of the time of a SHA-256."""
    found = 0
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            found = zlib.crc32(chunk, found)
    return found
