"""A seeded campaign: channels write, edit, delete; much goes wrong; the collector is killed.

`scripts/telegram-campaign` runs it at full length. The collector is a process with the real store,
killed with SIGKILL at any moment; in the end its database has to equal the double's ledger: every
post once, every final text, every deletion, no version that nobody wrote, and no call beyond the
budgets.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from monitor.store.archive import stored_after
from monitor.store.database import FILE, Database
from tests.doubles.telegram.bench import signed_in
from tests.doubles.telegram.budgets import over_budget
from tests.doubles.telegram.client import run_key
from tests.doubles.telegram.control import ROOT, Telegram, started

PHOTO = {"kind": "photo"}
SPARED = 0.8
"""How often a new process may connect before anything else happens; else it dies young."""
STARTS_WITHIN = 60.0
MET_WITHIN = 240.0  # ten names a minute are looked up
COMPARED_EVERY = 5.0
"""Seconds; telling all that is true takes the double a part of one."""
WHILE_DOWN = 0.1
"""The share of what is written while the collector is dead."""


class Plan(NamedTuple):
    """How much of everything; `pause` is what lies between two things written, in seconds."""

    seed: int
    channels: int = 20
    posts: int = 20_000
    kills: int = 100
    pause: float = 0.02
    patience: float = 900.0


class Stored(NamedTuple):
    """What the database holds of a post: its newest kind and text, and how many versions."""

    kind: str
    text: str
    versions: int


class Collector:
    """The collecting process, started and killed."""

    def __init__(
        self,
        telegram: Telegram,
        folder: Path,
        session: Path,
        names: list[str],
        *,
        reconcile: bool = True,
    ) -> None:
        self.state = folder / "state"
        self._log = folder / "log"
        self._options = {
            "state": str(self.state),
            "session": str(session),
            "key": str(run_key().public),
            "port": telegram.port,
            "sources": names,
            "reconcile": reconcile,
        }
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it; nobody waits until it is ready."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.doubles.telegram.collector", json.dumps(self._options),
                cwd=ROOT, stdout=log, stderr=log,
            )  # fmt: skip

    async def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            if self._process.returncode is not None:
                log = self._log.read_text("utf-8")[-2000:]
                raise RuntimeError(f"the collector ended by itself: {log}")
            self._process.kill()
            await self._process.wait()

    def stored(self) -> dict[tuple[str, str], Stored]:
        """Every post that its database holds, by source and id."""
        found: dict[tuple[str, str], Stored] = {}
        if not (self.state / FILE).exists():
            return found
        database = Database.open(self.state, readonly=True)
        try:
            seq = 0
            while page := stored_after(database, seq):
                for one in page:
                    text = one.post.text if one.post else ""
                    key = (one.name.source, one.name.id)
                    found[key] = Stored(one.kind, text, one.name.version)
                seq = page[-1].seq
        finally:
            database.close()
        return found


class Campaign:
    """One seed's story: what is written and what goes wrong."""

    def __init__(self, telegram: Telegram, channels: list[int], plan: Plan) -> None:
        self._telegram = telegram
        self._channels = channels
        self._plan = plan
        self._random = random.Random(plan.seed)
        self._recent: dict[int, list[list[int]]] = {one: [] for one in channels}
        self.did: Counter[str] = Counter()

    async def write(self) -> None:
        """One thing that a channel does: mostly a post, else an album, an edit, a deletion."""
        channel = self._random.choice(self._channels)
        posts = self._recent[channel]
        doing = self._random.random()
        text = f"{self.did.total()} ДРГ замечена у села"
        if doing < 0.12 and posts:
            self.did["edits"] += 1
            await self._telegram.edit(channel, self._random.choice(posts)[0], text=text)
        elif doing < 0.17 and posts:
            self.did["deletions"] += 1
            doomed = posts.pop(self._random.randrange(len(posts)))
            await self._telegram.delete(channel, doomed)
        elif doing < 0.2 and posts:
            self.did["reactions"] += 1
            await self._telegram.react(channel, self._random.choice(posts)[0])
        elif doing < 0.25:
            self.did["albums"] += 1
            pieces: list[dict[str, Any]] = [{"text": text, "media": PHOTO}, {"media": PHOTO}]
            posts.append(await self._telegram.album(channel, pieces))
        else:
            self.did["posts"] += 1
            posts.append([await self._telegram.post(channel, text)])
        del posts[:-5]

    async def harm(self) -> None:
        """One thing that goes wrong."""
        kind = self._random.choice([*("drop", "repeat", "reorder", "delay") * 2, *_HARMS])
        self.did[f"fault {kind}"] += 1
        times = self._random.randint(1, 4)
        if kind in _HARMS:
            await self._harm(kind)
        else:
            await self._telegram.fail_push(kind, times=times, seconds=self._random.random())

    async def _harm(self, kind: str) -> None:
        telegram = self._telegram
        if kind == "reset":
            await telegram.reset()
        elif kind == "salt":
            await telegram.change_salt()
        elif kind == "garbage":
            await telegram.push_garbage(self._random.choice(["malformed", "unknown"]))
        elif kind == "too_long":
            await telegram.push_too_long(self._random.choice(self._channels))
        elif kind == "flood":
            await telegram.flood("messages.getHistory", 2)
        elif kind in {"dark", "refuse"}:
            switch = telegram.black_hole if kind == "dark" else telegram.listen
            await switch(on=kind == "dark")
            await asyncio.sleep(self._random.random())
            await switch(on=kind != "dark")
        else:
            method = self._random.choice(["*", "messages.getHistory", "messages.getPeerDialogs"])
            await telegram.fail_call(method, kind, seconds=self._random.random() * 3)

    async def run(self, collector: Collector) -> None:
        """Write all of it, and kill as often as planned."""
        plan = self._plan
        await collector.start()
        async with asyncio.timeout(MET_WITHIN):
            while not await self._all_met():  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
        for cycle in range(plan.kills + 1):
            wanted = plan.posts * (cycle + 1) // (plan.kills + 1)
            down = wanted - int(plan.posts / (plan.kills + 1) * WHILE_DOWN)
            await self._write_until(down)
            if cycle == plan.kills:
                await self._write_until(wanted)
                return
            await collector.kill()
            self.did["kills"] += 1
            await self._write_until(wanted)
            await collector.start()
            if self._random.random() < SPARED:
                await self._until_connected()

    async def _all_met(self) -> bool:
        """Whether every channel's history was listed: what is older than that is not watched."""
        calls = await self._telegram.calls("messages.getHistory")
        return {call.channel for call in calls if call.answer == "ok"} >= set(self._channels)

    async def _until_connected(self) -> None:
        async with asyncio.timeout(STARTS_WITHIN):
            while not any(one["updates"] for one in await self._telegram.lines()):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)

    async def _write_until(self, wanted: int) -> None:
        while self.did["posts"] + self.did["albums"] < wanted:
            await self.write()
            if self._random.random() < 0.01:
                await self.harm()
            await asyncio.sleep(self._random.random() * 2 * self._plan.pause)


