"""What is not wrong with rules, but likely not meant: found in the rules alone and in past posts.

Each finding has a kind, stands at its term or rule, and says what to do.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import NamedTuple

from monitor.document import named
from monitor.lexicon.homographs import likelier
from monitor.lexicon.surfaces import Surface
from monitor.lexicon.terms import ParsedTerm, parse
from monitor.mistake import Mark
from monitor.rule import AllOf, AnyOf, AtLeast, Condition, NoneOf, Rule, Term
from monitor.rulebook.book import Rulebook
from monitor.rulebook.conditions import terms_in, wanted_terms
from monitor.rulebook.marks import TermMarks

MANY_FORMS = 300
SHORT = 2
COMMON = 0.05
"""A term in more than this share of all posts says little."""
ENOUGH_POSTS = 200
"""With fewer posts, shares mean nothing."""
SHOWN = 8
ALIKE = 0.8
"""Two rules that share more of their posts than this, of all that either holds for, overlap."""
ENOUGH_HITS = 20

Forms = Mapping[str, tuple[Surface, ...]]

KINDS = {
    "shadowed": "another term of the same list finds all that this one finds",
    "counted twice": "two terms of one `at_least` find the same word",
    "contradiction": "what it asks for is taken away under `not`",
    "same condition": "two rules hold for the same posts",
    "overlapping": "two rules held for nearly the same stored posts",
    "many forms": "it stands for so many forms that it slows loading and finds unexpected words",
    "short": "so few letters are found in names and abbreviations of all kinds",
    "homograph": "a form is more often a form of another word",
    "too common": "it stands in many posts, whatever they are about",
    "never found": "none of the stored posts has it",
    "never holds": "no stored post satisfies the rule",
}


class Finding(NamedTuple):
    """One finding, printed as `file:line:column: kind: message - hint`."""

    mark: Mark
    kind: str
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.mark}: {self.kind}: {self.message} - {self.hint}"


class Counts(NamedTuple):
    """What past posts say: how many there were, and in how many a term stands or a rule holds.

    `forms` says for each term how often it was found as which text, `pairs` in how many posts two
    rules hold (the ids in order).
    """

    posts: int
    terms: Mapping[str, int]
    forms: Mapping[str, Mapping[str, int]]
    rules: Mapping[str, int]
    pairs: Mapping[tuple[str, str], int] = {}


def lint(
    book: Rulebook, marks: TermMarks, forms: Forms, counts: Counts | None = None
) -> tuple[Finding, ...]:
    """Every finding, in the order of files and lines."""
    linter = _Linter(marks, forms)
    found = [one for rule in book.rules for one in linter.rule(rule)]
    found += _same_conditions(book.rules)
    found += linter.terms(book.rules, counts)
    if counts is not None and counts.posts >= ENOUGH_POSTS:
        found += linter.measured(book.rules, counts)
        found += _overlapping(book.rules, counts)
    return tuple(sorted(set(found)))


class _Linter:
    """The checks that need the terms' marks and forms."""

    def __init__(self, marks: TermMarks, forms: Forms) -> None:
        self._marks = marks
        self._forms = forms

    def rule(self, rule: Rule) -> Iterator[Finding]:
        """What the terms of one rule do to each other."""
        for group in _groups(rule.when):
            yield from self._shadowed(rule, group)
        for counted in _counted(rule.when):
            yield from self._twice(rule, counted)
        yield from self._contradictions(rule)

    def _shadowed(self, rule: Rule, group: list[Term]) -> Iterator[Finding]:
        covers = _Covers(group, self._forms)
        gone: set[str] = set()
        for term in reversed(group):
            wider = [one.text for one in covers.of(term) if one.text not in gone]
            if term.within:  # a list serves other rules, too: only its own words count
                own = {one.text for one in group if one.within == term.within}
                wider = [one for one in wider if one in own]
            if wider:
                gone.add(term.text)
                yield Finding(
                    self._marks.of(rule, term),
                    "shadowed",
                    f"{named(term.text)} finds nothing that {named(wider[0])} does not",
                    "remove it, or write =word for what it should find alone",
                )

    def _twice(self, rule: Rule, terms: list[Term]) -> Iterator[Finding]:
        for one, other in combinations(terms, 2):
            both = set(self._forms.get(one.text, ())) & set(self._forms.get(other.text, ()))
            if both and one.text != other.text:
                word = " ".join(min(both).words)
                yield Finding(
                    self._marks.of(rule, other),
                    "counted twice",
                    f"{named(one.text)} and {named(other.text)} both find {named(word)}",
                    "write them as one part: [one, other]",
                )

    def _contradictions(self, rule: Rule) -> Iterator[Finding]:
        taken = [term for part in _negated(rule.when) for term in terms_in(part)]
        covers = _Covers(taken, self._forms)
        for term in dict.fromkeys(wanted_terms(rule.when)):
            by = covers.of(term, itself=True)
            if by:
                yield Finding(
                    self._marks.of(rule, term),
                    "contradiction",
                    f"{named(term.text)} can never match: {named(by[0].text)} stands under `not`",
                    "remove one of them",
                )

    def terms(self, rules: Iterable[Rule], counts: Counts | None) -> Iterator[Finding]:
        """What is odd about single terms."""
        for rule in rules:
            for term in dict.fromkeys(terms_in(rule.when)):
                mark = self._marks.of(rule, term)
                forms = self._forms.get(term.text, ())
                if len(forms) > MANY_FORMS:
                    message = f"{named(term.text)} stands for {len(forms):,} forms"
                    hint = "write =word for the words that need only one form"
                    yield Finding(mark, "many forms", message, hint)
                longest = max((sum(map(len, one.words)) for one in forms), default=SHORT + 1)
                if longest <= SHORT and not any(one.cased or one.tag for one in forms):
                    message = f"{named(term.text)} has {longest} letters, found in any capitals"
                    yield Finding(
                        mark, "short", message, f"write =={term.text.strip('=@~').upper()}"
                    )
            for term in dict.fromkeys(wanted_terms(rule.when)):
                yield from self._homograph(rule, term, counts)

    def _homograph(self, rule: Rule, term: Term, counts: Counts | None) -> Iterator[Finding]:
        parsed = parse(term.text)
        if not isinstance(parsed, ParsedTerm) or parsed.kind != "words":
            return
        if parsed.exact or len(parsed.words) > 1:
            return
        forms = [one.words[0] for one in self._forms.get(term.text, ()) if len(one.words) == 1]
        if counts is not None and counts.posts:
            seen = counts.forms.get(term.text, {})
            forms = [form for form in forms if form in seen]
        others = likelier(parsed.phrase, [form for form in forms if not form.endswith("*")])
        if others:
            told = [f"{form} ({lemma})" for form, lemma in sorted(others.items())]
            more = f" and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
            yield Finding(
                self._marks.of(rule, term),
                "homograph",
                f"forms of {named(term.text)} are likelier forms of another word: "
                + ", ".join(told[:SHOWN])
                + more,
                "write the forms that you mean as =word, or join it with a second word",
            )

    def measured(self, rules: Iterable[Rule], counts: Counts) -> Iterator[Finding]:
        """What past posts say."""
        for rule in rules:
            if not counts.rules.get(rule.id):
                mark = Mark(rule.file or rule.id, rule.line or 1, 1)
                message = f"rule `{rule.id}` holds for none of {counts.posts:,} stored posts"
                hint = "see with `monitor try` which part fails, or keep it for what is rare"
                yield Finding(mark, "never holds", message, hint)
            for term in dict.fromkeys(wanted_terms(rule.when)):
                found = counts.terms.get(term.text, 0)
                mark = self._marks.of(rule, term)
                if found > COMMON * counts.posts:
                    message = (
                        f"{named(term.text)} stands in {found / counts.posts:.0%} of all posts"
                    )
                    hint = "join it with other words under `all`, or write a narrower phrase"
                    yield Finding(mark, "too common", message, hint)
                elif not found:
                    message = f"{named(term.text)} stands in none of {counts.posts:,} stored posts"
                    hint = "check its spelling with `monitor forms`, or keep it for what is rare"
                    yield Finding(mark, "never found", message, hint)


