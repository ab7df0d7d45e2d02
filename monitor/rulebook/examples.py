"""The examples of rules: posts that a rule must match, and posts that it must not.

An example is words only, so `from` and `post` are left out when it is judged. Who judges is given:
matching stands above the rulebook.
"""

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, Protocol

import msgspec

from monitor.document import named
from monitor.hit import Reason
from monitor.mistake import Mark, Mistake
from monitor.rule import (
    AllOf,
    AnyOf,
    AtLeast,
    Condition,
    Group,
    NoneOf,
    Rule,
    Scope,
    Shape,
    Speaker,
)
from monitor.rulebook.book import ExampleMarks, Rulebook
from monitor.rulebook.conditions import every

LONGEST_REASON = 160


class Judgement(Protocol):
    """Whether a condition holds for a text, and why."""

    @property
    def matched(self) -> bool:
        """Whether it holds."""

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """One for each part of it."""


Judge = Callable[[Rule, Condition, str], Judgement]
"""Judges a text by a rule's condition (without `from`)."""


class Tried(NamedTuple):
    """One example, and the mistake it shows, if it does."""

    rule: Rule
    kind: Literal["match", "no_match"]
    number: int
    text: str
    mark: Mark
    mistake: Mistake | None


def run_examples(rulebook: Rulebook, judge: Judge) -> tuple[Mistake, ...]:
    """A mistake, at the example's own place, for each one that is judged otherwise than it says."""
    return tuple(one.mistake for one in try_examples(rulebook, judge) if one.mistake is not None)


def try_examples(rulebook: Rulebook, judge: Judge) -> Iterator[Tried]:
    """Every example of every rule, in the order of the rules' ids."""
    for rule in rulebook.rules:
        condition = words_only(rule.when)
        marks = rulebook.examples.get(rule.id, ExampleMarks())
        own = Mark(rule.file, rule.line, 1)
        kinds: tuple[tuple[Literal["match", "no_match"], tuple[str, ...], tuple[Mark, ...]], ...]
        kinds = (
            ("match", rule.examples.match, marks.match),
            ("no_match", rule.examples.no_match, marks.no_match),
        )
        for kind, texts, places in kinds:
            for number, text in enumerate(texts):
                mark = places[number] if number < len(places) else own
                mistake = _try(rule, condition, kind, text, judge)
                yield Tried(
                    rule,
                    kind,
                    number + 1,
                    text,
                    mark,
                    Mistake(mark, *mistake) if mistake is not None else None,
                )


def _try(
    rule: Rule, condition: Condition | None, kind: str, text: str, judge: Judge
) -> tuple[str, str] | None:
    """Message and hint if the example is judged otherwise than it says."""
    if condition is None:
        message = f"rule `{rule.id}` asks only who speaks or what post it is"
        return message, "remove its examples"
    judged = judge(rule, condition, text)
    if judged.matched == (kind == "match"):
        return None
    if kind == "match":
        message = f"rule `{rule.id}` does not match {named(text)}: {_why_not(judged.reasons)}"
        return message, "add the missing words to the rule, or mend the example"
    message = f"rule `{rule.id}` matches {named(text)}: {_why(judged.reasons)}"
    return message, "say under `not` what tells them apart, or mend the example"


def _why_not(reasons: tuple[Reason, ...]) -> str:
    """What failed, in words."""
    failed = []
    for reason in reasons:
        if reason.holds:
            continue
        found = ", ".join(dict.fromkeys(named(one.text) for one in reason.found))
        failed.append(
            _short(reason.check.lstrip("- ")) + (f" - but there is {found}" if found else "")
        )
    return "it fails " + "; ".join(failed) if failed else "nothing of what it asks for is there"


def _why(reasons: tuple[Reason, ...]) -> str:
    """What was found, in words."""
    found = (one.text for reason in reasons if reason.holds for one in reason.found)
    words = ", ".join(dict.fromkeys(named(text) for text in found))
    return f"there is {words}" if words else "it asks for no word"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_REASON else text[:LONGEST_REASON] + "..."


def words_only(condition: Condition) -> Condition | None:
    """The condition without `from` and `post`, None if nothing is left."""
    return _without_them(condition) if any(every(condition, Outside)) else condition


Outside = Speaker | Shape
"""What an example, which is only a text, cannot say."""


def _without_them(condition: Condition) -> Condition | None:
    if isinstance(condition, Outside):
        return None
    if isinstance(condition, Scope):
        part = _without_them(condition.part)
        return None if part is None else Scope(condition.unit, part)
    if not isinstance(condition, Group):
        return condition
    parts = tuple(part for part in map(_without_them, condition.parts) if part is not None)
    if not parts:
        return None
    match condition:
        case AtLeast(n):
            return AtLeast(min(n, len(parts)), parts)
        case AllOf() | AnyOf() | NoneOf():
            return msgspec.structs.replace(condition, parts=parts)
