"""Tests over time in rule files: posts at moments, and the alerts that must (not) come."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from monitor.cli import main

HEAD = """\
rules:
  - {id: raid, title: A raid, level: high, when: набег, window: 1h, max_age: 2h}
  - {id: drone, title: A drone, when: дрон}
tests:
  - name: how a raid goes
    posts:
      - {at: 0s, source: telegram:one, text: Начался набег., id: a}
      - {at: 10m, source: telegram:two, text: Идёт набег на село.}
      - {at: 20m, source: telegram:one, text: Ничего не было., id: a, kind: edit}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def judge(folder: Path, expected: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines of `monitor test` on the raid with these expectations."""
    (folder / "a.yaml").write_text(HEAD + expected, "utf-8")
    code = main(["test", "a.yaml", "--junit", "report.xml"])
    lines = capsys.readouterr().out.splitlines()
    assert code == (0 if lines[-1].endswith("all hold") else 1)
    return lines


def test_what_is_expected_holds(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Opening, escalation, correction and closing are each found at their time."""
    expected = """\
    expect:
      - {at: 0s, rule: raid, kind: opened, level: high, status: unconfirmed}
      - {at: 10m, rule: raid, status: reported}
      - {at: 20m, rule: raid, kind: corrected, status: unconfirmed}
      - {at: 3h, rule: raid, kind: closed}
    expect_none: drone
"""
    assert judge(folder, expected, capsys) == ["0 examples of 0 rules, 1 test over time: all hold"]
    suite = ET.fromstring((folder / "report.xml").read_bytes())  # noqa: S314 - we wrote it
    assert (suite.get("tests"), suite.get("failures")) == ("1", "0")


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ("    expect: [{at: 5m, rule: raid}]\n",
         ("a.yaml:10:14: test `how a raid goes`: no alert of rule `raid` at 5m; "
         "there came `raid` opened (high, unconfirmed) at 0s, ")),
        ("    expect:\n      - {at: 0s, rule: raid, level: critical}\n",
         ("a.yaml:11:9: test `how a raid goes`: no critical alert of rule `raid` at 0s; "
         "there came `raid` opened (high, unconfirmed) - ")),
        ("    expect: [{at: 0s, rule: drone}]\n",
         "a.yaml:10:14: test `how a raid goes`: no alert of rule `drone` at 0s; there came `raid`"),
        ("    expect: [{at: 0s, rule: raid}, {at: 0s, rule: raid}]\n",
         "a.yaml:10:36: test `how a raid goes`: no alert of rule `raid` at 0s; "),
        ("    expect_none: [drone, raid]\n",
         "a.yaml:10:18: test `how a raid goes`: `raid` opened (high, unconfirmed) at 0s, which"),
        ("    expect_none: true\n",
         "a.yaml:10:18: test `how a raid goes`: `raid` opened (high, unconfirmed) at 0s, which"),
    ],
    ids=["time", "level", "rule", "once", "none", "nothing"],
)  # fmt: skip
def test_what_fails_is_told_at_its_line(
    folder: Path, capsys: pytest.CaptureFixture[str], expected: str, said: str
) -> None:
    """What did not come stands at the expectation itself, with what came instead."""
    lines = judge(folder, expected, capsys)
    assert any(line.startswith(said) for line in lines), lines
    suite = ET.fromstring((folder / "report.xml").read_bytes())  # noqa: S314 - we wrote it
    assert suite.get("failures") == "1"
    assert suite[0].get("line") == "5"


def test_with_true_only_what_is_expected_may_come(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`expect_none: true` beside `expect` allows what is expected and nothing else."""
    expected = "    expect: [{at: 0s, rule: raid}]\n    expect_none: true\n"
    lines = judge(folder, expected, capsys)
    assert not any(" at 0s, which" in line for line in lines)
    assert any(" at 10m, which should not be" in line for line in lines)


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ("", "a.yaml:5:5: the test expects nothing - "),
        ("    expect: [{at: 0, rule: raid}]\n", "a.yaml:10:19: not a duration - "),
        ("    expect: [{at: 0s, rule: raid, colour: red}]\n", "a.yaml:10:35: unknown key `colour`"),
        ("    expect_none: [raid]\n  - {name: x, posts: [{at: 0s, source: 'telegram:one'}]}\n",
         "a.yaml:11:23: a post without text - "),
        (("    expect_none: [raid]\n  - {name: x, posts: [{at: 0s, source: 'telegram:one', "
         "kind: delete}]}\n"), "a.yaml:11:23: which post is it, to delete? - "),
    ],
    ids=["nothing", "duration", "key", "text", "id"],
)  # fmt: skip
def test_mistakes_in_tests_are_told(
    folder: Path, capsys: pytest.CaptureFixture[str], expected: str, said: str
) -> None:
    """A test that is written wrongly is a mistake of its file like any other."""
    (folder / "a.yaml").write_text(HEAD + expected, "utf-8")
    assert main(["check", "a.yaml"]) == 1
    told = capsys.readouterr().out.splitlines()
    assert any(line.startswith(said) for line in told), told


def test_a_rule_that_does_not_exist(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In a folder a test must name rules that exist; alone, a file leaves the others' tests out."""
    (folder / "rules").mkdir()
    text = HEAD + "    expect: [{at: 0s, rule: raids}]\n"
    (folder / "rules" / "a.yaml").write_text(text, "utf-8")
    assert main(["check", "rules"]) == 1
    assert capsys.readouterr().out == (
        "rules/a.yaml:10:14: there is no rule `raids` - did you mean `raid`?\n"
    )
    assert main(["test", "rules/a.yaml"]) == 0
    assert capsys.readouterr().out == "0 examples of 0 rules: all hold\n"


def test_forwards_late_posts_and_deletions(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A forward adds no voice, an old post opens nothing, a deletion takes its support away."""
    (folder / "b.yaml").write_text(
        HEAD[: HEAD.index("tests:")]
        + """\
tests:
  - name: one voice
    posts:
      - {at: 0s, source: telegram:one, text: Начался набег., id: a}
      - {at: 5m, source: telegram:two, text: Начался набег., forwarded_from: telegram:one,
         forwarded_id: a}
      - {at: 9m, source: telegram:one, id: a, kind: delete}
    expect:
      - {at: 0s, rule: raid, kind: opened, status: unconfirmed}
      - {at: 9m, rule: raid, kind: corrected}
  - name: too old
    posts: [{at: 0s, age: 3h, source: telegram:one, text: Начался набег.}]
    expect_none: true
""",
        "utf-8",
    )
    assert main(["test", "b.yaml"]) == 0, capsys.readouterr().out
