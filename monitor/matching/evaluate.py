"""Judge a post: which rules hold for it, and why.

Pure: post in, hits out. What a post costs depends on what is found in it: nothing found, nothing
more is done; then only rules whose rarest necessary group was found are tried; places in the text
are worked out only for rules that hold.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import cast

import msgspec

from monitor.gazetteer.lookup import Gazetteer
from monitor.hit import Found, Hit, Reason, captured
from monitor.lexicon.expressions import is_pattern
from monitor.lexicon.inflect import plain_forms
from monitor.lexicon.surfaces import Inflect
from monitor.matching.ground import Grounds
from monitor.matching.notes import apart
from monitor.matching.outside import linked, matched
from monitor.matching.reasons import reasons
from monitor.matching.scan import PATTERN, Look, Scanner, Sighting
from monitor.matching.seen import MAX_PLACES, Seen, evidence, holds
from monitor.place import Place
from monitor.post import Post, PostName
from monitor.rule import Link, Rule
from monitor.rulebook.compile import Book, CompiledRule, compile_rulebook, compiled_rule
from monitor.rulebook.conditions import every, possible, wanted_terms
from monitor.rulebook.where import wheres_in
from monitor.source import SourceInfo
from monitor.text.fold import OTHER, fold, fold_wide, has_other_letters
from monitor.text.symbols import unspaced


class Verdict(msgspec.Struct, frozen=True):
    """What a rule says of a post: `id` of the rule, whether it matched, and every reason."""

    id: str
    matched: bool
    reasons: tuple[Reason, ...]


MAX_ASKED = 1000
"""Most places of a term in one post where it matters which one."""

Readings = Sequence[tuple[Scanner, Look]]
"""What each automaton found in a text."""


class Matcher:
    """A compiled rulebook. Immutable: a new rulebook is a new Matcher."""

    def __init__(
        self, rulebook: Book, *, inflect: Inflect = plain_forms,
        counts: Mapping[str, int] | None = None, gazetteer: Gazetteer | None = None,
    ) -> None:  # fmt: skip
        """Compile the rulebook; see `compile_rulebook` for what it raises.

        `gazetteer` resolves the places that rules ask for; the rulebook's own places if None.
        """
        ground = gazetteer or Gazetteer(rulebook.places, rulebook.areas)
        compiled = compile_rulebook(rulebook, inflect=inflect, counts=counts, gazetteer=ground)
        filed = frozenset(compiled.filed)
        self.rulebook = rulebook
        self.gazetteer = ground
        self._terms = compiled.terms
        self._rules = compiled.rules
        self._filed = compiled.filed
        self._always = compiled.always
        self._numbers = compiled.numbers
        self._asked = compiled.asked
        self._possible = self._possibilities()
        self._expressions = frozenset(
            number for number, term in enumerate(compiled.terms) if is_pattern(term)
        )
        self._links = {one.text: one for rule in rulebook.rules for one in every(rule.when, Link)}
        self._places = {compiled.terms.index(where.text) for where in compiled.wheres}
        self._grounds = Grounds(ground, compiled.wheres)
        self._narrow = Scanner(compiled.narrow, filed)
        self._find = self._narrow.find
        self._filed_patterns = self._narrow.filed
        self._wide = Scanner(compiled.wide, filed) if compiled.wide.meanings else None
        self._unspaced = any(unspaced(symbol) for key in compiled.wide.meanings for symbol in key)

    def __getstate__(self) -> dict[str, object]:
        """All but what is tested: functions do not travel between processes."""
        rules = [rule.rule for rule in self._rules]
        return {**vars(self), "_rules": rules, "_possible": {}}

    def __setstate__(self, state: dict[str, object]) -> None:
        """Make the tests again."""
        vars(self).update(state)
        rules = cast("list[Rule]", state["_rules"])
        self._rules = tuple(compiled_rule(rule, self._numbers) for rule in rules)
        self._possible = self._possibilities()

    def _possibilities(self) -> dict[int, Callable[[AbstractSet[int]], bool]]:
        return {number: possible(one, self._numbers) for number, one in self._asked.items()}

    def look(self, text: str) -> Readings:
        """Look for every term."""
        folded = fold(text)
        readings = [(self._narrow, Look(text, folded, self._find(folded)))]
        if self._wide is not None and self._may_be_wide(text, folded):
            wide = fold_wide(text)
            readings.append((self._wide, Look(text, wide, self._wide.find(wide))))
        return readings

    def concerning(self, text: str) -> Readings | None:
        """As `look`, but None if no rule needs to be tried: the usual post goes no further."""
        folded = fold(text)
        finds = self._find(folded)
        if self._always or (self._wide is not None and self._may_be_wide(text, folded)):
            return self.look(text)
        if self._filed_patterns.isdisjoint(map(PATTERN, finds)):
            return None
        return ((self._narrow, Look(text, folded, finds)),)

    def _may_be_wide(self, text: str, folded: bytes) -> bool:
        """Whether the character automaton could find anything."""
        return OTHER in folded or (self._unspaced and has_other_letters(text))

    def rules_holding(self, readings: Readings, who: SourceInfo, post: Post) -> list[CompiledRule]:
        """The rules that hold, in the order of their ids."""
        found: set[int] = set()
        questions = [scanner.terms(look, found) for scanner, look in readings]
        tried = set(self._always)
        for term in self._filed.keys() & found:
            tried.update(self._filed[term])
        rules = [self._rules[index] for index in sorted(tried)]
        if rules and (self._asked or any(questions)):
            wanted = frozenset[int]().union(*(rule.terms for rule in rules))
            for (scanner, look), still in zip(readings, questions, strict=True):
                scanner.answer(look, found, still, wanted)
            asked = {number for rule in rules for number in rule.asked}
            if asked:
                seen = self.seen(readings, who, post, wanted)
                likely = [one for one in asked if self._possible[one](found)]
                found.update(one for one in likely if seen.holds(self._asked[one]))
        if self._places:
            found = (found - self._places) | self._where(readings[0][1].text, rules, who)
        return [
            rule
            for rule in rules
            if rule.test(found, who) and (not who.rules or rule.rule.id in who.rules)
        ]

    def _where(self, text: str, tried: Sequence[CompiledRule], who: SourceInfo) -> set[int]:
        """The place conditions that hold; only worked out if a rule that came near has one."""
        if not any(True for one in tried for _ in wheres_in(one.rule.when)):
            return set()
        found = self._grounds.of(text, who.home).found
        return {number for number in self._places if self._terms[number] in found}

    def seen(
        self,
        readings: Readings,
        who: SourceInfo,
        post: Post | None = None,
        wanted: frozenset[int] | None = None,
    ) -> Seen:
        """What was found of every term (or only of those wanted), worked out when asked for."""
        text = readings[0][1].text
        return Seen(lambda: self._finds(readings, who, post, wanted), text, who, post)

    def terms_in(self, text: str) -> AbstractSet[str]:
        """The terms that are found in a text, whatever rules make of them."""
        return self.seen(self.look(text), SourceInfo(id="")).finds.keys()

    def _finds(
        self, readings: Readings, who: SourceInfo, post: Post | None, wanted: frozenset[int] | None
    ) -> dict[str, list[Found]]:
        """Where every term stands, in the order of the text; places too, and links."""
        text = readings[0][1].text
        most = MAX_ASKED if self._asked else MAX_PLACES
        sightings: set[Sighting] = set()
        for scanner, look in readings:
            sightings.update(scanner.sightings(look, wanted, most))
        seen: dict[str, list[Found]] = {}
        if self._places and (wanted is None or wanted & self._places):
            seen.update(self._grounds.of(text, who.home).found)
        for number, start, end in sorted(sightings, key=lambda one: (one.start, one.end)):
            if number not in self._places:
                term = self._terms[number]
                found = Found(text=text[start:end], start=start, end=end, term=term)
                seen.setdefault(term, []).append(found)
        for number in self._expressions if wanted is None else self._expressions & wanted:
            found_here = matched(self._terms[number], text, most)
            if found_here:
                seen[self._terms[number]] = found_here
        if self._links:
            seen.update(linked(self._links.values(), text, post))
        return seen

    def by_place(
        self, text: str, found: tuple[Found, ...], who: SourceInfo
    ) -> Iterator[tuple[Place | None, tuple[Found, ...]]]:
        """What was found, once for each place it speaks of (the most precise ones), or for none."""
        ids = {one.place for one in found if one.place is not None}
        if not ids:
            yield None, found
            return
        known = self._grounds.of(text, who.home).places
        for place in self._grounds.precise({one: known[one] for one in sorted(ids)}):
            yield place, tuple(one for one in found if one.place in {None, place.id})

    def speaker(self, post: Post) -> SourceInfo:
        """What is known of the post's source; `unknown` in role and side if it is not listed."""
        return self.rulebook.sources.get(post.source) or SourceInfo(id=post.source)


