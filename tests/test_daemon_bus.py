"""The daemon as a process on a broker of one's own, with the configuration that we ship for it."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import aiomqtt
import pytest
import trustme

from tests.doubles.brokers import Mosquitto
from tests.patience import PATIENCE
from tests.test_daemon import ROOT, running, start, started, stopped

__all__ = ["started"]  # the fixture that ends what a test has started

pytestmark = pytest.mark.timeout(400)  # processes are slow to start on a busy machine

SHIPPED = ROOT / "deploy" / "mosquitto"
USERS = ("monitor", "desk", "homeassistant")
HOME = "homeassistant"
HERE = "osint/v1/place/ru/ru-bel/kozinka"
CONFIG = """\
instance: desk
state: state
bus: {{url: "mqtts://127.0.0.1:{port}", username: monitor, password: "file:password", ca: ca.pem,
  home_assistant: true}}
rules: [rules.yaml]
places: [places.yaml]
recordings: [{{file: posts.jsonl, start: now}}]
"""
RULES = """\
rules:
  - id: border-incursion
    title: Armed incursion across the border
    level: critical
    when: {all: [ДРГ, {place: {in: [RU-BEL]}}]}
"""
PLACES = """\
places:
  - {id: kozinka, name: Козинка, country: RU, admin1: RU-BEL, lat: 50.42, lon: 35.52}
areas:
  - {id: belt, name: Border belt, of: kozinka, radius_km: 20}
  - {id: calm, admin1: UA-63}
"""
POST = {
    "source": "telegram:x", "id": "1", "published_at": "2026-11-20T09:00:00Z",
    "text": "ДРГ зашла в Козинку",
}  # fmt: skip


class Broker(NamedTuple):
    """A mosquitto with the shipped configuration, and its authority's certificate."""

    port: int
    trusted: ssl.SSLContext

    def client(self, user: str | None) -> aiomqtt.Client:
        """A connection of one of its users, or of nobody."""
        return aiomqtt.Client(
            "127.0.0.1", self.port, username=user, password=user and f"{user}-word",
            tls_context=self.trusted, timeout=PATIENCE,
        )  # fmt: skip

    async def retained(self, user: str) -> dict[str, Any]:
        """What a user finds who comes now, by topic."""
        found: dict[str, Any] = {}
        async with self.client(user) as client:
            for topic in ("osint/#", "homeassistant/#"):
                await client.subscribe(topic, qos=1)
            await client.publish("round/trip", b"", qos=1)  # the broker answers in order
            for _ in range(len(client.messages)):
                message = await anext(client.messages)
                assert isinstance(message.payload, bytes)
                found[str(message.topic)] = json.loads(message.payload)
        return found


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    """The shipped files with the paths of this test in them."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    certificate.private_key_pem.write_to_path(str(tmp_path / "server.key"))
    certificate.cert_chain_pems[0].write_to_path(str(tmp_path / "server.crt"))
    for number, user in enumerate(USERS):
        making = await asyncio.create_subprocess_exec(
            "mosquitto_passwd", *(["-c"] if not number else []), "-b",
            str(tmp_path / "monitor.passwords"), user, f"{user}-word",
        )  # fmt: skip
        assert await making.wait() == 0
    (tmp_path / "monitor.acl").write_bytes((SHIPPED / "monitor.acl").read_bytes())
    text = (SHIPPED / "mosquitto.conf").read_text("utf-8")
    for folder in ("/etc/mosquitto/certs", "/etc/mosquitto", "/var/lib/mosquitto"):
        text = text.replace(folder, str(tmp_path))
    text = text.replace("listener 8883", "listener PORT 127.0.0.1")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    one = Mosquitto(tmp_path, *lines, anonymous=False)
    await one.start()
    trusted = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    yield Broker(one.port, trusted)
    await one.kill()


def components(retained: dict[str, Any]) -> list[str]:
    """The topics of states that Home Assistant is told of."""
    devices = [known for topic, known in retained.items() if topic.startswith(f"{HOME}/")]
    return [one["state_topic"] for known in devices for one in known["components"].values()]


async def test_the_shipped_broker_configuration(tmp_path: Path, broker: Broker) -> None:
    """What stands for a place is there for the desk and Home Assistant; each may what is theirs."""
    (tmp_path / "password").write_text("monitor-word")
    (tmp_path / "password").chmod(0o600)
    (tmp_path / "rules.yaml").write_text(RULES, "utf-8")
    (tmp_path / "places.yaml").write_text(PLACES, "utf-8")
    (tmp_path / "posts.jsonl").write_text(json.dumps(POST) + "\n", "utf-8")
    (tmp_path / "monitor.yaml").write_text(CONFIG.format(port=broker.port), "utf-8")
    process = await start("run", "--config", tmp_path / "monitor.yaml", cwd=tmp_path)
    await running(process)
    async with asyncio.timeout(PATIENCE):
        for_desk: dict[str, Any] = {}
        for_home: dict[str, Any] = {}
        while HERE not in for_desk or HERE not in components(for_home):
            for_desk, for_home = await broker.retained("desk"), await broker.retained(HOME)
    assert for_desk[HERE]["exercise"] is True
    assert for_desk["osint/v1/status/desk"]["state"] == "online"
    assert not [topic for topic in for_desk if "high-water" in topic or "homeassistant" in topic]
    areas = ["osint/v1/area/belt", "osint/v1/area/calm"]
    assert components(for_home) == [*areas, HERE]
    assert [for_home[area]["count"] for area in areas] == [1, 0]
    with pytest.raises(aiomqtt.MqttError):
        async with broker.client(None):
            raise AssertionError("let in without a name")
    async with broker.client("desk") as desk:  # acknowledged, as 3.1.1 has no other word, and gone
        await desk.publish(HERE, b"", qos=1, retain=True)
    assert HERE in await broker.retained("desk")
    _, logged = await stopped(process)
    assert "refused" not in logged
    assert "mqtt_mark_hidden" not in logged
    assert (await broker.retained("desk"))["osint/v1/status/desk"]["state"] == "offline"
