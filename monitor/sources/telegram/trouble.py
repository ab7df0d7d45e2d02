"""What can go wrong with Telegram, sorted by what has to be done about it."""

from telethon import errors


class AccountLostError(Exception):
    """The account cannot be used until a person does something; it stops, the daemon does not."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(f"{reason} - {hint}")
        self.reason = reason
        self.hint = hint


class ChannelLostError(Exception):
    """A channel cannot be read by this account: gone, private, or no such name."""


class NotNowError(Exception):
    """A method may not be called yet; `seconds` says how long."""

    def __init__(self, method: str, seconds: float) -> None:
        super().__init__(f"{method} may be called again in {seconds:.0f} s")
        self.method = method
        self.seconds = seconds


class TroubleError(Exception):
    """Anything that may pass by itself: the connection is made again."""


class AnswerError(TroubleError):
    """The server answered, but with an error or with what cannot be read: the line is well.

    What is asked of a single channel is asked again later (ailing.py); else the connection is made
    again.
    """


_SIGN_IN = "sign in again: monitor login telegram"
_HINTS = {
    "AuthKeyDuplicatedError": "the session file was used from two addresses at once and is void: "
    "keep one copy, then run monitor login telegram",
    "SessionRevokedError": "someone ended this session in Telegram's settings: "
    "check the account's devices, then run monitor login telegram",
    "UserDeactivatedError": "Telegram deleted this account: use another one",
    "UserDeactivatedBanError": "Telegram banned this account: use another one, or write to "
    "recover@telegram.org",
}
_CHANNEL = (
    errors.ChannelInvalidError,
    errors.ChannelPrivateError,
    errors.ChannelPublicGroupNaError,
    errors.UsernameInvalidError,
    errors.UsernameNotOccupiedError,
)
_LINE = (
    OSError,  # TimeoutError too
    EOFError,
    errors.BadMessageError,
    errors.InvalidBufferError,
    errors.InvalidChecksumError,
    errors.SecurityError,
)
"""Errors of the connection itself."""
_CHANNEL_SAYS = {
    "ChannelPrivateError": "it is private, or bars this account",
    "UsernameInvalidError": "no channel can have such a name",
    "UsernameNotOccupiedError": "nobody has that name",
}
_ACCOUNT = (errors.UnauthorizedError, errors.AuthKeyError, errors.AuthKeyNotFound)


def sort_error(error: Exception) -> Exception:
    """What an error of the client library means for us."""
    name = type(error).__name__
    words = f"{name.removesuffix('Error')}: {error}".partition(" (caused by")[0]
    said = words.removesuffix(": ")[:300]
    if isinstance(error, _ACCOUNT):
        return AccountLostError(said, _HINTS.get(name, _SIGN_IN))
    if isinstance(error, _CHANNEL):
        return ChannelLostError(_CHANNEL_SAYS.get(name, said))
    if isinstance(error, errors.RPCError) or not isinstance(error, _LINE):
        return AnswerError(said.partition(". See the FAQ")[0])
    return TroubleError(said)
