"""Hostile posts: whatever the text, judging it ends soon, with places inside it."""

import json
import time
from collections.abc import Callable

import pytest

from monitor.matching.evaluate import Matcher, evaluate
from monitor.matching.verdict import explain
from monitor.post import Post
from monitor.rule import AllOf, AnyOf, NoneOf, Rule, Term
from monitor.text.caps import capped
from monitor.text.fold import fingerprint
from tests.cost import least
from tests.data import data_file
from tests.test_evaluate import NAME, Book, post, rule, terms

RULES: tuple[Rule, ...] = (
    rule("words", AnyOf(terms("слово", "два слова", "take", "таке", "==США", "п'ять"))),
    rule("beginnings", AnyOf(terms("сло* сло* сло*", "сло* слово", "слово сло*", "the*"))),
    rule("gaps", AllOf((AnyOf(terms("слово слово слово", "а слово")), NoneOf(terms("мир"))))),
    rule("scripts", AnyOf(terms("北京", "Ελλάδα", "مرحبا"))),
)
BOMBS: dict[str, Callable[[], str]] = {
    "one megabyte of hits": lambda: "слово " * 170_000,
    "one megabyte of spaces between": lambda: "слово" + " " * 1_000_000 + "слово",
    "one word of a megabyte": lambda: "слово" * 200_000,
    "one megabyte of beginnings": lambda: "словоа  " * 120_000,
    "100,000 marks": lambda: "слово" + "\u0301" * 100_000,
    "100,000 alternating marks": lambda: "с\u0301л\u0327" * 50_000,
    "100,000 longest decompositions": lambda: "слово " + "\ufdfa" * 100_000,
    "100,000 ligatures": lambda: "ﬃ" * 100_000 + " слово",
    "100,000 tags": lambda: "<a " * 100_000 + "слово",
    "apostrophes": lambda: "п'" * 300_000,
    "mixed directions": lambda: "\u202e\u2066слово\u2069 \u200fمرحبا\u202c take\u061c " * 20_000,
    "lone surrogates": lambda: "слово\ud800\udfff" * 50_000,
    "NUL": lambda: "слово\x00" * 50_000,
    "emoji of five people": lambda: "👨‍👩‍👧‍👦🏳️‍🌈" * 20_000 + "слово",
    "look-alikes": lambda: "тaке take таке " * 40_000,
    "ideographs": lambda: "北京" * 100_000,
}


def judged(matcher: Matcher, given: Post) -> float:
    """Judge and explain a post; returns the CPU seconds it took."""
    started = time.thread_time()
    hits = evaluate(matcher, given, NAME)
    took = time.thread_time() - started
    for hit in hits:
        for one in hit.found:
            assert given.text[one.start : one.end] == one.text
            assert one.text
    assert fingerprint(given.text) is not None
    return took


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_judged_soon(name: str) -> None:
    """Each bomb, capped, is judged in a bounded time (goal 50 ms; ten times that fails here)."""
    text, _ = capped(BOMBS[name]())
    matcher = Matcher(Book(RULES))
    judged(matcher, post(text))
    assert least(lambda: evaluate(matcher, post(text), NAME), 0.5) < 0.5


@pytest.mark.parametrize("name", ["one megabyte of hits", "one megabyte of spaces between"])
def test_time_grows_as_the_text(name: str) -> None:
    """Four times the text takes no more than about four times as long, even uncapped."""
    matcher, text = Matcher(Book(RULES)), BOMBS[name]()
    quarter = min(judged(matcher, post(text[: len(text) // 4])) for _ in range(3))
    whole = min(judged(matcher, post(text)) for _ in range(3))
    assert whole < quarter * 12 + 0.05


def test_naughty_strings_as_posts() -> None:
    """Each of the 515 naughty strings is judged and explained without error."""
    naughty = json.loads(data_file("hostile/blns/blns.json").read_text(encoding="utf-8"))
    matcher = Matcher(Book((*RULES, rule("anything", NoneOf((Term("xyzzy"),))))))
    for text in naughty:
        for given in (text, capped(text)[0], f"слово {text} слово"):
            judged(matcher, post(given))
            assert explain(matcher, post(given))
