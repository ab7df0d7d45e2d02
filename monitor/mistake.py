"""A user's mistake: where it stands, what is wrong, and what to do about it.

Everything that reads what people write (settings, rules, sources, recordings) collects all the
mistakes it finds and raises them together, so that a file is mended in one pass.
"""

from collections.abc import Iterable
from typing import NamedTuple


class Mark(NamedTuple):
    """A place in a file; line and column count from 1, as editors do."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Mistake(NamedTuple):
    """One mistake, printed as `file:line:column: message - hint`."""

    mark: Mark
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.mark}: {self.message} - {self.hint}"


class MistakesError(Exception):
    """Every mistake found in one reading, in the order of files and lines.

    The machine's part: the input is rejected as a whole; retrying without a change is useless.
    """

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(sorted(set(mistakes)))
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))
