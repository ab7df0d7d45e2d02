"""The state of updates and the differences that fill gaps (core.telegram.org/api/updates)."""

from typing import Any

from telethon import types

from tests.doubles.telegram import render
from tests.doubles.telegram.ledger import Channel, Event
from tests.doubles.telegram.world import POLLED_AT_MOST, Call, RefusedError

SLICE = 100


def get_state(call: Call) -> Any:
    """updates.getState."""
    return render.state(call.account, call.world.now())


def get_difference(call: Call) -> Any:
    """updates.getDifference: which joined channels had events since the client's date."""
    account, world = call.account, call.world
    since = call.request.date.timestamp()
    changed = [
        one
        for one in world.ledger.channels.values()
        if account.id in one.members and one.events and one.events[-1].at >= since
    ]
    if not changed:
        return types.updates.DifferenceEmpty(render.moment(world.now()), account.seq)
    return types.updates.Difference(
        new_messages=[],
        new_encrypted_messages=[],
        other_updates=[types.UpdateChannelTooLong(one.id, one.pts) for one in changed],
        chats=[render.channel(one, account.id) for one in changed],
        users=[],
        state=render.state(account, world.now()),
    )


def get_channel_difference(call: Call) -> Any:
    """updates.getChannelDifference: the events after a pts, in slices, or that it is too long.

    It also makes this connection receive the pushes of a public channel that the account has not
    joined, until the timeout it names is over twice.
    """
    channel = call.channel(call.request.channel)
    if call.request.pts < 1:
        raise RefusedError(400, "PERSISTENT_TIMESTAMP_EMPTY")
    if call.request.pts > channel.pts:
        raise RefusedError(400, "PERSISTENT_TIMESTAMP_INVALID")
    _subscribe(call, channel)
    if call.too_long or channel.pts - call.request.pts > channel.too_long_after:
        return _too_long(call, channel)
    events = channel.since(call.request.pts)
    if not events:
        return types.updates.ChannelDifferenceEmpty(
            pts=channel.pts, final=True, timeout=channel.poll_timeout
        )
    return _difference(call, channel, events)


def _subscribe(call: Call, channel: Channel) -> None:
    now = call.world.now()
    polled = {one: end for one, end in call.line.polled.items() if end > now}
    polled[channel.id] = now + 2 * channel.poll_timeout
    call.line.polled = dict(list(polled.items())[-POLLED_AT_MOST:])


def _difference(call: Call, channel: Channel, events: list[Event]) -> Any:
    """The oldest events as one slice; deleted posts are not listed as new."""
    account = call.account.id
    part = events[: min(call.request.limit, SLICE)]
    born = {number for event in part if event.kind == "new" for number in event.ids}
    posts = [channel.posts[number] for number in sorted(born)]
    posts = [post for post in posts if not post.deleted]
    other = [
        render.update(channel, event, account)
        for event in part
        if event.kind == "delete" or (event.kind == "edit" and born.isdisjoint(event.ids))
    ]
    return types.updates.ChannelDifference(
        pts=part[-1].pts,
        new_messages=render.messages(channel, posts, account),
        other_updates=other,
        chats=render.chats(call.world.ledger, channel, posts, account),
        users=[],
        final=len(part) == len(events),
        timeout=channel.poll_timeout,
    )


def _too_long(call: Call, channel: Channel) -> Any:
    account = call.account.id
    newest = channel.listed()[:10]
    return types.updates.ChannelDifferenceTooLong(
        dialog=render.dialog(channel),
        messages=render.messages(channel, newest, account),
        chats=render.chats(call.world.ledger, channel, newest, account),
        users=[],
        final=True,
        timeout=channel.poll_timeout,
    )
