"""Rules as analysts write them, and posts in minutes: what correlations make of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.alert import Alert
from monitor.batch import remembered
from monitor.matching.evaluate import Matcher
from monitor.pipeline import Pipeline
from monitor.post import Origin, Post, Received
from monitor.rulebook.load import load
from monitor.source import Arrival
from monitor.store.database import Database

START = datetime(2023, 5, 22, 6, 0, tzinfo=UTC)
SOURCES = """
- {id: "telegram:state", role: media, affiliation: ru-state, family: house}
- {id: "telegram:state2", role: media, affiliation: ru-state, family: house}
- {id: "telegram:legion", role: militia, affiliation: ru-opposition-armed}
- {id: "telegram:paper", role: media, affiliation: independent}
- {id: "telegram:governor", role: official, affiliation: ru-state, home: RU-BEL}
"""
RULES = """
rules:
  - {id: raid, title: A raid, when: raid, window: 12h}
  - {id: fire, title: A fire, when: fire, window: 12h}
  - {id: denial, title: A denial, when: nothing happened, window: 12h}
  - {id: named, title: A village, when: {all: [shelling], place: {kind: settlement}}, window: 12h}
"""


class Desk:
    """Everything that runs live, in virtual time, with a store."""

    def __init__(self, folder: Path, correlate: str, *, name: str = "seen-together") -> None:
        (folder / "rules.yaml").write_text(RULES + _rule(name, correlate), "utf-8")
        (folder / "sources.yaml").write_text(SOURCES, "utf-8")
        self.book = load([folder / "rules.yaml"], [folder / "sources.yaml"])
        self.matcher = Matcher(self.book)
        self.db = Database.open(folder / "state", ballast=0)
        self.name = name
        self.pipeline = Pipeline(self.matcher, remembered(self.db, self.book))
        self.seen = 0
        self.exercise = False
        """Whether the posts are those of an exercise."""

    def restart(self, minutes: float | None = None) -> None:
        """Forget everything that is not stored; to be back so many minutes after the start."""
        started = None if minutes is None else START + timedelta(minutes=minutes)
        self.pipeline = Pipeline(self.matcher, remembered(self.db, self.book, started))

    def passes(self, minutes: float) -> list[Alert]:
        """Time goes on to so many minutes after the start; the correlation's alerts."""
        return self._take((), minutes)

    def post(  # noqa: PLR0913 - a story's line names only what differs from the usual
        self, minutes: float, source: str, text: str = "", *, number: int = 0, kind: str = "new",
        forwards: str = "", age: float = 0,
    ) -> list[Alert]:  # fmt: skip
        """A post seen so many minutes after the start; the correlation's alerts of it."""
        self.seen += 1
        seen = START + timedelta(minutes=minutes)
        at = seen - timedelta(minutes=age)
        origin = Origin(*forwards.split("/")) if forwards else None
        post = Post(
            source=f"telegram:{source}", id=str(number or self.seen), kind=kind,  # type: ignore[arg-type]  # plain words
            published_at=at, edited_at=at if kind == "edit" else None, observed_at=seen,
            text=text, forwarded_from=origin,
        )  # fmt: skip
        return self._take((Received(post=post, exercise=self.exercise),), minutes)

    def _take(self, posts: tuple[Received, ...], minutes: float) -> list[Alert]:
        now = START + timedelta(minutes=minutes)
        alerts = self.pipeline.process(self.db, [Arrival(posts=posts)], now)
        return [one for one in alerts if one.incident.rule == self.name]


def _rule(name: str, correlate: str) -> str:
    return f"""
  - id: {name}
    title: Seen together
    level: high
    correlate: {correlate}
"""


@contextmanager
def desk(folder: Path, correlate: str) -> Iterator[Desk]:
    """A desk with one correlation."""
    opened = Desk(folder, correlate)
    try:
        yield opened
    finally:
        opened.db.close()


def told(alerts: list[Alert]) -> list[tuple[str, str]]:
    """Kind and reason of each."""
    return [(one.kind, one.reason) for one in alerts]
