"""Which files of rules there are."""

from collections.abc import Sequence
from pathlib import Path

from monitor.document import is_folder, shown
from monitor.mistake import Mark, Mistake

ENDINGS = {".yaml", ".yml"}


def rule_files(paths: Sequence[Path], mistakes: list[Mistake]) -> list[Path]:
    """The files themselves and, for folders, the YAML files below them in order."""
    files: dict[Path, Path] = {}
    for path in paths:
        if not is_folder(path):
            files.setdefault(path.resolve(), path)
            continue
        below = [
            file
            for file in sorted(path.rglob("*"))
            if file.suffix in ENDINGS and file.is_file() and not _hidden(file, path)
        ]
        for file in below:
            files.setdefault(file.resolve(), file)
        if not below:
            mark = Mark(shown(path), 1, 1)
            mistakes.append(Mistake(mark, "no *.yaml file in this folder", "name another one"))
    return list(files.values())


def _hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)
