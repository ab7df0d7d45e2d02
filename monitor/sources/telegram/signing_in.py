"""Signing an account in: phone and code, or a QR code; then the two-step password if it has one."""

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
import segno
from telethon import TelegramClient, errors

from monitor.sources.telegram.session import AccountSettings, create_session_file, open_client
from monitor.sources.telegram.trouble import AccountLostError

TRIES = 3
KEY_TRIES = 5
"""Connections that may be made until a key is agreed upon."""
CONNECT_SECONDS = 15.0
QR_MINUTES = 5
TRY_AGAIN = "check the network and try again"
HINTS = {
    "ApiIdInvalidError": "take api_id and api_hash from https://my.telegram.org/apps",
    "ApiIdPublishedFloodError": "this api_id is public: make your own, https://my.telegram.org/apps",
    "PhoneNumberBannedError": "Telegram banned this number: use another account",
    "PhoneNumberFloodError": "too many codes were asked for: wait a day, or use --qr",
    "PhoneNumberInvalidError": "write it with its country: +79990000001",
    "PhoneNumberUnoccupiedError": "make the account first, in Telegram's app",
    "PhonePasswordFloodError": "too many passwords were tried: wait a day",
    "UpdateAppToLoginError": "Telegram wants a newer client: update monitor, or use --qr",
}
"""What to do about an error of signing in, by its class."""

Ask = Callable[[str, bool], str]
"""Asks a person: the question, and whether the answer is a secret that must not be shown."""


class SignInError(Exception):
    """Signing in did not work; `hint` says what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Talk(NamedTuple):
    """How to talk with the person who signs in."""

    ask: Ask
    say: Callable[[str], None]


async def sign_in(settings: AccountSettings, phone: str | None, talk: Talk, *, by_qr: bool) -> str:
    """Sign in and keep the session; returns the account's name. Signed in already: says so.

    A new session is made beside the old one and takes its place only when it is whole: a void key
    is left behind, and a running daemon never sees half of it.

    Raises:
        SignInError: it did not work; the old session stays as it was.
    """
    known = await _known(settings)
    if known is not None:
        talk.say("signed in already")
        return known
    beside = settings.session.with_name(f".{settings.session.stem}.new.session")
    beside.unlink(missing_ok=True)
    create_session_file(beside)
    try:
        async with _connected(msgspec.structs.replace(settings, session=beside)) as client:
            if by_qr:
                await _by_qr(client, talk)
            else:
                await _by_code(client, phone or talk.ask("Phone number (+...): ", False), talk)
            name = _named(await client.get_me())
        beside.replace(settings.session)
    finally:
        beside.unlink(missing_ok=True)
    return name


async def _known(settings: AccountSettings) -> str | None:
    """The name of the account that the session is signed in as; None if it is not, or void."""
    if not settings.session.exists():
        return None
    with contextlib.suppress(errors.AuthKeyNotFound, errors.UnauthorizedError, errors.AuthKeyError):
        async with _connected(settings) as client:
            if await client.is_user_authorized():
                return _named(await client.get_me())
    return None


def _named(me: Any) -> str:  # noqa: ANN401 - Telethon carries no types
    return str(me.first_name or me.username or me.id)


@contextlib.asynccontextmanager
async def _connected(settings: AccountSettings) -> AsyncIterator[Any]:
    try:
        client: TelegramClient = open_client(settings, CONNECT_SECONDS, repeats=1)
    except AccountLostError as error:
        raise SignInError(error.reason, error.hint) from error
    try:
        async with asyncio.timeout(2 * CONNECT_SECONDS):
            await _connect(client)
        yield client
    except SignInError:
        raise
    except errors.FloodWaitError as error:
        hint = f"Telegram makes you wait; try again in {error.seconds // 60 + 1} minutes"
        raise SignInError("too many attempts", hint) from error
    except (OSError, ValueError, errors.RPCError) as error:
        said = f"{type(error).__name__.removesuffix('Error')}: {error}".removesuffix(": ")
        raise SignInError(said, HINTS.get(type(error).__name__, TRY_AGAIN)) from error
    finally:
        with contextlib.suppress(Exception):
            await client.disconnect()


async def _connect(client: Any) -> None:  # noqa: ANN401 - Telethon carries no types
    """Connect; agreeing upon a key may fail by chance, one time in 256, and is tried again."""
    for _ in range(KEY_TRIES - 1):
        try:
            await client.connect()
        except ConnectionError:
            continue
        return
    await client.connect()


async def _by_code(client: Any, phone: str, talk: Talk) -> None:  # noqa: ANN401 - Telethon carries no types
    await client.send_code_request(phone)
    talk.say("Telegram has sent a code to this account's app, or by SMS.")
    for _ in range(TRIES):
        try:
            await client.sign_in(phone, talk.ask("Code: ", False).strip())
        except errors.SessionPasswordNeededError:
            await _password(client, talk)
        except (errors.PhoneCodeInvalidError, errors.PhoneCodeEmptyError):
            talk.say("This is not the code.")
            continue
        except errors.PhoneCodeExpiredError as error:
            raise SignInError("the code has expired", "sign in again for a new one") from error
        return
    raise SignInError("three wrong codes", "sign in again for a new one")


async def _by_qr(client: Any, talk: Talk) -> None:  # noqa: ANN401 - Telethon carries no types
    """Show a code until a phone has scanned it; a code lives half a minute, then comes the next."""
    token = await client.qr_login()
    until = datetime.now(UTC) + timedelta(minutes=QR_MINUTES)
    while datetime.now(UTC) < until:
        talk.say(_drawn(token.url))
        talk.say("Scan it: Telegram on your phone > Settings > Devices > Link desktop device.")
        left = (token.expires - datetime.now(UTC)).total_seconds()
        try:
            await token.wait(max(left, 1.0))
        except TimeoutError:
            await token.recreate()
            continue
        except errors.SessionPasswordNeededError:
            await _password(client, talk)
        return
    raise SignInError("nobody scanned the code", f"you have {QR_MINUTES} minutes; start again")


def _drawn(address: str) -> str:
    """A QR code of half-height blocks, and the address that it holds."""
    out = io.StringIO()
    segno.make(address, error="l").terminal(out, compact=True)
    return f"{out.getvalue()}{address}"


async def _password(client: Any, talk: Talk) -> None:  # noqa: ANN401 - Telethon carries no types
    for _ in range(TRIES):
        try:
            await client.sign_in(password=talk.ask("Two-step password: ", True))
        except (errors.PasswordHashInvalidError, errors.PasswordEmptyError, ValueError):
            talk.say("This is not the password.")
        else:
            return
    raise SignInError("three wrong passwords", "Telegram's app can reset it: Two-Step Verification")
