"""A recording run through the shipped rules, and what of it rings."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from monitor.alert import Alert
from monitor.rule import LEVELS
from monitor.sinks.telegram_bot import SILENT_LEVELS

AlertObject = dict[str, Any]

LOUD = tuple(level for level in LEVELS if level not in SILENT_LEVELS)
"""Levels that make a sound in a chat."""


def replayed(recording: Path) -> list[AlertObject]:
    """The alerts of a recording with the shipped rules, places and sources, in order."""
    replay = [sys.executable, "-m", "monitor", "replay", "--json", "--exercise"]
    run = subprocess.run(
        [*replay, "--config", "quickstart", str(recording)], capture_output=True, check=True
    )
    return [msgspec.json.decode(line) for line in run.stdout.splitlines()]


def ringing(alerts: list[AlertObject], *levels: str) -> list[AlertObject]:
    """Those of the levels that make a sound in a chat."""
    return [
        one
        for one in alerts
        if one["incident"]["level"] in levels and msgspec.convert(_bare(one), Alert).rings
    ]


def _bare(alert: AlertObject) -> AlertObject:
    """The alert without what the contract writes beside its fields."""
    return {key: alert[key] for key in Alert.__struct_fields__ if key in alert}


def caused_by(alert: AlertObject) -> str:
    """SOURCE/ID of the post that caused it, without the platform; empty if time did."""
    posts = alert["posts"]
    return f"{posts[0]['source'].partition(':')[2]}/{posts[0]['id']}" if posts else ""
