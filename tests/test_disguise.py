"""Words whose letters are stretched or pulled apart: found, where they stand in the post."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.matching.evaluate import Matcher, evaluate
from monitor.matching.verdict import explain
from monitor.post import Post, PostName
from monitor.rule import AllOf, AnyOf, Condition, NoneOf, Rule, Term
from monitor.rulebook.book import bind
from monitor.text.disguise import places, readings
from tests import naive_words
from tests.random_rules import WHEN

NAME = PostName("telegram:x", "1")


def found(when: Condition, text: str) -> list[str]:
    """The words of a rule's hit in a text."""
    matcher = Matcher(bind([Rule(id="r", title="x", when=when)], []))
    post = Post(source="telegram:x", id="1", published_at=WHEN, text=text)
    hits = evaluate(matcher, post, NAME)
    verdicts = [verdict for verdict in explain(matcher, post) if verdict.matched]
    assert len(hits) == len(verdicts)
    return [one.text for hit in hits for one in hit.found]


@pytest.mark.parametrize(
    ("term", "text", "words"),
    [
        ("обстрел", "Опять обстреееел!", ["обстреееел"]),
        ("обстрел", "обстррррелы, обстрел", ["обстррррелы", "обстрел"]),
        ("программа", "Программммма", ["Программммма"]),
        ("ДРГ", "🔥 Д🔥Р🔥Г зашла", ["Д🔥Р🔥Г"]),
        ("ДРГ", "Д.Р.Г. и Д-Р-Г", ["Д.Р.Г", "Д-Р-Г"]),
        ("обстрел", "о б с т р е л а нет", ["о б с т р е л а"]),
        ("взрыв", "в⚡️з⚡️р⚡️ы⚡️в", ["в⚡️з⚡️р⚡️ы⚡️в"]),
        ("drone", "droooone, d*r*o*n*e", ["droooone", "d*r*o*n*e"]),
        ("drone", "druuuurne, drooonnnne", ["drooonnnne"]),
        ("тревога", "тревооога", ["тревооога"]),
        ("=ООО", "ООО «Дом», III и СССР", ["ООО"]),
        ("и", "и в с", ["и"]),
        ("@Гладков", "Глааадков", ["Глааадков"]),
    ],
)  # fmt: skip
def test_disguised_words_are_found(term: str, text: str, words: list[str]) -> None:
    """A find is the whole disguised word in the post's own text, in its order."""
    assert found(Term(term), text) == words


def test_disguised_words_count_under_not() -> None:
    """What is disguised also takes away."""
    assert not found(AllOf((Term("взрыв"), NoneOf((Term("учения"),)))), "Взрыв: учееееения")
    assert found(AnyOf((Term("x"), Term("взрыв"))), "взрыыыыв")


@given(st.text("абвоwx .🔥\u200b", max_size=60))
def test_readings_lead_back(text: str) -> None:
    """Each character of another reading is the character of the text where it is said to stand."""
    for plain, kept in readings(text):
        back = places((plain, kept))
        assert plain != text
        assert plain == "".join(text[at] for at in back)
        assert back == sorted(set(back))


FIRST = ("обстрел", "обстреееел", "о б с т р е л", "тихо")
SECOND = ("села", "селлла", "в")
THIRD = ("град", "гррррад", "#обстрел", "м и р")
GAPS = (" ", ", ", " — 🔥\ufe0f ", "\n\n⚡️  ")
TERMS = ("обстрел", "=обстрел села", "=обстрел села град", "=град", "обстре*", "#обстрел", "=мир")


@given(
    st.lists(
        st.tuples(*(st.sampled_from(some) for some in (FIRST, GAPS, SECOND, GAPS, THIRD, GAPS))),
        max_size=12,
    )
)
def test_only_what_stands_beside_a_disguise_is_read_again(parts: list[tuple[str, ...]]) -> None:
    """Reading again around disguised words finds what reading the whole text again finds."""
    text = "".join("".join(part) for part in parts)
    plain = {term for one in (text, *(again for again, _ in readings(text)))
             for term in TERMS if _plainly(term, one)}  # fmt: skip
    assert {rule.title for rule in RULES if _holds(rule, text)} == plain


RULES = [Rule(id=f"r{at}", title=term, when=Term(term)) for at, term in enumerate(TERMS)]
MATCHER = Matcher(bind(RULES, []))


def _holds(rule: Rule, text: str) -> bool:
    post = Post(source="telegram:x", id="1", published_at=WHEN, text=text)
    return rule in [hit.rule for hit in evaluate(MATCHER, post, NAME)]


def _plainly(term: str, text: str) -> bool:
    """Whether the reference finds a term, which reads nothing twice."""
    return bool(naive_words.find(term, text))
