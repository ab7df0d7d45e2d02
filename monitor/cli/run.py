"""`monitor run`: the daemon."""

import argparse
import asyncio
import importlib
import sys
from pathlib import Path
from types import ModuleType

from monitor import logs
from monitor.cli.config import add_config, find_config
from monitor.cli.progress import compiling
from monitor.clock import SystemClock
from monitor.reconfiguring import ConfigFile
from monitor.store.trouble import StateError
from monitor.workshop import Material, ready


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config(parser)
    parser.add_argument("--state", type=Path, metavar="DIR", help="the state folder to use instead")
    parser.add_argument("--verbose", action="store_true", help="also log details")


def run(options: argparse.Namespace) -> int:
    """Check everything, then run until a signal."""
    logs.configure(verbose=options.verbose)
    file = ConfigFile(find_config(options.config), options.state)
    chosen = file.read()
    try:
        material = Material(chosen.rules, chosen.sources, chosen.places, chosen.state)
        matcher = ready(material, compiling, _load_daemon)
        asyncio.run(_load_daemon().run(chosen, matcher, SystemClock(), file))
    except StateError as error:
        print(f"{error.message} - {error.hint}", file=sys.stderr)
        return error.exit_code
    except ExceptionGroup as group:
        print(f"stopped: {group.exceptions[0]}", file=sys.stderr)
        return 1
    return 0


def _load_daemon() -> ModuleType:
    """All that runs: where rules have to be made, it is loaded while they are."""
    return importlib.import_module("monitor.daemon")