def evaluate(matcher: Matcher, post: Post, name: PostName) -> tuple[Hit, ...]:
    """The rules that hold for a post, in the order of their ids; role and side stamped."""
    readings = matcher.concerning(post.text)
    if readings is None:
        return ()
    who = matcher.speaker(post)
    holding = matcher.rules_holding(readings, who, post)
    if not holding:
        return ()
    wanted = frozenset[int]().union(*(rule.terms for rule in holding))
    seen = matcher.seen(readings, who, post, wanted)
    return tuple(
        Hit(
            rule=rule.rule,
            post=name,
            found=found,
            place=place,
            role=who.role,
            affiliation=who.affiliation,
            family=who.publisher,
            rulebook=matcher.rulebook.hash,
            captured=captured(found),
        )
        for rule in holding
        for place, found in matcher.by_place(post.text, evidence(rule.rule.when, seen), who)
    )


def explain(matcher: Matcher, post: Post) -> tuple[Verdict, ...]:
    """What every rule says that matched or came near: at least one of its terms was found."""
    who = matcher.speaker(post)
    seen = matcher.seen(matcher.look(post.text), who, post)
    verdicts = []
    for rule in matcher.rulebook.rules:
        why = reasons(rule.when, seen)
        if who.rules and rule.id not in who.rules:
            why = (*why, Reason(f"{who.id} is limited to rules {', '.join(who.rules)}", False))
        matched = holds(rule.when, seen) and (not who.rules or rule.id in who.rules)
        if matched or _near(rule, seen):
            verdicts.append(Verdict(rule.id, matched, why))
    return tuple(sorted(verdicts, key=lambda verdict: verdict.id))


def _near(rule: Rule, seen: Seen) -> bool:
    """Whether a word of the rule was found; of one that only asks where, a place of it."""
    words = list(wanted_terms(rule.when))
    if not words:
        return any(seen.get(where) for where in wheres_in(rule.when))
    return any(seen.get(term) or apart(term, seen) for term in words)
