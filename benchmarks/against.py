"""The engine beside what one would take instead: same rules, same forms, same posts, in turns.

    pip install -r requirements/bench.txt
    python benchmarks/against.py [--rules 1000] [--posts 400] [--json FILE]

Every library is given all grammatical forms of all terms (made by the engine's own lexicon) and the
text as it likes it best; what it finds goes through the same filed rules. Slow ones judge fewer
posts. `same` is the share of posts with the same rules as the engine's: look-alike letters, wide
gaps and homographs make the difference. A library that is not installed is left out.
"""

import argparse
import json
import re
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from drawn import NAME, book, posts

from monitor.lexicon.inflect import plain_forms
from monitor.lexicon.surfaces import surfaces
from monitor.lexicon.terms import ParsedTerm, parse
from monitor.matching.evaluate import Matcher, evaluate
from monitor.post import Post
from monitor.rule import AllOf, AnyOf, NoneOf, Rule, Term
from monitor.rulebook.compile import texts_of
from monitor.rulebook.conditions import tested
from monitor.source import SourceInfo

Find = Callable[[str], set[int]]
"""A text to the numbers of the terms in it."""
WORDS = re.compile(r"\w+")
FEW = {"hobby loop": 8, "re alternation": 8, "spaCy PhraseMatcher": 60}
"""Posts that the slow ones judge in a round."""


def spaced(text: str) -> str:
    """Lower case, one space between words, one around."""
    return " " + " ".join(WORDS.findall(text.lower().replace("ё", "е"))) + " "


def forms_of(rules: int) -> dict[str, list[int]]:
    """Every form with the numbers of its terms, in the order in which terms are numbered."""
    found: dict[str, list[int]] = defaultdict(list)
    terms = sorted({text for rule in book(rules).rules for text in texts_of(rule)})
    for number, term in enumerate(terms):
        parsed = parse(term)
        made = surfaces(parsed, plain_forms) if isinstance(parsed, ParsedTerm) else ()
        for surface in made if isinstance(made, tuple) else ():
            found[" ".join(getattr(surface, "words", ()))].append(number)
    return dict(found)


def hobby(rules: int) -> Callable[[Post], list[str]]:
    """The loop that everybody begins with, `any(word in text.lower() ...)`, with all forms."""
    by_term: dict[str, list[str]] = {}
    terms = sorted({text for rule in book(rules).rules for text in texts_of(rule)})
    for form, numbers in forms_of(rules).items():
        for number in numbers:
            by_term.setdefault(terms[number], []).append(form)
    these = [
        (rule.id, [[w for text in group for w in by_term[text]] for group in _groups(rule, AnyOf)])
        for rule in book(rules).rules
    ]
    excluded = {
        rule.id: [w for group in _groups(rule, NoneOf) for text in group for w in by_term[text]]
        for rule in book(rules).rules
    }

    def judge(post: Post) -> list[str]:
        text = post.text
        return [
            name
            for name, groups in these
            if all(any(word in text.lower() for word in group) for group in groups)
            and not any(word in text.lower() for word in excluded[name])
        ]

    return judge


def _groups(rule: Rule, kind: type[AnyOf] | type[NoneOf]) -> list[list[str]]:
    """The texts of a rule's groups of a kind; a term alone is a group, too."""
    parts = rule.when.parts if isinstance(rule.when, AllOf) else (rule.when,)
    found = [[one.text for one in part.parts if isinstance(one, Term)]
             for part in parts if isinstance(part, kind)]  # fmt: skip
    if kind is AnyOf:
        found += [[part.text] for part in parts if isinstance(part, Term)]
    return found


def alternation(forms: dict[str, list[int]]) -> Find:
    """One `re` of all forms, the longest first."""
    longest = sorted(forms, key=len, reverse=True)
    pattern = re.compile(r"\b(?:" + "|".join(map(re.escape, longest)) + r")\b")
    return lambda text: {one for form in pattern.findall(spaced(text)) for one in forms[form]}


def tokens(forms: dict[str, list[int]]) -> Find:
    """Words in a dict; of phrases the first word, then the rest."""
    single = {form: numbers for form, numbers in forms.items() if " " not in form}
    longer: dict[str, list[str]] = defaultdict(list)
    for form in forms:
        if " " in form:
            longer[form.split(" ", 1)[0]].append(form)

    def find(text: str) -> set[int]:
        low = spaced(text)
        words = set(low.split())
        found = {one for word in words & single.keys() for one in single[word]}
        for word in words & longer.keys():
            found.update(n for form in longer[word] if f" {form} " in low for n in forms[form])
        return found

    return find


def pyahocorasick(forms: dict[str, list[int]]) -> Find:
    """Forms between spaces, every overlapping find."""
    import ahocorasick  # noqa: PLC0415 - only if it is installed

    automaton = ahocorasick.Automaton()
    for form, numbers in forms.items():
        automaton.add_word(f" {form} ", numbers)
    automaton.make_automaton()
    return lambda text: {one for _, numbers in automaton.iter(spaced(text)) for one in numbers}


def flashtext(forms: dict[str, list[int]]) -> Find:
    """Its dictionary of words; letters of our languages count as such."""
    from flashtext import KeywordProcessor  # noqa: PLC0415 - the same

    processor: Any = KeywordProcessor(case_sensitive=True)
    processor.set_non_word_boundaries({chr(code) for code in (*range(48, 1400), 95)})
    for form in forms:
        processor.add_keyword(form, form)
    return lambda text: {
        n for form in processor.extract_keywords(spaced(text)) for n in forms[form]
    }


