"""What stands around a name: whether it is a place's at all, of which kind, and how sure.

A `Reading` is a name that may be a place's; names of persons, streets, stations and parts of longer
names give none. `doubt` is the probability, judged from the words beside it alone, that it is not a
place: round figures set by reading some hundreds of posts.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from monitor.gazetteer import context
from monitor.gazetteer.lookup import Candidate, Find, Word
from monitor.gazetteer.names import ADJECTIVE, BEFORE_TYPE, COMMON, OF_SETTLEMENT, is_listed
from monitor.lexicon import proper
from monitor.lexicon.readings import possible_languages
from monitor.place import Place

_LONGER_NAME = re.compile(r"(?:[аяо]я|[ое]е|[ыио]й|[ыи]е|ей|[ое]м|[ую]ю|[ое]го|[ыи]х|[ыи]м|ою|ею)$")
_QUOTES = "«„“\"'”»"
_LIST = re.compile(r"[,;/]?\s*(?:[иітай]{1,3}|and|or|или|або)?\s*\Z")
_LATIN = re.compile(r"[a-z]")
_MENTION = re.compile(r"@\Z|\w\.?/\Z|//\Z")


DISTRICT_KM = 30.0
"""How far a district may reach from its town."""
_ASKING = context.DISTRICT | context.REGION | context.BORDERLAND
"""Nouns that an adjective of a place stands with."""


class Reading(NamedTuple):
    """A name that may be a place's: [start, end) of the text, what it could be, and the doubt."""

    find: Find
    start: int
    end: int
    candidates: tuple[Candidate, ...]
    doubt: float
    why: str
    typed: bool = False
    text: str = ""


def read(text: str, words: Sequence[Word], finds: Sequence[Find]) -> list[Reading]:
    """The names that may be places', in order."""
    readings: list[Reading] = []
    starts = {find.first for find in finds}
    ends = {find.last for find in finds}
    for find in finds:
        beside = _Beside(text, words, find)
        before = readings[-1] if readings else None
        if beside.is_other_name(starts, ends):
            continue
        reading = _relational(beside) if beside.is_relational() else _noun(beside, before)
        if reading is not None and reading.candidates:
            readings.append(reading._replace(text=text[reading.start : reading.end]))
    return readings


