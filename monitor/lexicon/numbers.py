"""Numbers in a text, and which of them counts a word: `не менее восьми раненых` is 8 or more.

`numbers(text)` reads every count of a text: digits and words in Russian, Ukrainian and English,
`1 200`, `5 тыс.`, ranges (`8-10`, `от 5 до 8`, `between 5 and 8`), bounds (`more than 20`, `до 20`,
`не менее`, `10 or more`), `двое`, `both`, `несколько` (two or more), `десятки` (20 or more), `нет`,
`no`, `без` (0). Dates, times, decimals, ordinals, `С-300` and `35-летний` are no counts.

One person in the singular (`ранена женщина`) is one or more. Numbers are not added up. Which number
counts which word: monitor/lexicon/counting.py.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

import msgspec
import regex

from monitor.lexicon import number_words as say
from monitor.text.symbols import strict_symbols

MAX_NUMBER = 10**12
"""Larger ones are no counts."""

Role = Literal["count", "part", "aside"]


class Number(NamedTuple):
    """A count, at [start, end) of the text, its bound (`more than`) included.

    It says `low` to `high`, both included; `high` is None when nothing bounds it. `unit` is the
    word after it in lower case ("" if none): `8 человек` counts человек. `role`: a `part` of
    another number (`в том числе двое детей`, `двое из них`); `aside`: what stands behind a
    preposition (`в 5 домах`) or is a measure (`20 км`) counts only its own unit.
    """

    low: int
    high: int | None
    start: int
    end: int
    unit: str = ""
    role: Role = "count"

    @property
    def text(self) -> str:
        """The number in figures: `8`, `8-10`, `8 or more`, `at most 20`."""
        if self.high is None:
            return f"{self.low} or more"
        if self.low == self.high:
            return str(self.low)
        return f"{self.low}-{self.high}" if self.low else f"at most {self.high}"


class Token(msgspec.Struct, frozen=True, gc=False):
    """A word (lower case, `kind` w), digits (n) or another sign (p), where it stands."""

    word: str
    kind: Literal["w", "n", "p"]
    start: int
    end: int


_TOKEN = regex.compile(
    r"(?P<n>(?<!\d)\d{1,3}(?:[ \u00a0\u202f\u2009,.]\d{3})+(?![\d])|\d+)"
    r"|(?P<w>\p{L}[\p{L}\p{Mn}\p{Cf}]*(?:['’ʼ`]\p{L}[\p{L}\p{Mn}\p{Cf}]*)*)"
    r"|(?P<p>[^\s\p{Mn}\p{Cf}])"
)
_CASE_ENDINGS = frozenset(("ми", "ти", "х", "ух", "ех", "ью", "мя", "ох", "ьох", "и", "ма"))
_DASHES = frozenset("-–—‑−")
_SIGNS_BEFORE = frozenset("№#$€£+/@_")
_SIGNS_AFTER = frozenset("%°/$€£")
_LONGEST_PHRASE = 4
_FIRST = frozenset((
    *say.BASIC, *say.SCALES, *say.PLURALS, *say.SOME, *say.NONE, *say.PERSONS,
    *(phrase.partition(" ")[0] for phrase in say.BEFORE),
))  # fmt: skip
"""The words that a number begins with, if not with digits."""
_BOUNDING = frozenset(phrase.partition(" ")[0] for phrase in (*say.BEFORE, *say.AFTER))
"""The words that what bounds a number begins with."""


@lru_cache(maxsize=65536)
def _symbols(written: str) -> str:
    return strict_symbols(written).strip()


def tokens(text: str) -> list[Token]:
    """The words, digits and signs of a text."""
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind, word = match.lastgroup, match[0]
        if kind != "p":
            word = _symbols(word)
            if kind == "n":
                word = word.replace(" ", "")
        if word:
            found.append(Token(word, kind, match.start(), match.end()))
    return found


def numbers(text: str) -> tuple[Number, ...]:
    """Every count of a text, in its order. Any text is taken; linear time."""
    return numbers_among(tokens(text))


def numbers_among(found: Sequence[Token]) -> tuple[Number, ...]:
    """Every count among the tokens of a text, in its order."""
    return tuple(_Reader(found).read())


class _Reader:
    """Reads the numbers of one list of tokens."""

    def __init__(self, found: Sequence[Token]) -> None:
        self.tokens = found

    def read(self) -> Iterator[Number]:
        """Every number, in order."""
        at, counted = 0, -1
        while at < len(self.tokens):
            token = self.tokens[at]
            if token.kind != "n" and token.word not in _FIRST:
                at += 1
                continue
            made = self._at(at)
            if made is None:
                at += 1
                continue
            number, after = made
            if number is not None and not (at == counted and number.unit in say.PERSONS):
                yield number
                counted = after
            at = after

    def _at(self, at: int) -> tuple[Number | None, int] | None:
        """The number that begins here (None if it is no count) and what comes after it."""
        start = self._unsaid(at)
        bound, first = self._bound(at)
        value = self._value(first, bounded=bound is not None)
        if value is None and bound is not None:
            bound, first = None, at
            value = self._value(first)
        if value is None:
            return start
        low, high, after = value
        if self._is_none(first, after):
            return None, after
        single = after
        low, high, after = self._range(first, low, high, after)
        ranged = after > single
        phrase, longer = self._phrase(after, say.AFTER)
        if phrase is not None:
            bound, after = say.AFTER[phrase], longer
        elif self._word(after) == "+":
            bound, after = "least", after + 1
        low, high = _bounded(low, high, bound)
        span = (self.tokens[at if bound is not None else first].start, self.tokens[after - 1].end)
        unit = self._unit(after)
        role = "count" if ranged and unit not in say.MEASURES else self._role(at, after, unit)
        return Number(low, high, *span, unit, role), after

    def _unsaid(self, at: int) -> tuple[Number | None, int] | None:
        """`нет` and its like, and persons in the singular."""
        token = self.tokens[at]
        if token.kind != "w" or self._phrase(at, say.BEFORE)[0] is not None:
            return None
        if token.word in say.NONE:
            after = at + 1 + ((token.word, self._word(at + 1)) == ("no", "one"))
            return Number(0, 0, token.start, self.tokens[after - 1].end, self._unit(after)), after
        if token.word in say.PERSONS:
            return Number(1, None, token.start, token.end, token.word), at + 1
        return None

    def _bound(self, at: int) -> tuple[str | None, int]:
        """What the words before a number make of it, and where the number begins."""
        phrase, after = self._phrase(at, say.BEFORE)
        if phrase is None:
            return None, at
        bound = say.BEFORE[phrase]
        if phrase == "до" and self._reached(at):
            bound = ""
        further, later = self._phrase(after, say.BEFORE)
        return (bound, after) if further is None else (bound or say.BEFORE[further], later)

    def _reached(self, at: int) -> bool:
        """Whether a word like `выросло` stands shortly before."""
        near = self.tokens[max(at - 8, 0) : at]
        return any(token.word.startswith(say.REACHED) for token in near)

    def _phrase(self, at: int, known: dict[str, str]) -> tuple[str | None, int]:
        """The longest known phrase that begins here, and what comes after it."""
        if self._word(at) not in _BOUNDING:
            return None, at
        for size in range(_LONGEST_PHRASE, 0, -1):
            words = [token.word for token in self.tokens[at : at + size]]
            if len(words) == size and (phrase := " ".join(words)) in known:
                return phrase, at + size
        return None, at

    def _value(self, at: int, *, bounded: bool = False) -> tuple[int, int | None, int] | None:
        """What the digits or words here say: from, to, and what comes after them."""
        if at >= len(self.tokens):
            return None
        token = self.tokens[at]
        if token.kind == "n":
            return self._digits(at)
        if token.word in say.SOME:
            return self._scaled(2, None, at + 1)
        if token.word in say.PLURALS and not (bounded and token.word in say.SINGULARS):
            return self._scaled(2 * say.SCALES[token.word], None, at + 1)
        return self._words(at)

    def _digits(self, at: int) -> tuple[int, int | None, int] | None:
        """Digits, with the ending of a case (`8-ми`), a fraction of a scale (`2,5 тыс.`)."""
        digits = self.tokens[at].word
        value, after = int(digits[:20].replace(",", "").replace(".", "")), at + 1
        fraction = self._fraction(after) if digits.isdecimal() else 0
        if fraction:
            scale = say.SCALES.get(self._word(after + 2), 0)
            if scale:
                tenths = self.tokens[after + 1].word
                whole = value * scale + int(tenths) * scale // 10 ** len(tenths)
                return whole, whole, after + 3
            return value, value, after
        if self._word(after) in _DASHES and self._joined(after) and self._glued(after):
            after += 2 * (self._word(after + 1) in _CASE_ENDINGS)
        return self._scaled(value, value, after)

    def _scaled(self, low: int, high: int | None, after: int) -> tuple[int, int | None, int]:
        """With the scales that follow: `5 тысяч`, `несколько десятков`, `2 dozen`."""
        while (scale := say.SCALES.get(self._word(after), 0)) and low < MAX_NUMBER:
            low, high, after = low * scale, None if high is None else high * scale, after + 1
            if self._word(after) == "." and self._word(after - 1) in {"тыс", "тис", "млн"}:
                after += 1
        return low, high, after

    def _words(self, at: int) -> tuple[int, int | None, int] | None:
        """Number words: each next one is smaller than the one before has room for."""
        total, current, room, after, seen = 0, 0, MAX_NUMBER, at, False
        top = MAX_NUMBER
        while True:
            word = self._word(after)
            if word in {"and", "-"} and seen and self._word(after + 1) in say.BASIC:
                if word == "and" and (current < 100 or current % 100):  # noqa: PLR2004 - of hundreds
                    break
                if word == "-" and not (self._joined(after) and self._joined(after + 1)):
                    break
                if say.BASIC[self._word(after + 1)] >= room:
                    break
                after += 1
            elif word in say.BASIC and say.BASIC[word] < room:
                current += say.BASIC[word]
                room = _room(say.BASIC[word])
                seen, after = True, after + 1
            elif (scale := say.SCALES.get(word, 0)) and scale < top:
                current, room = (current or 1) * scale, 100
                if scale >= 1000:  # noqa: PLR2004 - what is smaller may follow
                    total, current, room, top = total + current, 0, 1000, scale
                seen, after = True, after + 1
            else:
                break
        return (total + current, total + current, after) if seen else None

    def _range(
        self, first: int, low: int, high: int | None, after: int
    ) -> tuple[int, int | None, int]:
        """`8-10`, `от 5 до 8`, `5 or 6`: up to the second number, if it is the larger one."""
        before = self._word(first - 1) if first else ""
        links = {"or", "или", "або", "чи", "to"}
        if before in {"от", "від", "from", "с", "з"}:
            links |= {"до", "to"}
        if before in {"between", "между", "між"}:
            links |= {"and", "и", "і", "та"}
        word = self._word(after)
        hyphen = word in _DASHES and (self._joined(after) == self._joined(after + 1))
        if high is None or not (hyphen or word in links):
            return low, high, after
        second = self._value(after + 1)
        if (
            second is None
            or second[1] is None
            or second[0] < low
            or self._is_none(after, second[2])
        ):
            return low, high, after
        _, top, end = second
        scale = self._shared_scale(after + 1, end, low, second[0])
        if before in {"с", "з", "from"} and self._reached(first):
            low = second[0]
        return low * scale, top, end

    def _shared_scale(self, at: int, end: int, low: int, top: int) -> int:
        """In `5-7 тысяч` both are thousands."""
        if end - at > 1 and low < 1000 <= top:  # noqa: PLR2004 - thousands
            return say.SCALES.get(self.tokens[end - 1].word, 1)
        return 1

    def _is_none(self, first: int, after: int) -> bool:
        """Whether it is a date, a time, a decimal, an ordinal or part of a name."""
        before, then = self._word(first - 1), self._word(after)
        hyphen = then in _DASHES and self._joined(after) and self._glued(after)
        if self.tokens[first].kind != "n":  # a two-storey house, the second of May
            return then in say.MONTHS or (hyphen and self._value(after + 1) is None)
        if before in _SIGNS_BEFORE or then in _SIGNS_AFTER or self._in_name(first):
            return True
        if self._fraction(after) or self._fraction(first - 1):
            return True
        if hyphen or (self._joined(after) and then.isalpha()):
            return True
        # `may` is a month behind the day, but before it, too, a verb: 5 may be injured.
        return (then in say.MONTHS and then != "may") or before in say.MONTHS

    def _in_name(self, first: int) -> bool:
        """Whether the digits belong to what stands right before them: `С-300`, `F16`."""
        if not first or not self._joined(first):
            return False
        before = self._word(first - 1)
        if before in _DASHES:
            return first > 1 and self.tokens[first - 2].kind == "w"
        return before.isalpha() or before in {":", "."}

    def _glued(self, dash: int) -> bool:
        """Whether a letter stands right behind the dash: `35-летний`, `12-й`."""
        return (
            dash + 1 < len(self.tokens)
            and self.tokens[dash + 1].kind == "w"
            and self._joined(dash + 1)
        )

    def _fraction(self, sign: int) -> bool:
        """Whether the sign stands right between two groups of digits."""
        return (
            sign > 0
            and self._word(sign) in {":", ".", ","}
            and self.tokens[sign - 1].kind == "n"
            and sign + 1 < len(self.tokens)
            and self.tokens[sign + 1].kind == "n"
            and self._joined(sign)
            and self._joined(sign + 1)
        )

    def _joined(self, at: int) -> bool:
        """Whether a token stands right behind the one before it."""
        return 0 < at < len(self.tokens) and self.tokens[at].start == self.tokens[at - 1].end

    def _word(self, at: int) -> str:
        return self.tokens[at].word if 0 <= at < len(self.tokens) else ""

    def _unit(self, after: int) -> str:
        following = self.tokens[after : after + 1]
        return following[0].word if following and following[0].kind == "w" else ""

    def _role(self, at: int, after: int, unit: str) -> Role:
        if unit in say.MEASURES:
            return "aside"
        before = " ".join(token.word for token in self.tokens[max(at - 3, 0) : at])
        if any(before == one or before.endswith(" " + one) for one in say.PART):
            return "part"
        follows = " ".join(token.word for token in self.tokens[after : after + 2])
        if unit in say.OUT_OF or follows in say.OUT_OF:
            return "part"
        preposition = self._word(at - 1)
        if preposition == "у":  # у двоих ранения, but у двох будинках
            return "aside" if unit.endswith(("ах", "ях")) else "count"
        return "aside" if preposition in say.ASIDE else "count"


def _room(value: int) -> int:
    """What may follow a number word: tens after hundreds, ones after tens, nothing after ones."""
    if value >= 100:  # noqa: PLR2004 - hundreds
        return 100
    return 10 if value >= 20 and value % 10 == 0 else 0  # noqa: PLR2004 - tens


def _bounded(low: int, high: int | None, bound: str | None) -> tuple[int, int | None]:
    """With what `more than` and its like make of it."""
    match bound:
        case "more":
            return low + 1, None
        case "least":
            return low, None
        case "most":
            return 0, high if high is not None else None
        case "fewer":
            return 0, None if high is None else max(high - 1, 0)
    return low, high
