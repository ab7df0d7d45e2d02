"""Forms of unknown toponyms: our suffix rules, dictionary switched off, against its declensions.

Gold, Russian: every noun that pymorphy3's dictionary marks as a toponym (Geox), abbreviations
left out. Gold, Ukrainian: every settlement name of the shared list of settlements that the
Ukrainian dictionary declines as a noun. A town has no plural: for names that are singular the
plural cells of the dictionary are left out (`--plural` keeps them and asks for kind="word").

    python benchmarks/quality/unknown_toponyms.py [--plural] [--misses]
"""

import argparse
import collections
import csv
import os
from collections.abc import Mapping
from pathlib import Path

import pymorphy3

from monitor.lexicon.inflect import forms

SHARED = Path(os.environ.get("MONITOR_SHARED_DATA", "../shared/data"))


def lexemes(language: str, *, plural: bool, wanted: str) -> Mapping[str, set[str]]:
    """Nominative -> all forms, over the dictionary's nouns whose tag contains `wanted`."""
    dictionary = pymorphy3.MorphAnalyzer(lang=language).dictionary
    gold: dict[str, set[str]] = collections.defaultdict(set)
    for word, tag, _, paradigm, index in dictionary.iter_known_words():
        text = str(tag)
        if index or not text.startswith("NOUN") or wanted not in text or "Abbr" in text:
            continue
        cells = dictionary.build_paradigm_info(paradigm)
        prefix, first_tag, suffix = cells[0]
        stem = word[len(prefix) : len(word) - len(suffix)]
        only_plural = "plur" in str(first_tag)
        for before, cell, after in cells:
            if plural or only_plural or "plur" not in str(cell):
                gold[word].add(before + stem + after)
    return gold


def russian(*, plural: bool) -> dict[str, set[str]]:
    """The Russian gold; names without a vowel are abbreviations too."""
    gold = lexemes("ru", plural=plural, wanted="Geox")
    return {w: f for w, f in gold.items() if set(w) & set("аеёиоуыэюя") and len(w) > 2}


def ukrainian(*, plural: bool) -> dict[str, set[str]]:
    """The Ukrainian gold: settlements that the dictionary knows as inanimate nouns."""
    gold = lexemes("uk", plural=plural, wanted="inan nomn")
    path = SHARED / "gazetteers" / "ua-settlements-osm.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        names = {row["name_uk"].strip().lower() for row in csv.DictReader(file)}
    return {word: gold[word] for word in sorted(names & gold.keys())}


def capital(word: str) -> str:
    """The word as a name is written."""
    return "-".join(part[:1].upper() + part[1:] for part in word.split("-"))


def flat(text: str) -> str:
    """As the matcher's fold sees it."""
    return text.lower().replace("ё", "е").replace("’", "'")


def measure(language: str, gold: Mapping[str, set[str]], *, plural: bool, misses: bool) -> None:
    """Print recall and precision over forms, and the share of names with every form."""
    right = wanted = given = whole = 0
    endings: collections.Counter[str] = collections.Counter()
    for word, expected in gold.items():
        kind = "word" if plural else "place"
        made = {
            flat(form.text)
            for form in forms(capital(word), kind=kind, language=language, dictionary=False)
        }
        target = {flat(form) for form in expected}
        right += len(made & target)
        wanted += len(target)
        given += len(made)
        whole += target <= made
        if misses and not target <= made:
            print("missed", word, sorted(target - made), "made", sorted(made - target))
        if misses and made - target:
            endings[f"{word[-3:]} {len(made - target)}"] += 1
    print(
        f"{language}: {len(gold)} names, {wanted} forms: recall {right / wanted:.4f}, "
        f"precision {right / given:.4f}, names with every form {whole / len(gold):.4f}"
    )
    if misses:
        print("too many:", endings.most_common(60))


def main() -> None:
    """Measure both languages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plural", action="store_true")
    parser.add_argument("--misses", action="store_true")
    options = parser.parse_args()
    for language, gold in (("ru", russian), ("uk", ukrainian)):
        measure(language, gold(plural=options.plural), plural=options.plural, misses=options.misses)


if __name__ == "__main__":
    main()
