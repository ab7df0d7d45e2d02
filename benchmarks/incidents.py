"""What a hit costs once it is found: joining, counting, correlating, with many incidents open.

Real texts; places in a grid of villages 12 km apart, so many incidents as asked, one in four hits
opens, closes or moves one by its deadline. Before measuring, the window of known posts is filled
to 100,000. Prints, for each number of open incidents, the median and the 99th percentile of
`tick` + `decide` for one hit, what of it is echo folding, and the memory of the whole state.

    python benchmarks/incidents.py [--incidents 1000,10000] [--window 100000] [--hits 4000]
"""

import argparse
import gc
import random
import resource
import statistics
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.drawn import posts
from monitor.correlation.decide import Event, advance, decide, tick
from monitor.correlation.repeats import origin_of, put, sketched
from monitor.correlation.windows import State
from monitor.hit import Hit
from monitor.place import Place
from monitor.post import Post, PostName
from monitor.rule import Rule, Term
from monitor.rulebook.book import Rulebook, bind
from monitor.rulebook.ladder import shipped_ladder
from monitor.rulebook.watches import resolve
from monitor.source import SourceInfo
from monitor.watch import Watch

START = datetime(2023, 5, 22, tzinfo=UTC)
RULES = tuple(
    Rule(id=f"rule-{number}", title=f"Rule {number}", when=Term("x"), radius_km=5.0)
    for number in range(20)
)
HOUR = timedelta(hours=1)
SIDES = ("ru", "ua", "free", "unknown")


def book() -> Rulebook:
    """Twenty rules and six correlations over them."""
    common = {"title": "W", "window": 3 * HOUR, "timespan": 3 * HOUR}
    every = tuple(rule.id for rule in RULES)
    asked = (
        Watch(id="many", type="event_count", at_least=50, group_by=("admin1",), **common),
        Watch(id="sides", type="corroborated", families=3, affiliations=2, rules=every[:10],
              group_by=("place",), **common),
        Watch(id="values", type="value_count", field="source", at_least=400, **common),
        Watch(id="both", type="temporal", rules=every[:2], at_least=2, group_by=("place",),
              **common),
        Watch(id="silence", type="absence", rules=every[2:3], without=every[3:4],
              group_by=("place",), **common),
        Watch(id="quiet", type="flatline", group_by=("source",), **common),
    )  # fmt: skip
    marks = dict.fromkeys(every)
    watches, _ = resolve(asked, RULES, marks, whole=False)  # type: ignore[arg-type]  # ids only
    sources = [
        SourceInfo(id=f"telegram:c{number}", affiliation=SIDES[number % 4]) for number in range(500)
    ]
    return bind(RULES, sources, ladder=shipped_ladder(), watches=watches)


def villages(count: int) -> list[Place]:
    """A grid of settlements, one for each incident of a rule."""
    side = int(count**0.5) + 1
    return [
        Place(
            id=f"v{number}", name=f"V{number}", country="RU", admin1=f"RU-{number % 80}",
            lat=45 + (number // side) * 0.11, lon=30 + (number % side) * 0.17,
            within=(f"region:RU-{number % 80}", "country:RU"),
        )
        for number in range(count)
    ]  # fmt: skip


class Flood:
    """Hits one after the other, each at its second."""

    def __init__(self, incidents: int, texts: Sequence[Post]) -> None:
        self._draw = random.Random(7)  # noqa: S311 - a seeded draw
        self._places = villages(max(1, incidents // len(RULES)))
        self._texts = texts
        self.number = 0

    def next(self, known: tuple[int, int] | None = None) -> Event:
        """The next hit; `known` names the rule and place instead of drawing them."""
        self.number += 1
        at = START + timedelta(seconds=self.number / 10)
        channel = self._draw.randrange(500)
        text = self._texts[self.number % len(self._texts)].text
        name = PostName(f"telegram:c{channel}", str(self.number))
        rule, where = known or (
            self._draw.randrange(len(RULES)), self._draw.randrange(len(self._places)),
        )  # fmt: skip
        post = Post(source=name.source, id=name.id, published_at=at, observed_at=at, text=text)
        hit = Hit(
            rule=RULES[rule], post=name, proof=tuple, place=self._places[where],
            affiliation=SIDES[channel % 4], family=name.source,
        )  # fmt: skip
        return Event(post=post, name=name, event_at=at, hits=(hit,))


def filled(flood: Flood, rules: Rulebook, incidents: int, window: int) -> State:
    """A state with so many open incidents and so many posts known."""
    state = State()
    for number in range(incidents):
        event = flood.next((number % len(RULES), number // len(RULES)))
        state, _ = decide(state, event, rules)
    support = next(iter(next(iter(state.members.values())).values()))
    repeats = state.repeats
    while len(repeats.known) < window:
        event = flood.next()
        one = type(support)(
            incident="past", source=event.name.source, id=event.name.id, version=1, exercise=False,
            rule=event.hits[0].rule.id, family=event.name.source, affiliation="ru", role="media",
            published_at=event.event_at, sketch=sketched(repeats, event.post),
        )  # fmt: skip
        repeats = put(repeats, event.hits[0].rule.topic, one)
    return advance(_with(state, repeats), START + timedelta(seconds=flood.number / 10))


def _with(state: State, repeats: object) -> State:
    return type(state)(**{
        name: repeats if name == "repeats" else getattr(state, name)
        for name in state.__struct_fields__
    })  # fmt: skip


def measure(incidents: int, window: int, hits: int) -> tuple[float, float, float, float, int]:
    """Median and 99th percentile of a hit, median of its echo search (us), MB, incidents open."""
    texts = posts(9000)
    rules = book()
    flood = Flood(incidents, texts)
    gc.collect()
    before = _resident()
    state = filled(flood, rules, incidents, window)
    gc.collect()
    used = _resident() - before
    gc.freeze()
    took: list[float] = []
    echo: list[float] = []
    for _ in range(hits):
        event = flood.next()
        started = time.perf_counter()
        state, _ = tick(state, event.event_at, rules)
        state, decision = decide(state, event, rules)
        took.append(time.perf_counter() - started)
        support = decision.supports[0] if decision.supports else None
        if support is not None:
            started = time.perf_counter()
            sketched(state.repeats, event.post)
            origin_of(state.repeats, event.hits[0].rule.topic, support)
            echo.append(time.perf_counter() - started)
    took.sort()
    return (
        statistics.median(took) * 1e6, took[int(len(took) * 0.99)] * 1e6,
        statistics.median(echo) * 1e6, used, len(state.incidents),
    )  # fmt: skip


def _resident() -> float:
    """MB in use now."""
    pages = int(Path("/proc/self/statm").read_text("utf-8").split()[1])
    return pages * resource.getpagesize() / 1e6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--incidents", default="1000,10000")
    parser.add_argument("--window", type=int, default=100_000)
    parser.add_argument("--hits", type=int, default=4000)
    options = parser.parse_args()
    medians = []
    for incidents in map(int, options.incidents.split(",")):
        median, high, echo, used, still_open = measure(incidents, options.window, options.hits)
        medians.append(median)
        print(
            f"{incidents:>7} incidents ({still_open} open after), {options.window} known posts: "
            f"a hit {median:.0f} us median, {high:.0f} us p99; of it echo search {echo:.0f} us; "
            f"{used:.0f} MB"
        )
    if len(medians) > 1:
        print(f"from the first to the last: {medians[-1] / medians[0]:.2f} times")


if __name__ == "__main__":
    main()
