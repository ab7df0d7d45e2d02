"""Surface forms as automaton patterns: what is looked for, and what each find means.

Words stand between spaces, so the pattern of `два слова` is ` два слова `. Runs of several spaces,
punctuation or line breaks are not collapsed in the text (that would cost more than the search), so
each gap of a phrase also gets scouts: ` два`, two or three spaces and the next letter, or ` два`
and four spaces. Where one is found, the words that may follow (a small tree, `Onward`) are compared
one by one. The same tree continues after a beginning inside a phrase: `прорв* границ*`.
"""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from string import ascii_lowercase
from typing import NamedTuple

from monitor.lexicon.surfaces import Surface
from monitor.text.disguise import LEAST, STRETCHED, STRETCHED_INSIDE
from monitor.text.fold import narrow
from monitor.text.symbols import CYRILLIC, LOOKALIKES, merge, unspaced

WIDE_GAPS = ("  ", "   ")
"""Gaps that are looked for together with the letter after them: commas, full stops, dashes."""
WIDEST_GAP = "    "
"""A gap that wide or wider is looked for alone."""


class Check(NamedTuple):
    """A find that must be verified on the text itself: `surface` could be written otherwise."""

    term: int
    surface: Surface


class Onward:
    """What may follow the words found so far: the next words, and the terms complete here.

    `beginnings` are compared with the next word's start: `word*` goes on to the word's end, one
    without `*` (a script without spaces) ends there.
    """

    __slots__ = ("beginnings", "checks", "terms", "words")

    def __init__(self) -> None:
        self.words: dict[str, Onward] = {}
        self.beginnings: dict[str, Onward] = {}
        self.terms: list[int] = []
        self.checks: list[Check] = []

    def all_terms(self) -> set[int]:
        """Every term that this node leads to."""
        found = {*self.terms, *(check.term for check in self.checks)}
        for node in (*self.words.values(), *self.beginnings.values()):
            found |= node.all_terms()
        return found


class Meaning:
    """What it means when a pattern is found.

    `lead` and `trail` symbols of the pattern are not part of the words; `open` means that the last
    word goes on to its end, `blind` that nothing is known of the word behind the gap. `onward`
    continues from there; a scout knows the `gap` before it.
    """

    __slots__ = ("blind", "checks", "gap", "lead", "onward", "open", "shared", "terms", "trail")

    def __init__(self, key: str, *, opens: bool, gap: str = "", trail: int | None = None) -> None:
        self.gap = gap
        self.terms: list[int] = []
        self.checks: list[Check] = []
        self.onward: Onward | None = None
        self.lead = int(key.startswith(" "))
        self.trail = int(key.endswith(" ")) if trail is None else trail
        self.open = opens
        self.blind = key.endswith(WIDEST_GAP)
        self.shared = False
        """Whether it is what other patterns mean, too: it is no longer added to."""

    def all_terms(self) -> set[int]:
        """Every term that finding the pattern may lead to."""
        found = {*self.terms, *(check.term for check in self.checks)}
        return found | self.onward.all_terms() if self.onward else found


Entry = tuple[str, Meaning]
"""A pattern, and what it means."""


