"""What may stand in rule files and sources files, key by key; the JSON Schemas are made of this."""

import re
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, StrictBool, StrictFloat, StrictInt, model_validator

from monitor.document import named
from monitor.form import Duration, Form, OneOrMany, Spelled, did_you_mean, wrong
from monitor.rule import DEFAULT_MAX_AGE, DEFAULT_WINDOW, Level
from monitor.source import UNKNOWN, Via

ROLES: dict[str, str] = {
    "official": "governor, ministry, mayor, emergency service",
    "militia": "an armed formation that speaks for itself",
    "spokesperson": "speaks for somebody else",
    "media": "a newsroom",
    "local": "local chats and news",
    "aggregator": "copies others",
    "monitor": "air-threat channels and the like",
    UNKNOWN: "not known",
}

VIA: tuple[Via, ...] = get_args(Via)
_READS_ONLY: dict[str, str] = {"account": "telegram", "preview": "telegram"}
_VIA_OF_PLATFORM: dict[str, tuple[Via, ...]] = {"telegram": ("preview",), "feed": ("feed",)}


def _role(text: str) -> str:
    if text not in ROLES:
        raise wrong(f"{named(text)} is not a role", did_you_mean(text, ROLES))
    return text


Id = Annotated[
    str, Spelled("[a-z0-9]([a-z0-9-]*[a-z0-9])?", "use a to z, 0 to 9 and - between them")
]
Title = Annotated[str, Spelled(r"\S[^\n\r]*", "write one line of text")]
Text = Annotated[str, Field(max_length=20_000)]
Event = Annotated[
    str,
    Spelled(
        "other|[a-z]+(-[a-z]+)*/[a-z0-9]+(-[a-z0-9]+)*",
        "write it like battles/armed-clash or warning/air-alert",
    ),
]
Role = Annotated[str, AfterValidator(_role), Field(json_schema_extra={"enum": sorted(ROLES)})]
Side = Annotated[str, Spelled("[a-z0-9]+(-[a-z0-9]+)*", "write it like ru-state or independent")]
Language = Annotated[str, Spelled("[a-z]{2,3}", "write its code: ru, uk, en")]
Country = Annotated[str, Spelled("[A-Z]{2}", "write its ISO 3166-1 code: RU")]
Region = Annotated[str, Spelled("[A-Z]{2}-[A-Z0-9]{1,3}", "write its ISO 3166-2 code: RU-BEL")]

_TELEGRAM = re.compile(r"(?:@|(?:https?://)?(?:t|telegram)\.me/(?:s/)?)?([A-Za-z]\w{2,31})/?")
_TELEGRAM_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{2,31}")
_SOURCE = re.compile(r"([a-z][a-z0-9]*):([A-Za-z0-9_][A-Za-z0-9_.@-]{0,99})")


def _source(text: str) -> str:
    """A source's id, `platform:name`."""
    found = _SOURCE.fullmatch(text)
    if found and (found[1] != "telegram" or _TELEGRAM_NAME.fullmatch(found[2])):
        return text
    channel = _TELEGRAM.fullmatch(text)
    if channel:
        hint = f"write telegram:{channel[1]}"
    elif text.startswith(("http://", "https://")):
        hint = "write feed:NAME, and the address under `url`"
    else:
        hint = "write platform:name, like telegram:durov or feed:city-news"
    raise wrong(f"{named(text)} is not a source's id", hint)


SourceId = Annotated[str, AfterValidator(_source)]


class SpeakerForm(Form):
    """Who published the post. Values of one key are joined by OR, keys by AND."""

    role: Annotated[tuple[Role, ...], OneOrMany()] = Field((), description="What they are.")
    affiliation: Annotated[tuple[Side, ...], OneOrMany()] = Field(
        (), description="Whose side they speak for: ru-state, ua-state, independent ..."
    )
    family: Annotated[tuple[str, ...], OneOrMany()] = Field(
        (), description="One owner or one newsroom."
    )
    source: Annotated[tuple[SourceId, ...], OneOrMany()] = Field(
        (), description="Single sources, as platform:name."
    )
    language: Annotated[tuple[Language, ...], OneOrMany()] = Field(
        (), description="The source's language."
    )

    @model_validator(mode="after")
    def _says_something(self) -> "SpeakerForm":
        if not any((self.role, self.affiliation, self.family, self.source, self.language)):
            raise wrong("`from` names nobody", "add role, affiliation, family, source or language")
        return self


class ExamplesForm(Form):
    """Posts that show what the rule is about; run by `monitor test` and at every load."""

    match: Annotated[tuple[Text, ...], OneOrMany()] = Field(
        (), description="Texts that the rule must match, whoever publishes them."
    )
    no_match: Annotated[tuple[Text, ...], OneOrMany()] = Field(
        (), description="Texts that it must not match."
    )


