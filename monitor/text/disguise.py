"""Words as they are meant where their letters are stretched or pulled apart.

`ооообстрел` and `обстреееел`, `Д🔥Р🔥Г` and `о б с т р е л`: such a text is read once more, without
that. The usual text has nothing of the kind; what gives it away is looked for together with the
terms (`monitor.rulebook.patterns.Patterns.mark_disguises`), so that looking costs next to nothing.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain, starmap

import regex

STRETCHED = tuple("аеиуыэюяєрлмнжшзhurlns")
"""Letters that people stretch. Left out: those of Roman numerals, of www, and what follows."""
STRETCHED_INSIDE = ("о", "с")
"""Those only behind another letter: ООО and СССР are words."""
LEAST = 3
"""Letters in a row that are stretched, or single ones that are pulled apart."""

_SINGLE = r"(?<![\p{L}\p{N}])\p{L}(?![\p{L}\p{N}])"
_APART = regex.compile(
    rf"{_SINGLE}(?P<between>[^\p{{L}}\p{{N}}\n]{{1,4}}){_SINGLE}(?:(?P=between){_SINGLE})+"
)
_MAY_BE_APART = re.compile(r"(?<![^\W_])[^\W\d_](?=([\W_]{1,4})[^\W\d_]\1[^\W\d_](?![^\W_]))")
"""Half the time, for the usual text that has none."""
_RUN = re.compile(r"(.)\1\1+")
"""In lower case, and of whatever: naming the letters would take four times as long."""

Span = tuple[int, int]
"""[start, end) in a text."""
Reading = tuple[str, list[Span]]
"""A text, and what of the original one it is, in order."""


def readings(text: str) -> Iterator[Reading]:
    """The text with letters together and stretched ones once; the same with them twice."""
    apart = _spread(text)
    runs = [run.span() for run in _RUN.finditer(_lower(text)) if run[1].isalpha()]
    if not apart and not runs:
        return
    told = {text}
    for times in (1, 2):
        dropped = sorted([*apart, *((start + times, end) for start, end in runs)])
        kept = list(_between(dropped, len(text)))
        plain = "".join([text[start:end] for start, end in kept])
        if plain not in told:
            told.add(plain)
            yield plain, kept


def places(reading: Reading) -> list[int]:
    """Where each character of a reading stands in the original text."""
    return list(chain.from_iterable(starmap(range, reading[1])))


def around(folded: bytes, spans: Iterable[tuple[int, int]], words: int) -> list[list[int]]:
    """The spaces around each span, with so many words of two letters or more on each side.

    (A letter that stands alone may be one of a word that is pulled apart.) Spans are in order; what
    touches is one part. Each space is passed once, however many spans there are.
    """
    parts: list[list[int]] = []
    ahead: deque[int] = deque()  # where the words behind the last span begin
    for start, end in spans:
        if not parts or start >= parts[-1][1]:
            least = parts[-1][1] if parts else 0
            first = _before(folded, start, words, least)
            if not parts or first > least:
                parts.append([first, 0])
            ahead.clear()
        last = max(parts[-1][1], folded.find(b" ", end - 1))
        while ahead and ahead[0] < end - 1:
            ahead.popleft()
        while len(ahead) < words and last < len(folded) - 1:
            after = folded.find(b" ", last + 1)
            if after - last > 2:  # noqa: PLR2004 - two letters
                ahead.append(last)
            last = after
        parts[-1][1] = last
    return parts


def _before(folded: bytes, start: int, words: int, least: int) -> int:
    """The space before so many words in front of `start`, not before the space at `least`."""
    first = folded.rfind(b" ", 0, start + 1)
    while words and first > least:
        before = folded.rfind(b" ", 0, first)
        words -= first - before > 2  # noqa: PLR2004 - two letters
        first = before
    return first


def _lower(text: str) -> str:
    """The text in lower case, each character in its place."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(map(_lower_letter, text))


def _lower_letter(letter: str) -> str:
    lower = letter.lower()
    return lower if len(lower) == 1 else letter


def _between(spans: Iterable[Span], length: int) -> Iterator[Span]:
    """What is left of [0, length) without these spans, which are in order."""
    last = 0
    for start, end in spans:
        yield last, start
        last = end
    yield last, length


def _spread(text: str) -> list[Span]:
    """Each character that pulls letters apart."""
    if not _MAY_BE_APART.search(text):
        return []
    spans = (range(*apart.span()) for apart in _APART.finditer(text))
    return [(at, at + 1) for span in spans for at in span if not text[at].isalpha()]
