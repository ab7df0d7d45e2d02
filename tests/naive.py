"""The reference matcher: the documented meaning of rules, word by word, without cleverness.

Written from the words of monitor/text/symbols.py and monitor/lexicon/terms.py, sharing no code with
the engine: words are cut out of the original text with the `regex` module, every term is tried at
every word.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

import regex

from monitor.lexicon.counting import counting
from monitor.post import Post
from monitor.rule import (
    AllOf,
    AnyOf,
    AtLeast,
    Condition,
    Count,
    Except,
    Link,
    NoneOf,
    Rule,
    Scope,
    Shape,
    Speaker,
    Term,
    Where,
)
from monitor.source import SourceInfo
from tests.naive_words import (
    APART,
    UNSPACED,
    find,
    near_each_other,
    words,
)


class Case(NamedTuple):
    """A post, who published it, and the part of its text that is meant."""

    text: str
    who: SourceInfo
    post: Post | None = None
    span: tuple[int, int] | None = None


def places(term: Term, case: Case) -> frozenset[tuple[int, int]]:
    """Where a term stands in the part that is meant; of `a ~5 b` both sides stand there."""
    first, last = case.span or (0, len(case.text))
    apart = APART.fullmatch(term.text)
    if apart:
        left, right = (places(Term(apart[side]), case) for side in (1, 4))
        return near_each_other(case.text, left, right, int(apart[3]), ordered=apart[2] == ">")
    return frozenset(at for at in find(term.text, case.text) if first <= at[0] and at[1] <= last)


def left_over(parts: Iterable[Term], but: Iterable[Term], case: Case) -> set[tuple[int, int, str]]:
    """The finds of the parts that no find of `but` covers."""
    taken = [at for term in but for at in places(term, case)]
    return {
        (*at, term.text)
        for term in parts
        for at in places(term, case)
        if not any(other[0] <= at[0] and at[1] <= other[1] for other in taken)
    }


def counted(count: Count, case: Case) -> set[tuple[int, int, str, int]]:
    """The words that have a number that fits, and that number as (start, end, name, low).

    The number of a word is read by the product's own reader: tests/test_numbers.py is its table.
    """
    out: set[tuple[int, int, str, int]] = set()
    for start, end, term in left_over(count.of, count.but, case):
        number = counting(case.text, start, end)
        if number is None or number.low < (count.at_least or 0):
            continue
        if count.at_most is None or (number.high is not None and number.high <= count.at_most):
            out |= {(start, end, term, number.low)}
            out |= {(number.start, number.end, count.text, number.low)}
    return out


def is_such_a_post(asked: Shape, case: Case) -> bool:
    """Whether the post has the media and is of the kind that is asked for."""
    kinds = [one.kind for one in case.post.media] if case.post else []
    attached = [kind for kind in kinds if kind != "preview"]
    if asked.has and not set(asked.has) & {*kinds, *(["media"] if attached else [])}:
        return False
    post = case.post
    facts = (
        (asked.words, bool(words(case.text) or UNSPACED.search(case.text))),
        (asked.forwarded, bool(post and post.forwarded_from)),
        (asked.reply, bool(post and post.reply_to)),
        (asked.edited, bool(post and post.kind == "edit")),
    )
    return all(wanted in {None, is_so} for wanted, is_so in facts)


def links(asked: Link, case: Case) -> set[tuple[int, int, str]]:
    """The addresses shown in the part that is meant, and those behind words, that are asked for."""
    found: set[tuple[int, int, str]] = set()
    first, last = case.span or (0, len(case.text))
    shown = [(hit[0], hit.start(), hit.end()) for hit in SHOWN.finditer(case.text)]
    for text, start, end in shown + [(one, 0, 0) for one in (case.post.links if case.post else ())]:
        written = text.rstrip(".,;:!?)]}'’»")
        host, _, path = written.removeprefix("https://").removeprefix("www.").partition("/")
        if end and not first <= start <= end <= last:
            continue
        for wanted in asked.to:
            domain, _, below = wanted.partition("/")
            if f".{host}".endswith(f".{domain}") and f"{path}/".startswith(below and f"{below}/"):
                found.add((start, min(end, start + len(written)), asked.text))
    return found


SHOWN = regex.compile(
    r"(?<![\w@.-])(?:https?://)?((?:[\w-]+\.)+[^\W\d_][\w-]+)(/[\w~:/?#@!$&'()*+,;=%.\[\]-]*)?"
)
CLOSING = "»”\"')]"


def pieces(text: str, unit: str) -> list[tuple[int, int]]:
    """The sentences or paragraphs of a text, letter by letter."""
    ends: list[int] = []
    at = 0
    while at < len(text):
        step = 1
        if unit == "paragraph":
            gap = regex.match(r"\n\s*\n[^\S\n]*", text, pos=at)
            step = len(gap[0]) if gap else 1
            ends += [at + step] if gap else []
        elif text[at] == "\n":
            ends.append(at + 1)
        elif text[at] in ".!?…":
            stop = at
            while stop < len(text) and text[stop] in ".!?…":
                stop += 1
            while stop < len(text) and text[stop] in CLOSING:
                stop += 1
            if ends_a_sentence(text, at, stop):
                ends.append(stop)
            step = stop - at
        at += step
    edges = [0, *ends, len(text)]
    return [(one, two) for one, two in pairwise(edges) if text[one:two].strip()]


def ends_a_sentence(text: str, at: int, stop: int) -> bool:
    """Whether the signs [at, stop) end one."""
    after = text[stop : stop + 1]
    if not (after.isspace() or regex.match(r"\p{Extended_Pictographic}", after)):
        return False
    if text[at] in "!?":
        return True
    rest = text[stop:]
    if rest[0].isspace() and regex.match(r"[«“„\"'(\[]?\p{Ll}", rest.lstrip()):
        return False
    before = regex.search(r"[\p{L}-]*$", text[:at])
    word = before[0] if before else ""
    shortened = word.lower() in SHORTENED or (len(word) == 1 and word.isupper())
    return not (text[at:stop] == "." and shortened)


SHORTENED = {
    "co", "dr", "jr", "lt", "mr", "ms", "no", "sr", "st", "vs", "г", "гг", "гр", "д", "др", "им",
    "кв", "км", "м", "мл", "п", "пл", "пр", "р", "с", "св", "см", "ст", "т", "тн", "ул", "х",
}  # fmt: skip
"""Abbreviations that the tests' texts have or come to by chance: those of one or two letters."""


