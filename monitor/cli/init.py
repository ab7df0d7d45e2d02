"""`monitor init`: asks, finds the chat, writes a configuration, sends a test alert."""

import argparse
import asyncio
import getpass
import os
import re
import shutil
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from monitor import settings
from monitor.alert import Alert, AlertIncident, AlertPost
from monitor.cli.init_file import Chat, Wishes, configuration
from monitor.cli.screen import safe, show_on
from monitor.mistake import MistakesError
from monitor.receivers import Language
from monitor.secret import Secret
from monitor.settings import host_instance, shipped
from monitor.sinks.deliver import RejectedError, RetryError
from monitor.sinks.look import Look
from monitor.sinks.speech import LANGUAGES
from monitor.sinks.telegram_api import BotApi, LostAnswerError, MigratedError, Outgoing

PATIENCE = 600.0
"""Seconds that we wait for somebody to write in the chat."""
TELEGRAM = "https://api.telegram.org"
_QUIET = re.compile(r"((?:[01]\d|2[0-3]):[0-5]\d)\s*-\s*((?:[01]\d|2[0-3]):[0-5]\d)")


class StoppedError(Exception):
    """It cannot go on; the message says why and what to do."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "folder", nargs="?", default=".", metavar="FOLDER", help="where to write it (here)"
    )
    parser.add_argument("--no-chat", action="store_true", help="do not ask for a chat")
    parser.add_argument("--api-url", metavar="URL", help="a Bot API server of your own")


def run(options: argparse.Namespace) -> int:
    """Ask, write, test; exit code 1 if something is missing, and nothing half is left."""
    folder = Path(options.folder)
    target = folder / "monitor.yaml"
    if target.exists():
        print(f"{target} exists - name another folder, or edit it", file=sys.stderr)
        return 1
    try:
        wishes, token = _ask_all(options)
        _write(folder, wishes, token)
    except StoppedError as error:
        print(f"not done: {error}", file=sys.stderr)
        return 1
    except EOFError:
        print("not done: nobody answered - run it in a terminal", file=sys.stderr)
        return 1
    print(f"\nwritten: {target}, and the rules in {folder / 'rules'}")
    chosen = settings.load(target)
    show_on(sys.stdout, {})(_sample())
    if wishes.chat is not None and token is not None:
        try:
            asyncio.run(_send_test(wishes, token))
            print(f"a test alert is in {safe(wishes.chat.title)}")
        except (RetryError, RejectedError, LostAnswerError, MigratedError) as error:
            print(f"the test alert did not go out: {error}", file=sys.stderr)
            return 1
    print(f"next: monitor run --config {target}   (state: {chosen.state})")
    return 0


def _ask_all(options: argparse.Namespace) -> tuple[Wishes, str | None]:
    instance = _ask("name of this installation", host_instance(), r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
    wishes = Wishes(instance, time_zone=_zone(), api_url=options.api_url)
    if options.no_chat or _ask("send alerts to a Telegram chat? (y/n)", "n", "[yn]") == "n":
        return wishes, None
    print("A bot is made by writing /newbot to @BotFather; it answers with a token.")
    token = _secret("the bot's token: ")
    chat = asyncio.run(_find_chat(BotApi(Secret("init", token), options.api_url or TELEGRAM)))
    language = _ask("language of the chat (en, ru, uk)", "en", "en|ru|uk")
    quiet = _QUIET.fullmatch(_ask("quiet hours, as 22:00-07:00 (empty: none)", "", r"|.*-.*"))
    chosen: Language = next(one for one in LANGUAGES if one == language)
    hours = (quiet[1], quiet[2]) if quiet else None
    return wishes._replace(language=chosen, quiet=hours, chat=chat), token


def _zone() -> str:
    name = _ask("time zone", os.environ.get("TZ") or "UTC", r"[A-Za-z_/+0-9-]{1,64}")
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise StoppedError(f"no time zone {name} - write one like Europe/Kyiv") from None
    return name


def _ask(question: str, default: str, wanted: str) -> str:
    """An answer that fits; empty means the default, and a third wrong one is the last."""
    for _ in range(3):
        given = input(f"{question} [{default}]: ").strip() or default
        if re.fullmatch(wanted, given):
            return given
        print("  that cannot be used here")
    raise StoppedError("three answers could not be used - start again")


def _secret(question: str) -> str:
    given = getpass.getpass(question) if sys.stdin.isatty() else input(question)
    if not re.fullmatch(r"[0-9]{3,20}:[A-Za-z0-9_-]{10,100}", given.strip()):
        raise StoppedError("that is no bot's token - it looks like 123456789:AA...")
    return given.strip()


async def _find_chat(api: BotApi) -> Chat:
    """The chat where somebody writes to the bot next."""
    async with api:
        try:
            name = safe(str((await api.me()).get("username")))
            print(f"Put @{name} into your group (or open a chat with it) and write there:")
            print(f"  /start@{name}")
            return await _wait_for_word(api)
        except (RetryError, RejectedError) as error:
            raise StoppedError(f"{error} - {error.hint or 'is the token right?'}") from None
        except LostAnswerError as error:
            raise StoppedError(f"{error} - is the machine online?") from None


async def _wait_for_word(api: BotApi) -> Chat:
    offset: int | None = None
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        for update in await api.updates(offset):
            offset = int(update.get("update_id", 0)) + 1
            chat = _chat_of(update.get("message"))
            if chat is None:
                continue
            topic = f", topic {chat.topic}" if chat.topic else ""
            print(f"heard {safe(chat.name)} in {safe(chat.title)} ({chat.number}{topic})")
            if _ask("is that the chat? (y/n)", "y", "[yn]") == "y":
                await api.updates(offset)  # confirms: the daemon shall not hear it again
                return chat
    raise StoppedError("nobody wrote to the bot - start again when you are ready")


def _chat_of(message: object) -> Chat | None:
    if not isinstance(message, Mapping):
        return None
    chat, user = message.get("chat"), message.get("from")
    if not isinstance(chat, Mapping) or not isinstance(user, Mapping):
        return None
    topic = message.get("message_thread_id") if message.get("is_topic_message") else None
    given = re.sub(r"[^\w -]", "", str(user.get("first_name") or "")).strip() or "me"
    title = str(chat.get("title") or chat.get("first_name") or chat.get("id"))
    number, person = chat.get("id"), user.get("id")
    if not isinstance(number, int) or not isinstance(person, int):
        return None
    return Chat(str(number), title, topic if isinstance(topic, int) else None, person, given[:40])


def _write(folder: Path, wishes: Wishes, token: str | None) -> None:
    """Configuration, secret and rules; the configuration last, because it says that all is there.

    Raises:
        StoppedError: the folder cannot be written to, or what was written is not right.
    """
    target = folder / "monitor.yaml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if token is not None:
            secret = folder / "bot-token"
            secret.touch(0o600)
            secret.chmod(0o600)
            secret.write_text(token + "\n", "utf-8")
        if not (folder / "rules").exists():
            shutil.copytree(shipped("rules"), folder / "rules")
        target.write_text(configuration(wishes), "utf-8")
    except OSError as error:
        raise StoppedError(f"{folder} cannot be written to: {error.strerror}") from None
    try:
        settings.load(target)
    except MistakesError as error:
        target.unlink()
        raise StoppedError("; ".join(map(str, error.mistakes))) from None


async def _send_test(wishes: Wishes, token: str) -> None:
    assert wishes.chat is not None  # noqa: S101 - only called with one
    look = Look(ZoneInfo(wishes.time_zone), language=wishes.language)
    message = look.message(_sample(), datetime.now(UTC))
    entities = [one.as_json() for one in message.entities]
    async with BotApi(Secret("init", token), wishes.api_url or TELEGRAM) as api:
        await api.send(
            wishes.chat.number, Outgoing(message.text, entities, topic=wishes.chat.topic)
        )


def _sample() -> Alert:
    """An alert that nobody can take for a real one."""
    now = datetime.now(UTC)
    text = "This is what an alert looks like: the words that a rule found are marked."
    post = AlertPost(
        source="monitor:init", id="1", url=None, published_at=now, text=text,
        spans=((text.index("words"), text.index(" that a")),), role="unknown",
        affiliation="unknown", family="monitor", late=False, echo_of=None,
    )  # fmt: skip
    incident = AlertIncident(
        id="test", title="Test of the alerts", rule="test", event="test", level="low",
        status="unconfirmed", opened_at=now, updated_at=now, place=None, families=1,
        affiliations=(), posts=1,
    )  # fmt: skip
    return Alert(
        id="test", kind="opened", reason="monitor init", exercise=True, sent_at=now,
        incident=incident, posts=(post,),
    )  # fmt: skip
