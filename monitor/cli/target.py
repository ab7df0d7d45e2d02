"""What `check` and `test` are asked about: a configuration, a folder of rules, or a single file."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from monitor import settings
from monitor.cli.config import QUICKSTART, find_config
from monitor.document import Node, exists, is_folder, read_file
from monitor.mistake import Mark, Mistake, MistakesError
from monitor.rulebook.book import Rulebook
from monitor.rulebook.files import rule_files
from monitor.rulebook.load import is_sources, load
from monitor.rulebook.places import is_places
from monitor.settings import Settings


class Target(NamedTuple):
    """What was read: the rulebook, how many files it took, and where its state would be.

    `config` is the configuration's file and what it says, if that was asked about.
    """

    rulebook: Rulebook
    files: int
    state: Path
    config: tuple[Path, Settings] | None = None


def read_target(given: str | None, config: str | None, *, secrets: bool = False) -> Target:
    """Read what PATH names; without it, the configuration, whose `secrets` are read if asked.

    A single rule file may use the word lists of the files beside it.

    Raises:
        MistakesError: every mistake in it.
    """
    path = Path(given) if given and given != QUICKSTART else find_config(given or config)
    if is_folder(path):
        return _counted(load([path], _among(path, is_sources), (), _among(path, is_places)))
    if not exists(path):
        raise MistakesError([Mistake(Mark(str(path), 1, 1), "no such file", "check the path")])
    if given and given != QUICKSTART:
        node = read_file(path)
        if is_sources(node):
            return _counted(load([], [path]))
        if _is_rules(node):
            places = _among(path.parent, is_places)
            return _counted(load([path], [], [path.parent], places))
        if is_places(node):
            return _counted(load([], [], (), [path]))
    chosen = settings.load(path, secrets=secrets)
    accounts = [one.name for one in chosen.telegram.accounts]
    rulebook = load(chosen.rules, chosen.sources, place_paths=chosen.places, accounts=accounts)
    return Target(rulebook, len(rulebook.files) + 1, chosen.state, (path, chosen))


def _counted(rulebook: Rulebook) -> Target:
    state = settings.default_state(settings.host_instance(), os.environ)
    return Target(rulebook, len(rulebook.files), state)


def _among(folder: Path, is_one: Callable[[Node], bool]) -> list[Path]:
    """The files of a kind (sources, places) among the YAML files of a folder."""
    found = []
    for path in rule_files([folder], []):
        try:
            if is_one(read_file(path)):
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
