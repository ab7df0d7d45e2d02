"""TAK: markers that move instead of multiplying, and come back after a lost connection."""

import asyncio
import contextlib
from pathlib import Path

import msgspec
from lxml import etree

from monitor.clock import SystemClock
from monitor.sinks.cot import event, has_point
from monitor.sinks.one_by_one import Pace
from monitor.sinks.tak import TakServer, TakSink
from tests.doubles.outbox import MOMENT, RNG, MemoryOutbox, make_alert, make_post
from tests.doubles.tak_server import TakServerProcess
from tests.patience import PATIENCE


def test_a_marker_says_where_what_and_how_sure() -> None:
    """Position with its error in metres, colour of the level, the alert in words; one uid."""
    root = etree.fromstring(event(make_alert(1), MOMENT))
    point = root.find("point")
    assert point is not None
    assert (point.get("lat"), point.get("lon"), point.get("ce")) == (
        "50.420000", "35.540000", "2000.0",
    )  # fmt: skip
    assert root.get("type") == "b-m-p-s-m"
    assert root.get("stale") == "2026-11-20T21:14:00.000Z"
    assert [one.get("argb") for one in root.iterfind("detail/color")] == ["-65536"]
    assert "unconfirmed" in (root.findtext("detail/remarks") or "")
    later = etree.fromstring(event(make_alert(2, kind="updated"), MOMENT))
    assert later.get("uid") == root.get("uid")


def test_an_ended_incident_is_stale_at_once() -> None:
    """A closed or retracted incident leaves the map; an exercise is called one."""
    closed = etree.fromstring(event(make_alert(2, kind="closed", exercise=True), MOMENT))
    assert closed.get("stale") == closed.get("time")
    callsign = closed.find("detail/contact")
    assert callsign is not None
    assert (callsign.get("callsign") or "").startswith("EXERCISE")


def test_hostile_text_stays_text() -> None:
    """Markup and control characters in a post make no element and no invalid XML."""
    alert = make_alert(1, posts=(make_post("</remarks><point lat='0'/>\x00\x1b\ufffe\u202e"),))
    root = etree.fromstring(event(alert, MOMENT))
    assert len(root.findall(".//point")) == 1


async def test_a_lost_connection_loses_no_marker(tmp_path: Path) -> None:
    """When the server dies and comes back, it is shown everything again, and what is new."""
    outbox = MemoryOutbox()
    async with TakServerProcess(tmp_path) as server:
        pace = Pace(SystemClock(), RNG)
        task = asyncio.create_task(
            TakSink("tak", TakServer("127.0.0.1", server.port), pace).run(outbox)
        )
        await outbox.add(make_alert(1, 1))
        await outbox.wait_recorded("tak", 1)
        await server.kill()
        server.received = b""
        await outbox.add(make_alert(1, 2))
        await asyncio.sleep(0.3)
        await server.start()
        await outbox.wait_recorded("tak", 2)
        async with asyncio.timeout(PATIENCE):
            while len(server.events()) < 2:  # noqa: ASYNC110 - bytes of a socket
                await asyncio.sleep(0.02)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert {one.get("uid") for one in server.events()} == {
            "monitor.incident-1", "monitor.incident-2",
        }  # fmt: skip


async def test_without_a_place_nothing_is_sent(tmp_path: Path) -> None:
    """An incident without coordinates is recorded as not sent, with the reason."""
    alert = make_alert(1)
    nowhere = msgspec.structs.replace(alert.incident, place=None)
    alert = msgspec.structs.replace(alert, incident=nowhere)
    assert not has_point(alert)
    outbox = MemoryOutbox()
    async with TakServerProcess(tmp_path) as server:
        sink = TakSink("tak", TakServer("127.0.0.1", server.port), Pace(SystemClock(), RNG))
        task = asyncio.create_task(sink.run(outbox))
        await outbox.add(alert)
        await outbox.wait_recorded("tak", 1)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert outbox.states("tak") == {1: "muted"}
