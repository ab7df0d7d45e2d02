"""What a hit costs once it is found: joining, counting, correlating, with many incidents open.

Real texts (used again, their letters are shifted, so that they are nobody's copies); places in a
grid of villages 12 km apart, so many incidents as asked; six correlations of six types over
twenty rules and 500 publishers. Before measuring, the window of known posts is filled to 100,000.
Prints, for each number of open incidents in a process of its own: the median and the 99th
percentile of `tick` + `decide` for one hit (time of this thread, other processes do not count);
what of it is echo folding (sketch, search both ways, index); and the memory of the incidents with
their correlations, and of the window.

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
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import cache
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.drawn import posts
from monitor.correlation.decide import Event, advance, decide, tick
from monitor.correlation.repeats import followers, origin_of, put, sketched
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
CHANNELS = tuple(f"telegram:c{number}" for number in range(500))


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


@cache
def _shift(turn: int) -> dict[int, int]:
    """Every small letter of the alphabet as the one so many places on."""
    alphabets = ("абвгдежзийклмнопрстуфхцчшщыьэюя", "abcdefghijklmnopqrstuvwxyz")
    pairs = (
        (ord(one), ord(of[(at + turn) % len(of)])) for of in alphabets for at, one in enumerate(of)
    )
    return dict(pairs)


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
        turn, which = divmod(self.number, len(self._texts))
        text = self._texts[which].text.translate(_shift(turn))
        name = PostName(CHANNELS[channel], str(self.number))
        rule, where = known or (
            self._draw.randrange(len(RULES)), self._draw.randrange(len(self._places)),
        )  # fmt: skip
        post = Post(source=name.source, id=name.id, published_at=at, observed_at=at, text=text)
        hit = Hit(
            rule=RULES[rule], post=name, proof=tuple, place=self._places[where],
            affiliation=SIDES[channel % 4], family=name.source,
        )  # fmt: skip
        return Event(post=post, name=name, event_at=at, hits=(hit,))


def opened(flood: Flood, rules: Rulebook, incidents: int) -> State:
    """A state with so many open incidents."""
    state = State()
    for number in range(incidents):
        event = flood.next((number % len(RULES), number // len(RULES)))
        state, _ = decide(state, event, rules)
    return state


def filled(flood: Flood, state: State, window: int) -> State:
    """The state with so many posts known to their copies."""
    support = next(iter(next(iter(state.members.values())).values()))
    repeats = state.repeats
    for _ in range(window):
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


def measure(incidents: int, window: int, hits: int) -> dict[str, float]:
    """Microseconds and megabytes, by name."""
    texts = posts(18000)
    rules, flood = book(), Flood(incidents, texts)
    sizes = [_resident()]
    state = opened(flood, rules, incidents)
    sizes.append(_resident())
    state = filled(flood, state, window)
    sizes.append(_resident())
    gc.freeze()
    took: list[float] = []
    echo: list[float] = []
    for _ in range(hits):
        event = flood.next()
        topic = event.hits[0].rule.topic
        started = time.thread_time_ns()
        state, _ = tick(state, event.event_at, rules)
        after, decision = decide(state, event, rules)
        took.append((time.thread_time_ns() - started) / 1000)
        if decision.supports:
            support = decision.supports[0]
            started = time.thread_time_ns()
            sketched(state.repeats, event.post)
            origin_of(state.repeats, topic, support)
            followers(state.repeats, topic, support)
            put(state.repeats, topic, support)
            echo.append((time.thread_time_ns() - started) / 1000)
        state = after
    return {
        "median": statistics.median(took),
        "p99": sorted(took)[int(len(took) * 0.99)],
        "echo": statistics.median(echo),
        "incidents_mb": sizes[1] - sizes[0],
        "window_mb": sizes[2] - sizes[1],
        "clues": state.clues.size,
        "open": len(state.incidents),
    }


def _resident() -> float:
    """MB in use now."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text("utf-8").split()[1])
    return pages * resource.getpagesize() / 1e6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--incidents", default="1000,10000")
    parser.add_argument("--window", type=int, default=100_000)
    parser.add_argument("--hits", type=int, default=4000)
    options = parser.parse_args()
    own = []
    for incidents in map(int, options.incidents.split(",")):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as child:
            got = child.submit(measure, incidents, options.window, options.hits).result()
        own.append(got["median"] - got["echo"])
        print(
            f"{incidents:>7} incidents, {options.window} known posts, {got['clues']:.0f} clues: "
            f"a hit {got['median']:.0f} us median, {got['p99']:.0f} us p99; echo folding "
            f"{got['echo']:.0f} us of it, joining and correlating {own[-1]:.0f} us; "
            f"{got['incidents_mb']:.0f} MB incidents, {got['window_mb']:.0f} MB window"
        )
    print(f"joining and correlating, from the first to the last: {own[-1] / own[0]:.2f} times")


if __name__ == "__main__":
    main()
