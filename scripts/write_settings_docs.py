#!/usr/bin/env python3
"""Writes docs/settings.md from the settings' own descriptions; `--check` only compares.

Every setting, default and word comes from monitor/settings.py, so the manual cannot fall behind it.
"""

import sys
import types
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from monitor.secret import Secret
from monitor.settings import Settings

PAGE = Path(__file__).resolve().parents[1] / "docs" / "settings.md"

HEAD = """# Settings

<!-- Written by scripts/write_settings_docs.py from monitor/settings.py; change it there. -->

One YAML file, named by `--config`, else by `$MONITOR_CONFIG`, else `./monitor.yaml`. Paths in it
are relative to it. `monitor check` tells every mistake at once, as
`file:line:column: message - hint`.

Durations are written `30s`, `5m`, `2h`, `14d`. A secret is never written here, only where it is:
`env:NAME` (an environment variable), `file:PATH`, or `credential:NAME` (systemd's LoadCredential).
Only `run`, `check`, `login`, `sources add` and `sources import` read secrets; every other command
works without them.
"""

UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def forms(annotation: object) -> tuple[type[BaseModel], ...]:
    """The forms inside a type: none for a scalar, several for a union."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return (annotation,)
    if get_origin(annotation) is Annotated:
        return forms(get_args(annotation)[0])
    return tuple(form for one in get_args(annotation) for form in forms(one))


def kind(annotation: object) -> str:
    """A type in a reader's words."""
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return kind(inside[0])
    if origin is Literal:
        return " or ".join(f"`{one}`" for one in inside)
    if origin in {Union, types.UnionType}:
        return " or ".join(kind(one) for one in inside if one is not type(None))
    if origin is tuple:
        return f"list of {kind(inside[0])}s"
    words: dict[object, str] = {
        bool: "true or false", int: "number", float: "number", timedelta: "duration",
        Path: "path", Secret: "secret", str: "text",
    }  # fmt: skip
    return words[annotation]


def default(field: FieldInfo) -> str:
    """What holds when the key is left out."""
    value = field.default
    if value is PydanticUndefined:
        return "required"
    if "Default: " in (field.description or ""):
        return "computed"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        size, unit = next(pair for pair in UNITS if seconds % pair[0] == 0)
        return f"`{seconds // size}{unit}`"
    if value in (None, "", ()) or value == Path():
        return "-"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


class Section(NamedTuple):
    """A part of the page: a heading and the forms that it describes."""

    heading: str
    depth: int
    field: FieldInfo
    forms: tuple[type[BaseModel], ...]


def sections(form: type[BaseModel], parent: str = "", depth: int = 2) -> Iterator[Section]:
    """Every form inside a form, once, in the order of the keys."""
    for name, field in form.model_fields.items():
        inside = tuple(one for one in forms(field.annotation) if one is not form)
        if not inside:
            continue
        heading = f"{name} of {parent}" if parent else name
        yield Section(heading, depth, field, inside)
        for one in inside:
            yield from sections(one, name, depth + 1)


def table(form: type[BaseModel], anchors: Mapping[type[BaseModel], str]) -> Iterator[str]:
    """The keys of a form; what is a form itself is a link to its section."""
    yield "| key | is | default | means |"
    yield "|---|---|---|---|"
    for name, field in form.model_fields.items():
        key = field.alias or name
        inside = forms(field.annotation)
        if inside:
            yield f"| `{key}` | [below](#{anchors[inside[0]]}) | | {field.description} |"
        else:
            means = (field.description or "").replace("|", "\\|")
            yield f"| `{key}` | {kind(field.annotation)} | {default(field)} | {means} |"


def page() -> str:
    """The whole manual page."""
    parts = list(sections(Settings))
    anchors = {form: one.heading.replace(" ", "-") for one in parts for form in one.forms}
    lines = [HEAD, *table(Settings, anchors)]
    for one in parts:
        many = get_origin(one.field.annotation) is tuple
        meaning = f"{one.field.description}" + (" A list." if many else "")
        lines += ["", f"{'#' * one.depth} {one.heading}", "", meaning]
        for form in one.forms:
            if len(one.forms) > 1:
                lines += ["", f"**{(form.__doc__ or '').splitlines()[0]}**"]
            lines += ["", *table(form, anchors)]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the page, or say whether it is current."""
    text = page()
    if "--check" in sys.argv[1:]:
        current = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        if not current:
            print(
                "docs/settings.md is behind monitor/settings.py: run scripts/write_settings_docs.py"
            )
        return 0 if current else 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
