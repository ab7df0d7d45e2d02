"""`monitor check`: is the configuration, or are the rules, right; every mistake at once."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence

from monitor.cli.config import add_config
from monitor.cli.target import Target, read_target
from monitor.mistake import Mistake, MistakesError
from monitor.workshop import matcher_of


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config(parser)
    parser.add_argument(
        "--format", choices=sorted(FORMATS), default="text", help="how to print (text)"
    )
    parser.add_argument(
        "path", nargs="?", metavar="PATH", help="a configuration, a rule file, or a folder of them"
    )


def run(options: argparse.Namespace) -> int:
    """Print every mistake, or one line that says what was looked at; exit code 1 or 0."""
    target: Target | None = None
    mistakes: tuple[Mistake, ...] = ()
    try:
        target = read_target(options.path, options.config, secrets=True)
        matcher_of(target.rulebook, target.state)
    except MistakesError as error:
        mistakes = error.mistakes
    print(FORMATS[options.format](target, mistakes))
    if mistakes:
        print(counted(len(mistakes), "mistake"), file=sys.stderr)
    return 1 if mistakes else 0


def counted(number: int, word: str) -> str:
    """`1 rule`, `2 rules`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _text(target: Target | None, mistakes: Sequence[Mistake]) -> str:
    """`file:line:column: message - hint`, a line each."""
    if target is None or mistakes:
        return "\n".join(str(mistake) for mistake in mistakes)
    looked_at = [
        counted(target.files, "file"),
        counted(len(target.rulebook.rules), "rule"),
        counted(len(target.rulebook.sources), "source"),
    ]
    return f"{', '.join(looked_at)}: no mistakes"


def _json(target: Target | None, mistakes: Sequence[Mistake]) -> str:
    """One object; the counts are null when there was too little to count."""
    found = {
        "files": target.files if target else None,
        "rules": len(target.rulebook.rules) if target else None,
        "sources": len(target.rulebook.sources) if target else None,
        "mistakes": [
            {**mistake.mark._asdict(), "message": mistake.message, "hint": mistake.hint}
            for mistake in mistakes
        ],
    }
    return json.dumps(found, ensure_ascii=False)


def _github(target: Target | None, mistakes: Sequence[Mistake]) -> str:
    """Workflow commands, which GitHub shows at the lines of a pull request."""
    lines = [
        f"::error file={_escaped(mark.file, ',:')},line={mark.line},col={mark.column}::"
        + _escaped(f"{message} - {hint}")
        for mark, message, hint in mistakes
    ]
    return "\n".join(lines) if lines else _text(target, mistakes)


def _escaped(text: str, more: str = "") -> str:
    return "".join(f"%{ord(one):02X}" if one in f"%\r\n{more}" else one for one in text)


FORMATS: dict[str, Callable[[Target | None, Sequence[Mistake]], str]] = {
    "text": _text,
    "json": _json,
    "github": _github,
}
