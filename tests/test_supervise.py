"""Parts restart with growing pauses, give up loudly, and end the daemon when vital."""

import asyncio
import random

import pytest

from monitor.clock import SystemClock
from monitor.supervise import GaveUpError, Part, Supervisor, VitalPartError
from tests.patience import PATIENCE


class QuickClock(SystemClock):
    """Notes how long it was asked to sleep instead of sleeping."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        """Only let others run."""
        self.slept.append(seconds)
        await asyncio.sleep(0)


async def test_a_failing_part_restarts_with_growing_pauses() -> None:
    """Each failure in a row is followed by a longer pause, up to the longest."""
    clock = QuickClock()
    left = 12

    async def fail() -> None:
        nonlocal left
        left -= 1
        if left:
            raise OSError("no network")

    supervisor = Supervisor(clock, random.Random(1))
    await supervisor.run([Part("source", fail)])
    assert supervisor.states == {"source": "finished"}
    assert len(clock.slept) == 11
    assert clock.slept[4] > clock.slept[0]
    assert max(clock.slept) <= 300 * 1.5


async def test_one_part_giving_up_leaves_the_others_running() -> None:
    """A part that needs a person stays down; the rest goes on."""

    async def give_up() -> None:
        raise GaveUpError("the account was logged out", "run monitor login telegram")

    done = []

    async def work() -> None:
        await asyncio.sleep(0.01)
        done.append(1)

    supervisor = Supervisor(QuickClock(), random.Random(1))
    await supervisor.run([Part("account", give_up), Part("feed", work)])
    assert supervisor.states == {"account": "gave up", "feed": "finished"}
    assert done == [1]


async def test_a_vital_part_that_keeps_failing_ends_the_daemon() -> None:
    """Without the pipeline nothing works: five failures in a row end everything."""

    async def fail() -> None:
        raise RuntimeError("disk gone")

    async def forever() -> None:
        await asyncio.Event().wait()

    supervisor = Supervisor(QuickClock(), random.Random(1))
    with pytest.raises(ExceptionGroup) as caught:
        await supervisor.run([Part("pipeline", fail, vital=True), Part("feed", forever)])
    assert caught.group_contains(VitalPartError, match="pipeline failed 5 times")


async def test_a_part_that_lost_its_cancellation_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A part that swallows the first request to stop does not hold up the stop."""
    monkeypatch.setattr("monitor.supervise.INSIST_EVERY", 0.02)
    swallowed: list[int] = []

    async def stubborn() -> None:
        while len(swallowed) < 2:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                swallowed.append(1)
        await asyncio.sleep(3600)

    supervisor = Supervisor(QuickClock(), random.Random(1))
    run = asyncio.create_task(supervisor.run([Part("sink", stubborn)]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await asyncio.wait_for(supervisor.end(run), PATIENCE)
    assert run.done()
    assert len(swallowed) == 2
