"""What may stand under `number`, `post`, `link` and `scope` in a condition, and what it means."""

from typing import Annotated, Literal

import regex
from pydantic import AfterValidator, Field, StrictBool, StrictInt, model_validator

from monitor.document import Node, named
from monitor.form import Form, OneOrMany, Spelled, did_you_mean, fill, wrong
from monitor.mistake import Mistake
from monitor.rule import Link, Shape, Unit
from monitor.text.links import host

MEDIA: dict[str, str] = {
    "media": "anything attached",
    "photo": "a photo",
    "video": "a video",
    "round_video": "a round video message",
    "voice": "a voice message",
    "audio": "music or another sound",
    "document": "a file",
    "sticker": "a sticker",
    "gif": "a moving picture",
    "poll": "a poll",
    "location": "a point on the map",
    "preview": "the card of a link",
    "unsupported": "what the reader could not tell",
}
"""What a post may have: the kinds of `monitor.post.Media`, and any of them."""
MOST = 10**9

_PLACE = regex.compile(
    r"(?:https?://)?(?:www\.)?((?:[\w-]{1,63}\.){1,8}[^\W\d_][\w-]{1,62})(/\S*)?"
)


def _media(text: str) -> str:
    if text not in MEDIA:
        raise wrong(f"{named(text)} is nothing that a post has", did_you_mean(text, MEDIA))
    return text


def _address(text: str) -> str:
    found = _PLACE.fullmatch(text.strip())
    if found is None:
        hint = "write example.org (its subdomains are found, too) or t.me/channel"
        raise wrong(f"{named(text)} is no address to link to", hint)
    return host(found[1]) + (found[2] or "").rstrip("/")


MediaKind = Annotated[
    str, AfterValidator(_media), Field(json_schema_extra={"enum": sorted(MEDIA)})
]  # fmt: skip
Address = Annotated[str, AfterValidator(_address)]
Bound = Annotated[StrictInt, Field(ge=0, le=MOST)]
Name = Annotated[str, Spelled("[a-z][a-z0-9_]{0,31}", "use a to z, 0 to 9 and _, a letter first")]


class NumberForm(Form):
    """A number that counts one of these words: 8 injured, восемь раненых, раненых — 8."""

    of: object = Field(description="The words that are counted: terms, or $name for a list.")
    at_least: Bound | None = Field(None, description="Certainly so many: of 5-8 it is 5.")
    at_most: Bound | None = Field(None, description="Certainly no more: of 5-8 it is 8.")
    name: Name = Field(
        "number", alias="as", description="The name under which the number is kept with the hit."
    )

    @model_validator(mode="after")
    def _possible(self) -> "NumberForm":
        if None not in {self.at_least, self.at_most} and self.at_least > self.at_most:  # type: ignore[operator]  # both are numbers
            raise wrong("no number is at least that and at most this", "make at_most the larger")
        return self


class PostForm(Form):
    """What kind of post it is; several keys are joined by AND."""

    has: Annotated[tuple[MediaKind, ...], OneOrMany()] = Field(
        (), description="What is attached, one of these: photo, video, ...; media is any of it."
    )
    text: Literal["none", "some"] | None = Field(
        None, description="none: it has no words; some: it has."
    )
    forwarded: StrictBool | None = Field(None, description="Whether it is forwarded.")
    reply: StrictBool | None = Field(None, description="Whether it answers another post.")
    edited: StrictBool | None = Field(None, description="Whether this is an edited version.")

    @model_validator(mode="after")
    def _says_something(self) -> "PostForm":
        if not self.has and {self.text, self.forwarded, self.reply, self.edited} == {None}:
            raise wrong("`post` asks for nothing", "add has, text, forwarded, reply or edited")
        return self


class LinkForm(Form):
    """Under `link`: one address or several."""

    link: Annotated[tuple[Address, ...], OneOrMany()] = Field(
        description="The post links there, in its text or behind words: example.org with all its "
        "subdomains, or t.me/channel.",
    )

    @model_validator(mode="after")
    def _names_something(self) -> "LinkForm":
        if not self.link:
            raise wrong("`link` names no address", "write link: example.org")
        return self


class ScopeForm(Form):
    """Under `scope`: where everything else beside it must hold together."""

    scope: Unit = Field(
        description="All that stands beside it holds within one sentence or one paragraph."
    )


def read_shape(node: Node, mistakes: list[Mistake]) -> Shape | None:
    """A `post:` condition; what is wrong goes to `mistakes`."""
    form, found = fill(PostForm, node)
    mistakes += found
    if form is None:
        return None
    words = None if form.text is None else form.text == "some"
    return Shape(
        has=form.has,
        words=words,
        forwarded=form.forwarded,
        reply=form.reply,
        edited=form.edited,
    )


def read_link(node: Node, mistakes: list[Mistake]) -> Link | None:
    """A `link:` condition."""
    form, found = fill(LinkForm, _alone("link", node))
    mistakes += found
    return None if form is None else Link(form.link)


def read_scope(node: Node, mistakes: list[Mistake]) -> Unit | None:
    """The value of `scope:`."""
    form, found = fill(ScopeForm, _alone("scope", node))
    mistakes += found
    return None if form is None else form.scope


def read_number(node: Node, mistakes: list[Mistake]) -> NumberForm | None:
    """A `number:` condition, but for its words."""
    form, found = fill(NumberForm, node)
    mistakes += found
    return form


def _alone(key: str, node: Node) -> Node:
    """A mapping of one key: forms are filled from mappings."""
    return Node(node.mark, {key: node}, key_marks={key: node.mark})
