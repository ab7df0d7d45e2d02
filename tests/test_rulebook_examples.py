"""Examples of rules: judged by words only, and wrong ones named at their own place."""

from pathlib import Path
from typing import NamedTuple

from monitor.hit import Found, Reason
from monitor.matching.evaluate import Matcher
from monitor.matching.rehearse import rehearse
from monitor.rule import AllOf, AnyOf, AtLeast, Condition, Examples, NoneOf, Rule, Speaker, Term
from monitor.rulebook.book import bind
from monitor.rulebook.examples import run_examples, try_examples, words_only
from monitor.rulebook.load import load

RULES = """\
rules:
  - id: raid
    title: A raid
    when:
      all: [raid, {from: {role: official}}]
    examples:
      match:
        - a raid
        - nothing
      no_match: [peace,
                 raid again]
"""


class Judged(NamedTuple):
    """What the double below finds."""

    matched: bool
    reasons: tuple[Reason, ...]


def judge(_: Rule, condition: Condition, text: str) -> Judged:
    """Holds if the word `raid` stands in the text."""
    assert condition == AllOf((Term("raid"),))
    at = text.find("raid")
    found = (Found(text="raid", start=at, end=at + 4, term="raid"),) if at >= 0 else ()
    return Judged(at >= 0, (Reason("any of: raid", at >= 0, found),))


def test_wrong_examples_are_mistakes_at_their_place(tmp_path: Path) -> None:
    """An example judged otherwise than it says is a mistake at its own line, with the why."""
    path = tmp_path / "r.yaml"
    path.write_text(RULES)
    book = load([path], [])
    found = [str(one).removeprefix(f"{path}:") for one in run_examples(book, judge)]
    assert found == [
        (
            "9:11: rule `raid` does not match `nothing`: it fails any of: raid"
            " - add the missing words to the rule, or mend the example"
        ),
        (
            "11:18: rule `raid` matches `raid again`: there is `raid`"
            " - say under `not` what tells them apart, or mend the example"
        ),
    ]
    assert [(one.kind, one.number) for one in try_examples(book, judge)] == [
        ("match", 1), ("match", 2), ("no_match", 1), ("no_match", 2),
    ]  # fmt: skip


def test_a_failed_example_names_only_what_failed_it() -> None:
    """Alternatives that failed inside a group that holds are not among the reasons."""
    either = AnyOf((AllOf((Term("прорыв"), Term("граница"))), Term("ДРГ")))
    wrong = Rule(
        id="raid",
        title="Raid",
        when=AllOf((either, Term("Козинка"))),
        examples=Examples(match=("ДРГ зашла",)),
    )
    rulebook = bind((wrong,), ())
    (mistake,) = rehearse(rulebook, Matcher(rulebook))
    assert mistake.message.endswith("it fails Козинка")


def test_examples_leave_out_who_speaks() -> None:
    """`from` is taken out of a condition wherever it stands; what was only `from` is nothing."""
    x, y, who = Term("x"), Term("y"), Speaker(role=("official",))
    assert words_only(AllOf((x, who))) == AllOf((x,))
    assert words_only(AnyOf((x, AllOf((who,))))) == AnyOf((x,))
    assert words_only(AllOf((x, NoneOf((y, who))))) == AllOf((x, NoneOf((y,))))
    assert words_only(AtLeast(2, (x, who))) == AtLeast(1, (x,))
    assert words_only(AllOf((who, NoneOf((who,))))) is None


def test_examples_of_a_rule_without_words_are_mistakes(tmp_path: Path) -> None:
    """A rule that asks only who speaks has nothing that an example could show."""
    path = tmp_path / "r.yaml"
    path.write_text(
        "rules: [{id: a, title: t, when: {from: {role: media}}, examples: {match: [x]}}]\n"
    )
    (mistake,) = run_examples(load([path], []), judge)
    assert mistake.mark.line == 1
    assert "only who speaks" in mistake.message
