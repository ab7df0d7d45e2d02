"""Read a rule's `when`: words, lists and mappings become the structs of monitor/rule.py.

A word is a term, a list is "any of", the keys of a mapping are joined by AND; all nest freely.
"""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from msgspec.structs import replace

from monitor.document import Node, named
from monitor.form import did_you_mean, fill
from monitor.mistake import Mark, Mistake
from monitor.rule import (
    AllOf,
    AnyOf,
    AtLeast,
    Condition,
    Count,
    Except,
    NoneOf,
    Scope,
    Speaker,
    Term,
)
from monitor.rulebook.asking import read_link, read_number, read_scope, read_shape
from monitor.rulebook.forms import SpeakerForm
from monitor.rulebook.lists import Lists, Words, is_negative, is_reference
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
            words = self.lists.terms_of(node)
            return words.condition() if self.lists.spend(len(words.terms), node.mark) else None
        if is_negative(node):
            self.lists.lonely(node.mark)
            return None
        return self.lists.term(node)

    def _mapping(self, node: Node) -> Condition | None:
        """Keys joined by AND, in the order in which they stand."""
        assert isinstance(node.value, dict)  # noqa: S101 - the caller has looked
        if "scope" in node.value:
            return self._within(node)
        parts: list[Condition] = []
        for key, value in node.value.items():
            reader = self._KEYS.get(key)
            if reader is None:
                message = f"unknown key {named(key)} in a condition"
                self._mistake(node.key_marks[key], message, did_you_mean(key, KEYS))
                continue
            part = reader(self, value)
            if part is not None:
                parts.append(part)
        if not node.value:
            self._mistake(node.mark, "an empty condition", "write words, or leave it out")
        if not parts:
            return None
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _within(self, node: Node) -> Condition | None:
        """What stands beside a `scope`, within it."""
        assert isinstance(node.value, dict)  # noqa: S101 - the caller has looked
        unit = read_scope(node.value["scope"], self.lists.mistakes)
        beside = {key: value for key, value in node.value.items() if key != "scope"}
        if not beside:
            hint = "write beside it what must stand in one sentence: all, any, not ..."
            self._mistake(node.mark, "nothing stands beside `scope`", hint)
            return None
        part = self._mapping(replace(node, value=beside))
        return None if part is None or unit is None else Scope(unit, part)

    def _parts(self, node: Node) -> tuple[Condition, ...]:
        """The conditions of a list; a single one counts as a list of one.

        Negative terms in it take away from each of its other words.
        """
        if not isinstance(node.value, list):
            part = self.read(node)
            return () if part is None else (part,)
        if not node.value:
            self._mistake(node.mark, "an empty list", "write words into it, or leave it out")
        negative = [one for one in node.value if is_negative(one)]
        read = (self.read(part) for part in node.value if not is_negative(part))
        parts = tuple(part for part in read if part is not None)
        but = tuple(term for one in negative if (term := self.lists.term(one)) is not None)
        if but and not any(map(_words, parts)):
            self.lists.lonely(negative[0].mark)
        return tuple(map(partial(_less, but=but), parts)) if but else parts

    def _any(self, node: Node) -> Condition | None:
        parts = self._parts(node)
        if isinstance(node.value, list) and any(map(is_negative, node.value)):
            parts = _together(parts)
        if len(parts) == 1 and isinstance(parts[0], AnyOf | Except):
            return parts[0]
        return AnyOf(parts) if parts else None

    def _all(self, node: Node) -> Condition | None:
        if not isinstance(node.value, list):
            hint = "write a list: all: [..., ...]; for one word or list leave `all` out"
            self._mistake(node.mark, "`all` needs a list", hint)
            return None
        for one in node.value:
            if is_negative(one):
                hint = "write `not: word` beside `all`, or `-word` into the list that it is about"
                self._mistake(one.mark, "a term with - stands under `all`", hint)
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
        parts = self._each(of) if is_reference(of) else self._parts(of)
        if not isinstance(n, int) or isinstance(n, bool) or n < 1:
            self._mistake(keys["n"].mark, "`n` should be a whole number from 1", "write n: 2")
            return None
        if parts and n > len(parts):
            message = f"at least {n} of {len(parts)} can never hold"
            self._mistake(keys["n"].mark, message, "make n smaller, or add to `of`")
            return None
        return AtLeast(n, parts) if parts else None

    def _each(self, reference: Node) -> tuple[Condition, ...]:
        """The terms of a list, one by one."""
        words = self.lists.terms_of(reference)
        self.lists.spend(len(words.terms), reference.mark)
        return tuple(_less(term, but=words.but) if words.but else term for term in words.terms)

    def _number(self, node: Node) -> Condition | None:
        form = read_number(node, self.lists.mistakes)
        of = node.value.get("of") if isinstance(node.value, dict) else None
        words = self.lists.words(of) if of is not None else Words()
        if form is None or not words.terms:
            return None
        return Count(
            of=words.terms,
            but=words.but,
            at_least=form.at_least,
            at_most=form.at_most,
            name=form.name,
        )

    def _post(self, node: Node) -> Condition | None:
        return read_shape(node, self.lists.mistakes)

    def _link(self, node: Node) -> Condition | None:
        return read_link(node, self.lists.mistakes)

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
        "number": _number,
        "post": _post,
        "link": _link,
    }


KEYS = (*Conditions._KEYS, "scope")  # noqa: SLF001 - the same registry, for the schema


def _words(part: Condition) -> tuple[Term, ...]:
    """The words of a part from which a negative term may take away."""
    if isinstance(part, Term):
        return (part,)
    if isinstance(part, Except):
        return part.parts
    if isinstance(part, AnyOf) and all(isinstance(one, Term) for one in part.parts):
        return tuple(one for one in part.parts if isinstance(one, Term))
    return ()


def _together(parts: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """The words from which the same is taken away as one condition."""
    taken = {part.but for part in parts if isinstance(part, Except)}
    if len(taken) != 1:
        return parts
    words = tuple(one for part in parts for one in _words(part))
    return (Except(words, *taken), *(part for part in parts if not _words(part)))


def _less(part: Condition, but: tuple[Term, ...]) -> Condition:
    """A part without its finds inside those of `but`; groups and other conditions as they are."""
    words = _words(part)
    if not words:
        return part
    own = part.but if isinstance(part, Except) else ()
    return Except(words, tuple(dict.fromkeys((*own, *but))))


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
