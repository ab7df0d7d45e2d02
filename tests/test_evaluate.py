"""Judging posts: rules hold exactly when the reference matcher says so, with the same words."""

import gzip
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.incident import Ladder
from monitor.lexicon.surfaces import as_written
from monitor.matching.evaluate import Matcher, evaluate
from monitor.matching.seen import MAX_PLACES
from monitor.matching.verdict import Verdict, explain
from monitor.mistake import MistakesError
from monitor.place import Area, Place
from monitor.post import Media, Origin, Post, PostName
from monitor.rule import (
    AllOf,
    AnyOf,
    AtLeast,
    Condition,
    Count,
    Except,
    Link,
    NoneOf,
    Rule,
    Scope,
    Shape,
    Speaker,
    Term,
)
from monitor.source import SourceInfo
from monitor.watch import Entry, Watch
from tests import naive
from tests.data import data_file
from tests.random_rules import compared

NAME = PostName("telegram:x", "1", 1)


class Book(NamedTuple):
    """A rulebook made by hand."""

    rules: tuple[Rule, ...]
    sources: Mapping[str, SourceInfo] = {}
    hash: str = "book"
    ladder: Ladder = ()
    places: tuple[Place, ...] = ()
    areas: tuple[Area, ...] = ()
    watches: Mapping[str, Watch] = {}
    watchers: Mapping[str, tuple[Entry, ...]] = {}
    ids: tuple[str, ...] = ()


def rule(name: str, when: Condition) -> Rule:
    """A rule of one condition."""
    return Rule(id=name, title=name, when=when)


def terms(*texts: str) -> tuple[Term, ...]:
    """Terms as written."""
    return tuple(Term(text) for text in texts)


def post(text: str, source: str = "telegram:x") -> Post:
    """A post."""
    return Post(source=source, id="1", published_at=datetime(2023, 5, 22, tzinfo=UTC), text=text)


def found(text: str, *conditions: Condition) -> list[list[tuple[str, int, int]]]:
    """What was found for each condition as a rule of its own; empty where it does not hold."""
    rules = tuple(rule(f"r{number:02}", when) for number, when in enumerate(conditions))
    hits = {hit.rule.id: hit for hit in evaluate(Matcher(Book(rules)), post(text), NAME)}
    return [
        [(one.text, one.start, one.end) for one in hits[each.id].found] if each.id in hits else []
        for each in rules
    ]


def test_a_hit_says_which_words_where() -> None:
    """A hit's finds are slices of the original text, in order, with the term as written."""
    matcher = Matcher(Book((rule("r", AnyOf(terms("зашла*", "дрг"))),)))
    (hit,) = evaluate(matcher, post("🔥 ДРГ зашла!"), NAME)
    assert [(one.text, one.start, one.end, one.term) for one in hit.found] == [
        ("ДРГ", 2, 5, "дрг"),
        ("зашла", 6, 11, "зашла*"),
    ]
    assert (hit.post, hit.rulebook, hit.place) == (NAME, "book", None)


def test_who_speaks_is_stamped() -> None:
    """A hit carries role, side and family of the sources file; unknown and itself if not listed."""
    listed = SourceInfo(
        id="telegram:x", role="official", affiliation="ru-state", family="government"
    )
    when = rule("r", Term("дрг"))
    (known,) = evaluate(Matcher(Book((when,), {"telegram:x": listed})), post("ДРГ"), NAME)
    (stranger,) = evaluate(Matcher(Book((when,))), post("ДРГ"), NAME)
    assert (known.role, known.affiliation, known.family) == ("official", "ru-state", "government")
    assert (stranger.role, stranger.affiliation, stranger.family) == (
        "unknown", "unknown", "telegram:x",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "holds"),
    [
        (Speaker(role=("official", "militia")), True),
        (Speaker(role=("media",)), False),
        (Speaker(role=("official",), affiliation=("ua-state",)), False),
        (Speaker(family=("gov",)), True),
        (Speaker(source=("telegram:VVGladkov",)), True),
        (Speaker(source=("vvgladkov",)), False),
        (Speaker(language=("uk",)), False),
        (Speaker(language=("ru", "uk")), True),
    ],
)
def test_from_asks_who_speaks(asked: Speaker, *, holds: bool) -> None:
    """Lists in `from` are OR, its keys AND; an explanation shows what was asked and what is."""
    who = SourceInfo(
        id="telegram:vvgladkov", role="official", affiliation="ru-state", family="gov",
        language="ru",
    )  # fmt: skip
    matcher = Matcher(Book((rule("r", AllOf((Term("дрг"), asked))),), {who.id: who}))
    assert bool(evaluate(matcher, post("ДРГ", who.id), NAME)) is holds
    (verdict,) = explain(matcher, post("ДРГ", who.id))
    assert verdict.matched is holds
    assert all(reason.holds for reason in verdict.reasons) is holds
    if asked.role == ("media",):
        assert "from role media: telegram:vvgladkov is official" in [
            reason.check for reason in verdict.reasons
        ]


