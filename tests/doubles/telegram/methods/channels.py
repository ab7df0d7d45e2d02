"""Finding, joining and listing channels."""

import re
from typing import Any

from telethon import types

from tests.doubles.telegram import render
from tests.doubles.telegram.ledger import Channel, access_hash
from tests.doubles.telegram.world import Call, RefusedError

USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")
PAGE = 100


def resolve_username(call: Call) -> Any:
    """contacts.resolveUsername."""
    account = call.account
    if not USERNAME.fullmatch(call.request.username):
        raise RefusedError(400, "USERNAME_INVALID")
    channel = call.world.ledger.channel_of_name(call.request.username)
    if channel is None or channel.closed:
        raise RefusedError(400, "USERNAME_NOT_OCCUPIED")
    chats = [render.channel(channel, account.id)]
    return types.contacts.ResolvedPeer(types.PeerChannel(channel.id), chats, [])


def join_channel(call: Call) -> Any:
    """channels.joinChannel."""
    channel = call.channel(call.request.channel)
    channel.members.add(call.account.id)
    return render.changed(channel, call.account.id, call.world.now())


def leave_channel(call: Call) -> Any:
    """channels.leaveChannel."""
    channel = call.channel(call.request.channel)
    if call.account.id not in channel.members:
        raise RefusedError(400, "USER_NOT_PARTICIPANT")
    channel.members.discard(call.account.id)
    return render.changed(channel, call.account.id, call.world.now())


def get_channels(call: Call) -> Any:
    """channels.getChannels."""
    account = call.account.id
    chats = [render.channel(call.channel(one), account) for one in call.request.id]
    return types.messages.Chats(chats)


def get_full_channel(call: Call) -> Any:
    """channels.getFullChannel."""
    channel = call.channel(call.request.channel)
    full = types.ChannelFull(
        id=channel.id,
        about=channel.about,
        read_inbox_max_id=0,
        read_outbox_max_id=0,
        unread_count=0,
        chat_photo=types.PhotoEmpty(0),
        notify_settings=types.PeerNotifySettings(),
        bot_info=[],
        pts=channel.pts,
        participants_count=channel.subscribers,
    )
    return types.messages.ChatFull(full, [render.channel(channel, call.account.id)], [])


def get_dialogs(call: Call) -> Any:
    """messages.getDialogs: the joined channels, newest post first, in pages."""
    account = call.account.id
    joined = [one for one in call.world.ledger.channels.values() if account in one.members]
    if call.request.folder_id:
        joined = []
    joined.sort(key=_newest, reverse=True)
    offset = getattr(call.request.offset_peer, "channel_id", None)
    names = [one.id for one in joined]
    start = names.index(offset) + 1 if offset in names else 0
    page = joined[start : start + min(call.request.limit, PAGE)]
    lists = _lists(call, page)
    if len(page) == len(joined):
        return types.messages.Dialogs(**lists)
    return types.messages.DialogsSlice(count=len(joined), **lists)


def get_peer_dialogs(call: Call) -> Any:
    """messages.getPeerDialogs: head and pts of the channels named, joined or public."""
    found = [call.channel(one.peer) for one in call.request.peers]
    if len(found) > PAGE:
        raise RefusedError(400, "LIMIT_INVALID")
    state = render.state(call.account, call.world.now())
    return types.messages.PeerDialogs(**_lists(call, found), state=state)


def get_dialog_filters(call: Call) -> Any:
    """messages.getDialogFilters: the account's folders, as `{"title", "channels": [id]}`."""
    account = call.account
    channels = call.world.ledger.channels
    filters = [
        types.DialogFilter(
            id=number,
            title=types.TextWithEntities(folder["title"], []),
            pinned_peers=[],
            include_peers=[
                types.InputPeerChannel(one, access_hash(account.id, one))
                for one in folder["channels"]
                if one in channels
            ],
            exclude_peers=[],
        )
        for number, folder in enumerate(account.folders, start=2)
    ]
    return types.messages.DialogFilters(filters=filters)


def check_chatlist_invite(call: Call) -> Any:
    """chatlists.checkChatlistInvite: the channels of anybody's folder that has this slug."""
    ledger = call.world.ledger
    folders = [folder for one in ledger.accounts.values() for folder in one.folders]
    found = [folder for folder in folders if folder.get("slug") == call.request.slug]
    if not found:
        raise RefusedError(400, "INVITE_SLUG_EXPIRED")
    channels = [ledger.channels[number] for number in found[0]["channels"]]
    return types.chatlists.ChatlistInvite(
        title=types.TextWithEntities(found[0]["title"], []),
        peers=[types.PeerChannel(one.id) for one in channels],
        chats=[render.channel(one, call.account.id) for one in channels],
        users=[],
    )


def _newest(channel: Channel) -> tuple[int, int]:
    top = channel.top()
    return (top.date if top else 0, channel.id)


def _lists(call: Call, channels: list[Channel]) -> dict[str, Any]:
    """Dialogs with their newest posts, as the answers about dialogs carry them."""
    account = call.account.id
    tops = [(one, top) for one in channels if (top := one.top())]
    chats: dict[int, Any] = {}
    for channel in channels:
        top = channel.top()
        for chat in render.chats(call.world.ledger, channel, [top] if top else [], account):
            chats.setdefault(chat.id, chat)
    return {
        "dialogs": [render.dialog(one) for one in channels],
        "messages": [render.message(one, top, account) for one, top in tops],
        "chats": list(chats.values()),
        "users": [],
    }
