"""YAML as this product reads it: one document as a tree of nodes that know where they stand.

YAML 1.2's core words (`no` and `22:22` are text), and a small, safe part of the language: no
aliases, anchors, merge keys, tags, duplicate keys or numbers with leading zeros; bounded in size,
depth and number of values. The events of libyaml are read one by one, so nothing recurses and a
bomb is refused at the event that breaks the limit. Every mistake of a file is reported at once.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import yaml

from monitor.mistake import Mark, Mistake, MistakesError

MAX_BYTES = 1_000_000
MAX_DEPTH = 32
MAX_VALUES = 100_000
MAX_MISTAKES = 1_000
MAX_UNREADABLE = 20
MAX_DIGITS = 40
MAX_QUOTED = 60


class Node(msgspec.Struct):
    """A value and where it stands; `written` is a scalar's text before it became a value.

    `key_marks` says where the keys of a mapping stand.
    """

    mark: Mark
    value: "str | int | float | bool | list[Node] | dict[str, Node] | None"
    written: str = ""
    key_marks: dict[str, Mark] = {}


def plain(node: Node) -> object:
    """The node's value without marks: dicts, lists and scalars."""
    if isinstance(node.value, list):
        return [plain(part) for part in node.value]
    if isinstance(node.value, dict):
        return {key: plain(part) for key, part in node.value.items()}
    return node.value


def named(text: str) -> str:
    """A piece of a file as messages quote it: short, and nothing invisible in it."""
    if not text:
        return "an empty text"
    short = text if len(text) <= MAX_QUOTED else text[:MAX_QUOTED] + "..."
    seen = (one if one.isprintable() else one.encode("unicode_escape").decode() for one in short)
    return f"`{''.join(seen)}`"


def shown(path: Path) -> str:
    """A path as messages name it: relative when it lies below the working directory."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def exists(path: Path) -> bool:
    """Whether something is there; what cannot be looked at (forbidden, too long a name) is not."""
    return os.path.exists(path)  # noqa: PTH110 - Path.exists raises for those


def is_folder(path: Path) -> bool:
    """Whether a folder is there; what cannot be looked at is none."""
    return os.path.isdir(path)  # noqa: PTH112 - Path.is_dir raises for those


def read_file(path: Path) -> Node:
    """Read one file.

    Raises:
        MistakesError: it cannot be read, or is not YAML as described above.
    """
    name = shown(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        hint = "check the path and who may read it"
        raise MistakesError(
            [Mistake(Mark(name, 1, 1), f"cannot be read: {reason}", hint)]
        ) from None
    return read(name, data)


def read(name: str, data: bytes) -> Node:
    """Read one document; an empty one is a node whose value is None.

    Args:
        name: the file's name as mistakes show it.
        data: UTF-8, a byte order mark at its beginning is allowed.

    Raises:
        MistakesError: every mistake that could be found.
    """
    start = Mark(name, 1, 1)
    if len(data) > MAX_BYTES:
        message = f"larger than {MAX_BYTES:,} bytes"
        raise MistakesError([Mistake(start, message, "split it into several files")])
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        message = "not UTF-8 but UTF-16 or UTF-32"
        raise MistakesError([Mistake(start, message, "save the file as UTF-8")])
    text, mistakes = _decode(name, data)
    reader = _Reader(name, mistakes)
    root = reader.read(text)
    if reader.mistakes:
        raise MistakesError(reader.mistakes)
    return root or Node(start, None)


_UNREADABLE = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
"""What YAML does not allow, and NEL, LS and PS: line breaks that editors do not count as such."""

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def _decode(name: str, data: bytes) -> tuple[str, list[Mistake]]:
    """The text with every unreadable character replaced, and a mistake for each of them."""
    mistakes: list[Mistake] = []
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        message = f"not UTF-8: byte 0x{data[error.start]:02x}"
        mistakes.append(Mistake(_mark_after(name, before), message, "save the file as UTF-8"))
        text = data.decode("utf-8", "replace")
    for found in _UNREADABLE.finditer(text):
        if len(mistakes) >= MAX_UNREADABLE:
            raise MistakesError(mistakes)  # no text file: more of the same helps nobody
        mark = _mark_after(name, text[: found.start()])
        message = f"invisible character U+{ord(found[0]):04X}"
        mistakes.append(Mistake(mark, message, "remove it"))
    return (_UNREADABLE.sub("\ufffd", text) if mistakes else text), mistakes


def _mark_after(name: str, before: str) -> Mark:
    lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return Mark(name, len(lines), len(lines[-1]) + 1)


class _StopReadingError(Exception):
    """A limit is broken: what follows is not looked at."""


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet; a mapping's key waits for its value."""

    node: Node
    wants_key: bool = True
    key: str | None = None


