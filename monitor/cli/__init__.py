"""The command line: one file a verb, listed in VERBS.

Exit codes: 0 done, 1 the thing asked about is wrong (mistakes, failed examples), 2 wrong usage,
3 the state on disk is damaged, 130 interrupted.
"""

import argparse
import gc
import importlib
import sys
from collections.abc import Sequence
from typing import Protocol, cast

from monitor import __version__
from monitor.mistake import MistakesError


class Verb(Protocol):
    """What a verb's module offers."""

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the verb's arguments."""

    def run(self, options: argparse.Namespace) -> int:
        """Do it; returns the exit code."""


DOES = "Watches public channels and feeds, matches every post against rules, and alerts once."

VERBS: dict[str, tuple[str, str]] = {
    "init": ("monitor.cli.init", "ask a few questions and write a configuration"),
    "run": ("monitor.cli.run", "run the daemon"),
    "sources": ("monitor.cli.sources", "how completely is each source read; add and import some"),
    "login": ("monitor.cli.login", "sign a Telegram account in"),
    "check": ("monitor.cli.check", "is the configuration right, are the rules"),
    "test": ("monitor.cli.test", "run the rules' examples, and their tests over time"),
    "try": ("monitor.cli.try_", "what would this post do, and why"),
    "forms": ("monitor.cli.forms", "every form that a term is looked for in, and its hits"),
    "lint": ("monitor.cli.lint", "which terms and rules are too common, never found, overlapping"),
    "places": ("monitor.cli.places", "which places a text names"),
    "replay": ("monitor.cli.replay", "run recorded posts through the whole pipeline"),
    "backtest": ("monitor.cli.backtest", "what changed rules would have alerted on stored posts"),
    "tail": ("monitor.cli.tail", "show the alerts as they come"),
    "status": ("monitor.cli.status", "is it running, and how are the sources"),
    "route": ("monitor.cli.route", "which receivers get an alert, and why the others do not"),
    "mute": ("monitor.cli.mute", "hold back alerts for a while, with an owner and an end"),
    "mutes": ("monitor.cli.mutes", "what is muted, by whom, until when"),
    "unmute": ("monitor.cli.unmute", "end a silence before its time"),
    "actions": ("monitor.cli.actions", "who acknowledged, muted, called a false alarm, and when"),
    "rules": ("monitor.cli.rules", "how often each rule was right"),
    "incidents": ("monitor.cli.incidents", "what goes on, and who says so"),
    "export": ("monitor.cli.export", "posts, incidents or alerts as JSON lines"),
    "deliveries": ("monitor.cli.deliveries", "what became of every alert at every receiver"),
    "resend": ("monitor.cli.resend", "send one alert to one receiver again"),
    "explain": ("monitor.cli.explain", "why was there (not) an alert: the chain of reasons"),
}
"""Verb -> (module, what it does). A module is imported only when its verb is used: a start of
`monitor try` should not pay for the web server."""


def parser() -> argparse.ArgumentParser:
    """The whole command line, without the verbs' own arguments."""
    top = argparse.ArgumentParser(prog="monitor", description=DOES)
    top.add_argument("--version", action="version", version=f"monitor {__version__}")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, (_, does) in VERBS.items():
        verbs.add_parser(name, help=does, description=does, add_help=False)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; a person's mistakes are printed one a line, never as a traceback."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] not in VERBS:
        parser().parse_args(given or ["--help"])
        return 2
    module, does = VERBS[given[0]]
    verb = _loaded(module, ours=arguments is None)
    own = argparse.ArgumentParser(prog=f"monitor {given[0]}", description=does)
    verb.arguments(own)
    try:
        return verb.run(own.parse_args(given[1:]))
    except MistakesError as error:
        for mistake in error.mistakes:
            print(mistake, file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        return 130


def _loaded(module: str, *, ours: bool) -> Verb:
    """A verb's module, loaded without looking for garbage: what is imported stays.

    Looking through it again and again was an eighth of a start (40 ms); in a process of `ours` it
    is not looked through later, either.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        return cast("Verb", importlib.import_module(module))
    finally:
        if ours:
            gc.freeze()
        if collecting:
            gc.enable()
