#!/usr/bin/env python3
"""The Bot API double against an independent client: aiogram must understand all of its answers.

Run it in an environment that has aiogram beside the project's own packages; it is no dependency of
the tests because it pins other versions of what the project uses.
"""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.types import (
    BufferedInputFile,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    MessageEntity,
    ReplyParameters,
)

from tests.doubles.bot_api import BOT_NAME, TOKEN, BotApiDouble

CHAT = -100200
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32
seen: list[str] = []


def check(holds: object, what: str) -> None:
    """One promise of the double."""
    if not holds:
        sys.exit(f"aiogram does not see it: {what}")
    seen.append(what)


async def refused(kind: type[Exception], call: object, what: str, said: str = "") -> None:
    """A call must fail in the way that aiogram knows."""
    try:
        await call  # type: ignore[misc]
    except kind as error:
        check(said in str(error), f"{what}: {error}")
    else:
        sys.exit(f"aiogram was not refused: {what}")


def keyboard(data: str) -> InlineKeyboardMarkup:
    """One button."""
    button = InlineKeyboardButton(text="b", callback_data=data)
    return InlineKeyboardMarkup(inline_keyboard=[[button]])


async def messages(bot: Bot, double: BotApiDouble) -> None:
    """Sending and editing."""
    check((await bot.get_me()).username == BOT_NAME, "getMe")
    bold = [MessageEntity(type="bold", offset=0, length=2)]
    sent = await bot.send_message(
        CHAT, "hello", entities=bold, parse_mode=None, disable_notification=True,
        message_thread_id=42, reply_markup=keyboard("a"),
    )  # fmt: skip
    kept = double.messages[sent.message_id]
    check(kept.silent and kept.topic == 42 and kept.buttons == {"b": "a"}, "sendMessage")
    check(kept.entities[0]["type"] == "bold", "entities")
    reply = await bot.send_message(
        CHAT, "answer", reply_parameters=ReplyParameters(message_id=sent.message_id)
    )
    check(double.messages[reply.message_id].reply_to == sent.message_id, "reply_parameters")
    await bot.edit_message_text("other", chat_id=CHAT, message_id=sent.message_id)
    check(kept.text == "other", "editMessageText")
    again = bot.edit_message_text("other", chat_id=CHAT, message_id=sent.message_id)
    await refused(TelegramBadRequest, again, "not modified", "message is not modified")
    gone = bot.edit_message_text("x", chat_id=CHAT, message_id=9)
    await refused(TelegramBadRequest, gone, "gone", "message to edit not found")
    venue = await bot.send_venue(CHAT, 50.4, 35.5, "title", "address")
    check(double.messages[venue.message_id].kind == "venue", "sendVenue")
    photo = await bot.send_photo(CHAT, BufferedInputFile(PNG, "map.png"), caption="c")
    check(double.messages[photo.message_id].media == PNG, "sendPhoto")


async def limits(bot: Bot, double: BotApiDouble) -> None:
    """What is refused."""
    await refused(TelegramBadRequest, bot.send_message(CHAT, "a" * 4097), "length", "too long")
    await refused(TelegramBadRequest, bot.send_message(CHAT, "🔴" * 2049), "UTF-16", "too long")
    await refused(TelegramBadRequest, bot.send_message(CHAT, " "), "empty", "text is empty")
    long = bot.send_photo(CHAT, BufferedInputFile(PNG, "map.png"), caption="c" * 1025)
    await refused(TelegramBadRequest, long, "caption", "too long")
    for data in ("я" * 33, ""):
        call = bot.send_message(CHAT, "x", reply_markup=keyboard(data))
        await refused(TelegramBadRequest, call, "callback data", "BUTTON_DATA_INVALID")
    wrong = [MessageEntity(type="bold", offset=0, length=9)]
    call = bot.send_message(CHAT, "x", entities=wrong, parse_mode=None)
    await refused(TelegramBadRequest, call, "entity out of range", "out of range")
    double.flood_waits.append(7)
    try:
        await bot.send_message(CHAT, "x")
    except TelegramRetryAfter as error:
        check(error.retry_after == 7, "retry_after")
    double.migrated["-5"] = "-1005"
    try:
        await bot.send_message(-5, "x")
    except TelegramMigrateToChat as error:
        check(error.migrate_to_chat_id == -1005, "migrate_to_chat_id")
    double.faults.append("500")
    await refused(TelegramServerError, bot.send_message(CHAT, "x"), "500")
    before = len(double.messages)
    double.faults.append("lost")
    await refused(TelegramNetworkError, bot.send_message(CHAT, "lost"), "lost answer")
    check(len(double.messages) == before + 1, "a lost answer was carried out")


async def updates(bot: Bot, double: BotApiDouble) -> None:
    """What people do."""
    message = next(iter(double.messages.values()))
    press = double.press(message, "data", language="uk")
    double.say("/status@monitor_bot", reply=message)
    pressed, said = await bot.get_updates()
    query = pressed.callback_query
    check(query is not None and query.data == "data" and query.id == press, "callback_query")
    check(query is not None and query.from_user.language_code == "uk", "language_code")
    check(said.message is not None and said.message.text == "/status@monitor_bot", "message")
    reply = said.message.reply_to_message if said.message else None
    check(reply is not None and reply.message_id == message.number, "reply_to_message")
    check(len(await bot.get_updates(offset=said.update_id)) == 1, "offset confirms")
    await bot.answer_callback_query(press, "done")
    check(double.toasts[press] == "done", "answerCallbackQuery")
    await refused(TelegramBadRequest, bot.answer_callback_query(press, "x"), "twice", "too old")


async def main() -> None:
    """All of it; exits with what is wrong."""
    async with BotApiDouble(group_limit=1000, second=0) as double:
        session = AiohttpSession(api=TelegramAPIServer.from_base(double.url))
        async with Bot(TOKEN, session=session) as bot:
            await messages(bot, double)
            await limits(bot, double)
            await updates(bot, double)
        async with Bot("1:wrong", session=AiohttpSession(api=session.api)) as other:
            await refused(TelegramUnauthorizedError, other.get_me(), "token")
    async with BotApiDouble(group_limit=2, second=0) as double:
        session = AiohttpSession(api=TelegramAPIServer.from_base(double.url))
        async with Bot(TOKEN, session=session) as bot:
            await bot.send_message(CHAT, "1")
            await bot.send_message(CHAT, "2")
            await refused(TelegramRetryAfter, bot.send_message(CHAT, "3"), "20 a minute")
            await bot.send_message(77, "a private chat has no such limit")
    print(f"aiogram agrees with the double on {len(seen)} points")


asyncio.run(main())
