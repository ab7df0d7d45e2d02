"""A timeline of posts, told in few words: what correlation makes of them, in virtual time."""

from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.alert import Alert
from monitor.correlation.decide import Decision, Event, decide, tick
from monitor.correlation.windows import State
from monitor.hit import Found, Hit
from monitor.incident import Incident, Support
from monitor.place import Place
from monitor.post import Origin, Post, PostName
from monitor.rule import Level, Rule, Term
from monitor.rulebook.book import Rulebook, bind
from monitor.rulebook.ladder import shipped_ladder
from monitor.source import SourceInfo

START = datetime(2023, 5, 22, 9, 0, tzinfo=UTC)
SOURCES = {
    one.id: one
    for one in (
        SourceInfo(id="telegram:governor", role="official", affiliation="ru-state", home="RU-BEL"),
        SourceInfo(id="telegram:legion", role="militia", affiliation="ru-opposition-armed"),
        SourceInfo(id="telegram:paper", role="media", affiliation="independent", family="house"),
        SourceInfo(id="telegram:paper2", role="media", affiliation="independent", family="house"),
        SourceInfo(id="telegram:other", role="media", affiliation="independent"),
    )
}

BOOK = bind((), SOURCES.values(), ladder=shipped_ladder())


def rule(
    name: str = "incursion", level: Level = "critical", story: str | None = None, **more: object
) -> Rule:
    """A rule as the loader would give it."""
    values: dict[str, Any] = {"title": f"Title of {name}", "when": Term("x")}
    return Rule(id=name, level=level, story=story, **(values | more))


def town(name: str, lat: float = 50.0, lon: float = 36.0, **more: object) -> Place:
    """A settlement of Belgorod oblast."""
    values: dict[str, Any] = {
        "name": name.title(), "country": "RU", "admin1": "RU-BEL", "lat": lat, "lon": lon,
        "within": ("region:RU-BEL", "country:RU"),
    }  # fmt: skip
    return Place(id=name, **(values | more))


OBLAST = Place(
    id="region:RU-BEL", name="Belgorod oblast", kind="region", country="RU", admin1="RU-BEL",
    lat=50.6, lon=37.5, within=("country:RU",),
)  # fmt: skip


class Story:
    """A state that posts happen to, one after the other."""

    def __init__(self, book: Rulebook = BOOK) -> None:
        self.book = book
        self.state = State()
        self.alerts: list[Alert] = []
        self.incidents: dict[str, Incident] = {}
        self.supports: dict[tuple[str, str, str], Support] = {}
        self.texts: dict[tuple[str, str], tuple[Post, int]] = {}

    def post(  # noqa: PLR0913 - a story's line names only what differs from the usual
        self,
        source: str,
        post: str,
        text: str = "a sabotage group has entered the border district today",
        *,
        minutes: float = 0,
        kind: str = "new",
        rules: tuple[Rule, ...] | None = None,
        seen_after: float = 0,
        forwarded: Origin | None = None,
        history: bool = False,
        place: Place | None = None,
    ) -> Decision:
        """One version of a post, published `minutes` after the start."""
        at = START + timedelta(minutes=minutes)
        name = f"telegram:{source}"
        previous, version = self.texts.get((name, post), (None, 0))
        body = Post(
            source=name,
            id=post,
            kind=kind,  # type: ignore[arg-type]  # tests pass plain words
            published_at=previous.published_at if previous else at,
            edited_at=at if kind == "edit" else None,
            observed_at=at + timedelta(minutes=seen_after),
            text=text,
            forwarded_from=forwarded,
        )
        stamped = PostName(name, post, version + 1)
        info = SOURCES.get(name, SourceInfo(id=name))
        held = (rule(),) if rules is None else rules
        hits = (
            () if kind == "delete" else tuple(self._hit(one, stamped, info, place) for one in held)
        )
        self.texts[(name, post)] = (body, version + 1)
        self.pass_time(body.observed_at or at)
        event = Event(
            post=body,
            name=stamped,
            event_at=at,
            hits=hits,
            previous=previous,
            recalled=self._recall(name, post) if previous else (),
            history=history,
        )
        self.state, decision = decide(self.state, event, self.book)
        self._keep(decision)
        return decision

    def _keep(self, decision: Decision) -> None:
        """What the store would do with it."""
        self.alerts.extend(decision.alerts)
        self.incidents.update((one.id, one) for one in decision.incidents)
        for gone in decision.gone:
            self.supports.pop(gone[:3], None)
        for support in decision.supports:
            self.supports[(support.incident, support.source, support.id)] = support

    def pass_time(self, now: datetime) -> None:
        """Fire what is due by now."""
        self.state, decision = tick(self.state, now, self.book)
        self.alerts.extend(decision.alerts)
        self.incidents.update((one.id, one) for one in decision.incidents)

    def _hit(self, one: Rule, name: PostName, info: SourceInfo, place: Place | None) -> Hit:
        return Hit(
            rule=one,
            post=name,
            proof=lambda: (Found(text="sabotage group", start=2, end=16, term="sabotage group"),),
            place=place,
            role=info.role,
            affiliation=info.affiliation,
            family=info.publisher,
        )

    def _recall(self, source: str, post: str) -> tuple[tuple[Support, Incident], ...]:
        return tuple(
            (support, self.incidents[support.incident])
            for support in self.supports.values()
            if (support.source, support.id) == (source, post)
            and support.incident not in self.state.incidents
        )
