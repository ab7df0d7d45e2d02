"""What echo folding costs a post, beside folding its text, and the memory that its window takes.

    python benchmarks/echoes.py [--known 10000 100000] [--posts 2000]

The window is full of real posts (Russian news, Ukrainian news and mixed channels; once used up they
come again with their words backwards, so that they are copies of nothing), 48 hours of them, in
10,000 incidents of 40 topics. Then further posts are looked up and put in one by one: the sketch,
the origin, the followers, the index, and the oldest posts going. Medians of thread time. On a
machine that does other things too, only the ratios mean anything.
"""

import argparse
import gc
import os
import platform
import statistics
import time
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import msgspec
from drawn import WHEN, texts

from monitor.correlation.repeats import (
    WINDOW,
    Repeats,
    cited,
    followers,
    forgetting,
    origin_of,
    put,
    sketched,
)
from monitor.incident import Support
from monitor.post import Post
from monitor.text.fold import fold

TOPICS = 40
INCIDENTS = 10_000
CHANNELS = 300
NAMES = [f"telegram:channel{number}" for number in range(CHANNELS)]


def stream(count: int) -> Iterator[Post]:
    """So many posts in the order of time, as many in each hour."""
    real = list(chain.from_iterable(texts()))
    step = WINDOW / count
    for number in range(count + count // 4):
        again, which = divmod(number, len(real))
        # A stride spreads the files over the window, as channels would be.
        text = real[which * 7919 % len(real)]
        if again:
            text = " ".join(reversed(text.split())) + f" {again}" * (again > 1)
        yield Post(
            source=NAMES[number % CHANNELS], id=str(number),
            published_at=WHEN + step * number, text=text,
        )  # fmt: skip


# One object each, as the rulebook and the open incidents have them.
TOPIC_NAMES = [f"rule-{number}" for number in range(TOPICS)]
INCIDENT_IDS = [f"{number:016x}" for number in range(INCIDENTS)]


def taken(repeats: Repeats, number: int, post: Post) -> Repeats:
    """The window with one more post, as correlation does it."""
    topic = TOPIC_NAMES[number % TOPICS]
    repeats = forgetting(repeats, post.published_at)
    support = Support(
        incident=INCIDENT_IDS[number % INCIDENTS], source=post.source, id=post.id, version=1,
        exercise=False, rule=topic, family=post.source, affiliation="unknown", role="unknown",
        published_at=post.published_at, sketch=sketched(repeats, post), cites=cited(post),
    )  # fmt: skip
    original = origin_of(repeats, topic, support)
    if original is None:
        followers(repeats, topic, support)
    else:
        support = msgspec.structs.replace(support, echo_of=f"{original.source}/{original.id}")
    return put(repeats, topic, support)


def measure(known: int, posts: int) -> tuple[list[float], list[float], float]:
    """Seconds of folding and of echo folding of each further post, and the window's megabytes."""
    coming = enumerate(stream(known))
    before = resident()
    repeats = Repeats()
    for number, post in coming:
        repeats = taken(repeats, number, post)
        if number + 1 == known:
            break
    gc.collect()
    took = resident() - before
    folds, echoes = [], []
    for number, post in coming:
        began = time.thread_time()
        fold(post.text)
        between = time.thread_time()
        repeats = taken(repeats, number, post)
        folds.append(between - began)
        echoes.append(time.thread_time() - between)
        if len(folds) == posts:
            break
    return folds, echoes, took


def resident() -> float:
    """Megabytes of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def median(seconds: Sequence[float]) -> float:
    """In microseconds."""
    return statistics.median(seconds) * 1e6


def row(known: int, posts: int) -> dict[str, float]:
    """Microseconds a post and megabytes, by name, with so many posts known."""
    texts()  # read before memory is looked at
    folds, echoes, took = measure(known, min(posts, known // 4))
    return {
        "known posts": known,
        "fold us": median(folds),
        "echo us": median(echoes),
        "mean us": statistics.mean(echoes) * 1e6,
        "p99 us": sorted(echoes)[len(echoes) * 99 // 100] * 1e6,
        "echo / fold": statistics.median(b / a for a, b in zip(folds, echoes, strict=True)),
        "MB": took,
    }


def main() -> None:
    """Print one row for each size of the window."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--known", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--posts", type=int, default=2_000)
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores")
    for number, known in enumerate(options.known):
        found = row(known, options.posts)
        if not number:
            print("  ".join(f"{name:>11}" for name in found))
        print("  ".join(f"{value:11,.1f}" for value in found.values()))


if __name__ == "__main__":
    main()
