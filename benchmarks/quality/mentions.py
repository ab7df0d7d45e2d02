"""Place mentions found in real news: one plain term per gold lemma, SlavicNER's LOC entities.

A mention is found when a form of its own lemma stands at its place in the text, letters folded as
the matcher folds them. A hit of a term is right when an annotated entity with that lemma or
identity covers it, or when it lies inside an annotated name of another kind (the United States
in "the Senate of the United States"); else it is wrong.
Nouns and adjectives are counted apart: the annotators label adjectives (российский) in some of
the files only, so that their precision says little.

    python benchmarks/quality/mentions.py [--misses] [--nominative]
"""

import argparse
import collections
import gzip
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from monitor.lexicon.form import Kind
from monitor.lexicon.inflect import forms

SHARED = Path(os.environ.get("MONITOR_SHARED_DATA", "../shared/data"))
ADJECTIVE = re.compile(r"^[^ ]*(?:ий|ый|ая|ое|ие|ые|ых|их|ці)$")
WORD = re.compile(r"[\w'’ʼ]+")


Hit = tuple[int, int, str]


class Mention(NamedTuple):
    """One annotated entity."""

    start: int
    end: int
    lemma: str
    kind: str
    id: str


def fold(text: str) -> str:
    """Case, ё, apostrophes, hyphens and punctuation as the matcher sees them."""
    text = text.lower().replace("ё", "е").replace("’", "'").replace("ʼ", "'")
    return " ".join(WORD.findall(text))


def words(text: str) -> list[tuple[str, int, int]]:
    """Folded words with their offsets."""
    return [(fold(m.group()), m.start(), m.end()) for m in WORD.finditer(text)]


def texts(language: str) -> Iterator[tuple[str, list[Mention]]]:
    """The annotated texts of a language."""
    with gzip.open(SHARED / "labelled" / "slavic-places.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            if row["lang"] == language:
                entities = [
                    Mention(int(e[0]), int(e[1]), e[3].strip(), e[4], e[5]) for e in row["entities"]
                ]
                yield row["text"], entities


def index(lemmas: set[str], *, nominative: bool) -> dict[str, set[str]]:
    """Folded form -> the lemmas it belongs to."""
    found: dict[str, set[str]] = collections.defaultdict(set)
    for lemma in lemmas:
        kind: Kind = "word" if ADJECTIVE.search(lemma) or lemma.islower() else "place"
        for form in {lemma} if nominative else {one.text for one in forms(lemma, kind=kind)}:
            found[fold(form)].add(lemma)
    return found


def classify(text: str, mention: Mention) -> str:
    """Why a mention is not found."""
    surface = fold(text[mention.start : mention.end])
    lemma = fold(mention.lemma)
    if not re.search("[а-яіїєґ]", surface) or not re.search("[а-яіїєґ]", lemma):
        return "another script"
    if set(surface) & set("іїєґ") != set() and set(lemma) & set("ыэъ"):
        return "another language"
    if any(fold(m) == surface for m in (mention.lemma,)):
        return "boundary"
    if surface.split()[0][:3] != lemma.split()[0][:3]:
        return "the lemma is another name"
    return "form"


class Tally:
    """What was found and missed in the texts of one language."""

    def __init__(self) -> None:
        self.mentions = self.found = 0
        self.judged: dict[str, set[tuple[int, int, int]]] = collections.defaultdict(set)
        self.wrong: dict[str, set[tuple[int, int, int]]] = collections.defaultdict(set)
        self.misses: collections.Counter[tuple[str, str, str]] = collections.Counter()
        self.errors: collections.Counter[tuple[str, str]] = collections.Counter()

    def recall(self, text: str, entities: list[Mention], hits: set[Hit]) -> None:
        """Count the mentions that a form of their own lemma covers."""
        for mention in entities:
            if mention.kind != "LOC" or not mention.lemma:
                continue
            self.mentions += 1
            own = [hit for hit in hits if hit[2] == mention.lemma]
            if any(start < mention.end and end > mention.start for start, end, _ in own):
                self.found += 1
            else:
                surface = text[mention.start : mention.end]
                self.misses[mention.lemma, surface, classify(text, mention)] += 1

    def precision(self, number: int, text: str, entities: list[Mention], hits: set[Hit]) -> None:
        """Count the hits that no annotation covers."""
        identities = {mention.lemma for mention in entities}
        for start, end, lemma in hits:
            if lemma[:1].isupper() and not text[start].isupper():
                continue  # a place asks for a capital
            sort = "adjective" if ADJECTIVE.search(lemma) else "noun"
            self.judged[sort].add((number, start, end))
            covered = any(m.start < end and m.end > start for m in entities)
            if not covered and lemma not in identities:
                self.wrong[sort].add((number, start, end))
                self.errors[lemma, text[start:end]] += 1


def hits_in(text: str, by_form: dict[str, set[str]], longest: int) -> set[Hit]:
    """Every place where a form stands."""
    tokens = words(text)
    hits = set()
    for at in range(len(tokens)):
        for size in range(1, min(longest, len(tokens) - at) + 1):
            phrase = " ".join(token for token, _, _ in tokens[at : at + size])
            for lemma in by_form.get(phrase, ()):
                hits.add((tokens[at][1], tokens[at + size - 1][2], lemma))
    return hits


def measure(language: str, *, nominative: bool, show: bool) -> None:
    """Print recall and precision of one language."""
    documents = list(texts(language))
    lemmas = {m.lemma for _, found in documents for m in found if m.kind == "LOC" and m.lemma}
    by_form = index(lemmas, nominative=nominative)
    longest = max(len(form.split()) for form in by_form)
    tally = Tally()
    for number, (text, entities) in enumerate(documents):
        hits = hits_in(text, by_form, longest)
        tally.recall(text, entities, hits)
        tally.precision(number, text, entities, hits)
    reasons: collections.Counter[str] = collections.Counter()
    for (_, _, reason), count in tally.misses.items():
        reasons[reason] += count
    print(
        f"{language}: {len(lemmas)} terms, {tally.mentions} mentions: recall "
        f"{tally.found / tally.mentions:.4f}; missed: {dict(reasons)}"
    )
    for sort, judged in tally.judged.items():
        bad = len(tally.wrong[sort])
        print(f"  {sort}s: precision {1 - bad / len(judged):.4f}, {bad} of {len(judged)} wrong")
    if show:
        for key, count in tally.misses.most_common():
            print("  missed", count, *key, sep=" | ")
        for error, count in tally.errors.most_common(400):
            print("  wrong", count, *error, sep=" | ")


def main() -> None:
    """Measure both languages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--misses", action="store_true")
    parser.add_argument("--nominative", action="store_true")
    options = parser.parse_args()
    for language in ("ru", "uk"):
        measure(language, nominative=options.nominative, show=options.misses)


if __name__ == "__main__":
    main()
