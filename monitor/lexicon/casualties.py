"""How many killed, injured, missing or captured a text speaks of, in Russian, Ukrainian, English.

Which number counts which word: monitor/lexicon/counting.py. A word without a number counts nobody:
`есть раненые` says that there are some, not how many.
"""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import regex
from daachorse import DoubleArrayAhoCorasick

from monitor.lexicon.counting import counting

STEMS: dict[str, tuple[str, ...]] = {
    "killed": (
        r"погиб\w*", r"убит\w*", r"жертв\w*", r"загину\w*", r"загибл\w*", r"вбит\w*",
        r"killed", r"dead", r"died", r"deaths?", r"fatalities",
    ),
    "injured": (
        r"ранен\w*", r"пострада\w*", r"травмирован\w*", r"поранен\w*",
        r"постражда\w*", r"травмован\w*", r"injured", r"wounded", r"casualties",
    ),
    "missing": (
        r"пропавш\w* без вести", r"пропал\w* без вести", r"зникл\w* безвісти", r"missing",
    ),
    "captured": (
        r"пленн\w*", r"взят\w* в плен", r"полонен\w*", r"prisoners?", r"captured",
    ),
}  # fmt: skip
"""What is counted -> beginnings of the words that say it."""

_ROOTS = (
    "погиб", "убит", "жертв", "загин", "загиб", "вбит", "kill", "dead", "died", "death", "fatal",
    "поранен", "ранен", "постра", "травм", "injur", "wound", "casual", "пропа", "зник", "missing",
    "пленн", "взят", "полон", "prison", "captur",
)  # fmt: skip
"""How each of the words begins."""

_roots = DoubleArrayAhoCorasick([root.encode() for root in _ROOTS]).find_overlapping
"""Where they stand: three times as fast as an expression of `re`, eighteen times as the words."""

MOST_FINDS = 20
"""So many of such words are looked at in one text."""

_WORDS = regex.compile(
    "|".join(rf"(?P<{what}>\b(?:{'|'.join(stems)})\b)" for what, stems in STEMS.items()),
    regex.IGNORECASE,
)


class Tally(NamedTuple):
    """So many of something: from `low` to `high`, both included; None = nothing bounds it."""

    what: str
    low: int
    high: int | None


def casualties(text: str) -> tuple[Tally, ...]:
    """What a text counts, once each, in the order of STEMS: of two numbers the larger."""
    found: dict[str, Tally] = {}
    for match in islice(_words(text), MOST_FINDS):
        what = match.lastgroup or ""
        count = counting(text, *match.span())
        if count is None:
            continue
        before = found.get(what)
        if before is None or count.low > before.low:
            found[what] = Tally(what, count.low, count.high)
    return tuple(found[what] for what in STEMS if what in found)


def _words(text: str) -> Iterator[regex.Match[str]]:
    """Where a text has one of the words, in its order."""
    lowered = text.lower()
    if len(lowered) != len(text):  # a few letters grow when they are made small
        yield from _WORDS.finditer(text)
        return
    coded = lowered.encode("utf-8", "replace")
    done = 0
    for start in sorted([find[0] for find in _roots(coded)]):
        at = len(coded[:start].decode())
        match = _WORDS.match(text, at) if at >= done else None
        if match is not None:
            done = match.end()
            yield match
