"""A rule holds for a post: the hit, the words that made it, and the reasons."""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from monitor.place import Place
from monitor.post import PostName
from monitor.rule import Rule


class Found(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What was found where: `text` stands at code points [start, end) of the post's text.

    `term` is the term as written in the rule, or `place` the id of the place. What is not in the
    text (a video, an address behind words) stands at [0, 0). `captured` are values by name.
    """

    text: str
    start: int
    end: int
    term: str | None = None
    place: str | None = None
    captured: tuple[tuple[str, int | str], ...] = ()


class Reason(msgspec.Struct, frozen=True):
    """One check of a rule: what was asked, whether it held, and what was found."""

    check: str
    holds: bool
    found: tuple[Found, ...] = ()


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """One rule holding for one post version at one resolved place (or none).

    Who speaks is stamped when it happens: later changes of the sources file do not rewrite it.
    `proof` finds the words when they are first asked for.
    """

    rule: Rule
    post: PostName
    proof: Callable[[], tuple[Found, ...]]
    place: Place | None = None
    role: str = "unknown"
    affiliation: str = "unknown"
    family: str = ""
    rulebook: str = ""

    @property
    def found(self) -> tuple[Found, ...]:
        """What makes the rule hold, in the order of the text, without repeats."""
        return self.proof()

    @property
    def captured(self) -> Mapping[str, int | str]:
        """Values by name.

        Of numbers that a `number` condition read the largest, of an expression's named groups the
        first.
        """
        return captured(self.found)


def spans(found: tuple[Found, ...]) -> tuple[tuple[int, int], ...]:
    """The [start, end) of what was found, joined where they touch or overlap, in order.

    What stands nowhere in the text (a place that the source's home says) has none.
    """
    joined: list[tuple[int, int]] = []
    for start, end in sorted({(one.start, one.end) for one in found if one.start < one.end}):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def captured(found: Iterable[Found]) -> dict[str, int | str]:
    """The values that finds give, by name: of numbers the largest, of texts the first."""
    values: dict[str, int | str] = {}
    for one in found:
        for name, value in one.captured:
            known = values.setdefault(name, value)
            if isinstance(value, int) and isinstance(known, int) and value > known:
                values[name] = value
    return values
