"""`monitor run`: the daemon."""

import argparse
import asyncio
import sys
from pathlib import Path

from monitor import daemon, logs, settings
from monitor.cli.config import add_config, find_config
from monitor.cli.places import progress
from monitor.clock import SystemClock
from monitor.store.trouble import StateError
from monitor.workshop import Material, prepare


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config(parser)
    parser.add_argument("--state", type=Path, metavar="DIR", help="the state folder to use instead")
    parser.add_argument("--verbose", action="store_true", help="also log details")


def run(options: argparse.Namespace) -> int:
    """Check everything, then run until a signal."""
    logs.configure(verbose=options.verbose)
    chosen = settings.load(find_config(options.config), state=options.state)
    material = Material(chosen.rules, chosen.sources, chosen.places, chosen.state)
    matcher = prepare(material, progress)
    try:
        asyncio.run(daemon.run(chosen, matcher, SystemClock()))
    except StateError as error:
        print(f"{error.message} - {error.hint}", file=sys.stderr)
        return error.exit_code
    except ExceptionGroup as group:
        print(f"stopped: {group.exceptions[0]}", file=sys.stderr)
        return 1
    return 0
