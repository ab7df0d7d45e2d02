"""The profile that every figure of the engine is measured on: real posts, rules drawn from a seed.

Posts: two thirds Russian news, one third Ukrainian news and mixed channels, in the proportions of
the collection (../shared/data beside the checkout, or $MONITOR_SHARED_DATA).

Rules, words drawn from all posts of those files by the share of posts that has them:

- 97 % of the rules want words and a *place word* (in one or two of all posts); half of them 3-8
  *hot* words out of 100 (each in 0.3 to 1.2 % of the posts), the other half 2-6 *rare* ones (in
  under 0.03 %), one in five a phrase of two words. 3 % want phrases only.
- 0-2 hot words are excluded; 30 % ask who speaks (whoever speaks here is `official`).
- Plain terms: each is looked for in all its grammatical forms.

With the number of rules the pools of place words, rare words and phrases grow, as they do for real.
What came out (terms, patterns, finds, candidates and hits a post) stands beside every figure.
"""

import collections
import gzip
import json
import os
import random
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path

from monitor.matching.evaluate import Matcher
from monitor.post import Post, PostName
from monitor.rule import AllOf, AnyOf, Condition, NoneOf, Rule, Speaker, Term
from monitor.rulebook.book import Rulebook, bind
from monitor.source import SourceInfo

DATA = Path(
    os.environ.get("MONITOR_SHARED_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data"
)
FILES = ("ru-news", "uk-mixed", "uk-news")
SEED = 20230522
NAME = PostName("telegram:a", "1")
WHEN = datetime(2023, 5, 22, tzinfo=UTC)
HOT_WORDS = 100


@cache
def texts() -> tuple[tuple[str, ...], ...]:
    """Every text of the three files."""
    return tuple(_texts(name) for name in FILES)


def _texts(name: str) -> tuple[str, ...]:
    with gzip.open(DATA / "posts" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return tuple(json.loads(line)["text"] for line in lines)


def posts(count: int) -> list[Post]:
    """Real posts in the order of their files: two thirds Russian, one third Ukrainian and mixed."""
    shares = (count * 2 // 3, count // 6, count // 6)
    chosen = [text for of, share in zip(texts(), shares, strict=True) for text in of[:share]]
    return [Post(source=NAME.source, id="1", published_at=WHEN, text=text) for text in chosen]


@cache
def _shares() -> tuple[dict[str, float], dict[str, float]]:
    """The share of posts that has each word of six letters or more, and each pair of them."""
    words: collections.Counter[str] = collections.Counter()
    pairs: collections.Counter[str] = collections.Counter()
    every = [text for of in texts() for text in of]
    for text in every:
        found = re.findall(r"[^\W\d_]{6,}", text.lower())
        words.update(set(found))
        pairs.update({" ".join(pair) for pair in pairwise(found)})
    count = len(every)
    return (
        {word: number / count for word, number in words.items()},
        {pair: number / count for pair, number in pairs.items()},
    )


class Profile:
    """Rules of the profile."""

    def __init__(self, rules: int) -> None:
        self._random = random.Random(SEED)  # noqa: S311 - the same rules every time
        words, pairs = _shares()
        self._hot = self._drawn(words, 0.003, 0.012, HOT_WORDS)
        self._places = self._drawn(words, 0.00002, 0.00006, 300 + rules // 4)
        self._rare = self._drawn(words, 0.00005, 0.0003, 600 + rules // 3)
        self._pairs = self._drawn(pairs, 0.00005, 0.0005, 150 + rules // 10)

    def _drawn(self, shares: dict[str, float], least: float, most: float, count: int) -> list[str]:
        fitting = sorted(one for one, share in shares.items() if least <= share < most)
        return self._random.sample(fitting, min(count, len(fitting)))

    def rule(self, number: int) -> Rule:
        """One rule of the profile."""
        draw, choose = self._random.random, self._random.choice
        bound = draw() < 0.97
        hot = bound and draw() < 0.5
        count = self._random.randint(3, 8) if hot else self._random.randint(2, 6)
        words = self._hot if hot else self._rare
        phrases = (0.0 if hot else 0.2) if bound else 1.0
        terms = [choose(self._pairs if draw() < phrases else words) for _ in range(count)]
        parts: list[Condition] = [AnyOf(tuple(map(Term, dict.fromkeys(terms))))]
        if bound:
            parts.append(Term(choose(self._places)))
        excluded = [Term(choose(self._hot)) for _ in range(self._random.randint(0, 2))]
        if excluded:
            parts.append(NoneOf(tuple(excluded)))
        if draw() < 0.3:
            parts.append(Speaker(role=("official", "militia")))
        return Rule(id=f"rule-{number:05}", title="Drawn from a seed", when=AllOf(tuple(parts)))


@cache
def book(rules: int) -> Rulebook:
    """A rulebook of the profile."""
    profile = Profile(rules)
    who = SourceInfo(id=NAME.source, role="official")
    return bind([profile.rule(number) for number in range(rules)], [who])


def counted(matcher: Matcher, these: Iterable[Post]) -> dict[str, int]:
    """In how many posts each term was found."""
    counts: collections.Counter[str] = collections.Counter()
    for post in these:
        counts.update(matcher.terms_in(post.text))
    return dict(counts)
