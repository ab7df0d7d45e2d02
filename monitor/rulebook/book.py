"""The rulebook: everything that decides what a post means, as one value.

It is picklable, so that compiling it can happen in another process, and its hash names it wherever
a judgement is stored.
"""

import hashlib
from collections.abc import Iterable, Mapping

import msgspec

from monitor.incident import Ladder
from monitor.mistake import Mark
from monitor.place import Area, Place
from monitor.rule import Rule
from monitor.rulebook.timelines import Timeline
from monitor.source import SourceInfo


class ExampleMarks(msgspec.Struct, frozen=True):
    """Where the examples of one rule stand, in the order of its `Examples`."""

    match: tuple[Mark, ...] = ()
    no_match: tuple[Mark, ...] = ()


class Rulebook(msgspec.Struct, frozen=True, kw_only=True):
    """Rules in the order of their ids, sources by id, own places and areas in order of their ids.

    `hash` depends on what rules and sources say, not on where or in which order they are written.
    `examples` (by rule id), `files` and `timelines` (tests over time) say nothing about posts.
    """

    rules: tuple[Rule, ...] = ()
    sources: Mapping[str, SourceInfo] = msgspec.field(default_factory=dict)
    ladder: Ladder = ()
    places: tuple[Place, ...] = ()
    areas: tuple[Area, ...] = ()
    hash: str = ""
    examples: Mapping[str, ExampleMarks] = msgspec.field(default_factory=dict)
    files: tuple[str, ...] = ()
    timelines: tuple[Timeline, ...] = ()


def bind(  # noqa: PLR0913, PLR0917 - the parts of a rulebook
    rules: Iterable[Rule],
    sources: Iterable[SourceInfo],
    examples: Mapping[str, ExampleMarks] | None = None,
    files: Iterable[str] = (),
    places: Iterable[Place] = (),
    areas: Iterable[Area] = (),
    ladder: Ladder = (),
) -> Rulebook:
    """Make a rulebook of rules, sources, places and areas whose ids are unique."""
    in_order = tuple(sorted(rules, key=lambda rule: rule.id))
    by_id = {source.id: source for source in sorted(sources, key=lambda source: source.id)}
    mapped = tuple(sorted(places, key=lambda place: place.id))
    drawn = tuple(sorted(areas, key=lambda area: area.id))
    return Rulebook(
        rules=in_order,
        sources=by_id,
        places=mapped,
        areas=drawn,
        ladder=ladder,
        hash=_hash(in_order, by_id, mapped, drawn, ladder),
        examples=dict(examples or {}),
        files=tuple(files),
    )


def _hash(
    rules: tuple[Rule, ...],
    sources: Mapping[str, SourceInfo],
    places: tuple[Place, ...],
    areas: tuple[Area, ...],
    ladder: Ladder,
) -> str:
    """SHA-256 over the content, 64 hex digits."""
    unplaced = [msgspec.structs.replace(rule, file="", line=0) for rule in rules]
    everything = [unplaced, list(sources.values()), places, areas, ladder]
    content = msgspec.json.encode(everything, order="deterministic")
    return hashlib.sha256(b"rulebook 3\n" + content).hexdigest()
