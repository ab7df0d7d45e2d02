"""Judging equals the reference matcher: drawn rules and posts, random pairs, real posts."""

import gzip
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.lexicon.surfaces import as_written
from monitor.matching.evaluate import Matcher, evaluate
from monitor.matching.verdict import explain
from monitor.post import Media, Origin, Post
from monitor.rule import (
    AllOf,
    AnyOf,
    AtLeast,
    Condition,
    Count,
    Except,
    Link,
    NoneOf,
    Scope,
    Shape,
    Speaker,
    Term,
)
from monitor.source import SourceInfo
from tests import naive
from tests.data import data_file
from tests.random_rules import answers, compared
from tests.test_evaluate import NAME, Book, post, rule, terms

WORDS = (
    "дрг", "Mосква", "москва", "take", "таке", "Гора-Подол", "гора", "подол", "п'ять", "пять",
    "ять", "it's", "I'm", "С-300", "C-300", "300", "Müller", "mueller", "straße", "ё", "ещё", "еще",
    "й", "и\u0306од", "йод", "сло\u00adво", "слово", "сло\u200bво", "за\u0301мок", "замок",
    "им", "him", "НЕТ", "нет", "HET", "обстрел", "обстрелы", "об", "x", "х", "ѕлово",
    "Ελλάδα", "ελλαδα", "مرحبا", "𝗱𝗿𝗼𝗻𝗲", "drone",
)  # fmt: skip
GAPS = (
    " ", "  ", ", ", ".\n\n", " — ", "-", "«", "» ", "🔥", "⚡️", "'", "’", "\u200b", "", "\ufe0f",
    " #", "#", "_", "&#", ". ", "! ", "?\n", ".\n\n", ", ",
)  # fmt: skip
TERMS = (
    *(word for word in WORDS if "\u200b" not in word), "обстр*", "мос*", "=нет", "==НЕТ", "==нет",
    "гора подол", "взят* гор*", "сло* слово", "таке слово", "им take", "замок обстр*", "С 300 нет",
    "@Снов", "~обстрел", "#слово", "#сло*", "#нет_слово",
    "слово ~2 нет", "слово >2 замок", "сло* ~3 =нет", "дрг ~3 дрг", "им take ~2 #слово",
    "@Снов ~4 Ελλάδα",
    "x таке", "the*", "слово слово слово", "йод*", "/[сc]л.в/", "/нет|дрг/",
)  # fmt: skip
OTHERS: tuple[Condition, ...] = (
    Speaker(role=("official",)), Speaker(source=("telegram:x",)),
    Link(("example.org",)), Link(("t.me/one", "example.com")),
    Shape(has=("video",)), Shape(has=("media", "poll")), Shape(words=False), Shape(words=True),
    Shape(forwarded=False), Shape(reply=True, edited=False),
)  # fmt: skip
MORE_WORDS = (
    "8",
    "трое",
    "более 20",
    "3-5",
    "нет",
    "и",
    "г.",
    "ул.",
    "https://www.example.org/one",
    "t.me/one",
    "example.com",
    "Не",
    "взяты",
    "слова",
    "Snow",
    "snow",
    "обстреляли",
)
texts = st.lists(
    st.tuples(
        st.sampled_from((*WORDS, *MORE_WORDS)),
        st.sampled_from(GAPS),
    ),
    max_size=12,
).map(lambda parts: "".join(word + gap for word, gap in parts))
terms_drawn = st.sampled_from(TERMS).map(Term)
leaves = st.one_of(terms_drawn, terms_drawn, st.sampled_from(OTHERS))
several = st.lists(terms_drawn, min_size=1, max_size=3).map(tuple)
asked = st.one_of(
    st.builds(Except, several, several),
    st.builds(
        Count,
        of=several,
        but=st.one_of(st.just(()), several),
        at_least=st.sampled_from([None, 1, 5]),
        at_most=st.sampled_from([None, 5, 8]),
        name=st.sampled_from(["number", "injured"]),
    ),
)
conditions: st.SearchStrategy[Condition] = st.recursive(
    st.one_of(leaves, leaves, leaves, asked),
    lambda parts: st.one_of(
        st.lists(parts, min_size=1, max_size=4).map(lambda these: AllOf(tuple(these))),
        st.lists(parts, min_size=1, max_size=4).map(lambda these: AnyOf(tuple(these))),
        st.lists(parts, min_size=1, max_size=2).map(lambda these: NoneOf(tuple(these))),
        st.tuples(st.integers(0, 3), st.lists(parts, min_size=1, max_size=3)).map(
            lambda these: AtLeast(these[0], tuple(these[1]))
        ),
        st.builds(Scope, st.sampled_from(["sentence", "paragraph"]), parts),
    ),
    max_leaves=8,
)
posts = st.builds(
    Post,
    source=st.just("telegram:x"),
    id=st.just("1"),
    kind=st.sampled_from(["new", "edit"]),
    published_at=st.just(datetime(2023, 5, 22, tzinfo=UTC)),
    text=texts,
    reply_to=st.sampled_from([None, "7"]),
    forwarded_from=st.sampled_from([None, Origin("telegram:y", "9")]),
    media=st.lists(st.sampled_from([Media("photo"), Media("video"), Media("preview")]),
                   max_size=2).map(tuple),
    links=st.sampled_from([(), ("https://hidden.example.org/page",)]),
)  # fmt: skip


