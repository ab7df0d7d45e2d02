"""What `check` and `test` are asked about: a configuration, a folder of rules, or a single file."""

from pathlib import Path
from typing import NamedTuple

from monitor import settings
from monitor.cli.config import QUICKSTART, find_config
from monitor.document import Node, exists, is_folder, read_file
from monitor.mistake import Mark, Mistake, MistakesError
from monitor.rulebook.book import Rulebook
from monitor.rulebook.load import is_sources, load, rule_files


class Target(NamedTuple):
    """What was read: the rulebook, and how many files it took."""

    rulebook: Rulebook
    files: int


def read_target(given: str | None, config: str | None) -> Target:
    """Read what PATH names; without it, the configuration.

    A single rule file may use the word lists of the files beside it.

    Raises:
        MistakesError: every mistake in it.
    """
    path = Path(given) if given and given != QUICKSTART else find_config(given or config)
    if is_folder(path):
        return _counted(load([path], _sources_in(path)))
    if not exists(path):
        raise MistakesError([Mistake(Mark(str(path), 1, 1), "no such file", "check the path")])
    if given and given != QUICKSTART:
        node = read_file(path)
        if is_sources(node):
            return _counted(load([], [path]))
        if _is_rules(node):
            return _counted(load([path], [], lists_of=[path.parent]))
    chosen = settings.load(path)
    rulebook = load(chosen.rules, chosen.sources)
    return Target(rulebook, len(rulebook.files) + 1)


def _counted(rulebook: Rulebook) -> Target:
    return Target(rulebook, len(rulebook.files))


def _sources_in(folder: Path) -> list[Path]:
    """The sources files among the YAML files of a folder."""
    found = []
    for path in rule_files([folder], []):
        try:
            if is_sources(read_file(path)):
                found.append(path)
        except MistakesError:
            continue  # the loader reads it again, and says so
    return found


def _is_rules(node: Node) -> bool:
    """Whether a document holds rules: a configuration has `rules:` too, but as paths."""
    if isinstance(node.value, list):
        return True
    if not isinstance(node.value, dict):
        return False
    rules = node.value.get("rules")
    listed = rules.value if rules is not None and isinstance(rules.value, list) else []
    return "terms" in node.value or any(isinstance(one.value, dict) for one in listed)