class _Covers:
    """Which terms are found wherever another one is."""

    def __init__(self, terms: Iterable[Term], forms: Forms) -> None:
        self._forms = forms
        self._whole: dict[tuple[str, ...], set[str]] = {}
        self._terms: dict[str, Term] = {}
        for term in terms:
            self._terms.setdefault(term.text, term)
            for surface in forms.get(term.text, ()):
                if not (surface.cased or surface.tag):  # these ask for more than the words
                    self._whole.setdefault(surface.words, set()).add(term.text)
        self._beginnings = max(
            (len(words[-1]) for words in self._whole if words[-1].endswith("*")), default=0
        )

    def of(self, term: Term, *, itself: bool = False) -> list[Term]:
        """The terms that are found in every form of this one, in the order of the list."""
        common: set[str] | None = None
        for surface in self._forms.get(term.text, ()):
            found = self._in(surface.words)
            common = found if common is None else common & found
            if not common:
                break
        wider = common or set()
        if not itself:
            wider.discard(term.text)
        return [other for text, other in self._terms.items() if text in wider]

    def _in(self, words: tuple[str, ...]) -> set[str]:
        """The terms that stand in these words."""
        found: set[str] = set()
        for start, stop in combinations(range(len(words) + 1), 2):
            part = words[start:stop]
            found |= self._whole.get(part, set())
            last = part[-1].rstrip("*")
            for length in range(1, min(len(last) + 1, self._beginnings)):
                found |= self._whole.get((*part[:-1], last[:length] + "*"), set())
        return found


