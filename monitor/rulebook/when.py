"""Read a rule's `when`: words, lists and mappings become the structs of monitor/rule.py.

A word is a term, a list is "any of", the keys of a mapping are joined by AND; all nest freely.
"""

from collections.abc import Callable
from typing import ClassVar

from monitor.document import Node, named
from monitor.form import did_you_mean, fill
from monitor.mistake import Mark, Mistake
from monitor.rule import AllOf, AnyOf, AtLeast, Condition, NoneOf, Scope, Speaker
from monitor.rulebook.forms import SpeakerForm
from monitor.rulebook.lists import Lists, is_reference
from monitor.rulebook.places import Places
from monitor.rulebook.where import read_where


class Conditions:
    """Reads conditions; what is wrong goes to the lists' mistakes."""

    def __init__(self, lists: Lists, places: Places | None = None) -> None:
        self.lists = lists
        self.places = places or Places([], [])

    def when(self, node: Node) -> Condition | None:
        """A whole `when`, None if there is a mistake in it."""
        before = len(self.lists.mistakes)
        condition = self.read(node)
        if condition is None or len(self.lists.mistakes) > before:
            return None
        if not asks_for_something(condition):
            message = "`when` holds for posts that have none of its words"
            hint = "add what must stand in a post, under `any` or `all`; `not` only takes away"
            self._mistake(node.mark, message, hint)
            return None
        return condition

    def read(self, node: Node) -> Condition | None:
        """One condition of any kind."""
        if isinstance(node.value, list):
            return self._any(node)
        if isinstance(node.value, dict):
            return self._mapping(node)
        if is_reference(node):
            terms = self.lists.terms_of(node)
            return AnyOf(terms) if terms and self.lists.spend(len(terms), node.mark) else None
        return self.lists.term(node)

    def _mapping(self, node: Node) -> Condition | None:
        """Keys joined by AND, in the order in which they stand."""
        assert isinstance(node.value, dict)  # noqa: S101 - the caller has looked
        parts: list[Condition] = []
        for key, value in node.value.items():
            reader = self._KEYS.get(key)
            if reader is None:
                message = f"unknown key {named(key)} in a condition"
                self._mistake(node.key_marks[key], message, did_you_mean(key, self._KEYS))
                continue
            part = reader(self, value)
            if part is not None:
                parts.append(part)
        if not node.value:
            self._mistake(node.mark, "an empty condition", "write words, or leave it out")
        if not parts:
            return None
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _parts(self, node: Node) -> tuple[Condition, ...]:
        """The conditions of a list; a single one counts as a list of one."""
        if not isinstance(node.value, list):
            part = self.read(node)
            return () if part is None else (part,)
        if not node.value:
            self._mistake(node.mark, "an empty list", "write words into it, or leave it out")
        read = (self.read(part) for part in node.value)
        return tuple(part for part in read if part is not None)

    def _any(self, node: Node) -> Condition | None:
        parts = self._parts(node)
        if len(parts) == 1 and isinstance(parts[0], AnyOf):
            return parts[0]
        return AnyOf(parts) if parts else None

    def _all(self, node: Node) -> Condition | None:
        if not isinstance(node.value, list):
            hint = "write a list: all: [..., ...]; for one word or list leave `all` out"
            self._mistake(node.mark, "`all` needs a list", hint)
            return None
        parts = self._parts(node)
        return AllOf(parts) if parts else None

    def _not(self, node: Node) -> Condition | None:
        parts = self._parts(node)
        return NoneOf(parts) if parts else None

    def _at_least(self, node: Node) -> Condition | None:
        """`{n: 2, of: [...]}`; of a bare `$list` its terms are the parts."""
        keys = node.value if isinstance(node.value, dict) else {}
        for key in keys.keys() - {"n", "of"}:
            hint = "write at_least: {n: 2, of: [...]}"
            self._mistake(node.key_marks[key], f"unknown key {named(key)} in `at_least`", hint)
        if "n" not in keys or "of" not in keys:
            self._mistake(node.mark, "`at_least` needs n and of", "write {n: 2, of: [...]}")
            return None
        of, n = keys["of"], keys["n"].value
        parts = self.lists.terms_of(of) if is_reference(of) else self._parts(of)
        self.lists.spend(len(parts), of.mark)
        if not isinstance(n, int) or isinstance(n, bool) or n < 1:
            self._mistake(keys["n"].mark, "`n` should be a whole number from 1", "write n: 2")
            return None
        if parts and n > len(parts):
            message = f"at least {n} of {len(parts)} can never hold"
            self._mistake(keys["n"].mark, message, "make n smaller, or add to `of`")
            return None
        return AtLeast(n, parts) if parts else None

    def _from(self, node: Node) -> Condition | None:
        form, mistakes = fill(SpeakerForm, node)
        self.lists.mistakes.extend(mistakes)
        return None if form is None else Speaker(**form.model_dump())

    def _place(self, node: Node) -> Condition | None:
        known = self.places
        return read_where(node, known.places, known.areas, self.lists.mistakes, whole=known.whole)

    def _mistake(self, mark: Mark, message: str, hint: str) -> None:
        self.lists.mistakes.append(Mistake(mark, message, hint))

    _KEYS: ClassVar[dict[str, Callable[["Conditions", Node], Condition | None]]] = {
        "all": _all,
        "any": _any,
        "not": _not,
        "at_least": _at_least,
        "from": _from,
        "place": _place,
    }


KEYS = tuple(Conditions._KEYS)  # noqa: SLF001 - the same registry, for the schema


def asks_for_something(condition: Condition) -> bool:
    """Whether it can hold only for posts that have something: a word, or a certain speaker."""
    match condition:
        case NoneOf():
            return False
        case Scope(_, part):
            return asks_for_something(part)
        case AllOf(parts):
            return any(asks_for_something(part) for part in parts)
        case AnyOf(parts):
            return all(asks_for_something(part) for part in parts)
        case AtLeast(n, parts):
            return sum(1 for part in parts if not asks_for_something(part)) < n
    return True