def spacy(forms: dict[str, list[int]]) -> Find:
    """A blank pipeline and its PhraseMatcher over lower case."""
    import spacy as library  # noqa: PLC0415 - the same
    from spacy.matcher import PhraseMatcher  # noqa: PLC0415 - the same

    language = library.blank("xx")
    matcher = PhraseMatcher(language.vocab, attr="ORTH")
    for form, made in zip(forms, language.tokenizer.pipe(forms), strict=True):
        matcher.add(form, [made])
    strings = language.vocab.strings

    def find(text: str) -> set[int]:
        doc = language.make_doc(spaced(text).strip())
        return {number for key, _, _ in matcher(doc) for number in forms[strings[key]]}

    return find


def vectorscan(forms: dict[str, list[int]]) -> Find:
    """Literals between spaces, in UTF-8."""
    import hyperscan  # noqa: PLC0415 - the same

    keys = list(forms)
    database = hyperscan.Database()
    database.compile(
        expressions=[re.escape(f" {form} ").encode() for form in keys],
        ids=list(range(len(keys))),
        flags=[hyperscan.HS_FLAG_SINGLEMATCH] * len(keys),
    )

    def find(text: str) -> set[int]:
        found: list[int] = []
        database.scan(spaced(text).encode(), lambda key, *_: found.append(key))
        return {number for key in found for number in forms[keys[key]]}

    return find


OTHERS: dict[str, tuple[Callable[[dict[str, list[int]]], Find], str]] = {
    "token sets": (tokens, "re"),
    "pyahocorasick": (pyahocorasick, "ahocorasick"),
    "Vectorscan": (vectorscan, "hyperscan"),
    "flashtext": (flashtext, "flashtext"),
    "spaCy PhraseMatcher": (spacy, "spacy"),
    "re alternation": (alternation, "re"),
}


class Rules:
    """The rules over what a library found, filed by their terms: as good as it gets."""

    def __init__(self, rules: int) -> None:
        these = book(rules).rules
        terms = sorted({text for rule in these for text in texts_of(rule)})
        numbers = {term: number for number, term in enumerate(terms)}
        self._rules = [(rule.id, tested(rule.when, numbers)) for rule in these]
        self._by_term: dict[int, list[int]] = defaultdict(list)
        for at, rule in enumerate(these):
            place = rule.when.parts[1] if len(rule.when.parts) > 1 else None  # type: ignore[union-attr]
            text = getattr(place, "text", None)
            under = [text] if text in numbers else list(texts_of(rule))
            for term in under:
                self._by_term[numbers[term]].append(at)
        self._who = SourceInfo(id=NAME.source, role="official")

    def holding(self, found: set[int]) -> list[str]:
        """The ids of the rules that hold."""
        tried = {at for term in found & self._by_term.keys() for at in self._by_term[term]}
        return sorted(
            name for at in tried for name, test in [self._rules[at]] if test(found, self._who)
        )


def measure(rules: int, these: Sequence[Post], rounds: int) -> list[dict[str, float | str]]:
    """Microseconds a post of each, and how many times the engine's."""
    forms, filed = forms_of(rules), Rules(rules)
    matcher = Matcher(book(rules))
    expected = [sorted(hit.rule.id for hit in evaluate(matcher, one, NAME)) for one in these]
    engines: dict[str, Callable[[Post], object]] = {
        "monitor": lambda one: evaluate(matcher, one, NAME)
    }
    built: dict[str, float] = {}
    for name, (make, library) in OTHERS.items():
        if find_spec(library) is None:
            print(f"{name}: not installed, left out")
            continue
        started = time.perf_counter()
        find = make(forms)
        built[name] = time.perf_counter() - started
        engines[name] = lambda one, find=find: filed.holding(find(one.text))  # type: ignore[misc]
    engines["hobby loop"] = hobby(rules)
    taken: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for name, judge in engines.items():
            some = these[:: max(len(these) // FEW.get(name, len(these)), 1)]
            started = time.thread_time()
            for one in some:
                judge(one)
            taken[name].append((time.thread_time() - started) / len(some) * 1e6)
    rows: list[dict[str, float | str]] = []
    for name, judge in engines.items():
        every = max(len(these) // FEW.get(name, len(these)), 1)
        pairs = list(zip(these, expected, strict=True))[::every]
        same = sum(judge(one) == ids for one, ids in pairs) / len(pairs)
        ratios = [a / b for a, b in zip(taken[name], taken["monitor"], strict=True)]
        rows.append(
            {
                "engine": name,
                "us a post": statistics.median(taken[name]),
                "times monitor": statistics.median(ratios),
                "build s": built.get(name, 0.0),
                "same": 1.0 if name == "monitor" else same,
            }
        )
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rules", type=int, default=1_000)
    parser.add_argument("--posts", type=int, default=420)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    every = posts(6_000)
    rows = measure(options.rules, every[:: 6_000 // options.posts], options.rounds)
    for row in rows:
        print("  ".join(f"{one:12.3f}" if isinstance(one, float) else f"{one:22}"
                        for one in row.values()))  # fmt: skip
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
