"""Route tests in monitor.yaml: run by `monitor test`, and before changed routes are in force."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.cli import main
from monitor.clock import SystemClock
from monitor.daemon import Daemon
from monitor.mistake import MistakesError
from monitor.reconfiguring import ConfigFile
from monitor.store.database import Database
from monitor.workshop import Material, prepare
from tests.doubles.outbox import make_alert

CONFIG = """\
state: state
receivers: [{name: desk, kind: terminal}, {name: night, kind: terminal}]
route:
  receiver: desk
  routes:
    - matchers: ["level >= high", "admin1 = RU-BEL"]
      receiver: night
      silent_time_intervals: dark
      escalate: {after: 10m, receiver: desk}
time_intervals:
  - {name: dark, time_intervals: [{times: [{start_time: "22:00", end_time: "06:00"}]}]}
route_tests:
  - name: by day it sounds
    alert: {level: high, admin1: RU-BEL}
    receivers: night
    silently: []
    escalates: desk
  - name: at night it does not
    at: 2026-11-20T23:00:00+00:00
    alert: {level: high, admin1: RU-BEL}
    receivers: [night]
    silently: night
  - name: but a critical one does
    at: 2026-11-20T23:00:00+00:00
    alert: {level: critical, admin1: RU-BEL}
    receivers: [night]
    silently: []
  - name: elsewhere
    alert: {level: critical, admin1: UA-63}
    receivers: desk
"""


def _test(folder: Path, text: str) -> int:
    path = folder / "monitor.yaml"
    path.write_text(text, "utf-8")
    return main(["test", "--config", str(path)])


def test_what_holds_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Who is told, who hears no sound and who is told later are all compared."""
    assert _test(tmp_path, CONFIG) == 0
    assert "4 route tests: all hold" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("before", "after", "line", "said"),
    [
        ("receiver: night\n", "receiver: [night, desk]\n", 15, "receivers are [desk, night]"),
        ("      silent_time_intervals: dark\n", "", 21, "silently are [], not [night]"),
        ("after: 10m, receiver: desk", "after: 10m, receiver: night", 17, "escalates are [night]"),
    ],
)
def test_what_fails_is_named_at_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str],
    before: str, after: str, line: int, said: str,
) -> None:  # fmt: skip
    """A broken expectation is a mistake at file:line:column with what came instead."""
    assert _test(tmp_path, CONFIG.replace(before, after)) == 1
    out = capsys.readouterr().out
    assert f"monitor.yaml:{line}:" in out
    assert said in out
    with pytest.raises(MistakesError) as caught:
        ConfigFile(tmp_path / "monitor.yaml").read()
    assert said in str(caught.value.mistakes[0])


def test_unknown_receivers_and_times_are_mistakes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A receiver that does not exist and a time without an offset are told with a hint."""
    bad = CONFIG.replace("receivers: desk\n", "receivers: desks\n")
    assert _test(tmp_path, bad) == 1
    assert "no receiver is called `desks` - did you mean `desk`?" in capsys.readouterr().err
    bad = CONFIG.replace("at: 2026-11-20T23:00:00+00:00", "at: today")
    assert _test(tmp_path, bad) == 1
    assert "no time with an offset" in capsys.readouterr().err


async def test_saved_routes_are_in_force_without_a_restart(tmp_path: Path) -> None:
    """The daemon's receivers follow the new routes; a receiver that does not run yet gets none."""
    path = tmp_path / "monitor.yaml"
    path.write_text(CONFIG, "utf-8")
    chosen = ConfigFile(path).read()
    matcher = prepare(Material((), (), (), chosen.state))
    db = Database.open(chosen.state, ballast=0)
    daemon = Daemon(chosen, matcher, SystemClock(), db, ConfigFile(path))
    high = make_alert(1, level="high")
    try:
        dispatch, now = daemon._dispatch, datetime.now(UTC)
        assert dispatch.why_not("desk", high, now) == "no route leads here"
        path.write_text(CONFIG.partition("route_tests")[0].replace("RU-BEL", "UA-63"), "utf-8")
        for key, apply in daemon._reconfiguring[0]._apply.items():
            if key == "route":
                apply(ConfigFile(path).read())
        assert dispatch.why_not("desk", high, now) is None
        assert dispatch.why_not("night", high, now) == "no route leads here"
    finally:
        await daemon._outbox.aclose()
        await daemon._writer.aclose()
