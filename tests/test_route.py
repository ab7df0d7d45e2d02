"""`monitor route ALERT`, on a real store."""

import json
from pathlib import Path

import pytest

from monitor.cli import main
from monitor.silence import Silence
from monitor.store.commit import Work, commit
from monitor.store.database import Database
from monitor.store.silences import put
from tests.storing import alert, at, incident

CONFIG = """\
state: state
receivers: [{name: desk, kind: terminal}, {name: night, kind: terminal}]
route:
  receiver: desk
  routes: [{matchers: "level >= low", receiver: night, mute_time_intervals: quiet}]
time_intervals:
  - {name: quiet, time_intervals: [{times: [{start_time: "22:00", end_time: "06:00"}]}]}
inhibit_rules:
  - {source_matchers: ["rule = border-incursion"], target_matchers: ["rule = shelling"]}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration, and a store with one critical alert."""
    path = tmp_path / "monitor.yaml"
    path.write_text(CONFIG)
    db = Database.open(tmp_path / "state", ballast=0)
    commit(db, Work(incidents=(incident(),), alerts=(alert(),)), at(0))
    db.close()
    return path


def test_it_says_who_gets_it_and_why_not(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For each receiver: it gets the alert, or the reason why it does not."""
    assert main(["route", "--config", str(config), alert().id]) == 0
    out = capsys.readouterr().out
    assert "route root > level >= low -> night" in out
    assert "desk: not told - no route leads here" in out
    assert "night: gets it" in out
    assert "the bus: always" in out


def test_json_says_the_same(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Programs get the ways and the reasons as one object."""
    line = ["route", "--config", str(config), "--json", "--at", "2026-11-20T23:00+00:00"]
    assert main([*line, alert().id]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["routes"] == [
        {
            "path": ["root", "level >= low"], "receivers": ["night"], "paused": None,
            "group": None, "group_wait": None, "group_interval": None, "repeat_interval": None,
            "escalate": [],
        }
    ]  # fmt: skip
    assert told["receivers"]["desk"] == {
        "gets": False, "why_not": "no route leads here", "silent": None,
    }  # fmt: skip
    assert told["receivers"]["night"] == {"gets": True, "why_not": None, "silent": None}


def test_it_says_what_is_told_together(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The alert's group, how long that waits, and when the incident is called to mind."""
    grouped = "route:\n  group_by: [rule, admin1]\n  group_wait: 30s\n  repeat_interval: 4h"
    config.write_text(CONFIG.replace("route:", grouped).partition("  routes:")[0])
    assert main(["route", "--config", str(config), alert().id]) == 0
    out = capsys.readouterr().out
    assert "group root rule=border-incursion admin1=" in out
    assert "its first alerts wait 30s for one digest" in out
    assert "called to mind every 4h" in out
    assert main(["route", "--config", str(config), "--json", alert().id]) == 0
    (way,) = json.loads(capsys.readouterr().out)["routes"]
    assert (way["group_wait"], way["group_interval"]) == ("30s", None)
    assert way["repeat_interval"] == "4h"


def test_silences_are_reasons_too(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A silence that holds at that time is named, with its owner and its end."""
    db = Database.open(config.parent / "state", ballast=0)
    put(
        db,
        Silence(id="1a2b3c4d", rule="border-incursion", made_at=at(0), ends_at=at(60), by="anna"),
    )
    db.close()
    line = ["route", "--config", str(config), "--at"]
    assert main([*line, at(30).isoformat(), alert().id]) == 0
    assert "night: not told - silence 1a2b3c4d of anna" in capsys.readouterr().out
    assert main([*line, at(60).isoformat(), alert().id]) == 0
    assert "night: gets it" in capsys.readouterr().out


def test_an_unknown_alert_is_named(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong id is answered with ids that exist; a time without an offset is refused."""
    assert main(["route", "--config", str(config), "nonsense"]) == 1
    assert alert().id in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["route", "--config", str(config), "--at", "2026-11-20", alert().id])
