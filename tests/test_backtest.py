"""`monitor backtest`: what other rules would have rung, against what rang."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
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


def test_the_bar_draws_on_a_terminal(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal the bar ends full, once, also when more comes meanwhile."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    draw = bar(10, "posts")
    for done in (5, 10, 11, 12):
        draw(done)
    assert capfd.readouterr().err.endswith(f"[{'#' * 30}] 100% 10 of 10 posts\n")


def test_without_a_terminal_a_long_command_says_lines(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no terminal, a line now and then tells how far it is; at first nothing."""
    bar(10, "posts")(10)
    assert capfd.readouterr().err == ""
    monkeypatch.setattr("monitor.cli.progress.LINE_EVERY", 0.0)
    bar(2000, "posts")(1500)
    assert capfd.readouterr().err == "1,500 of 2,000 posts (75%)\n"


def test_an_interrupted_backtest_tells_how_far_it_came(
    desk: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C ends it after the batch: what was judged is compared, what was not is not lost."""
    monkeypatch.setattr("monitor.backtest.BATCH", 3)
    usual = signal.getsignal(signal.SIGINT)

    def pressed(total: int, what: str) -> Callable[[int], None]:
        assert (total, what) == (5, "posts")
        return lambda _: signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("monitor.cli.backtest.bar", pressed)
    capfd.readouterr()
    assert main(["backtest", "--since", "30d"]) == 130
    said = capfd.readouterr().out
    assert f"stopped: only what was seen until {NOW - timedelta(days=2):%Y-%m-%d}" in said
    assert "3 posts; would ring 2 times (was 2): 0 new, 0 lost" in said
    assert signal.getsignal(signal.SIGINT) == usual
    assert (desk / "state").is_dir()


def test_a_backtest_makes_way(desk: Path) -> None:
    """It runs as a nice process: the daemon's work goes before."""
    program = (
        "import os, sys; from monitor.cli import main; code = main(sys.argv[1:]);"
        "print(os.nice(0), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "backtest"],
        cwd=desk, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert int(done.stderr) == 19


WRONG = [
    "Сбит дрон: роман о лётчиках вышел вчера.",
    "Читаем роман, где сбит дрон над морем.",
    "Дрон для съёмки свадьбы сбит с цены, недорого.",
]
RIGHT = ["Над городом сбит дрон.", "Сбит дрон, упал во двор.", "Дрон сбит у реки, вышел пожар.",
         "Дрон сбит, вышел к реке."]  # fmt: skip


@pytest.fixture
def tuning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stored: three wrong hits (0-2), four right ones (3-6), and posts about other things."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yaml").write_text("rules:\n" + rule("drone", "сбит дрон"), "utf-8")
    (tmp_path / "monitor.yaml").write_text("state: state\nrules: [rules]\nreceivers: []\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules" / "a.yaml").write_text(
        "rules:\n  - {id: drone, title: D, when: {all: [дрон, 'сбит*']}}\n", "utf-8"
    )
    lines = [
        json.dumps({
            "source": "telegram:desk", "id": str(number), "text": text,
            "published_at": (NOW - timedelta(hours=1, seconds=-number)).isoformat(),
        })
        for number, text in enumerate([*WRONG, *RIGHT, *["Вчера было тихо."] * 300])
    ]  # fmt: skip
    (tmp_path / "posts.jsonl").write_text("\n".join(lines), "utf-8")
    assert main(["replay", "--config", "monitor.yaml", "--state", "state", "posts.jsonl"]) == 0
    return tmp_path


def tuned(capfd: pytest.CaptureFixture[str], *more: str, code: int = 0) -> Any:
    """The JSON of --tune."""
    capfd.readouterr()
    assert main(["backtest", "--json", "--tune", "drone", *more]) == code
    return json.loads(capfd.readouterr().out)


@pytest.mark.usefixtures("tuning")
def test_exclusions_remove_the_wrong_and_keep_the_right(capfd: pytest.CaptureFixture[str]) -> None:
    """Few words, in their dictionary form, take every wrong post away and no right one."""
    wrong = [f"telegram:desk/{number}" for number in range(3)]
    found = tuned(capfd, "--wrong", *wrong)
    assert (found["hits"], found["right"], found["gone"], found["kept"]) == (7, 4, 3, 4)
    assert found["not"][0] == {"term": "роман", "removes": wrong[:2], "elsewhere": 0}
    assert len(found["not"]) == 2
    assert found["foretold"] == 2  # the two novels foretell each other, the wedding nobody
    assert main(["backtest", "--tune", "drone", "--wrong", *wrong]) == 0
    said = capfd.readouterr().out
    assert "run with it: 3 of 3 wrong are gone, 4 of 4 stay" in said
    assert "would have removed 2 of 3" in said
    assert "doubt: only 4 right posts" in said


@pytest.mark.usefixtures("tuning")
def test_a_wrong_post_like_the_right_ones_stays(capfd: pytest.CaptureFixture[str]) -> None:
    """Where every word of a wrong post stands in right ones too, nothing is proposed, and said."""
    found = tuned(capfd, "--wrong", "telegram:desk/6", code=1)
    assert (found["not"], found["stay"]) == ([], ["telegram:desk/6"])
    narrow = tuned(capfd, "--wrong", "telegram:desk/6", "--right", "telegram:desk/3")
    assert narrow["right"] == 1
    assert {one["term"] for one in narrow["not"]} <= {"река", "выйти"}


@pytest.mark.usefixtures("tuning")
def test_tuning_names_what_it_cannot_use(capfd: pytest.CaptureFixture[str]) -> None:
    """An unknown rule or post, and a post that the rule does not hold for, are mistakes."""
    assert main(["backtest", "--tune", "drome", "--wrong", "telegram:desk/1"]) == 1
    assert "did you mean `drone`?" in capfd.readouterr().err
    assert main(["backtest", "--tune", "drone", "--wrong", "telegram:desk/9", "telegram:x/1"]) == 1
    said = capfd.readouterr().err
    assert "rule `drone` does not hold for telegram:desk/9" in said
    assert "nothing is known of telegram:x/1" in said
    assert main(["backtest", "--tune", "drone"]) == 2
