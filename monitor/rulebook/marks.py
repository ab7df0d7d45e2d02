"""Where each term stands in its file: what the rules themselves do not remember."""

from collections.abc import Iterable
from pathlib import Path

from monitor.document import Node, read_file
from monitor.mistake import Mark, MistakesError
from monitor.rule import Rule, Term
from monitor.rulebook.lists import is_negative

_NO_TERMS = frozenset({"from", "n", "scope", "post", "link", "place", "as"})


class TermMarks:
    """Places of terms by the list (`$name`) or rule in which they are written."""

    def __init__(self, files: Iterable[Path]) -> None:
        """Read the files again; what cannot be read is left out."""
        self._marks: dict[tuple[str, str], Mark] = {}
        for file in files:
            try:
                node = read_file(file)
            except MistakesError:
                continue
            if isinstance(node.value, dict):
                self._file(node.value)

    def of(self, rule: Rule, term: Term) -> Mark:
        """Where a rule's term is written; the rule's own place if that is not known."""
        owner = f"${term.within}" if term.within else rule.id
        return self._marks.get((owner, term.text)) or Mark(rule.file or rule.id, rule.line or 1, 1)

    def _file(self, keys: dict[str, Node]) -> None:
        terms, rules = keys.get("terms"), keys.get("rules")
        if terms is not None and isinstance(terms.value, dict):
            for name, words in terms.value.items():
                self._take(f"${name}", words)
        if rules is not None and isinstance(rules.value, list):
            for rule in rules.value:
                if isinstance(rule.value, dict) and {"id", "when"} <= rule.value.keys():
                    self._take(str(rule.value["id"].value), rule.value["when"])

    def _take(self, owner: str, node: Node) -> None:
        if isinstance(node.value, str):
            text = node.value.strip()[1:].strip() if is_negative(node) else node.value
            self._marks.setdefault((owner, text), node.mark)
        elif isinstance(node.value, list):
            for part in node.value:
                self._take(owner, part)
        elif isinstance(node.value, dict):
            for key, part in node.value.items():
                if key not in _NO_TERMS:
                    self._take(owner, part)
