"""Relational words of places: курский, білгородський, новотаволжанский, Полтавщина, Брянщина.

Half of all mentions of a place in real posts are such (Курская область): a place term finds
them beside the cases of its name.
"""

import re
from collections.abc import Iterator

from monitor.lexicon import dictionary
from monitor.lexicon.dictionary import Language
from monitor.lexicon.form import Form, cased_like, distinct
from monitor.lexicon.inflect import forms
from monitor.lexicon.readings import is_term, possible_languages

_ENDINGS: dict[Language, tuple[str, ...]] = {
    "ru": ("ий", "ого", "ому", "им", "ом", "ая", "ой", "ую", "ое", "ие", "их", "ими"),
    "uk": ("ий", "ого", "ому", "им", "ім", "а", "ої", "ій", "у", "ою", "е", "і", "их", "ими"),
}
_V = "[аеёиоуыэюяіїєь']*$"
_RULES: dict[Language, tuple[tuple[re.Pattern[str], str], ...]] = {
    "ru": tuple(
        (re.compile(pattern), ending)
        for pattern, ending in (
            (r"([сц])к(?:ий|ая|ое|ие)?$", r"\1кий"),
            (r"ец$", "ецкий"),
            (r"цы$", "ецкий"),
            (r"ца$", "цкий"),
            (r"ёл$", "ловский"),
            (r"[ёо]к$", "ковский"),
            (r"ия$", "ийский"),
            (r"(?<=..)к[аи]$", "ский"),
            (r"(?<=..)ьк[аи]$", "енский"),
            (rf"г{_V}", "жский"),
            (rf"х{_V}", "шский"),
            (rf"л{_V}", "льский"),
            (rf"сс{_V}", "сский"),
            (rf"([^аеёиоуыэюяь]){_V}", r"\1ский"),
            (rf"к{_V}", "чский"),
        )
    ),
    "uk": tuple(
        (re.compile(pattern), ending)
        for pattern, ending in (
            (r"([сцз]ь)к(?:ий|а|е|і)?$", r"\1кий"),
            (r"ець$", "ецький"),
            (r"ці$", "ецький"),
            (r"ця$", "цький"),
            (r"ія$", "ійський"),
            (r"(?<=..)к[аи]$", "ський"),
            (rf"[гжз]+{_V}", "зький"),
            (rf"[кчц]+{_V}", "цький"),
            (rf"[хшс]+{_V}", "ський"),
            (rf"л{_V}", "льський"),
            (rf"(.)\1{_V}", r"\1ський"),
            (rf"([^аеиоуюяіїєь']){_V}", r"\1ський"),
        )
    ),
}
_LONGER: dict[Language, tuple[str, ...]] = {
    "ru": ("анский", "янский", "енский", "инский", "овский", "евский", "ийский"),
    "uk": ("анський", "янський", "енський", "инський", "івський", "ївський"),
}
_RU_VOWELS = "аеёиоуыэюяь"
_UK_VOWELS = "аеєиіїоуюяь"
_SOFTENED = {"г": "ж", "к": "ч", "х": "ш"}
_IRREGULAR: dict[str, tuple[str, ...]] = {
    "москва": ("московский", "московський"), "франция": ("французский",),
    "франція": ("французький",), "германия": ("германский",), "россия": ("российский",),
    "росія": ("російський",), "днепр": ("днепровский",), "дніпро": ("дніпровський",),
    "новгород": ("новгородский", "новгородський"), "псков": ("псковский", "псковський"),
    "нью-йорк": ("нью-йоркский", "нью-йоркський"), "тель-авив": ("тель-авивский",),
    "ростов-на-дону": ("ростовский", "ростовський"), "китай": ("китайский", "китайський"),
    "нижний новгород": ("нижегородский",), "кривой рог": ("криворожский",),
    "кривий ріг": ("криворізький",), "санкт-петербург": ("петербургский",),
    "великобритания": ("британский",), "великобританія": ("британський",),
    "греция": ("греческий",), "греція": ("грецький",), "турция": ("турецкий",),
    "туреччина": ("турецький",), "німеччина": ("німецький",), "угорщина": ("угорський",),
    "польша": ("польский",), "польща": ("польський",), "швеция": ("шведский",),
    "швеція": ("шведський",), "європа": ("європейський",), "европа": ("европейский",),
    "индия": ("индийский",), "індія": ("індійський",), "дания": ("датский",),
    "данія": ("данський",), "чехия": ("чешский",), "чехія": ("чеський",),
    "ирландия": ("ирландский",), "грузия": ("грузинский",), "грузія": ("грузинський",),
}  # fmt: skip


