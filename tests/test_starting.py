"""Starts: what they need not wait for, and what they leave as it was."""

import asyncio
import contextlib
import gc
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from monitor import daemon as daemon_module
from monitor.cli import main
from monitor.clock import SystemClock
from monitor.daemon import Daemon
from monitor.matching.evaluate import Matcher
from monitor.reconfiguring import ConfigFile
from monitor.rulebook.book import bind
from monitor.sinks import embedded_broker
from monitor.store.database import Database
from tests.patience import PATIENCE


async def test_nobody_waits_for_the_broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon runs, and reads its sources, while a broker of its own takes no connections ."""
    silent = tmp_path / "nats-server"
    silent.write_text("#!/bin/sh\nexec sleep 60\n", "utf-8")
    silent.chmod(0o755)
    monkeypatch.setattr(embedded_broker, "server_binary", lambda: silent)

    async def never(_: embedded_broker.EmbeddedBroker) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(embedded_broker.EmbeddedBroker, "listening", never)
    monkeypatch.setattr(daemon_module, "DRAIN_SINKS", 0.1)  # its sink will never come that far
    (tmp_path / "rules.yaml").write_text("rules: []\n", "utf-8")
    path = tmp_path / "monitor.yaml"
    path.write_text("state: state\nrules: [rules.yaml]\nreceivers: []\n", "utf-8")
    chosen = ConfigFile(path).read()
    db = Database.open(chosen.state, ballast=0)
    daemon = Daemon(chosen, Matcher(bind([], [])), SystemClock(), db)
    stop = asyncio.Event()
    with capture_logs() as logs:
        run = asyncio.create_task(daemon.run(stop))
        async with asyncio.timeout(PATIENCE):
            while not any(one["event"] == "running" for one in logs):  # noqa: ASYNC110 - polls
                await asyncio.sleep(0.01)
        stop.set()
        await run


def test_a_verb_leaves_the_collector_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    """Loading a verb's module looks for no garbage; afterwards it is looked for as before."""
    sys.modules.pop("monitor.cli.mutes", None)
    frozen = gc.get_freeze_count()
    with contextlib.suppress(SystemExit):
        main(["mutes", "--help"])
    assert "--config" in capsys.readouterr().out
    assert gc.isenabled()
    assert gc.get_freeze_count() <= frozen  # of what others set aside something may have gone
