"""JSON Schemas for editors, made from the forms: draft-07, which yaml-language-server speaks.

They lie beside this file and are shipped; `python -m monitor.rulebook.schema` writes them again.
"""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from monitor.form import Form, duration_text
from monitor.rulebook.asking import LinkForm, NumberForm, PostForm, ScopeForm
from monitor.rulebook.forms import FileForm, RuleForm, SourcesForm, SpeakerForm
from monitor.rulebook.places import PlacesForm
from monitor.rulebook.timelines import TimelineForm
from monitor.rulebook.watches import WatchForm
from monitor.rulebook.where import WhereForm
from monitor.settings import Settings

FOLDER = Path(__file__).parent
DRAFT = "http://json-schema.org/draft-07/schema#"

_TERM = {
    "type": "string",
    "description": "A word or phrase in any grammatical form; =word as written; ==Word also its "
    "capitals; word* a beginning; @Name a name in any script; ~word the words of its root; #tag a "
    "hashtag; a ~5 b within five words, a >5 b in that order; /re2/ a regular expression; $name "
    "any word of a list; -word takes its finds away from the other words of its list.",
}
_SOME = {"$ref": "#/definitions/condition"}
_LIST = {"type": "array", "minItems": 1, "items": _SOME}

CONDITION: dict[str, Any] = {
    "description": "A word, a list (any of it), or keys that are joined by AND.",
    "anyOf": [
        _TERM,
        _LIST,
        {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": False,
            "properties": {
                "all": {**_LIST, "description": "Every one of these holds."},
                "any": {**_SOME, "description": "At least one of these holds."},
                "not": {**_SOME, "description": "None of these holds."},
                "at_least": {
                    "type": "object",
                    "description": "At least n different ones hold.",
                    "required": ["n", "of"],
                    "additionalProperties": False,
                    "properties": {
                        "n": {"type": "integer", "minimum": 1},
                        "of": {**_SOME, "description": "A list, or $name for each of its words."},
                    },
                },
                "from": {"$ref": "#/definitions/SpeakerForm"},
                "place": {"$ref": "#/definitions/WhereForm"},
                "number": {"$ref": "#/definitions/NumberForm"},
                "post": {"$ref": "#/definitions/PostForm"},
                "link": LinkForm.model_json_schema()["properties"]["link"],
                "scope": ScopeForm.model_json_schema()["properties"]["scope"],
            },
        },
    ],
}


class _Readable(GenerateJsonSchema):
    """Defaults as people would write them."""

    def encode_default(self, dft: object) -> object:
        """Durations as `2h`, forms as their keys."""
        if isinstance(dft, timedelta):
            return duration_text(dft)
        if isinstance(dft, Form):
            return dft.model_dump(mode="json", exclude_defaults=True)
        if isinstance(dft, tuple):
            return [self.encode_default(one) for one in dft]
        return super().encode_default(dft)


def schemas() -> dict[str, dict[str, Any]]:
    """File name -> schema, for rule files, sources files and the configuration."""
    rules = _draft_07(FileForm, "Rules of monitor")
    rules["properties"]["terms"]["additionalProperties"] = {
        "anyOf": [_TERM, {"type": "array", "minItems": 1, "items": _TERM}]
    }
    rules["definitions"]["RuleForm"]["properties"]["when"] = {
        **_SOME,
        "description": "What must hold of a post.",
    }
    rules["definitions"]["condition"] = CONDITION
    rules["properties"]["tests"]["items"] = {"$ref": "#/definitions/TimelineForm"}
    for form in (SpeakerForm, WhereForm, NumberForm, PostForm, TimelineForm, WatchForm):
        rules["definitions"] |= _with_definitions(form)
    rules["definitions"]["NumberForm"]["properties"]["of"] = {
        "anyOf": [_TERM, {"type": "array", "minItems": 1, "items": _TERM}],
        "description": "The words that are counted: terms, or $name for a list.",
    }
    rules["properties"]["rules"]["items"] = {
        "anyOf": [{"$ref": f"#/definitions/{form.__name__}"} for form in (RuleForm, WatchForm)]
    }
    sources = _draft_07(SourcesForm, "Sources of monitor")
    listed = sources["properties"]["sources"]
    return {
        "schema.json": rules,
        "sources.schema.json": {
            "$schema": DRAFT,
            "title": sources["title"],
            "description": "Under `sources:`, or as a bare list.",
            "anyOf": [{key: sources[key] for key in ("type", "properties")}, listed],
            "definitions": sources["definitions"],
        },
        "places.schema.json": _draft_07(PlacesForm, "Places of monitor"),
        "settings.schema.json": _draft_07(Settings, "Configuration of monitor"),
    }


def written(schema: dict[str, Any]) -> str:
    """A schema as its file's text."""
    return json.dumps(schema, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _draft_07(form: type[Form], title: str) -> dict[str, Any]:
    found: dict[str, Any] = form.model_json_schema(
        ref_template="#/definitions/{model}", schema_generator=_Readable
    )
    found["definitions"] = found.pop("$defs", {})
    return {"$schema": DRAFT, **found, "title": title}


def _with_definitions(form: type[Form]) -> dict[str, Any]:
    """A form and everything it refers to, by name."""
    found: dict[str, Any] = form.model_json_schema(
        ref_template="#/definitions/{model}", schema_generator=_Readable
    )
    inner = found.pop("$defs", {})
    return {form.__name__: found, **inner}


def main() -> None:
    """Write all schemas."""
    for name, schema in schemas().items():
        (FOLDER / name).write_text(written(schema), encoding="utf-8")


if __name__ == "__main__":
    main()