class Patterns:
    """The patterns of one automaton: keys (symbols, look-alikes merged) and their meanings.

    With `bytewise` the keys are what `fold` makes of them, read as Latin-1, so that both kinds of
    automaton share everything else.
    """

    def __init__(self, *, bytewise: bool) -> None:
        self.bytewise = bytewise
        self.meanings: dict[str, Meaning] = {}
        self.longest = 1
        """Words of the longest surface."""

    def add(self, surface: Surface, term: int) -> bool:
        """File a surface of a term; False if this kind of automaton has not all its letters."""
        coded = [self._coded(word.removesuffix("*")) for word in surface.words]
        if "" in coded:
            return False
        self.longest = max(self.longest, len(coded))
        begins = [word.endswith("*") for word in surface.words]
        inner = begins.index(True) if True in begins[:-1] else None
        check = Check(term, surface) if _doubtful(surface) else None
        if inner is None:
            self._file(self._meaning(coded, begin=begins[-1]), term, check)
        for gap in range(len(coded) - 1 if inner is None else inner):
            scout = self._scouts(coded[: gap + 1], coded[gap + 1][0])
            self._continue(scout, coded[gap + 1 :], begins[gap + 1 :], term, check)
        if inner is not None:
            scout = self._meaning(coded[: inner + 1], begin=True)
            self._continue(scout, coded[inner + 1 :], begins[inner + 1 :], term, check)
        return True

    def add_plain(self, keys: Sequence[str], term: int) -> None:
        """File the `plain` patterns of a term: they are most of all, and share one meaning."""
        if not keys:
            return
        meaning = Meaning(keys[0], opens=False)
        meaning.terms.append(term)
        meaning.shared = True
        fresh = dict.fromkeys(keys, meaning)
        for key in self.meanings.keys() & fresh.keys():
            del fresh[key]
            self._file(self._own(key, opens=False), term, None)
        self.meanings |= fresh

    def in_order(self, near: AbstractSet[int] = frozenset()) -> tuple[list[Entry], ...]:
        """Every pattern as the automaton numbers it.

        First those that leave a question open, then those that leave none. In the middle stand
        those of either kind that mean, or may lead to, one of the terms that bring rules `near`.
        """
        order: tuple[list[Entry], ...] = ([], [], [], [])
        others_asking, asking, first, others = order
        last, brings = None, False
        for entry in self.meanings.items():
            meaning = entry[1]
            # The forms of a term, and the scouts of a gap, follow each other.
            leads = meaning.onward if meaning.gap else meaning
            if leads is not last:
                last, brings = leads, not near.isdisjoint(meaning.all_terms())
            if meaning.onward is None and not meaning.checks:
                (first if brings else others).append(entry)
            else:
                (asking if brings else others_asking).append(entry)
        return order

    def mark_disguises(self, number: int) -> None:
        """Let `number` be found where letters are stretched, or a word's are pulled apart."""
        heads = dict.fromkeys(key[1 : LEAST + 1] for key in self.meanings if key.startswith(" "))
        runs = [letter * LEAST for letter in STRETCHED]
        runs += [before + letter * LEAST for letter in STRETCHED_INSIDE
                 for before in CYRILLIC if before != letter]  # fmt: skip
        stretched = map(self._coded, runs)
        for key in dict.fromkeys((*stretched, *map(_apart, heads))):
            if key and key not in self.meanings:
                self.meanings[key] = Meaning(key, opens=False)
                self.meanings[key].terms.append(number)

    def _coded(self, word: str) -> str:
        """A word of strict symbols in this automaton's code; empty if it has not all its letters.

        Each symbol is looked up once, not for each of the hundred thousand words that have it.
        """
        coded = word.translate(_CODES if self.bytewise else _MERGED)
        return "" if _NO_CODE in coded else coded

    def _meaning(self, words: list[str], *, begin: bool) -> Meaning:
        """The entry of a pattern: words between spaces, except at an edge without word ends."""
        left = "" if self._unspaced(words[0][0]) else " "
        last = words[-1][-1]
        right = "" if begin or self._unspaced(last) else " "
        return self._own(left + " ".join(words) + right, opens=begin)

    def _own(self, key: str, *, opens: bool) -> Meaning:
        """The entry of a pattern, its own from now on."""
        known = self.meanings.get(key)
        if known is not None and not known.shared:
            return known
        self.meanings[key] = own = Meaning(key, opens=opens)
        if known is not None:
            own.terms += known.terms
        return own

    def _scouts(self, words: list[str], initial: str) -> Meaning:
        """The entry of what comes before a wide gap; all its scouts share what may follow."""
        before = ("" if self._unspaced(words[0][0]) else " ") + " ".join(words)
        widest = self.meanings.get(before + WIDEST_GAP)
        if widest is None:
            widest = Meaning(
                before + WIDEST_GAP, opens=False, gap=WIDEST_GAP, trail=len(WIDEST_GAP)
            )
            widest.onward = Onward()
            self.meanings[before + WIDEST_GAP] = widest
        for gap in WIDE_GAPS:
            key = before + gap + initial
            if key not in self.meanings:
                self.meanings[key] = scout = Meaning(key, opens=False, gap=gap, trail=len(gap) + 1)
                scout.onward = widest.onward
        return widest

    def _unspaced(self, symbol: str) -> bool:
        return not self.bytewise and unspaced(symbol)

    def _continue(
        self, scout: Meaning, words: list[str], begins: list[bool], term: int, check: Check | None
    ) -> None:
        if scout.onward is None:
            scout.onward = Onward()
        node = scout.onward
        for word, begin in zip(words, begins, strict=True):
            if begin:
                node = node.beginnings.setdefault(word + "*", Onward())
            elif self._unspaced(word[-1]):
                node = node.beginnings.setdefault(word, Onward())
            else:
                node = node.words.setdefault(word, Onward())
        self._file(node, term, check)

    @staticmethod
    def _file(into: Meaning | Onward, term: int, check: Check | None) -> None:
        if check is not None:
            if check not in into.checks:
                into.checks.append(check)
        elif term not in into.terms:
            into.terms.append(term)


