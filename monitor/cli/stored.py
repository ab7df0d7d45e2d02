"""The stored posts, for commands that measure on them."""

import argparse
from collections.abc import Iterator
from datetime import timedelta

from monitor import settings
from monitor.cli.config import find_config
from monitor.cli.progress import bar
from monitor.clock import SystemClock
from monitor.form import duration
from monitor.mistake import MistakesError
from monitor.post import Post
from monitor.settings import Settings
from monitor.store.archive import stored_since, versions_since
from monitor.store.database import Database


def days(text: str) -> timedelta:
    """A duration as an argument: `12h`, `7d`."""
    try:
        return duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("write 12h or 7d") from error


def configured(given: str | None) -> Settings | None:
    """The configuration if there is one; one that was asked for must be there and right.

    Raises:
        MistakesError: it is wrong.
    """
    try:
        path = find_config(given)
    except MistakesError:
        if given:
            raise
        return None
    return settings.load(path, secrets=False)


def stored_posts(chosen: Settings | None, since: timedelta) -> Iterator[Post]:
    """The posts of that time, none if nothing is stored yet; with a bar on a terminal."""
    if chosen is None or not (chosen.state / "monitor.db").exists():
        return
    db = Database.open(chosen.state, readonly=True)
    try:
        start = SystemClock().now() - since
        progress = bar(versions_since(db, start), "posts")
        for done, one in enumerate(stored_since(db, start), 1):
            if one.post is not None and one.kind != "delete":
                yield one.post
            progress(done)
    finally:
        db.close()
