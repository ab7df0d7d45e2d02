"""Alerts and strangers' words on the terminal of whoever ran a command."""

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TextIO

from monitor.alert import Alert
from monitor.clock import SystemClock
from monitor.sinks.styled import visible
from monitor.sinks.terminal import render, screen
from monitor.sinks.wording import Manner, age, compose
from monitor.source import SourceInfo


def safe(text: str) -> str:
    """A stranger's text on one line, its control characters visible instead of obeyed."""
    return visible(text.replace("\n", " "))


def show_on(out: TextIO, sources: Mapping[str, SourceInfo]) -> Callable[[Alert], None]:
    """A function that prints alerts as the daemon does; colours only in a terminal."""
    shown = screen(out.fileno(), os.environ)
    clock = SystemClock()
    zone = datetime.now().astimezone().tzinfo
    assert zone is not None  # noqa: S101 - astimezone always sets one

    def name(source: str) -> str:
        known = sources.get(source)
        return known.name if known and known.name else source

    def show(alert: Alert) -> None:
        manner = Manner(name=name, when=lambda moment: age(moment, clock.now(), zone))
        out.write(render(compose(alert, manner), alert.incident.level, shown))

    return show
