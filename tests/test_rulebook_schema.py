"""The JSON Schemas for editors are those of the forms."""

from monitor.rulebook.forms import FileForm, RuleForm, SourceForm, SpeakerForm
from monitor.rulebook.schema import FOLDER, schemas, written
from monitor.rulebook.when import KEYS


def test_schemas_are_up_to_date() -> None:
    """The shipped schemas are what the forms say today (`python -m monitor.rulebook.schema`)."""
    for name, schema in schemas().items():
        assert (FOLDER / name).read_text(encoding="utf-8") == written(schema), name


def test_the_schema_knows_every_key_of_a_condition() -> None:
    """What the reader of `when` understands is what editors suggest."""
    condition = schemas()["schema.json"]["definitions"]["condition"]
    assert set(condition["anyOf"][2]["properties"]) == set(KEYS)


def test_every_reference_leads_somewhere() -> None:
    """Each `$ref` names a definition of the same schema, draft-07 style."""
    for schema in schemas().values():
        text = written(schema)
        assert "$defs" not in text
        names = {part.split('"')[0] for part in text.split("#/definitions/")[1:]}
        assert names <= set(schema["definitions"])


def test_every_key_is_described() -> None:
    """Each key of rules and sources has a sentence for the manual and for editors."""
    for form in (FileForm, RuleForm, SourceForm, SpeakerForm):
        for name, field in form.model_fields.items():
            assert field.description, f"{form.__name__}.{name}"
