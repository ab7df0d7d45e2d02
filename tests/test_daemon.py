"""The daemon as a process: the same alerts as a replay, on the bus; stopping; one at a time."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from monitor.store.database import Database
from monitor.store.head import newest_alert
from tests.crash.oracle import comparable
from tests.doubles.bot_api import TOKEN, BotApiDouble
from tests.doubles.brokers import Mosquitto, Subscriber
from tests.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[1]
RECORDING = ROOT / "deploy" / "quickstart" / "border-raid.jsonl"

pytestmark = pytest.mark.timeout(400)  # processes are slow to start on a busy machine


def configure(folder: Path, bus: str, start: str = "start: recorded", more: str = "") -> Path:
    """A configuration that plays the shipped recording under the shipped rules."""
    path = folder / "monitor.yaml"
    path.write_text(
        f"instance: desk\nstate: state\nrules: [{ROOT}/rules]\n"
        f"places: [{ROOT}/rules/places.yaml]\n"
        f"sources: [shipped.yaml, invented.yaml]\n"
        f"recordings: [{{file: {RECORDING}, {start}}}]\nbus: {{{bus}}}\n"
        f"retention: {{unmatched: 36500d, matched: 36500d, alerts: 36500d}}\n{more}",
        "utf-8",
    )
    for name, known in (
        ("shipped.yaml", ROOT / "rules" / "sources.yaml"),
        ("invented.yaml", ROOT / "deploy" / "quickstart" / "sources.yaml"),
    ):  # the same speakers, but nobody goes out to the web for them
        text = known.read_text("utf-8")
        (folder / name).write_text(text.replace("via: [preview]", "via: [recording]"), "utf-8")
    return path


Started = list[asyncio.subprocess.Process]


@pytest.fixture(autouse=True)
async def started(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Started]:
    """Every process that a test starts; what still runs at its end is killed."""
    processes: Started = []
    monkeypatch.setattr(sys.modules[__name__], "_STARTED", processes)
    yield processes
    for process in processes:
        if process.returncode is None:
            process.kill()
            await process.communicate()


_STARTED: Started = []


async def start(*words: str | Path, cwd: Path) -> asyncio.subprocess.Process:
    """`monitor ...` in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "monitor", *map(str, words), cwd=cwd,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        stdin=asyncio.subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    _STARTED.append(process)
    return process


async def replay(config: Path, *options: str, seed: str = "0") -> bytes:
    """What `monitor replay --json` of the shipped recording prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "monitor", "replay", "--config", str(config), "--json", *options,
        str(RECORDING), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed},
    )  # fmt: skip
    out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return out


async def running(process: asyncio.subprocess.Process) -> None:
    """Return when the daemon says that it runs."""
    assert process.stderr is not None
    async with asyncio.timeout(PATIENCE):
        while b'"running"' not in await process.stderr.readline():
            assert process.returncode is None


async def alerts(folder: Path, number: int) -> None:
    """Return when a running daemon has stored so many alerts."""
    database = Database.open(folder / "state", readonly=True)
    try:
        async with asyncio.timeout(PATIENCE):
            while database.read(newest_alert) < number:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
    finally:
        database.close()


async def stopped(process: asyncio.subprocess.Process) -> tuple[float, str]:
    """Ask it to stop in good order: how long it took, and what it logged."""
    asked = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, errors = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode == 0, errors.decode()
    return time.monotonic() - asked, errors.decode()


async def test_replay_depends_on_neither_hash_seed_nor_batches(tmp_path: Path) -> None:
    """The shipped recording gives 30 alerts or more, the same bytes for any seed and batch size."""
    config = configure(tmp_path, "embedded: false")
    first = await replay(config, seed="1")
    second = await replay(config, "--batch", "7", seed="2")
    assert first == second
    assert len(first.splitlines()) >= 30


async def test_the_bus_carries_what_a_replay_prints(tmp_path: Path) -> None:
    """A subscriber gets the replay's alerts as valid CloudEvents, but for sent_at and sequence."""
    (tmp_path / "broker").mkdir()
    broker = Mosquitto(tmp_path / "broker")
    await broker.start()
    config = configure(tmp_path, f'url: "mqtt://127.0.0.1:{broker.port}"')
    expected = [orjson.loads(line) for line in (await replay(config)).splitlines()]
    async with Subscriber(broker.address) as subscriber:
        process = await start("run", "--config", config, cwd=tmp_path)
        await subscriber.until([alert["id"] for alert in expected])
        seconds, _ = await stopped(process)
        events = subscriber.events()
    await broker.stop()
    assert [comparable(event["data"]) for event in events] == [comparable(one) for one in expected]
    assert all(alert["exercise"] for alert in expected)
    assert seconds < 10
    for event in events:
        check_cloud_event(event)


