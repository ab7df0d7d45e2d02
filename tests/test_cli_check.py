"""`monitor check` and `monitor test`: what they print, and their exit codes."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from monitor.cli import main

RULES = """\
rules:
  - id: raid
    title: A raid
    when: {any: [$raids], not: [drill]}
    examples: {match: [a raid], no_match: [a raid drill, peace]}
"""
TERMS = "terms: {raids: [raid, raids]}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a configuration, two rule files and a sources file."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "raid.yaml").write_text(RULES)
    (tmp_path / "rules" / "terms.yaml").write_text(TERMS)
    (tmp_path / "sources.yaml").write_text("- {id: 'telegram:durov', role: media}\n")
    (tmp_path / "monitor.yaml").write_text("rules: [rules]\nsources: [sources.yaml]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MONITOR_CONFIG", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "4 files, 1 rule, 1 source: no mistakes"),
        (["monitor.yaml"], "4 files, 1 rule, 1 source: no mistakes"),
        (["--config", "monitor.yaml"], "4 files, 1 rule, 1 source: no mistakes"),
        (["rules"], "2 files, 1 rule, 0 sources: no mistakes"),
        (["rules/raid.yaml"], "1 file, 1 rule, 0 sources: no mistakes"),
        (["rules/terms.yaml"], "1 file, 0 rules, 0 sources: no mistakes"),
        (["sources.yaml"], "1 file, 0 rules, 1 source: no mistakes"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_check_says_what_it_looked_at(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    """Configuration, folder, rule file and sources file are each known by what is in them."""
    assert main(["check", *arguments]) == 0
    assert capsys.readouterr().out == f"{said}\n"


def test_check_knows_the_accounts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A source that names an account which is not configured is a mistake at that name."""
    accounts = "{accounts: [{name: main, api_id: 1, api_hash: env:PATH}]}"
    with (folder / "monitor.yaml").open("a") as file:
        file.write(f"telegram: {accounts}\n")
    for named, said in (("main", ""), ("mian", "did you mean `main`?")):
        entry = f"- {{id: 'telegram:durov', via: [account], account: {named}}}\n"
        (folder / "sources.yaml").write_text(entry)
        assert main(["check"]) == bool(said)
        out, _ = capsys.readouterr()
        wrong = f"sources.yaml:1:51: there is no account `mian` - {said}\n"
        assert out == (wrong if said else "4 files, 1 rule, 1 source: no mistakes\n")


def test_check_prints_every_mistake(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Mistakes of all files come as lines with place, message and hint; exit code 1."""
    (folder / "rules" / "raid.yaml").write_text(RULES.replace("$raids", "$raid"))
    (folder / "sources.yaml").write_text("- {id: '@durov'}\n")
    assert main(["check"]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "rules/raid.yaml:4:18: there is no list `$raid` - did you mean `$raids`?",
        "sources.yaml:1:8: `@durov` is not a source's id - write telegram:durov",
    ]
    assert err == "2 mistakes\n"


def test_check_speaks_json_and_github(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same mistakes as one JSON object, and as GitHub's workflow commands."""
    (folder / "sources.yaml").write_text("- {id: '@durov', nme: x}\n")
    assert main(["check", "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["mistakes"][0] == {
        "file": "sources.yaml", "line": 1, "column": 8,
        "message": "`@durov` is not a source's id", "hint": "write telegram:durov",
    }  # fmt: skip
    assert len(found["mistakes"]) == 2
    assert main(["check", "--format", "github"]) == 1
    first = capsys.readouterr().out.splitlines()[0]
    assert first == (
        "::error file=sources.yaml,line=1,col=8::"
        "`@durov` is not a source's id - write telegram:durov"
    )
    (folder / "sources.yaml").write_text("[]\n")
    assert main(["check", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "files": 4, "rules": 1, "sources": 0, "mistakes": [],
    }  # fmt: skip


def test_the_configuration_is_found(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """--config, else $MONITOR_CONFIG, else ./monitor.yaml; `quickstart` comes with the product."""
    (folder / "monitor.yaml").rename(folder / "other.yaml")
    assert main(["check"]) == 1
    assert "monitor.yaml:1:1: no configuration here" in capsys.readouterr().out
    monkeypatch.setenv("MONITOR_CONFIG", "other.yaml")
    assert main(["check"]) == 0
    monkeypatch.setenv("MONITOR_CONFIG", "nowhere.yaml")
    assert main(["check", "--config", "other.yaml"]) == 0
    assert main(["check", "--config", "quickstart"]) == 0
    assert main(["check", "nowhere"]) == 1
    assert "nowhere:1:1: no such file" in capsys.readouterr().out


def test_examples_are_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`monitor test` counts the examples, and fails at the line of each that does not hold."""
    assert main(["test"]) == 0
    assert capsys.readouterr().out == "3 examples of 1 rule: all hold\n"
    (folder / "rules" / "raid.yaml").write_text(RULES.replace("[a raid]", "[a riad]"))
    assert main(["test", "rules", "--junit", "report.xml"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("rules/raid.yaml:5:24: rule `raid` does not match `a riad`: ")
    assert lines[1] == "3 examples of 1 rule: 1 failed"
    suite = ET.fromstring((folder / "report.xml").read_bytes())  # noqa: S314 - we wrote it
    assert (suite.get("tests"), suite.get("failures")) == ("3", "1")
    assert [case.get("name") for case in suite] == [
        "match 1: a riad", "no_match 1: a raid drill", "no_match 2: peace",
    ]  # fmt: skip
    assert "a riad" in (suite[0][0].get("message") or "")


def test_examples_hold_whoever_speaks(folder: Path) -> None:
    """A rule that asks who speaks is tried by its words."""
    (folder / "rules" / "raid.yaml").write_text(RULES.replace("not:", "from: {role: media}, not:"))
    assert main(["test"]) == 0


def test_the_report_holds_any_text(folder: Path) -> None:
    """An example that XML cannot hold does not break the report."""
    text = RULES.replace("a raid]", '"a raid \\e \\ufffe <]]> 😀"]')
    (folder / "rules" / "raid.yaml").write_text(text.replace("\\e ", ""))
    assert main(["test", "--junit", "report.xml"]) == 0
    assert len(ET.fromstring((folder / "report.xml").read_bytes())) == 3  # noqa: S314 - our own
