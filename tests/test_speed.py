"""Judging a post costs little more than looking for words in it, however many rules there are."""

import gc
import random
import statistics
import time
from collections.abc import Callable

from monitor.lexicon.surfaces import as_written
from monitor.matching.evaluate import Matcher, evaluate
from monitor.post import Post, PostName
from monitor.rule import AllOf, AnyOf, NoneOf, Rule, Term
from monitor.source import SourceInfo
from monitor.text.fold import fold
from tests.test_evaluate import Book, post, rule

NAME = PostName("telegram:x", "1")
LETTERS = "абвгдезилмнопрстуф"
MOST = 3.5
"""Judging / (fold + raw scan). A busy machine shows 2.2; filed under common words, 4.2."""


def made(rules: int) -> tuple[Matcher, list[Post]]:
    """Rules of common words and a rare one each, and posts in which a few of them stand."""
    rng = random.Random(7)
    # Nothing stretched: no letter of a word stands twice.
    words = ["".join(rng.sample(LETTERS, k=rng.randint(5, 9))) for _ in range(9_000)]
    common, rare = words[:400], words[400:]
    those = tuple(_rule(number, rng, common, rare) for number in range(rules))
    matcher = Matcher(
        Book(those, {"telegram:x": SourceInfo(id="telegram:x")}),
        inflect=as_written,
        counts=dict.fromkeys(common, 50) | dict.fromkeys(rare, 1),
    )
    others = ["".join(rng.sample(LETTERS, k=7)) for _ in range(9_000)]
    texts = [
        rng.choices(common, k=4) + rng.choices(words, k=8) + rng.choices(others, k=40)
        for _ in range(600)
    ]
    return matcher, [post(" ".join(text)) for text in texts]


def _rule(number: int, rng: random.Random, common: list[str], rare: list[str]) -> Rule:
    some, none = rng.sample(common, 5), rng.sample(common, 1)
    parts = (AnyOf(tuple(map(Term, some))), Term(rng.choice(rare)), NoneOf((Term(none[0]),)))
    return rule(f"r{number:05}", AllOf(parts))


def ratio(matcher: Matcher, posts: list[Post]) -> float:
    """The median over short rounds in which both take turns."""

    def floor(one: Post) -> None:
        matcher.scan(fold(one.text))

    def judge(one: Post) -> None:
        evaluate(matcher, one, NAME)

    def taken(run: Callable[[Post], None], some: list[Post]) -> float:
        started = time.thread_time()
        for one in some:
            run(one)
        return time.thread_time() - started

    for one in posts:
        judge(one)
    gc.collect()
    rounds = [posts[start::6] for start in range(6)] * 7
    return statistics.median(taken(judge, some) / taken(floor, some) for some in rounds)


def test_judging_costs_little_more_than_looking() -> None:
    """With 1,000 rules, judging takes less than 3.5 times as long as fold and raw scan."""
    matcher, posts = made(1_000)
    assert ratio(matcher, posts) < MOST


def test_what_is_tried_follows_what_is_found() -> None:
    """A post tries the rules whose rare word it has, not the many that its other words are in."""
    matcher, posts = made(3_000)
    tried = [matcher.tried(one.text) for one in posts]
    assert 1 < statistics.mean(tried) < 10
    assert sum(map(bool, tried)) > len(posts) / 2


def test_a_gap_that_leads_nowhere_brings_no_rule_near() -> None:
    """A rule of a phrase is not tried for its first word and a wide gap, but for the phrase."""
    rules = [rule("r1", Term("белый дом")), rule("r2", Term("белый снег"))]
    matcher = Matcher(Book(tuple(rules), {}), inflect=as_written)
    for gap in (", ", " — ", "\n\n— ", " 🔥🔥🔥 "):
        assert matcher.tried(f"белый{gap}дым") == 0
        assert matcher.tried(f"белый{gap}дом") == 1
