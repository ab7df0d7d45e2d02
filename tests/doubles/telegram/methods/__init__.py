"""What a client may ask: one function per method, by request class."""

from collections.abc import Callable
from typing import Any

from telethon.tl import functions as f

from tests.doubles.telegram.methods import channels, history, settings, sign_in, updates
from tests.doubles.telegram.world import Call

METHODS: dict[type, Callable[[Call], Any]] = {
    f.help.GetConfigRequest: settings.get_config,
    f.help.GetNearestDcRequest: settings.get_nearest_dc,
    f.users.GetUsersRequest: settings.get_users,
    f.users.GetFullUserRequest: settings.get_full_user,
    f.account.UpdateStatusRequest: settings.update_status,
    f.auth.SendCodeRequest: sign_in.send_code,
    f.auth.ResendCodeRequest: sign_in.resend_code,
    f.auth.SignInRequest: sign_in.sign_in,
    f.account.GetPasswordRequest: sign_in.get_password,
    f.auth.CheckPasswordRequest: sign_in.check_password,
    f.auth.ExportLoginTokenRequest: sign_in.export_login_token,
    f.auth.LogOutRequest: sign_in.log_out,
    f.contacts.ResolveUsernameRequest: channels.resolve_username,
    f.channels.JoinChannelRequest: channels.join_channel,
    f.channels.LeaveChannelRequest: channels.leave_channel,
    f.channels.GetChannelsRequest: channels.get_channels,
    f.channels.GetFullChannelRequest: channels.get_full_channel,
    f.messages.GetDialogsRequest: channels.get_dialogs,
    f.messages.GetPeerDialogsRequest: channels.get_peer_dialogs,
    f.messages.GetDialogFiltersRequest: channels.get_dialog_filters,
    f.chatlists.CheckChatlistInviteRequest: channels.check_chatlist_invite,
    f.messages.GetHistoryRequest: history.get_history,
    f.channels.GetMessagesRequest: history.get_messages,
    f.upload.GetFileRequest: history.get_file,
    f.updates.GetStateRequest: updates.get_state,
    f.updates.GetDifferenceRequest: updates.get_difference,
    f.updates.GetChannelDifferenceRequest: updates.get_channel_difference,
}
