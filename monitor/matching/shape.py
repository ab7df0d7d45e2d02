"""What kind of post it is: `post: {has: video, text: none, forwarded: false}`."""

from collections.abc import Iterator

from monitor.hit import Found
from monitor.post import Post
from monitor.rule import Shape
from monitor.text.symbols import strict_symbols

ANY_MEDIA = "media"
"""Stands for every kind of attachment; a link's card is none."""
_CARD = "preview"


def shape(asked: Shape, text: str, post: Post | None) -> Iterator[Found]:
    """What of the post makes it such a post, in words; nothing if it is not.

    These finds stand nowhere in the text: at [0, 0).
    """
    kinds = [one.kind for one in post.media] if post else []
    there = [kind for kind in kinds if kind in asked.has or _any(kind, asked)]
    states = _states(asked, text, post)
    if (asked.has and not there) or any(wanted != is_so for wanted, is_so, _ in states):
        return
    said = [*there, *(name if wanted else f"no {name}" for wanted, _, name in states)]
    for one in dict.fromkeys(said):
        yield Found(text=one, start=0, end=0, term=f"{asked.text}: {one}")


def state(text: str, post: Post | None) -> str:
    """What kind of post it is, in words."""
    kinds = dict.fromkeys(one.kind for one in post.media) if post else ()
    everything = Shape(words=True, forwarded=True, reply=True, edited=True)
    said = [name for _, is_so, name in _states(everything, text, post) if is_so]
    return "it has " + ", ".join([*kinds, *said] or ["nothing"])


def _states(asked: Shape, text: str, post: Post | None) -> list[tuple[bool, bool, str]]:
    """(wanted, what is, name) of each state that is asked for."""
    states = (
        (asked.words, bool(strict_symbols(text).strip()), "words"),
        (asked.forwarded, post is not None and post.forwarded_from is not None, "a forward's mark"),
        (asked.reply, post is not None and post.reply_to is not None, "a reply's mark"),
        (asked.edited, post is not None and post.kind == "edit", "an edit's mark"),
    )
    return [(wanted, is_so, name) for wanted, is_so, name in states if wanted is not None]


def _any(kind: str, asked: Shape) -> bool:
    return ANY_MEDIA in asked.has and kind != _CARD
