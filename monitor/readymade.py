"""Rules that were made ready, kept in the state folder: a start need not make them again.

A file holds a pickled matcher behind a line with its names, digests of all that it was made from
(files, code, dictionaries, Python), and the CRC-32 of everything. Whatever does not agree, down to
a flipped bit, means that the rules are made again; it is never an error.
"""

import contextlib
import functools
import gc
import hashlib
import importlib.metadata
import os
import pickle
import stat
import struct
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from msgspec import structs

from monitor.gazetteer.lookup import Gazetteer
from monitor.hands import Copy, spare_cores
from monitor.matching.evaluate import Matcher
from monitor.rulebook.book import Rulebook

FOLDER = "rules"
KEPT = 6
"""So many stay beside each other: of rules that are tried, of a version that is gone back to."""
LARGE = 2_000_000
"""Bytes: what is smaller was laid over other rules, and goes with the next change."""
MANY = 20_000
"""Patterns: what has fewer is written sooner than a process is copied."""
FORMAT = b"monitor readymade 3"
LONGEST_HEAD = 1_000
_CHECKSUM = struct.Struct(">I")
_MADE_BY = ("text", "lexicon", "gazetteer", "rulebook", "matching")
_LIBRARIES = ("daachorse", "marisa-trie", "msgspec", "pymorphy3", "pymorphy3-dicts-ru",
              "pymorphy3-dicts-uk", "regex")  # fmt: skip


def key(*parts: str, files: Iterable[Path] = ()) -> str:
    """What names a matcher: a digest of these words, of what is in these files, and of the code.

    A file that cannot be read counts as such.
    """
    found = hashlib.sha256(_code())
    for part in parts:
        found.update(part.encode() + b"\0")
    for path in files:
        found.update(f"\0{path}\0".encode())
        with contextlib.suppress(OSError):
            found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def fetch(state: Path | None, name: str) -> Matcher | None:
    """The matcher of a key, if the state folder has it whole."""
    if state is None:
        return None
    try:
        return _opened(state / FOLDER / name, name)
    except Exception:  # noqa: BLE001 - a pickle of other code can fail in any way
        return None


def _opened(path: Path, name: str) -> Matcher | None:
    with path.open("rb") as file:
        about = os.fstat(file.fileno())
        if about.st_uid != os.getuid() or about.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return None  # somebody else could have written it: it would run as our own code
        content = memoryview(file.read())
    made_as, names = bytes(content[:LONGEST_HEAD]).split(b"\n", 2)[:2]
    if made_as != FORMAT or name.encode() not in names.split():
        return None
    head = _head(names)
    body = content[len(head) + _CHECKSUM.size :]
    if content[len(head) : -len(body)] != _checksum(head, body):
        return None
    made = unpacked(body)
    os.utime(path)
    return made if isinstance(made, Matcher) else None


def used(state: Path | None, name: str) -> None:
    """What is kept under this key is still of use: others go before it."""
    if state is not None:
        with contextlib.suppress(OSError):
            os.utime(state / FOLDER / name)


def unpacked(answer: bytes | memoryview, places: Gazetteer | None = None) -> object:
    """A pickle of our own as objects; what it names of these `places` is taken from them.

    Collecting garbage among the many new objects would hold up every thread (measured: 200 ms), so
    it waits, and the many of a whole set of rules are set aside: they live until the next comes.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        made: object = (
            pickle.loads(answer)  # noqa: S301 - from our child, or of our own folder
            if places is None
            else _Unpickler(answer, places).load()
        )
        if len(answer) > LARGE:
            gc.freeze()
    finally:
        if collecting:
            gc.enable()
    return made


class _Unpickler(pickle.Unpickler):
    """Reads what `monitor.changing` has sent."""

    def __init__(self, answer: bytes | memoryview, places: Gazetteer) -> None:
        super().__init__(BytesIO(answer))
        self._places = places

    def persistent_load(self, name: Any) -> object:  # noqa: ANN401 - as pickle has it
        """The places that we have."""
        return {"gazetteer": self._places, "world": self._places.world}[name]


def keep(state: Path | None, names: Iterable[str], matcher: Matcher) -> None:
    """Keep a matcher under these keys, if there is a state folder; no room is no error."""
    with keeping(state, names, matcher):
        pass


@contextlib.contextmanager
def keeping(state: Path | None, names: Iterable[str], matcher: Matcher) -> Iterator[None]:
    """Keep a matcher if the block ends well; where it can be, a large one is written meanwhile.

    Its rulebook's examples and tests will have been run: they stay behind.
    """
    if state is None or not state.is_dir():
        yield
        return
    fresh = {name: state / FOLDER / f".{name}.{os.getpid()}" for name in names}
    copy = _copy(lambda: _write(fresh, matcher)) if matcher.size.patterns > MANY else None
    try:
        yield
    except BaseException:
        if copy is not None:
            copy.end()
            for path in fresh.values():
                path.unlink(missing_ok=True)
        raise
    with contextlib.suppress(OSError):
        if copy is None or not copy.done():
            _write(fresh, matcher)
        for name, path in fresh.items():
            path.rename(state / FOLDER / name)
        _clear(state / FOLDER)


def _copy(work: Callable[[], object]) -> Copy | None:
    """A copy of this process that does the work; None where there can or should be none."""
    if spare_cores():
        with contextlib.suppress(OSError):
            return Copy(work)
    return None


def _write(fresh: Mapping[str, Path], matcher: Matcher) -> None:
    """Write a matcher into these files, by its keys.

    Raises:
        OSError: there is no room.
    """
    book = matcher.rulebook
    if isinstance(book, Rulebook):
        matcher = matcher.speaking_for(structs.replace(book, examples={}, timelines=()))
    head = _head(" ".join(fresh).encode())
    body = pickle.dumps(matcher, pickle.HIGHEST_PROTOCOL)
    first, *others = fresh.values()
    first.parent.mkdir(mode=0o700, exist_ok=True)
    parts = head, _checksum(head, body), body
    _write_file(first, parts)
    for path in others:
        try:
            path.hardlink_to(first)
        except OSError:  # a file system without such links
            _write_file(path, parts)


def _write_file(path: Path, parts: Iterable[bytes]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.writelines(parts)
        file.flush()
        # Left to the kernel, all of it goes to the disk at once half a minute later, and a post
        # that is to be stored waits behind it (measured: 30 to 50 ms); here nobody waits.
        os.fdatasync(file.fileno())


def _head(names: bytes) -> bytes:
    return FORMAT + b"\n" + names + b"\n"


def _checksum(head: bytes, body: bytes | memoryview) -> bytes:
    return _CHECKSUM.pack(zlib.crc32(body, zlib.crc32(head)))


def _clear(folder: Path) -> None:
    """Remove those that were not used for longest."""
    by_age = sorted(folder.iterdir(), key=lambda one: -one.stat().st_mtime)
    for one in by_age[KEPT:]:
        one.unlink(missing_ok=True)


@functools.cache
def _code() -> bytes:
    """A digest of everything but the rules that a matcher depends on."""
    root = Path(__file__).parent
    found = hashlib.sha256(f"{sys.version}\0{sys.byteorder}".encode())
    for library in _LIBRARIES:
        found.update(f"{library} {importlib.metadata.version(library)}\0".encode())
    parts = [path for part in _MADE_BY for path in sorted((root / part).rglob("*.*"))]
    for path in (*sorted(root.glob("*.py")), *parts):
        if path.suffix != ".pyc" and path.is_file():
            found.update(path.name.encode() + b"\0" + path.read_bytes())
    return found.digest()