def test_an_unknown_speaker_is_nobody() -> None:
    """A source that is not listed satisfies no role, and `unknown` can be asked for."""
    book = Book(
        (
            rule("official", AllOf((Term("дрг"), Speaker(role=("official",))))),
            rule("unknown", AllOf((Term("дрг"), Speaker(role=("unknown",))))),
        )
    )
    assert [hit.rule.id for hit in evaluate(Matcher(book), post("дрг"), NAME)] == ["unknown"]


def test_a_source_limited_to_rules_hits_no_other() -> None:
    """`rules:` of a source keeps other rules from hitting, and the explanation says so."""
    who = SourceInfo(id="telegram:x", rules=("b",))
    book = Book((rule("a", Term("дрг")), rule("b", Term("дрг"))), {who.id: who})
    matcher = Matcher(book)
    assert [hit.rule.id for hit in evaluate(matcher, post("дрг"), NAME)] == ["b"]
    refused, held = explain(matcher, post("дрг"))
    assert (refused.matched, held.matched) == (False, True)
    assert refused.reasons[-1].check == "telegram:x is limited to rules b"


def test_conditions_nest() -> None:
    """all, any, not and at_least nest freely; only words of parts that hold are evidence."""
    text = "ДРГ у границы, учения"
    assert found(
        text,
        AllOf((*terms("дрг", "границы"), NoneOf(terms("парад")))),
        AllOf((Term("дрг"), NoneOf(terms("учения")))),
        AnyOf((AllOf(terms("дрг", "парад")), Term("учения"))),
        AtLeast(2, terms("дрг", "парад", "учения")),
        AtLeast(3, terms("дрг", "парад", "учения")),
        AnyOf((NoneOf(terms("парад")), Term("учения"))),
    ) == [
        [("ДРГ", 0, 3), ("границы", 6, 13)],
        [],
        [("учения", 15, 21)],
        [("ДРГ", 0, 3), ("учения", 15, 21)],
        [],
        [("учения", 15, 21)],
    ]


def test_a_rule_without_a_necessary_word_is_still_tried() -> None:
    """A rule that only excludes words holds for posts in which nothing is found."""
    assert evaluate(Matcher(Book((rule("r", NoneOf(terms("дрг"))),))), post("тихо"), NAME)
    assert not evaluate(Matcher(Book((rule("r", NoneOf(terms("дрг"))),))), post("ДРГ"), NAME)


def test_every_leaf_is_explained() -> None:
    """A rule that came near names each of its terms with what was found, also those that failed."""
    when = AllOf(
        (
            AnyOf((Term("ДРГ", "incursion"), Term("прорв*", "incursion"), Term("легион"))),
            Term("Козинка"),
            NoneOf(terms("учения")),
        )
    )
    (verdict,) = explain(Matcher(Book((rule("r", when),))), post("ДРГ прорвалась, это не учения"))
    assert [(reason.holds, reason.check) for reason in verdict.reasons] == [
        (True, "any of: $incursion (ДРГ, прорв*), легион"),
        (False, "Козинка"),
        (False, "none of: учения"),
    ]
    assert [[one.text for one in reason.found] for reason in verdict.reasons] == [
        ["ДРГ", "прорвалась"], [], ["учения"],
    ]  # fmt: skip


def test_groups_inside_groups_are_explained_one_by_one() -> None:
    """A group of groups is followed by the reasons of its parts."""
    when = AnyOf((AllOf(terms("дрг", "граница")), Term("прорыв")))
    (verdict,) = explain(Matcher(Book((rule("r", when),))), post("дрг"))
    assert verdict == Verdict("r", False, verdict.reasons)
    assert [(reason.holds, reason.check) for reason in verdict.reasons] == [
        (False, "any of: (all of: дрг, граница), прорыв"),
        (False, "- all of: дрг, граница"),
        (False, "- прорыв"),
    ]


def test_rules_far_away_are_not_explained() -> None:
    """A rule none of whose wanted terms was found is not among the verdicts."""
    book = Book((rule("near", Term("дрг")), rule("far", AllOf((Term("x"), NoneOf(terms("дрг")))))))
    assert [verdict.id for verdict in explain(Matcher(book), post("ДРГ"))] == ["near"]


def test_a_term_that_cannot_be_used_is_a_mistake() -> None:
    """Compiling reports every unusable term at its rule, with a hint."""
    bad = Rule(id="r", title="r", when=AnyOf(terms("об*", "C++")), file="rules.yaml", line=7)
    with pytest.raises(MistakesError) as caught:
        Matcher(Book((bad,)))
    assert [str(mistake).split(":")[:2] for mistake in caught.value.mistakes] == [
        ["rules.yaml", "7"]
    ] * 2


def test_plain_terms_are_found_in_every_form() -> None:
    """A plain term is found in its grammatical forms, a phrase with agreement; `=word` is not."""
    book = Book(
        (
            rule("phrase", Term("Белгородская область")),
            rule("plain", Term("дрон")),
            rule("written", Term("=дрон")),
        )
    )
    matcher = Matcher(book)
    inflected = evaluate(matcher, post("по дронам в Белгородской области"), NAME)
    assert [hit.rule.id for hit in inflected] == ["phrase", "plain"]
    assert [hit.rule.id for hit in evaluate(matcher, post("дрон"), NAME)] == ["plain", "written"]