class _Beside:
    """A find and its neighbours."""

    def __init__(self, text: str, words: Sequence[Word], find: Find) -> None:
        self.text = text
        self.find = find
        self.words = words[find.first : find.last]
        self.before = words[find.first - 1] if find.first else None
        self.after = words[find.last] if find.last < len(words) else None
        self.beyond = words[find.last + 1] if find.last + 1 < len(words) else None
        self.first, self.last = self.words[0], self.words[-1]
        self.gap = self.first.gap
        self.start, self.end = self.first.start, self.last.end
        self.symbols = " ".join(word.symbols for word in self.words)
        self.latin = bool(_LATIN.search(self.symbols))
        self.relational = all(one.flags & ADJECTIVE for one in find.candidates)
        self.common = all(one.flags & COMMON for one in find.candidates)
        self.surname = len(self.words) == 1 and bool(context.SURNAME.search(self.symbols))

    @property
    def previous(self) -> str:
        """The word right before, if only a space or full stop is between."""
        close = self.before is not None and self.gap.strip() in {"", "."} and "\n" not in self.gap
        return self.before.symbols if close and self.before is not None else ""

    @property
    def next(self) -> str:
        """The word right after."""
        close = self.after is not None and self.after.gap in {" ", "\u00a0", "-"}
        return self.after.symbols if close and self.after is not None else ""

    @property
    def here(self) -> bool:
        """After a preposition of place, or a word like `жители`, `окраина`."""
        return self.previous in context.HERE or self.previous in context.OF_A_PLACE

    @property
    def typed(self) -> bool:
        """After `село`, `г.` and the like."""
        short = self.previous in context.SHORT_SETTLEMENT and "." in self.gap
        dashed = self.gap.strip() in {"—", "–", "-", ":"} and self.before is not None
        if dashed and self.before is not None and self.before.symbols in context.SEVERAL:
            return True
        return self.previous in context.SETTLEMENT or short or (self.previous == "of" and self.latin
               and self._before_of in context.SETTLEMENT)  # fmt: skip

    @property
    def _before_of(self) -> str:
        head = self.text[: self.before.start].rsplit(None, 1) if self.before else []
        return head[-1].lower() if head else ""

    def is_relational(self) -> bool:
        """Whether the name is an adjective here: by its letters, its small letter, or its noun."""
        either = ADJECTIVE | OF_SETTLEMENT
        if self.relational or not any(one.flags & either for one in self.find.candidates):
            return self.relational
        return not self.first.capital or _noun_after(self)[0] in _ASKING

    @property
    def quoted(self) -> bool:
        """Alone between quotation marks."""
        return self.gap[-1:] in _QUOTES and self.text[self.end : self.end + 1] in _QUOTES and (
            self.gap[-1:] != "" and self.text[self.end : self.end + 1] != "")  # fmt: skip

    def is_other_name(self, starts: set[int], ends: set[int]) -> bool:
        """Whether it is a street's, a person's, an account's, or a piece of a longer name."""
        if self.previous in context.STREET or (self.next in context.STREET and (
            self.relational or (self.latin and self.after is not None and self.after.capital)
        )):  # fmt: skip
            return True
        if _MENTION.search(self.gap):
            return True
        if re.match(r"\.\w", self.text[self.end : self.end + 2]) and self.latin:
            return True
        if self._joined(starts, ends):
            return True
        return self._person() or (not self.relational and self._longer(ends))

    def _joined(self, starts: set[int], ends: set[int]) -> bool:
        """By a hyphen to a word that is no place."""
        left = self.gap in {"-", "‑"} and self.find.first not in ends
        right = (
            self.after is not None
            and self.after.gap in {"-", "‑"}
            and self.after.symbols.isalpha()
            and self.find.last not in starts
        )
        return left or right

    def _person(self) -> bool:
        if self.typed or len(self.words) > 1 or self.next in context.TYPES_AFTER:
            return False
        if self.before is not None and self.gap.strip() in {"", "."}:
            word = self.before
            initial = len(word.symbols) == 1 and word.capital and "." in self.gap
            if initial and self.previous not in context.HERE:
                return True
            if word.capital and self.gap == " " and is_given_name(word.symbols):
                return True
            if self.surname and word.symbols in context.TITLES:
                return True
        if self.after is None or self.after.gap != " " or not self.after.capital or self.here:
            return False
        follows = self.after.symbols
        return self.surname and (is_given_name(follows) or bool(context.PATRONYMIC.search(follows)))

    def _longer(self, ends: set[int]) -> bool:
        """`Новая Козинка`, `East London`, `Paris Hilton`: another, longer name."""
        before = self.before
        close = before is not None and self.gap in {" ", "\u00a0"} and before.capital
        if before is not None and close and not before.shouted and self.find.first not in ends:
            word = before.symbols
            known = word in context.HERE | context.SETTLEMENT | context.BEFORE_LATIN
            if self.latin and not known and not (before.starts and word in context.STARTERS):
                return True
            if not self.latin and _LONGER_NAME.search(word) and word not in context.SETTLEMENT:
                return not before.starts
        after = self.after
        glued = after is not None and after.gap == " " and after.capital and not after.shouted
        if self.latin and after is not None and glued and self.find.last not in ends:
            kind = after.symbols in context.TYPES_AFTER
            return not kind and not self.here and not (self.beyond and self.beyond.gap == ", ")
        return False


@lru_cache(maxsize=8192)
def is_given_name(symbols: str) -> bool:
    """Whether a Cyrillic word is a first name in any case, to one of the dictionaries."""
    return any(
        "Name" in one and "Geox" not in one
        for language in possible_languages(symbols)
        for one in proper.kinds(symbols, language)
    )


def _is_surely_a_place(beside: _Beside) -> bool:
    """Whether what ends like a surname is none: `Харьков`, `Сумщина`.

    The Ukrainian dictionary does not say what is a place: there the place's Russian name counts.
    """
    if context.LAND.search(beside.symbols) or is_listed(beside.symbols):
        return True
    return possible_languages(beside.symbols) == ("uk",) and all(
        any(map(is_listed, (one.place.name.lower(), *map(str.lower, one.place.names))))
        for one in beside.find.candidates
    )


def _relational(beside: _Beside) -> Reading | None:
    """`грайворонский`: by the noun after it the district, the region, or neither."""
    noun, end = _noun_after(beside)
    named = [
        one
        for one in beside.find.candidates
        if one.flags & ADJECTIVE and not one.flags & OF_SETTLEMENT
    ]
    if noun in context.DISTRICT | context.REGION:
        kind = "district" if noun in context.DISTRICT else "region"
        found = [one for one in named if one.place.kind == kind]
        if not found and kind == "district":
            return _surroundings(beside, end, 0.25, noun)
        return Reading(beside.find, beside.start, end, tuple(found), 0.01, f"with {noun}", True)
    if noun in context.BORDERLAND:
        found = [one for one in named if one.place.kind == "region"] or named
        if not found:
            return _surroundings(beside, beside.end, 0.2, noun)
        return Reading(beside.find, beside.start, beside.end, tuple(found), 0.15, f"with {noun}")
    if beside.first.capital or beside.quoted or noun in context.NOT_LOCAL:
        return None
    largest = [one for one in named if one.place.kind == "region"] or named
    return Reading(beside.find, beside.start, beside.end, tuple(largest), 0.22, "an adjective")


