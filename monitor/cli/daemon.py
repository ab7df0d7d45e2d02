"""Commands that change something: the running daemon does it, asked over its socket."""

import contextlib
import getpass
import sys

from monitor.cli.config import looked_at
from monitor.control import Answer, ask


def command(config: str | None, verb: str, **details: object) -> Answer | None:
    """The daemon's answer; None, and the reason on stderr, if it refuses or does not run."""
    chosen = looked_at(config)
    answer = ask(chosen.state, verb, **details) if chosen.state.is_dir() else None
    if answer is None:
        print("the daemon is not running - start it with: monitor run", file=sys.stderr)
        return None
    if "error" in answer:
        print(f"{answer['error']} - {answer.get('hint') or 'see the log'}", file=sys.stderr)
        return None
    return answer


def user() -> str:
    """The name of whoever runs the command; empty if the system knows none."""
    with contextlib.suppress(KeyError, OSError):
        return getpass.getuser()
    return ""
