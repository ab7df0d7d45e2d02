"""`monitor forms`: every surface form that a term is looked for in, and how often it is found."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from monitor.cli.config import add_config
from monitor.cli.screen import safe
from monitor.cli.stored import configured, days, stored_posts
from monitor.lexicon.derive import derivations
from monitor.lexicon.form import Form
from monitor.lexicon.inflect import AS_WRITTEN, forms, plain_forms
from monitor.lexicon.names import name_forms
from monitor.lexicon.surfaces import Surface, in_language, surfaces
from monitor.lexicon.terms import ParsedTerm, TermProblem, parse
from monitor.matching.census import Census
from monitor.text.symbols import strict_symbols

SHOWN_HITS = 20
BEGINNING = "beginning"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument(
        "--since", type=days, default="30d", metavar="30d", help="count in posts so old (30d)"
    )
    parser.add_argument("term", metavar="TERM", help="as it would stand in a rule")


def run(options: argparse.Namespace) -> int:
    """Print the forms and the hits; exit code 1 if the term cannot be used."""
    parsed = parse(options.term)
    found = surfaces(parsed, plain_forms) if isinstance(parsed, ParsedTerm) else parsed
    if isinstance(parsed, TermProblem) or isinstance(found, TermProblem):
        problem = parsed if isinstance(parsed, TermProblem) else found
        assert isinstance(problem, TermProblem)  # noqa: S101 - one of the two is
        print(f"{options.term}: {problem.message} - {problem.hint}", file=sys.stderr)
        return 1
    reasons = explained(parsed, found)
    census = Census([options.term])
    for post in stored_posts(configured(options.config), options.since):
        census.take(post)
    if options.json:
        print(json.dumps(_json(options.term, reasons, census), ensure_ascii=False))
    else:
        _show(options.term, reasons, census)
    return 0


MADE: dict[str, Callable[[str], Iterable[Form]]] = {
    "words": forms,
    "name": name_forms,
    "related": derivations,
    "tag": forms,
    "expression": lambda _: (),
}
"""Where the forms of each kind of term come from."""


def explained(parsed: ParsedTerm, found: Iterable[Surface]) -> dict[str, str]:
    """Each form with where it comes from, in the order of the forms."""
    known: dict[str, str] = {}
    words: dict[str, str] = {}
    for side in parsed.near[:2] if parsed.near else (parsed,):
        made = in_language(side.phrase, side.language) if side.language else ()
        known |= _reasons(made or MADE[side.kind](side.phrase))
        for word in side.words:
            words |= _reasons(forms(word.rstrip("*")))
    told: dict[str, str] = {}
    for surface in found:
        text = " ".join(surface.cased or surface.words)
        plain = " ".join(surface.words)
        parts = [BEGINNING if one.endswith("*") else words.get(one) for one in surface.words]
        joined = ", ".join(dict.fromkeys(one for one in parts if one))
        told[text] = known.get(plain) or joined or AS_WRITTEN
    return told


def _reasons(made: Iterable[Form]) -> dict[str, str]:
    return {" ".join(strict_symbols(form.text).split()): form.why for form in made}


def _json(term: str, reasons: Mapping[str, str], census: Census) -> dict[str, object]:
    return {
        "term": term,
        "forms": [{"text": text, "why": why} for text, why in reasons.items()],
        "posts": census.posts,
        "found_in": census.found[term],
        "found": dict(census.forms[term].most_common()),
    }


def _show(term: str, reasons: Mapping[str, str], census: Census) -> None:
    by_reason: dict[str, list[str]] = {}
    for text, why in reasons.items():
        by_reason.setdefault(why, []).append(text)
    if reasons:
        print(f"{safe(term)}: {len(reasons)} form{'' if len(reasons) == 1 else 's'}")
    else:
        print(f"{safe(term)}: looked for by itself, in the text as it stands")
    for why, texts in by_reason.items():
        print(f"  {why}: {', '.join(texts)}")
    if not census.posts:
        print("no stored posts to count in")
        return
    share = census.found[term] / census.posts
    print(f"found in {census.found[term]:,} of {census.posts:,} stored posts ({share:.1%})")
    seen: Counter[str] = census.forms[term]
    for text, count in seen.most_common(SHOWN_HITS):
        print(f"  {count:6,}  {safe(text)}")
    if len(seen) > SHOWN_HITS:
        print(f"  ... and {len(seen) - SHOWN_HITS} other forms")
