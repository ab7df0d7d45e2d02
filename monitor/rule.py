"""What an analyst watches for: a rule and its conditions, as values.

Read from YAML by monitor/rulebook; every construct of the language is one small struct here. Lists
(`$name`) are expanded by the loader, so a condition is self-contained.
"""

from datetime import timedelta
from typing import Literal

import msgspec

Level = Literal["informational", "low", "medium", "high", "critical"]
LEVELS: tuple[Level, ...] = ("informational", "low", "medium", "high", "critical")

DEFAULT_MAX_AGE = timedelta(hours=2)
DEFAULT_WINDOW = timedelta(hours=6)


class Term(msgspec.Struct, frozen=True, tag="term"):
    """One term as written: a word, a phrase, `=word`, `word*` (grammar: DESIGN section 4).

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


Condition = Term | AllOf | AnyOf | NoneOf | AtLeast | Speaker


class Examples(msgspec.Struct, frozen=True):
    """Posts that must and must not match; run whenever the rule is loaded."""

    match: tuple[str, ...] = ()
    no_match: tuple[str, ...] = ()


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule.

    `window` is how long an incident stays open after its last post; rules with the same `story`
    share incidents. Hits at settlements within `radius_km` of an incident's join it. `closes` and
    `denies` name topics (rules or stories) whose incidents at the same place it ends, or disputes.
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
