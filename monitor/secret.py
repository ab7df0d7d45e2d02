"""Secrets by reference: the configuration names where a secret is, never the secret itself.

`env:NAME` is an environment variable, `file:PATH` a file (relative to the configuration),
`credential:NAME` a file that systemd's LoadCredential= put into $CREDENTIALS_DIRECTORY.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from pydantic_core import core_schema

from monitor.form import wrong

MAX_BYTES = 65_536
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_KINDS = ("env", "file", "credential")
_HOW = "write env:NAME, file:PATH or credential:NAME, and keep the secret itself there"


class Secret:
    """A secret by its reference; it shows itself only when asked by `reveal`.

    It is `unread` where nobody needs it: who looks at the state need not be able to read it.
    """

    __slots__ = ("_value", "reference")

    def __init__(self, reference: str, value: str | None) -> None:
        self.reference = reference
        self._value = value

    @property
    def unread(self) -> bool:
        """Whether only its reference is known."""
        return self._value is None

    def reveal(self) -> str:
        """The secret. Never log, store or pass it on a command line."""
        if self._value is None:
            raise RuntimeError(f"{self.reference} was not read")
        return self._value

    def __repr__(self) -> str:
        return f"Secret({self.reference})"

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: object, _handler: object
    ) -> core_schema.CoreSchema:
        """Read from its reference while a form is filled; the context says where from."""
        return core_schema.with_info_plain_validator_function(_validate)

    @classmethod
    def __get_pydantic_json_schema__(cls, _core: object, _handler: object) -> dict[str, Any]:
        """What an editor may suggest."""
        return {"type": "string", "pattern": "^(env|file|credential):.+$"}

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret does not leave its process")


def resolve(
    reference: object, folder: Path, environment: Mapping[str, str], *, read: bool = True
) -> Secret:
    """The secret that a reference names; not `read`, only the reference is looked at.

    Raises:
        PydanticCustomError: not a reference, or nothing usable is there.
    """
    if isinstance(reference, Secret):
        return reference
    kind, _, name = reference.partition(":") if isinstance(reference, str) else ("", "", "")
    named = _NAME.fullmatch(name) or (kind == "file" and name)
    if not read and kind in _KINDS and named:
        return Secret(f"{kind}:{name}", None)
    if kind == "env" and named:
        if name not in environment:
            raise wrong(f"${name} is not set", f"set it: export {name}=...")
        value = environment[name]
    elif kind == "file" and named:
        value = _from_file(folder / at_home(name))
    elif kind == "credential" and named:
        place = environment.get("CREDENTIALS_DIRECTORY")
        if not place:
            raise wrong(
                "$CREDENTIALS_DIRECTORY is not set",
                f"start under systemd with LoadCredential={name}:/path, or use env: or file:",
            )
        value = _from_file(Path(place) / name)
    else:
        raise wrong("a secret stands here itself, or something that is no reference", _HOW)
    value = value.rstrip("\r\n")
    if not value:
        raise wrong(f"the secret {kind}:{name} is empty", "put the secret there")
    return Secret(f"{kind}:{name}", value)


def at_home(text: str) -> Path:
    """A path with `~` replaced; as it stands if there is no such home."""
    path = Path(text)
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def _from_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no usable path"
        raise wrong(f"the secret's file cannot be read: {reason}", f"create {path}") from None
    if len(data) > MAX_BYTES:
        raise wrong("the secret's file is larger than 64 KiB", "name the right file")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise wrong("the secret's file is not UTF-8 text", "name the right file") from None


def _validate(reference: object, info: core_schema.ValidationInfo) -> Secret:
    context = info.context or {}
    read = context.get("secrets", True)
    return resolve(reference, context["folder"], context["environment"], read=read)