def check_cloud_event(event: dict[str, Any]) -> None:
    """CloudEvents 1.0, structured JSON: required attributes, types, and ours."""
    assert event["specversion"] == "1.0"
    assert event["id"] == event["data"]["id"]
    assert event["type"] == f"monitor.alert.{event['data']['kind']}.v1"
    assert event["source"] == "/osint/desk"
    assert event["subject"] == event["data"]["incident"]["id"]
    assert event["datacontenttype"] == "application/json"
    assert all(isinstance(value, str) for key, value in event.items() if key != "data")
    assert all(key.isalnum() and key == key.lower() for key in event)


async def test_a_second_start_carries_on(tmp_path: Path) -> None:
    """Stopped and started again, the daemon repeats nothing and goes on where it was."""
    config = configure(tmp_path, "embedded: false", "start: now, speed: 5000")
    process = await start("run", "--config", config, cwd=tmp_path)
    await running(process)
    await alerts(tmp_path, 1)
    await stopped(process)
    before = await tail(config, tmp_path)
    process = await start("run", "--config", config, cwd=tmp_path)
    await running(process)
    await alerts(tmp_path, len(before) + 1)
    await stopped(process)
    after = await tail(config, tmp_path)
    assert after[: len(before)] == before
    assert len({alert["id"] for alert in after}) == len(after) > len(before) > 0


async def tail(config: Path, cwd: Path) -> list[dict[str, Any]]:
    """`monitor tail --after 0`."""
    process = await start("tail", "--config", config, "--after", "0", cwd=cwd)
    out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return [json.loads(line) for line in out.splitlines()]


async def test_status_explain_and_a_second_daemon(tmp_path: Path) -> None:
    """A running daemon answers `status`; a second one on its state is refused and says why."""
    config = configure(tmp_path, "embedded: false")
    process = await start("run", "--config", config, cwd=tmp_path)
    await running(process)
    await alerts(tmp_path, 30)
    asking = await start("status", "--config", config, "--json", cwd=tmp_path)
    status = json.loads((await asking.communicate())[0])
    assert status["running"]
    assert status["daemon"]["parts"]["pipeline"] == "running"
    second = await start("run", "--config", config, cwd=tmp_path)
    _, errors = await asyncio.wait_for(second.communicate(), PATIENCE)
    assert second.returncode not in {0, None}
    assert str(process.pid) in errors.decode()
    alert = (await tail(config, tmp_path))[0]
    shown = alert["posts"][0]
    for what in (alert["id"], f"{shown['source']}/{shown['id']}"):
        explaining = await start("explain", "--config", config, what, cwd=tmp_path)
        out, errors = await explaining.communicate()
        assert explaining.returncode == 0, errors.decode()
        assert f"alert {alert['id']} EXERCISE  opened" in out.decode()
        assert "terminal: delivered" in out.decode()
    await stopped(process)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_second_signal_ends_at_once(tmp_path: Path, number: int) -> None:
    """While it winds down, a second signal ends the daemon within a second.

    The best of three times counts: what a busy machine gives to others is not its doing.
    """
    # a broker that is not there: the sink is behind, so winding down takes its time
    config = configure(tmp_path, 'url: "mqtt://127.0.0.1:1"')
    took: list[float] = []
    while not took or (took[-1] >= 1 and len(took) < 3):
        process = await start("run", "--config", config, cwd=tmp_path)
        await running(process)
        await alerts(tmp_path, 1)
        process.send_signal(number)
        await asyncio.sleep(0.5)
        assert process.returncode is None
        asked = time.monotonic()
        process.send_signal(number)
        await asyncio.wait_for(process.communicate(), PATIENCE)
        took.append(time.monotonic() - asked)
        assert process.returncode == 130
    assert min(took) < 1


async def test_mistakes_stop_the_start_with_their_lines(tmp_path: Path) -> None:
    """A configuration with mistakes ends at once with every one as file:line:column, code 1."""
    path = tmp_path / "monitor.yaml"
    path.write_text("instance: Desk 1\nrulse: [x]\nbus: {url: ftp://x}\n", "utf-8")
    process = await start("run", "--config", path, cwd=tmp_path)
    _, errors = await process.communicate()
    lines = errors.decode().splitlines()
    assert process.returncode == 1
    assert len(lines) >= 3
    assert all(":" in line and " - " in line for line in lines)
    assert "Traceback" not in errors.decode()


async def test_the_chat_gets_incidents_as_messages(tmp_path: Path) -> None:
    """With a bot configured, a chat gets each incident's opening, and no token leaks anywhere."""
    async with BotApiDouble(group_limit=1000) as chat:
        (tmp_path / "token").write_text(TOKEN, "utf-8")
        receiver = (
            "receivers: [{name: desk, kind: telegram_bot, chat: -100123, "
            f'token: "file:token", api_url: "{chat.url}"}}]\n'
        )
        config = configure(tmp_path, "embedded: false", more=receiver)
        process = await start("run", "--config", config, cwd=tmp_path)
        await chat.until(lambda: len(chat.texts) >= 3)
        _, errors = await stopped(process)
    assert all("EXERCISE" in text for text in chat.texts)
    assert any("Armed incursion across the border" in text for text in chat.texts)
    assert TOKEN not in errors
    assert TOKEN.encode() not in (tmp_path / "state" / "monitor.db").read_bytes()
