"""Sentences and paragraphs of a post, as [start, end) in its text.

A paragraph ends at an empty line. A sentence ends at every line break; behind `.`, `!`, `?` or `…`
(and closing quotes or brackets) if a blank or an emoji follows. A full stop or `…` before a
lower-case letter ends none, nor does that of an abbreviation or initial (`г. Белгород`, `ул. Мира`,
`А. Гладков`, `Mr.`). Emoji by themselves end none: they stand inside sentences, too.
"""

from typing import Literal

import regex

Unit = Literal["sentence", "paragraph"]
Span = tuple[int, int]

_PARAGRAPH = regex.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+")
_END = regex.compile(r"\n|[.!?…]+[»”\"')\]]*(?=\s|\p{Extended_Pictographic})|[。！？]")
_GOES_ON = regex.compile(r"\s+[«“„\"'(\[]?\p{Ll}")
_LAST_WORD = regex.compile(r"[\p{L}-]+(?=\.$)")
_SHORTENED = """
г гг ул д дер пос р обл с х ст пер пл кв стр корп п пгт им тыс тис млн млрд чел т тн руб грн
км см св проф акад ген полк подп капит мл гр гос зам ком нач рис напр др пр см вул буд м смт
обл р-н м-н б-р просп шосе mr mrs ms dr st gen col maj lt sgt capt gov sen rep no vs approx jr
sr prof rev dept fig inc ltd co corp jan feb mar apr jun jul aug sep sept oct nov dec
"""
_SHORT = frozenset(_SHORTENED.split())


def spans(text: str, unit: Unit) -> tuple[Span, ...]:
    """The sentences or paragraphs, in order, without those of blanks only. Linear time."""
    cuts = _paragraph_cuts(text) if unit == "paragraph" else _sentence_cuts(text)
    found: list[Span] = []
    start = 0
    for cut in (*cuts, len(text)):
        if text[start:cut].strip():
            found.append((start, cut))
        start = cut
    return tuple(found)


def _paragraph_cuts(text: str) -> list[int]:
    return [gap.end() for gap in _PARAGRAPH.finditer(text)]


def _sentence_cuts(text: str) -> list[int]:
    cuts: list[int] = []
    for mark in _END.finditer(text):
        if mark[0][0] in ".…" and (_GOES_ON.match(text, mark.end()) or _abbreviated(text, mark)):
            continue
        cuts.append(mark.end())
    return cuts


def _abbreviated(text: str, mark: regex.Match[str]) -> bool:
    """Whether the full stop belongs to an abbreviation or an initial."""
    if mark[0] != ".":
        return False
    word = _LAST_WORD.search(text, max(mark.start() - 12, 0), mark.end())
    if word is None:
        return False
    return word[0].lower() in _SHORT or (len(word[0]) == 1 and word[0].isupper())
