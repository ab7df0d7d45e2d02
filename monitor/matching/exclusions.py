"""Words that tell a rule's false hits from its right ones: what to write under `not`.

Every word, and every two neighbours, of the wrong posts is tried as a term with all its forms. Kept
is what stands in no right post; of that, the fewest that remove the most. A word can stand in the
wrong posts by chance alone, so it is said how common it is, and how the same search would have done
without knowing each of the wrong posts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import pairwise
from typing import NamedTuple

import msgspec
import regex

from monitor.lexicon import dictionary
from monitor.lexicon.readings import possible_languages
from monitor.lexicon.terms import ParsedTerm, parse
from monitor.matching.evaluate import Matcher
from monitor.rule import AllOf, NoneOf, Rule, Term
from monitor.rulebook.book import bind

SHORTEST = 4
"""Letters of a word that may be an exclusion."""
MOST_COMMON = 0.02
"""A word in a larger share of all posts says nothing of a subject."""
MOST = 8
"""Exclusions that are proposed at most."""

_WORD = regex.compile(r"\w+(?:[-'’ʼ]\w+)*")


class Judged(NamedTuple):
    """A post on which the rule holds: its name, its text, and where the rule's words stand."""

    name: str
    text: str
    spans: tuple[tuple[int, int], ...]


class Exclusion(NamedTuple):
    """A term for `not`, the wrong posts that it removes, and how many other posts have it."""

    term: str
    removes: tuple[str, ...]
    elsewhere: int


class Advice(NamedTuple):
    """What to exclude; the wrong posts that stay; and of how many wrong posts it was foretold.

    `foretold`: wrong posts that the exclusions found from the other ones alone would have removed.
    """

    exclusions: tuple[Exclusion, ...]
    stay: tuple[str, ...]
    foretold: int


def advise(wrong: Sequence[Judged], right: Sequence[str], elsewhere: Sequence[str]) -> Advice:
    """The fewest exclusions that remove the most wrong posts and keep every right one.

    `right` are the texts that must stay, `elsewhere` those of posts that the rule does not concern.
    """
    near = {term: far for one in reversed(wrong) for term, far in _candidates(one)}
    if not near:
        return Advice((), tuple(one.name for one in wrong), 0)
    rules = (Rule(id=f"{at:07}", title=term, when=Term(term)) for at, term in enumerate(near))
    matcher = Matcher(bind(rules, ()))
    kept = near.keys() - {term for text in right for term in matcher.terms_in(text)}
    common = dict.fromkeys(kept, 0)
    for text in elsewhere:
        for term in kept & matcher.terms_in(text):
            common[term] += 1
    most = max(1, MOST_COMMON * len(elsewhere))
    usable = {term: near[term] for term, count in common.items() if count <= most}
    found = [matcher.terms_in(one.text) & usable.keys() for one in wrong]
    chosen = _fewest(found, usable)
    foretold = sum(
        bool(found[at] & set(_fewest([*found[:at], *found[at + 1 :]], usable)))
        for at in range(len(wrong))
    )
    removed = {
        term: tuple(one.name for one, terms in zip(wrong, found, strict=True) if term in terms)
        for term in chosen
    }
    gone = {name for names in removed.values() for name in names}
    return Advice(
        tuple(Exclusion(term, names, common[term]) for term, names in removed.items()),
        tuple(one.name for one in wrong if one.name not in gone),
        foretold,
    )


def excluding(rule: Rule, terms: Iterable[str]) -> Rule:
    """The rule with these terms under its `not` too."""
    taken = NoneOf(tuple(Term(term) for term in terms))
    parts = (*rule.when.parts, taken) if isinstance(rule.when, AllOf) else (rule.when, taken)
    return msgspec.structs.replace(rule, when=AllOf(parts))


def _fewest(found: Sequence[AbstractSet[str]], far: Mapping[str, float]) -> list[str]:
    """Terms that together are in the most posts: each time the one in most of those left.

    Of equal ones the nearest to the rule's own words, then the longest.
    """
    left, chosen = list(found), list[str]()
    while len(chosen) < MOST and any(left):
        counts: dict[str, int] = {}
        for terms in left:
            for term in terms:
                counts[term] = counts.get(term, 0) + 1
        best = min(counts, key=lambda term: (-counts[term], far[term], -len(term), term))
        chosen.append(best)
        left = [terms for terms in left if best not in terms]
    return chosen


def _candidates(post: Judged) -> Iterator[tuple[str, float]]:
    """The words of a post and its pairs of neighbours, with their distance from the rule's words.

    A pair is a guess more than a word: it counts as farther away.
    """
    words = [
        one for one in _WORD.finditer(post.text)
        if not any(start < one.end() and one.start() < end for start, end in post.spans)
    ]  # fmt: skip
    for one in words:
        if term := _usable(_base(one.group())):
            yield term, _distance(one.start(), post.spans)
    for one, other in pairwise(words):
        if post.text[one.end() : other.start()].isspace():
            term = _usable(f"{one.group()} {other.group()}".lower())
            if term and len(term) > 2 * SHORTEST:
                yield term, _distance(one.start(), post.spans) + 1000


def _distance(at: int, spans: Sequence[tuple[int, int]]) -> float:
    return float(min((min(abs(at - start), abs(at - end)) for start, end in spans), default=0))


def _usable(word: str) -> str:
    """The word if it can be a term, else nothing."""
    if len(word) < SHORTEST or not any(one.isalpha() for one in word):
        return ""
    return word if isinstance(parse(word), ParsedTerm) else ""


def _base(word: str) -> str:
    """A word as an analyst would write it: its dictionary form, if a dictionary has it."""
    lower = word.lower()
    for language in possible_languages(word):
        if dictionary.known(lower, language):
            return str(dictionary.readings(lower, language)[0].parse.normal_form)
    return lower if word.islower() else word
