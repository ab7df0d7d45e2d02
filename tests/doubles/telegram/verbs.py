"""What a test may say over the control socket: the verbs, by name.

Each takes the world and the verb's named arguments and returns JSON. Channels and accounts are
named by their numeric ids.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from telethon import types

from tests.doubles.telegram import line
from tests.doubles.telegram.faults import CallFault, Limit, PushFault
from tests.doubles.telegram.ledger import Channel, Event
from tests.doubles.telegram.render import moment
from tests.doubles.telegram.world import World

Arguments = Mapping[str, Any]
BATCH = 200
BATCH_EVERY = 0.025


def _channel(world: World, given: Arguments) -> Channel:
    return world.ledger.channels[given["channel"]]


def _told(world: World, given: Arguments, events: list[Event]) -> dict[str, Any]:
    """Push the events unless the test wants them lost; who was reached."""
    channel = _channel(world, given)
    lines = world.push(channel, events) if given.get("push", True) else 0
    ids = [number for event in events for number in event.ids]
    return {"ids": ids, "pts": channel.pts, "lines": lines}


def create_account(world: World, given: Arguments) -> Any:
    """A new account: phone, and fields of ledger.Account."""
    return asdict(world.ledger.create_account(given["phone"], given.get("fields", {})))


def create_channel(world: World, given: Arguments) -> Any:
    """A new channel: title, members, and fields of ledger.Channel."""
    channel = world.ledger.create_channel(given["title"], given.get("fields", {}))
    channel.members = set(given.get("members", ()))
    return world.ledger.truth(channel)


def set_channel(world: World, given: Arguments) -> Any:
    """Change fields of a channel silently (too_long_after, poll_timeout, about ...)."""
    channel = _channel(world, given)
    for name, value in given["fields"].items():
        setattr(channel, name, set(value) if name == "members" else value)
    return world.ledger.truth(channel)


def set_account(world: World, given: Arguments) -> Any:
    """Change fields of an account silently (folders, password ...)."""
    account = world.ledger.accounts[given["account"]]
    for name, value in given["fields"].items():
        setattr(account, name, value)
    return asdict(account)


def post(world: World, given: Arguments) -> Any:
    """Publish posts, each a mapping of ledger.Post's fields; each is pushed on its own."""
    channel = _channel(world, given)
    events = []
    for fields in given["posts"]:
        event = world.ledger.publish(channel, fields, world.now())
        if given.get("push", True):
            world.push(channel, [event])
        events.append(event)
    return _told(world, {**given, "push": False}, events)


def stream(world: World, given: Arguments) -> Any:
    """Publish so many posts a second for some seconds, to the channels in turn, in batches.

    Each batch is pushed in one container; each text begins with the server's time in seconds.
    """
    channels = [world.ledger.channels[one] for one in given["channels"]]
    writing = _stream(world, channels, float(given["rate"]), float(given["seconds"]))
    task = asyncio.get_running_loop().create_task(writing)
    world.streams.add(task)
    task.add_done_callback(world.streams.discard)


async def _stream(world: World, channels: list[Channel], rate: float, seconds: float) -> None:
    began, written = time.monotonic(), 0
    while written < rate * seconds:
        due = int(min(time.monotonic() - began, seconds) * rate) - written
        told = []
        for number in range(written, written + min(due, BATCH)):
            channel = channels[number % len(channels)]
            text = f"{world.now():.6f} ДРГ замечена у села {number}"
            told.append((channel, world.ledger.publish(channel, {"text": text}, world.now())))
        world.push_together(told)
        written += len(told)
        await asyncio.sleep(0.0 if due > BATCH else BATCH_EVERY)


def album(world: World, given: Arguments) -> Any:
    """Publish posts as one album, pushed together."""
    channel = _channel(world, given)
    return _told(world, given, world.ledger.album(channel, given["posts"], world.now()))


def edit(world: World, given: Arguments) -> Any:
    """Change a post's fields."""
    channel = _channel(world, given)
    event = world.ledger.edit(channel, given["post"], given["fields"], world.now())
    return _told(world, given, [event])


def react(world: World, given: Arguments) -> Any:
    """A reaction: an edit with edit_hide that changes no content."""
    return _told(
        world, given, [world.ledger.react(_channel(world, given), given["post"], world.now())]
    )


def delete(world: World, given: Arguments) -> Any:
    """Delete posts."""
    channel = _channel(world, given)
    return _told(world, given, [world.ledger.delete(channel, given["ids"], world.now())])


def rename(world: World, given: Arguments) -> Any:
    """Change a channel's title."""
    channel = _channel(world, given)
    event = world.ledger.rename(channel, given["title"], world.now())
    world.tell_changed(channel)
    return _told(world, given, [event])


def set_username(world: World, given: Arguments) -> Any:
    """Give a username to a channel (None: take it away); who had it before loses it."""
    name = given["username"]
    before = world.ledger.channel_of_name(name) if name else None
    if before is not None:
        before.username = None
        world.tell_changed(before)
    channel = _channel(world, given)
    channel.username = name
    world.tell_changed(channel)
    return world.ledger.truth(channel)