class RuleForm(Form):
    """What to watch for, how bad it is, and examples."""

    id: Id = Field(description="Its name in alerts and statistics: a-z, 0-9 and -. Never reuse it.")
    title: Title = Field(description="The first line of its alerts.")
    level: Level = Field("medium", description="How bad it is.")
    event: Event = Field("other", description="What it is about: battles/armed-clash ...")
    when: object = Field(description="The condition.")
    max_age: Duration = Field(
        DEFAULT_MAX_AGE, description="Older posts are recorded as late, not alerted."
    )
    window: Duration = Field(
        DEFAULT_WINDOW, description="How long an incident stays open after its last post."
    )
    story: Id | None = Field(
        None, description="Rules of one story share incidents, so that one post rings once."
    )
    radius_km: Annotated[StrictFloat | StrictInt, Field(ge=0, le=200)] = Field(
        0, description="Hits at settlements so near to an incident's join it."
    )
    closes: Annotated[tuple[Id, ...], OneOrMany()] = Field(
        (), description="Rules or stories whose incidents at the same place it ends."
    )
    denies: Annotated[tuple[Id, ...], OneOrMany()] = Field(
        (), description="Rules or stories whose incidents at the same place it disputes."
    )
    part_of: Annotated[tuple[Id, ...], OneOrMany()] = Field(
        (),
        description="Rules or stories: while one of their incidents, at least as bad, is open at "
        "this place, what this rule opens belongs to it and makes no sound.",
    )
    status: Literal["stable", "test", "experimental", "deprecated", "unsupported"] = Field(
        "stable", description="How far it can be trusted, for readers."
    )
    description: Text = Field("", description="What it means, for readers.")
    references: Annotated[tuple[Text, ...], OneOrMany()] = Field((), description="Where from.")
    falsepositives: Annotated[tuple[Text, ...], OneOrMany()] = Field(
        (), description="What it is known to match wrongly."
    )
    tags: Annotated[tuple[Text, ...], OneOrMany()] = Field((), description="For sorting.")
    examples: ExamplesForm = Field(ExamplesForm(), description="Posts that it must (not) match.")


class SourceForm(Form):
    """A channel or feed: who speaks there, and how it is read."""

    id: SourceId = Field(description="platform:name, like telegram:vvgladkov or feed:city-news.")
    name: Annotated[str, Field(max_length=200)] = Field("", description="For people.")
    via: Annotated[tuple[Via, ...], OneOrMany()] = Field(
        (),
        description="How it is read. Default: preview for telegram, feed for feed.",
    )
    role: Role = Field(UNKNOWN, description="What they are.")
    affiliation: Side = Field(
        UNKNOWN, description="Whose side they speak for: ru-state, ua-state, independent ..."
    )
    family: Annotated[str, Field(max_length=100)] = Field(
        "", description="One owner or newsroom is one voice. Default: the source itself."
    )
    home: Region | None = Field(None, description="The region it speaks from, ISO 3166-2.")
    language: Language | None = Field(None, description="ru, uk, en ...")
    rules: Annotated[tuple[Id, ...], OneOrMany()] = Field(
        (), description="Only these rules are asked. Default: all."
    )
    url: (
        Annotated[str, Spelled(r"https?://[^\s/]+(/\S*)?", "write https://...", longest=2000)]
        | None
    ) = Field(None, description="A feed's address.")
    account: str = Field(
        "", max_length=64, description="The Telegram account that reads it while that one is well."
    )
    join: StrictBool | None = Field(
        None,
        description="Whether the account joins the channel, so that posts are pushed. Default: as "
        "the account's own `join`.",
    )

    @property
    def platform(self) -> str:
        """The part of the id before the colon."""
        return self.id.partition(":")[0]

    @property
    def ways(self) -> tuple[Via, ...]:
        """How it is read, the platform's usual way if `via` says nothing."""
        return self.via or _VIA_OF_PLATFORM.get(self.platform, ())

    @model_validator(mode="after")
    def _readable(self) -> "SourceForm":
        for via in self.ways:
            if _READS_ONLY.get(via, self.platform) != self.platform:
                raise wrong(f"`{via}` reads {_READS_ONLY[via]} only", "write via: feed and a url")
        if not self.ways:
            known = ", ".join(VIA)
            raise wrong(f"how is {self.platform} read?", f"add `via: ...`, one of: {known}")
        if "feed" in self.ways and self.url is None:
            raise wrong("a feed without an address", "add `url: https://...`")
        return self


Count = Annotated[StrictInt, Field(ge=0, le=100)]


class WhoForm(Form):
    """Whose word makes a step; values are joined by OR, keys by AND."""

    role: Annotated[tuple[Role, ...], OneOrMany()] = Field((), description="What they are.")
    affiliation: Annotated[tuple[Side, ...], OneOrMany()] = Field((), description="Their side.")


class StepForm(Form):
    """One step of the ladder."""

    status: Literal["unconfirmed", "reported", "corroborated", "official", "disputed"] = Field(
        alias="is", description="The status that this step gives."
    )
    means: Title = Field(description="What it says, in a few words.")
    who: WhoForm = Field(WhoForm(), alias="from", description="Whose word counts. Default: all.")
    of_the_place: bool = Field(
        default=False, description="Only who speaks of the region that they are from."
    )
    families: Count = Field(0, description="Publishers it takes.")
    affiliations: Count = Field(0, description="Known sides it takes.")
    denials: Count = Field(0, description="Publishers who deny it.")
    rings: bool = Field(default=False, description="Whether reaching it rings in chat.")


class FileForm(Form):
    """A file of rules; several files share one set of lists and rules."""

    terms: dict[str, object] = Field(
        default_factory=dict, description="Word lists by name; a rule writes $name for all of one."
    )
    rules: tuple[RuleForm, ...] = Field((), description="The rules.")
    status: tuple[StepForm, ...] = Field(
        (), description="The status ladder, strongest first; one for all files."
    )
    tests: tuple[object, ...] = Field(
        (), description="Posts over time, and the alerts that must (not) come of them."
    )


class SourcesForm(Form):
    """A file that says who is read."""

    sources: tuple[SourceForm, ...] = Field((), description="The sources.")
