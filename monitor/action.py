"""What a person did about alerts: acknowledged one, muted some, called one a false alarm."""

from datetime import datetime
from typing import Literal

import msgspec

ActionKind = Literal[
    "acknowledge", "false_alarm", "mute", "unmute", "quiet", "why", "venue", "map", "ask",
    "resend", "merge", "split", "refused",
]  # fmt: skip
"""`ask` is a command that changes nothing (/status); `refused` is what was tried without a right
to, or came too late."""

JUDGING = ("acknowledge", "false_alarm")
"""What settles an incident for the desk; the newest one counts."""


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that one person did, once.

    `key` names the deed itself (a button press, a command), so that it is never done twice; `via`
    is the receiver through which it came, or `command line`; `detail` says with what and, of what
    was refused, why.
    """

    key: str
    at: datetime
    did: ActionKind
    who: str
    via: str
    incident: str | None = None
    rule: str | None = None
    alert: str | None = None
    detail: str = ""
