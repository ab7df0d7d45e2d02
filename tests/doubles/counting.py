"""A subscriber in a process of its own that only counts: it takes nothing from who is measured.

`python -m tests.doubles.counting PORT` keeps a session with the broker on that port, and answers
every line on its standard input with one line of JSON: `Counted`.
"""

import asyncio
import sys
import threading
import time
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Self

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.patience import PATIENCE

HERE = Path(__file__).resolve().parents[2]


class Counted(msgspec.Struct):
    """What has come so far. Times are of the monotonic clock, which all processes share."""

    listening: bool = False
    alerts: int = 0
    """Different ones, by their ids."""
    repeats: int = 0
    disorder: int = 0
    """Alerts that came after a later one of their incident, repeats not counted."""
    first: float | None = None
    """When the first new alert since the last question came; None if none did."""
    last: float | None = None


class CountingSubscriber:
    """The counting process, asked from the test's."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.doubles.counting", str(self._port),
            stdin=PIPE, stdout=PIPE, cwd=HERE,
        )  # fmt: skip
        async with asyncio.timeout(PATIENCE):
            while not (await self.ask()).listening:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()  # the end of its questions is its end
            await self._process.wait()

    async def ask(self) -> Counted:
        """What has come so far."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"\n")
        return msgspec.json.decode(await process.stdout.readline(), type=Counted)


class _Event(msgspec.Struct):
    id: str


class _Counter:
    """Counts on paho's thread, tells on the main one."""

    def __init__(self) -> None:
        self.now = Counted()
        self._seen: set[str] = set()
        self._latest: dict[str, int] = {}
        self._lock = threading.Lock()

    def heard(self, _client: object, _userdata: object, message: paho.MQTTMessage) -> None:
        """One more message; ids are `alert-INCIDENT-NUMBER`."""
        id_ = msgspec.json.decode(message.payload, type=_Event).id
        with self._lock:
            if id_ in self._seen:
                self.now.repeats += 1
                return
            self._seen.add(id_)
            _, incident, number = id_.split("-")
            self.now.disorder += int(number) < self._latest.get(incident, -1)
            self._latest[incident] = int(number)
            self.now.alerts += 1
            self.now.last = time.monotonic()
            self.now.first = self.now.first or self.now.last

    def tell(self) -> bytes:
        """The answer to a question."""
        with self._lock:
            answer = msgspec.json.encode(self.now)
            self.now.first = None
        return answer + b"\n"


def _subscribe(client: paho.Client, *_: object) -> None:
    client.subscribe("osint/v1/alert/#", qos=1)


def _main(port: int) -> None:
    counter = _Counter()
    client = paho.Client(
        CallbackAPIVersion.VERSION2, client_id="counting", protocol=paho.MQTTv311,
        clean_session=False,
    )  # fmt: skip
    client.reconnect_delay_set(0.1, 0.1)  # type: ignore[arg-type] # its annotation is narrower
    client.on_connect = _subscribe
    client.on_subscribe = lambda *_: setattr(counter.now, "listening", True)
    client.on_message = counter.heard
    client.connect_async("127.0.0.1", port)
    client.loop_start()
    for _ in sys.stdin.buffer:
        sys.stdout.buffer.write(counter.tell())
        sys.stdout.buffer.flush()
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    _main(int(sys.argv[1]))
