"""Forms of words of other languages (`pl:rakieta`): the dictionaries of simplemma, turned round.

simplemma knows the lemma of every form; here the forms of a lemma are looked up, so that posts are
searched for forms and nothing has to be known of a post's language. Each language is turned round
once for an installation (seconds to half a minute) and kept as a file, mapped into memory, beside
the libraries; where that cannot be written it is turned round again in every process.
A word that the dictionary has not stays as written.
"""

import contextlib
import importlib.metadata
import importlib.util
import os
import sys
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import product
from math import prod
from pathlib import Path

import marisa_trie

from monitor.lexicon.form import Form, distinct
from monitor.text.symbols import strict_symbols

LANGUAGES: dict[str, str] = {
    "ar": "Arabic", "bg": "Bulgarian", "ca": "Catalan", "cs": "Czech", "da": "Danish",
    "de": "German", "el": "Greek", "es": "Spanish", "et": "Estonian", "fa": "Persian",
    "fi": "Finnish", "fr": "French", "he": "Hebrew", "hbs": "Serbo-Croatian", "hu": "Hungarian",
    "hy": "Armenian", "it": "Italian", "ka": "Georgian", "lt": "Lithuanian", "lv": "Latvian",
    "mk": "Macedonian", "nb": "Norwegian", "nl": "Dutch", "pl": "Polish", "pt": "Portuguese",
    "ro": "Romanian", "sk": "Slovak", "sl": "Slovene", "sv": "Swedish", "tr": "Turkish",
}  # fmt: skip
"""Languages that can be named before a term, beside ru, uk and en."""
MAX_FORMS = 400
"""More forms than this for one phrase are not made: the words that vary least vary."""
_SEPARATOR = "\t"


def available() -> bool:
    """Whether the dictionaries are installed."""
    return importlib.util.find_spec("simplemma") is not None


def forms(phrase: str, language: str) -> frozenset[Form]:
    """The forms of a phrase, itself included: every word in each of its forms."""
    words = phrase.split()
    choices = [_word(word, language) for word in words]
    while prod(map(len, choices)) > MAX_FORMS:
        longest = max(range(len(choices)), key=lambda at: len(choices[at]))
        choices[longest] = choices[longest][:1]
    why = f"dictionary {language}"
    made = (Form(" ".join(chosen), why) for chosen in product(*choices))
    return distinct((Form(phrase, "as written"), *made))


def _word(word: str, language: str) -> tuple[str, ...]:
    """A word, and the forms of which it is the lemma."""
    key = strict_symbols(word) + _SEPARATOR
    found = (entry.partition(_SEPARATOR)[2] for entry in _index(language).iterkeys(key))
    return tuple(dict.fromkeys((word, *found)))


@cache
def _index(language: str) -> marisa_trie.Trie:
    """All forms of a language by their lemma."""
    version = importlib.metadata.version("simplemma")
    file = Path(sys.prefix, "share", "monitor", "lexicon", f"{language}-{version}-1.marisa")
    trie = marisa_trie.Trie()
    with contextlib.suppress(OSError, RuntimeError):  # not there, or damaged: made again
        trie.mmap(str(file))
        return trie
    made = marisa_trie.Trie(_entries(language))
    if sys.prefix != sys.base_prefix:  # not into the system's own folders
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            beside = file.with_suffix(f".{os.getpid()}")
            made.save(str(beside))
            beside.replace(file)
    return made


def _entries(language: str) -> Iterator[str]:
    """`lemma, form`, the lemma as words are compared, for every form that is a word."""
    folded = lru_cache(maxsize=4096)(strict_symbols)  # neighbours have the same lemma
    # Its import takes as long as that of all the rest here, and few rulebooks need it.
    from simplemma.strategies.dictionaries.stream_dictionary_factory import (  # noqa: PLC0415
        StreamDictionaryFactory,
    )

    for form, lemma in StreamDictionaryFactory().get_dictionary(language).items():
        if form.isalpha():
            yield folded(lemma) + _SEPARATOR + form.lower()