class _Reader:
    """Builds the tree from libyaml's events and collects the mistakes."""

    def __init__(self, name: str, mistakes: list[Mistake]) -> None:
        self.name = name
        self.mistakes = mistakes
        self.root: Node | None = None
        self.open: list[_Open] = []
        self.values = 0

    def read(self, text: str) -> Node | None:
        try:
            for event in _events(text):
                self._take(event)
        except yaml.MarkedYAMLError as error:
            self.mistakes.append(_syntax_mistake(self.name, error, text))
        except yaml.YAMLError as error:
            self._mistake(Mark(self.name, 1, 1), f"not YAML: {error}", "check the file")
        except _StopReadingError:
            pass
        return self.root

    def _mistake(self, mark: Mark, message: str, hint: str) -> None:
        self.mistakes.append(Mistake(mark, message, hint))
        if len(self.mistakes) >= MAX_MISTAKES:
            raise _StopReadingError

    def _stop(self, mark: Mark, message: str, hint: str) -> None:
        self._mistake(mark, message, hint)
        raise _StopReadingError

    def _take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._check_decoration(event)
            self._scalar(event)
        elif isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
            self._check_decoration(event)
            self._start(event)
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            self.open.pop()
        elif isinstance(event, yaml.AliasEvent):
            mark, alias = self._mark(event), f"*{event.anchor}"
            hint = "write it out; text that starts with * needs quotes"
            self._mistake(mark, f"alias {named(alias)}", hint)
            self._attach(Node(mark, None, alias), complex_key=False)
        elif isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            hint = "one document a file: remove the `---`"
            self._stop(self._mark(event), "a second document begins", hint)

    def _mark(self, event: yaml.Event) -> Mark:
        at = event.start_mark
        return _mark(Mark, (self.name, at.line + 1, at.column + 1)) if at else Mark(self.name, 1, 1)

    def _check_decoration(
        self, event: yaml.ScalarEvent | yaml.SequenceStartEvent | yaml.MappingStartEvent
    ) -> None:
        self.values += 1
        if self.values > MAX_VALUES:
            message = f"more than {MAX_VALUES:,} values"
            self._stop(self._mark(event), message, "split it into several files")
        if event.anchor is not None:
            hint = "remove it; text that starts with & needs quotes"
            self._mistake(self._mark(event), f"anchor {named('&' + event.anchor)}", hint)
        if event.tag is not None:
            hint = "remove it; text that starts with ! needs quotes, and quotes make anything text"
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._mistake(self._mark(event), f"tag {named(tag)}", hint)

    def _start(self, event: yaml.SequenceStartEvent | yaml.MappingStartEvent) -> None:
        mark = self._mark(event)
        if len(self.open) >= MAX_DEPTH:
            message = f"nested deeper than {MAX_DEPTH} levels"
            self._stop(mark, message, "nest less; a word list under `terms:` can help")
        is_list = isinstance(event, yaml.SequenceStartEvent)
        node = Node(mark, [] if is_list else {})
        self._attach(node, complex_key=True)
        self.open.append(_Open(node))

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        mark, text = self._mark(event), event.value
        node = Node(mark, text, text)
        found = _CONTROL.search(text)
        if found:
            message = f"control character U+{ord(found[0]):04X} in text"
            self._mistake(mark, message, "remove its escape")
        if self.open and isinstance(self.open[-1].node.value, dict) and self.open[-1].wants_key:
            if event.implicit[0] and text in {"", "<<"}:
                message = "merge key `<<`" if text else "no key before the colon"
                hint = "write the keys out" if text else 'write one, or quote it: "": ...'
                self._mistake(mark, message, hint)
        elif event.implicit[0]:
            try:
                node.value = _resolve(text)
            except ValueError as error:
                self._mistake(mark, *error.args)
        self._attach(node, complex_key=False)

    def _attach(self, node: Node, *, complex_key: bool) -> None:
        """Put a value, or a mapping's key, where it belongs."""
        if not self.open:
            self.root = node
            return
        parent = self.open[-1]
        if isinstance(parent.node.value, list):
            parent.node.value.append(node)
        elif isinstance(parent.node.value, dict) and not parent.wants_key:
            parent.wants_key = True
            if parent.key is not None:
                parent.node.value[parent.key] = node
        else:
            parent.wants_key = False
            parent.key = None if complex_key else self._key(parent.node, node)
            if complex_key:
                hint = "a key is a single word; text that starts with [ or { needs quotes"
                self._mistake(node.mark, "a list or mapping as a key", hint)

    def _key(self, parent: Node, key: Node) -> str | None:
        """The key under which the next value is kept, None if it is a repetition."""
        first = parent.key_marks.get(key.written)
        if first is None:
            parent.key_marks[key.written] = key.mark
            return key.written
        message = f"key {named(key.written)} stands twice, first on line {first.line}"
        self._mistake(key.mark, message, "keep one of them")
        return None


