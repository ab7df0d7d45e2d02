"""The rulebook: everything that decides what a post means, as one value.

It is picklable, so that compiling it can happen in another process, and its hash names it wherever
a judgement is stored.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from monitor.incident import Ladder
from monitor.mistake import Mark
from monitor.place import Area, Place
from monitor.rule import Rule
from monitor.rulebook.packed import Shelf
from monitor.rulebook.timelines import Timeline
from monitor.rulebook.watches import watchers_of
from monitor.source import SourceInfo
from monitor.watch import Entry, Watch


class ExampleMarks(msgspec.Struct, frozen=True):
    """Where the examples of one rule stand, in the order of its `Examples`."""

    match: tuple[Mark, ...] = ()
    no_match: tuple[Mark, ...] = ()


class Rulebook(msgspec.Struct, frozen=True, kw_only=True):
    """Rules in the order of their ids, sources by id, own places and areas in order of their ids.

    `hash` depends on what rules and sources say, not on where or in which order they are written.
    `watches` are the correlations by key, `watchers` whom of them a rule's hits concern.
    `examples` (by rule id), `files` and `timelines` (tests over time) say nothing about posts.
    """

    rules: Sequence[Rule] = ()
    sources: Mapping[str, SourceInfo] = msgspec.field(default_factory=dict)
    ladder: Ladder = ()
    places: tuple[Place, ...] = ()
    areas: tuple[Area, ...] = ()
    watches: Mapping[str, Watch] = msgspec.field(default_factory=dict)
    watchers: Mapping[str, tuple[Entry, ...]] = msgspec.field(default_factory=dict)
    hash: str = ""
    examples: Mapping[str, ExampleMarks] = msgspec.field(default_factory=dict)
    files: tuple[str, ...] = ()
    timelines: tuple[Timeline, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all rules, correlations too."""
        rules = self.rules
        own = rules.ids if isinstance(rules, Shelf) else tuple(rule.id for rule in rules)
        return (*own, *(one.id for one in self.watches.values()))


def bind(  # noqa: PLR0913, PLR0917 - the parts of a rulebook
    rules: Iterable[Rule],
    sources: Iterable[SourceInfo],
    examples: Mapping[str, ExampleMarks] | None = None,
    files: Iterable[str] = (),
    places: Iterable[Place] = (),
    areas: Iterable[Area] = (),
    ladder: Ladder = (),
    watches: Iterable[Watch] = (),
    written: "Written | None" = None,
) -> Rulebook:
    """Make a rulebook of rules, sources, places and areas whose ids are unique.

    `written`: how rules were written for the hash before.
    """
    in_order = Shelf(rules)
    by_id = {source.id: source for source in sorted(sources, key=lambda source: source.id)}
    mapped = tuple(sorted(places, key=lambda place: place.id))
    drawn = tuple(sorted(areas, key=lambda area: area.id))
    watching = {watch.key: watch for watch in sorted(watches, key=lambda watch: watch.id)}
    return Rulebook(
        rules=in_order,
        sources=by_id,
        places=mapped,
        areas=drawn,
        ladder=ladder,
        watches=watching,
        watchers=watchers_of(watching.values(), in_order),
        hash=_hash(
            in_order, [list(by_id.values()), mapped, drawn, ladder, watching], written or Written()
        ),
        examples=dict(examples or {}),
        files=tuple(files),
    )


class Written:
    """Rules as the hash has them, without where they stand: of most it is known from before."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Rule, bytes]] = {}

    def of(self, rule: Rule) -> bytes:
        """JSON of a rule."""
        known = self._known.get(id(rule))
        if known is None or known[0] is not rule:
            known = self._known[id(rule)] = rule, _json(_unplaced(rule))
        return known[1]

    def forget_others(self, rules: Iterable[Rule]) -> None:
        """Keep what is known of these only."""
        there = set(map(id, rules))
        self._known = {key: one for key, one in self._known.items() if key in there}


def _hash(rules: Iterable[Rule], parts: Sequence[object], written: Written) -> str:
    """SHA-256 over the content, 64 hex digits: the JSON of a list of the rules and these parts."""
    others = _json([_unplaced(part) for part in parts])
    found = hashlib.sha256(b"rulebook 4\n[[")
    found.update(b",".join(map(written.of, rules)))
    found.update(b"]," + others[1:])
    return found.hexdigest()


_json = msgspec.json.Encoder(order="deterministic").encode


def _unplaced(part: object) -> object:
    """Without where it is written."""
    if isinstance(part, Mapping):
        return [_unplaced(one) for one in part.values()]
    if isinstance(part, tuple):
        return [_unplaced(one) for one in part]
    if isinstance(part, Rule | Watch):
        return msgspec.structs.replace(part, file="", line=0)
    return part
