"""The process that compiles rules may die or hang at any moment: no save is lost by that."""

import asyncio
import itertools
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from monitor import reload, workshop
from monitor.matching.evaluate import Matcher
from monitor.mistake import Mark, Mistake, MistakesError
from monitor.workshop import Material, Workshop, WorkshopError, prepare
from tests.test_reload import Desk, FastClock, rules, running, save


class LeapingClock(FastClock):
    """Waits for nothing: its time goes on by what is slept."""

    def __init__(self) -> None:
        self._time = 0.0

    def monotonic(self) -> float:
        """Seconds slept so far."""
        return self._time

    async def sleep(self, seconds: float) -> None:
        """Only let others go on."""
        self._time += seconds
        await asyncio.sleep(0)


class Script(Workshop):
    """A workshop that does what is written: dies, finds mistakes, or (at last) compiles."""

    def __init__(self, *outcomes: Exception, clock: LeapingClock | None = None) -> None:
        super().__init__()
        self.outcomes = list(outcomes)
        self.asked: list[float] = []
        self.ended = ""
        self._clock = clock

    async def prepare(self, material: Material) -> Matcher:
        """The next outcome."""
        self.asked.append(self._clock.monotonic() if self._clock else 0.0)
        if self.outcomes:
            raise self.outcomes.pop(0)
        return prepare(material)

    def found_ended(self) -> str:
        """What the test says, once."""
        ended, self.ended = self.ended, ""
        return ended


def killed() -> WorkshopError:
    """A child that did not survive its order."""
    return WorkshopError("was killed (SIGKILL)")


def events(logs: Sequence[structlog.typing.EventDict]) -> list[str]:
    """What the log has of rules, in order."""
    return [str(one["event"]) for one in logs if str(one["event"]).startswith("rules")]


async def until(desk: Desk, asked: int) -> None:
    """Wait until the workshop was asked so often."""
    script = desk.reload._workshop
    assert isinstance(script, Script)
    async with asyncio.timeout(30):
        while len(script.asked) < asked:  # noqa: ASYNC110 - a list, no event
            await asyncio.sleep(0)


async def test_a_child_killed_over_a_save_is_replaced(tmp_path: Path) -> None:
    """Whoever saves never hears of it: the rules are in force, once; the log says what happened."""
    async with running(tmp_path, FastClock()) as desk:
        desk.reload._workshop = Script(killed())
        with capture_logs() as logs:
            save(desk.file, rules("rule-1"))
            await desk.until("rule-1")
        assert (desk.board.rules.reloads, desk.board.rules.refusals, desk.told) == (1, 0, [])
    assert events(logs) == ["rules_compiler_ended", "rules_loaded"]
    assert logs[0]["why"] == "the process that compiles the rules was killed (SIGKILL)"


async def test_a_save_that_kills_twice_is_not_lost(tmp_path: Path) -> None:
    """Receivers and the status are told once; it is tried again by itself until it succeeds."""
    clock = LeapingClock()
    async with running(tmp_path, clock) as desk:
        desk.reload._workshop = Script(*(killed() for _ in range(6)), clock=clock)
        with capture_logs() as logs:
            save(desk.file, rules("rule-1"))
            await desk.until("rule-1", 30)
        assert (desk.board.rules.reloads, desk.board.rules.refusals) == (1, 1)
        assert (desk.board.rules.refused_since, desk.board.rules.mistakes) == (None, ())
    assert events(logs) == 3 * ["rules_compiler_ended", "rules_not_compiled"] + ["rules_loaded"]
    assert len(desk.told) == 2  # opened, closed