_mark = tuple.__new__
"""A `Mark` in half the time that its own name takes: every value of every file has one."""


def _events(text: str) -> Iterator[yaml.Event]:
    events: Iterator[yaml.Event] = yaml.parse(text, Loader=yaml.CSafeLoader)
    return events


_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INT = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]")


def _resolve(text: str) -> str | int | float | bool | None:
    """The value of an unquoted scalar by YAML 1.2's core schema.

    Raises:
        ValueError: (message, hint) for a number that programs read differently.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "-+.0123456789":
        return text
    if _BASED.fullmatch(text) and len(text) <= MAX_DIGITS:
        return int(text, 0)
    if _INFINITE.fullmatch(text):
        return float(text.replace(".", ""))
    if not _FLOAT.fullmatch(text):
        return text
    if _LEADING_ZERO.match(text):
        hint = f'write "{text}" in quotes if it is text, without the zero if it is a number'
        raise ValueError(f"number with a leading zero: {text[:MAX_DIGITS]}", hint)
    if len(text) > MAX_DIGITS:
        hint = "put it in quotes if it is text"
        raise ValueError(f"number of more than {MAX_DIGITS} digits", hint)
    return int(text) if _INT.fullmatch(text) else float(text)


_HINTS: dict[str, str] = {
    "cannot start any token": "indent with spaces, not tabs; quote what begins with @ ` or %",
    "mapping values are not allowed": "text with `: ` in it needs quotes; else check indentation",
    "expected key": "check the indentation; text that starts with a quote must end with it",
    "'-' indicator": "check the indentation: items of one list stand in one column",
    "',' or ']'": "put a comma between the items and ] at the end",
    "',' or '}'": "put a comma between the pairs and } at the end",
    "end of stream": "a quote or bracket is opened and not closed",
    "expected ':'": "a key needs `: ` after it; text over several lines needs quotes",
    "unknown escape": "use single quotes: in double quotes a backslash begins an escape",
    "alphabetic or numeric": "text that starts with * or & needs quotes",
    "undefined tag": "text that starts with ! needs quotes",
    "expected <document start>": "check the indentation; text after the end of the document",
    "block entries are not allowed": "begin the list on a line of its own",
}
"""What to do about libyaml's complaints, by a part of their words."""


def _syntax_mistake(name: str, error: yaml.MarkedYAMLError, text: str) -> Mistake:
    """A complaint of libyaml in the form of all others; nothing after it can be read."""
    at = error.problem_mark or error.context_mark
    mark = _mark_after(name, text) if at is None else Mark(name, at.line + 1, at.column + 1)
    problem = f"{error.context}, {error.problem}" if error.context else f"{error.problem}"
    hint = "check the indentation, brackets and quotes here and just above"
    for words, better in _HINTS.items():
        if words in problem:
            hint = better
            break
    return Mistake(mark, f"not YAML: {problem}", hint)
