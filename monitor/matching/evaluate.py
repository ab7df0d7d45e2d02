"""Judge a post: which rules hold for it, and why.

Pure: post in, hits out. A post costs what is found in it: only rules whose rarest necessary group
was found are tried; places in the text are worked out only for rules that hold.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import NamedTuple

from monitor.gazetteer.lookup import Gazetteer
from monitor.hit import Found, Hit
from monitor.lexicon.expressions import is_pattern
from monitor.lexicon.inflect import plain_forms
from monitor.lexicon.surfaces import Inflect
from monitor.matching.concepts import OPEN, Concepts
from monitor.matching.filing import Filing, Trial, met, terms_named
from monitor.matching.ground import Grounds, beside_words
from monitor.matching.outside import linked, matched
from monitor.matching.scan import Look, RawFind, Readings, Scanner, stands
from monitor.matching.seen import MAX_PLACES, Seen, evidence
from monitor.matching.words import Words
from monitor.place import Place
from monitor.post import Post, PostName
from monitor.rule import Link, Rule
from monitor.rulebook.compile import DISGUISE, Book, Forms, compile_rulebook, one_by_one
from monitor.rulebook.conditions import every, possible
from monitor.rulebook.packed import Shelf
from monitor.rulebook.plan import Group
from monitor.rulebook.where import wheres_in
from monitor.source import SourceInfo
from monitor.text.disguise import readings as undisguised
from monitor.text.fold import OTHER, fold_coded, fold_wide, has_other_letters
from monitor.text.symbols import unspaced

MAX_ASKED = 1000
"""Most places of a term in one post where it matters which one."""


class Size(NamedTuple):
    """How large a compiled rulebook is, in rules, terms and patterns of the automata."""

    rules: int
    terms: int
    patterns: int


class Matcher:
    """A compiled rulebook. Immutable: a new rulebook is a new Matcher."""

    def __init__(
        self, rulebook: Book, *, inflect: Inflect = plain_forms, forms: Forms | None = None,
        counts: Mapping[str, int] | None = None, gazetteer: Gazetteer | None = None,
    ) -> None:  # fmt: skip
        """Compile the rulebook; see `compile_rulebook` for what it raises.

        `forms` makes surfaces, else `inflect` plain forms. `gazetteer`: else the own places only.
        """
        ground = gazetteer or Gazetteer(rulebook.places, rulebook.areas)
        compiled = compile_rulebook(rulebook, forms or one_by_one(inflect), counts, ground)
        self.rulebook = rulebook
        self.gazetteer = ground
        self._terms = compiled.terms
        self._rules = compiled.rules
        self._numbers = compiled.numbers
        self._asked = compiled.asked
        self._possible = self._possibilities()
        self._expressions = frozenset(
            number for number, term in enumerate(compiled.terms) if is_pattern(term)
        )
        self._links = {one.text: one for rule in rulebook.rules for one in every(rule.when, Link)}
        self._places = frozenset(compiled.numbers[where.text] for where in compiled.wheres)
        self._grounds = Grounds(ground, compiled.wheres)
        self._disguise = compiled.numbers[DISGUISE]
        # What makes a post worth a second look.
        near = {self._disguise, *range(compiled.filed, len(compiled.terms))}
        self._concepts = Concepts(len(compiled.numbers))
        self._narrow = Scanner(compiled.narrow, self._concepts, near)
        self._wide = Scanner(compiled.wide, self._concepts) if compiled.wide.meanings else None
        self._unspaced = any(unspaced(symbol) for key in compiled.wide.meanings for symbol in key)
        self._filing = Filing(
            compiled.rules, compiled.groups, compiled.numbers, self._concepts, compiled.filed
        )
        for scanner in filter(None, (self._narrow, self._wide)):
            scanner.ready()
        self._find = self._narrow.find
        self._open = self._filing.always or self._wide is not None
        narrow = self._narrow
        self._at_hand = self._find, narrow.far, narrow.near, narrow.concept, self._filing.brought
        """What every post needs: one look instead of five."""

    def __getstate__(self) -> dict[str, object]:
        """All but what is tested: functions do not travel between processes."""
        return {**vars(self), "_possible": {}}

    def __setstate__(self, state: dict[str, object]) -> None:
        """Make the tests again."""
        vars(self).update(state)
        self._possible = self._possibilities()

    def take(self, rulebook: Book) -> None:
        """Speak of a rulebook that says the same (by its hash), written elsewhere."""
        self.rulebook = rulebook
        self._rules = Shelf(rulebook.rules)
        self._filing.take(self._rules)

    def speaking_for(self, rulebook: Book) -> "Matcher":
        """The same rules, in the name of a rulebook that has them among others."""
        other = object.__new__(Matcher)
        vars(other).update(vars(self))
        other.rulebook = rulebook
        return other

    def _possibilities(self) -> dict[int, Callable[[AbstractSet[int]], bool]]:
        return {number: possible(one, self._numbers) for number, one in self._asked.items()}

    @property
    def rule_ids(self) -> tuple[str, ...]:
        """The ids of its own rules, in order."""
        return self._rules.ids

    @property
    def size(self) -> Size:
        """How large the rulebook became."""
        patterns = len(self._narrow.concept) + (len(self._wide.concept) if self._wide else 0)
        return Size(len(self._rules), len(self._terms), patterns)

    @property
    def scan(self) -> Callable[[bytes], list[RawFind]]:
        """The raw pass over a folded text: the floor under every judgement."""
        return self._find

    def tried(self, text: str) -> int:
        """How many rules come near a text: what it costs follows from that."""
        filed, found = self._filing.filed, self._found(self.look(text))
        return len({rule for one in found & filed.keys() for rule in filed[one]})

    def look(self, text: str) -> Readings:
        """Look for every term."""
        folded, coded = fold_coded(text)
        look = Look(text, folded, self._find(folded), coded)
        return self._readings(text, folded, look)

    def _readings(self, text: str, folded: bytes, look: Look) -> Readings:
        made = [(self._narrow, look)]
        if self._wide is not None and self._may_be_wide(text, folded):
            wide = fold_wide(text)
            made.append((self._wide, Look(text, wide, self._wide.find(wide))))
        concept = self._narrow.concept
        if self._disguise in {concept[find[2]] for find in look.finds}:
            made += [(self._narrow, one) for one in self._undisguised(look)]
        return made

    def _undisguised(self, look: Look) -> Iterator[Look]:
        """The text read once more, only around what is stretched or pulled apart."""
        for first, last in self._narrow.around(look, self._disguise):
            for text, kept in undisguised(look.text[first:last]):
                again, coded = fold_coded(text)
                reading = text, [(start + first, end + first) for start, end in kept]
                finds = self._find(again)
                yield Look(text, again, finds, coded, reading)

    def _may_be_wide(self, text: str, folded: bytes) -> bool:
        """Whether the character automaton could find anything."""
        return OTHER in folded or (self._unspaced and has_other_letters(text))

    def judge(self, post: Post) -> tuple[list[int], Readings] | None:
        """The rules that hold, by number in the order of their ids; None for the usual post."""
        text = post.text
        look_for, far, near, concept, brought = self._at_hand
        folded, coded = fold_coded(text)
        finds = look_for(folded)
        if not self._open:
            for find in finds:
                if far <= find[2] < near:
                    break
            else:
                return None
        found = {concept[find[2]] for find in finds}
        readings: Readings = ()
        if self._open or self._disguise in found:
            readings = self._readings(text, folded, Look(text, folded, finds, coded))
            found = self._found(readings)
        elif OPEN in found:
            readings = ((self._narrow, Look(text, folded, finds, coded)),)
            self._narrow.answer(readings[0][1], found)
        trials = brought(found)
        if not trials:
            return None
        if not readings:
            readings = ((self._narrow, Look(text, folded, finds, coded)),)
        holding = self._held(trials, found, readings, post)
        return (holding, readings) if holding else None

    def _found(self, readings: Readings) -> set[int]:
        """Every concept that was found."""
        found = {self._concepts.nothing}
        for scanner, look in readings:
            here = {scanner.concept[find[2]] for find in look.finds}
            if OPEN in here:
                scanner.answer(look, here)
            found |= here
        return found

    def _held(
        self, near: Iterable[Trial], found: set[int], readings: Readings, post: Post
    ) -> list[int]:
        """Of the rules that are near, those that hold, in order. One may be near by several finds.

        Who has an exact test comes last.
        """
        holding: set[int] = set()
        later: dict[int, Trial] = {}
        who = self.speaker(post)
        apart = found.isdisjoint
        for trial in near:
            number, none, more, speaks, test = trial
            if number in holding or (none and not apart(none)):
                continue
            if (more and not met(more, found)) or (speaks and not speaks(found, who)):
                continue
            if test:
                later[number] = trial
            else:
                holding.add(number)
        if later:
            holding.update(self._tested(later.values(), found, readings, who, post))
        if who.rules:
            return sorted(one for one in holding if self._rules[one].id in who.rules)
        return sorted(holding)

    def _tested(
        self,
        later: Collection[Trial],
        found: set[int],
        readings: Readings,
        who: SourceInfo,
        post: Post,
    ) -> Iterator[int]:
        """Of rules that came so far, those whose exact test holds."""
        numbers = [number for number, *_ in later]
        exact = self._concepts.spelled_out(found)
        asked = self._filing.questions(numbers)
        if asked:
            seen = self.seen(readings, who, post, self._filing.terms_of(numbers))
            likely = [one for one in asked if self._possible[one](exact)]
            exact.update(one for one in likely if seen.holds(self._asked[one]))
        if self._places:
            exact -= self._places
            exact |= self._where(post.text, [self._rules[one] for one in numbers], who)
        for number, *_, test in later:
            if test is not None and test(exact, who):
                yield number

    def _where(self, text: str, tried: Sequence[Rule], who: SourceInfo) -> set[int]:
        """The place conditions that hold; only worked out if a rule that came near has one."""
        if not any(True for one in tried for _ in wheres_in(one.when)):
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

    def terms_named(self, rule: Rule) -> frozenset[int]:
        """The terms of one of its rules, for `seen`."""
        return terms_named(rule, self._numbers)

    def terms_in(self, text: str) -> AbstractSet[str]:
        """The terms that are found in a text, whatever rules make of them."""
        return self.seen(self.look(text), SourceInfo(id="")).finds.keys()

    def _finds(
        self, readings: Readings, who: SourceInfo, post: Post | None, wanted: frozenset[int] | None
    ) -> dict[str, list[Found]]:
        """Where every term stands, in the order of the text; places too, and links."""
        text = readings[0][1].text
        most = MAX_ASKED if self._asked else MAX_PLACES
        seen: dict[str, list[Found]] = {}
        if self._places and (wanted is None or wanted & self._places):
            seen.update(self._grounds.of(text, who.home).found)
        for start, end, term, number in stands(readings, wanted, most, self._terms):
            if number not in self._places:
                found = Found(text=text[start:end], start=start, end=end, term=term)
                seen.setdefault(term, []).append(found)
        for number in self._expressions if wanted is None else self._expressions & wanted:
            found_here = matched(self._terms[number], text, most)
            if found_here:
                seen[self._terms[number]] = found_here
        if self._links:
            seen.update(linked(self._links.values(), text, post))
        return seen

    def hits(
        self, post: Post, name: PostName, holding: Sequence[int], readings: Readings
    ) -> Iterable[Hit]:
        """The rules that hold, each with the words that make it hold, for each place apart."""
        who = self.speaker(post)
        told = self._filing.told(holding)
        words = Words(partial(self._words, readings, told)).of
        role, affiliation, family = who.role, who.affiliation, who.publisher
        rulebook = self.rulebook.hash
        hits: list[Hit] = []
        for rule, wanted in told:
            if wanted is None:
                return self._weighed(post, name, holding, readings)
            hits.append(
                Hit(
                    rule=rule,
                    post=name,
                    proof=partial(words, wanted),
                    role=role,
                    affiliation=affiliation,
                    family=family,
                    rulebook=rulebook,
                )
            )
        return hits

    def _words(
        self, readings: Readings, told: Iterable[tuple[Rule, Group | None]]
    ) -> list[tuple[int, Found]]:
        """Where the terms stand that speak for these rules: each with its number, in order."""
        wanted = frozenset[int]().union(*(terms for _, terms in told if terms))
        text = readings[0][1].text
        return [
            (number, Found(text=text[start:end], start=start, end=end, term=term))
            for start, end, term, number in stands(readings, wanted, MAX_PLACES, self._terms)
        ]

    def _weighed(
        self, post: Post, name: PostName, holding: Sequence[int], readings: Readings
    ) -> Iterator[Hit]:
        """As `hits`, the conditions weighed part by part."""
        who = self.speaker(post)
        seen = self.seen(readings, who, post, self._filing.terms_of(holding))
        for number in holding:
            rule = self._rules[number]
            proof = evidence(rule.when, seen)
            for place, found in self.by_place(post.text, proof, who):
                yield Hit(
                    rule=rule,
                    post=name,
                    proof=partial(tuple, found),
                    place=place,
                    role=who.role,
                    affiliation=who.affiliation,
                    family=who.publisher,
                    rulebook=self.rulebook.hash,
                )

    def by_place(
        self, text: str, found: tuple[Found, ...], who: SourceInfo
    ) -> Iterator[tuple[Place | None, tuple[Found, ...]]]:
        """What was found, once for each place it speaks of (the most precise ones), or for none.

        Of several places, those are meant that share a sentence with a word that was found.
        """
        ids = beside_words(text, found)
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
    judged = matcher.judge(post)
    return () if judged is None else tuple(matcher.hits(post, name, *judged))
