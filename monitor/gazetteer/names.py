"""Every way in which a place is written: its names in all forms and spellings, as lookup keys.

A key is the strict symbols of the words (monitor/text/symbols.py) with single spaces between, so
case, ё and е, hyphens and stress marks make no difference.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from monitor.gazetteer.context import DISTRICT, LAND, REGION
from monitor.lexicon import dictionary, proper
from monitor.lexicon.inflect import forms
from monitor.lexicon.readings import possible_languages
from monitor.lexicon.romanise import spellings
from monitor.lexicon.toponyms import adjectives
from monitor.place import Place
from monitor.text.symbols import strict_symbols

ADJECTIVE = 1
"""A relational word (`грайворонский`): it names the place with a noun after it, in any case."""
COMMON = 2
"""Also an ordinary word (`Победа`): it needs more than a capital."""
BEFORE_TYPE = 4
"""Only with `oblast`, `region`, `district` after it: `Belgorod` alone is the city."""

OF_SETTLEMENT = 8
"""The relational word of a settlement (`купянский`): with a noun after it, what lies around it.
Without ADJECTIVE it may be the name itself too: `Купянском`."""

LARGE = 15_000
"""People; of smaller places of a large gazetteer no relational words are made."""
NEAR = frozenset({"RU", "UA", "BY"})
"""Countries whose languages make relational words of settlements' names."""

TYPES = DISTRICT | REGION | {"autonomous"}


def key(text: str) -> str:
    """What a name is looked up by."""
    return " ".join(strict_symbols(text).split())


def ways(place: Place, *, quick: bool = False) -> dict[str, int]:
    """Key -> flags, for every way the place is written.

    `quick` inflects names that no dictionary knows by the rules for endings alone: a few forms in
    a hundred are lost, and it takes a tenth of the time.
    """
    found: dict[str, int] = {}
    listed = any(is_listed(name.lower()) for name in (place.name, *place.names))
    for name in dict.fromkeys((place.name, *place.names)):
        for text, flags in _ways(name, place, quick=quick, listed=listed):
            one = key(text)
            if one:
                found[one] = found.get(one, flags) & flags
    if place.kind == "settlement" and (not quick or _is_large(place)):
        for one in _adjectives(place):
            found[one] = found.get(one, ADJECTIVE) | OF_SETTLEMENT
    return found


def _adjectives(place: Place) -> Iterator[str]:
    """The relational words of a settlement, in every case and gender."""
    for name in dict.fromkeys((place.name, *place.names)):
        for form in adjectives(name):
            if form.why.startswith("adjective"):
                yield key(form.text)


def _ways(name: str, place: Place, *, quick: bool, listed: bool) -> Iterator[tuple[str, int]]:
    """`listed`: the Russian dictionary has one of the place's names as a place.

    The Ukrainian one does not say which of its words are places.
    """
    words = name.split()
    base = _without_type(words)
    if place.kind in {"district", "region"} and base:
        yield from _relational(base)
        return
    ukrainian = possible_languages(name) == ("uk",)
    flags = COMMON if is_common(words) and not (ukrainian and listed) else 0
    if possible_languages(name):
        rules_only = quick and not all(map(_known, words))
        made = forms(name, kind="place", dictionary=not rules_only)
        yield from ((form.text, flags) for form in made)
        if "-" in name and not quick:  # both parts decline: Гору-Подол beside Гора-Подола
            both = forms(name.replace("-", " "), kind="name")
            yield from ((form.text, flags) for form in both)
        if not quick:
            for form in spellings(name, possessive=False):
                yield form.text, flags | (COMMON if form.needs_capital else 0)
    else:
        yield name, flags


@lru_cache(maxsize=8192)
def is_listed(lower: str) -> bool:
    """Whether the Russian dictionary has a word as a place, and not as a surname too."""
    if "ru" not in possible_languages(lower):
        return False
    known = proper.kinds(lower, "ru")
    return any("Geox" in one for one in known) and not any("Surn" in one for one in known)


def _is_large(place: Place) -> bool:
    return place.population >= LARGE and place.country in NEAR


def _known(word: str) -> bool:
    lower = word.lower()
    return any(dictionary.known(lower, one) for one in possible_languages(lower))


def _without_type(words: list[str]) -> str:
    """The name without `область`, `район`, `oblast` after it; empty if none is there."""
    for count in (2, 1):
        tail = words[-count:]
        if len(words) > count and all(key(word) in TYPES for word in tail):
            return " ".join(words[:-count])
    return ""


def _relational(base: str) -> Iterator[tuple[str, int]]:
    """The adjective of a district or region, in every case and gender."""
    if not possible_languages(base):
        yield base, BEFORE_TYPE
    elif base.endswith(("ий", "ый", "ой", "ая", "ое", "а", "е")):
        for word in dict.fromkeys((_masculine(base), base)):  # dictionaries may lack either
            yield from ((form.text, ADJECTIVE) for form in forms(word, kind="word"))
    else:
        yield from ((form.text, 0) for form in forms(base, kind="place"))


def _masculine(adjective: str) -> str:
    """Белгородская, Белгородский: the entry form that all others are made from."""
    for ending, other in (("ская", "ский"), ("цкая", "цкий"), ("ське", "ський"), ("ська", "ський"),
                          ("цька", "цький"), ("зька", "зький"), ("ское", "ский")):  # fmt: skip
        if adjective.endswith(ending):
            return adjective.removesuffix(ending) + other
    return adjective


def is_common(words: Iterable[str]) -> bool:
    """Whether a name of one word is also a word of the dictionary that names no place or person."""
    listed = list(words)
    if len(listed) != 1 or not possible_languages(listed[0]):
        return False
    lower = listed[0].lower()
    if LAND.search(lower):
        return False
    for language in possible_languages(lower):
        if not dictionary.known(lower, language):
            continue  # what the analyser guesses of an unknown word takes it long, and says nothing
        known = [one for one in dictionary.readings(lower, language) if one.known]
        if known and all(one.part == "other" for one in known):
            return True  # a particle or pronoun: `Тим` is a town, and Ukrainian for `with that`
        if known and not any(one.proper & {"Geox"} for one in known):
            return language == "ru" or "ru" not in possible_languages(lower)
    return False
