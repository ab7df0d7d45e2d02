"""The status ladder is data: read with its mistakes at their lines, and shown in the manual."""

import subprocess
import sys
from pathlib import Path

import pytest

from monitor.correlation.status import status_of
from monitor.mistake import MistakesError
from monitor.rulebook.ladder import shipped_ladder
from monitor.rulebook.load import load
from tests.story.timeline import BOOK, Story, rule

ROOT = Path(__file__).resolve().parents[1]


def test_the_manual_shows_the_ladder_that_is_shipped() -> None:
    """docs/status.md is what scripts/write_status_docs.py makes of rules/status.yaml."""
    words = [sys.executable, str(ROOT / "scripts/write_status_docs.py"), "--check"]
    assert subprocess.run(words, check=False, cwd=ROOT, env={"PYTHONPATH": "."}).returncode == 0


def test_a_ladder_of_ones_own_decides(tmp_path: Path) -> None:
    """With `status:` in a rule file, its steps count, in their order."""
    (tmp_path / "r.yaml").write_text(
        "status:\n"
        "  - {is: reported, means: three say so, families: 3}\n"
        "  - {is: unconfirmed, means: someone says so, families: 1}\n"
        "rules:\n  - {id: a, title: A, when: x}\n",
        "utf-8",
    )
    ladder = load([tmp_path / "r.yaml"], []).ladder
    story = Story()
    story.post("paper", "1")
    two = story.post("other", "1", "another house says so", minutes=1).incidents[0]
    assert status_of(shipped_ladder(), two) == "reported"
    assert status_of(ladder, two) == "unconfirmed"
    assert BOOK.ladder == shipped_ladder()


def test_mistakes_of_a_ladder_are_told_at_their_lines(tmp_path: Path) -> None:
    """An unknown status, a step that asks nothing, and a ladder without a lowest step."""
    (tmp_path / "r.yaml").write_text(
        "status:\n"
        "  - {is: sure, means: we know}\n"
        "  - {is: official, means: they say so, from: {role: official}}\n",
        "utf-8",
    )
    with pytest.raises(MistakesError) as told:
        load([tmp_path / "r.yaml"], [])
    said = [str(one).split(" - ")[0].rpartition("r.yaml:")[2] for one in told.value.mistakes]
    assert any(one.startswith("2:") for one in said), said
    assert any(one.endswith("what makes it official?") for one in said), said
    assert any("no step that a single post makes" in one for one in said), said


def test_closing_and_denying_name_rules_or_stories(tmp_path: Path) -> None:
    """`closes` and `denies` lead to their rules' incidents, or are mistakes at their own line."""
    text = "rules:\n  - {id: a, title: A, when: x, story: raid}\n  - {id: b, title: B, when: y, "
    (tmp_path / "r.yaml").write_text(f"{text}closes: a, denies: raid}}\n", "utf-8")
    book = load([tmp_path / "r.yaml"], [])
    assert (book.rules[1].closes, book.rules[1].denies) == (("raid",), ("raid",))
    wrong = f"{text}closes: nothing,\n     denies: [a, rade]}}\n"
    (tmp_path / "r.yaml").write_text(wrong, "utf-8")
    with pytest.raises(MistakesError) as told:
        load([tmp_path / "r.yaml"], [])
    assert [str(one).rpartition("r.yaml:")[2] for one in told.value.mistakes] == [
        "3:40: `closes`: there is no rule `nothing` - name the id of a rule or a story",
        "4:18: `denies`: there is no rule `rade` - did you mean `raid`?",
    ]
    (tmp_path / "more.yaml").write_text("rules:\n  - {id: c, title: C, when: z}\n", "utf-8")
    alone = load([tmp_path / "r.yaml"], [], lists_of=[tmp_path / "more.yaml"])
    assert alone.rules[1].closes == ("nothing",)
    assert rule().closes == ()
