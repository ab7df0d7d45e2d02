"""help.getConfig and the other calls about nothing in particular."""

from typing import Any

from telethon import types

from tests.doubles.telegram.media import DC
from tests.doubles.telegram.render import moment, user
from tests.doubles.telegram.world import Call

# Durations and sizes as the real server sends them; none matters to a collector.
NUMBERS = {
    "chat_size_max": 200,
    "megagroup_size_max": 200_000,
    "forwarded_count_max": 100,
    "online_update_period_ms": 210_000,
    "offline_blur_timeout_ms": 5_000,
    "offline_idle_timeout_ms": 30_000,
    "online_cloud_timeout_ms": 300_000,
    "notify_cloud_delay_ms": 30_000,
    "notify_default_delay_ms": 1_500,
    "push_chat_period_ms": 60_000,
    "push_chat_limit": 2,
    "edit_time_limit": 172_800,
    "revoke_time_limit": 2**31 - 1,
    "revoke_pm_time_limit": 2**31 - 1,
    "rating_e_decay": 2_419_200,
    "stickers_recent_limit": 200,
    "channels_read_media_period": 604_800,
    "call_receive_timeout_ms": 20_000,
    "call_ring_timeout_ms": 90_000,
    "call_connect_timeout_ms": 30_000,
    "call_packet_timeout_ms": 10_000,
    "caption_length_max": 1_024,
    "message_length_max": 4_096,
    "webfile_dc_id": 4,
}


def get_config(call: Call) -> Any:
    """help.getConfig: one data centre, this process."""
    now = call.world.now()
    here = types.DcOption(id=DC, ip_address="127.0.0.1", port=call.world.port, static=True)
    return types.Config(
        date=moment(now),
        expires=moment(now + 3600),
        test_mode=False,
        this_dc=DC,
        dc_options=[here],
        dc_txt_domain_name="invalid",
        me_url_prefix="https://t.me/",
        **NUMBERS,
    )


def get_nearest_dc(_call: Call) -> Any:
    """help.getNearestDc."""
    return types.NearestDc(country="XX", this_dc=DC, nearest_dc=DC)


def get_users(call: Call) -> Any:
    """users.getUsers: only oneself."""
    account = call.account
    return [user(account) for one in call.request.id if isinstance(one, types.InputUserSelf)]


def get_full_user(call: Call) -> Any:
    """users.getFullUser: only oneself."""
    account = call.account
    full = types.UserFull(
        id=account.id,
        settings=types.PeerSettings(),
        notify_settings=types.PeerNotifySettings(),
        common_chats_count=0,
    )
    return types.users.UserFull(full_user=full, chats=[], users=[user(account)])


def update_status(call: Call) -> Any:
    """account.updateStatus."""
    return bool(call.account)