def parts(scope: Scope, case: Case) -> list[Case]:
    """The sentences or paragraphs of the whole text in which a scope looks.

    One inside another looks for its own kind of piece inside the outer one's.
    """
    first, last = case.span or (0, len(case.text))
    cut = [(max(first, one), min(last, two)) for one, two in pieces(case.text, scope.unit)]
    return [case._replace(span=at) for at in cut if at[0] < at[1]] or [case]


def holds(condition: Condition, case: Case) -> bool:  # noqa: C901, PLR0911 - one answer for each kind
    """Whether a condition holds for a post."""
    match condition:
        case Term():
            return bool(places(condition, case))
        case AllOf(parts=inner):
            return all(holds(part, case) for part in inner)
        case AnyOf(parts=inner):
            return any(holds(part, case) for part in inner)
        case NoneOf(parts=inner):
            return not any(holds(part, case) for part in inner)
        case AtLeast(n=n, parts=inner):
            return sum(holds(part, case) for part in inner) >= n
        case Scope(part=inner_part):
            return any(holds(inner_part, piece) for piece in parts(condition, case))
        case Where():
            raise NotImplementedError("places are tested apart: tests/test_places_rules.py")
        case Speaker():
            return speaks(condition, case.who)
        case Shape():
            return is_such_a_post(condition, case)
        case Except():
            return bool(left_over(condition.parts, condition.but, case))
        case Count():
            return bool(counted(condition, case))
        case Link():
            return bool(links(condition, case))


def speaks(asked: Speaker, who: SourceInfo) -> bool:
    """Whether it is one of those who are asked for."""
    pairs = (
        (asked.role, who.role),
        (asked.affiliation, who.affiliation),
        (asked.family, who.family or who.id),
        (asked.source, who.id),
        (asked.language, who.language or "unknown"),
    )
    return all(not wanted or is_now in wanted for wanted, is_now in pairs)


def evidence(condition: Condition, case: Case) -> set[tuple[int, int, str]]:  # noqa: PLR0911 - the same
    """The (start, end, term) that make a condition hold, as far as they stand in the text."""
    if not holds(condition, case):
        return set()
    match condition:
        case Term():
            return {(*at, condition.text) for at in places(condition, case)}
        case Except():
            return left_over(condition.parts, condition.but, case)
        case Count():
            return {one[:3] for one in counted(condition, case)}
        case Link():
            return {one for one in links(condition, case) if one[1]}
        case Scope():
            inside = (one for one in parts(condition, case) if holds(condition.part, one))
            return {one for piece in inside for one in evidence(condition.part, piece)}
        case AllOf(parts=inner) | AnyOf(parts=inner) | AtLeast(parts=inner):
            return {one for part in inner for one in evidence(part, case)}
    return set()


def captured(condition: Condition, case: Case) -> dict[str, int]:
    """The largest number of each name."""
    if not holds(condition, case):
        return {}
    each: list[dict[str, int]] = []
    match condition:
        case Count(name=name):
            return {
                name: max(one[3] for one in counted(condition, case) if one[2] == condition.text)
            }
        case Scope():
            each = [captured(condition.part, piece) for piece in parts(condition, case)]
        case AllOf(parts=inner) | AnyOf(parts=inner) | AtLeast(parts=inner):
            each = [captured(part, case) for part in inner]
    names = {name for one in each for name in one}
    return {name: max(one.get(name, -1) for one in each) for name in names}


Answer = tuple[str, list[tuple[int, int, str]], dict[str, int]]


def evaluate(
    rules: Iterable[Rule], text: str, who: SourceInfo, post: Post | None = None
) -> list[Answer]:
    """(rule id, sorted evidence, captured numbers) of each rule that holds, by id."""
    case = Case(text, who, post)
    return sorted(
        (rule.id, sorted(evidence(rule.when, case)), captured(rule.when, case))
        for rule in rules
        if holds(rule.when, case) and (not who.rules or rule.id in who.rules)
    )
