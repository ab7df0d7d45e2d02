"""Judging posts: rules hold exactly when the reference matcher says so, with the same words."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import combinations
from typing import NamedTuple

import pytest

from monitor.incident import Ladder
from monitor.lexicon.surfaces import as_written
from monitor.matching.evaluate import Matcher, evaluate
from monitor.matching.seen import MAX_PLACES
from monitor.matching.verdict import Verdict, explain
from monitor.mistake import MistakesError
from monitor.place import Area, Place
from monitor.post import Post, PostName
from monitor.rule import (
    AllOf,
    AnyOf,
    AtLeast,
    Condition,
    NoneOf,
    Rule,
    Speaker,
    Term,
)
from monitor.rulebook.compile import compile_rulebook, one_by_one
from monitor.source import SourceInfo
from monitor.watch import Entry, Watch

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


SHARED = ("дрон", "=дрона", "==Дрона", "дрона*")


@pytest.mark.parametrize("these", [*combinations(SHARED, 2), *combinations(SHARED, 3), SHARED])
def test_terms_may_share_their_forms(these: tuple[str, ...]) -> None:
    """Of terms with a form in common each is found, whichever others there are."""
    for text, said in (
        ("дрон", {"дрон"}),
        ("дрона", {"дрон", "=дрона", "дрона*"}),
        ("Дрона", {"дрон", "=дрона", "==Дрона", "дрона*"}),
        ("дронами", {"дрон", "дрона*"}),
    ):
        holding = found(text, *terms(*these))
        assert {one for one, finds in zip(these, holding, strict=True) if finds} == (
            said.intersection(these)
        )


def test_a_hit_says_which_words_where() -> None:
    """A hit's finds are slices of the original text, in order, with the term as written."""
    matcher = Matcher(Book((rule("r", AnyOf(terms("зашла*", "дрг"))),)))
    (hit,) = evaluate(matcher, post("🔥 ДРГ зашла!"), NAME)
    assert [(one.text, one.start, one.end, one.term) for one in hit.found] == [
        ("ДРГ", 2, 5, "дрг"),
        ("зашла", 6, 11, "зашла*"),
    ]
    assert (hit.post, hit.rulebook, hit.place) == (NAME, "book", None)


@pytest.mark.parametrize("often", ["дрон*", "=дронов"])
def test_terms_at_one_place_follow_each_other_by_name(often: str) -> None:
    """What a hit says does not depend on which of its terms is the more common one."""
    book = Book((rule("r", AnyOf(terms("дрон*", "=дронов"))),))
    (hit,) = evaluate(Matcher(book, counts={often: 9}), post("дронов"), NAME)
    assert [one.term for one in hit.found] == ["=дронов", "дрон*"]


def test_what_rules_are_filed_under_is_numbered_last() -> None:
    """Terms that bring rules near have the last numbers, the most common of the others the first.

    One comparison tells whether anything is filed under a find: most finds have nothing.
    """
    rules = tuple(
        rule(f"r{rare}", AllOf((Term(rare), AnyOf(terms("удар", "взрыв", "обстрел")))))
        for rare in ("вялки", "ясная")
    )
    counts = {"удар": 5, "взрыв": 90, "обстрел": 20, "вялки": 1, "ясная": 2}
    made = compile_rulebook(Book(rules), one_by_one(as_written), counts)
    assert made.terms == ("взрыв", "обстрел", "удар", "ясная", "вялки")
    assert made.filed == 3
    assert made.groups[0] == (frozenset({4}), frozenset({0, 1, 2}))


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
