"""The HTTP feeds: behind tokens, what is asked for and nothing else, no token anywhere."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from lxml import etree
from structlog.testing import capture_logs

from monitor.alert import Alert, from_json
from monitor.console.asked import AskedWronglyError, inside, read_query
from monitor.console.metrics import AccountLive, Live, Stored, render
from monitor.console.server import Behind, ConsoleServer
from monitor.console.syndication import ATOM
from monitor.health import RulesHealth
from monitor.place import Place
from monitor.settings import load
from monitor.source import SourceHealth
from monitor.store.commit import Work, commit
from monitor.store.database import Database
from monitor.store.outbox import Outbox
from monitor.store.writer import Writer
from tests.doubles.intake import ManualClock
from tests.patience import PATIENCE
from tests.storing import alert, at, incident

DESK, HIGH = "canary-of-the-desk", "canary-of-the-map"
CONFIG = """
state: state
console:
  listen: 127.0.0.1:0
  readers:
    - {name: desk, token: env:DESK}
    - {name: map, token: env:MAP, min_level: high}
"""
KOZINKA = Place(id="kozinka", name="Козинка", country="RU", admin1="RU-BEL", lat=50.4, lon=35.5)


class Served:
    """A server over a store, and a client for it."""

    def __init__(
        self, writer: Writer, outbox: Outbox, web: aiohttp.ClientSession, url: str
    ) -> None:
        self.writer, self.outbox, self.web, self.url = writer, outbox, web, url

    async def add(self, *alerts: Alert, **work: Any) -> None:
        """Commit alerts, as the pipeline does."""
        stored = await self.writer.do(commit, Work(alerts=alerts, rulebook="b", **work), at(2))
        self.outbox.committed(stored[-1].sequence)

    async def get(self, path: str, token: str = DESK, **headers: str) -> tuple[int, bytes]:
        """Status and body."""
        asked = {"Authorization": f"Bearer {token}", **headers}
        async with self.web.get(self.url + path, headers=asked) as answer:
            return answer.status, await answer.read()


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """A running server; one reader sees all, another from high on."""
    (tmp_path / "monitor.yaml").write_text(CONFIG, "utf-8")
    environment = {"DESK": DESK, "MAP": HIGH}
    settings = load(tmp_path / "monitor.yaml", environment=environment).console
    assert settings is not None
    writer = Writer(Database.open(tmp_path))
    outbox = Outbox(writer)
    live = Live(posts=7, parts={"console": "running"}, sources=(), rules=RulesHealth())
    behind = Behind("desk", outbox, tmp_path, ManualClock(at(3)), str.upper, lambda: live)
    server = ConsoleServer(settings, behind)
    with capture_logs() as logs:
        task = asyncio.create_task(server.run())
        async with asyncio.timeout(PATIENCE):
            while not any(one["event"] == "console_listening" for one in logs):  # noqa: ASYNC110 - a log
                await asyncio.sleep(0.01)
    port = next(one["port"] for one in logs if one["event"] == "console_listening")
    async with aiohttp.ClientSession() as web:
        yield Served(writer, outbox, web, f"http://127.0.0.1:{port}")
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await outbox.aclose()
    await writer.aclose()


async def test_nothing_without_a_token(served: Served) -> None:
    """Every feed refuses a missing or wrong token; only /health answers all."""
    for path in (
        "/v1/incidents.geojson", "/v1/incidents.atom", "/v1/incidents.json", "/v1/cap.atom",
        "/v1/cap/x.xml", "/v1/alerts", "/v1/events", "/metrics",
    ):  # fmt: skip
        for token in ("", "wrong", DESK + "x"):
            status, body = await served.get(path, token)
            assert status == 401, path
            assert b"canary" not in body
        status, _ = await served.get(f"{path}?token=wrong", "")
        assert status == 401
    assert await served.get("/health", "") == (200, b"alive\n")


async def test_a_map_gets_what_it_asks_for(served: Served) -> None:
    """GeoJSON has the incidents of the time, box and level asked for, and its reader's level."""
    low = incident("i2", level="low", place=KOZINKA, title="Smoke")
    old = incident("i3", updated_at=at(-3000))
    await served.add(alert(), incidents=(incident("i1", place=KOZINKA), low, old))

    async def found(query: str, token: str = DESK) -> set[str]:
        status, body = await served.get(f"/v1/incidents.geojson{query}", token)
        assert status == 200, body
        return {one["id"] for one in json.loads(body)["features"]}

    assert await found("") == {"i1", "i2"}
    assert await found("?since=2023-01-01T00:00:00Z") == {"i1", "i2", "i3"}
    assert await found("?min_level=high") == {"i1"}
    assert await found("?min_level=low", HIGH) == {"i1"}
    assert await found("?bbox=35,50,36,51") == {"i1", "i2"}
    assert await found("?bbox=36,50,37,51") == set()
    assert await found("?limit=1") in ({"i1"}, {"i2"})
    _, body = await served.get("/v1/incidents.geojson")
    assert json.loads(body)["features"][0]["geometry"]["coordinates"] == [35.5, 50.4]


