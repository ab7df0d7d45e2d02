"""Adding to a sources file without touching what stands in it, its comments included."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import orjson

from monitor.document import Node, read_file
from monitor.mistake import Mistake, MistakesError
from monitor.rulebook.load import load

Entry = Mapping[str, object]
"""A source's keys; values are texts and lists of texts."""


def add(path: Path, entries: Iterable[Entry]) -> None:
    """Append sources to the end of a sources file; checked as a whole before it replaces the old.

    Raises:
        MistakesError: the file cannot be added to, or the entries are wrong.
    """
    node = read_file(path)
    before = path.read_text("utf-8")
    indent = _indent(node, before.splitlines())
    lines = [f"{indent}- {_line(entry)}\n" for entry in entries]
    if before and not before.endswith("\n"):
        before += "\n"
    beside = path.with_name(f".{path.name}.new.yaml")
    try:
        beside.write_text(before + "".join(lines), "utf-8")
        beside.chmod(path.stat().st_mode & 0o777)
        load([], [beside])
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _indent(node: Node, lines: list[str]) -> str:
    """The blanks before the list's dashes.

    Raises:
        MistakesError: the list is written in brackets, or is not there.
    """
    listed = node.value.get("sources") if isinstance(node.value, dict) else node
    items = listed.value if listed is not None and isinstance(listed.value, list) else []
    if listed is not None and items:
        column = listed.mark.column
        if lines[listed.mark.line - 1][column - 1 : column] == "-":
            return " " * (column - 1)
    hint = "write the sources one below the other, each after `- `, and at least one"
    raise MistakesError([Mistake(node.mark, "no list that can be added to", hint)])


def _line(entry: Entry) -> str:
    """An entry in braces: JSON's texts are YAML's."""
    pairs = [f"{key}: {orjson.dumps(value).decode()}" for key, value in entry.items() if value]
    return "{" + ", ".join(pairs) + "}"
