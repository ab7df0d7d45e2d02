"""What is stored comes out again: incidents for people and as lines, posts that can be replayed."""

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from monitor.cli import main
from tests.crash.campaign import CONFIG
from tests.crash.posts import write

POSTS = 900


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration whose state holds a replayed flood."""
    folder = tmp_path_factory.mktemp("told")
    write(folder, POSTS)
    path = folder / "monitor.yaml"
    path.write_text(CONFIG.format(port=1), "utf-8")
    words = ["replay", "--config", str(path), "--state", str(folder / "state"), "--json"]
    run = [sys.executable, "-m", "monitor", *words, str(folder / "flood.jsonl")]
    subprocess.run(run, check=True, capture_output=True)
    return path


def lines(config: Path, *words: str) -> list[dict[str, object]]:
    """What a verb prints, as JSON."""
    run = [sys.executable, "-m", "monitor", *words, "--config", str(config)]
    out = subprocess.run(run, check=True, capture_output=True).stdout
    return [orjson.loads(line) for line in out.splitlines()]


def test_exported_posts_replay_to_the_same_alerts(config: Path) -> None:
    """Alerts of a replay of the exported posts are those that were exported."""
    posts = config.parent / "exported.jsonl"
    posts.write_bytes(
        b"".join(orjson.dumps(one) + b"\n" for one in lines(config, "export", "posts"))
    )
    again = lines(config, "replay", "--json", "--exercise", str(posts))
    exported = lines(config, "export", "alerts")
    assert [one["id"] for one in again] == [one["id"] for one in exported]
    assert len(exported) > 20


def test_every_incident_is_exported_once(config: Path) -> None:
    """The incidents of the export are those that the alerts speak of."""
    found = [one["id"] for one in lines(config, "export", "incidents")]
    named = {str(one["incident"]["id"]) for one in lines(config, "export", "alerts")}  # type: ignore[index]  # the contract's shape
    assert sorted(map(str, found)) == sorted(named)
    assert len(lines(config, "incidents", "--all", "--json")) == len(found)


def test_incidents_are_told_to_people(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each says its status, its publishers with their sides, and its echoes."""
    assert main(["incidents", "--all", "--config", str(config)]) == 0
    told = capsys.readouterr().out
    assert "publishers" in told
    assert "echoes" in told
    assert "says so:" in told
