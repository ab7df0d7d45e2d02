"""Reading posts back: pages of history, single posts, files."""

from typing import Any

from telethon import types

from tests.doubles.telegram import media, render
from tests.doubles.telegram.ledger import Channel, Post, access_hash
from tests.doubles.telegram.world import Call, RefusedError

PAGE = 100
CHUNK = 1024 * 1024


def get_history(call: Call) -> Any:
    """messages.getHistory.

    The list is newest first. offset_id (or offset_date) finds a place in it, add_offset moves that
    place, towards newer posts when negative; limit posts from there are returned. Places before
    the newest post hold nothing. min_id and max_id are exclusive bounds.
    """
    request = call.request
    channel = call.channel(request.peer)
    everything = channel.listed()
    bounded = [
        post
        for post in everything
        if post.id > request.min_id and (not request.max_id or post.id < request.max_id)
    ]
    start = _place(bounded, request) + request.add_offset
    end = start + min(request.limit, PAGE)
    return _answer(call, channel, bounded[max(start, 0) : max(end, 0)], len(everything))


def _place(posts: list[Post], request: Any) -> int:
    """How many posts of the list stand before the offset."""
    if request.offset_id:
        return sum(post.id >= request.offset_id for post in posts)
    before = request.offset_date.timestamp()  # clients send 0 for none
    return sum(post.date >= before for post in posts) if before > 0 else 0


def get_messages(call: Call) -> Any:
    """channels.getMessages: the posts named; MessageEmpty for those that are not there."""
    channel = call.channel(call.request.channel)
    if len(call.request.id) > PAGE:
        raise RefusedError(400, "MESSAGE_IDS_EMPTY")
    answer = _answer(call, channel, [], len(channel.listed()))
    found: list[Post] = []
    for reference in call.request.id:
        number = getattr(reference, "id", reference)
        post = channel.posts.get(number)
        if post is None or post.deleted:
            answer.messages.append(types.MessageEmpty(number, types.PeerChannel(channel.id)))
        else:
            found.append(post)
            answer.messages.append(render.message(channel, post, call.account.id))
    answer.chats = render.chats(call.world.ledger, channel, found, call.account.id)
    return answer


def _answer(call: Call, channel: Channel, posts: list[Post], count: int) -> Any:
    account = call.account.id
    return types.messages.ChannelMessages(
        pts=channel.pts,
        count=count,
        messages=render.messages(channel, posts, account),
        topics=[],
        chats=render.chats(call.world.ledger, channel, posts, account),
        users=[],
    )


def get_file(call: Call) -> Any:
    """upload.getFile: a part of a photo or file."""
    location = call.request.location
    account = call.account.id
    number = getattr(location, "id", 0)
    if getattr(location, "access_hash", None) != access_hash(account, number):
        raise RefusedError(400, "LOCATION_INVALID")
    channel_id, post_id = media.place_of(number)
    channel = call.world.ledger.channels[channel_id]
    post = channel.posts[post_id]
    if post.deleted or not channel.readable(account) or post.media is None:
        raise RefusedError(400, "FILE_REFERENCE_EXPIRED")
    if call.request.limit > CHUNK or call.request.offset % 4096:
        raise RefusedError(400, "LIMIT_INVALID")
    content = media.content_of(number, post.media)
    if getattr(location, "thumb_size", "") == "m":
        content = content[:512]
    part = content[call.request.offset : call.request.offset + call.request.limit]
    return types.upload.File(types.storage.FileJpeg(), 0, part)
