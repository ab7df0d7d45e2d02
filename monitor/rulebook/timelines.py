"""`tests:` in rule files: posts over time, and the alerts that must (not) come of them.

    tests:
      - name: two publishers make it reported
        posts:
          - {at: 0s, source: telegram:vvgladkov, text: ДРГ зашла на территорию округа}
          - {at: 10m, source: telegram:rian_ru, text: Губернатор пишет о ДРГ}
        expect:
          - {at: 0s, rule: border-incursion, kind: opened, status: unconfirmed}
          - {at: 10m, rule: border-incursion, status: reported}
        expect_none: [drone-attack]

`monitor test` runs them in virtual time through the whole pipeline (monitor/timeline.py).
"""

import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import msgspec
from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema, model_validator

from monitor.alert import AlertKind
from monitor.document import Node
from monitor.form import Form, OneOrMany, did_you_mean, duration, fill, find, wrong
from monitor.incident import Status
from monitor.mistake import Mark, Mistake
from monitor.post import PostKind
from monitor.rule import Level
from monitor.rulebook.forms import Id, SourceId, Text, Title

START = datetime(2023, 5, 22, 6, 0, tzinfo=UTC)
"""When `at: 0s` is. Nothing depends on it but what a post's own words say."""
_NOTHING = re.compile("0+[smhd]")


def _offset(text: object) -> timedelta:
    if isinstance(text, str) and _NOTHING.fullmatch(text):
        return timedelta(0)
    return duration(text)


Offset = Annotated[
    timedelta,
    BeforeValidator(_offset),
    PlainSerializer(str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]+[smhd]$", "examples": ["0s", "10m"]}),
]


class TimelinePostForm(Form):
    """A post of a test."""

    at: Offset = Field(description="When it is seen, from the test's start: 0s, 10m, 2h.")
    source: SourceId = Field(description="Who publishes it, as platform:name.")
    text: Text = Field("", description="What it says.")
    id: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        None, description="Its id in the source, to edit, delete or forward it later."
    )
    kind: PostKind = Field("new", description="new, or edit or delete of the post with this id.")
    age: Offset = Field(
        timedelta(0), description="How old it is when it is seen: to test `max_age`."
    )
    forwarded_from: SourceId | None = Field(None, description="The source that it forwards.")
    forwarded_id: Annotated[str, Field(max_length=100)] | None = Field(
        None, description="The id of the post that it forwards."
    )

    @model_validator(mode="after")
    def _named(self) -> "TimelinePostForm":
        if self.kind != "new" and self.id is None:
            raise wrong(f"which post is it, to {self.kind}?", "write the `id` that the post has")
        if self.kind != "delete" and not self.text:
            raise wrong("a post without text", "add `text: ...`")
        return self


class ExpectForm(Form):
    """An alert that must come."""

    at: Offset = Field(description="When: at a post's time, or by this time if none is seen then.")
    rule: Id = Field(description="The incident's rule.")
    kind: AlertKind | None = Field(None, description="opened, updated, escalated ...")
    level: Level | None = Field(None, description="The incident's level.")
    status: Status | None = Field(None, description="The incident's status.")
    place: str | None = Field(None, description="The id of the incident's place.")


class TimelineForm(Form):
    """A test over time."""

    name: Title = Field(description="What it shows.")
    posts: tuple[TimelinePostForm, ...] = Field(
        description="The posts, by time.", json_schema_extra={"minItems": 1}
    )
    expect: tuple[ExpectForm, ...] = Field((), description="Alerts that must come.")
    expect_none: Literal[True] | Annotated[tuple[Id, ...], OneOrMany()] = Field(
        (), description="Rules of which no alert may come; `true` for all."
    )

    @model_validator(mode="after")
    def _expects(self) -> "TimelineForm":
        if not self.posts:
            raise wrong("the test has no posts", "add `posts: [{at: 0s, source: ..., text: ...}]`")
        if not self.expect and not self.expect_none:
            raise wrong("the test expects nothing", "add `expect` or `expect_none`")
        return self


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A post of a timeline; times count from its start."""

    at: timedelta
    source: str
    text: str
    id: str
    kind: PostKind
    age: timedelta
    forwarded_from: str | None = None
    forwarded_id: str | None = None


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that must come; None = any. `mark` is where it is written."""

    at: timedelta
    rule: str
    kind: str | None
    level: str | None
    status: str | None
    place: str | None
    mark: Mark


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """A test over time; `none` holds rules of which no alert may come, None = of no rule at all."""

    name: str
    mark: Mark
    posts: tuple[Step, ...]
    expect: tuple[Expectation, ...]
    none: tuple[str, ...] | None
    none_mark: Mark


def read_timelines(node: Node, mistakes: list[Mistake]) -> list[Timeline]:
    """The tests under a file's `tests`; what is wrong goes to `mistakes`."""
    if not isinstance(node.value, list):
        hint = "begin each test with `- name:`"
        mistakes.append(Mistake(node.mark, "`tests` should be a list", hint))
        return []
    found = []
    for one in node.value:
        form, wrongs = fill(TimelineForm, one)
        mistakes += wrongs
        if form is not None:
            found.append(_timeline(form, one))
    return found


def _timeline(form: TimelineForm, node: Node) -> Timeline:
    posts = [
        Step(**(post.model_dump() | {"id": post.id or f"post-{number}"}))
        for number, post in enumerate(form.posts, 1)
    ]
    return Timeline(
        name=form.name,
        mark=node.mark,
        posts=tuple(sorted(posts, key=lambda post: post.at)),
        expect=tuple(
            Expectation(**expected.model_dump(), mark=find(node, ["expect", number]).mark)
            for number, expected in enumerate(form.expect)
        ),
        none=None if form.expect_none is True else form.expect_none,
        none_mark=find(node, ["expect_none"]).mark,
    )


def unknown_rules(timeline: Timeline, rules: Collection[str]) -> list[Mistake]:
    """A mistake for each rule that a test names and that does not exist."""
    named = [(one.rule, one.mark) for one in timeline.expect]
    named += [(rule, timeline.none_mark) for rule in timeline.none or ()]
    return [
        Mistake(mark, f"there is no rule `{rule}`", did_you_mean(rule, rules, "name a rule's id"))
        for rule, mark in named
        if rule not in rules
    ]
