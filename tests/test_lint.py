"""`monitor lint` and `monitor forms`: what words stand for, and what is likely not meant."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.cli import main
from monitor.rulebook.lint import KINDS

NOW = datetime.now(UTC)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with rules and a configuration."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "monitor.yaml").write_text("state: state\nrules: [rules]\nreceivers: []\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MONITOR_CONFIG", raising=False)
    return tmp_path


def lint(desk: Path, capsys: pytest.CaptureFixture[str], rules: str, *more: str) -> list[str]:
    """The lines that lint prints for a rule file."""
    (desk / "rules" / "a.yaml").write_text(rules, "utf-8")
    capsys.readouterr()
    assert main(["lint", *more]) == 0
    return capsys.readouterr().out.splitlines()


def one_rule(when: str) -> str:
    """A file with one rule."""
    return f"rules:\n  - id: one\n    title: One\n    when: {when}\n"


def store(desk: Path, texts: list[str]) -> None:
    """Store posts by replaying them."""
    lines = [
        json.dumps({
            "source": "telegram:desk", "id": str(number), "text": text,
            "published_at": (NOW - timedelta(hours=1, seconds=-number)).isoformat(),
        })
        for number, text in enumerate(texts)
    ]  # fmt: skip
    (desk / "posts.jsonl").write_text("\n".join(lines), "utf-8")
    assert main(["replay", "--json", "--state", "state", "posts.jsonl"]) == 0


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("[обстрел, обстрелы]", "4:21: shadowed: `обстрелы` finds nothing that `обстрел` does not"),
        ("[дрон, сбит дрон]", "4:18: shadowed: `сбит дрон` finds nothing that `дрон` does not"),
        ("['дрон*', дронами]", "4:21: shadowed: `дронами` finds nothing that `дрон*` does not"),
        ("[==США, =сша]", "4:12: shadowed: `==США` finds nothing that `=сша` does not"),
        ("{at_least: {n: 2, of: [дрон, дроны, взрыв]}}",
         "4:40: counted twice: `дрон` and `дроны` both find `дрон`"),
        ("{any: [=дрон, взрыв], not: ['дрон*']}",
         "4:18: contradiction: `=дрон` can never match: `дрон*` stands under `not`"),
        ("[=жк]", "4:12: short: `=жк` has 2 letters, found in any capitals - write ==ЖК"),
        ("[село]", "4:12: homograph: forms of `село` are likelier forms of another word: "),
    ],
    ids=["form", "phrase", "beginning", "capitals", "at-least", "not", "short", "homograph"],
)  # fmt: skip
def test_what_is_likely_not_meant_is_found(
    desk: Path, capsys: pytest.CaptureFixture[str], when: str, said: str
) -> None:
    """Each kind of finding stands at the term itself, and nothing else is found."""
    lines = lint(desk, capsys, one_rule(when))
    assert lines[0].startswith(f"rules/a.yaml:{said}"), lines
    assert " - " in lines[0]
    assert len(lines) == 2


@pytest.mark.parametrize(
    "when",
    [
        "[дрон, взрыв]",
        "[=дрон, =дроны]",
        "[==США, =штаты]",
        "{all: [дрон, сбит дрон]}",
        "{any: [дрон], not: [дроновод]}",
        "{at_least: {n: 2, of: [дрон, взрыв]}}",
    ],
)
def test_what_is_meant_is_left_alone(
    desk: Path, capsys: pytest.CaptureFixture[str], when: str
) -> None:
    """Nothing is found in rules that say what they mean."""
    assert lint(desk, capsys, one_rule(when)) == [
        "1 rule, no stored posts to measure on: nothing found"
    ]


def test_lists_are_judged_by_their_own_words(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rule that adds a wider word does not make a list's words superfluous: others use it."""
    shared = "terms:\n  corps: [добровольческий корпус]\n" + one_rule("[$corps, корпус]")
    assert len(lint(desk, capsys, shared)) == 1
    doubled = "terms:\n  corps: [корпус, добровольческий корпус]\n" + one_rule("$corps")
    assert lint(desk, capsys, doubled)[0].startswith("rules/a.yaml:2:19: shadowed: ")