def _surroundings(beside: _Beside, end: int, doubt: float, noun: str) -> Reading | None:
    """`Купянский район`, when only the town is known: what lies around it.

    Words that name districts of cities everywhere (`Советский район`) say nothing.
    """
    if context.EVERYWHERE.match(beside.symbols):
        return None
    towns = [one for one in beside.find.candidates if one.flags & OF_SETTLEMENT]
    if context.DIRECTION.match(noun):  # of a front; Казанское направление is a railway
        towns = [one for one in towns if one.place.country == "UA" or _is_own(one.place)]
    largest = sorted(towns, key=lambda one: -one.place.population)
    candidates = tuple(Candidate(_around(one.place), one.flags) for one in largest)
    return Reading(beside.find, beside.start, end, candidates, doubt, f"with {noun}")


def _is_own(place: Place) -> bool:
    return not place.id.startswith("geonames:")


def _around(town: Place) -> Place:
    """A district of which only its town is known."""
    return msgspec.structs.replace(
        town, id=f"{town.id}:district", name=f"{town.name} district", kind="district",
        precision_km=DISTRICT_KM, names=(), population=0,
    )  # fmt: skip


def _noun_after(beside: _Beside) -> tuple[str, int]:
    """The noun that an adjective belongs to, and where it ends: `городском округе`."""
    for word in (beside.after, beside.beyond):
        if word is None or word.gap.strip() not in {"", "."} or "\n" in word.gap:
            break
        if word.symbols in context.BETWEEN:
            continue
        return word.symbols, word.end
    return "", beside.end


def _noun(beside: _Beside, before: Reading | None) -> Reading | None:
    """A name that stands for itself."""
    candidates = [one for one in beside.find.candidates if not one.flags & ADJECTIVE]
    after = beside.next
    end = beside.end
    if not beside.latin and not beside.typed and _of_unknown(beside):
        return None
    relational = [one for one in candidates if one.flags & BEFORE_TYPE]
    typed = False
    if beside.latin and after in context.TYPES_AFTER and beside.after is not None:
        wanted = "district" if after in context.DISTRICT else "region"
        fitting = [one for one in candidates if one.place.kind == wanted]
        if fitting:
            candidates, end, typed = fitting, beside.after.end, True
    if not typed:
        candidates = [one for one in candidates if one not in relational]
    listed = (
        before is not None
        and before.doubt <= 0.06  # noqa: PLR2004 - as sure as a preposition makes it
        and before.end <= beside.start
        and _LIST.match(beside.text[before.end : beside.start]) is not None
    )
    if beside.typed or (listed and before is not None and before.typed and not beside.latin):
        typed = True
        candidates = [one for one in candidates if one.place.kind == "settlement"] or candidates
    doubt, why = _doubt(beside, typed=typed, listed=listed)
    return Reading(beside.find, beside.start, end, tuple(candidates), doubt, why, typed)


def _of_unknown(beside: _Beside) -> bool:
    """Whether it is the adjective of a region that nothing lists: `Липецкая область`."""
    adjective = len(beside.words) == 1 and context.RELATIONAL.search(beside.symbols) is not None
    return adjective and _noun_after(beside)[0] in context.DISTRICT | context.REGION


def _doubt(beside: _Beside, *, typed: bool, listed: bool) -> tuple[float, str]:
    """How likely it is no place, and what says so."""
    certain = beside.previous in context.SURELY_HERE
    if typed:
        found = 0.01, "after a word for a settlement"
    elif beside.common:
        found = _of_word(beside, certain=certain, listed=listed), "also an ordinary word"
    elif beside.quoted:
        found = 0.6, "in quotation marks"
    elif beside.surname and not _is_surely_a_place(beside):
        found = _of_surname(beside, certain=certain, listed=listed)
    elif certain:
        found = 0.03, "after a preposition of place"
    elif beside.here or listed:
        found = 0.06, "after a preposition, or in a list of places"
    elif beside.first.starts:
        found = 0.2, "begins a sentence"
    else:
        found = 0.12, "a capitalised name"
    return found


def _of_word(beside: _Beside, *, certain: bool, listed: bool) -> float:
    """`Победа`, `Антоновка`: a capital inside a sentence says something, at its start nothing."""
    if beside.first.starts or beside.first.shouted:
        return 0.9
    return 0.15 if certain else 0.2 if listed else 0.5


def _of_surname(beside: _Beside, *, certain: bool, listed: bool) -> tuple[float, str]:
    """`Дурово`, `Дурова`: people after a preposition of place are rare, elsewhere common."""
    if certain or beside.previous in context.OF_A_PLACE:
        fits = beside.symbols.endswith(("ове", "еве", "ине", "ово", "ево", "ино"))
        return (0.06 if fits else 0.12), "may be a surname, but after a preposition"
    return (0.2 if beside.here or listed else 0.7), "may be a surname"
