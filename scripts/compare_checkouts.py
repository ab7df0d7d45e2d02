"""Whether another checkout reads and decides the same on real posts: for changes of speed only.

    python scripts/compare_checkouts.py OTHER [--posts 20000] [--hits 3000]

Both checkouts, each in a process of its own, make sketches, fold echoes (origin and followers of
every post), read casualties, resolve places and decide hits of benchmarks/incidents.py. Prints the
first difference of each and how many answers were compared; 1 if anything differs. Real posts lie
beside the project (MONITOR_SHARED_DATA).
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import chain, islice, zip_longest
from pathlib import Path

ROOT = Path(os.environ.get("MONITOR_CHECKOUT") or Path(__file__).resolve().parents[1])
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]


def _texts(count: int) -> list[str]:
    from drawn import texts  # noqa: PLC0415 - of the checkout that is asked

    every = list(chain.from_iterable(texts()))
    return every[:: max(1, len(every) // count)][:count]


def sketches(posts: int, _: int) -> Iterator[str]:
    """The sketch of every text."""
    from monitor.text.sketch import sketch  # noqa: PLC0415 - the same

    return (repr(sketch(text)) for text in _texts(posts))


def echoes(posts: int, _: int) -> Iterator[str]:
    """The origin and the followers of every post of the Russian news, one topic."""
    import msgspec  # noqa: PLC0415 - the same
    from quality.echoes import news  # noqa: PLC0415 - the same

    from monitor.correlation.repeats import (  # noqa: PLC0415 - the same
        Repeats,
        cited,
        followers,
        forgetting,
        origin_of,
        put,
        sketched,
    )
    from monitor.incident import Support  # noqa: PLC0415 - the same

    data = Path(os.environ["MONITOR_SHARED_DATA"])
    repeats, waiting = Repeats(), list[Support]()
    for number, post in enumerate(islice(news(data), posts)):
        # By whole hours: checkouts that forget by the minute and by the hour forget the same.
        hour = post.published_at.replace(minute=0, second=0, microsecond=0)
        repeats = forgetting(repeats, hour)
        support = Support(
            incident="i", source=post.source, id=post.id, version=1, exercise=False, rule="r",
            family=post.source, affiliation="unknown", role="unknown",
            published_at=post.published_at, sketch=sketched(repeats, post), cites=cited(post),
        )  # fmt: skip
        if number % 10 == 0:  # some come late, so that there are followers
            waiting.append(support)
        due = [support] if number % 10 else []
        if number % 50 == 49:
            due, waiting = [*due, *waiting], []
        for one in due:
            origin, after = origin_of(repeats, "t", one), followers(repeats, "t", one)
            names = [f"{each.source}/{each.id}" for each in after]
            yield f"{one.source}/{one.id}: {origin and (origin.source, origin.id)} {names}"
            if origin is not None:
                name = f"{origin.source}/{origin.id}"
                one = msgspec.structs.replace(one, echo_of=name)  # noqa: PLW2901 - its newest form
            repeats = put(repeats, "t", one)


def casualties(posts: int, _: int) -> Iterator[str]:
    """The numbers of every text."""
    from monitor.lexicon.casualties import casualties as read  # noqa: PLC0415 - the same

    return (repr(read(text)) for text in _texts(posts))


def places(posts: int, _: int) -> Iterator[str]:
    """The places of every fourth text."""
    from monitor.cli.places import open_gazetteer  # noqa: PLC0415 - the same
    from monitor.gazetteer.resolve import resolve  # noqa: PLC0415 - the same

    gazetteer = open_gazetteer(None)
    for number, text in enumerate(_texts(posts // 4)):
        yield repr(resolve(text, gazetteer, (None, "RU-BEL", "UA-63")[number % 3]))


def decisions(_: int, hits: int) -> Iterator[str]:
    """Everything that is decided of hits and the passing of time."""
    from incidents import Flood, book, opened  # noqa: PLC0415 - the same

    from benchmarks.drawn import posts as drawn  # noqa: PLC0415 - the same
    from monitor.correlation.decide import decide, tick  # noqa: PLC0415 - the same

    rules, flood = book(), Flood(300, drawn(6000))
    state = opened(flood, rules, 300)
    for _ in range(hits):
        event = flood.next()
        state, ticked = tick(state, event.event_at, rules)
        state, decided = decide(state, event, rules)
        yield f"{ticked!r} {decided!r}"


ASKED: dict[str, Callable[[int, int], Iterator[str]]] = {
    "sketches": sketches, "echoes": echoes, "casualties": casualties, "places": places,
    "decisions": decisions,
}  # fmt: skip


def main() -> int:
    """Compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path)
    parser.add_argument("--posts", type=int, default=20_000)
    parser.add_argument("--hits", type=int, default=3_000)
    parser.add_argument("--only", nargs="*", choices=list(ASKED), default=list(ASKED))
    parser.add_argument("--answer", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.answer:
        for line in ASKED[options.answer](options.posts, options.hits):
            print(line.replace("\n", " "))
        return 0
    return max([_compared(name, options) for name in options.only])


def _compared(name: str, options: argparse.Namespace) -> int:
    """1 if the checkouts differ in one kind of answer."""
    sizes = ["--posts", str(options.posts), "--hits", str(options.hits)]
    told = []
    with tempfile.TemporaryDirectory() as folder:
        for number, root in enumerate((ROOT, options.other.resolve())):
            told.append(Path(folder) / str(number))
            command = [sys.executable, __file__, str(root), "--answer", name, *sizes]
            known = os.environ | {"MONITOR_CHECKOUT": str(root), "PYTHONHASHSEED": "0"}
            with told[-1].open("w", encoding="utf-8") as file:
                subprocess.run(command, env=known, stdout=file, check=True, cwd=root)
        with told[0].open(encoding="utf-8") as mine, told[1].open(encoding="utf-8") as other:
            for number, (one, two) in enumerate(zip_longest(mine, other)):
                if one != two:
                    print(f"{name}: answer {number + 1} differs\n  here:  {one}\n  there: {two}")
                    return 1
    print(f"{name}: {number + 1:,} answers equal")
    return 0


if __name__ == "__main__":
    sys.exit(main())