def test_rules_that_are_the_same(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two rules with one condition are told at the second one."""
    twice = one_rule("дрон") + "  - {id: two, title: Two, when: дрон}\n"
    assert lint(desk, capsys, twice)[0].startswith(
        "rules/a.yaml:5:1: same condition: rule `two` holds for the same posts as `one`"
    )


def test_many_forms(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A term that stands for very many forms is told, with their number."""
    said = lint(desk, capsys, one_rule("'прорв* большой новый красный'"))
    assert re.match(r"rules/a\.yaml:4:11: many forms: .* stands for [\d,]{3,} forms", said[0])


def test_stored_posts_are_measured(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Too common, never found and never holding are told by what is stored."""
    lint(desk, capsys, one_rule("танк"))
    store(desk, ["Сегодня тихо." if number % 5 else "Сбит дрон." for number in range(250)])
    said = lint(desk, capsys, one_rule("[дрон, танк]") + "  - {id: two, title: T, when: взрыв}\n")
    assert [line.split(" - ")[0] for line in said[:-1]] == [
        "rules/a.yaml:4:12: too common: `дрон` stands in 20% of all posts",
        "rules/a.yaml:4:18: never found: `танк` stands in none of 250 stored posts",
        "rules/a.yaml:5:1: never holds: rule `two` holds for none of 250 stored posts",
        "rules/a.yaml:5:31: never found: `взрыв` stands in none of 250 stored posts",
    ]
    assert said[-1].startswith("2 rules, 250 stored posts: ")
    assert len(lint(desk, capsys, one_rule("[дрон, танк]"), "--no-posts")) == 1
    # the form that is another word's counts only if it was met
    assert not any("homograph" in line for line in lint(desk, capsys, one_rule("[село]")))


def test_rules_that_overlap_in_stored_posts(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two rules that held for nearly the same posts are told, unless a story joins them."""
    lint(desk, capsys, one_rule("танк"))
    store(desk, ["Сбит дрон." if number % 5 else "Сегодня тихо." for number in range(250)])
    two = "  - {id: two, title: T, when: 'сбит*'}\n"
    said = lint(desk, capsys, one_rule("дрон") + two)
    (line,) = [one for one in said if "overlapping:" in one]
    assert line.startswith(
        "rules/a.yaml:5:1: overlapping: rules `one` and `two` share 200 of the 200 posts"
    )
    joined = (one_rule("дрон") + two).replace("title:", "story: raid, title:")
    joined = joined.replace("    story: raid, title: One\n", "    story: raid\n    title: One\n")
    assert not any("overlapping:" in one for one in lint(desk, capsys, joined))


def test_names_are_judged_by_the_forms_of_names(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A spelling that `@Name` finds anyhow is superfluous beside it."""
    said = lint(desk, capsys, one_rule("['@Гладков', '=gladkov', гладковым]"))
    assert [line.partition(" - ")[0] for line in said[:-1]] == [
        "rules/a.yaml:4:24: shadowed: `=gladkov` finds nothing that `@Гладков` does not",
        "rules/a.yaml:4:36: shadowed: `гладковым` finds nothing that `@Гладков` does not",
    ]


def test_strict_and_json(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--strict turns findings into exit code 1; --json gives every part of a finding."""
    found = lint(desk, capsys, one_rule("[дрон, дроны]"), "--json")
    assert json.loads(found[0])["findings"] == [{
        "file": "rules/a.yaml", "line": 4, "column": 18, "kind": "shadowed",
        "message": "`дроны` finds nothing that `дрон` does not",
        "hint": "remove it, or write =word for what it should find alone",
        "means": KINDS["shadowed"],
    }]  # fmt: skip
    assert main(["lint", "--strict"]) == 1
    assert main(["lint", "--strict", "rules/a.yaml"]) == 1
    (desk / "rules" / "a.yaml").write_text(one_rule("дрон"), "utf-8")
    assert main(["lint", "--strict"]) == 0


def forms(capsys: pytest.CaptureFixture[str], *term: str) -> Any:
    """The JSON of `monitor forms`."""
    capsys.readouterr()
    assert main(["forms", "--json", *term]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("desk")
def test_forms_say_where_from(capsys: pytest.CaptureFixture[str]) -> None:
    """Every form of a term is listed with what made it; exact terms and beginnings have one."""
    found = {one["text"]: one["why"] for one in forms(capsys, "обстрел")["forms"]}
    assert found["обстрел"] == "as written"
    assert found["обстрелами"] == "dictionary ru"
    assert [one["text"] for one in forms(capsys, "==США")["forms"]] == ["США"]
    assert forms(capsys, "прорв* границ*")["forms"] == [
        {"text": "прорв* границ*", "why": "beginning"}
    ]
    assert main(["forms", "прорв* граница"]) == 0
    said = capsys.readouterr().out
    assert "  beginning, dictionary ru: прорв* границ, прорв* границам, " in said
    assert "no stored posts to count in" in said


def test_forms_are_counted(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The hits in the stored posts stand with the term, form by form; without a state, none."""
    (desk / "rules" / "a.yaml").write_text(one_rule("танк"), "utf-8")
    assert forms(capsys, "дрон")["posts"] == 0
    store(desk, ["Сбит дрон. Ещё дрон.", "Два дрона!", "Тихо."])
    found = forms(capsys, "дрон")
    assert (found["posts"], found["found_in"]) == (3, 2)
    assert found["found"] == {"дрон": 2, "дрона": 1}


@pytest.mark.usefixtures("desk")
def test_a_bad_term_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """A term that cannot be used is refused with a hint, exit code 1."""
    assert main(["forms", "о*"]) == 1
    assert "fewer than 3 letters before the *" in capsys.readouterr().err
