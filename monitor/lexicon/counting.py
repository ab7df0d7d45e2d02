"""Which number counts a word: `8 мирных жителей ранены`, `ранены трое`, `раненых - 8`.

`counting(text, start, end)` is the number that counts the words at [start, end), or None. A word
without a number has none: `ранены люди` says nothing of how many, and is no one.

The nearest number of the same clause counts, the one before the word if both are as near. A clause
ends at a full stop, a line break, a comma (but for what is put between two commas: `, по данным
властей,`) and at an `и` that begins something of its own. What counts something else is left out:
`в 5 домах`, `20 км`. A part of a number (`в том числе двое детей`) only says that it is so many or
more, if the clause has no other.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from monitor.lexicon import number_words as say
from monitor.lexicon.numbers import Number, Token, numbers_among, tokens

MAX_WORDS = 6
"""Most words between a word and its number."""
NEAR = 2
"""Most words between a word and a `нет`, or one person."""
WINDOW = 300
"""Characters on each side that are looked at."""

_HARD = frozenset('.!?;…()[]|"')
_SHARING = frozenset(("и", "та", "і", "й", "and", "&", "или", "або", "or", "/"))
_PARTING = frozenset(("а", "но", "але", "but", "while"))
_NOT = frozenset(("не", "not"))
_ABOUT = say.ASIDE | {"of", "про"}


class Seen(NamedTuple):
    """A number on one side of the word, so many words away; `loose`: only nothing may be meant."""

    number: Number
    words: int
    loose: bool
    about: bool


def counting(text: str, start: int, end: int) -> Number | None:
    """The number that counts the words at [start, end) of a text. Bounded time for any text."""
    first = max(text.rfind("\n", 0, start) + 1, start - WINDOW)
    stop = text.find("\n", end)
    last = min(len(text) if stop < 0 else stop, end + WINDOW)
    clause = _Clause(text[first:last], start - first, end - first)
    found = clause.counted()
    return found and found._replace(start=found.start + first, end=found.end + first)


@lru_cache(maxsize=256)
def _read(line: str) -> tuple[tuple[Token, ...], tuple[Number, ...]]:
    found = tuple(tokens(line))
    return found, numbers_among(found)


class _Clause:
    """The words around one find, and the numbers among them."""

    def __init__(self, line: str, start: int, end: int) -> None:
        self._tokens, known = _read(line)
        self._line = line
        self._starts = {one.start: one for one in known}
        self._ends = {one.end: one for one in known}
        self._before = [at for at, one in enumerate(self._tokens) if one.end <= start]
        self._after = [at for at, one in enumerate(self._tokens) if one.start >= end]
        self._own = line[start:end].lower()

    def counted(self) -> Number | None:
        """The number that counts the find."""
        if self._before and self._tokens[self._before[-1]].word in _NOT:
            token = self._tokens[self._before[-1]]
            return Number(0, 0, token.start, token.end)
        seen = [*self._side("before"), *self._side("after")]
        whole = [one for one in seen if _counts(one, self._own)]
        if whole:
            return min(whole, key=_rank).number
        parts = [one.number for one in seen if one.number.role == "part"]
        return parts[0]._replace(high=None) if parts and parts[0].low else None

    def _side(self, side: Literal["before", "after"]) -> Iterator[Seen]:
        """The numbers on one side of the find, nearest first, to the end of the clause."""
        ahead = side == "after"
        path = self._after if ahead else self._before[::-1]
        words, loose, step = 0, False, 0
        # Of `информации о пострадавших нет` nobody knows: that is not nobody injured.
        about = any(self._tokens[at].word in _ABOUT for at in self._before[-1:])
        while step < len(path) and words <= MAX_WORDS:
            token = self._tokens[path[step]]
            number = self._number(token, ahead=ahead)
            if number is not None:
                if number.role != "aside" or (not ahead and words <= 1):
                    yield Seen(number, words, loose, about)
                step += self._size(number, path[step:])
            elif token.kind == "p" or token.word in _PARTING:
                skipped = self._skip(path, step, ahead=ahead)
                if not skipped:
                    return
                inside = filter(None, (self._number(self._tokens[at], ahead=ahead)
                                       for at in path[step : step + skipped]))  # fmt: skip
                yield from (Seen(one, words, loose, about) for one in inside if one.role == "part")
                step += skipped
            elif token.word in _SHARING:
                other = path[step + 1 : step + 2]
                if words or not other or not self._shares(other[0], ahead=ahead):
                    return
                loose, step = self._tokens[other[0]].word[-1:] != self._own[-1:], step + 1
            else:
                about = about or token.word in _ABOUT
                words, step = words + 1, step + 1

    def _number(self, token: Token, *, ahead: bool) -> Number | None:
        """The number that begins (looking ahead) or ends with a token."""
        return self._starts.get(token.start) if ahead else self._ends.get(token.end)

    def _size(self, number: Number, path: Sequence[int]) -> int:
        """How many tokens a number has."""
        return sum(number.start <= self._tokens[at].start < number.end for at in path[:12])

    def _shares(self, other: int, *, ahead: bool) -> bool:
        """Whether what is joined by `и` may share a number: it is a word, and no number itself."""
        token = self._tokens[other]
        at = self._number(token, ahead=ahead)
        return token.kind == "w" and (at is None or at.low == 0)

    def _skip(self, path: Sequence[int], step: int, *, ahead: bool) -> int:
        """How many tokens to leave out for a sign, and what it opens; 0 where the clause ends."""
        token = self._tokens[path[step]]
        if token.word == ".":  # an abbreviation, if it goes on in lower case
            rest = self._line[token.end :].lstrip()
            return int(rest[:1].islower())
        if token.word in _HARD or token.word in _PARTING:
            return 0
        if token.word != ",":
            return 1
        for size, at in enumerate(path[step + 1 : step + 14], 1):
            if self._tokens[at].word in _HARD:
                return 0
            if self._tokens[at].word == ",":
                inner = path[step + 1 : step + size]
                return size + 1 if self._aside(inner if ahead else inner[::-1]) else 0
        return 0

    def _aside(self, inner: Sequence[int]) -> bool:
        """Whether it is put between commas: `по данным властей`, `в том числе двое детей`."""
        said = [self._tokens[at].word for at in inner]
        opens = " ".join(said[:3])
        return bool(said) and (said[0] in _ABOUT or opens.startswith(say.PART))


def _counts(seen: Seen, own: str) -> bool:
    """Whether it counts the find itself; a part does when it stands right before it."""
    number = seen.number
    if number.role == "part":
        return not seen.words and own.startswith(number.unit or "-")
    if number.high == 0:
        return seen.words <= NEAR and not seen.about
    return not seen.loose and (number.unit not in say.PERSONS or number.high is not None
                               or seen.words <= NEAR)  # fmt: skip


def _rank(seen: Seen) -> tuple[bool, int]:
    """The nearest first; one person only where there is no count."""
    return seen.number.high is None and seen.number.unit in say.PERSONS, seen.words
