"""A rulebook as tables: what to look for, what each find means, which rules it concerns.

Everything that words can become is made here, once, so that judging a post is one pass over its
text. A rule is filed only under its rarest necessary group of terms: the cost of a post grows with
what is found in it, not with the number of rules.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple, Protocol

from monitor.gazetteer.lookup import Gazetteer
from monitor.incident import Ladder
from monitor.lexicon.surfaces import Inflect, Surface, surfaces
from monitor.lexicon.terms import TermProblem, near_of, parse
from monitor.mistake import Mark, Mistake, MistakesError
from monitor.place import Area, Place
from monitor.rule import Asked, Condition, Rule, Term, Where
from monitor.rulebook.conditions import Numbers, asked_in, terms_in
from monitor.rulebook.packed import Shelf
from monitor.rulebook.patterns import Patterns, plain
from monitor.rulebook.plan import Group, necessary
from monitor.rulebook.where import fits, likely, wheres_in
from monitor.source import SourceInfo
from monitor.watch import Entry, Watch


class Book(Protocol):
    """What is compiled: the rules, and who speaks."""

    @property
    def rules(self) -> Sequence[Rule]:
        """All rules."""

    @property
    def sources(self) -> Mapping[str, SourceInfo]:
        """Every known source by its id."""

    @property
    def ladder(self) -> Ladder:
        """How sure incidents are."""

    @property
    def places(self) -> tuple[Place, ...]:
        """Own places."""

    @property
    def areas(self) -> tuple[Area, ...]:
        """Own areas."""

    @property
    def watches(self) -> Mapping[str, Watch]:
        """The correlations, by key."""

    @property
    def watchers(self) -> Mapping[str, tuple[Entry, ...]]:
        """Whom the hits of a rule concern."""

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all rules, correlations too."""

    @property
    def hash(self) -> str:
        """Names the content: stamped on every hit."""


class Compiled(NamedTuple):
    """The tables; see the fields.

    `terms` by number; `rules` in order of their ids, `groups` the necessary groups of each, the
    rarest first; `filed`: the first number of those that rules are filed under; `narrow` and
    `wide`: the patterns of the byte and of the character automaton; `wheres`: every place
    condition, each once; `asked`: what is asked of a post when a rule came near, by number.
    """

    terms: tuple[str, ...]
    rules: Shelf
    groups: tuple[tuple[Group, ...], ...]
    filed: int
    narrow: Patterns
    wide: Patterns
    wheres: tuple[Where, ...]
    asked: Mapping[int, Term | Asked]
    numbers: Numbers


class Spelled(NamedTuple):
    """How a term may stand in a text.

    `plain`: the patterns that mean nothing else, nearly all of them; `others`: the surfaces that
    ask for more. `frequency`: how common it may be (infinite: it is not looked for).
    """

    plain: tuple[str, ...]
    others: tuple[Surface, ...]
    frequency: float


Formed = Spelled | TermProblem
"""How a term may stand in a text, or why it cannot be used."""
Forms = Callable[[Sequence[str]], Mapping[str, Formed]]
"""What spells terms, all that are asked for."""


def one_by_one(inflect: Inflect) -> Forms:
    """Spells terms whose plain words have these forms."""
    return lambda terms: {term: formed(term, inflect) for term in terms}


def formed(term: str, inflect: Inflect) -> Formed:
    """How one term may stand in a text."""
    parsed = parse(term)
    if isinstance(parsed, TermProblem):
        return parsed
    found = surfaces(parsed, inflect)
    if isinstance(found, TermProblem):
        return found
    # Two words near each other have no form together: each side has its own.
    return spelled(() if parsed.near is not None else found)


def spelled(found: Sequence[Surface]) -> Spelled:
    """Surfaces as patterns, as far as they are plain words."""
    if not found:
        return Spelled((), (), math.inf)
    keys: dict[str, None] = {}
    others: list[Surface] = []
    for surface in found:
        key = plain(surface)
        if key:
            keys[key] = None
        else:
            others.append(surface)
    return Spelled(tuple(keys), tuple(others), sum(map(_guess, found)))


def compile_rulebook(
    book: Book,
    forms_of: Forms,
    counts: Mapping[str, int] | None = None,
    gazetteer: Gazetteer | None = None,
) -> Compiled:
    """Compile all rules.

    `forms_of` says how terms may be spelled; `counts`, if given, how often each was found in past
    posts (a term not in it was not found), instead of the built-in guess. A place condition is a
    term too: its surfaces are the names of all places in the `gazetteer` that fit it.

    Raises:
        MistakesError: a term that cannot be used, at the rule's line; all of them at once.
    """
    rules = book.rules if isinstance(book.rules, Shelf) else Shelf(book.rules)
    texts = sorted({text for rule in rules for text in texts_of(rule)})
    made = forms_of(texts)
    problems = {text: of for text, of in made.items() if isinstance(of, TermProblem)}
    if problems:
        raise MistakesError(_mistakes(rules, problems))
    forms = [of for of in map(made.__getitem__, texts) if not isinstance(of, TermProblem)]
    wheres = {where.text: where for rule in rules for where in wheres_in(rule.when)}
    terms = (*texts, *wheres)
    known: dict[str | Condition, int] = {text: number for number, text in enumerate(terms)}
    told_by_names = _told_by_names(rules, known, forms)
    for text, where in wheres.items():
        asked_for = text in told_by_names
        forms.append(spelled(names_of(where, gazetteer or Gazetteer()) if asked_for else ()))
    frequency = _frequency(terms, forms, counts)
    groups = [necessary(rule.when, known, frequency.__getitem__) for rule in rules]
    order, filed = _order(groups, frequency)
    terms, forms = tuple(terms[one] for one in order), [forms[one] for one in order]
    known = {text: number for number, text in enumerate(terms)}
    narrow, wide = _patterns(forms)
    asked = _asked(rules, known)
    narrow.mark_disguises(known.setdefault(DISGUISE, len(known)))
    return Compiled(
        terms, rules, _renumbered(groups, order), filed,
        narrow, wide, tuple(wheres.values()), asked, known,
    )  # fmt: skip


