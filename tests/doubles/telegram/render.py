"""The ledger as one account sees it, in TL objects.

Access hashes differ by account, as in the real thing: a hash kept for another account is refused.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from telethon import types

from tests.doubles.telegram import media
from tests.doubles.telegram.ledger import Account, Channel, Event, Ledger, Post, access_hash


def moment(seconds: float) -> datetime:
    """Unix seconds as TL wants them."""
    return datetime.fromtimestamp(int(seconds), UTC)


def user(account: Account) -> Any:
    """The account itself."""
    return types.User(
        id=account.id,
        is_self=True,
        access_hash=access_hash(account.id, account.id),
        first_name=account.name,
        username=account.username,
        phone=account.phone.lstrip("+"),
    )


def channel(one: Channel, account: int) -> Any:
    """A channel, or that it is forbidden to this account."""
    if not one.readable(account):
        return types.ChannelForbidden(
            id=one.id, access_hash=access_hash(account, one.id), title=one.title, broadcast=True
        )
    return types.Channel(
        id=one.id,
        title=one.title,
        photo=types.ChatPhotoEmpty(),
        date=moment(1_500_000_000),
        left=None if account in one.members else True,
        broadcast=True,
        access_hash=access_hash(account, one.id),
        username=one.username,
        participants_count=one.subscribers,
    )


def message(one: Channel, post: Post, account: int) -> Any:
    """A post as a message, or a service message."""
    peer = types.PeerChannel(one.id)
    if post.service is not None:
        return types.MessageService(
            id=post.id,
            peer_id=peer,
            date=moment(post.date),
            action=types.MessageActionChatEditTitle(post.service),
            post=True,
        )
    return types.Message(
        id=post.id,
        peer_id=peer,
        date=moment(post.date),
        message=post.text,
        post=True,
        edit_hide=post.edit_hide or None,
        from_id=None,
        fwd_from=_forward(post),
        reply_to=_reply(post),
        media=media.render(one, post, account),
        entities=[_entity(entity) for entity in post.entities] or None,
        views=post.views,
        forwards=0,
        edit_date=None if post.edit_date is None else moment(post.edit_date),
        post_author=post.author,
        grouped_id=post.group,
        reactions=_reactions(post),
    )


def _entity(spec: dict[str, Any]) -> Any:
    """`{"_": "TextUrl", "offset": 0, "length": 3, "url": ...}`; offsets in UTF-16 units."""
    fields = {key: value for key, value in spec.items() if key != "_"}
    return getattr(types, "MessageEntity" + spec["_"])(**fields)


def _forward(post: Post) -> Any:
    """`{"channel": id, "post": n}` or `{"name": hidden sender}`, with `date` and `author`."""
    spec = post.forward
    if spec is None:
        return None
    return types.MessageFwdHeader(
        date=moment(spec.get("date", post.date)),
        from_id=types.PeerChannel(spec["channel"]) if "channel" in spec else None,
        from_name=spec.get("name"),
        channel_post=spec.get("post"),
        post_author=spec.get("author"),
    )


def _reply(post: Post) -> Any:
    if post.reply_to is None:
        return None
    return types.MessageReplyHeader(reply_to_msg_id=post.reply_to)


def _reactions(post: Post) -> Any:
    if not post.reactions:
        return None
    count = types.ReactionCount(types.ReactionEmoji("🔥"), post.reactions)
    return types.MessageReactions(results=[count])


def messages(one: Channel, posts: Iterable[Post], account: int) -> list[Any]:
    """Posts as messages, in the order given."""
    return [message(one, post, account) for post in posts]


def chats(ledger: Ledger, one: Channel, posts: Iterable[Post], account: int) -> list[Any]:
    """The channel itself and those its posts were forwarded from."""
    found = {one.id: one}
    for post in posts:
        origin = ledger.channels.get((post.forward or {}).get("channel", 0))
        if origin is not None:
            found[origin.id] = origin
    return [channel(each, account) for each in found.values()]


def update(one: Channel, event: Event, account: int) -> Any:
    """An event of a channel as the update that is pushed for it."""
    if event.kind == "delete":
        return types.UpdateDeleteChannelMessages(one.id, list(event.ids), event.pts, event.count)
    content = message(one, one.posts[event.ids[0]], account)
    if event.kind == "edit":
        return types.UpdateEditChannelMessage(content, event.pts, event.count)
    return types.UpdateNewChannelMessage(content, event.pts, event.count)


def updates(ledger: Ledger, one: Channel, events: Iterable[Event], account: int, now: float) -> Any:
    """Events of one channel as what is pushed; seq 0, as channels' updates have."""
    steps = list(events)
    posts = [one.posts[number] for event in steps for number in event.ids]
    return types.Updates(
        updates=[update(one, event, account) for event in steps],
        users=[],
        chats=chats(ledger, one, posts, account),
        date=moment(now),
        seq=0,
    )


def dialog(one: Channel) -> Any:
    """A channel's line in the list of dialogs: its newest post and its pts."""
    top = one.top()
    return types.Dialog(
        peer=types.PeerChannel(one.id),
        top_message=top.id if top else 0,
        read_inbox_max_id=0,
        read_outbox_max_id=0,
        unread_count=0,
        unread_mentions_count=0,
        unread_reactions_count=0,
        unread_poll_votes_count=0,
        notify_settings=types.PeerNotifySettings(),
        pts=one.pts,
    )


def state(account: Account, now: float) -> Any:
    """An account's update state."""
    return types.updates.State(
        pts=account.pts, qts=0, date=moment(now), seq=account.seq, unread_count=0
    )


def changed(one: Channel, account: int, now: float) -> Any:
    """That a channel itself changed: its title, name, or whether it may be read."""
    return types.Updates(
        updates=[types.UpdateChannel(one.id)],
        users=[],
        chats=[channel(one, account)],
        date=moment(now),
        seq=0,
    )