def _groups(condition: Condition) -> Iterator[list[Term]]:
    """The terms of each "any of", nested ones taken together."""
    if isinstance(condition, AnyOf | NoneOf):
        yield list(dict.fromkeys(_alternatives(condition)))
    for part in getattr(condition, "parts", ()):
        if not (isinstance(condition, AnyOf | NoneOf) and isinstance(part, AnyOf)):
            yield from _groups(part)


def _alternatives(condition: Condition) -> Iterator[Term]:
    for part in getattr(condition, "parts", ()):
        if isinstance(part, Term):
            yield part
        elif isinstance(part, AnyOf):
            yield from _alternatives(part)


def _counted(condition: Condition) -> Iterator[list[Term]]:
    """The terms that each `at_least` counts one by one."""
    if isinstance(condition, AtLeast):
        yield [part for part in condition.parts if isinstance(part, Term)]
    for part in getattr(condition, "parts", ()):
        yield from _counted(part)


def _negated(condition: Condition) -> Iterator[Condition]:
    """What a rule's outermost `not` takes away."""
    parts = condition.parts if isinstance(condition, AllOf) else (condition,)
    for part in parts:
        if isinstance(part, NoneOf):
            yield from part.parts


def _same_conditions(rules: Iterable[Rule]) -> Iterator[Finding]:
    first: dict[Condition, Rule] = {}
    for rule in rules:
        before = first.setdefault(rule.when, rule)
        if before is not rule:
            yield Finding(
                Mark(rule.file or rule.id, rule.line or 1, 1),
                "same condition",
                f"rule `{rule.id}` holds for the same posts as `{before.id}`",
                "keep one of them, or give both the same `story`",
            )


def _overlapping(rules: Iterable[Rule], counts: Counts) -> Iterator[Finding]:
    """Rules that ring twice for one event, because no story joins them."""
    by_id = {rule.id: rule for rule in rules}
    for (one, other), both in sorted(counts.pairs.items()):
        either = counts.rules[one] + counts.rules[other] - both
        first, second = by_id[one], by_id[other]
        if both < ENOUGH_HITS or both <= ALIKE * either or first.topic == second.topic:
            continue
        yield Finding(
            Mark(second.file or other, second.line or 1, 1),
            "overlapping",
            f"rules `{one}` and `{other}` share {both:,} of the {either:,} posts that either finds",
            "join them, give both the same `story`, or tell them apart under `not`",
        )
