"""Word lists (`terms:`) and the terms in them: `$name` stands for any term of a list.

Lists may contain lists, and negative terms (`-солнечный удар`). They are expanded once, when the
rules load; a budget bounds what can come out, so that a few lines cannot become millions of terms.
"""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from monitor.document import Node, named
from monitor.form import did_you_mean
from monitor.lexicon.terms import TermProblem, parse
from monitor.mistake import Mark, Mistake
from monitor.rule import AnyOf, Except, Term

MAX_TERMS = 1_000_000
MAX_NESTING = 32

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")


class Words(NamedTuple):
    """Terms, and the negative ones (`-word`) among them: a find inside one of those is none."""

    terms: tuple[Term, ...] = ()
    but: tuple[Term, ...] = ()

    def condition(self) -> AnyOf | Except | None:
        """Any of the terms, as a condition."""
        if not self.terms:
            return None
        return Except(self.terms, self.but) if self.but else AnyOf(self.terms)


class Lists:
    """All lists of all files.

    `whole` is False when a file could not be read: lists that are missing may stand there, so they
    are not called mistakes.
    """

    def __init__(
        self, mistakes: list[Mistake], heard: Callable[[str], None], *, whole: bool = True
    ) -> None:
        """`heard` is told of every term that can be used."""
        self.mistakes = mistakes
        self._heard = heard
        self.whole = whole
        self._nodes: dict[str, tuple[Mark, Node]] = {}
        self._lent: set[str] = set()
        self._expanded: dict[str, Words] = {}
        self._problems: dict[str, TermProblem | None] = {}
        self._left = MAX_TERMS
        self.used: dict[str, Words] = {}
        """What the lists say that were asked for since this was emptied."""

    def define(self, name: str, mark: Mark, node: Node) -> None:
        """Take in a list; its terms are read by `expand_all`."""
        if not _NAME.fullmatch(name):
            hint = "use a to z, 0 to 9, - and _, a letter first"
            self._mistake(mark, f"{named(name)} is not a name for a list", hint)
        elif name in self._nodes:
            message = f"list `{name}` is defined twice, first at {self._nodes[name][0]}"
            self._mistake(mark, message, "give one of them another name")
        else:
            self._nodes[name] = (mark, node)

    def lend(self, name: str, node: Node) -> None:
        """Make a list usable that stands in a file which is not asked about."""
        if name not in self._nodes:
            self._nodes[name] = (node.mark, node)
            self._lent.add(name)

    def expand_all(self) -> None:
        """Find the mistakes of every list, also of those that no rule uses (not of lent ones)."""
        for name in self._nodes:
            if name not in self._lent:
                self._expand(name, ())

    @property
    def spent(self) -> int:
        """How many terms were counted so far."""
        return MAX_TERMS - self._left

    def says(self, name: str) -> Words | None:
        """The terms of a list, once all are read; None if there is no such list."""
        return self._expanded.get(name)

    def terms_of(self, reference: Node) -> Words:
        """The terms that a `$name` stands for; a mistake and nothing if there is no such list."""
        return self._follow(reference, ())

    def words(self, node: Node) -> Words:
        """A word, a `$name`, or a list of them."""
        found = self._gathered(_parts(node), None, ())
        if isinstance(node.value, list) and not node.value:
            self._mistake(node.mark, "an empty list", "write words into it, or leave it out")
        self._nothing_left(found, node)
        self.spend(len(found.terms) + len(found.but), node.mark)
        return found

    def spend(self, terms: int, mark: Mark) -> bool:
        """Count terms against the budget; one mistake when it is used up."""
        before, self._left = self._left, self._left - terms
        if before >= 0 > self._left:
            hint = "use shorter lists, or fewer lists within lists"
            self._mistake(mark, f"more than {MAX_TERMS:,} terms in all rules together", hint)
        return self._left >= 0

    def term(self, node: Node, within: str | None = None) -> Term | None:
        """One term, its `-` left out; a mistake and None if it cannot be used."""
        if not isinstance(node.value, str):
            self.not_text(node)
            return None
        text = node.value.strip()[1:].strip() if is_negative(node) else node.value
        if text not in self._problems:
            parsed = parse(text)
            self._problems[text] = parsed if isinstance(parsed, TermProblem) else None
            if self._problems[text] is None:
                self._heard(text)
        problem = self._problems[text]
        if problem is not None:
            self._mistake(node.mark, f"{named(node.value)}: {problem.message}", problem.hint)
            return None
        return Term(text=text, within=within)

    def not_text(self, node: Node) -> None:
        """Say that a term should stand where something else does."""
        if isinstance(node.value, (dict, list)):
            self._mistake(node.mark, "a word should stand here", "nest only inside `when`")
        elif not node.written:
            self._mistake(node.mark, "nothing stands here", "write a word, or leave the line out")
        else:
            hint = f'put it in quotes: "{node.written[:40]}"'
            self._mistake(node.mark, f"{named(node.written)} is not text", hint)

    def _expand(self, name: str, trail: tuple[str, ...]) -> Words:
        if name not in self._expanded:
            mark, node = self._nodes[name]
            found = self._gathered(_parts(node), name, (*trail, name))
            if not _parts(node):
                self._mistake(mark, f"list `{name}` is empty", "write its words, or remove it")
            self._nothing_left(found, node)
            affordable = self.spend(len(found.terms) + len(found.but), mark)
            self._expanded[name] = found if affordable else Words()
        return self._expanded[name]

    def _gathered(self, parts: Iterable[Node], name: str | None, trail: tuple[str, ...]) -> Words:
        """What the entries of a list stand for, each term once."""
        terms: dict[str, Term] = {}
        but: dict[str, Term] = {}
        for part in parts:
            if is_reference(part):
                inner = self._follow(part, trail)
            else:
                term = self.term(part, within=name)
                one = () if term is None else (term,)
                inner = Words((), one) if is_negative(part) else Words(one)
            for into, found in ((terms, inner.terms), (but, inner.but)):
                for term in found:
                    into.setdefault(term.text, term)
        return Words(tuple(terms.values()), tuple(but.values()))

    def _nothing_left(self, found: Words, node: Node) -> None:
        if found.but and not found.terms:
            self.lonely(node.mark)

    def lonely(self, mark: Mark) -> None:
        """Say that a negative term stands among no others."""
        hint = "write it into a list beside them, or under `not` what no post may have"
        self._mistake(mark, "a term with - takes away from the other words of its list", hint)

    def _follow(self, reference: Node, trail: tuple[str, ...]) -> Words:
        name = str(reference.value).strip()[1:]
        if name in trail:
            chain = " > ".join(f"${one}" for one in (*trail[trail.index(name) :], name))
            self._mistake(reference.mark, f"a list contains itself: {chain}", "remove one of them")
            return Words()
        if name not in self._nodes:
            if self.whole:
                known = [f"${one}" for one in self._nodes]
                hint = did_you_mean(f"${name}", known, "define it under `terms:`")
                self._mistake(reference.mark, f"there is no list {named('$' + name)}", hint)
            return Words()
        if len(trail) >= MAX_NESTING:
            message = f"lists within lists, more than {MAX_NESTING} deep"
            self._mistake(reference.mark, message, "write the words into one list")
            return Words()
        self.used[name] = words = self._expand(name, trail)
        return words

    def _mistake(self, mark: Mark, message: str, hint: str) -> None:
        self.mistakes.append(Mistake(mark, message, hint))


def is_reference(node: Node) -> bool:
    """Whether a `$name` stands here."""
    return isinstance(node.value, str) and node.value.strip().startswith("$")


def is_negative(node: Node) -> bool:
    """Whether a `-word` stands here."""
    text = node.value.strip() if isinstance(node.value, str) else ""
    return text[:1] == "-" and len(text) > 1


def _parts(node: Node) -> list[Node]:
    """The entries of a list; a single word is a list of one."""
    if isinstance(node.value, list):
        return node.value
    return [] if node.value is None else [node]
