"""How calls of the Bot API (10.3) are written, and what it refuses in a message."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from aiohttp import web

KNOWN_ENTITIES = {
    "bold", "italic", "underline", "strikethrough", "spoiler", "code", "pre", "text_link",
    "blockquote", "expandable_blockquote",
}  # fmt: skip

LONGEST_TEXT, LONGEST_CAPTION, MOST_ENTITIES = 4096, 1024, 100
MOST_BUTTONS, MOST_IN_A_ROW, LONGEST_DATA, LONGEST_TOAST = 100, 8, 64, 200

Refusal = tuple[int, str]


def units(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def text_problem(text: str, entities: Sequence[Mapping[str, Any]], limit: int) -> Refusal | None:
    """What is wrong with a text and its entities."""
    size = units(text)
    if size > limit:
        return 400, "Bad Request: message is too long"
    if len(entities) > MOST_ENTITIES:
        return 400, "Bad Request: too many entities"
    for one in entities:
        if one["type"] not in KNOWN_ENTITIES:
            return 400, f"Bad Request: unknown entity {one['type']}"
        if one["length"] <= 0 or one["offset"] + one["length"] > size:
            return 400, "Bad Request: entity out of range"
    return None


def buttons_problem(markup: Mapping[str, Any] | None) -> Refusal | None:
    """What is wrong with an inline keyboard."""
    rows = (markup or {}).get("inline_keyboard", [])
    if sum(map(len, rows)) > MOST_BUTTONS or any(len(row) > MOST_IN_A_ROW for row in rows):
        return 400, "Bad Request: too many inline keyboard buttons"
    for row in rows:
        for one in row:
            if not str(one.get("text", "")).strip():
                return 400, "Bad Request: inline keyboard button text must be non-empty"
            if not 1 <= len(str(one.get("callback_data", "")).encode()) <= LONGEST_DATA:
                return 400, "Bad Request: BUTTON_DATA_INVALID"
    return None


async def parameters(request: web.Request) -> tuple[dict[str, Any], dict[str, bytes]]:
    """A call's parameters and files, whether it comes as JSON or as a form."""
    if request.content_type == "application/json":
        asked: dict[str, Any] = await request.json()
        return asked, {}
    asked, files = dict(request.query), {}
    for key, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            files[key] = value.file.read()
            value.file.close()
        elif isinstance(value, str):
            asked[key] = value
    for key, value in asked.items():  # a form carries numbers, lists and objects as text
        if isinstance(value, str) and key not in {"text", "caption", "title", "address"}:
            try:
                asked[key] = orjson.loads(value)
            except ValueError:
                continue
    if isinstance(asked.get("photo"), str) and str(asked["photo"]).startswith("attach://"):
        files["photo"] = files.get(str(asked["photo"])[9:], b"")
    return asked, files
