"""`monitor replay`: recorded posts through the whole pipeline in virtual time.

Rules and sources come from the configuration; the store is a throw-away one unless `--state` names
a folder; nothing is sent. The same posts give the same alerts, whatever the batches. It ends
without closing what is open.
"""

import argparse
import contextlib
import gzip
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, cast

from monitor.ahead import read_ahead
from monitor.alert import Alert, to_json
from monitor.cli.config import add_config, looked_at
from monitor.cli.screen import show_on
from monitor.correlation.windows import Memory
from monitor.garbage import rare_collections
from monitor.mistake import Mark, Mistake, MistakesError
from monitor.pipeline import Pipeline
from monitor.rulebook.load import load
from monitor.settings import Settings
from monitor.source import SourceInfo
from monitor.sources.post_line import parse
from monitor.store.archive import outcomes
from monitor.store.content import Sound
from monitor.store.database import Database
from monitor.workshop import matcher_of


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config(parser)
    parser.add_argument("--rules", type=Path, metavar="DIR", help="rules instead of the configured")
    parser.add_argument("--json", action="store_true", help="alerts as JSON lines (contract)")
    parser.add_argument("--batch", type=int, default=500, help="posts per transaction (500)")
    parser.add_argument("--exercise", action="store_true", help="mark every post as an exercise")
    parser.add_argument("--state", type=Path, metavar="DIR", help="keep the store in this folder")
    parser.add_argument("posts", metavar="POSTS.jsonl", help="the recording, - for standard input")


def run(options: argparse.Namespace) -> int:
    """Replay; exit code 0, or 1 when a line could not be read."""
    chosen = looked_at(options.config)
    rules = [options.rules] if options.rules else chosen.rules
    rulebook = load(rules, chosen.sources, place_paths=chosen.places)
    matcher = matcher_of(rulebook, chosen.state)
    show = _printer(options, rulebook.sources)
    folder = options.state or Path(tempfile.mkdtemp(prefix="monitor-replay-"))
    exercise = options.exercise or _is_exercise(chosen, options.posts)
    try:
        store = Database.open(folder, lasting=options.state is not None)
        with contextlib.closing(store) as db, _opened(options.posts) as lines:
            replay = _Replay(db, Pipeline(matcher, Memory(), virtual=True), show)
            posts = parse(lines, options.posts)
            with rare_collections():
                replay.play(read_ahead(posts, matcher, exercise=exercise), options.batch)
            replay.summary(outcomes(db))
    except ChildProcessError as error:
        mistake = Mistake(Mark(options.posts, 1, 1), str(error), "play it again; was memory short?")
        raise MistakesError([mistake]) from error
    finally:
        if options.state is None:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if replay.mistakes else 0


class _Replay:
    """Posts through a pipeline, and what is counted meanwhile."""

    def __init__(self, db: Database, pipeline: Pipeline, show: Callable[[Alert], None]) -> None:
        self._db = db
        self._pipeline = pipeline
        self._show = show
        self.posts = self.alerts = self.mistakes = 0
        self._started = time.perf_counter()

    def play(self, read: Iterable[Sound | Mistake], size: int) -> None:
        """Play everything, `size` posts a transaction."""
        batch: list[Sound] = []
        for one in read:
            if isinstance(one, Mistake):
                self.mistakes += 1
                print(one, file=sys.stderr)
                continue
            batch.append(one)
            if len(batch) >= max(1, size):
                self._process(batch)
                batch = []
        if batch:
            self._process(batch)

    def _process(self, batch: list[Sound]) -> None:
        posts = [one.received.post for one in batch]
        now = max(post.observed_at or post.published_at for post in posts)
        self.posts += len(batch)
        for alert in self._pipeline.settle(self._db, batch, now):
            self.alerts += 1
            self._show(alert)

    def summary(self, ends: dict[str, int]) -> None:
        """One line for people, on standard error."""
        seconds = time.perf_counter() - self._started
        told = ", ".join(f"{count} {outcome}" for outcome, count in ends.items() if count)
        unread = f"; {self.mistakes} lines not readable" if self.mistakes else ""
        print(
            f"{self.posts} posts, {self.alerts} alerts ({told or 'nothing stored'}){unread}; "
            f"{seconds:.2f} s, {self.posts / max(seconds, 1e-9):,.0f} posts/s",
            file=sys.stderr,
        )


def _printer(
    options: argparse.Namespace, sources: Mapping[str, SourceInfo]
) -> Callable[[Alert], None]:
    if options.json:
        out = sys.stdout.buffer

        def line(alert: Alert) -> None:
            out.write(to_json(alert) + b"\n")

        return line
    return show_on(sys.stdout, sources)


def _opened(name: str) -> IO[bytes]:
    """The recording's bytes, unpacked; closed by its user.

    Raises:
        MistakesError: there is no such file, or it may not be read.
    """
    if name == "-":
        return sys.stdin.buffer
    try:
        file = Path(name).open("rb")  # noqa: SIM115 - the caller closes it
    except OSError as error:
        what = error.strerror or "cannot be read"
        mistake = Mistake(Mark(name, 1, 1), what, "check the path and its rights")
        raise MistakesError([mistake]) from error
    return cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if name.endswith(".gz") else file


def _is_exercise(chosen: Settings, name: str) -> bool:
    """A file that the configuration plays as an exercise is one here too."""
    return any(
        recording.exercise and str(recording.file) != "-" and Path(recording.file) == path
        for path in [Path(name).resolve()]
        for recording in chosen.recordings
    )
