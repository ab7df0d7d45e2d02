"""One connection to an MQTT broker: the only file that knows aiomqtt and paho.

What aiomqtt 2.5 does not do and this does: it reads the reason code of every PUBACK (aiomqtt takes
a refusal for success), a publish fails at once when the connection drops (aiomqtt waits for its
timeout), an unanswered publish ends the connection, and the client's noise about a killed broker
stays out of the logs.
"""

import asyncio
import contextlib
import logging
import math
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiomqtt
import msgspec
from aiomqtt.types import PahoSocket
from paho.mqtt.client import Client as PahoClient
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from monitor.secret import Secret
from monitor.sinks.deliver import RetryError
from monitor.sinks.mqtt_properties import Packed
from monitor.sinks.mqtt_tls import tls_context

CONNECT_TIMEOUT = 10.0
ACK_TIMEOUT = 10.0
"""Seconds until a publish without PUBACK ends the connection: the broker or the way to it hangs."""

CLOSE_TIMEOUT = 2.0
KEEPALIVE = 15
WINDOW = 50
"""Publishes under way at once; a broker's own Receive Maximum may lower it."""

ANSWERS_TO_WIDEN = 20
"""A connection that began with a narrow window opens it after so many answers, one for each."""

REFUSED = 0x80
NOBODY_LISTENS = 0x10

V5, V311 = aiomqtt.ProtocolVersion.V5, aiomqtt.ProtocolVersion.V311

_SILENT = logging.getLogger("monitor.sinks.mqtt_connection.paho")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False
_SILENT.setLevel(logging.CRITICAL)


class LostError(RetryError):
    """The connection ended: what was not acknowledged has to be sent again."""


class ProtocolError(RetryError):
    """The broker does not speak this version of MQTT (`said_so`), or does not answer to it."""

    said_so = False


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where a broker is and how to enter. `ca` is a PEM file; None = the system's authorities."""

    host: str
    port: int = 1883
    tls: bool = False
    ca: str | None = None
    username: str | None = None
    password: Secret | None = None

    def __str__(self) -> str:
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is published. The MQTT 5 properties repeat what the payload says."""

    topic: str
    payload: bytes
    retain: bool = False
    content_type: str | None = None
    expiry: int | None = None
    user: tuple[tuple[str, str], ...] = ()

    def properties(self) -> Packed:
        """The MQTT 5 properties of its PUBLISH packet."""
        return Packed(self.content_type, self.expiry, self.user)


class _Client(aiomqtt.Client):
    """aiomqtt's client with its own reading of acknowledgements and disconnects."""

    def __init__(
        self, address: Address, identifier: str, will: Message,
        version: aiomqtt.ProtocolVersion, context: ssl.SSLContext | None,
    ) -> None:  # fmt: skip
        super().__init__(
            address.host,
            address.port,
            username=address.username,
            password=address.password.reveal() if address.password else None,
            identifier=identifier,
            protocol=version,
            keepalive=KEEPALIVE,
            timeout=math.inf,  # its wait_for loses a cancellation on Python 3.11: we wait ourselves
            clean_session=True if version == V311 else None,
            will=aiomqtt.Will(will.topic, will.payload, qos=1, retain=True),
            tls_context=context,
            logger=_SILENT,
            # Without it a lone publish waits for the other side's delayed acknowledgement: 40 ms.
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )
        self.acks: dict[int, asyncio.Future[int]] = {}
        self.limits: Properties | None = None
        self.over = False
        self._own_thread = threading.get_ident()
        self._client.max_inflight_messages_set(0)  # the window is kept by Connection
        self._connected.add_done_callback(_take_error)
        self._disconnected.add_done_callback(self._fail)

    def send(self, message: Message, *, v5: bool) -> asyncio.Future[int]:
        """Hand a QoS 1 publish to the socket; the future gets the PUBACK's reason code."""
        known: Any = message.properties() if v5 else None  # paho asks them for their bytes only
        info = self._client.publish(message.topic, message.payload, 1, message.retain, known)
        ack: asyncio.Future[int] = self._loop.create_future()
        ack.add_done_callback(_take_error)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            ack.set_exception(LostError("the connection to the broker is gone"))
        else:
            self.acks[info.mid] = ack
            self._write()
        return ack

    def _write(self) -> None:
        """Write what is to be written at once: the loop would come to it two turns later."""
        try:
            self._client.loop_write()
        except (OSError, ValueError):
            self.drop()

    def drop(self) -> None:
        """End the connection without a word, so that the broker publishes the last will."""
        if self._client.socket() is not None:
            self._client._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)  # noqa: SLF001 - no public way
        if not self._disconnected.done():
            self._disconnected.set_result(None)

    async def end_chores(self) -> None:
        """Stop the client's own keepalive task."""
        if self._misc_task is not None:
            self._misc_task.cancel()
            await asyncio.gather(self._misc_task, return_exceptions=True)

    async def lost(self) -> None:
        """Return when the connection is over."""
        await asyncio.wait([self._disconnected])

    def _on_connect(
        self, client: PahoClient, userdata: object, flags: Any, reason: ReasonCode,  # noqa: ANN401 - aiomqtt types it so
        properties: Properties | None = None,
    ) -> None:  # fmt: skip
        self.limits = properties
        super()._on_connect(client, userdata, flags, reason, properties)

    def _on_disconnect(
        self, client: PahoClient, userdata: object, flags: Any, reason: ReasonCode,  # noqa: ANN401 - aiomqtt types it so
        properties: Properties | None = None,
    ) -> None:  # fmt: skip
        if not self._connected.done():  # aiomqtt would wait for its timeout
            self._connected.set_exception(aiomqtt.MqttError("closed without an answer"))
            _take_error(self._connected)
        self.over = True
        super()._on_disconnect(client, userdata, flags, reason, properties)

    def _fail(self, disconnected: "asyncio.Future[None]") -> None:
        """The connection is over: so is every publish under way."""
        _take_error(disconnected)
        for ack in self.acks.values():
            if not ack.done():
                ack.set_exception(LostError("the connection to the broker ended"))
        self.acks.clear()

    def _on_publish(
        self, _client: object, _userdata: object, mid: int, reason: ReasonCode, _more: object
    ) -> None:
        # The broker may hold its next answer back until this one is acknowledged (Nagle), which
        # the kernel would put off for 40 ms, to send it along with something.
        known: Any = self._client.socket()
        with contextlib.suppress(OSError, AttributeError):  # closed meanwhile
            known.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        ack = self.acks.pop(mid, None)
        if ack is not None and not ack.done():
            ack.set_result(reason.value)

    def _on_socket_register_write(
        self, client: PahoClient, _userdata: object, sock: PahoSocket
    ) -> None:
        def register() -> None:
            # By now the socket may be closed, with a number of -1, or all may be written.
            if sock.fileno() >= 0 and client.want_write():
                self._loop.add_writer(sock.fileno(), self._write)

        if threading.get_ident() == self._own_thread:
            self._loop.call_soon(register)  # without waking the loop, which is awake
        else:
            self._loop.call_soon_threadsafe(register)

    def _on_socket_unregister_write(
        self, _client: object, _userdata: object, sock: PahoSocket
    ) -> None:
        if sock.fileno() >= 0:
            self._loop.remove_writer(sock.fileno())