@settings(max_examples=100)
@given(st.lists(conditions, min_size=1, max_size=4), st.lists(posts, min_size=1, max_size=5))
def test_hits_equal_the_reference(whens: list[Condition], bodies: list[Post]) -> None:
    """For any rules and posts the hits and their places are those of the reference matcher."""
    rules = tuple(rule(f"r{number}", when) for number, when in enumerate(whens))
    who = SourceInfo(id="telegram:x")
    matcher = Matcher(Book(rules, {who.id: who}), inflect=as_written)
    for one in bodies:
        assert answers(matcher, one) == naive.evaluate(rules, one.text, who, one)


@settings(max_examples=100)
@given(st.lists(conditions, min_size=1, max_size=4), posts)
def test_explanations_agree_with_hits(whens: list[Condition], one: Post) -> None:
    """A rule is explained as matched exactly when it hits."""
    rules = tuple(rule(f"r{number}", when) for number, when in enumerate(whens))
    matcher = Matcher(Book(rules), inflect=as_written)
    explained = {verdict.id for verdict in explain(matcher, one) if verdict.matched}
    assert explained == {hit.rule.id for hit in evaluate(matcher, one, NAME)}


def test_five_thousand_pairs_equal_the_reference() -> None:
    """Random rules with every construct: hits, places and numbers are those of the reference.

    A hundred thousand: `python scripts/compare_matchers.py`.
    """
    hits = 0
    for pair in compared(5_000, seed=20230522):
        assert not pair.difference
        hits += bool(pair.engine)
    assert hits > 2_000


REAL_RULES = (
    rule("drones", AnyOf(terms("беспилотник*", "дрон*", "БПЛА", "=дронов"))),
    rule("shelling", AllOf((AnyOf(terms("обстрел*", "удар*", "взрыв*")), NoneOf(terms("учения"))))),
    rule("president", AnyOf(terms("президент*", "Путин", "Зеленск*", "глава государства"))),
    rule("defence", AnyOf(terms("министерств* оборон*", "минобороны", "вооруженных сил"))),
    rule("region", AnyOf(terms("Белгородск* област*", "Курской области", "Москва", "Москве"))),
    rule("money", AtLeast(2, terms("рубл*", "млн", "доллар*", "процент*", "цен*"))),
    rule("usa", AnyOf(terms("==США", "Трамп*", "Байден*"))),
    rule("latin", AnyOf(terms("take", "him", "no", "Telegram", "iPhone"))),
)


@pytest.mark.timeout(900)
def test_real_posts_give_the_hits_of_the_reference() -> None:
    """On 16,695 real posts, under rules that fire on 5 % or more, hits and places are equal."""
    who = SourceInfo(id="telegram:x")
    matcher = Matcher(Book(REAL_RULES, {who.id: who}), inflect=as_written)
    fired = posts = 0
    with gzip.open(data_file("posts/ru-news.jsonl.gz"), "rt", encoding="utf-8") as lines:
        for line in lines:
            text = json.loads(line)["text"]
            hits = answers(matcher, post(text))
            posts += 1
            fired += bool(hits)
            assert hits == naive.evaluate(REAL_RULES, text, who), text
    assert posts == 16_695
    assert fired >= posts / 20