_MIN_STEM = 2


def adjectives(place: str, *, language: str | None = None) -> frozenset[Form]:
    """All forms of the adjectives and regional nouns of a place name; () when none can be made.

    Of what the rules offer, those that a dictionary knows; the likeliest, when it knows none.
    """
    words = place.split()
    made: list[Form] = []
    if not is_term(place) or len(_stem(words[-1].lower())) < _MIN_STEM:
        return frozenset()
    for one in possible_languages(place):
        if language in {None, one}:
            made += _adjectives(words, one)
            made += _regions(words, one)
    return distinct(made)


def _adjectives(words: list[str], language: Language) -> Iterator[Form]:
    """`-ский` of the last word; of two words, the first joined by о."""
    before = "".join(_joined(word.lower()) for word in words[:-1])
    if before and not all(word[:1].isupper() for word in words):
        return
    irregular = _IRREGULAR.get(" ".join(words).lower())
    if irregular:
        soft = "ьк" if language == "uk" else "к"
        chosen = [one for one in irregular if ("ький" in one) == (soft == "ьк")]
        before = ""
    else:
        chosen = _chosen(words[-1].lower().replace("-", ""), language)
    for one in chosen:
        endings = _ENDINGS[language]
        for ending in ("ой", *endings[1:]) if one.endswith("ой") else endings:
            text = before + one[:-2] + ending
            yield Form(cased_like(words[-1], text), f"adjective {language}: -{one[-4:]}")


def _chosen(name: str, language: Language) -> list[str]:
    """The adjectives that a dictionary has; else one with a longer suffix; else the likeliest."""
    if language == "uk" and name.endswith(("ск", "цк", "ия")):
        return []
    offered = list(dict.fromkeys(_offers(name, language)))
    known = [one for one in offered if dictionary.known(one, language)]
    if known or not offered:
        return known[:2]
    stem = _stem(name)
    longer = (stem + suffix for suffix in _LONGER[language])
    return [next((one for one in longer if dictionary.known(one, language)), offered[0])]


def _joined(adjective: str) -> str:
    """The first part of a compound: новая -> ново, синяя -> сине."""
    for ending in ("ая", "ое", "ый", "ий", "ой", "ые", "ие", "а", "е", "и", "і", "ий"):
        if adjective.endswith(ending):
            return adjective[: -len(ending)] + "о"
    return adjective + "о"


def _offers(name: str, language: Language) -> Iterator[str]:
    """Adjectives that the name may have, in the nominative, likeliest first."""
    for pattern, ending in _RULES[language]:
        if pattern.search(name):
            yield pattern.sub(ending, name, count=1)
    stem = _stem(name)
    if language == "ru" and dictionary.known(stem + "ской", "ru"):
        yield stem + "ской"


def _stem(name: str) -> str:
    """The name without its final vowels and signs; й stays (Китай)."""
    return name.rstrip(_RU_VOWELS + _UK_VOWELS)


def _regions(words: list[str], language: Language) -> Iterator[Form]:
    """The regional noun, when a dictionary has it or it is regular: Полтавщина, Брянщина."""
    if len(words) > 1 or words[0].lower().endswith(("ия", "ія", "щина", "чина")):
        return
    offered = list(dict.fromkeys(_region_offers(words[0].lower(), language)))
    known = [one for one in offered if dictionary.known(one, language)]
    # Брянск makes Брянщина as a rule; other endings are not to be guessed.
    usual = words[0].lower().endswith(("нск", "нськ"))
    for one in known or offered[: 1 if usual else 0]:
        written = cased_like(words[0], one)
        for form in forms(written, kind="place", language=language):
            yield Form(form.text, f"region {language}: -{one[-4:]}")


def _region_offers(name: str, language: Language) -> Iterator[str]:
    stem = _stem(name)
    base = stem.removesuffix("ск") if language == "ru" else stem.removesuffix("ськ")
    if base != stem:
        yield base + "щина"
    if stem.endswith(("ськ", "цьк", "ц", "к")):
        trimmed = stem.removesuffix("цьк").removesuffix("ськ").rstrip("цк")
        yield trimmed + "ччина"
        yield trimmed + "чина"
    if stem.endswith(("с", "з", "г", "ж")):
        yield stem[:-1] + "щина"
        yield stem.rstrip("жзг") + "жчина"
    yield stem + "щина"
    yield stem + "чина"
    yield stem + "овщина"
