"""English plurals and possessives."""

from collections.abc import Iterator

from monitor.lexicon.form import Form

_IRREGULAR = {
    "man": "men", "woman": "women", "child": "children", "person": "people", "foot": "feet",
    "tooth": "teeth", "goose": "geese", "mouse": "mice", "crisis": "crises", "basis": "bases",
    "knife": "knives", "life": "lives", "wife": "wives", "leaf": "leaves", "half": "halves",
    "shelf": "shelves", "thief": "thieves", "loaf": "loaves", "wolf": "wolves", "calf": "calves",
    "aircraft": "aircraft", "spacecraft": "spacecraft", "hovercraft": "hovercraft",
    "series": "series", "species": "species", "police": "police", "personnel": "personnel",
    "infantry": "infantry", "cavalry": "cavalries", "echo": "echoes", "hero": "heroes",
    "veto": "vetoes", "torpedo": "torpedoes", "embargo": "embargoes", "cargo": "cargoes",
    "volcano": "volcanoes", "mosquito": "mosquitoes", "corps": "corps", "headquarters":
    "headquarters", "gas": "gases", "bus": "buses", "medium": "media", "datum": "data",
    "ox": "oxen", "analysis": "analyses", "hypothesis": "hypotheses",
}  # fmt: skip
_LINKS = frozenset(
    {"of", "for", "in", "on", "at", "by", "from", "with", "to", "against", "over", "near"}
    | {"under", "between", "into", "across"}
)
_SIBILANT = ("s", "x", "z", "ch", "sh")
_VOWELS = "aeiou"


def plural(word: str) -> str:
    """The plural of a lower-case noun; compounds of -man follow man."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith(("policeman", "serviceman", "spokesman", "gunman", "rifleman", "fireman")):
        return word[:-2] + "en"
    if word.endswith("aircraft"):
        return word
    if word.endswith(_SIBILANT):
        return word + "es"
    if word.endswith("y") and word[-2:-1] not in _VOWELS:
        return word[:-1] + "ies"
    return word + "s"


def possessives(word: str) -> tuple[str, ...]:
    """`Gladkov's`; after s also the bare apostrophe."""
    return (f"{word}'", f"{word}'s") if word.endswith("s") else (f"{word}'s",)


def phrase_forms(words: list[str], *, name: bool) -> Iterator[Form]:
    """Plural and possessive of an English word or phrase; a name gets no plural.

    The head is the word before the first preposition (act of sabotage: acts of sabotage), else the
    last word.
    """
    link = next((i for i, word in enumerate(words) if i and word.lower() in _LINKS), len(words))
    written = " ".join(words)
    last = words[-1]
    if not last.isalpha() or not last.isascii():
        return
    heads = [written]
    head = words[link - 1]
    if not name and head.isalpha():
        several = _cased(head, plural(head.lower()))
        heads.append(" ".join([*words[: link - 1], several, *words[link:]]))
        if several != head:
            yield Form(heads[1], "plural")
    for whole in heads:
        owned = possessives(whole)
        for text in owned if whole == written else owned[:1]:
            yield Form(text, "possessive")


def _cased(written: str, word: str) -> str:
    """Abbreviations keep their capitals and take a small s: UAVs."""
    if written.isupper() and len(written) > 1:
        return written + word[len(written) :] if word.startswith(written.lower()) else word.upper()
    return word.capitalize() if written[:1].isupper() else word
