"""What an analyst watches for: a rule and its conditions, as values.

Read from YAML by monitor/rulebook; every construct of the language is one small struct here. Lists
(`$name`) are expanded by the loader, so a condition is self-contained.
"""

from datetime import timedelta
from typing import Literal

import msgspec

Level = Literal["informational", "low", "medium", "high", "critical"]
LEVELS: tuple[Level, ...] = ("informational", "low", "medium", "high", "critical")

Unit = Literal["sentence", "paragraph"]

DEFAULT_MAX_AGE = timedelta(hours=2)
DEFAULT_WINDOW = timedelta(hours=6)


class Term(msgspec.Struct, frozen=True, tag="term"):
    """One term as written: a word, a phrase, `=word`, `word*`, `/re2/` (monitor/lexicon/terms.py).

    `within` names the `$list` it came from, for explanations.
    """

    text: str
    within: str | None = None


class AllOf(msgspec.Struct, frozen=True, tag="all"):
    """Every part holds."""

    parts: "tuple[Condition, ...]"


class AnyOf(msgspec.Struct, frozen=True, tag="any"):
    """At least one part holds. A bare list in YAML is this."""

    parts: "tuple[Condition, ...]"


class NoneOf(msgspec.Struct, frozen=True, tag="not"):
    """No part holds."""

    parts: "tuple[Condition, ...]"


class AtLeast(msgspec.Struct, frozen=True, tag="at_least"):
    """At least `n` different parts hold."""

    n: int
    parts: "tuple[Condition, ...]"


class Speaker(msgspec.Struct, frozen=True, tag="from", kw_only=True):
    """Who published the post: `from:`. Lists are OR, different keys are AND, empty = anyone."""

    role: tuple[str, ...] = ()
    affiliation: tuple[str, ...] = ()
    family: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    language: tuple[str, ...] = ()


class Where(msgspec.Struct, frozen=True, tag="place", kw_only=True):
    """A resolved place of the post: `place:`. Lists are OR, different keys are AND.

    `inside` are ISO 3166 codes or ids of places that contain it, `areas` ids of areas; `within_km`
    the distance from `of` (a place's id) or from `point` (lat, lon). `unresolved` holds for a name
    that could not be resolved instead. `text` says what it asks, in words.
    """

    inside: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    within_km: float | None = None
    of: str | None = None
    point: tuple[float, float] | None = None
    kinds: tuple[str, ...] = ()
    home: bool = False
    unresolved: bool = False

    @property
    def text(self) -> str:
        """What it asks, in words: also its name among the terms."""
        parts = ["place"]
        if self.kinds:
            parts.append("of kind " + " or ".join(self.kinds))
        if self.inside:
            parts.append("in " + " or ".join(self.inside))
        if self.areas:
            parts.append("in area " + " or ".join(self.areas))
        if self.within_km is not None:
            centre = self.of or ", ".join(map(str, self.point or ()))
            parts.append(f"within {self.within_km:g} km of {centre}")
        if self.home:
            parts.append("or else the source's home there")
        if self.unresolved:
            parts.append("named but not resolved")
        return " ".join(parts)


class Except(msgspec.Struct, frozen=True, tag="except"):
    """Terms, and negative ones (`[удар, -солнечный удар]`): a find inside one of `but` is none."""

    parts: tuple[Term, ...]
    but: tuple[Term, ...]

    @property
    def text(self) -> str:
        """What it asks, in words."""
        return f"{_list(self.parts)}, but not in: {_list(self.but)}"


class Scope(msgspec.Struct, frozen=True, tag="scope"):
    """The condition holds within one sentence or paragraph: `scope: sentence`."""

    unit: Unit
    part: "Condition"


class Count(msgspec.Struct, frozen=True, tag="number", kw_only=True):
    """A number counts one of the words: `number: {of: [ранен*], at_least: 5}`.

    It holds for what is sure: of `5-8` at least 5 and at most 8. A word without a number has none.
    The largest number is captured as `name` on the hit.
    """

    of: tuple[Term, ...]
    but: tuple[Term, ...] = ()
    at_least: int | None = None
    at_most: int | None = None
    name: str = "number"

    @property
    def text(self) -> str:
        """What it asks, in words."""
        bounds = ((self.at_least, "at least"), (self.at_most, "at most"))
        asked = [f"{words} {bound}" for bound, words in bounds if bound is not None]
        less = f", but not in: {_list(self.but)}" if self.but else ""
        return f"number of {_list(self.of)}{less}: {' and '.join(asked) or 'any'}"


class Shape(msgspec.Struct, frozen=True, tag="post", kw_only=True):
    """What kind of post it is: `post:`. Keys are AND; None asks nothing.

    `has` are kinds of media (see `monitor.post.Media`), any of which will do; `media` any of them.
    `words`: whether it has any.
    """

    has: tuple[str, ...] = ()
    words: bool | None = None
    forwarded: bool | None = None
    reply: bool | None = None
    edited: bool | None = None

    @property
    def text(self) -> str:
        """What it asks, in words."""
        asked = [f"has {' or '.join(self.has)}"] if self.has else []
        asked += [
            ("" if wanted else "not ") + said
            for wanted, said in (
                (self.words, "with words"),
                (self.forwarded, "forwarded"),
                (self.reply, "a reply"),
                (self.edited, "edited"),
            )
            if wanted is not None
        ]
        return "post " + " and ".join(asked)


class Link(msgspec.Struct, frozen=True, tag="link"):
    """The post links to one of these: `link: example.org`, its subdomains too, or with a path."""

    to: tuple[str, ...]

    @property
    def text(self) -> str:
        """What it asks, in words."""
        return f"link to {' or '.join(self.to)}"


Group = AllOf | AnyOf | NoneOf | AtLeast
Asked = Except | Scope | Count | Shape | Link
"""Conditions that are asked of a post when words of their rule were found in it."""
Condition = Term | Group | Speaker | Where | Asked


def _list(terms: tuple[Term, ...]) -> str:
    """Terms by name, a `$list` by its own."""
    return ", ".join(dict.fromkeys(f"${one.within}" if one.within else one.text for one in terms))


class Examples(msgspec.Struct, frozen=True):
    """Posts that must and must not match; run whenever the rule is loaded."""

    match: tuple[str, ...] = ()
    no_match: tuple[str, ...] = ()


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule.

    `window` is how long an incident stays open after its last post; rules with the same `story`
    share incidents. Hits at settlements within `radius_km` of an incident's join it. `closes` and
    `denies` name topics (rules or stories) whose incidents at the same place it ends, or disputes;
    what it opens where one of `part_of` is open belongs to that.
    `file` and `line` say where it is written.
    """

    id: str
    title: str
    level: Level = "medium"
    event: str = "other"
    when: Condition
    max_age: timedelta = DEFAULT_MAX_AGE
    window: timedelta = DEFAULT_WINDOW
    story: str | None = None
    radius_km: float = 0.0
    closes: tuple[str, ...] = ()
    denies: tuple[str, ...] = ()
    part_of: tuple[str, ...] = ()
    status: str = "stable"
    description: str = ""
    references: tuple[str, ...] = ()
    falsepositives: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    examples: Examples = Examples()
    file: str = ""
    line: int = 0

    @property
    def topic(self) -> str:
        """What its incidents are about: the story it shares, or the rule itself."""
        return self.story or self.id