async def test_tries_become_rare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be compiled is tried after 5 seconds, 10, 20 ..., up to the longest pause."""
    monkeypatch.setattr(reload, "LONGEST_PAUSE", 40)
    clock = LeapingClock()
    async with running(tmp_path, clock) as desk:
        script = desk.reload._workshop = Script(*(killed() for _ in range(12)), clock=clock)
        save(desk.file, rules("rule-1"))
        await until(desk, 12)
    pauses = [b - a for a, b in zip(script.asked[::2], script.asked[2::2], strict=False)]
    assert [round(one / 5) for one in pauses] == [1, 2, 4, 8, 8]


async def test_a_dead_child_is_replaced_before_it_is_missed(tmp_path: Path) -> None:
    """If it dies while nobody saves, another one is warm for the next save; nobody is told."""
    clock = LeapingClock()
    async with running(tmp_path, clock) as desk:
        desk.reload._workshop = script = Script(clock=clock)
        await until(desk, 1)  # it is warmed after the start
        script.ended = "was killed (SIGKILL)"
        with capture_logs() as logs:
            await until(desk, 2)
            script.outcomes = [killed(), killed()]
            script.ended = "was killed (SIGKILL)"
            await until(desk, 5)
        assert (desk.board.rules.reloads, desk.board.rules.refusals, desk.told) == (0, 0, [])
    assert events(logs) == [
        *("rules_compiler_ended", "rules_compiler_ended"),  # twice at rest
        *("rules_compiler_ended", "rules_not_compiled"),  # those that came after the second
    ]


async def test_half_of_a_file_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong for half a second, until the rest of a file is written, nobody hears of."""
    half = MistakesError([Mistake(Mark("one.yaml", 1, 1), "half", "write the rest")])
    script, looks = Script(half), itertools.count()

    def stamped(material: Material) -> reload.Stamp:
        if script.asked and next(looks) == 10:
            save(desk.file, rules("rule-1"))
        return stamp(material)

    stamp = reload.stamp
    async with running(tmp_path, LeapingClock()) as desk:
        desk.reload._workshop = script
        monkeypatch.setattr(reload, "stamp", stamped)
        with capture_logs() as logs:
            save(desk.file, rules("rule-1")[:20])
            await desk.until("rule-1")
        assert (desk.board.rules.reloads, desk.board.rules.refusals, desk.told) == (1, 0, [])
    assert events(logs) == ["rules_loaded"]


