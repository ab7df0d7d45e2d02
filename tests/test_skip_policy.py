"""Tests of tests/conftest.py: in CI a skipped test is a failure."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).with_name("conftest.py")


def run_pytest(folder: Path, body: str, *, ci: bool) -> subprocess.CompletedProcess[str]:
    """Run a pytest of its own over one test file, under this project's conftest."""
    shutil.copy(CONFTEST, folder / "conftest.py")
    (folder / "test_one.py").write_text(body, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "MONITOR_CI"}
    if ci:
        environment["MONITOR_CI"] = "1"
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_one.py"],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


SKIPPED = """
import pytest

def test_runs():
    assert True

def test_wants_data():
    pytest.skip("no data here")
"""

WHOLE_FILE = """
import pytest

pytest.skip("no broker here", allow_module_level=True)
"""


def test_a_skip_is_fine_on_a_developers_machine(tmp_path: Path) -> None:
    """Without MONITOR_CI a run with skips passes."""
    assert run_pytest(tmp_path, SKIPPED, ci=False).returncode == pytest.ExitCode.OK


def test_a_skip_fails_in_ci_and_is_named(tmp_path: Path) -> None:
    """With MONITOR_CI a skip fails the run, which names the test and its reason."""
    run = run_pytest(tmp_path, SKIPPED, ci=True)
    assert run.returncode == pytest.ExitCode.TESTS_FAILED
    assert "test_one.py::test_wants_data: Skipped: no data here" in run.stdout


def test_a_whole_file_that_skips_fails_in_ci(tmp_path: Path) -> None:
    """With MONITOR_CI a file that skips itself while being collected fails the run."""
    run = run_pytest(tmp_path, WHOLE_FILE, ci=True)
    assert run.returncode != pytest.ExitCode.OK
    assert "no broker here" in run.stdout


def test_the_closing_line_stays_last(tmp_path: Path) -> None:
    """The closing summary of a run is the last line also when skips are reported."""
    run = run_pytest(tmp_path, SKIPPED, ci=True)
    assert run.stdout.strip().splitlines()[-1].startswith("1 passed, 1 skipped")
