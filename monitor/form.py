"""Forms: what a mapping in a YAML file may hold, filled from a node of the document.

A form is a frozen pydantic model; its fields' descriptions are the documentation and the JSON
Schema. `fill` turns every error of pydantic into a mistake at the line where it stands, in words
that say what to write instead.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from difflib import get_close_matches
from functools import lru_cache
from heapq import nlargest
from itertools import pairwise
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import ErrorDetails, PydanticCustomError, core_schema

from monitor.document import Node, named, plain
from monitor.mistake import Mark, Mistake


class Form(BaseModel):
    """A mapping with known keys; anything else is a mistake."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
        defer_build=True,  # a start does not pay for forms that it does not fill
    )


AnyForm = TypeVar("AnyForm", bound=Form)


def wrong(message: str, hint: str) -> PydanticCustomError:
    """What a validator raises: it becomes a mistake with these words."""
    return PydanticCustomError("mistake", "{message}", {"message": message, "hint": hint})


FEW = 20
LONGEST_WORD = 80


def did_you_mean(word: str, known: Iterable[str], instead: str = "") -> str:
    """A hint that names the nearest known word, else `instead`, else all known words."""
    words = sorted(known)
    likely = words
    if len(words) > FEW:  # difflib is slow: let it see only words with the most letter pairs alike
        pairs = _pairs(word[:LONGEST_WORD])
        likely = nlargest(FEW, words, key=lambda one: len(pairs & _pairs(one)))
    near = get_close_matches(word[:LONGEST_WORD], likely, n=1, cutoff=0.6)
    if near:
        return f"did you mean `{near[0]}`?"
    return instead or f"write one of: {', '.join(words)}"


@lru_cache(maxsize=4096)
def _pairs(word: str) -> frozenset[str]:
    return frozenset(map("".join, pairwise(word)))