def close_channel(world: World, given: Arguments) -> Any:
    """Make a channel unreadable to everyone: private without us, or gone."""
    channel = _channel(world, given)
    members = sorted(channel.members)
    channel.members = set()
    channel.closed = True
    world.tell_changed(channel, members)
    return world.ledger.truth(channel)


def truth(world: World, given: Arguments) -> Any:
    """One channel, every post ever written included; without a channel, all of them."""
    if given.get("channel") is not None:
        return [world.ledger.truth(_channel(world, given))]
    return [world.ledger.truth(one) for one in world.ledger.channels.values()]


def calls(world: World, given: Arguments) -> Any:
    """The calls from number `since` on, of one method or all."""
    method = given.get("method")
    return [
        entry
        for entry in world.journal[given.get("since", 0) :]
        if method in (None, entry["method"])
    ]


def lines(world: World, _given: Arguments) -> Any:
    """The open connections: whose they are, and whether they take updates."""
    return [
        {"account": one.key.account if one.key else None, "updates": one.wants_updates}
        for one in world.lines
    ]


def accepted(world: World, _given: Arguments) -> Any:
    """The clients' ports of all connections ever made."""
    return world.accepted


def fail_call(world: World, given: Arguments) -> Any:
    """Add a faults.CallFault."""
    world.faults.calls.append(CallFault(**given))


def fail_push(world: World, given: Arguments) -> Any:
    """Add a faults.PushFault."""
    world.faults.pushes.append(PushFault(**given))


def limit(world: World, given: Arguments) -> Any:
    """Add a faults.Limit."""
    world.faults.limits.append(Limit(**given))


def clear_faults(world: World, _given: Arguments) -> Any:
    """Nothing goes wrong any more; a black hole ends too."""
    world.faults.clear()
    black_hole(world, {"on": False})


def reset(world: World, given: Arguments) -> Any:
    """Reset the connections of an account, or all; how many there were."""
    return world.reset(given.get("account"))


def black_hole(world: World, given: Arguments) -> Any:
    """Hold back every byte in both directions, or (on: false) let all of it through."""
    if given["on"]:
        world.light.clear()
        return
    world.light.set()
    for one in world.lines:
        one.lift()


def forget_keys(world: World, given: Arguments) -> Any:
    """Forget the auth keys of an account, or all: transport error -404 from now on."""
    world.forget_keys(given.get("account"))


def revoke(world: World, given: Arguments) -> Any:
    """Refuse every call of an account's keys: AUTH_KEY_UNREGISTERED, SESSION_REVOKED ..."""
    world.revoke(given.get("account"), given["error"])


def set_clock(world: World, given: Arguments) -> Any:
    """Put the server's clock ahead of the machine's by so many seconds."""
    world.skew = float(given["ahead"])
    for one in world.lines:
        one.forget_time()


def unlucky_keys(world: World, given: Arguments) -> Any:
    """Let the key exchange of so many of the next connections fail."""
    world.unlucky_keys = given["connections"]


def change_salt(world: World, _given: Arguments) -> Any:
    """Change every key's salt: clients get bad_server_salt once."""
    for key in world.keys.values():
        key.salt ^= 0x5A5A5A5A


def push_garbage(world: World, given: Arguments) -> Any:
    """Push TL that nobody can read to every line that takes updates."""
    body = {"unknown": line.UNKNOWN, "malformed": line.MALFORMED}[given["kind"]]
    for one in list(world.lines):
        if one.wants_updates:
            one.send_later(body)


def push_too_long(world: World, given: Arguments) -> Any:
    """Push updateChannelTooLong of a channel to its listeners."""
    channel = _channel(world, given)
    told = types.UpdateShort(types.UpdateChannelTooLong(channel.id), moment(world.now()))
    for one in list(world.lines):
        if world.listener(one, channel) is not None:
            one.send_later(bytes(told))


def scan_login_token(world: World, given: Arguments) -> Any:
    """Scan the QR code of a token with a phone that an account is signed in on."""
    token = bytes.fromhex(given["token"])
    told = types.UpdateShort(types.UpdateLoginToken(), moment(world.now()))
    for one in list(world.lines):
        if one.key is not None and one.key.login_token == token:
            one.key.half_signed = given["account"]
            one.send_later(bytes(told))
            return True
    return False


VERBS: dict[str, Callable[[World, Arguments], Any]] = {
    "create_account": create_account,
    "create_channel": create_channel,
    "set_channel": set_channel,
    "set_account": set_account,
    "post": post,
    "stream": stream,
    "album": album,
    "edit": edit,
    "react": react,
    "delete": delete,
    "rename": rename,
    "set_username": set_username,
    "close_channel": close_channel,
    "truth": truth,
    "calls": calls,
    "lines": lines,
    "accepted": accepted,
    "fail_call": fail_call,
    "fail_push": fail_push,
    "limit": limit,
    "clear_faults": clear_faults,
    "reset": reset,
    "black_hole": black_hole,
    "forget_keys": forget_keys,
    "revoke": revoke,
    "set_clock": set_clock,
    "unlucky_keys": unlucky_keys,
    "change_salt": change_salt,
    "push_garbage": push_garbage,
    "push_too_long": push_too_long,
    "scan_login_token": scan_login_token,
}
