"""One connection's end and its warnings: dropped calls are errors, and a wrong clock is said."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from monitor.clock import SystemClock
from monitor.sources.telegram.connection import outliving
from monitor.sources.telegram.trouble import TroubleError
from tests.doubles.telegram.bench import Bench, signed_in
from tests.doubles.telegram.client import run_key
from tests.doubles.telegram.control import started
from tests.patience import PATIENCE, ends


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """A running double, and an account signed in that has joined one channel."""
    async with started(run_key()) as telegram:
        yield await signed_in(telegram, tmp_path)


async def waits(call: "asyncio.Future[str]") -> str:
    """A task of a connection that waits for an answer."""
    return await call


async def test_a_call_that_the_library_drops_ends_the_connection() -> None:
    """A call that the client library cancels is trouble to its task, and so to all beside it.

    As a plain cancellation it would end that task alone: the others would go on for ever, and
    nothing would be listed any more.
    """
    call: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    with pytest.raises(ExceptionGroup) as ended:  # noqa: PT012 - the group itself must end
        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
            group.create_task(outliving(waits(call)))
            group.create_task(asyncio.sleep(3600))
            await asyncio.sleep(0)
            call.cancel()
    assert [type(one) for one in ended.value.exceptions] == [TroubleError]


class Deaf:
    """A client that loses a cancellation while it connects, as `asyncio.wait_for` makes it."""

    def __init__(self, *, refused: bool) -> None:
        self.refused = refused
        self.connecting = asyncio.Event()
        self.disconnected: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.take: object = None

    async def connect(self) -> None:
        """Wait for a cancellation, and go on."""
        self.connecting.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)
        if self.refused:
            raise ConnectionError("the proxy refused")

    async def disconnect(self) -> None:
        """End it."""
        self.disconnected.set_result(None)

    async def __call__(self, _request: object) -> object:
        """The answer to the first call of a connection."""
        return SimpleNamespace(date=SystemClock().now())


@pytest.mark.parametrize("refused", [True, False])
async def test_a_stop_that_the_library_loses_is_heeded(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, *, refused: bool
) -> None:
    """Asked to stop just when a connection is made, or refused, the account stops all the same."""
    client = Deaf(refused=refused)
    monkeypatch.setattr("monitor.sources.telegram.account.open_client", lambda *_: client)
    async with bench.collecting() as task:
        await client.connecting.wait()
        task.cancel()
        assert await ends(task, 5)
        assert task.cancelled()


async def test_a_dropped_call_is_trouble_also_in_a_later_connection() -> None:
    """A connection that ended in trouble does not make the next one take that for our own stop."""

    async def fails() -> None:
        raise OSError("reset")

    with pytest.raises(ExceptionGroup):
        async with asyncio.TaskGroup() as group:
            group.create_task(fails())
    call: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(call.cancel)
    with pytest.raises(TroubleError):
        await outliving(waits(call))


async def test_cancelling_a_task_is_no_trouble() -> None:
    """When we end a connection ourselves its tasks end as cancelled, not with an error."""
    call: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(outliving(waits(call)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(("ahead", "said"), [(600.0, [-600]), (-600.0, [600]), (5.0, [])])
async def test_a_wrong_clock_is_said(bench: Bench, ahead: float, said: list[int]) -> None:
    """Ten minutes off is one warning with the seconds and what to do; posts are stored anyway."""
    await bench.telegram.set_clock(ahead)
    with capture_logs() as logs:
        async with bench.collecting():
            await bench.ready()
            await bench.telegram.post(bench.channel, "несмотря на часы")
            await bench.until(["несмотря на часы"])
    warnings = [one for one in logs if one["event"] == "clock_differs_from_telegram"]
    assert [round(one["seconds"], -1) for one in warnings] == said
    assert all("clock" in one["hint"] for one in warnings)
