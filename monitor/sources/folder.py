"""A list of channels that somebody made in Telegram: a folder of theirs, or a shared one."""

import msgspec


class Listed(msgspec.Struct, frozen=True):
    """A channel of a folder: its public name and its title."""

    name: str
    title: str


class Folder(msgspec.Struct, frozen=True):
    """The public channels of a folder, and how many of its chats are none."""

    channels: tuple[Listed, ...]
    others: int = 0
