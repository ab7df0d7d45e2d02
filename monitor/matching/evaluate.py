"""Judge a post: which rules hold for it, and why.

Pure: post in, hits out. What a post costs depends on what is found in it: nothing found, nothing
more is done; then only rules whose rarest necessary group was found are tried; places in the text
are worked out only for rules that hold.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

import msgspec

from monitor.hit import Found, Hit, Reason
from monitor.lexicon.inflect import plain_forms
from monitor.lexicon.terms import Inflect
from monitor.matching.reasons import evidence, holds, reasons
from monitor.matching.scan import PATTERN, RawFind, Scanner, Sighting
from monitor.post import Post, PostName
from monitor.rule import Rule
from monitor.rulebook.compile import Book, CompiledRule, compile_rulebook
from monitor.rulebook.conditions import tested, wanted_terms
from monitor.source import SourceInfo
from monitor.text.fold import fold, fold_wide, has_other_letters


class Verdict(msgspec.Struct, frozen=True):
    """What a rule says of a post: `id` of the rule, whether it matched, and every reason."""

    id: str
    matched: bool
    reasons: tuple[Reason, ...]


class _Reading(NamedTuple):
    """What one automaton found in a text."""

    scanner: Scanner
    folded: bytes | str
    finds: Sequence[RawFind]


class Matcher:
    """A compiled rulebook. Immutable: a new rulebook is a new Matcher."""

    def __init__(
        self, rulebook: Book, *, inflect: Inflect = plain_forms,
        counts: Mapping[str, int] | None = None,
    ) -> None:  # fmt: skip
        """Compile the rulebook; see `compile_rulebook` for what it raises."""
        compiled = compile_rulebook(rulebook, inflect=inflect, counts=counts)
        filed = frozenset(compiled.filed)
        self.rulebook = rulebook
        self._terms = compiled.terms
        self._rules = compiled.rules
        self._filed = compiled.filed
        self._always = compiled.always
        self._narrow = Scanner(compiled.narrow, filed)
        self._wide = Scanner(compiled.wide, filed) if compiled.wide.meanings else None

    def __getstate__(self) -> dict[str, object]:
        """All but the rules' tests: functions do not travel between processes."""
        rules = [(rule.rule, rule.wanted) for rule in self._rules]
        return {**vars(self), "_rules": rules}

    def __setstate__(self, state: dict[str, object]) -> None:
        """Make the tests again."""
        vars(self).update(state)
        numbers = {term: number for number, term in enumerate(self._terms)}
        rules = cast("list[tuple[Rule, frozenset[int]]]", state["_rules"])
        self._rules = tuple(
            CompiledRule(rule, tested(rule.when, numbers), wanted) for rule, wanted in rules
        )

    def look(self, text: str) -> list[_Reading]:
        """Look for every term."""
        folded = fold(text)
        readings = [_Reading(self._narrow, folded, self._narrow.find(folded))]
        if self._wide is not None and has_other_letters(text):
            wide = fold_wide(text)
            readings.append(_Reading(self._wide, wide, self._wide.find(wide)))
        return readings

    def concerns(self, readings: Sequence[_Reading]) -> bool:
        """Whether any rule needs to be tried at all."""
        return bool(self._always) or not all(
            scanner.filed.isdisjoint(map(PATTERN, finds)) for scanner, _, finds in readings
        )

    def rules_holding(
        self, text: str, readings: Sequence[_Reading], who: SourceInfo
    ) -> list[CompiledRule]:
        """The rules that hold, in the order of their ids."""
        found: set[int] = set()
        for scanner, folded, finds in readings:
            found |= scanner.terms(text, folded, finds)
        near = set(self._always)
        for term in self._filed.keys() & found:
            near.update(self._filed[term])
        return [
            rule
            for rule in map(self._rules.__getitem__, sorted(near))
            if rule.test(found, who) and (not who.rules or rule.rule.id in who.rules)
        ]

    def seen(
        self, text: str, readings: Sequence[_Reading], wanted: frozenset[int] | None = None
    ) -> dict[str, list[Found]]:
        """Where every term (or only those wanted) stands, in the order of the text."""
        sightings: set[Sighting] = set()
        for scanner, folded, finds in readings:
            asked = finds if wanted is None else scanner.leading_to(wanted, finds)
            sightings.update(scanner.sightings(text, folded, asked))
        seen: dict[str, list[Found]] = {}
        for number, start, end in sorted(sightings, key=lambda one: (one.start, one.end)):
            term = self._terms[number]
            found = Found(text=text[start:end], start=start, end=end, term=term)
            seen.setdefault(term, []).append(found)
        return seen

    def speaker(self, post: Post) -> SourceInfo:
        """What is known of the post's source; `unknown` in role and side if it is not listed."""
        return self.rulebook.sources.get(post.source) or SourceInfo(id=post.source)


def evaluate(matcher: Matcher, post: Post, name: PostName) -> tuple[Hit, ...]:
    """The rules that hold for a post, in the order of their ids; role and side stamped."""
    readings = matcher.look(post.text)
    if not matcher.concerns(readings):
        return ()
    who = matcher.speaker(post)
    holding = matcher.rules_holding(post.text, readings, who)
    if not holding:
        return ()
    wanted = frozenset[int]().union(*(rule.wanted for rule in holding))
    seen = matcher.seen(post.text, readings, wanted)
    return tuple(
        Hit(
            rule=rule.rule,
            post=name,
            found=evidence(rule.rule.when, seen, who),
            role=who.role,
            affiliation=who.affiliation,
            family=who.publisher,
            rulebook=matcher.rulebook.hash,
        )
        for rule in holding
    )


def explain(matcher: Matcher, post: Post) -> tuple[Verdict, ...]:
    """What every rule says that matched or came near: at least one of its terms was found."""
    who = matcher.speaker(post)
    seen = matcher.seen(post.text, matcher.look(post.text))
    verdicts = []
    for rule in matcher.rulebook.rules:
        why = reasons(rule.when, seen, who)
        if who.rules and rule.id not in who.rules:
            why = (*why, Reason(f"{who.id} is limited to rules {', '.join(who.rules)}", False))
        matched = holds(rule.when, seen, who) and (not who.rules or rule.id in who.rules)
        if matched or any(term.text in seen for term in wanted_terms(rule.when)):
            verdicts.append(Verdict(rule.id, matched, why))
    return tuple(sorted(verdicts, key=lambda verdict: verdict.id))
