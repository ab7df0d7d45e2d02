"""The systemd unit: it parses, and its sandbox is one the daemon can live in."""

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNIT = Path(__file__).resolve().parents[1] / "deploy" / "systemd" / "monitor.service"

EXPOSURE = 15
"""Tenths, systemd's own measure from 0 (safe) to 100; a bare unit has 96."""

UNDER_MDWE = """
import ctypes, os, sys
PR_SET_MDWE, REFUSE_EXEC_GAIN = 65, 1
if ctypes.CDLL(None).prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0):
    sys.exit(77)
os.execv(sys.executable, [sys.executable, "-c", sys.argv[1]])
"""

IMPORT_ALL = """
import importlib, mmap, pkgutil
import monitor
try:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
except OSError:
    pass
else:
    raise SystemExit("the kernel still gives writable code")
for module in pkgutil.walk_packages(monitor.__path__, "monitor."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print("all imported")
"""


def service() -> dict[str, str]:
    """The [Service] section; of repeated keys the last."""
    parser = configparser.ConfigParser(strict=False, interpolation=None, comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[method-assign,assignment]  # systemd's keys have capitals
    parser.read_string(UNIT.read_text(encoding="utf-8"))
    return dict(parser["Service"])


def test_it_starts_the_daemon() -> None:
    """The unit runs `monitor run` with a configuration; systemd makes the state's folder."""
    section = service()
    assert re.fullmatch(r"/\S+/monitor run --config /etc/monitor/\S+\.yaml", section["ExecStart"])
    assert section["StateDirectory"] == "monitor"
    assert section["DynamicUser"] == "yes"


def test_it_gives_time_to_stop() -> None:
    """Systemd waits longer for the stop than the daemon needs by its promise (10 s)."""
    assert int(service()["TimeoutStopSec"]) > 10


def test_a_damaged_state_is_not_started_again() -> None:
    """Exit code 3 (damaged state) ends the restarts."""
    assert service()["RestartPreventExitStatus"] == "3"


def test_no_secret_stands_in_it() -> None:
    """Secrets come by LoadCredential, never by Environment."""
    text = UNIT.read_text(encoding="utf-8")
    assert "LoadCredential=" in text
    assert not re.search(r"(?m)^Environment(File)?=", text)


def test_its_exposure_is_low() -> None:
    """`systemd-analyze security` rates the unit at 1.5 or better."""
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not installed")
    rated = subprocess.run(
        [tool, "security", "--offline=true", f"--threshold={EXPOSURE}", "--no-pager", str(UNIT)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert rated.returncode == 0, rated.stdout[-200:] + rated.stderr


def test_the_daemon_lives_without_writable_code() -> None:
    """Under MemoryDenyWriteExecute's rule every module, with its C libraries, can be loaded."""
    run = subprocess.run(
        [sys.executable, "-c", UNDER_MDWE, IMPORT_ALL],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if run.returncode == 77:
        pytest.skip("this kernel has no PR_SET_MDWE (Linux 6.3)")
    assert run.stdout.strip() == "all imported", run.stderr[-2000:]
