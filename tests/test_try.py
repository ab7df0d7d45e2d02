"""`monitor try`: the contract's JSON, the words for people, and what it says about mistakes."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.cli import main

RULES = """\
terms: {raids: [raid, raid*, ДРГ]}
rules:
  - id: raid
    title: A raid
    level: high
    when:
      any: [$raids]
      not: [drill]
      from: {role: [media]}
  - id: either
    title: Either of two
    when: {any: [{all: [village, raid]}, {all: [drill, raid]}]}
  - id: far
    title: Something else
    when: {any: [flood]}
"""


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of rules with a sources file, and nothing else about."""
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "raid.yaml").write_text(RULES, encoding="utf-8")
    (folder / "sources.yaml").write_text("- {id: 'telegram:durov', role: media}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MONITOR_CONFIG", raising=False)
    return folder


def test_json_is_the_contract(rules: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """--json gives the post, and each rule that came near with its reasons and places."""
    text = "🔥 ДРГ: a raid drill"
    assert main(["try", "--json", "--rules", str(rules), "--source", "telegram:durov",
                 "--at", "2023-05-22T12:14+03:00", text]) == 0  # fmt: skip
    told = json.loads(capfd.readouterr().out)
    assert set(told) == {"post", "rules"}
    post = told["post"]
    assert (post["text"], post["source"]) == (text, "telegram:durov")
    assert post["published_at"] == "2023-05-22T09:14:00Z"
    either, raid = told["rules"]
    assert (raid["id"], raid["matched"]) == ("raid", False)
    assert (either["id"], either["matched"]) == ("either", True)
    assert [(one["check"], one["holds"]) for one in raid["reasons"]] == [
        ("any of: $raids (raid, raid*, ДРГ)", True),
        ("none of: drill", False),
        ("from role media: telegram:durov is media", True),
    ]
    assert raid["reasons"][0]["found"] == [
        {"text": "ДРГ", "start": 2, "end": 5, "term": "ДРГ"},
        {"text": "raid", "start": 9, "end": 13, "term": "raid"},
        {"text": "raid", "start": 9, "end": 13, "term": "raid*"},
    ]


def test_people_see_signs_and_words(rules: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Without a terminal: words between asterisks, a sign for each rule and reason."""
    assert main(["try", "--rules", str(rules), "a raid\x1bdrill"]) == 0
    assert capfd.readouterr().out == (
        "a *raid* *drill*\n"
        "\n"
        "✓ either  Either of two (medium)\n"
        "    ✓ any of: (all of: village, raid), (all of: drill, raid): found raid, drill\n"
        "      ✓ all of: drill, raid: found raid, drill\n"
        "✗ raid  A raid (high)\n"
        "    ✓ any of: $raids: found raid\n"
        "    ✗ none of: drill: found drill\n"
        "    ✗ from role media: typed:text is unknown\n"
        "\n"
        "1 of 3 rules match, 1 came near\n"
        "typed:text is not in the sources file: its role and side are unknown\n"
    )


def test_nothing_near(
    rules: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text from standard input that no rule speaks of says so."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("тихо\nвсюду\n".encode())))
    assert main(["try", "--rules", str(rules), "-"]) == 0
    assert capfd.readouterr().out.startswith("тихо\nвсюду\n\nno rule comes near")


def test_a_late_post_is_said_to_be_late(rules: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A match older than the rule's max_age is told to ring no bell."""
    main(["try", "--rules", str(rules), "--at", "2020-01-01T00:00Z", "a drill, a raid"])
    assert "either: older than 2h, recorded as late, no alert\n" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--at", "yesterday", "x"], "--at:1:1: `yesterday` is no time with an offset - write"),
        (["--at", "2023-05-22T09:14", "x"], "is no time with an offset"),
        (["--rules", "nowhere", "x"], "nowhere:1:1: no such file"),
    ],
)
def test_mistakes_are_lines(
    rules: Path, capfd: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    """A time that cannot be read or a folder that is not there is one line, exit code 1."""
    assert rules.exists()
    assert main(["try", *arguments]) == 1
    assert says in capfd.readouterr().err


def test_hostile_text_is_capped(rules: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A megabyte with lone surrogates is judged, cut, and said to be cut."""
    assert main(["try", "--json", "--rules", str(rules), "raid \ud800\x00" + "x" * 1_000_000]) == 0
    out, err = capfd.readouterr()
    assert json.loads(out)["post"]["text"].startswith("raid \ufffd\ufffdxxx")
    assert "the text was capped" in err


def test_a_folder_without_sources_borrows_the_configured(
    rules: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """With --rules, who speaks comes from the configuration if the folder does not say."""
    (rules / "sources.yaml").rename(rules.parent / "sources.yaml")
    (rules.parent / "monitor.yaml").write_text("rules: [rules]\nsources: [sources.yaml]\n")
    main(["try", "--rules", str(rules), "--source", "telegram:durov", "a raid"])
    assert "✓ raid" in capfd.readouterr().out


def test_the_shipped_rules_are_the_default(tmp_path: Path) -> None:
    """Where there is no configuration, the rules that come with the product judge."""
    command = [sys.executable, "-m", "monitor", "try", "--json", "ДРГ зашла в Грайворон"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, check=True, timeout=150,
        env={"PYTHONPATH": str(Path(__file__).parents[1])},
    )  # fmt: skip
    matched = [rule["id"] for rule in json.loads(done.stdout)["rules"] if rule["matched"]]
    assert "border-incursion" in matched
