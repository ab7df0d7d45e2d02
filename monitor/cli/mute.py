"""`monitor mute`: hold back alerts from the receivers for a while, with an owner and an end."""

import argparse

from monitor.cli.config import add_config
from monitor.cli.daemon import command, user
from monitor.rule import LEVELS


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config(parser)
    parser.add_argument("--rule", help="alerts of this rule")
    parser.add_argument("--place", help="alerts of this place: its id, name or region (RU-BEL)")
    parser.add_argument("--source", help="alerts that only this source speaks of")
    parser.add_argument("--level", choices=LEVELS, help="alerts of this level and lower")
    parser.add_argument(
        "--for", dest="length", required=True, metavar="TIME", help="how long: 30m, 2h, 1d"
    )
    parser.add_argument(
        "--by", default=user(), metavar="NAME", help="who answers for it (default: you)"
    )
    parser.add_argument("--why", default="", metavar="TEXT", help="told with every held back alert")


def run(options: argparse.Namespace) -> int:
    """Ask the daemon; exit code 1 if it refuses or does not run."""
    answer = command(
        options.config, "mute", rule=options.rule, place=options.place, source=options.source,
        level=options.level, by=options.by, why=options.why, **{"for": options.length},
    )  # fmt: skip
    if answer is None:
        return 1
    silence = answer["silence"]
    assert isinstance(silence, dict)  # noqa: S101 - what the daemon answers
    print(f"silence {silence['id']} until {silence['ends_at']} (monitor unmute {silence['id']})")
    return 0