async def test_files_that_never_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If something writes all the time, what is wrong is told, and what is right in force."""
    wrong = MistakesError([Mistake(Mark("one.yaml", 1, 1), "wrong", "mend it")])
    script, times = Script(*(11 * [wrong])), itertools.count()
    async with running(tmp_path, LeapingClock()) as desk:
        desk.reload._workshop = script
        save(desk.file, rules("rule-1"))
        monkeypatch.setattr(reload, "stamp", lambda _: (("one.yaml", next(times), 0, 0, 0),))
        await desk.refused(1)
        await desk.until("rule-1", 30)


async def test_the_log_names_what_is_new_or_gone(tmp_path: Path) -> None:
    """Whoever deletes a file by mistake finds its rules in the log, the first ones by name."""
    async with running(tmp_path, FastClock()) as desk:
        desk.reload._workshop = Script()
        with capture_logs() as logs:
            save(desk.file, rules("rule-1"))
            await desk.until("rule-1")
            many = "".join(rules(f"a-{at:02}").removeprefix("rules:\n") for at in range(12))
            save(desk.file, "rules:\n" + many)
            await desk.until("a-00")
    told = [(one.get("added"), one.get("removed")) for one in logs if "rulebook" in one]
    some = ", ".join(f"a-{at:02}" for at in range(10))
    assert told == [("rule-1", "rule-0"), (f"{some} and 2 more", "rule-1")]


async def test_mistakes_stay_told_while_children_die(tmp_path: Path) -> None:
    """What is wrong with the files is neither told again nor forgotten when a child is replaced."""
    clock = LeapingClock()
    wrong = MistakesError([Mistake(Mark("one.yaml", 1, 1), "wrong", "mend it")])
    async with running(tmp_path, clock) as desk:
        desk.reload._workshop = script = Script(wrong, wrong, killed(), killed(), clock=clock)
        save(desk.file, rules("rule-1"))
        await desk.refused(1)
        for asked in (2, 4):
            script.ended = "was killed (SIGKILL)"
            await until(desk, asked)
        assert desk.board.rules.mistakes == ("one.yaml:1:1: wrong - mend it",)
        assert (desk.board.rules.refusals, len(desk.told)) == (1, 1)
        await desk.until("rule-1", 30)
    assert len(desk.told) == 2


async def test_a_killed_child_is_followed_by_another(tmp_path: Path) -> None:
    """The real one, killed at rest or over an order, says how it ended; the next one works."""
    material = Material((tmp_path / "one.yaml",), ())
    material.rules[0].write_text(rules("rule-1"), "utf-8")
    shop = Workshop()
    try:
        await shop.prepare(material)
        assert shop._child is not None
        assert not shop.found_ended()
        os.kill(shop._child.pid, signal.SIGKILL)
        await shop._child.wait()
        assert shop.found_ended() == "was killed (SIGKILL)"
        assert not shop.found_ended()
        await shop.prepare(material)
        assert shop._child is not None
        os.kill(shop._child.pid, signal.SIGSTOP)
        asked = asyncio.create_task(shop.prepare(material))
        await asyncio.sleep(0.05)
        os.kill(shop._child.pid, signal.SIGKILL)
        with pytest.raises(WorkshopError, match=r"was killed \(SIGKILL\)"):
            await asked
        assert (await shop.prepare(material)).rulebook.ids == ("rule-1",)
    finally:
        await shop.aclose()


@pytest.mark.parametrize(
    ("program", "longest", "why"),
    [
        ("import time; time.sleep(100)", 0.2, "took more than 0 s"),
        ("import sys; sys.stdin.buffer.read(9); sys.exit(3)", 100, r"ended \(exit 3\)"),
        (
            "import os; os.read(0, 9); os.write(1, bytes(7) + b'9half'); os.kill(os.getpid(), 9)",
            100,
            r"was killed \(SIGKILL\)",
        ),
        ("import os; os.read(0, 9); os.write(1, bytes(7) + b'\\x01.')", 100, "answers otherwise"),
        ("import os, time; os.read(0, 9); os.close(1); time.sleep(100)", 100, "closed its pipe"),
    ],
    ids=["hangs", "fails", "half an answer", "nonsense", "deaf"],
)
async def test_it_is_said_how_a_child_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, longest: float, why: str
) -> None:
    """Whatever a child does instead of answering, the order ends, with a reason; no child stays."""
    monkeypatch.setattr(workshop, "_PROGRAM", program)
    monkeypatch.setattr(workshop, "LONGEST", longest)
    shop = Workshop()
    with pytest.raises(WorkshopError, match=why):
        await shop.prepare(Material((tmp_path,), ()))
    assert shop._child is None


async def test_a_child_that_cannot_be_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no room for a process, that is the reason."""
    monkeypatch.setattr("sys.executable", str(tmp_path / "nothing"))
    with pytest.raises(WorkshopError, match=r"could not be begun: .*No such file"):
        await Workshop().prepare(Material((tmp_path,), ()))


async def test_the_log_says_what_takes_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a save is made ready for long, the log says so once; a quick one is not mentioned."""
    gate = asyncio.Event()

    class Slow(Script):
        async def prepare(self, material: Material) -> Matcher:
            await gate.wait()
            return await super().prepare(material)

    monkeypatch.setattr(reload, "SLOW", 0.01)
    async with running(tmp_path, FastClock()) as desk:
        desk.reload._workshop = Slow()
        with capture_logs() as logs:
            save(desk.file, rules("rule-1"))
            async with asyncio.timeout(30):
                while not logs:  # noqa: ASYNC110 - a list, no event
                    await asyncio.sleep(0.01)
            gate.set()
            await desk.until("rule-1")
    assert events(logs) == ["rules_slow", "rules_loaded"]
