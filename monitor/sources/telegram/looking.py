"""Looking at channels by an account, for a person: one of them, or all of a folder.

Within the account's budget: what is looked up here counts, and need not be looked up again.
"""

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec
from telethon import errors, functions, types

from monitor.clock import Clock
from monitor.sources.folder import Folder, Listed
from monitor.sources.introduction import SHOWN, Introduction, NoIntroductionError
from monitor.sources.telegram.calls import Calls, Persist
from monitor.sources.telegram.message import TL
from monitor.sources.telegram.register import Peer
from monitor.sources.telegram.session import AccountSettings, open_client
from monitor.sources.telegram.trouble import (
    AccountLostError,
    ChannelLostError,
    NotNowError,
    TroubleError,
)

CONNECT_SECONDS = 10.0
CALL_SECONDS = 20.0
PAGE = 100


class Looked(NamedTuple):
    """A channel as an account sees it, and how it is addressed from now on."""

    introduction: Introduction
    peer: Peer


def peer_cursor(account: str, source: str) -> str:
    """The name of the cursor that holds how an account addresses a channel."""
    return f"telegram-peer-{account}/{source}"


@contextlib.asynccontextmanager
async def visiting(
    settings: AccountSettings, clock: Clock, budget: str | None, persist: Persist
) -> AsyncIterator[Calls]:
    """An account's calls on a connection of its own, for while the daemon does not run.

    Raises:
        NoIntroductionError: the account cannot be used, or Telegram not be reached.
    """
    try:
        client = open_client(settings, CONNECT_SECONDS)
    except AccountLostError as error:
        raise NoIntroductionError(error.reason, error.hint) from error
    try:
        await client.connect()
        yield Calls(client, clock, CALL_SECONDS, budget, persist)
    except (OSError, TroubleError) as error:
        raise NoIntroductionError(f"Telegram: {error}", "check the network, try again") from error
    except AccountLostError as error:
        raise NoIntroductionError(error.reason, error.hint) from error
    finally:
        with contextlib.suppress(Exception):
            await client.disconnect()


async def introduce(calls: Calls, name: str) -> Looked:
    """Look a channel up by its name, once: title, subscribers, last posts.

    Raises:
        NoIntroductionError: there is no public channel of that name, or not now.
    """
    with _said(f"@{name}"):
        answer = await calls.ask(functions.contacts.ResolveUsernameRequest(name))
        chat = answer.chats[0] if answer.chats else None
        if not isinstance(chat, types.Channel):
            raise ChannelLostError("it is no channel")
        channel = types.InputChannel(chat.id, chat.access_hash)
        full = await calls.ask(functions.channels.GetFullChannelRequest(channel))
        page = await calls.ask(
            functions.messages.GetHistoryRequest(
                peer=types.InputPeerChannel(chat.id, chat.access_hash),
                offset_id=0, offset_date=None, add_offset=0, limit=10, max_id=0, min_id=0, hash=0,
            )
        )  # fmt: skip
    texts = [text for one in page.messages if (text := getattr(one, "message", None))]
    count = full.full_chat.participants_count
    return Looked(
        Introduction(
            name=_name(chat) or name,
            title=chat.title,
            subscribers=f"{count:,} subscribers" if count else "",
            posts=tuple(reversed(texts[:SHOWN])),
        ),
        Peer(chat.id, chat.access_hash),
    )


async def folder(calls: Calls, title: str) -> Folder:
    """The channels of one of the account's folders.

    Raises:
        NoIntroductionError: it has no such folder; the hint names those it has.
    """
    with _said(f"folder {title}"):
        answer = await calls.ask(functions.messages.GetDialogFiltersRequest())
        folders = {
            _text(one.title): [*one.pinned_peers, *one.include_peers]
            for one in answer.filters
            if not isinstance(one, types.DialogFilterDefault)
        }
        if title not in folders:
            known = ", ".join(folders) or "none"
            raise NoIntroductionError(f"no folder is called {title}", f"the account has: {known}")
        peers = folders[title]
        inside = [
            types.InputChannel(one.channel_id, one.access_hash)
            for one in peers
            if isinstance(one, types.InputPeerChannel)
        ]
        chats: list[TL] = []
        for start in range(0, len(inside), PAGE):
            found = await calls.ask(
                functions.channels.GetChannelsRequest(inside[start : start + PAGE])
            )
            chats += found.chats
    return _listed(chats, len(peers))


async def chatlist(calls: Calls, slug: str) -> Folder:
    """The channels of a shared folder, by its link t.me/addlist/SLUG.

    Raises:
        NoIntroductionError: the link is not valid any more.
    """
    with _said("that link"):
        answer = await calls.ask(functions.chatlists.CheckChatlistInviteRequest(slug))
    return _listed(answer.chats, len(answer.chats))


def _listed(chats: Sequence[TL], peers: int) -> Folder:
    """Those of the chats that are public channels."""
    names = [
        Listed(name, chat.title)
        for chat in chats
        if isinstance(chat, types.Channel) and chat.broadcast and (name := _name(chat))
    ]
    return Folder(tuple(names), peers - len(names))


@contextlib.contextmanager
def _said(what: str) -> Iterator[None]:
    """Errors of the calls in words for a person."""
    try:
        yield
    except NotNowError as error:
        hint = f"Telegram lets this account do it again in {error.seconds / 60:.0f} minutes"
        raise NoIntroductionError(f"{what}: not now", hint) from error
    except ChannelLostError as error:
        hint = "check the name; private channels cannot be read"
        raise NoIntroductionError(f"{what}: {error}", hint) from error
    except TroubleError as error:
        if "INVITE_SLUG" in str(error):
            raise NoIntroductionError(
                f"{what} is not valid (any more)", "ask for a new one"
            ) from error
        if isinstance(error.__cause__, errors.BadRequestError):
            raise NoIntroductionError(f"{what}: {error}", "check how it is written") from error
        raise


def _name(chat: TL) -> str:
    """A channel's public name, the first active one of several; empty if it has none."""
    names = [getattr(chat, "username", None)]
    names += [one.username for one in getattr(chat, "usernames", None) or () if one.active]
    return next((name for name in names if name), "")


def _text(title: TL) -> str:
    return str(getattr(title, "text", title))


async def answered(
    calls: Calls, account: str, question: Mapping[str, object]
) -> tuple[Introduction | Folder, dict[str, str]]:
    """The answer to `{"channel": name}`, `{"folder": title}` or `{"link": slug}`.

    With the cursors to be stored, so that nothing is looked up twice.

    Raises:
        NoIntroductionError: it cannot be said; the hint says what to do.
    """
    if name := question.get("channel"):
        looked = await introduce(calls, str(name))
        source = f"telegram:{looked.introduction.name}"
        peer = msgspec.json.encode(looked.peer).decode()
        return looked.introduction, {peer_cursor(account, source): peer}
    if title := question.get("folder"):
        return await folder(calls, str(title)), {}
    return await chatlist(calls, str(question.get("link", ""))), {}
