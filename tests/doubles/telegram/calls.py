"""One RPC from its arrival to its answer: recorded, refused or delayed by a fault, or served."""

import asyncio
from datetime import datetime
from typing import Any, Protocol

from telethon import functions, types

from tests.doubles.telegram.faults import CallFault
from tests.doubles.telegram.methods import METHODS
from tests.doubles.telegram.world import Call, Line, RefusedError, World

MALFORMED = b"\x00\x01\x02"
UNKNOWN = b"\xef\xbe\xad\xde" + bytes(8)
VECTOR = b"\x15\xc4\xb5\x1c"


class Answering(Line, Protocol):
    """A line that takes answers."""

    def answer(self, request: int, body: bytes) -> None:
        """Send the result of a call."""


def serve(world: World, line: Answering, number: int, wrapped: Any) -> None:
    """Answer one request, now or when its fault lets it."""
    request = unwrap(wrapped)
    call = Call(world, line, request, name_of(request))
    account = call.key.account
    channels = _channels_of(request)
    fault = world.faults.of_call(call.method, account, channels, world.now())
    entry = {
        "n": len(world.journal),
        "at": world.now(),
        "account": account,
        "method": call.method,
        "channel": channels[0] if len(channels) == 1 else None,
        "arguments": _arguments(request),
        "answer": "",
    }
    world.journal.append(entry)
    if not _without_updates(wrapped) and account is not None:
        line.wants_updates = True
    _meet(call, line, number, fault, entry)


def _meet(
    call: Call, line: Answering, number: int, fault: CallFault | None, entry: dict[str, Any]
) -> None:
    """Answer a call as its fault demands."""
    action = fault.action if fault else "serve"
    entry["answer"] = action
    if action == "reset":
        line.reset()
    elif action == "slow" and fault is not None:
        loop = asyncio.get_running_loop()
        loop.call_later(fault.seconds, lambda: line.answer(number, result(call, entry)))
    elif action == "malformed":
        line.answer(number, MALFORMED)
    elif action == "unknown":
        line.answer(number, UNKNOWN)
    elif action == "error" and fault is not None:
        entry["answer"] = fault.error
        line.answer(number, bytes(types.RpcError(fault.code, fault.error)))
    elif action != "silent":
        call.too_long = action == "too_long"
        line.answer(number, result(call, entry))


def result(call: Call, entry: dict[str, Any]) -> bytes:
    """Serve a call; its answer as bytes, an RPC error included."""
    entry["answer"] = "ok"
    try:
        return _bytes(METHODS.get(type(call.request), _unheard_of)(call))
    except RefusedError as refused:
        entry["answer"] = refused.message
        return bytes(types.RpcError(refused.code, refused.message))


def _unheard_of(_call: Call) -> Any:
    raise RefusedError(400, "INPUT_METHOD_INVALID")


def unwrap(request: Any) -> Any:
    """A request without invokeWithLayer, initConnection and their like."""
    while isinstance(request, _WRAPPERS):
        request = request.query
    return request


def name_of(request: Any) -> str:
    """The method's name in the TL schema: messages.getHistory."""
    group = type(request).__module__.rpartition(".")[2]
    name = type(request).__name__.removesuffix("Request")
    name = name[:1].lower() + name[1:]
    return name if group == "functions" else f"{group}.{name}"


_WRAPPERS = (
    functions.InvokeWithLayerRequest,
    functions.InitConnectionRequest,
    functions.InvokeWithoutUpdatesRequest,
    functions.InvokeAfterMsgRequest,
)


def _without_updates(request: Any) -> bool:
    while isinstance(request, _WRAPPERS):
        if isinstance(request, functions.InvokeWithoutUpdatesRequest):
            return True
        request = request.query
    return False


def _channels_of(request: Any) -> list[int]:
    """The channels that a request is about."""
    named = [getattr(request, field, None) for field in ("channel", "peer")]
    named += [getattr(one, "peer", None) for one in getattr(request, "peers", None) or ()]
    numbers = [getattr(one, "channel_id", None) for one in named]
    return [number for number in numbers if isinstance(number, int)]


def _arguments(request: Any) -> dict[str, Any]:
    """The plain arguments of a request, for the record; lists as their length."""
    found: dict[str, Any] = {}
    for name, value in vars(request).items():
        if isinstance(value, (int, str)):
            found[name] = value
        elif isinstance(value, datetime):
            found[name] = value.timestamp()
        elif isinstance(value, list):
            found[name] = len(value)
    return {name: value for name, value in found.items() if name not in _PRIVATE}


_PRIVATE = ("api_id", "api_hash")


def _bytes(answer: Any) -> bytes:
    """TL bytes of an answer; a list becomes a vector, a bool its constructor."""
    if isinstance(answer, bool):
        return b"\xb5\x75\x72\x99" if answer else b"\x37\x97\x79\xbc"
    if isinstance(answer, list):
        return VECTOR + len(answer).to_bytes(4, "little") + b"".join(bytes(one) for one in answer)
    return bytes(answer)
