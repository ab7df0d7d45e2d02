"""`monitor unmute ID`: end a silence before its time."""

import argparse

from monitor.cli.config import add_config
from monitor.cli.daemon import command, user


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config(parser)
    parser.add_argument("--by", default=user(), metavar="NAME", help="who ends it")
    parser.add_argument("id", metavar="ID", help="as `monitor mutes` shows it")


def run(options: argparse.Namespace) -> int:
    """Ask the daemon; exit code 1 if it refuses or does not run."""
    answer = command(options.config, "unmute", id=options.id, by=options.by)
    if answer is None:
        return 1
    print(f"silence {options.id} has ended")
    return 0
