"""`monitor resend ALERT SINK`: one alert once more to one receiver."""

import argparse

from monitor.cli.config import add_config
from monitor.cli.daemon import command, user
from monitor.cli.screen import safe


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config(parser)
    parser.add_argument("alert", metavar="ALERT", help="as `monitor deliveries` shows it")
    parser.add_argument("sink", metavar="SINK", help="the receiver's name")


def run(options: argparse.Namespace) -> int:
    """Ask the daemon; exit code 1 if it was not delivered."""
    answer = command(options.config, "resend", alert=options.alert, sink=options.sink, by=user())
    if answer is None:
        return 1
    sent = answer["delivery"]
    assert isinstance(sent, dict)  # noqa: S101 - what the daemon answers
    detail = f" - {safe(str(sent['detail']))}" if sent["detail"] else ""
    print(f"{options.sink}: {sent['state']}, attempt {sent['attempts']}{detail}")
    return 0 if sent["state"] in {"delivered", "uncertain"} else 1
