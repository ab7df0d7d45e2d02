"""Terms: what can be written is found, what cannot be found is refused with a hint."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.lexicon import foreign
from monitor.lexicon.surfaces import MAX_SURFACES, Surface, surfaces
from monitor.lexicon.terms import ParsedTerm, TermProblem, parse
from tests import naive_words
from tests.data import data_file


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ("ДРГ", [("дрг",)]),
        ("два  слова", [("два", "слова")]),
        ("=Гора-Подол", [("гора", "подол")]),
        ("обстрел*", [("обстрел*",)]),
        ("прорв* границ*", [("прорв*", "границ*")]),
        ("«Свобода России»", [("свобода", "россии")]),
        ("п’ять", [("п'ять",)]),
        ("Müller", [("mueller",), ("muller",)]),
        ("С-300", [("с", "300")]),
        ("слово —", [("слово",)]),
        ("北京", [("北京",)]),
    ],
)
def test_a_term_is_its_words(term: str, words: list[tuple[str, ...]]) -> None:
    """The surfaces of a term, without forms, are the words that the fold sees."""
    parsed = parse(term)
    assert isinstance(parsed, ParsedTerm)
    assert surfaces(parsed) == tuple(Surface(one) for one in words)


def test_capitals_are_kept_when_asked_for() -> None:
    """`==` keeps the capitals beside the words."""
    parsed = parse("==США")
    assert isinstance(parsed, ParsedTerm)
    assert (parsed.exact, parsed.cased) == (True, True)
    assert surfaces(parsed) == (Surface(("сша",), ("США",)),)


@pytest.mark.parametrize(
    ("term", "says"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("!!!", "no letter or digit"),
        ("🔥", "🔥"),
        ("C++", "+"),
        ("=", "after the ="),
        ("===слово", "too many ="),
        ("*", "no letter"),
        ("об*", "fewer than 3"),
        ("т.н.*", "fewer than 3"),
        ("*слово", "* can only stand once, at the end"),
        ("сло*во", "* can only stand once, at the end"),
        ("слово**", "* can only stand once, at the end"),
        ("слово -*", "fewer than 3"),
        ("слово ~5", "~5 stands between two words"),
        ("~5 слово", "~5 stands between two words"),
        ("a ~0 b", "no number from 1 to 50"),
        ("a >51 b", "no number from 1 to 50"),
        ("a ~5 b >3 c", "more than two words"),
        ("a ~5 об*", "fewer than 3"),
        ("a ~5 $list", "list"),
        ("@", "after the @"),
        ("@Глад*", "* and @ do not go together"),
        ("~обстрел*", "* and ~ do not go together"),
        ("@#Гладков", "@ and # do not go together"),
        ("~", "after the ~"),
        ("~обстрел города", "for one word"),
        ("#Гора-Подол", "only letters, digits and _"),
        ("#два слова", "only letters, digits and _"),
        ("#бе*", "fewer than 3"),
        ("/(a|a)*b/", "repeated without an end"),
        ("/(?:аб){2,}/", "repeated without an end"),
        ("/x*/", "finds nothing at all"),
        ("/\\b/", "finds nothing at all"),
        ("//", "empty regular expression"),
        ("/x/i", "after the expression"),
        ("/(/", "cannot read"),
        ("/(?=x)/", "cannot read"),
        ("/\\pL{900}\\pL{900}/", "too large"),
        ("/x{1001}/", "too large"),
        ("/(?P<Xy>x)/", "no name for a group"),
        ("/(a)(a)(a)(a)(a)(a)(a)(a)(a)/", "more than 8 groups"),
        ("xx:word", "no forms are known of the language xx"),
        ("fr:=mot", "before a plain word"),
        ("fr:mot*", "before a plain word"),
        ("fr:ro:mot", "before a plain word"),
        ("a ~5 /x/", "beside a regular expression"),
        ("$list", "list"),
        ("a\x00b", "U+0000"),
        ("\ud800", "U+D800"),
        ("слово " * 13, "13 words"),
        ("я" * 201, "201 characters"),
    ],
)
def test_what_cannot_be_found_is_refused(term: str, says: str) -> None:
    """A term that could not be found as it is meant is a problem with a hint."""
    problem = parse(term)
    assert isinstance(problem, TermProblem)
    assert says in problem.message
    assert problem.hint


def test_too_many_forms_are_refused() -> None:
    """A term that explodes into more than 10,000 forms is a problem with a hint."""
    parsed = parse("прорв* один два три")
    assert isinstance(parsed, ParsedTerm)
    problem = surfaces(parsed, lambda word: [f"{word}{chr(1072 + n)}" for n in range(25)])
    assert isinstance(problem, TermProblem)
    assert str(26**3) in problem.message
    problem = surfaces(
        ParsedTerm("x", ("слово",)), lambda word: (f"{word}{n}" for n in range(MAX_SURFACES + 1))
    )
    assert isinstance(problem, TermProblem)


def test_forms_are_only_for_plain_terms() -> None:
    """`=word` and `word*` have no other forms; in a phrase only the `*` word has none."""

    def inflect(word: str) -> list[str]:
        return [word, word + "а"]

    made = {}
    for term in ("дом", "=дом", "дом*", "дом* рост"):
        parsed = parse(term)
        assert isinstance(parsed, ParsedTerm)
        found = surfaces(parsed, inflect)
        assert not isinstance(found, TermProblem)
        made[term] = [" ".join(surface.words) for surface in found]
    assert made == {
        "дом": ["дом", "дома"],
        "=дом": ["дом"],
        "дом*": ["дом*"],
        "дом* рост": ["дом* рост", "дом* роста"],
    }


@given(st.text(st.characters(codec=None), max_size=40))
def test_any_string_is_a_term_or_a_problem(term: str) -> None:
    """No string raises; what parses has at least one surface with words."""
    parsed = parse(term)
    if isinstance(parsed, TermProblem):
        assert parsed.message
        assert parsed.hint
    else:
        found = surfaces(parsed)
        assert not isinstance(found, TermProblem)
        assert bool(found) is (parsed.kind != "expression")
        assert all(surface.words and all(surface.words) for surface in found)


def test_naughty_strings_are_terms_or_problems() -> None:
    """Each of the 515 naughty strings is a term that is found in itself, or a problem."""
    naughty = json.loads(data_file("hostile/blns/blns.json").read_text(encoding="utf-8"))
    assert len(naughty) == 515
    for text in naughty:
        parsed = parse(text)
        if isinstance(parsed, TermProblem):
            assert parsed.hint
        elif all(unicodedata.category(letter) != "Cf" for letter in text) and "*" not in text:
            assert naive_words.find(text, text) or not naive_words.words(text), text


def test_languages_without_their_dictionaries_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, a term of another language is a problem that names it; ours are not."""
    monkeypatch.setattr(foreign, "available", lambda: False)
    problem = parse("fr:blessé")
    assert isinstance(problem, TermProblem)
    assert "extra `languages`" in problem.hint
    assert isinstance(parse("uk:слово"), ParsedTerm)
