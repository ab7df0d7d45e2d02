"""`monitor backtest`: what other rules would have rung, against what rang."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.cli import main
from monitor.cli.progress import bar

NOW = datetime.now(UTC).replace(microsecond=0)


def rule(name: str, word: str, window: str = "30m") -> str:
    """One rule of a file."""
    return f"  - {{id: {name}, title: About {word}, when: {word}, window: {window}}}\n"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three days of posts, replayed into a state: two about drones, one about tanks, one old."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yaml").write_text("rules:\n" + rule("drone", "дрон"), "utf-8")
    (tmp_path / "monitor.yaml").write_text("state: state\nrules: [rules]\nreceivers: []\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    posts = [
        (9, "Сбит дрон."),
        (2, "Сбит дрон."),
        (2, "Тихо."),
        (1, "Колонна танков."),
        (1, "Дроны."),
    ]
    lines = [
        json.dumps({
            "source": "telegram:desk", "id": str(number), "text": text,
            "published_at": (NOW - timedelta(days=days) + timedelta(seconds=number)).isoformat(),
        })
        for number, (days, text) in enumerate(posts)
    ]  # fmt: skip
    (tmp_path / "posts.jsonl").write_text("\n".join(lines), "utf-8")
    assert main(["replay", "--config", "monitor.yaml", "--state", "state", "posts.jsonl"]) == 0
    return tmp_path


def backtest(capfd: pytest.CaptureFixture[str], *more: str) -> Any:
    """The JSON of a backtest."""
    capfd.readouterr()
    assert main(["backtest", "--json", *more]) == 0
    return json.loads(capfd.readouterr().out)


def test_the_same_rules_change_nothing(desk: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Against the alerts that were sent, and against themselves: nothing new, nothing lost."""
    for more in ((), ("--rules", str(desk / "rules"))):
        found = backtest(capfd, *more)
        assert found["posts"] == 4
        assert found["total"] == {"running": 2, "changed": 2, "new": 0, "lost": 0}
        assert (found["new"], found["lost"]) == ([], [])


def test_new_and_lost_are_told_apart(desk: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Rules that know tanks but not the plural of drone: one new, one lost, on their days."""
    (desk / "changed").mkdir()
    (desk / "changed" / "a.yaml").write_text(
        "rules:\n" + rule("drone", "=дрон") + rule("tank", "танк"), "utf-8"
    )
    found = backtest(capfd, "--rules", "changed")
    assert found["total"] == {"running": 2, "changed": 2, "new": 1, "lost": 1}
    assert [alert["posts"][0]["id"] for alert in found["new"]] == ["3"]
    assert [alert["posts"][0]["id"] for alert in found["lost"]] == ["4"]
    yesterday, before = ((NOW - timedelta(days=days)).date().isoformat() for days in (1, 2))
    assert found["days"][before] == {"running": 1, "changed": 1, "new": 0, "lost": 0}
    assert found["days"][yesterday] == {"running": 1, "changed": 1, "new": 1, "lost": 1}
    assert found["rules"]["tank"] == {"running": 0, "changed": 1, "new": 1, "lost": 0}
    assert main(["backtest", "--rules", "changed"]) == 0
    said = capfd.readouterr().out
    assert "4 posts; would ring 2 times (was 2): 1 new, 1 lost" in said
    assert "new: rule tank" in said
    assert "Колонна" in said


def test_since_bounds_the_posts(desk: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Only what was observed since then counts; a wrong duration is wrong usage."""
    assert backtest(capfd, "--since", "36h")["posts"] == 2
    assert backtest(capfd, "--since", "30d")["total"]["running"] == 3
    with pytest.raises(SystemExit) as wrong:
        main(["backtest", "--since", "week"])
    assert wrong.value.code == 2
    assert (desk / "state").is_dir()


def test_a_going_incident_is_not_new(desk: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What was open when the time begins stays the same incident: the day before fills it."""
    (desk / "rules" / "a.yaml").write_text("rules:\n" + rule("drone", "дрон", "12h"), "utf-8")
    lines = [
        json.dumps({
            "source": "telegram:other", "id": str(hours), "text": "Сбит дрон.",
            "published_at": (NOW - timedelta(hours=hours)).isoformat(),
        })
        for hours in (11, 9)
    ]  # fmt: skip
    (desk / "more.jsonl").write_text("\n".join(lines), "utf-8")
    assert main(["replay", "--state", "going", "more.jsonl"]) == 0
    (desk / "monitor.yaml").write_text("state: going\nrules: [rules]\nreceivers: []\n", "utf-8")
    found = backtest(capfd, "--since", "10h", "--rules", "rules")
    assert (found["posts"], found["total"]["running"]) == (1, 0)


def test_the_state_is_not_touched(desk: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The database is only read."""
    before = (desk / "state" / "monitor.db").read_bytes()
    backtest(capfd)
    assert (desk / "state" / "monitor.db").read_bytes() == before


def test_the_bar_draws_only_on_a_terminal(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal the bar ends full; elsewhere nothing is printed."""
    bar(10, "posts")(10)
    assert capfd.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    draw = bar(10, "posts")
    draw(5)
    draw(10)
    assert capfd.readouterr().err.endswith(f"[{'#' * 30}] 100% 10 of 10 posts\n")