@pytest.mark.parametrize(
    ("term", "text", "words"),
    [
        ("прорыв ~3 граница", "прорыв государственной границы", ["прорыв", "границы"]),
        ("прорыв ~3 граница", "границы: попытка прорыва", ["границы", "прорыва"]),
        ("прорыв >3 граница", "границы: попытка прорыва", []),
        ("прорв* ~2 границ*", "прорвали один, два границу", []),
        ("прорв* ~3 границ*", "прорвали один, два границу", ["прорвали", "границу"]),
        ("дрон ~2 дрон", "дрон", []),
        ("дрон ~2 дрон", "дроны за дронами", ["дроны", "дронами"]),
        ("=взрыв >1 ==Белгород", "взрыв Белгород взрыв", ["взрыв", "Белгород"]),
        (
            "ДРГ ~2 Белгородская область",
            "ДРГ в Белгородской области",
            ["ДРГ", "Белгородской области"],
        ),
        ("@Гладков ~2 обстрел", "Gladkov: обстрелы", ["Gladkov", "обстрелы"]),
        ("#белгород ~9 взрыв", "взрыв в городе #Белгород", ["взрыв", "Белгород"]),
        ("北京 ~3 дрон", "дрон 在北京市", ["дрон", "北京"]),
    ],
)
def test_words_near_each_other(term: str, text: str, words: list[str]) -> None:
    """`a ~5 b` finds both where one is among the five words beside the other, in any form."""
    for when in (Term(term), AllOf((Term(term), Term(term))), AnyOf((Term(term), Term("x1")))):
        assert [one for one, _, _ in found(text, when)[0]] == words
    assert not found(text, NoneOf(terms(term)))[0]
    near = evaluate(Matcher(Book((rule("r", NoneOf(terms(term))),))), post(text), NAME)
    assert bool(near) is not bool(words)


def test_words_too_far_apart_are_shown() -> None:
    """A rule whose two words are there but not near came near, and its reason shows them."""
    matcher = Matcher(Book((rule("r", Term("прорв* >2 границ*")),)))
    (verdict,) = explain(matcher, post("границу прорвали"))
    (reason,) = verdict.reasons
    assert (verdict.matched, reason.holds) == (False, False)
    assert [one.text for one in reason.found] == ["границу", "прорвали"]
    assert "not so near" in reason.check
    assert explain(matcher, post("прорвали")) == ()


def test_a_thousand_words_are_near_in_time() -> None:
    """Two common words in a post of 64 KiB are compared within a bounded number of places."""
    text = "дрон граница " * 3_000
    (hit,) = evaluate(Matcher(Book((rule("r", Term("дрон ~50 граница")),))), post(text), NAME)
    assert len(hit.found) == MAX_PLACES


def test_words_beside_a_beginning_have_their_forms() -> None:
    """In a phrase with a beginning, the other words are inflected one by one."""
    matcher = Matcher(Book((rule("r", Term("прорв* граница")),)))
    assert evaluate(matcher, post("прорвали границу"), NAME)
    assert not evaluate(matcher, post("прорвали пограничье"), NAME)


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


def hits_of(matcher: Matcher, one: Post) -> list[naive.Answer]:
    """The engine's answer in the reference's words; what stands nowhere in the text is left out."""
    return [
        (
            hit.rule.id,
            [(at.start, at.end, at.term or "") for at in hit.found if at.end],
            {name: value for name, value in hit.captured.items() if isinstance(value, int)},
        )
        for hit in evaluate(matcher, one, NAME)
    ]


@settings(max_examples=100, deadline=None)
@given(st.lists(conditions, min_size=1, max_size=4), st.lists(posts, min_size=1, max_size=5))
def test_hits_equal_the_reference(whens: list[Condition], bodies: list[Post]) -> None:
    """For any rules and posts the hits and their places are those of the reference matcher."""
    rules = tuple(rule(f"r{number}", when) for number, when in enumerate(whens))
    who = SourceInfo(id="telegram:x")
    matcher = Matcher(Book(rules, {who.id: who}), inflect=as_written)
    for one in bodies:
        assert hits_of(matcher, one) == naive.evaluate(rules, one.text, who, one)


@settings(max_examples=100, deadline=None)
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


@pytest.mark.timeout(300)
def test_real_posts_give_the_hits_of_the_reference() -> None:
    """On 16,695 real posts, under rules that fire on 5 % or more, hits and places are equal."""
    who = SourceInfo(id="telegram:x")
    matcher = Matcher(Book(REAL_RULES, {who.id: who}), inflect=as_written)
    fired = posts = 0
    with gzip.open(data_file("posts/ru-news.jsonl.gz"), "rt", encoding="utf-8") as lines:
        for line in lines:
            text = json.loads(line)["text"]
            hits = hits_of(matcher, post(text))
            posts += 1
            fired += bool(hits)
            assert hits == naive.evaluate(REAL_RULES, text, who), text
    assert posts == 16_695
    assert fired >= posts / 20
