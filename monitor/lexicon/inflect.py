"""Every grammatical form of a term: made when rules load, never when posts are read.

Russian and Ukrainian by dictionary, unknown names by their endings; English plurals and
possessives; other languages as written. ё and е, case, hyphens and apostrophes are the fold's.
"""

from collections.abc import Iterable, Iterator

from monitor.lexicon import dictionary as known_words
from monitor.lexicon import inflect_en
from monitor.lexicon.dictionary import Language
from monitor.lexicon.form import Form, Kind, Paradigm, distinct
from monitor.lexicon.phrases import phrase_forms, tokens
from monitor.lexicon.readings import is_term, paradigms, possible_languages

__all__ = ["Form", "Kind", "forms", "languages", "plain_forms"]

AS_WRITTEN = "as written"


def forms(
    term: str, *, kind: Kind = "word", language: str | None = None, dictionary: bool = True
) -> frozenset[Form]:
    """The forms of a term, itself included.

    `kind` says what it is: a `place` has no plural, a `name` (of a person or body) inflects all its
    words together. `language` is a code (ru, uk, en ...) when known; otherwise letters and
    dictionaries decide, and a word of two languages gets the forms of both. `dictionary=False`
    leaves only the rules for unknown words.
    """
    return distinct(_made(term, kind, language, dictionary=dictionary))


def _made(term: str, kind: Kind, language: str | None, *, dictionary: bool) -> Iterable[Form]:
    """The same, some of them several times."""
    written = " ".join(term.split())
    if not written:
        return ()
    made = [Form(written, AS_WRITTEN)]
    if not is_term(written):
        return made
    if language in {None, "ru", "uk"}:
        for one in languages(written, kind=kind) if language is None else (language,):
            made += _slavic(written, kind, "ru" if one == "ru" else "uk", dictionary=dictionary)
    if language in {None, "en"} and not possible_languages(written):
        made += inflect_en.phrase_forms(written.split(" "), name=kind != "word")
    return made


def plain_forms(phrase: str) -> frozenset[str]:
    """The texts of a word's or phrase's forms: what the matcher searches for."""
    return frozenset([form.text for form in _made(phrase, "word", None, dictionary=True)])


def languages(term: str, *, kind: Kind = "word") -> tuple[Language, ...]:
    """In which of Russian and Ukrainian a term is to be inflected.

    Letters decide first (ы, і); then the dictionaries: those that know most of its words. A
    capitalised word or a name belongs to both, because both languages write of the same places and
    people.
    """
    possible = possible_languages(term)
    words = [token.word for token in tokens(term)]
    capitals = all(word[:1].isupper() for word in words)
    if len(possible) < 2 or kind == "name" or capitals or (kind == "place" and len(words) == 1):  # noqa: PLR2004 - one language or none is no choice
        return possible
    counts = {one: sum(known_words.known(word.lower(), one) for word in words) for one in possible}
    return tuple(one for one in possible if counts[one] == max(counts.values()))


def _slavic(written: str, kind: Kind, language: Language, *, dictionary: bool) -> Iterator[Form]:
    """Forms in one of the two languages."""
    words = tokens(written)
    if len(words) > 1:
        yield from phrase_forms(written, kind, language, use_dictionary=dictionary)
    elif words:
        token = words[0]
        for paradigm in paradigms(token.word, kind, language, use_dictionary=dictionary):
            for text in dict.fromkeys(_texts(paradigm, kind)):
                yield Form(token.written(text), paradigm.why)


def _texts(paradigm: Paradigm, kind: Kind) -> Iterator[str]:
    """The cells that a term of this kind can mean."""
    for cell in paradigm.cells:
        if kind == "place" and cell.plural != paradigm.plural:
            continue
        other_gender = cell.gender and paradigm.gender and cell.gender != paradigm.gender
        if paradigm.part == "noun" and other_gender:
            continue
        yield cell.text
