"""Kill the daemon at random moments while posts flow, and judge what a subscriber saw.

The daemon is the real one in a process of its own, the broker a real one; the expectation is an
uninterrupted replay of the same posts.
"""

import asyncio
import os
import random
import signal
import sqlite3
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import msgspec
import orjson

from tests.crash.oracle import Verdict, judge
from tests.crash.posts import write
from tests.doubles.brokers import Mosquitto, Subscriber
from tests.patience import PATIENCE

LAST = 1000
"""Posts that come only after the last restart."""
EARLY = 0.1
"""The share of kills that fall into the start, at any moment of its first second."""
ON_THE_WIRE = 0.2
"""The share that falls on the moment when alerts arrive at the subscriber."""

ROOT = Path(__file__).resolve().parents[2]
BROKEN = ROOT / "tests" / "crash" / "broken_daemon.py"

CONFIG = """\
instance: crash
state: state
rules: [rules.yaml]
sources: [sources.yaml]
recordings: [{{file: flood.jsonl, start: recorded}}]
bus: {{url: "mqtt://127.0.0.1:{port}"}}
receivers: []
retention: {{unmatched: 36500d, matched: 36500d, alerts: 36500d}}
"""


class Report(msgspec.Struct, frozen=True):
    """What a campaign found."""

    verdict: Verdict
    expected: int
    kills: int
    kills_while_flowing: int
    seconds_to_next_alert: float
    outcomes: dict[str, int]
    versions: int

    def told(self) -> str:
        """The figures on one line."""
        wrong = self.verdict
        return (
            f"{self.kills} kills ({self.kills_while_flowing} while posts flowed), "
            f"{self.expected} alerts: {len(wrong.lost)} lost, {len(wrong.invented)} invented, "
            f"{len(wrong.altered)} altered, {wrong.duplicates} repeated on the wire; next alert "
            f"{self.seconds_to_next_alert:.2f} s after the last restart; {self.versions} versions: "
            f"{self.outcomes}"
        )


