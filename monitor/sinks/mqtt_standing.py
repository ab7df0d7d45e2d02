"""Keeps what stands on the bus for places and areas true: published, changed, cleared in time."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
import structlog

from monitor.clock import Clock
from monitor.incident import Incident
from monitor.sinks.deliver import Outbox
from monitor.sinks.mqtt_areas import Ground, area_states
from monitor.sinks.mqtt_connection import REFUSED, Connection, Message
from monitor.sinks.mqtt_places import (
    discovery,
    discovery_topic,
    place_states,
    places_of,
    without,
)
from monitor.sinks.mqtt_topics import Topics

log = structlog.get_logger(__name__)

Incidents = Callable[[], Awaitable[Sequence[Incident]]]
"""The open incidents, then those that closed last, newest first: their places may have to go."""

BREATH = 2.0
LOOK_AGAIN = 30.0
"""Seconds until it is looked without a new alert: rules with other areas may be in force."""
PACKET_OVERHEAD = 1024


class Standing:
    """The retained states of places and areas and, if asked for, Home Assistant's discovery."""

    def __init__(
        self, incidents: Incidents, clock: Clock, *, home_assistant: bool = False,
        ground: Callable[[], Ground] = Ground, breath: float = BREATH,
    ) -> None:  # fmt: skip
        self._incidents = incidents
        self._clock = clock
        self._home_assistant = home_assistant
        self._ground = ground
        self._breath = breath
        self._standing: dict[str, None] = {}
        self._components: dict[str, None] = {}
        self._warned = False

    async def keep(
        self, outbox: Outbox, connection: Connection, topics: Topics, instance: str
    ) -> None:
        """Publish all of it once, then what changes with new alerts, until cancelled."""
        told: dict[str, bytes] = {}
        while True:
            newest = await outbox.newest()
            incidents = await self._incidents()
            ground = self._ground()
            now = dict.fromkeys(self._standing, b"") | place_states(incidents, topics)
            now |= area_states(incidents, ground, topics)
            if self._home_assistant:
                named = {topics.area(one): one.name or one.id for one in ground.areas}
                places = places_of(incidents, topics)
                named |= {topic: place.name for topic, place in places.items()}
                now |= self._discovery(named, topics, instance)
            changed = {topic: one for topic, one in now.items() if told.get(topic) != one}
            for topic, payload in changed.items():
                await self._publish(connection, topic, payload)
            self._standing = {
                topic: None
                for topic, payload in now.items()
                if payload and topic != discovery_topic(topics)
            }
            told = now
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN):
                    await outbox.wait_beyond(newest)
            await self._clock.sleep(self._breath)  # a wave of alerts is one change

    def _discovery(
        self, named: Mapping[str, str], topics: Topics, instance: str
    ) -> dict[str, bytes]:
        known = discovery(instance, named, topics)
        components = known["components"]
        assert isinstance(components, dict)  # noqa: S101 - the builder makes it so
        gone = self._components.keys() - components.keys()
        self._components = dict.fromkeys(components)
        whole = known | {"components": {**components, **without(sorted(gone))}}
        return {discovery_topic(topics): msgspec.json.encode(whole)}

    async def _publish(self, connection: Connection, topic: str, payload: bytes) -> None:
        if connection.largest and len(payload) + PACKET_OVERHEAD > connection.largest:
            self._warn(topic, "bigger than the broker takes", "raise its maximum packet size")
            return
        ack = await connection.publish(Message(topic=topic, payload=payload, retain=True))
        ack.add_done_callback(lambda done: self._answered(done, topic))

    def _answered(self, ack: "asyncio.Future[int]", topic: str) -> None:
        if not ack.cancelled() and ack.exception() is None and ack.result() >= REFUSED:
            self._warn(topic, f"refused (0x{ack.result():02x})", "let this user write the topic")

    def _warn(self, topic: str, why: str, hint: str) -> None:
        if not self._warned:
            log.warning("mqtt_state_refused", topic=topic, why=why, hint=hint)
        self._warned = True
