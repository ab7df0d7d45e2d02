"""Which words are names: the small reading of the dictionaries says what the analysers say."""

import random

import pytest

from monitor.lexicon import dictionary, proper
from monitor.lexicon.dictionary import Language
from monitor.lexicon.given_names import PAIRS

WORDS = ("харьков", "харків", "иванов", "сумы", "суми", "тим", "орёл", "орел", "ґудзик", "гудзик",
         "а", "и", "і", "наташ", "наталії", "шевченко", "на-гора", "нет-такого", "щщщ", "",
         "петренками", "лев", "любовь", "надія", "северск")  # fmt: skip


@pytest.mark.parametrize("language", ["ru", "uk"])
def test_names_are_those_of_the_analyser(language: Language) -> None:
    """Every way in which a dictionary reads a word is the kind of name that its analyser says."""
    forms = random.Random(3).sample(dictionary.analyser(language).dictionary.words.keys("ал"), 50)
    names = [name for row in PAIRS for name in row]
    known = [name + ending for name in names for ending in ("", "а", "ом", "ові", "я")]
    for word in (*WORDS, *known, *forms):
        kinds = [one.proper for one in dictionary.readings(word, language) if one.known]
        assert sorted(map(sorted, proper.kinds(word, language))) == sorted(map(sorted, kinds)), word
