"""What a Telegram channel says of itself: title, subscribers, last posts; by its web preview."""

import re

import msgspec

from monitor.sources.fetch import Fetch
from monitor.sources.preview_page import read_page
from monitor.text.markup import parse, plain_of

SHOWN = 3
_HEAD = 200_000
_COUNTER = re.compile(r"\btgme_channel_info_counter\b")


class NoIntroductionError(Exception):
    """The channel could not be looked at; `hint` says what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Introduction(msgspec.Struct, frozen=True, kw_only=True):
    """A channel's title, its number of subscribers as Telegram words it, and its last texts."""

    name: str
    title: str
    subscribers: str
    posts: tuple[str, ...]


async def introduce(fetch: Fetch, name: str, base_url: str) -> Introduction:
    """Look at a channel's preview, once.

    Raises:
        FetchError: no answer.
        NoIntroductionError: there is no preview of that name.
    """
    answer = await fetch.get(f"{base_url}/s/{name}", follow=False)
    page = read_page(answer.body) if answer.body else None
    if page is None or not page.blocks:
        hint = "check the name; a channel without preview needs an account: add it by hand"
        raise NoIntroductionError(f"t.me shows no posts of @{name}", hint)
    title, subscribers = _head_of(answer.body)
    return Introduction(
        name=page.blocks[-1].name,
        title=title or name,
        subscribers=subscribers,
        posts=tuple(one.post.text for one in page.blocks if one.post.text)[-SHOWN:],
    )


def _head_of(body: bytes) -> tuple[str, str]:
    """Title and subscribers of a preview page, each empty when it is not said."""
    root = parse(body[:_HEAD])
    if root is None:
        return "", ""
    titles = [
        meta.get("content") or ""
        for meta in root.iter("meta")
        if meta.get("property") == "og:title"
    ]
    counters = [
        " ".join(plain_of(one).text.split())
        for one in root.iter("div")
        if _COUNTER.search(one.get("class") or "")
    ]
    subscribers = next((one for one in counters if "subscriber" in one), "")
    return (titles[0][:200] if titles else ""), subscribers
