"""Words of one root, for terms that ask for them (`~обстрел`): обстрелять, обстреливать ...

Suffixes are tried on the term's stem and kept where a dictionary knows the result; each found
word then brings all its forms. Roots that change (взрыв, взорвать) are not followed.
"""

from collections.abc import Iterator

from monitor.lexicon import dictionary
from monitor.lexicon.dictionary import Language
from monitor.lexicon.form import Form, distinct
from monitor.lexicon.inflect import forms
from monitor.lexicon.inflect_en import plural
from monitor.lexicon.readings import is_term, possible_languages

_RU_NOUN = (
    "изация", "ирование", "ировка", "ование", "ывание", "ивание", "ация", "яция", "ение", "ание",
    "яние", "овка", "ство", "ция", "ия", "ние", "тие", "ка", "а", "о", "ь", "я", "е", "",
)  # fmt: skip
_RU_VERB = ("ировать", "овать", "ывать", "ивать", "нуть", "ать", "ять", "ить", "еть", "уть")
_RU_OTHER = (
    "", "а", "ка", "ие", "ение", "ание", "ация", "ирование", "ованный", "ный", "ионный",
    "овый", "овой", "ский", "ник", "чик", "щик", "ант", "ист", "ер", "тель", "атель",
    "ующий", "ство", "овка", "ировка",
)  # fmt: skip
_UK_NOUN = (
    "ування", "ювання", "ація", "яція", "ення", "ання", "яння", "івка", "ство", "цтво", "ція",
    "ія", "ня", "ка", "а", "о", "ь", "я", "е", "",
)  # fmt: skip
_UK_VERB = ("увати", "ювати", "ізувати", "нути", "ати", "яти", "ити", "іти", "ути")
_UK_OTHER = (
    "", "а", "ка", "ення", "ання", "ування", "ювання", "ація", "ний", "ійний", "овий", "івський",
    "ський", "ник", "чик", "ант", "ист", "ер", "тель", "ач", "ство", "івка",
)  # fmt: skip
_MIN_STEM = 3
_SAFE_STEM = 5
_SHORT = 3
_MAX_WORDS = 12
_EN_VOWELS = "aeiou"


def derivations(word: str) -> frozenset[Form]:
    """The forms of the words that share the word's root, the word's own forms included."""
    made = list(forms(word))
    languages = possible_languages(word) if is_term(word) else ()
    for language in languages:
        for relative in _relatives(word.lower(), language)[:_MAX_WORDS]:
            made += (
                Form(form.text, f"derived: {relative}")
                for form in forms(relative, language=language)
            )
    if not languages and is_term(word) and word.isascii() and word.isalpha():
        made += _english(word)
    return distinct(made)


def _relatives(word: str, language: Language) -> list[str]:
    """Known words on the stems of a word, in the order of the tables."""
    nouns, verbs, others = (
        (_RU_NOUN, _RU_VERB, _RU_OTHER) if language == "ru" else (_UK_NOUN, _UK_VERB, _UK_OTHER)
    )
    found: dict[str, None] = {}
    for stem in _stems(word, nouns + verbs):
        for suffix in verbs + others:
            one = stem + suffix
            if len(suffix) < _SHORT and suffix not in verbs and len(stem) < _SAFE_STEM:
                continue
            if one != word and _is_base(one, language, verb=suffix in verbs):
                found[one] = None
    return list(found)


def _stems(word: str, endings: tuple[str, ...]) -> Iterator[str]:
    """What is left of a word without an ending of its own: the two longest endings that fit."""
    fitting = sorted((end for end in endings if end and word.endswith(end)), key=len, reverse=True)
    stems = dict.fromkeys(word[: -len(end)] for end in fitting[:2])
    if not fitting:
        stems[word] = None
    yield from (stem for stem in stems if len(stem) >= _MIN_STEM)


def _is_base(word: str, language: Language, *, verb: bool) -> bool:
    """Whether the dictionary has the word as an infinitive, or as a nominative."""
    if not dictionary.known(word, language):
        return False
    return any(
        one.known
        and one.parse.normal_form == word
        and (dictionary.is_infinitive(one) if verb else one.part in {"noun", "adjective"})
        for one in dictionary.readings(word, language)
    )


def _english(word: str) -> Iterator[Form]:
    """Verb forms and the doer of an English word: attack, attacked, attacking, attackers."""
    lower = word.lower()
    base = lower[:-3] if lower.endswith("ing") and len(lower) > len("ing") + _MIN_STEM else lower
    stem = base.removesuffix("e")
    if base.endswith("y") and base[-2:-1] not in _EN_VOWELS:
        past, doer = base[:-1] + "ied", base[:-1] + "ier"
    else:
        past, doer = stem + "ed", stem + "er"
    for text in (base, plural(base), past, stem + "ing", doer, doer + "s"):
        yield Form(text, f"derived: {base}")
