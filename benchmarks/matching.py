"""How long judging a post takes, beside the floor of folding it and one raw scan.

    python benchmarks/matching.py [--rules 100 1000 10000] [--posts 6000] [--rounds 7] [--json FILE]

Posts and rules: `benchmarks/drawn.py`. The stages of one round follow each other; figures are
medians over the rounds. On a machine that does other things too, only the ratios mean anything.
"""

import argparse
import gc
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from drawn import NAME, SEED, book, counted, posts

from monitor.matching.evaluate import Matcher, evaluate
from monitor.post import Post
from monitor.text.fold import fold

Row = dict[str, float]
CHUNK = 500


def rounds_of(
    stages: dict[str, Callable[[Sequence[Post]], object]], these: Sequence[Post], rounds: int
) -> dict[str, list[float]]:
    """Thread time of each stage in each round, seconds.

    The stages take turns every few milliseconds, so that what else the machine does hits all.
    """
    taken: dict[str, list[float]] = {stage: [] for stage in stages}
    chunks = [these[start : start + CHUNK] for start in range(0, len(these), CHUNK)]
    for _ in range(rounds):
        spent = dict.fromkeys(stages, 0.0)
        for chunk in chunks:
            for stage, run in stages.items():
                started = time.thread_time()
                run(chunk)
                spent[stage] += time.thread_time() - started
        for stage, seconds in spent.items():
            taken[stage].append(seconds)
    return taken


def matcher_of(rules: int, these: Sequence[Post]) -> tuple[Matcher, float]:
    """The profile's matcher, rarest measured on every tenth post; and the seconds to compile it."""
    counts = counted(Matcher(book(rules)), these[::10])
    started = time.perf_counter()
    matcher = Matcher(book(rules), counts=counts)
    return matcher, time.perf_counter() - started


def measure(these: Sequence[Post], sizes: Sequence[int], rounds: int) -> list[Row]:
    """Microseconds a post for each stage and number of rules, all in turns, and what was found."""
    made = {rules: matcher_of(rules, these) for rules in sizes}
    stages: dict[str, Callable[[Sequence[Post]], object]] = {"fold": _fold}
    for rules, (matcher, _) in made.items():
        stages[f"floor {rules}"] = partial(_floor, matcher)
        stages[f"evaluate {rules}"] = partial(_evaluate, matcher)
        stages[f"words {rules}"] = partial(_words, matcher)
    rounds_of(stages, these, 1)  # what is made when first asked for is made
    gc.collect()
    gc.freeze()
    taken = rounds_of(stages, these, rounds)
    return [_row(rules, made[rules], taken, these) for rules in sizes]


def _fold(these: Sequence[Post]) -> None:
    for post in these:
        fold(post.text)


def _floor(matcher: Matcher, these: Sequence[Post]) -> None:
    find = matcher.scan
    for post in these:
        find(fold(post.text))


def _evaluate(matcher: Matcher, these: Sequence[Post]) -> None:
    for post in these:
        evaluate(matcher, post, NAME)


def _words(matcher: Matcher, these: Sequence[Post]) -> None:
    for post in these:
        for hit in evaluate(matcher, post, NAME):
            _ = hit.found


def _row(
    rules: int, made: tuple[Matcher, float], taken: dict[str, list[float]], these: Sequence[Post]
) -> Row:
    matcher, seconds = made
    fold_time, floor = taken["fold"], taken[f"floor {rules}"]
    judged, told = taken[f"evaluate {rules}"], taken[f"words {rules}"]
    hits = [len(evaluate(matcher, post, NAME)) for post in these]
    finds = sum(len(matcher.scan(fold(post.text))) for post in these)
    near = sum(matcher.tried(post.text) for post in these)
    each = 1e6 / len(these)
    return {
        "rules": rules,
        "terms": matcher.size.terms,
        "patterns": matcher.size.patterns,
        "compile s": seconds,
        "fold us": statistics.median(fold_time) * each,
        "+ scan us": statistics.median(floor) * each,
        "evaluate us": statistics.median(judged) * each,
        "ratio": statistics.median(a / b for a, b in zip(judged, floor, strict=True)),
        "with words": statistics.median(a / b for a, b in zip(told, floor, strict=True)),
        "finds/post": finds / len(these),
        "tried/post": near / len(these),
        "hits/post": sum(hits) / len(these),
        "posts hit": sum(map(bool, hits)) / len(these),
    }


def main() -> None:
    """Print one row for each number of rules."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rules", type=int, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument("--posts", type=int, default=6_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    these = posts(options.posts)
    length = statistics.mean(len(post.text) for post in these)
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores; "
          f"{len(these)} posts, {length:.0f} characters on average; seed {SEED}")  # fmt: skip
    rows = measure(these, options.rules, options.rounds)
    print("  ".join(f"{name:>11}" for name in rows[0]))
    for row in rows:
        print("  ".join(f"{value:11.2f}" if isinstance(value, float) else f"{value:11}"
                        for value in row.values()))  # fmt: skip
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
