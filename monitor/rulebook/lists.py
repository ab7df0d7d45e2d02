"""Word lists (`terms:`) and the terms in them: `$name` stands for any term of a list.

Lists may contain lists. They are expanded once, when the rules load; a budget bounds what can come
out, so that a few lines cannot become millions of terms.
"""

import re
from collections.abc import Iterable

from monitor.document import Node, named
from monitor.form import did_you_mean
from monitor.lexicon.terms import TermProblem, parse
from monitor.mistake import Mark, Mistake
from monitor.rule import Term

MAX_TERMS = 1_000_000
MAX_NESTING = 32

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")


class Lists:
    """All lists of all files.

    `whole` is False when a file could not be read: lists that are missing may stand there, so they
    are not called mistakes.
    """

    def __init__(self, mistakes: list[Mistake], *, whole: bool = True) -> None:
        self.mistakes = mistakes
        self.whole = whole
        self._nodes: dict[str, tuple[Mark, Node]] = {}
        self._lent: set[str] = set()
        self._expanded: dict[str, tuple[Term, ...]] = {}
        self._problems: dict[str, TermProblem | None] = {}
        self._left = MAX_TERMS

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

    def terms_of(self, reference: Node) -> tuple[Term, ...]:
        """The terms that a `$name` stands for; a mistake and nothing if there is no such list."""
        return self._follow(reference, ())

    def spend(self, terms: int, mark: Mark) -> bool:
        """Count terms against the budget; one mistake when it is used up."""
        before, self._left = self._left, self._left - terms
        if before >= 0 > self._left:
            hint = "use shorter lists, or fewer lists within lists"
            self._mistake(mark, f"more than {MAX_TERMS:,} terms in all rules together", hint)
        return self._left >= 0

    def term(self, node: Node, within: str | None = None) -> Term | None:
        """One term; a mistake and None if it cannot be used."""
        if not isinstance(node.value, str):
            self.not_text(node)
            return None
        if node.value not in self._problems:
            parsed = parse(node.value)
            self._problems[node.value] = parsed if isinstance(parsed, TermProblem) else None
        problem = self._problems[node.value]
        if problem is not None:
            self._mistake(node.mark, f"{named(node.value)}: {problem.message}", problem.hint)
            return None
        return Term(text=node.value, within=within)

    def not_text(self, node: Node) -> None:
        """Say that a term should stand where something else does."""
        if isinstance(node.value, (dict, list)):
            self._mistake(node.mark, "a word should stand here", "nest only inside `when`")
        elif not node.written:
            self._mistake(node.mark, "nothing stands here", "write a word, or leave the line out")
        else:
            hint = f'put it in quotes: "{node.written[:40]}"'
            self._mistake(node.mark, f"{named(node.written)} is not text", hint)

    def _expand(self, name: str, trail: tuple[str, ...]) -> tuple[Term, ...]:
        if name not in self._expanded:
            mark, node = self._nodes[name]
            found: dict[str, Term] = {}
            for part in _parts(node):
                for term in self._terms_in(part, name, (*trail, name)):
                    found.setdefault(term.text, term)
            if not _parts(node):
                self._mistake(mark, f"list `{name}` is empty", "write its words, or remove it")
            self._expanded[name] = tuple(found.values()) if self.spend(len(found), mark) else ()
        return self._expanded[name]

    def _terms_in(self, part: Node, name: str, trail: tuple[str, ...]) -> Iterable[Term]:
        if is_reference(part):
            return self._follow(part, trail)
        term = self.term(part, within=name)
        return () if term is None else (term,)

    def _follow(self, reference: Node, trail: tuple[str, ...]) -> tuple[Term, ...]:
        name = str(reference.value).strip()[1:]
        if name in trail:
            chain = " > ".join(f"${one}" for one in (*trail[trail.index(name) :], name))
            self._mistake(reference.mark, f"a list contains itself: {chain}", "remove one of them")
            return ()
        if name not in self._nodes:
            if self.whole:
                known = [f"${one}" for one in self._nodes]
                hint = did_you_mean(f"${name}", known, "define it under `terms:`")
                self._mistake(reference.mark, f"there is no list {named('$' + name)}", hint)
            return ()
        if len(trail) >= MAX_NESTING:
            message = f"lists within lists, more than {MAX_NESTING} deep"
            self._mistake(reference.mark, message, "write the words into one list")
            return ()
        return self._expand(name, trail)

    def _mistake(self, mark: Mark, message: str, hint: str) -> None:
        self.mistakes.append(Mistake(mark, message, hint))


def is_reference(node: Node) -> bool:
    """Whether a `$name` stands here."""
    return isinstance(node.value, str) and node.value.strip().startswith("$")


def _parts(node: Node) -> list[Node]:
    """The entries of a list; a single word is a list of one."""
    if isinstance(node.value, list):
        return node.value
    return [] if node.value is None else [node]
