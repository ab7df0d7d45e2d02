"""What no automaton looks for: regular expressions, and addresses."""

from collections.abc import Iterable

from monitor.hit import Found
from monitor.lexicon.expressions import Expression, expression, matches
from monitor.post import Post
from monitor.rule import Link
from monitor.text.links import addresses, hidden, leads_to


def matched(term: str, text: str, most: int) -> list[Found]:
    """Where a regular expression is found, at most so often; its named groups are captured."""
    known = expression(term)
    if not isinstance(known, Expression):
        return []
    return [
        Found(
            text=text[one.start : one.end],
            start=one.start,
            end=one.end,
            term=term,
            captured=one.groups,
        )
        for one in matches(known, text, most)
    ]


def linked(links: Iterable[Link], text: str, post: Post | None) -> dict[str, list[Found]]:
    """Where the text shows an address that is asked for, or hides it behind words."""
    behind = map(hidden, post.links if post else ())
    found: dict[str, list[Found]] = {}
    for one in (*addresses(text), *behind):
        for link in links:
            if any(leads_to(one, wanted) for wanted in link.to):
                find = Found(text=one.text, start=one.start, end=one.end, term=link.text)
                found.setdefault(link.text, []).append(find)
    return found