async def test_a_wrong_query_is_explained(served: Served) -> None:
    """What cannot be read is a 400 with a hint, not a traceback and not everything."""
    for query in ("since=yesterday", "since=2023-01-01T00:00:00", "bbox=1,2,3", "bbox=a,b,c,d",
                  "min_level=bad", "limit=0", "limit=99999999", "after=-1"):  # fmt: skip
        status, body = await served.get(f"/v1/incidents.geojson?{query}")
        assert status == 400
        assert json.loads(body)["hint"]


async def test_alerts_can_be_caught_up_by_their_cursor(served: Served) -> None:
    """Alerts behind a cursor come in order, each the contract's JSON."""
    await served.add(alert(1), alert(2), alert(3), incidents=(incident(),))
    status, body = await served.get("/v1/alerts?after=1")
    assert status == 200
    assert [from_json(line).sequence for line in body.splitlines()] == [2, 3]
    assert await served.get("/v1/alerts?after=3") == (200, b"")


async def test_events_go_on_where_the_reader_was(served: Served) -> None:
    """A stream brings what is behind its last id, then each new alert once, in order."""
    await served.add(alert(1), alert(2), incidents=(incident(),))
    headers = {"Authorization": f"Bearer {DESK}", "Last-Event-ID": "1"}
    got: list[int] = []
    async with served.web.get(f"{served.url}/v1/events", headers=headers) as answer:
        assert answer.content_type == "text/event-stream"
        async with asyncio.timeout(PATIENCE):
            while len(got) < 3:
                line = (await answer.content.readline()).decode().strip()
                if line.startswith("data: "):
                    got.append(from_json(line.removeprefix("data: ").encode()).sequence)
                if got == [2]:
                    await served.add(alert(3), alert(4), incidents=(incident(),))
                    got.append(0)
    assert got == [2, 0, 3]


async def test_feeds_show_an_incident_once_in_its_latest_state(served: Served) -> None:
    """Atom and JSON Feed have one entry an incident; the reader's token stands in neither."""
    await served.add(alert(1), alert(2), alert(1, "i2"), incidents=(incident(), incident("i2")))
    status, body = await served.get(f"/v1/incidents.atom?token={DESK}", "")
    assert status == 200
    root = etree.fromstring(body)
    ids = [one.text for one in root.iter(f"{{{ATOM}}}id")]
    assert ids == ["urn:monitor:desk", "urn:monitor:incident:i2", "urn:monitor:incident:i1"]
    assert "UPDATED" in (root.findall(f"{{{ATOM}}}entry")[1].findtext(f"{{{ATOM}}}title") or "")
    status, feed = await served.get(f"/v1/incidents.json?token={DESK}", "")
    assert [one["id"] for one in json.loads(feed)["items"]] == ids[1:]
    assert DESK.encode() not in body + feed


