"""TLS, passwords, and what the bus says when they do not fit."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest
import trustme

from monitor.clock import SystemClock
from monitor.secret import Secret
from monitor.sinks.mqtt import MqttSink, Tuning
from monitor.sinks.mqtt_connection import Address
from tests.doubles.brokers import Mosquitto
from tests.doubles.outbox import RNG, MemoryOutbox, make_alert
from tests.patience import PATIENCE, comes

QUICK = Tuning(mark_wait=0.2, health_every=5, subscribers_return=0.1, longest_pause=0.2)
PASSWORD = "canary-of-the-bus"  # noqa: S105 - a test's own


@pytest.fixture
async def secured(tmp_path: Path) -> AsyncIterator[Address]:
    """A mosquitto with a certificate of its own authority, which lets in one user."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    certificate.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    passwords = tmp_path / "passwords"
    making = await asyncio.create_subprocess_exec(
        "mosquitto_passwd", "-b", "-c", str(passwords), "monitor", PASSWORD
    )
    assert await making.wait() == 0
    broker = Mosquitto(
        tmp_path,
        "listener PORT 127.0.0.1",
        f"cafile {tmp_path / 'ca.pem'}",
        f"certfile {tmp_path / 'cert.pem'}",
        f"keyfile {tmp_path / 'key.pem'}",
        f"password_file {passwords}",
        anonymous=False,
    )
    await broker.start()
    yield Address(
        host="127.0.0.1", port=broker.port, tls=True, ca=str(tmp_path / "ca.pem"),
        username="monitor", password=Secret("env:P", PASSWORD),
    )  # fmt: skip
    await broker.kill()


async def _publish(address: Address, until: Callable[[MemoryOutbox], object]) -> MemoryOutbox:
    outbox = MemoryOutbox()
    one = MqttSink(address, "test", clock=SystemClock(), rng=RNG, tuning=QUICK)
    task = asyncio.create_task(one.run(outbox))
    await outbox.add(make_alert(1))
    assert await comes(lambda: until(outbox), PATIENCE)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return outbox


async def test_tls_with_user_and_password(secured: Address) -> None:
    """With the right authority, user and password alerts go out encrypted."""
    outbox = await _publish(secured, lambda outbox: outbox.states("mqtt"))
    assert outbox.states("mqtt") == {1: "delivered"}


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({"password": Secret("env:P", "wrong")}, "check bus.username and bus.password"),
        ({"username": None, "password": None}, "check bus.username and bus.password"),
        ({"ca": None}, "bus.ca must name the authority"),
        ({"ca": "/nowhere/ca.pem"}, "bus.ca names a PEM file"),
    ],
)
async def test_what_does_not_fit_says_what_to_do(
    secured: Address,
    change: dict[str, object],
    hint: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A wrong password or authority is a hint in the log; nothing is lost, no secret told."""
    said = ""

    def told(_: MemoryOutbox) -> bool:
        nonlocal said
        said += "".join(capsys.readouterr())
        return hint in said

    outbox = await _publish(msgspec.structs.replace(secured, **change), told)
    said += "".join(capsys.readouterr())
    assert outbox.states("mqtt") == {}
    assert "canary" not in said
