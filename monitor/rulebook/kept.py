"""What was read before: files that have not changed, and rules that nothing about has changed.

A process that reads the same rules again and again keeps one `Kept`. A rule is read anew when its
file has changed, a word list that it uses, or any place.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from monitor.document import Node, read_file
from monitor.mistake import Mark
from monitor.rule import Rule
from monitor.rulebook.book import ExampleMarks, Written
from monitor.rulebook.lists import Lists, Words


class Read(NamedTuple):
    """A rule as it was read, and what that depended on: lists by name, terms of the budget."""

    node: Node
    id: Node
    rule: Rule
    named: dict[str, list[Mark]]
    examples: ExampleMarks
    used: Mapping[str, Words]
    spent: int


class Kept:
    """Documents by path, rules by the node that they were read from."""

    def __init__(self) -> None:
        self._documents: dict[Path, tuple[bytes, Node]] = {}
        self._rules: dict[int, Read] = {}
        self._places: object = None
        self.written = Written()

    def document(self, path: Path) -> Node:
        """As `read_file`; the same node if the file is the same.

        Raises:
            MistakesError: as `read_file`.
        """
        try:
            data = path.read_bytes()
        except OSError:
            return read_file(path)  # which says what is wrong
        known = self._documents.get(path)
        if known is None or known[0] != data:
            known = self._documents[path] = data, read_file(path)
        return known[1]

    def begin(self, places: object) -> None:
        """A reading begins that knows these places."""
        if places != self._places:
            self._rules.clear()
            self._places = places

    def rule(self, node: Node, lists: Lists) -> Read | None:
        """What was read of this very node, if its lists still say the same."""
        known = self._rules.get(id(node))
        if known is None or known.node is not node:
            return None
        if not known.used:
            return known
        same = all(lists.says(name) == words for name, words in known.used.items())
        return known if same else None

    def keep(self, read: Read) -> None:
        """Keep what was read."""
        self._rules[id(read.node)] = read

    def end(self, nodes: list[Node]) -> None:
        """A reading has ended: forget what was read of other nodes."""
        there = set(map(id, nodes))
        self._rules = {key: one for key, one in self._rules.items() if key in there}
        self.written.forget_others([one.rule for one in self._rules.values()])
