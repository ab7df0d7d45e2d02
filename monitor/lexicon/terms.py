"""The term grammar: what an analyst writes. What is looked for: monitor/lexicon/surfaces.py.

    слово, two words     every grammatical form, adjacent, any case, ё=е, any apostrophe and hyphen
    =слово, =two words   as written, no other forms; any case
    ==США                as written, and the same capitals
    обстрел*             every word that begins so; also inside a phrase: `прорв* границ*`
    @Гладков             a name: its forms, and its spellings in other languages and scripts
    ~обстрел             a word with the words of its root: обстрелять, обстреливать
    a ~5 b, a >5 b       b is one of the 5 words before or after a; one of the 5 after it
    #белгород            the hashtag, whole; `#белгород*` every hashtag that begins so
    /С-[0-9]{3}/         a regular expression (monitor/lexicon/expressions.py)
    pl:rakieta           the forms of that language (monitor/lexicon/foreign.py, or ru, uk, en)

Words are what the fold makes of them (monitor/text/symbols.py): a hyphen is a space between two
words. Anything that could not be found as it is meant is a TermProblem, never a silent loss.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Literal, NamedTuple

import regex

from monitor.lexicon import foreign
from monitor.lexicon.expressions import Expression, expression, is_pattern
from monitor.text.symbols import strict_symbols

MAX_LENGTH = 200
MAX_WORDS = 12
MIN_PREFIX = 3
MAX_DISTANCE = 50

Kind = Literal["words", "name", "related", "tag", "expression"]
"""What the mark before a term says that it is."""


class TermProblem(NamedTuple):
    """Why a term cannot be used, and what to write instead."""

    message: str
    hint: str


class ParsedTerm(NamedTuple):
    """A term understood.

    `words` are as written, one for each word or hyphenated group between spaces; a trailing `*`
    marks a beginning. `exact`: no other forms; `cased`: the same capitals; `kind`: what its mark
    says it is. `near`: two terms and how near they stand; `words` are then those of both.
    `language`: whose forms are meant; "" leaves that to letters and dictionaries.
    """

    text: str
    words: tuple[str, ...]
    exact: bool = False
    cased: bool = False
    kind: Kind = "words"
    near: "Near | None" = None
    language: str = ""

    @property
    def phrase(self) -> str:
        """The words without the marks of the grammar, for display and inflection."""
        return " ".join(self.words)


class Near(NamedTuple):
    """Two terms, the second among the `words` words beside the first; `ordered`: after it."""

    left: ParsedTerm
    right: ParsedTerm
    words: int
    ordered: bool


_OWN_LANGUAGES = ("ru", "uk", "en")
_LANGUAGE = re.compile(r"([a-z]{2,3}):\s*(\S.*)", re.DOTALL)
_KINDS: dict[str, Kind] = {"@": "name", "~": "related", "#": "tag"}
_TAG = regex.compile(r"[\w\p{Cf}]+\*?")
_NEAR = re.compile(r"(?:^|\s)([~>])([0-9]+)(?:\s|$)")


def parse(term: str) -> ParsedTerm | TermProblem:
    """Read one term; never raises."""
    text = term.strip()
    special = _special(text) if len(text) <= MAX_LENGTH else None
    if special is not None:
        return special
    kind: Kind = _KINDS.get(text[:1], "words")
    marks = len(text) - len(text.lstrip("=")) if kind == "words" else 1
    body = text[marks:].strip()
    problem = _unreadable(text, body, marks) or _unfindable(body)
    if problem:
        return problem
    words = tuple(word for word in body.split() if "*" in word or _symbols(word))
    if kind == "words":
        parsed = ParsedTerm(text, words, exact=marks > 0, cased=marks == 2)  # noqa: PLR2004 - `==`
    else:
        parsed = ParsedTerm(text, words, exact=kind == "tag", kind=kind)
    return _bad_mark(parsed, body) or _bad_beginning(parsed) or parsed


def _special(text: str) -> ParsedTerm | TermProblem | None:
    """A term of its own grammar: an expression, `a ~5 b`, `pl:word`; None for any other."""
    if is_pattern(text):
        known = expression(text)
        if isinstance(known, Expression):
            return ParsedTerm(text, (), exact=True, kind="expression")
        return TermProblem(*known)
    apart = _NEAR.search(text)
    if apart:
        near = _near(text, apart)
        if isinstance(near, TermProblem):
            return near
        return ParsedTerm(text, near.left.words + near.right.words, near=near)
    marked = _LANGUAGE.fullmatch(text)
    return _in_language(text, marked[1], marked[2]) if marked else None


def _in_language(text: str, language: str, phrase: str) -> ParsedTerm | TermProblem:
    """`pl:rakieta`, or what is wrong with it."""
    if language not in foreign.LANGUAGES and language not in _OWN_LANGUAGES:
        known = ", ".join(sorted({*foreign.LANGUAGES, *_OWN_LANGUAGES}))
        return TermProblem(f"no forms are known of the language {language}", f"known are {known}")
    if language in foreign.LANGUAGES and not foreign.available():
        return TermProblem(
            f"the dictionaries for {language}: are not installed",
            "install the extra `languages`, or write the forms yourself, each as =word",
        )
    parsed = parse(phrase)
    if isinstance(parsed, TermProblem):
        return parsed
    if parsed.exact or parsed.near or parsed.kind != "words" or "*" in phrase or parsed.language:
        return TermProblem(
            f"{language}: stands before a plain word or phrase", f"leave {language}: out"
        )
    return parsed._replace(text=text, language=language)


@lru_cache(maxsize=65536)
def near_of(term: str) -> Near | None:
    """The two sides of `a ~5 b`; None for any other term, and for one with a problem."""
    parsed = parse(term) if _NEAR.search(term) else None
    return parsed.near if isinstance(parsed, ParsedTerm) else None


def _near(text: str, apart: re.Match[str]) -> Near | TermProblem:
    """The two terms beside `~5`, or what is wrong with them."""
    sign = apart[1] + apart[2]
    sides: list[ParsedTerm] = []
    for side in (text[: apart.start()], text[apart.end() :]):
        if not side.strip():
            return TermProblem(
                f"{sign} stands between two words", f"write a word on each side, as in a {sign} b"
            )
        parsed = parse(side)
        if isinstance(parsed, TermProblem):
            return parsed
        if parsed.kind == "expression":
            return TermProblem(
                f"{sign} stands beside a regular expression", "write words, or join both by `all`"
            )
        if parsed.near:
            return TermProblem(
                "more than two words with a distance",
                "write a term for each two of them, and join the terms under `all`",
            )
        sides.append(parsed)
    if not 1 <= int(apart[2]) <= MAX_DISTANCE:
        return TermProblem(
            f"{sign}: the distance is no number from 1 to {MAX_DISTANCE}",
            "write 1 for neighbours, or put both words under `all`",
        )
    left, right = sides
    return Near(left, right, int(apart[2]), ordered=apart[1] == ">")


def _bad_mark(parsed: ParsedTerm, body: str) -> TermProblem | None:
    """What cannot stand behind the mark of a name, of related words or of a hashtag."""
    mark = parsed.text[0]
    if parsed.kind == "tag" and not _TAG.fullmatch(body):
        return TermProblem(
            f"{parsed.text}: a hashtag has only letters, digits and _",
            "write it as people do, as in #белгород_новости",
        )
    if parsed.kind in {"name", "related"} and "*" in body:
        return TermProblem(
            f"{parsed.text}: * and {mark} do not go together",
            f"write the whole word after {mark}, or the beginning without {mark}",
        )
    if parsed.kind in {"name", "related"} and body[0] in "@#/":
        return TermProblem(
            f"{parsed.text}: {mark} and {body[0]} do not go together", f"leave the {body[0]} out"
        )
    if parsed.kind == "related" and len(_symbols(body)) > 1:
        return TermProblem(
            f"{parsed.text}: related words are looked up for one word",
            "write ~word for the word that needs them, and join it with the others under `all`",
        )
    return None


def _unreadable(text: str, body: str, marks: int) -> TermProblem | None:
    """What is wrong with the term as a whole."""
    if not text:
        return TermProblem("the term is empty", "write a word, or leave the line out")
    if len(text) > MAX_LENGTH:
        return TermProblem(
            f"the term has {len(text)} characters", f"write at most {MAX_LENGTH}; shorter is better"
        )
    if text[0] == "$":
        hint = "write $name alone in `any`, and define it under `terms`"
        return TermProblem("a list stands where a word should", hint)
    if marks > 2:  # noqa: PLR2004 - `==` is the longest mark
        return TermProblem("too many =", "write =word as written, ==Word also with its capitals")
    if not body:
        sign = text[0]
        return TermProblem(f"no word after the {sign}", f"write {sign}word")
    return None


def _unfindable(body: str) -> TermProblem | None:
    """Characters that no text can be searched for, and terms without any word."""
    for character in body:
        category = unicodedata.category(character)
        if category in {"Cs", "Cc", "Co", "Cn"} and not character.isspace():
            return TermProblem(
                f"the character U+{ord(character):04X} cannot be searched for", "leave it out"
            )
        if category in {"Sm", "Sc", "So"} and not _symbols(character):
            return TermProblem(
                f"the sign {character} cannot be searched for",
                "leave it out: only letters and digits are compared",
            )
    count = len(_symbols(body.replace("*", "")))
    if not count:
        return TermProblem(
            "the term has no letter or digit", "write a word: only letters and digits are compared"
        )
    if count > MAX_WORDS:
        return TermProblem(
            f"the phrase has {count} words", f"write at most {MAX_WORDS}; shorter is better"
        )
    return None


def _bad_beginning(parsed: ParsedTerm) -> TermProblem | None:
    """What is wrong with a `*`."""
    for word in parsed.words:
        if "*" not in word:
            continue
        stem = word.rstrip("*")
        if word.count("*") > 1 or "*" in stem:
            return TermProblem(
                f"{word}: * can only stand once, at the end of a word", "write it as in обстрел*"
            )
        last = _symbols(stem)[-1] if _symbols(stem) else ""
        if len(last) < MIN_PREFIX or not strict_symbols(stem)[-1:].strip():
            return TermProblem(
                f"{word}: fewer than {MIN_PREFIX} letters before the *",
                "write a longer beginning, or the words themselves",
            )
    return None


def _symbols(text: str) -> list[str]:
    """The words that the fold sees."""
    return strict_symbols(text).split()