class Spelled:
    """How a text must be spelled: `Annotated[str, Spelled(pattern, hint)]`."""

    def __init__(self, pattern: str, hint: str, *, longest: int = 200) -> None:
        self.pattern = re.compile(pattern)
        self.hint = hint
        self.longest = longest

    def check(self, text: str) -> str:
        """The text, or the error that it is not spelled so."""
        if len(text) > self.longest:
            raise wrong(f"{named(text)} is too long", f"write at most {self.longest} characters")
        if not self.pattern.fullmatch(text):
            raise wrong(f"{named(text)} is not usable here", self.hint)
        return text

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """After pydantic's own check that it is text."""
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, core: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The pattern, for editors."""
        return {**handler(core), "pattern": f"^({self.pattern.pattern})$"}


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"([0-9]{1,9})([smhd])")
LONGEST = timedelta(days=36500)


def duration(text: object) -> timedelta:
    """A duration as people write it: `30s`, `5m`, `2h`, `14d`; more than nothing.

    Raises:
        PydanticCustomError: anything else, with a hint.
    """
    if isinstance(text, timedelta):
        return text
    found = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise wrong("not a duration", "write a number and a unit: 30s, 5m, 2h or 14d")
    seconds = int(found[1]) * _UNITS[found[2]]
    if not 0 < seconds <= LONGEST.total_seconds():
        raise wrong("no usable duration", "write at least 1s and at most 36500d")
    return timedelta(seconds=seconds)


def duration_text(length: timedelta) -> str:
    """A duration as people write it, in the largest unit that fits: the inverse of `duration`."""
    whole = int(length.total_seconds())
    unit = next(unit for unit, size in reversed(_UNITS.items()) if whole % size == 0)
    return f"{whole // _UNITS[unit]}{unit}"


Duration = Annotated[
    timedelta,
    BeforeValidator(duration),
    PlainSerializer(duration_text, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]+[smhd]$", "examples": ["30s", "2h"]}),
]


class OneOrMany:
    """A single value may stand for a list of one: `Annotated[tuple[X, ...], OneOrMany()]`."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Wrap what is no list before the list is checked."""
        return core_schema.no_info_before_validator_function(_listed, handler(source))

    def __get_pydantic_json_schema__(
        self, core: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Either, for editors."""
        many = handler(core)
        return {"anyOf": [many["items"], many]}


def _listed(value: object) -> object:
    return value if isinstance(value, (list, tuple)) or value is None else (value,)


def fill(
    form: type[AnyForm], node: Node, context: Mapping[str, object] | None = None
) -> tuple[AnyForm | None, list[Mistake]]:
    """The form filled from a node, or None and every mistake in it."""
    try:
        return form.model_validate(plain(node), context=dict(context or {})), []
    except ValidationError as error:
        details = error.errors(include_url=False)
        return None, [_mistake(form, node, detail) for detail in details]


def _mistake(form: type[Form], node: Node, detail: ErrorDetails) -> Mistake:
    loc, kind = detail["loc"], detail["type"]
    last = str(loc[-1]) if loc else ""
    if kind == "extra_forbidden":
        parent = find(node, loc[:-1])
        message = f"unknown key {named(last)}"
        return Mistake(
            parent.key_marks.get(last, parent.mark), message, did_you_mean(last, _keys(form, loc))
        )
    at = find(node, loc)
    if kind == "missing":
        return Mistake(at.mark, f"`{last}` is missing", f"add `{last}: ...`")
    return Mistake(at.mark, *_words(last, detail, at))


def find(node: Node, loc: Iterable[int | str]) -> Node:
    """The node at a path of keys and positions, or the deepest one that exists on the way."""
    for part in loc:
        if isinstance(part, int):
            inside = node.value[part : part + 1] if isinstance(node.value, list) else []
            node = inside[0] if inside else node
        elif isinstance(node.value, dict):
            node = node.value.get(part, node)
    return node


def key_mark(node: Node, key: str) -> Mark:
    """Where a key of a mapping stands, else the mapping itself."""
    return node.key_marks.get(key, node.mark)


def _keys(form: object, loc: tuple[int | str, ...]) -> list[str]:
    """The keys that the form at this path knows."""
    for part in loc[:-1]:
        form = _bare(form)
        if isinstance(form, type) and issubclass(form, Form):
            form = _field(form, str(part))
        elif get_origin(form) in {Union, UnionType}:
            form = next((one for one in get_args(form) if _tag(one) == part), None)
        elif isinstance(part, int) and get_args(form):
            form = get_args(form)[0]
    form = _bare(form)
    if isinstance(form, type) and issubclass(form, Form):
        return [field.alias or name for name, field in form.model_fields.items()]
    return []


def _field(form: type[Form], key: str) -> object:
    for name, field in form.model_fields.items():
        if key == (field.alias or name):
            return field.annotation
    return None


def _bare(annotation: object) -> object:
    """Without Annotated and `| None`."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    rest = [one for one in get_args(annotation) if one is not type(None)]
    if get_origin(annotation) in {Union, UnionType} and len(rest) == 1:
        return _bare(rest[0])
    return annotation


def _tag(form: object) -> object:
    """The word by which a union knows one of its forms: its first field with a single Literal."""
    if isinstance(form, type) and issubclass(form, Form):
        for field in form.model_fields.values():
            if get_origin(field.annotation) is Literal:
                return get_args(field.annotation)[0]
    return None


_PLAIN: dict[str, tuple[str, str]] = {
    "bool_type": ("should be true or false", "write true or false, without quotes"),
    "int_type": ("should be a whole number", "write a number, without quotes"),
    "float_type": ("should be a number", "write a number, without quotes"),
    "finite_number": ("should be a finite number", "write a number"),
    "tuple_type": ("should be a list", "write each item on a line of its own after `- `"),
    "model_type": ("should be a mapping", "write `key: value` lines"),
    "model_attributes_type": ("should be a mapping", "write `key: value` lines"),
    "union_tag_not_found": ("`kind` is missing", "add `kind: ...`"),
}
"""pydantic's error types whose words are always the same."""


def _words(key: str, detail: ErrorDetails, at: Node) -> tuple[str, str]:
    """Message and hint of an error."""
    kind = detail["type"]
    context: dict[str, Any] = detail.get("ctx", {})
    about = f"`{key}` " if isinstance(at.value, (list, dict)) and not key.isdigit() else ""
    if kind == "mistake":
        return context["message"], context["hint"]
    if kind in _PLAIN:
        message, hint = _PLAIN[kind]
        return about + message, hint
    if kind == "string_type":
        if isinstance(at.value, (list, dict)):
            return f"{about}should be one text", "write a single text"
        return f"{named(at.written)} is not text", f'put it in quotes: "{at.written[:40]}"'
    if kind in {"literal_error", "union_tag_invalid"}:
        allowed = re.findall(r"'([^']*)'", context.get("expected") or context["expected_tags"])
        given = str(context.get("tag", at.written))
        return f"{named(given)} is not one of {', '.join(allowed)}", did_you_mean(given, allowed)
    return about + detail["msg"].replace("Input s", "s"), "see its description in the manual"
