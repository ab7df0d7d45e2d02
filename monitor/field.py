"""The kinds of values that settings have: paths, names, addresses.

Each checks itself and says what to write instead. A path in a file is relative to that file; the
context that a form is filled with names the folder.
"""

import os
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, PlainValidator, ValidationInfo, WithJsonSchema

from monitor.document import exists, is_folder, named
from monitor.form import Spelled, wrong
from monitor.secret import at_home

STDIN = Path("-")


def _absolute(text: object, info: ValidationInfo) -> Path:
    if isinstance(text, Path):
        return text
    if not isinstance(text, str) or not text or "\0" in text:
        raise wrong("not a path", "write the path of a file, relative to this file")
    folder: Path = (info.context or {})["folder"]
    return Path(os.path.normpath(folder / at_home(text)))


def _existing(path: Path) -> Path:
    if not exists(path):
        raise wrong(f"no such file or folder: {path}", "paths are relative to this file")
    return path


def _file(path: Path) -> Path:
    if is_folder(_existing(path)):
        raise wrong(f"a folder, not a file: {path}", "name the file in it")
    return path


def _recorded(text: object, info: ValidationInfo) -> Path:
    return STDIN if text == "-" else _file(_absolute(text, info))


_AS_TEXT = WithJsonSchema({"type": "string"})
AnyPath = Annotated[Path, PlainValidator(_absolute), _AS_TEXT]
ExistingPath = Annotated[Path, PlainValidator(_absolute), AfterValidator(_existing), _AS_TEXT]
ExistingFile = Annotated[Path, PlainValidator(_absolute), AfterValidator(_file), _AS_TEXT]
RecordedFile = Annotated[Path, PlainValidator(_recorded), _AS_TEXT]


Name = Annotated[
    str,
    Spelled("[a-z0-9]([a-z0-9-]*[a-z0-9])?", "use a to z, 0 to 9 and - between them", longest=64),
]
Canary = Annotated[
    str, Spelled("telegram:[A-Za-z][A-Za-z0-9_]{2,31}", "write it like telegram:durov")
]
Root = Annotated[str, Spelled("[a-z0-9._-]+(/[a-z0-9._-]+)*", "use a to z, 0 to 9 and . _ - /")]
Chat = Annotated[
    str,
    BeforeValidator(
        lambda value: str(value) if type(value) is int else value,
        json_schema_input_type=str | int,
    ),
    Spelled("-?[0-9]{1,20}|@[A-Za-z][A-Za-z0-9_]{2,31}", "write -1001234567890 or @channel"),
]


def _address(schemes: tuple[str, ...], text: str) -> str:
    """An address of one of these schemes, without secrets in it."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise wrong(f"{named(text)} is not an address", f"write {schemes[0]}://host") from None
    if parts.scheme not in schemes or not parts.hostname or port == 0:
        raise wrong(f"{named(text)} is not an address", f"write {schemes[0]}://host")
    if parts.password is not None or parts.username is not None:
        raise wrong("a name or secret stands in the address", "give it by a key of its own")
    return text.rstrip("/")


WebAddress = Annotated[str, AfterValidator(lambda text: _address(("https", "http"), text))]
BrokerAddress = Annotated[str, AfterValidator(lambda text: _address(("mqtt", "mqtts"), text))]
