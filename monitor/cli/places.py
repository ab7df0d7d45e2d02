"""`monitor places`: which places a text names; `monitor places import`: add to what is known."""

import argparse
import json
import os
import re
import sys
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from monitor.cli.config import DEFAULT, add_config, looked_at
from monitor.cli.progress import compiling
from monitor.document import exists
from monitor.gazetteer.build import compile_installed, open_world, save_import
from monitor.gazetteer.imports import Imported, read_gazetteer
from monitor.gazetteer.lookup import Gazetteer
from monitor.gazetteer.merging import conflicts, located
from monitor.gazetteer.resolve import Resolved, resolve
from monitor.mistake import Mark, Mistake, MistakesError
from monitor.place import Place
from monitor.rulebook.load import load
from monitor.settings import default_state, host_instance, shipped
from monitor.text.caps import capped

MOST_PROBLEMS = 10
_REGION = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config(parser)
    parser.add_argument(
        "--home", type=_region, metavar="REGION", help="ISO 3166-2 region of who speaks: RU-BEL"
    )
    parser.add_argument("--json", action="store_true", help="a JSON object a line (contract)")
    parser.add_argument(
        "files",
        nargs="*",
        metavar="import FILE|compile",
        help="import: add the places of GeoNames dumps (.txt, .zip; alternate names too), Overpass "
        "JSON, .osm, KATOTTG (.xlsx), CSV or GeoJSON; compile: make the built-in gazetteer ready, "
        "as the first use would",
    )
    parser.add_argument(
        "--all", action="store_true", help="also show names that could not be resolved, and why"
    )


def run(options: argparse.Namespace) -> int:
    """Read `{"text": ...}` lines, print the places of each; exit code 1 if a line was not one."""
    if options.files == ["compile"]:
        return _compile()
    if options.files:
        return _import(options.files, options.config)
    gazetteer = open_gazetteer(options.config)
    problems = 0
    for number, line in enumerate(sys.stdin.buffer, start=1):
        text = _text(line)
        if text is None:
            problems += 1
            hint = 'write one JSON object a line: {"text": "..."}'
            print(Mistake(Mark("-", number, 1), "not a text", hint), file=sys.stderr)
        found = () if text is None else resolve(text, gazetteer, options.home)
        if options.json:
            known = [_shown(one) for one in found if one.place is not None]
            print(json.dumps({"places": known}, ensure_ascii=False))
        else:
            _print(text or "", found, everything=options.all)
    return 1 if problems else 0


def open_gazetteer(config: str | None) -> Gazetteer:
    """The places of the configuration over the world; without a configuration the shipped ones.

    Raises:
        MistakesError: the configuration or a file of places has mistakes.
    """
    state, files = _where(config)
    book = load([], [], place_paths=files)
    return Gazetteer(book.places, book.areas, open_world(state, compiling))


def _where(config: str | None) -> tuple[Path, tuple[Path, ...]]:
    """The state folder and the files of places."""
    if config or os.environ.get("MONITOR_CONFIG") or exists(Path(DEFAULT)):
        chosen = looked_at(config)
        return chosen.state, chosen.places
    return default_state(host_instance(), os.environ), (shipped("rules/places.yaml"),)


def _compile() -> int:
    """Compile the built-in world for the installation."""
    try:
        print(compile_installed(compiling))
    except MistakesError as error:
        hint = "run it as who may write there; else each state folder gets a world of its own"
        raise MistakesError([one._replace(hint=hint) for one in error.mistakes]) from error
    return 0


def _import(words: Sequence[str], config: str | None) -> int:
    """Read gazetteers, report what was odd, and compile; exit code 1 if a file is unusable."""
    if words[0] != "import" or len(words) == 1:
        hint = "write `monitor places import FILE...` or `compile`, or texts to standard input"
        raise MistakesError([Mistake(Mark(words[0], 1, 1), "not understood", hint)])
    state, _ = _where(config)
    read = _read(words[1:])
    named = {ident: names for one in read.values() for ident, names in one.names.items()}
    others = [place for one in read.values() for place in one.places]
    if any(place.point is None for place in others):
        others += open_world(state, compiling)
    for name, one in read.items():
        places = [_with_names(place, named.get(place.id, ())) for place in one.places]
        places = located(places, others)
        _report(name, one, places)
        if places:
            save_import(state, re.sub(r"[^\w.-]", "-", name), places)
    open_world(state, compiling)
    return 0