_HARMS = (
    *("reset", "salt", "garbage", "too_long", "flood", "dark", "refuse"),
    *("slow", "silent", "malformed", "unknown"),
)


class Outcome(NamedTuple):
    """What came of a campaign: where the store differs, calls beyond the budget, figures."""

    differences: list[str]
    over_budget: list[str]
    figures: dict[str, Any]


async def campaign(plan: Plan, folder: Path) -> Outcome:
    """Run one; returns when the store equals the ledger, or patience has ended."""
    async with started(run_key()) as telegram:
        bench = await signed_in(telegram, folder)
        for number in range(1, plan.channels):
            name = f"channel_{number}"
            await telegram.create_channel(name, name, members=[bench.account.id])
            bench.names.append(name)
        channels = [one["id"] for one in await telegram.truth()]
        collector = Collector(telegram, folder, bench.file, bench.names)
        story = Campaign(telegram, channels, plan)
        began = time.monotonic()
        await story.run(collector)
        written = time.monotonic()
        await telegram.clear_faults()
        found = await _differences(telegram, collector)
        while found and time.monotonic() < written + plan.patience:
            await asyncio.sleep(COMPARED_EVERY)
            found = await _differences(telegram, collector)
        equal = time.monotonic()
        await collector.kill()
        calls = await telegram.calls()
        figures = {
            **story.did,
            "seconds of writing": round(written - began),
            "seconds until equal": round(equal - written),
            "stored posts": len(collector.stored()),
            "calls": dict(Counter(call.method for call in calls)),
        }
        return Outcome(found, over_budget(calls), figures)


async def _differences(telegram: Telegram, collector: Collector) -> list[str]:
    truth = await telegram.truth()
    return differing(truth, await asyncio.to_thread(collector.stored))


def differing(truth: list[dict[str, Any]], stored: dict[tuple[str, str], Stored]) -> list[str]:
    """Where a database differs from the ledger; an album is one post, named by its first one."""
    found = []
    known = dict(stored)
    for channel in truth:
        source = f"telegram:{channel['username']}"
        albums: dict[object, list[dict[str, Any]]] = {}
        for post in channel["posts"]:
            albums.setdefault(post["group"] or -post["id"], []).append(post)
        for first, *others in albums.values():
            one = known.pop((source, str(first["id"])), None)
            text = "\n".join(post["text"] for post in (first, *others) if post["text"])
            what = _wrong(first, text, one)
            if what:
                found.append(f"{source}/{first['id']}: {what}")
    return found + [f"{source}/{number} was never written" for source, number in known]


def _wrong(post: dict[str, Any], text: str, stored: Stored | None) -> str:
    """What is wrong with a stored post; empty = nothing."""
    if post["deleted"]:
        gone = stored is None or stored.kind == "delete"
        return "" if gone else f"deleted, stored as {stored}"
    if stored is None:
        return "lost"
    if (stored.kind, stored.text) == ("delete", "") or stored.text != text:
        return f"{text!r}, stored as {stored}"
    if stored.versions > 1 and post["edit_date"] is None:
        return f"never edited, stored as {stored}"
    return ""


def main() -> int:
    """Run the campaign of the command line; 1 if the store differs or a budget was not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    for field, default in Plan._field_defaults.items():
        parser.add_argument(f"--{field}", type=type(default), default=default)
    parser.add_argument("--seed", type=int, default=20230522)
    plan = Plan(**vars(parser.parse_args()))
    with tempfile.TemporaryDirectory() as folder:
        outcome = asyncio.run(campaign(plan, Path(folder)))
    json.dump(outcome.figures, sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")
    for line in (*outcome.differences[:50], *outcome.over_budget[:50]):
        sys.stdout.write(f"{line}\n")
    verdict = "differs" if outcome.differences else "equal"
    kept = "exceeded" if outcome.over_budget else "kept"
    sys.stdout.write(f"store and ledger: {verdict}; budgets: {kept}\n")
    return 1 if outcome.differences or outcome.over_budget else 0


if __name__ == "__main__":
    sys.exit(main())
