"""What stands on the bus for places, how long alerts stay, and what Home Assistant is told."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from monitor.clock import SystemClock
from monitor.incident import Incident
from monitor.place import Area, Place
from monitor.settings import Expiry
from monitor.sinks.mqtt import MqttSink, Tuning
from monitor.sinks.mqtt_areas import Ground, area_states
from monitor.sinks.mqtt_places import MAX_ENTITIES, discovery, place_states, places_of
from monitor.sinks.mqtt_standing import Standing
from monitor.sinks.mqtt_topics import Topics
from monitor.store.database import Database
from monitor.store.incidents import placed_incidents, put_incidents
from tests.doubles.brokers import Mosquitto, Subscriber
from tests.doubles.outbox import MOMENT, RNG, MemoryOutbox, make_alert
from tests.patience import PATIENCE

TOPICS = Topics("osint", "test")
QUICK = Tuning(mark_wait=0.3, health_every=0.05, subscribers_return=0.5, longest_pause=0.3)
KOZINKA = Place(id="kozinka", name="Козинка", country="RU", admin1="RU-BEL", lat=50.4, lon=35.5)
HERE = "osint/v1/place/ru/ru-bel/kozinka"
CONFIG = "homeassistant/device/osint-v1-status-test/config"

FIRST = Incident(
    id="a", topic="t", rule="r", title="Drone strike", event="air/drone-strike", level="high",
    status="reported", exercise=False, opened_at=MOMENT, updated_at=MOMENT, deadline=MOMENT,
    place=KOZINKA,
)  # fmt: skip


def _with(one: Incident = FIRST, **changes: object) -> Incident:
    return msgspec.structs.replace(one, **changes)


SECOND = _with(id="b", level="critical", title="Incursion", status="official")


def _state(*incidents: Incident) -> dict[str, object] | None:
    payload = place_states(incidents, TOPICS)[HERE]
    return json.loads(payload) if payload else None


def test_a_place_tells_its_gravest_incident() -> None:
    """Level, status and first title are of the gravest incident; all open ones are counted."""
    later = _with(updated_at=MOMENT + timedelta(hours=1))
    state = _state(later, SECOND, _with(id="c", open=False), _with(id="d", status="retracted"))
    assert state is not None
    assert {key: state[key] for key in ("level", "status", "titles", "count", "updated_at")} == {
        "level": "critical", "status": "official", "titles": ["Incursion", "Drone strike"],
        "count": 2, "updated_at": "2026-11-20T10:14:00Z",
    }  # fmt: skip
    assert (state["id"], state["name"], state["exercise"]) == ("kozinka", "Козинка", False)


def test_exercises_never_colour_a_real_state() -> None:
    """An exercise stands alone, marked, or not at all."""
    exercise = _with(SECOND, exercise=True)
    alone, beside = _state(exercise), _state(exercise, FIRST)
    assert alone is not None
    assert beside is not None
    assert alone["exercise"] is True
    assert (beside["exercise"], beside["level"], beside["count"]) == (False, "high", 1)


def test_a_place_where_all_is_closed_is_cleared() -> None:
    """Nothing open is an empty payload, which removes what is retained."""
    assert _state(_with(open=False)) is None


def _named(incidents: list[Incident]) -> dict[str, str]:
    return {topic: place.name for topic, place in places_of(incidents, TOPICS).items()}


def test_an_area_stands_before_anything_happens_in_it() -> None:
    """An area of the rules tells its gravest open incident, or that nothing is open there."""
    belt = Area(id="border-belt", name="Border belt", places=("kozinka",))
    ground = Ground((belt,), lambda place, area: place.id in area.places)
    elsewhere = _with(SECOND, place=msgspec.structs.replace(KOZINKA, id="kursk"))
    calm = area_states([elsewhere, _with(open=False)], ground, TOPICS)
    assert json.loads(calm["osint/v1/area/border-belt"]) == {
        "id": "border-belt", "name": "Border belt", "level": None, "status": None, "titles": [],
        "places": [], "count": 0, "updated_at": None, "exercise": False,
    }  # fmt: skip
    told = json.loads(area_states([FIRST, elsewhere], ground, TOPICS)["osint/v1/area/border-belt"])
    assert (told["level"], told["count"], told["places"]) == ("high", 1, ["Козинка"])


def test_home_assistant_gets_what_it_requires() -> None:
    """The device has every key that discovery requires, and 200 places at most."""
    many = [
        _with(id=f"i{n}", place=msgspec.structs.replace(KOZINKA, id=f"p.{n}")) for n in range(250)
    ]
    device = json.loads(msgspec.json.encode(discovery("test", _named(many), TOPICS)))
    assert device["device"]["identifiers"] == ["osint-v1-status-test"]
    assert device["origin"]["name"]
    assert device["availability"][0]["topic"] == "osint/v1/status/test"
    components = device["components"]
    assert len(components) == MAX_ENTITIES == 200
    assert len({one["unique_id"] for one in components.values()}) == 200
    for key, one in components.items():
        assert set(key) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-")
        assert one["platform"] == "binary_sensor"
        assert one["state_topic"] == one["json_attributes_topic"]


def test_the_store_tells_open_incidents_first(tmp_path: Path) -> None:
    """Open incidents all, closed ones the newest only."""
    closed = [
        _with(id=f"c{n}", open=False, updated_at=MOMENT + timedelta(days=n)) for n in range(5)
    ]
    with contextlib.closing(Database.open(tmp_path)) as db:
        db.write(lambda connection: put_incidents(connection, [*closed, FIRST]))
        assert [one.id for one in placed_incidents(db, 2)] == ["a", "c4", "c3"]


@pytest.fixture
async def mosquitto(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    """A mosquitto that keeps nothing on disk."""
    broker = Mosquitto(tmp_path)
    await broker.start()
    yield broker
    await broker.kill()


@asynccontextmanager
async def _running(
    broker: Mosquitto, outbox: MemoryOutbox, incidents: list[Incident], expiry: Expiry | None = None
) -> AsyncIterator[None]:
    async def read() -> list[Incident]:
        return list(incidents)

    times = expiry or Expiry()
    sink = MqttSink(
        broker.address, "test", clock=SystemClock(), rng=RNG, tuning=QUICK,
        expiry=lambda alert: times.seconds(alert.incident.level),
        standing=Standing(read, SystemClock(), home_assistant=True, breath=0.02),
    )  # fmt: skip
    task = asyncio.create_task(sink.run(outbox))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.02)


async def _retained(broker: Mosquitto, topic: str, name: str) -> list[object]:
    """What a new subscriber finds."""
    async with Subscriber(broker.address, name=name, topic=topic) as later:
        await later.caught_up()
    return later.at(topic)


async def test_expiry_is_said_by_level(mosquitto: Mosquitto) -> None:
    """An alert of a level with an expiry carries it to MQTT 5 subscribers, others carry none."""
    outbox = MemoryOutbox()
    times = Expiry(critical=timedelta(days=7), high=timedelta(hours=2))
    async with Subscriber(mosquitto.address) as subscriber, _running(mosquitto, outbox, [], times):
        levels = [make_alert(1), make_alert(2, 2), make_alert(3, 3)]
        levels[1:] = [
            msgspec.structs.replace(
                one, incident=msgspec.structs.replace(one.incident, level=level)
            )
            for one, level in zip(levels[1:], ("high", "low"), strict=True)
        ]
        stored = await outbox.add(*levels)
        await subscriber.until([alert.id for alert in stored])
    found = [
        one.properties.get("MessageExpiryInterval")
        for one in subscriber.messages
        if "/alert/" in one.topic
    ]
    assert found == [604800, 7200, None]


async def test_the_state_of_a_place_stands_until_it_ends(mosquitto: Mosquitto) -> None:
    """A place's state is there for who comes later, follows its incidents, and goes with them."""
    outbox, incidents = MemoryOutbox(), [FIRST]
    async with Subscriber(mosquitto.address) as subscriber, _running(mosquitto, outbox, incidents):
        await _until(lambda: subscriber.at(HERE))
        incidents.append(SECOND)
        await outbox.add(make_alert(1))
        await _until(lambda: subscriber.at(HERE)[-1]["count"] == 2)
        found = await _retained(mosquitto, HERE, "second")
        assert found == subscriber.at(HERE)[-1:]
        incidents.clear()
        await outbox.add(make_alert(2))
        await _until(lambda: subscriber.at(HERE)[-1] is None)
    assert await _retained(mosquitto, HERE, "third") == []


async def test_a_broker_that_forgot_is_told_the_places_again(mosquitto: Mosquitto) -> None:
    """After a killed broker is back, places stand there again, and Home Assistant's device too."""
    async with _running(mosquitto, MemoryOutbox(), [FIRST]):
        await asyncio.sleep(0.5)
        await mosquitto.kill()
        await mosquitto.start()
        async with Subscriber(mosquitto.address) as subscriber:
            await _until(lambda: subscriber.at(HERE))
        (config,) = await _retained(mosquitto, CONFIG, "assistant")
    assert isinstance(config, dict)
    (component,) = config["components"].values()
    assert component["state_topic"] == HERE


async def test_what_closed_while_the_broker_was_away_is_cleared(mosquitto: Mosquitto) -> None:
    """A state left by an earlier run goes as soon as the next one finds its incident closed."""
    async with Subscriber(mosquitto.address) as subscriber:
        async with _running(mosquitto, MemoryOutbox(), [FIRST]):
            await _until(lambda: subscriber.at(HERE))
        async with _running(mosquitto, MemoryOutbox(), [_with(open=False)]):
            await _until(lambda: subscriber.at(HERE)[-1] is None)
    assert await _retained(mosquitto, HERE, "later") == []