def _read(names: Sequence[str]) -> dict[str, Imported]:
    """What the files hold, by the names of the files.

    Raises:
        MistakesError: a file is unusable; all of those at once.
    """
    read: dict[str, Imported] = {}
    mistakes: list[Mistake] = []
    for name in names:
        try:
            read[Path(name).name] = read_gazetteer(Path(name), _lines_read)
        except OSError as error:
            what = error.strerror or "cannot be read"
            mistakes.append(Mistake(Mark(name, 1, 1), what, "check the path and its rights"))
        except (ValueError, zipfile.BadZipFile) as error:
            hint = "import GeoNames dumps, Overpass JSON, .osm, KATOTTG, CSV with a header, GeoJSON"
            mistakes.append(Mistake(Mark(name, 1, 1), str(error), hint))
    if mistakes:
        raise MistakesError(mistakes)
    return read


def _with_names(place: Place, more: Sequence[str]) -> Place:
    names = tuple(dict.fromkeys((*place.names, *more)))
    return msgspec.structs.replace(place, names=names) if more else place


def _lines_read(lines: int) -> None:
    if sys.stderr.isatty():
        print(f"{lines:,} lines read", end="\r", file=sys.stderr)


def _report(name: str, one: Imported, places: Sequence[Place]) -> None:
    """What was taken, and what was odd."""
    lost = sum(place.point is None for place in one.places)
    left = sum(place.point is None for place in places)
    print(
        f"{name}: {len(one.places):,} places, {one.merged:,} listed twice, "
        f"{len(one.names):,} with further names, {len(one.problems):,} lines unusable"
    )
    for problem in one.problems[:MOST_PROBLEMS]:
        print(f"  line {problem.line}: {problem.why}")
    if lost > left:
        print(f"  {lost - left:,} took their point from another gazetteer")
    for kind, count in sorted(conflicts(places).items()):
        print(f"  {count:,} {kind}")


def _region(text: str) -> str:
    if not _REGION.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no ISO 3166-2 code, like RU-BEL")
    return text


def _text(line: bytes) -> str | None:
    """The text of an input line, at most as long as posts may be; None if there is none."""
    try:
        given = json.loads(line)
    except (ValueError, RecursionError):
        return None
    text = given.get("text") if isinstance(given, dict) else None
    return capped(text)[0] if isinstance(text, str) else None


def _shown(one: Resolved) -> Mapping[str, object]:
    """A resolved name as the contract has it."""
    place = one.place
    assert place is not None  # noqa: S101 - the caller has looked
    return {
        "id": place.id,
        "name": place.name,
        "text": one.text,
        "start": one.start,
        "end": one.end,
        "lat": place.lat,
        "lon": place.lon,
        "country": place.country,
        "admin1": place.admin1,
        "confidence": one.confidence,
        "candidates": len(one.candidates) + one.namesakes,
    }


def _print(text: str, found: Iterable[Resolved], *, everything: bool) -> None:
    """For people: the text, then a line for each name."""
    print(text)
    for one in found:
        of = len(one.candidates) + one.namesakes
        candidates = f"1 of {of}" if of > 1 else "the only one"
        if one.place is not None:
            where = ", ".join(filter(None, [one.place.admin1, one.place.country]))
            print(f"  {one.text}: {one.place.name} ({one.place.id}; {where}), "
                  f"{one.confidence:.2f}, {candidates}; {one.why}")  # fmt: skip
        elif everything:
            print(f"  {one.text}: unresolved, {one.confidence:.2f}, {candidates}; {one.why}")