def _patterns(forms: Sequence[Spelled]) -> tuple[Patterns, Patterns]:
    """The surfaces of terms, by number: those that bytes can say, and the others."""
    narrow, wide = Patterns(bytewise=True), Patterns(bytewise=False)
    for number, found in enumerate(forms):
        narrow.add_plain(found.plain, number)
        for surface in found.others:
            if not narrow.add(surface, number):
                wide.add(surface, number)
    return narrow, wide


def _order(groups: Sequence[Sequence[Group]], frequency: Sequence[float]) -> tuple[list[int], int]:
    """The terms as they are numbered, and the first number of those that rules are filed under.

    Those come last, so that one comparison tells them. The others begin with the one that posts
    and rules have most: numbers below 257 are there once for the whole interpreter, always at hand.
    """
    under = frozenset[int]().union(*(of[0] for of in groups if of))
    uses = Counter(chain.from_iterable(chain.from_iterable(of[1:] for of in groups)))
    met = [
        -often * (1 + uses[one]) if often < math.inf else 0.0 for one, often in enumerate(frequency)
    ]
    order = sorted(range(len(frequency)), key=lambda one: (one in under, met[one]))
    return order, len(order) - len(under)


def _renumbered(
    groups: Iterable[Sequence[Group]], order: Sequence[int]
) -> tuple[tuple[Group, ...], ...]:
    number = {one: at for at, one in enumerate(order)}.__getitem__
    return tuple(tuple(frozenset(map(number, group)) for group in of) for of in groups)


def texts_of(rule: Rule) -> Iterator[str]:
    """The terms of a rule, each followed by the two sides of `a ~5 b`."""
    for term in terms_in(rule.when):
        yield term.text
        near = near_of(term.text)
        if near is not None:
            yield near.left.text
            yield near.right.text


def _asked(rules: Iterable[Rule], known: dict[str | Condition, int]) -> dict[int, Term | Asked]:
    """What is asked of posts, by number; what has none yet gets one."""
    asked: dict[int, Term | Asked] = {}
    for rule in rules:
        for one in asked_in(rule.when):
            key = one.text if isinstance(one, Term) else one
            asked[known.setdefault(key, len(known))] = one
    return asked


DISGUISE = "\0disguise"
"""Under this name the numbers hold what is found where letters are stretched or pulled apart."""
MANY_PLACES = 5_000
"""Of more places the names are not looked for: such a condition holds in too many posts."""


def _told_by_names(
    rules: Iterable[Rule], numbers: Mapping[str | Condition, int], forms: list[Spelled]
) -> set[str]:
    """The place conditions of rules that no word brings near: only names of places can."""

    def frequency(number: int) -> float:
        return forms[number].frequency if number < len(forms) else math.inf

    asking = [(rule, [one.text for one in wheres_in(rule.when)]) for rule in rules]
    return {
        text
        for rule, wheres in asking
        if wheres and not necessary(rule.when, numbers, frequency)
        for text in wheres
    }


def names_of(where: Where, gazetteer: Gazetteer) -> tuple[Surface, ...]:
    """How the places that fit are written; nothing if they are too many, or any would do."""
    if where.unresolved:
        return ()
    fitting: dict[str, Place] = {}
    for place in likely(where, gazetteer):
        if place.id not in fitting and fits(place, where, gazetteer):
            fitting[place.id] = place
            if len(fitting) > MANY_PLACES:
                return ()
    names: set[str] = set()
    for place in fitting.values():
        names.update(gazetteer.keys(place))
    return tuple(Surface(tuple(name.split(" "))) for name in sorted(names))


def _mistakes(rules: Iterable[Rule], problems: Mapping[str, TermProblem]) -> list[Mistake]:
    return [
        Mistake(
            Mark(rule.file or rule.id, rule.line or 1, 1),
            f"rule {rule.id}: {problems[term.text].message}",
            problems[term.text].hint,
        )
        for rule in rules
        for term in terms_in(rule.when)
        if term.text in problems
    ]


def _frequency(
    terms: tuple[str, ...], forms: list[Spelled], counts: Mapping[str, int] | None
) -> tuple[float, ...]:
    """How common each term is, in comparison with others."""
    guesses = [found.frequency for found in forms]
    if counts is None:
        return tuple(guesses)
    # Of terms that were never found, the likelier ones still come first: one of several rare words
    # brings a rule near more often than one rare word.
    return tuple(
        counts.get(term, 0) + guess / (1 + guess) if guess < math.inf else guess
        for term, guess in zip(terms, guesses, strict=True)
    )


def _guess(surface: Surface) -> float:
    """A guess from lengths alone: a word is half as common as one that is a letter shorter.

    Each further word of a phrase makes it ten times rarer; a beginning stands for several words.
    """
    if len(surface.words) == 1 and not surface.words[0].endswith("*"):
        return float(0.5 ** len(surface.words[0]))
    longest = max(len(word.rstrip("*")) for word in surface.words)
    several = 4.0 if any(word.endswith("*") for word in surface.words) else 1.0
    return float(several * 0.5**longest * 0.1 ** (len(surface.words) - 1))
