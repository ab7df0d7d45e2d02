"""One TCP connection: frames, encryption, salts, containers, acks, and the way to the methods."""

import asyncio
import gzip
import struct
from collections.abc import Iterator, Sequence

from telethon import functions, types
from telethon.errors import TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.tl.core import GzipPacked
from telethon.tl.tlobject import TLObject

from tests.doubles.telegram import calls
from tests.doubles.telegram.cipher import AuthKey, RejectedError, seal, unseal
from tests.doubles.telegram.handshake import Handshake
from tests.doubles.telegram.wire import BrokenFrameError, Framing, detect
from tests.doubles.telegram.world import World

CONTAINER = 0x73F1F8DC
RPC_RESULT = 0xF35C6D01
TOO_OLD, TOO_NEW = 300, 30
MALFORMED = b"\x00\x01\x02"
UNKNOWN = struct.pack("<Iq", 0xDEADBEEF, 7)


class TcpLine:
    """One client's connection, from its first byte to its end."""

    def __init__(
        self, world: World, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.key: AuthKey | None = None
        self.wants_updates = False
        self.polled: dict[int, float] = {}
        self._world = world
        self._reader = reader
        self._writer = writer
        self._framing: Framing | None = None
        self._handshake = Handshake(world.server_key, unlucky=world.unlucky())
        self._session = 0
        self._last_id = 0
        self._content = 0
        self._with_next: list[tuple[bytes, int]] = []  # goes out in the next container
        self._reordered: list[bytes] = []
        self._dark: list[bytes] = []

    async def run(self) -> None:
        """Serve until either side ends the connection."""
        self._world.lines.add(self)
        try:
            self._framing = await detect(self._reader)
            while True:
                payload = await self._framing.read(self._reader)
                await self._world.light.wait()
                self._receive(payload)
                await self._writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, BrokenFrameError, RejectedError):
            pass  # the client left, or sent what a real server also answers by closing
        finally:
            self._world.lines.discard(self)
            self._writer.close()

    def push(self, channel: int, body: bytes) -> None:
        """Send an update of a channel, or what its fault makes of it."""
        account = self.key.account if self.key else None
        fault = self._world.faults.of_push(account, channel)
        action = fault.action if fault else "send"
        if action == "reorder":
            self._reordered.append(body)
        elif action == "delay" and fault is not None:
            asyncio.get_running_loop().call_later(fault.seconds, self.send_later, body)
        elif action != "drop":
            replaced = {"malformed": body[:4] + MALFORMED, "unknown": UNKNOWN}.get(action, body)
            for _ in range(2 if action == "repeat" else 1):
                self._send(replaced, 3)
            for late in self._reordered:
                self._send(late, 3)
            self._reordered.clear()

    def push_together(self, bodies: Sequence[bytes]) -> None:
        """Send updates in one container, as a server does that has many to tell; no fault."""
        if bodies and not self._writer.is_closing():
            self._with_next += [(body, 3) for body in bodies[:-1]]
            self._send(bodies[-1], 3)

    def send_later(self, body: bytes) -> None:
        """Send a notification."""
        if not self._writer.is_closing():
            self._send(body, 3)

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        self._writer.transport.abort()

    def lift(self) -> None:
        """Send what a black hole held back."""
        for frame in self._dark:
            self._writer.write(frame)
        self._dark.clear()

    def forget_time(self) -> None:
        """Start message ids again."""
        self._last_id = 0

    def answer(self, request: int, body: bytes) -> None:
        """Send the result of a call, packed when that makes it smaller."""
        if len(body) > 512:
            packed = struct.pack("<I", GzipPacked.CONSTRUCTOR_ID) + TLObject.serialize_bytes(
                gzip.compress(body, 1)
            )
            body = min(body, packed, key=len)
        self._send(struct.pack("<Iq", RPC_RESULT, request) + body, 1)

    def _receive(self, payload: bytes) -> None:
        if payload[:8] == bytes(8):
            self._plain(payload)
            return
        self.key = self._world.keys.get(payload[:8])
        if self.key is None:
            self._write(struct.pack("<i", -404))
            self._writer.close()
            return
        plain = unseal(self.key, payload)
        salt, session, number, sequence, length = struct.unpack("<qqqii", plain[:32])
        if self._time_or_salt_is_wrong(salt, session, number, sequence):
            return
        if session not in self.key.sessions:
            self.key.sessions.add(session)
            created = types.NewSessionCreated(number, session ^ number, self.key.salt)
            self._with_next.append((bytes(created), 3))
        for inner, body in _messages(number, plain[32 : 32 + length]):
            self._take(inner, body)

    def _plain(self, payload: bytes) -> None:
        request = BinaryReader(payload[20:]).tgread_object()
        answer = bytes(self._handshake.answer(request, self._world.now()))
        if self._handshake.key is not None:
            self._world.keys[self._handshake.key.id] = self._handshake.key
        self._write(struct.pack("<qqi", 0, self._next_id(1), len(answer)) + answer)

    def _time_or_salt_is_wrong(self, salt: int, session: int, number: int, sequence: int) -> bool:
        """Answer a message whose id or salt no server accepts."""
        self._session = session
        ahead = (number >> 32) - self._world.now()
        key = self.key
        if ahead > TOO_NEW or ahead < -TOO_OLD:
            code = 17 if ahead > 0 else 16
            self._send(bytes(types.BadMsgNotification(number, sequence, code)), 3)
            return True
        if key is not None and salt != key.salt:
            self._send(bytes(types.BadServerSalt(number, sequence, 48, key.salt)), 3)
            return True
        return False

    def _take(self, number: int, body: bytes) -> None:
        """Handle one message of the client."""
        try:
            request = BinaryReader(body).tgread_object()
            if isinstance(request, GzipPacked):
                request = BinaryReader(request.data).tgread_object()
        except (TypeNotFoundError, BufferError, struct.error):
            error = types.RpcError(400, "INPUT_METHOD_INVALID")
            self.answer(number, bytes(error))
            return
        if isinstance(request, (functions.PingRequest, functions.PingDelayDisconnectRequest)):
            self._send(bytes(types.Pong(number, request.ping_id)), 1)
        elif isinstance(request, types.MsgsStateReq):
            self._send(bytes(types.MsgsStateInfo(number, b"\x04" * len(request.msg_ids))), 1)
        elif isinstance(request, functions.GetFutureSaltsRequest):
            salts = types.FutureSalts(number, int(self._world.now()), [])
            self._send(bytes(salts), 1)
        elif not isinstance(request, types.MsgsAck):
            self._with_next.append((bytes(types.MsgsAck([number])), 3))
            calls.serve(self._world, self, number, request)

    def _send(self, body: bytes, kind: int) -> None:
        """Encrypt and send one message, in a container with what waited for it."""
        key = self.key
        if key is None or self._writer.is_closing():
            return
        parts = [*self._with_next, (body, kind)]
        self._with_next = []
        if len(parts) > 1:
            inner = b"".join(self._message(part, its_kind) for part, its_kind in parts)
            body = struct.pack("<Ii", CONTAINER, len(parts)) + inner
            message = struct.pack("<qii", self._next_id(kind), self._content * 2, len(body)) + body
        else:
            message = self._message(body, kind)
        self._write(seal(key, struct.pack("<qq", key.salt, self._session) + message))

    def _message(self, body: bytes, kind: int) -> bytes:
        sequence = self._content * 2 + 1
        self._content += 1
        return struct.pack("<qii", self._next_id(kind), sequence, len(body)) + body

    def _next_id(self, kind: int) -> int:
        """A message id: the time, strictly growing, 1 (answer) or 3 (notification) modulo 4."""
        number = int(self._world.now() * 2**32) & ~3
        self._last_id = max(number, (self._last_id & ~3) + 4) + kind
        return self._last_id

    def _write(self, payload: bytes) -> None:
        if self._framing is None:
            return
        frame = self._framing.frame(payload)
        if self._world.light.is_set():
            self._writer.write(frame)
        else:
            self._dark.append(frame)


def _messages(number: int, body: bytes) -> Iterator[tuple[int, bytes]]:
    """The messages of a container, or the one there is."""
    if struct.unpack("<I", body[:4])[0] != CONTAINER:
        yield number, body
        return
    at = 8
    for _ in range(struct.unpack("<i", body[4:8])[0]):
        inner, _sequence, length = struct.unpack("<qii", body[at : at + 16])
        yield inner, body[at + 16 : at + 16 + length]
        at += 16 + length
