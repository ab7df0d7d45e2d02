"""Which configuration a verb means: the same rule for all of them."""

import argparse
import os
from pathlib import Path

from monitor import settings
from monitor.document import exists, shown
from monitor.mistake import Mark, Mistake, MistakesError
from monitor.settings import Settings, shipped

QUICKSTART = "quickstart"
DEFAULT = "monitor.yaml"


def add_config(parser: argparse.ArgumentParser) -> None:
    """Declare `--config`."""
    parser.add_argument(
        "--config",
        metavar="FILE",
        help=f"the configuration; else $MONITOR_CONFIG, else ./{DEFAULT}; "
        f"`{QUICKSTART}` is the one that comes with the product",
    )


def find_config(given: str | None) -> Path:
    """The configuration's path: `--config`, else $MONITOR_CONFIG, else ./monitor.yaml.

    Raises:
        MistakesError: there is no such file.
    """
    chosen = given or os.environ.get("MONITOR_CONFIG") or DEFAULT
    path = shipped("deploy/quickstart.yaml") if chosen == QUICKSTART else Path(chosen)
    if not exists(path):
        where = "" if given else "; --config FILE or $MONITOR_CONFIG name another"
        hint = f"try `--config {QUICKSTART}`{where}"
        raise MistakesError([Mistake(Mark(shown(path), 1, 1), "no configuration here", hint)])
    return path


def looked_at(given: str | None) -> Settings:
    """The configuration for a verb that only looks, or asks the daemon: no secret is read.

    Raises:
        MistakesError: all its mistakes.
    """
    return settings.load(find_config(given), secrets=False)