class _Table(dict[int, str]):
    """A table for str.translate, from strict symbols, that fills itself."""

    def __init__(self, code: Callable[[str], str]) -> None:
        super().__init__()
        self._code = code

    def __missing__(self, symbol: int) -> str:
        self[symbol] = found = self._code(merge(chr(symbol)))
        return found


def _byte(symbol: str) -> str:
    folded = narrow(symbol)
    return _NO_CODE if folded is None else folded.decode("latin-1")


_NO_CODE = "\uffff"
"""What stands for a letter that has no byte: it is none itself."""
_CODES, _MERGED = _Table(_byte), _Table(str)


def plain(surface: Surface) -> str:
    """What a surface is looked for as that is one word, which could be no other; else nothing."""
    word = surface.words[0]
    if len(surface.words) > 1 or word.endswith("*") or _doubtful(surface):
        return ""
    coded = word.translate(_CODES)
    return "" if _NO_CODE in coded else f" {coded} "


def _apart(head: str) -> str:
    """As `pulled_apart`, of the beginning of a word in an automaton's code."""
    return f" {' '.join(head)} " if len(head) == LEAST and " " not in head else ""


def _doubtful(surface: Surface) -> bool:
    """Whether finding its symbols is not yet finding it."""
    if surface.cased or surface.tag:
        return True
    clear = len(surface.words) == 1 and not _CLEAR.isdisjoint(surface.words[0])
    return not clear and confusable(surface.words)


def confusable(words: Sequence[str]) -> bool:
    """Whether the same symbols could be words of the other script: `take` and `таке`.

    A word of two or more letters, all of them look-alikes. Single letters (`С-300` with a Latin C)
    say nothing, unless one is the whole term.
    """
    doubted = [word for word in words if _CLEAR.isdisjoint(word)]
    judged = judged_words(tuple(words)) if doubted else ()
    return any(LOOKALIKES.issuperset(_letters(word)) for word in judged)


_CLEAR = frozenset(one for one in CYRILLIC + ascii_lowercase if merge(one) not in LOOKALIKES)
"""Letters that are no look-alikes: nearly every word has one."""


def judged_words(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words whose script is looked at."""
    if len(words) == 1:
        return words if _letters(words[0]) else ()
    return tuple(word for word in words if len(_letters(word)) > 1)


def _letters(word: str) -> str:
    return "".join(symbol for symbol in merge(word) if symbol.isalpha())
