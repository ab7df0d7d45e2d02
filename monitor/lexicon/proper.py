"""Which words are names, to the dictionaries; without all else that an analyser loads.

Where posts are read, only this is asked of a dictionary (a first name before a town, a town that is
a surname too), and 20 MB instead of 45 answer it. `ready` loads them beforehand. Source: the
packages of `monitor.lexicon.dictionary`, whose analysers say the same.
"""

import json
from array import array
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast, get_args

from monitor.lexicon.dictionary import PROPER, Language

if TYPE_CHECKING:
    from dawg_python import RecordDAWG

_SUBSTITUTES: dict[Language, dict[str, str]] = {"ru": {"е": "ё"}, "uk": {"г": "ґ"}}

_NUMBERS = ">HH"
"""Of a form: its paradigm, and the place in it."""

Kinds = frozenset[str]


class _Words(NamedTuple):
    """All forms of a language with their numbers, and what kind of name each number is."""

    forms: "RecordDAWG"
    substitutes: object
    paradigms: "array[int]"
    starts: tuple[int, ...]
    kinds: tuple[Kinds, ...]


@lru_cache(maxsize=8192)
def kinds(word: str, language: Language) -> tuple[Kinds, ...]:
    """What kind of name a lower-case word is (Geox, Surn, Name ...) in each way it can be read.

    A way that is no name is empty; a word that the dictionary has not has none.
    """
    words = _words(language)
    return tuple(
        _kind(words, paradigm, form)
        for ways in words.forms.similar_item_values(word, words.substitutes)
        for paradigm, form in ways
    )


def ready() -> None:
    """Load them all, so that nobody waits for it later: 0.1 s."""
    for language in get_args(Language):
        _words(language)


def _kind(words: _Words, paradigm: int, form: int) -> Kinds:
    """Of a paradigm: the numbers of all endings, then of all tags, then of all beginnings."""
    start, end = words.starts[paradigm], words.starts[paradigm + 1]
    return words.kinds[words.paradigms[start + (end - start) // 3 + form]]


@cache
def _words(language: Language) -> _Words:
    folder = Path(import_module(f"pymorphy3_dicts_{language}").get_path())
    forms = _records()(_NUMBERS).load(str(folder / "words.dawg"))
    tags = json.loads((folder / "gramtab-opencorpora-int.json").read_bytes())
    kept: dict[Kinds, Kinds] = {}
    found = (PROPER.intersection(tag.replace(" ", ",").split(",")) for tag in tags)
    substitutes = forms.compile_replaces(_SUBSTITUTES[language])
    paradigms, starts = _paradigms(folder / "paradigms.array")
    named = tuple(kept.setdefault(one, one) for one in found)
    return _Words(forms, substitutes, paradigms, starts, named)


def _records() -> "type[RecordDAWG]":
    """What reads them; pymorphy3 itself, which chooses likewise, would bring all of its modules."""
    try:
        return cast("type[RecordDAWG]", import_module("dawg").RecordDAWG)
    except ImportError:  # there is none for this machine
        return cast("type[RecordDAWG]", import_module("dawg_python").RecordDAWG)


def _paradigms(path: Path) -> tuple["array[int]", tuple[int, ...]]:
    """All of them behind each other, and where each begins; in the file each has its length."""
    numbers = array("H", path.read_bytes())
    starts, at = [], 1
    flat = array("H")
    for _ in range(numbers[0]):
        starts.append(len(flat))
        flat += numbers[at + 1 : at + 1 + numbers[at]]
        at += 1 + numbers[at]
    return flat, (*starts, len(flat))