class Connection:
    """An open connection. `version` is 5 or 4 (3.1.1); `largest` the biggest packet it takes."""

    def __init__(
        self, client: _Client, version: aiomqtt.ProtocolVersion, window: int = WINDOW
    ) -> None:
        self._client = client
        self.version = int(version)
        self._widest = min(WINDOW, int(getattr(client.limits, "ReceiveMaximum", WINDOW)))
        self._window = max(1, min(window, self._widest))
        self._slots = asyncio.Semaphore(self._window)
        self._answers = 0
        self.largest: int | None = getattr(client.limits, "MaximumPacketSize", None)

    async def publish(self, message: Message) -> asyncio.Future[int]:
        """Send with QoS 1 as soon as the window has room; the future gets the reason code.

        Publishes leave in the order of the calls. The future raises LostError at once when the
        connection drops, also when it is dropped because the PUBACK did not come in time.
        """
        await self._slots.acquire()
        ack = self._client.send(message, v5=self.version == V5)
        deadline = asyncio.get_running_loop().call_later(ACK_TIMEOUT, self._client.drop)

        def answered(done: "asyncio.Future[int]") -> None:
            deadline.cancel()
            self._slots.release()
            self._answers += not done.cancelled() and done.exception() is None
            if self._window < self._widest and self._answers > ANSWERS_TO_WIDEN:
                self._window += 1
                self._slots.release()

        ack.add_done_callback(answered)
        return ack

    async def retained(self, topic: str, wait: float) -> bytes | None:
        """The retained message of a topic; None if none comes within `wait` seconds.

        Raises:
            PermissionError: the broker does not let us subscribe to it.
        """
        started = asyncio.get_running_loop().time()
        try:
            codes = await self._subscribed(topic)
            answered = asyncio.get_running_loop().time() - started
            if any(_number(code) >= REFUSED for code in codes):
                raise PermissionError(topic)
            async with asyncio.timeout(max(wait, 3 * answered)):
                async for message in self._client.messages:
                    if str(message.topic) == topic:
                        return message.payload
        except TimeoutError:
            return None
        except aiomqtt.MqttError as error:
            raise LostError(f"the connection to the broker ended: {error}") from None
        finally:
            with contextlib.suppress(aiomqtt.MqttError, TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    await self._client.unsubscribe(topic)
        return None

    async def _subscribed(self, topic: str) -> Sequence[int | ReasonCode]:
        try:
            async with asyncio.timeout(ACK_TIMEOUT):
                return await self._client.subscribe(topic, qos=1)
        except TimeoutError:
            raise LostError("no answer to a subscription") from None

    async def over(self) -> None:
        """Wait until the connection is lost, then raise LostError."""
        await self._client.lost()
        raise LostError("the connection to the broker ended")

    def drop(self) -> None:
        """End it without a goodbye: the broker tells the last will."""
        self._client.drop()


@asynccontextmanager
async def connect(
    address: Address,
    identifier: str,
    will: Message,
    version: aiomqtt.ProtocolVersion,
    window: int = WINDOW,
) -> AsyncIterator[Connection]:
    """A connection to a broker; left in good order it says goodbye, else the last will is told.

    `window` bounds the publishes that are under way at once, to begin with.

    Raises:
        ProtocolError: not this version of MQTT; try the other.
        RetryError: nobody there, wrong password, TLS that does not hold; with a hint.
    """
    context = await tls_context(address.ca) if address.tls else None
    client = _Client(address, identifier, will, version, context)
    await _enter(client, address)
    try:
        yield Connection(client, version, window)
    except Exception:
        client.drop()
        raise
    finally:  # stopped on purpose: the goodbye keeps the last will from being told
        await _leave(client)


async def _enter(client: _Client, address: Address) -> None:
    entering = asyncio.ensure_future(client.__aenter__())
    try:
        await asyncio.wait({entering}, timeout=CONNECT_TIMEOUT)
        if not entering.done():
            raise aiomqtt.MqttError("timed out")  # noqa: TRY301 - told like its own errors
        entering.result()
    except aiomqtt.MqttError as error:
        _hang_up(entering, client)
        raise _explained(error, address) from None
    except asyncio.CancelledError:
        _hang_up(entering, client)
        raise
    if client.over:  # lost between its first answer and here, which aiomqtt forgets
        client.drop()
        raise LostError(f"{address} ended the connection at once")


def _explained(error: aiomqtt.MqttError, address: Address) -> RetryError:
    code = getattr(error, "rc", None)
    number = getattr(code, "value", code)
    if number in {1, 0x84}:
        refusal = ProtocolError(f"{address} does not speak this version of MQTT")
        refusal.said_so = True
        return refusal
    if number in {4, 5, 0x86, 0x87}:
        return RetryError(
            f"{address} refused us: {error}",
            hint="check bus.username and bus.password, and the broker's access list",
        )
    if code is not None:
        return RetryError(f"{address} refused us: {error}", hint="see the broker's log")
    words = str(error)
    if "closed without an answer" in words or "timed out" in words.lower():
        return ProtocolError(f"{address}: {words}", hint="is this an MQTT broker?")
    hint = "is the broker running, and is bus.url right?"
    if "certificate" in words.lower() or "ssl" in words.lower():
        hint = "bus.ca must name the authority that signed the broker's certificate"
    return RetryError(f"{address}: {words}", hint=hint)


async def _leave(client: _Client) -> None:
    """Say goodbye, but do not wait for a broker that hangs."""
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await client.__aexit__(None, None, None)
    except (TimeoutError, aiomqtt.MqttError):
        pass
    finally:
        client.drop()
        await client.end_chores()


def _hang_up(entering: "asyncio.Future[Any]", client: _Client) -> None:
    """Paho connects in a thread that cannot be stopped: let it end, then drop what it made."""

    def ended(done: "asyncio.Future[Any]") -> None:
        _take_error(done)
        client.drop()

    client.drop()
    entering.add_done_callback(ended)


def _number(code: int | ReasonCode) -> int:
    return code if isinstance(code, int) else int(code.value)


def _take_error(future: "asyncio.Future[Any]") -> None:
    """Look at a future's error, so that asyncio does not report it as never retrieved."""
    if not future.cancelled():
        future.exception()
