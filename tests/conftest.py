"""What is green in CI has run, and is green again on the same code.

On a developer's machine a test may skip for want of real data, a broker or a newer system, and says
so. With MONITOR_CI set, any skip that is not named in MAY_SKIP makes the run fail.

Properties are tried on new examples at every developer's run, and on the same ones at every run of
CI: a rare counterexample is found by those who can mend it, and no change is refused by chance.
"""

import os
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, settings

# No example is measured by the clock: a machine that is busy with other things is no mistake.
for name, same in (("here", False), ("ci", True)):
    settings.register_profile(
        name,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        derandomize=same,
        print_blob=True,
    )
settings.load_profile("ci" if os.environ.get("MONITOR_CI") else "here")

MAY_SKIP: dict[str, str] = {
    "tests/test_editor.py": "needs node and a package from npm, by hand",
    "tests/test_systemd.py::test_its_exposure_is_low": "a container may have no systemd-analyze",
    "tests/test_systemd.py::test_the_daemon_lives_without_writable_code": "needs Linux 6.3",
    "tests/test_telegram_second_client.py": "checks the double with an LGPL library, by hand",
}
"""Test (its node id, or the beginning of it) -> why CI may skip it."""


def unexpected(skipped: Sequence[pytest.TestReport | pytest.CollectReport]) -> list[str]:
    """The skips that nobody allowed, as `node id: reason`."""
    return [
        f"{report.nodeid}: {_reason(report)}"
        for report in skipped
        if not report.nodeid.startswith(tuple(MAY_SKIP))
    ]


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)


def _skips(config: pytest.Config) -> list[str]:
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is None or not os.environ.get("MONITOR_CI"):
        return []
    return unexpected(terminal.stats.get("skipped", ()))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run when something was skipped that must run here."""
    if _skips(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say which tests those were."""
    skips = _skips(config)
    if skips:
        terminalreporter.section("skipped, but must run in CI", red=True)
        for line in skips:
            terminalreporter.line(line)