class Campaign:
    """One flood, one broker, many deaths."""

    def __init__(self, folder: Path, *, posts: int, kills: int, seed: int = 1) -> None:
        self.folder = folder
        self._kills = kills
        self._draw = random.Random(seed)
        self._posts = posts
        write(folder, posts)
        self._read = 0
        lines = (folder / "flood.jsonl").read_bytes().splitlines(keepends=True)
        self._flowing, self._last = lines[:-LAST], lines[-LAST:]
        (folder / "broker").mkdir()
        self.broker = Mosquitto(folder / "broker")
        self.config = folder / "monitor.yaml"
        self.config.write_text(CONFIG.format(port=self.broker.port), "utf-8")

    async def run(self, *, broken: bool = False) -> Report:
        """Kill as often as asked, then let it finish, and judge."""
        expected = await self._replay()
        await self.broker.start()
        try:
            async with Subscriber(self.broker.address) as subscriber:
                flowing = await self._kill_often(subscriber, broken=broken)
                waited = await self._finish(subscriber, len(expected), broken=broken)
                delivered = [event["data"] for event in subscriber.events()]
        finally:
            await self.broker.stop()
        versions, outcomes = self._stored()
        return Report(
            judge(expected, delivered),
            len(expected), self._kills, flowing, waited, outcomes, versions,
        )  # fmt: skip

    async def _replay(self) -> list[dict[str, Any]]:
        """The alerts of an uninterrupted run."""
        process = await self._spawn("replay", "--json", "flood.jsonl", out=asyncio.subprocess.PIPE)
        out, _ = await process.communicate()
        assert process.returncode == 0
        return [orjson.loads(line) for line in out.splitlines()]

    async def _spawn(
        self, *words: str, out: int = asyncio.subprocess.DEVNULL, broken: bool = False
    ) -> asyncio.subprocess.Process:
        program = [str(BROKEN)] if broken else ["-m", "monitor"]
        with (self.folder / "daemon.log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable, *program, words[0], "--config", str(self.config), *words[1:],
                stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=log, cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)}, start_new_session=True,
            )  # fmt: skip

    async def _kill_often(self, subscriber: Subscriber, *, broken: bool) -> int:
        """Start and kill: while posts flow, when an alert is on the wire, while it starts.

        How long posts may flow adapts, so that they last for all kills.
        """
        flowing = 0
        life = 0.05
        (self.folder / "flood.jsonl").write_bytes(b"".join(self._flowing))
        for number in range(self._kills):
            before = self._line()
            process = await self._spawn("run", broken=broken)
            moment = self._draw.random()
            if moment < EARLY:
                await asyncio.sleep(self._draw.random())
            else:
                await self._until_running(process)
                if moment < EARLY + ON_THE_WIRE:
                    await self._until_heard(subscriber)
                else:
                    await asyncio.sleep(2 * life * self._draw.random())
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            assert process.returncode == -signal.SIGKILL, self._log()
            done = self._line() - before
            flowing += done > 0
            wanted = (len(self._flowing) - before) / (self._kills - number)
            longer = 1.06 if done else 1.2  # a slow machine needs longer for its first commit
            life = life * 0.9 if done >= wanted else min(2.0, life * longer)
        return flowing

    async def _until_heard(self, subscriber: Subscriber) -> None:
        """Return the moment an alert arrives: it is not yet recorded as delivered."""
        before = len(subscriber.messages)
        with suppress(TimeoutError):
            async with asyncio.timeout(2):
                while len(subscriber.messages) <= before + 2:  # noqa: ASYNC110 - status and mark
                    await asyncio.sleep(0)

    async def _until_running(self, process: asyncio.subprocess.Process) -> None:
        """Return when this daemon says that it runs."""
        async with asyncio.timeout(PATIENCE):
            while process.returncode is None:
                with (self.folder / "daemon.log").open("rb") as log:
                    log.seek(self._read)
                    if b'"running"' in log.read():
                        self._read = log.seek(0, os.SEEK_END)
                        return
                await asyncio.sleep(0.005)

    async def _finish(self, subscriber: Subscriber, expected: int, *, broken: bool) -> float:
        """Start once more, with fresh posts; the daemon's seconds to the first alert after it.

        Those in which it had work and no processor are not its own.
        """
        with (self.folder / "flood.jsonl").open("ab") as file:
            file.writelines(self._last)
        before, started = _alerts(subscriber), time.monotonic()
        process = await self._spawn("run", broken=broken)
        first = 0.0
        seen, quiet = before, time.monotonic()
        while time.monotonic() - quiet < (12 if broken else PATIENCE):
            await asyncio.sleep(0.05)
            alerts = _alerts(subscriber)
            if alerts > before and not first:
                first = time.monotonic() - started - _kept_waiting(process.pid)
            if alerts != seen:
                seen, quiet = alerts, time.monotonic()
            elif self._idle() and len(set(subscriber.ids())) >= expected:
                break
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), PATIENCE)
        return first

    def _ask(self, sql: str) -> list[Any]:
        path = self.folder / "state" / "monitor.db"
        if not path.exists():
            return []
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as db:
            try:
                return db.execute(sql).fetchall()
            except sqlite3.OperationalError:
                return []

    def _line(self) -> int:
        rows = self._ask("SELECT value FROM cursors WHERE name LIKE 'recording/%'")
        return int(orjson.loads(rows[0][0])["line"]) if rows else 0

    def _idle(self) -> bool:
        return self._line() >= self._posts

    def _stored(self) -> tuple[int, dict[str, int]]:
        outcomes = dict(self._ask("SELECT outcome, count(*) FROM posts GROUP BY outcome"))
        ((versions,),) = self._ask("SELECT count(*) FROM posts")
        return versions, outcomes

    def _log(self) -> str:
        return (self.folder / "daemon.log").read_text("utf-8", "replace")[-3000:]


def _kept_waiting(process: int) -> float:
    """Seconds in which a process' first thread had work and no processor; 0 if nobody counts."""
    with suppress(OSError, IndexError):
        return int(Path(f"/proc/{process}/schedstat").read_text("ascii").split()[1]) / 1e9
    return 0.0


def _alerts(subscriber: Subscriber) -> int:
    """How many alerts have come, repeats included."""
    return sum(str(one.topic).startswith("osint/v1/alert/") for one in subscriber.messages)
