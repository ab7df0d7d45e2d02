"""How long judging a post takes, beside the floor of folding it and one raw scan.

    python benchmarks/matching.py [--rules 1000 10000] [--posts 6000] [--rounds 7]

Real posts (../shared/data beside the checkout, or $MONITOR_SHARED_DATA); rules from a seed, after
one published profile: 97 % want 3-8 words out of 100 common ones, or 2-6 rarer ones of which one in
five is a phrase, and a place (a rare word); 3 % want phrases only; 0-2 words are excluded; 30 % ask
who speaks. Plain terms are expanded into their grammatical forms.

The stages of one round follow each other; figures are medians over the rounds. On a machine that
does other things too, only the ratios within a row mean anything.
"""

import argparse
import collections
import gzip
import json
import os
import platform
import random
import re
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice, pairwise
from pathlib import Path

from monitor.lexicon.inflect import plain_forms
from monitor.matching.evaluate import Matcher, evaluate
from monitor.matching.scan import Scanner
from monitor.post import Post, PostName
from monitor.rule import AllOf, AnyOf, Condition, NoneOf, Rule, Speaker, Term
from monitor.rulebook.book import Rulebook, bind
from monitor.rulebook.compile import compile_rulebook
from monitor.source import SourceInfo
from monitor.text.fold import fold

DATA = Path(
    os.environ.get("MONITOR_SHARED_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data"
)
FILES = ("ru-news", "uk-mixed", "uk-news")
SEED = 20230522
NAME = PostName("telegram:a", "1")
COMMON_WORDS = 100


def posts(count: int) -> list[Post]:
    """Real posts, two thirds Russian and one third Ukrainian."""
    texts: list[str] = []
    for name, share in zip(FILES, (count * 2 // 3, count // 6, count // 6), strict=True):
        with gzip.open(DATA / "posts" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            texts += [json.loads(line)["text"] for line in islice(lines, share)]
    when = datetime(2023, 5, 22, tzinfo=UTC)
    return [Post(source=NAME.source, id="1", published_at=when, text=text) for text in texts]


class Profile:
    """Rules drawn from the words of the posts."""

    def __init__(self, these: list[Post], rules: int) -> None:
        self._random = random.Random(SEED)  # noqa: S311 - the same rules every time
        words: collections.Counter[str] = collections.Counter()
        pairs: collections.Counter[str] = collections.Counter()
        for post in these:
            found = re.findall(r"[^\W\d_]{6,}", post.text.lower())
            words.update(set(found))
            pairs.update({" ".join(pair) for pair in pairwise(found)})
        rare = self._mixed(word for word, count in words.items() if count <= 12)
        common = self._mixed(word for word, count in words.items() if 20 < count <= 80)
        self._common = common[:COMMON_WORDS]
        places = self._mixed(word for word, count in words.items() if count <= 2)
        self._places = places[: 300 + rules // 4]
        self._rare = rare[-(600 + rules // 3) :]
        self._pairs = self._mixed(pair for pair, count in pairs.items() if count <= 3)
        self._pairs = self._pairs[: 150 + rules // 10]

    def _mixed(self, words: Iterator[str]) -> list[str]:
        found = sorted(words)
        self._random.shuffle(found)
        return found

    def rule(self, number: int) -> Rule:
        """One rule of the profile."""
        draw, choose = self._random.random, self._random.choice
        bound = draw() < 0.97
        hot = bound and draw() < 0.5
        count = self._random.randint(3, 8) if hot else self._random.randint(2, 6)
        words = self._common if hot else self._rare
        phrases = (0.0 if hot else 0.2) if bound else 1.0
        terms = [choose(self._pairs if draw() < phrases else words) for _ in range(count)]
        parts: list[Condition] = [AnyOf(tuple(map(Term, terms)))]
        if bound:
            parts.append(Term(choose(self._places)))
        excluded = [Term(choose(self._common)) for _ in range(self._random.randint(0, 2))]
        if excluded:
            parts.append(NoneOf(tuple(excluded)))
        if draw() < 0.3:
            parts.append(Speaker(role=("official", "militia")))
        return Rule(id=f"rule-{number:05}", title="Made from a seed", when=AllOf(tuple(parts)))


def book_of(these: list[Post], rules: int) -> Rulebook:
    """A rulebook of the profile."""
    profile = Profile(these, rules)
    who = SourceInfo(id=NAME.source, role="official")
    return bind([profile.rule(number) for number in range(rules)], [who])


def running_counts(matcher: Matcher, these: list[Post]) -> collections.Counter[str]:
    """How often each term was found in earlier posts."""
    counts: collections.Counter[str] = collections.Counter()
    for post in these:
        counts.update(matcher.terms_in(post.text))
    return counts


def measure(these: list[Post], rules: int, rounds: int) -> dict[str, float]:
    """Microseconds a post for each stage, and what was found."""
    book = book_of(these, rules)
    counts = running_counts(Matcher(book), these[::4])
    started = time.perf_counter()
    matcher = Matcher(book, counts=counts)
    seconds = time.perf_counter() - started
    patterns = compile_rulebook(book, inflect=plain_forms).narrow
    scan = Scanner(patterns, frozenset()).find
    folded = [fold(post.text) for post in these]
    stages: dict[str, Callable[[], object]] = {
        "fold": lambda: [fold(post.text) for post in these],
        "scan": lambda: [scan(text) for text in folded],
        "evaluate": lambda: [evaluate(matcher, post, NAME) for post in these],
    }
    taken: dict[str, list[float]] = {stage: [] for stage in stages}
    for _ in range(rounds):
        for stage, run in stages.items():
            started = time.thread_time()
            run()
            taken[stage].append((time.thread_time() - started) / len(these) * 1e6)
    ratios = [
        judged / (fold_time + scan_time)
        for judged, fold_time, scan_time in zip(
            taken["evaluate"], taken["fold"], taken["scan"], strict=True
        )
    ]
    hits = sum(len(evaluate(matcher, post, NAME)) for post in these)
    return {
        "rules": rules,
        "patterns": len(patterns.meanings),
        "compile s": seconds,
        **{f"{stage} us": statistics.median(times) for stage, times in taken.items()},
        "ratio": statistics.median(ratios),
        "hits/post": hits / len(these),
    }


def main() -> None:
    """Print one row for each number of rules."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rules", type=int, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument("--posts", type=int, default=6_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    these = posts(options.posts)
    length = statistics.mean(len(post.text) for post in these)
    print(
        f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores;",
        end=" ",
    )
    print(f"{len(these)} posts, {length:.0f} characters on average; seed {SEED}")
    rows = [measure(these, rules, options.rounds) for rules in options.rules]
    print("  ".join(f"{name:>11}" for name in rows[0]))
    for row in rows:
        print("  ".join(f"{value:11.2f}" if isinstance(value, float) else f"{value:11}"
                        for value in row.values()))  # fmt: skip


if __name__ == "__main__":
    main()
