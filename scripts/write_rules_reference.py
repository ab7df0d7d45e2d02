#!/usr/bin/env python3
"""Writes docs/rules-reference.md from the JSON Schemas of rules, sources and places.

`--check` only compares. What editors show while a rule is typed and what the manual says are the
same words: the schemas', which are made of the forms that read the files.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from monitor.rulebook.schema import schemas

PAGE = Path(__file__).resolve().parents[1] / "docs" / "rules-reference.md"

HEAD = """# Reference of rules, sources and places

<!-- Written by scripts/write_rules_reference.py from the schemas; change the forms instead. -->

Every key that may stand in these files. How to use them: [tutorial](tutorial.md),
[cookbook](cookbook.md), [language](rules.md). Where a list is asked for, a single value will do.
"""

FILES: dict[str, tuple[str, str]] = {
    "schema.json": ("Rule files", "A mapping with these keys."),
    "sources.schema.json": ("Sources files", "Who is read, and who speaks there."),
    "places.schema.json": ("Places files", "Own places, and areas of places."),
}

NAMES: dict[str, str] = {
    "RuleForm": "A rule",
    "condition": "A condition",
    "SpeakerForm": "`from`",
    "WhereForm": "`place`",
    "NumberForm": "`number`",
    "PostForm": "`post`",
    "ExamplesForm": "`examples`",
    "WatchForm": "A correlation",
    "CorrelateForm": "`correlate`",
    "ConditionForm": "`condition` of a correlation",
    "TimelineForm": "A test over time",
    "TimelinePostForm": "A post of a test",
    "ExpectForm": "`expect`",
    "StepForm": "A step of `status`",
    "WhoForm": "`from` of a step",
    "SourceForm": "A source",
    "PlaceForm": "A place",
    "AreaForm": "An area",
}
"""What each definition is called in the manual; a new one must be named here."""

Schema = Mapping[str, Any]


class Book(NamedTuple):
    """A file's schema with its definitions."""

    title: str
    says: str
    schema: Schema

    def parts(self) -> Iterator[tuple[str, Schema]]:
        """(heading, mapping) of every mapping in it, the file itself first."""
        yield self.title, _mapping(self.schema)
        known = self.schema.get("definitions", {})
        for name, heading in NAMES.items():
            if name in known:
                yield heading, _mapping(known[name])


def _mapping(schema: Schema) -> Schema:
    """The part with keys, of something that may be a word or list too."""
    if "properties" in schema:
        return schema
    return next((one for one in schema.get("anyOf", ()) if "properties" in one), schema)


def kind(schema: Schema) -> str:
    """What a value is, in a reader's words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{NAMES[name].lower()}](#{anchor(NAMES[name])})"
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    if "const" in schema:
        return f"`{str(schema['const']).lower()}`"
    options = [kind(one) for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    if options:
        lists = [one for one in options if one.startswith("list of ")]
        single = [one for one in options if f"list of {one}" not in lists]
        return " or ".join(dict.fromkeys(single))
    if schema.get("type") == "array":
        return f"list of {kind(schema['items'])}" if "items" in schema else "list"
    words = {"string": "text", "integer": "whole number", "number": "number",
             "boolean": "true or false", "object": "mapping"}  # fmt: skip
    return words.get(schema.get("type", ""), "anything")


def default(schema: Schema) -> str:
    """What holds when the key is left out."""
    value = schema.get("default")
    if value in (None, "", [], {}, ()):
        return "-"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def table(schema: Schema, known: Schema) -> Iterator[str]:
    """The keys of a mapping; one that is explained elsewhere has that explanation."""
    required = schema.get("required", ())
    yield "| key | is | default | means |"
    yield "|---|---|---|---|"
    for name, value in schema["properties"].items():
        inner = known.get(str(value.get("$ref", "")).rpartition("/")[2], {})
        means = str(value.get("description", inner.get("description", ""))).replace("|", "\\|")
        standing = "required" if name in required else default(value)
        yield f"| `{name}` | {kind(value)} | {standing} | {means} |"


def anchor(heading: str) -> str:
    """A heading's anchor, as forges make it."""
    return "".join(one for one in heading.lower().replace(" ", "-") if one.isalnum() or one in "-_")


def page() -> str:
    """The whole page."""
    known = schemas()
    lines = [HEAD]
    told: set[str] = set()
    for name, (title, says) in FILES.items():
        book = Book(title, says, known[name])
        unnamed = set(book.schema.get("definitions", {})) - set(NAMES)
        if unnamed:
            raise SystemExit(f"name these in NAMES: {', '.join(sorted(unnamed))}")
        definitions = book.schema.get("definitions", {})
        for heading, schema in book.parts():
            if heading in told or "properties" not in schema:
                continue
            told.add(heading)
            depth = "##" if heading == title else "###"
            said = says if heading == title else str(schema.get("description", ""))
            lines += [
                f"{depth} {heading}",
                "",
                *([said, ""] if said else []),
                *table(schema, definitions),
                "",
            ]
            if heading == NAMES["condition"]:
                lines += [_word(known[name]), ""]
    return "\n".join(lines).rstrip() + "\n"


def _word(schema: Schema) -> str:
    """What a bare word in a condition may be."""
    plain = schema["definitions"]["condition"]["anyOf"][0]["description"]
    return f"Or a word, or a list of conditions (any of them). {plain}"


def main() -> int:
    """Write the page; with --check exit code 1 if it is not what the schemas say."""
    text = page()
    if "--check" in sys.argv:
        if PAGE.read_text("utf-8") == text:
            return 0
        print("docs/rules-reference.md is old: run scripts/write_rules_reference.py")
        return 1
    PAGE.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