async def test_cap_is_listed_and_fetched(served: Served) -> None:
    """Each alert is listed with the address of its CAP message, which refers to those before."""
    await served.add(alert(1), alert(2), incidents=(incident(),))
    _, body = await served.get("/v1/cap.atom")
    links = [one.get("href") for one in etree.fromstring(body).iter(f"{{{ATOM}}}link")][1:]
    assert links == [f"cap/{alert(2).id}.xml", f"cap/{alert(1).id}.xml"]
    status, message = await served.get(f"/v1/{links[0]}")
    assert status == 200
    assert b"Update" in message
    assert alert(1).id.encode() in message
    assert (await served.get("/v1/cap/none.xml"))[0] == 404


async def test_numbers_for_prometheus(served: Served) -> None:
    """The numbers name what is behind, by sink, in Prometheus' format."""
    await served.add(alert(1), incidents=(incident(),))
    status, body = await served.get("/metrics")
    lines = body.decode().splitlines()
    assert status == 200
    assert "monitor_posts_total 7" in lines
    assert "monitor_outbox_sequence 1" in lines
    assert 'monitor_part_running{part="console"} 1' in lines
    assert 'monitor_outcomes_total{outcome="alerted"} 0' in lines


async def test_what_has_not_changed_is_not_sent_again(served: Served) -> None:
    """A reader that names what it has gets 304 and no body."""
    async with served.web.get(
        f"{served.url}/v1/incidents.geojson", headers={"Authorization": f"Bearer {DESK}"}
    ) as first:
        tag = first.headers["ETag"]
    assert await served.get("/v1/incidents.geojson", **{"If-None-Match": tag}) == (304, b"")


def test_boxes_may_cross_the_date_line() -> None:
    """A box whose west is east of its east goes round the back of the world."""
    assert inside((50.0, 179.0), (170.0, 40.0, -170.0, 60.0))
    assert inside((50.0, -175.0), (170.0, 40.0, -170.0, 60.0))
    assert not inside((50.0, 0.0), (170.0, 40.0, -170.0, 60.0))


@pytest.mark.parametrize("zone", ["+02:00", " 02:00", "Z"])
def test_since_takes_every_zone(zone: str) -> None:
    """A plus that a program forgot to escape still is one."""
    asked = read_query(
        {"since": f"2023-05-22T09:00:00{zone}"}, at(0), min_level="low", exercise=True
    )
    assert isinstance(asked.since, datetime)
    with pytest.raises(AskedWronglyError):
        read_query({"since": "soon"}, at(0), min_level="low", exercise=True)
    assert msgspec.structs.asdict(asked)["min_level"] == "low"


def test_numbers_of_sources_and_accounts() -> None:
    """Coverage of each source, and of each account its budgets and until when it has to wait."""
    source = SourceHealth(
        source="telegram:x", state="ok", last_post="2023-05-22T09:00:00+00:00",
        newest_id=4711, uncovered=3,
    )  # fmt: skip
    account = AccountLive(
        account="one", state="flooded", channels=2,
        calls={"contacts.resolveUsername": 150}, free_in={"contacts.resolveUsername": 60.0},
    )  # fmt: skip
    live = Live(
        posts=0, parts={}, sources=[source], rules=RulesHealth(), accounts=[account]
    )  # fmt: skip
    lines = render(live, Stored(newest=0, positions={}, outcomes={})).decode().splitlines()
    assert 'monitor_source_newest_id{source="telegram:x"} 4711' in lines
    assert 'monitor_source_uncovered{source="telegram:x"} 3' in lines
    assert 'monitor_source_last_post_seconds{source="telegram:x"} 1684746000' in lines
    assert 'monitor_account_running{account="one"} 0' in lines
    method = 'account="one",method="contacts.resolveUsername"'
    assert f"monitor_account_calls{{{method}}} 150" in lines
    assert f"monitor_account_method_free_in_seconds{{{method}}} 60" in lines
